#include "windrow/sweep/plan.hpp"

#include <gtest/gtest.h>

#include <set>

#include "support/process.hpp"
#include "windrow/config/keys.hpp"

namespace windrow::sweep {
namespace {

using config::above;
using config::at_least;
using config::one_of;
using config::within;

struct ToyJobs {
  bool multi_gpu = false;
  std::int64_t count = 5;
  std::optional<double> fixed_duration_s;

  template <class Keys>
  void visit(Keys& key) {
    key("multi_gpu", multi_gpu, "several GPUs");
    key("count", count, within(1, 1e9), "how many");
    key("fixed_duration_s", fixed_duration_s, above(0), "all alike");
  }
};

struct ToyConfig {
  std::string policy = "fifo", note;
  double interarrival_mean_s = 9000, load = 1, warmup_s = 10, horizon_s = 100;
  int replicas = 1;
  std::uint64_t seed = 0;
  bool ideal = false;
  std::vector<double> window{0, 1};
  config::FileRef trace;
  ToyJobs jobs;

  template <class Keys>
  void visit(Keys& key) {
    key("policy", policy, one_of({"fifo", "gandiva", "max_min_fairness"}, "policies"), "who runs");
    key("interarrival_mean_s", interarrival_mean_s, above(0), "mean gap");
    key.alternative(
        "arrival_rate", "interarrival_mean_s", interarrival_mean_s, [](double per_h) { return 3600 / per_h; }, above(0),
        "jobs per hour");
    key("load", load, above(0), "load");
    key("warmup_s", warmup_s, at_least(0), "not measured");
    key("horizon_s", horizon_s, above(0), "end");
    key("replicas", replicas, within(1, 1e6), "replicas");
    key("seed", seed, at_least(0), "root of all randomness");
    key("ideal", ideal, "no overheads");
    key("note", note, "free text");
    key("window", window, "measured");
    key("trace", trace, "jobs");
    key.section("jobs", jobs);
    key.require("warmup_s", warmup_s < horizon_s, "must be below horizon_s");
  }
};

const Table kRows{"rows", "", {{"a", "s", ""}}};
const Table kJobs{"jobs", "", {{"a", "s", ""}}};
const Series kLoad{{"load", "", {{"t", "s", ""}}}};

class Toy final : public Simulator {
 public:
  Toy() {
    description_.name = "toy";
    description_.version = 3;
    description_.config = config::Schema::of<ToyConfig>();
    description_.tables = {&kRows, &kJobs};
    description_.series = {&kLoad};
  }
  const Description& describe() const override { return description_; }
  double cost_hint(const config::Tree& tree) const override { return config::read<ToyConfig>(tree).load; }
  Outcome run(const config::Tree&, ResultSink&, const StopToken&) const override { return Outcome::ok; }

 private:
  Description description_;
};

class Plans : public testing::Test {
 protected:
  Plans() { catalog_.add<Toy>(); }

  Plan load(const std::string& yaml, const Overrides& overrides = {}) {
    config::Problems problems;
    Plan plan = Plan::load(folder_.write("sweeps/s.yaml", yaml), catalog_, overrides, problems);
    complaints_ = problems.text();
    // The folder's name is no part of what is expected.
    for (std::size_t at; (at = complaints_.find(folder_.path() + "/")) != complaints_.npos;)
      complaints_.erase(at, folder_.path().size() + 1);
    return plan;
  }
  Plan sound(const std::string& yaml, const Overrides& overrides = {}) {
    Plan plan = load(yaml, overrides);
    EXPECT_EQ(complaints_, "") << yaml;
    return plan;
  }
  std::string complaints(const std::string& yaml, const Overrides& overrides = {}) {
    load(yaml, overrides);
    return complaints_;
  }

  test::TemporaryFolder folder_;
  Catalog catalog_;
  std::string complaints_;
};

const std::string kHead = "name: s\nsimulator: toy\n";

std::vector<std::string> labels(const Plan& plan) {
  std::vector<std::string> all;
  for (std::uint64_t i = 0; i < plan.size(); ++i) all.push_back(plan.label(i));
  return all;
}

template <class T>
std::vector<T> column(const Plan& plan, std::size_t axis = 0) {
  return std::get<std::vector<T>>(plan.axes().at(axis).values.column());
}

TEST_F(Plans, TheFirstAxisIsTheOutermostLoop) {
  const Plan plan = sound(kHead + "axes:\n  policy: [fifo, gandiva]\n  arrival_rate: [0.4, 3]\n  seed: [7, 8]\n");
  EXPECT_EQ(plan.name(), "s");
  EXPECT_EQ(plan.size(), 8u);
  EXPECT_EQ(labels(plan), (std::vector<std::string>{
                              "policy=fifo arrival_rate=0.4 seed=7", "policy=fifo arrival_rate=0.4 seed=8",
                              "policy=fifo arrival_rate=3 seed=7", "policy=fifo arrival_rate=3 seed=8",
                              "policy=gandiva arrival_rate=0.4 seed=7", "policy=gandiva arrival_rate=0.4 seed=8",
                              "policy=gandiva arrival_rate=3 seed=7", "policy=gandiva arrival_rate=3 seed=8"}));
  const Point point = plan.point(3);
  EXPECT_EQ(point.index, 3u);
  EXPECT_EQ(point.axes, (std::vector<AxisValue>{"fifo", 3.0, std::int64_t{8}}));
  EXPECT_EQ(plan.axes()[1].help, "jobs per hour");
  EXPECT_EQ(plan.cost_group(2), plan.cost_group(3));
  EXPECT_NE(plan.cost_group(1), plan.cost_group(2));
  EXPECT_NE(plan.cost_group(3), plan.cost_group(7));
}

TEST_F(Plans, PointsAreWhatTheSchemaMakesOfThem) {
  folder_.write("sweeps/a.csv", "a");
  folder_.write("sweeps/b.csv", "b");
  folder_.write("base.yaml", "simulator: toy\nload: 2\ninterarrival_mean_s: 5\njobs.count: 9\n");
  const Plan plan = sound(kHead + R"(config: ../base.yaml
set: {jobs: {fixed_duration_s: 60}, note: "x: y"}
axes:
  arrival_rate: {from: 0.4, to: 5.6, count: 3}
  policy: [fifo, max_min_fairness]
  ideal: [true, false]
  trace: [a.csv, b.csv]
  window: [[0, 10], [5, 20]]
  jobs.multi_gpu: {values: [false, true]}
  seed: {from: 3, count: 2}
)");
  ASSERT_EQ(plan.size(), 3u * 2 * 2 * 2 * 2 * 2 * 2);
  const config::Schema& schema = catalog_.find("toy")->describe().config;
  std::set<Digest128> ids;
  for (std::uint64_t i = 0; i < plan.size(); ++i) {
    const Point point = plan.point(i);
    ids.insert(point.id);
    config::Problems problems;
    config::Tree tree = config::parse_canonical(plan.base_text());
    for (std::size_t a = 0; a < point.axes.size(); ++a) {
      std::string source = folder_.file("sweeps/s.yaml");
      config::Node node = config::parse_value(to_text(point.axes[a]), source, 2, problems);
      node.position.line = 1;  // a file of the sweep lies beside it
      tree.set(plan.axes()[a].name, node, problems);
    }
    EXPECT_EQ(schema.resolve(tree, problems), point.text);
    EXPECT_EQ(problems.text(), "");
    EXPECT_EQ(schema.resolve(config::parse_canonical(point.text), problems), point.text);
    EXPECT_EQ(point.id, digest128("toy\n3\n" + schema.identity(point.text)));
  }
  EXPECT_EQ(ids.size(), plan.size());
  EXPECT_NE(plan.point(0).text.find("interarrival_mean_s: 9000\njobs.count: 9\njobs.fixed_duration_s: 60\n"),
            std::string::npos)
      << plan.point(0).text;
  EXPECT_NE(plan.base_text().find("interarrival_mean_s: 5\n"), std::string::npos);
  EXPECT_EQ(plan.cost_hint(0), 2);
}

TEST_F(Plans, RangesMeetTheirEnds) {
  EXPECT_EQ(column<double>(sound(kHead + "axes: {load: {from: 0.4, to: 5.6, count: 14}}")),
            (std::vector<double>{
                0.4 + 0 * 0.4, 0.4 + 1 * ((5.6 - 0.4) / 13), 0.4 + 2 * ((5.6 - 0.4) / 13), 0.4 + 3 * ((5.6 - 0.4) / 13),
                0.4 + 4 * ((5.6 - 0.4) / 13), 0.4 + 5 * ((5.6 - 0.4) / 13), 0.4 + 6 * ((5.6 - 0.4) / 13),
                0.4 + 7 * ((5.6 - 0.4) / 13), 0.4 + 8 * ((5.6 - 0.4) / 13), 0.4 + 9 * ((5.6 - 0.4) / 13),
                0.4 + 10 * ((5.6 - 0.4) / 13), 0.4 + 11 * ((5.6 - 0.4) / 13), 0.4 + 12 * ((5.6 - 0.4) / 13), 5.6}));
  EXPECT_EQ(column<double>(sound(kHead + "axes: {load: {log_from: 0.01, log_to: 100, count: 5}}")),
            (std::vector<double>{0.01, 0.1, 1, 10, 100}));
  EXPECT_EQ(column<double>(sound(kHead + "axes: {load: {from: 1, step: 0.5, count: 3}}")),
            (std::vector<double>{1, 1.5, 2}));
  EXPECT_EQ(column<double>(sound(kHead + "axes: {load: {from: 3, to: 1, count: 3}}")), (std::vector<double>{3, 2, 1}));
  EXPECT_EQ(column<double>(sound(kHead + "axes: {load: {from: 3, to: 3, count: 1}}")), (std::vector<double>{3}));
  EXPECT_EQ(column<std::int64_t>(sound(kHead + "axes: {seed: {from: 0, count: 3}}")),
            (std::vector<std::int64_t>{0, 1, 2}));
  EXPECT_EQ(column<std::int64_t>(sound(kHead + "axes: {seed: {from: 10, step: 5, count: 3}}")),
            (std::vector<std::int64_t>{10, 15, 20}));
  EXPECT_EQ(column<std::int64_t>(sound(kHead + "axes: {replicas: {from: 8, to: 2, count: 3}}")),
            (std::vector<std::int64_t>{8, 5, 2}));
  EXPECT_EQ(column<std::int64_t>(sound(kHead + "axes: {replicas: {log_from: 1, log_to: 1000, count: 4}}")),
            (std::vector<std::int64_t>{1, 10, 100, 1000}));
}

TEST_F(Plans, ZippedAxesMoveTogetherAtThePlaceOfTheirFirst) {
  const Plan plan =
      sound(kHead + "axes:\n  policy: [fifo, gandiva]\n  seed: [1, 2]\n  load: [5, 6]\nzip: [[load, policy]]\n");
  EXPECT_EQ(labels(plan), (std::vector<std::string>{"policy=fifo seed=1 load=5", "policy=fifo seed=2 load=5",
                                                    "policy=gandiva seed=1 load=6", "policy=gandiva seed=2 load=6"}));
  // A value may come twice as long as the combination does not.
  EXPECT_EQ(sound(kHead + "axes: {policy: [fifo, fifo], load: [5, 6]}\nzip: [[policy, load]]\n").size(), 2u);
  EXPECT_EQ(complaints(kHead + "axes:\n  policy: [fifo, fifo]\n  load: [5, 5.0]\nzip: [[policy, load]]\n"),
            "sweeps/s.yaml:4:18: policy: policy=fifo load=5 is given twice");
}

TEST_F(Plans, SkipLeavesCombinationsOut) {
  const std::string axes = "axes:\n  policy: [fifo, gandiva]\n  load: {from: 0.4, to: 1.6, count: 4}\n  seed: [0]\n";
  EXPECT_EQ(labels(sound(kHead + axes + "skip: ['policy=fifo load>1', 'policy!=fifo load <= 1.2']\n")),
            (std::vector<std::string>{"policy=fifo load=0.4 seed=0", "policy=fifo load=0.8 seed=0",
                                      "policy=gandiva load=1.6 seed=0"}));
  EXPECT_EQ(sound(kHead + axes + "skip: ['policy=fifo,gandiva load=1.2']\n").size(), 6u);
  EXPECT_EQ(sound(kHead + axes + "skip: [\"policy='fifo'\"]\n").size(), 4u);
}

TEST_F(Plans, OnlySelectsWithoutRenumbering) {
  const std::string axes = "axes:\n  policy: [fifo, gandiva]\n  load: [1, 2, 3]\n";
  const Plan all = sound(kHead + axes), some = sound(kHead + axes, {{}, {"policy=gandiva", "load=1,3"}});
  ASSERT_EQ(some.size(), 6u);
  std::vector<std::uint64_t> selected;
  for (std::uint64_t i = 0; i < 6; ++i) {
    EXPECT_TRUE(all.selected(i));
    EXPECT_EQ(some.point(i).id, all.point(i).id);
    if (some.selected(i)) selected.push_back(i);
  }
  EXPECT_EQ(selected, (std::vector<std::uint64_t>{3, 5}));
  EXPECT_TRUE(sound(kHead + axes, {{}, {"load>=2 policy=fifo"}}).selected(2));
}

TEST_F(Plans, FlagsOverrideSetAndSetOverridesTheBase) {
  folder_.write("base.yaml", "load: 2\nwarmup_s: 3\nhorizon_s: 50\n");
  const Plan plan = sound(kHead + "config: ../base.yaml\nset: {warmup_s: 4, horizon_s: 60}\naxes: {seed: [0]}\n",
                          {{"horizon_s=70", "arrival_rate=3600"}, {}});
  EXPECT_NE(plan.base_text().find("horizon_s: 70\n"), std::string::npos);
  EXPECT_NE(plan.base_text().find("warmup_s: 4\n"), std::string::npos);
  EXPECT_NE(plan.base_text().find("load: 2\n"), std::string::npos);
  EXPECT_NE(plan.base_text().find("interarrival_mean_s: 1\n"), std::string::npos);
}

TEST_F(Plans, AnAxisMayMendARelationOfTheBase) {
  folder_.write("base.yaml", "warmup_s: 300\narrival_rate: 1\ninterarrival_mean_s: 5\n");
  EXPECT_EQ(sound(kHead + "config: ../base.yaml\naxes: {horizon_s: [400, 500], interarrival_mean_s: [1, 2]}\n").size(),
            4u);
}

TEST_F(Plans, IdentityIsOfTheConfigurationAlone) {
  const Plan one = sound("name: one\nsimulator: toy\naxes: {seed: [1, 2], load: [3]}\n");
  const Plan two = sound("name: two\nsimulator: toy\nset: {load: 3}\naxes: {seed: [0, 2]}\n");
  EXPECT_EQ(one.point(1).id, two.point(1).id);
  EXPECT_NE(one.point(0).id, two.point(0).id);
  const Plan single = Plan::of_one_point("x", *catalog_.find("toy"), one.point(1).text);
  EXPECT_EQ(single.size(), 1u);
  EXPECT_EQ(single.point(0).text, one.point(1).text);
  EXPECT_EQ(single.label(0), "");
}

TEST_F(Plans, OutputNamesTablesAndSeries) {
  EXPECT_EQ(sound(kHead + "axes: {seed: [1]}\n").keep().tables, 0u);
  const Keep keep = sound(kHead + "axes: {seed: [1]}\noutput: {tables: [jobs], series: [load]}\n").keep();
  EXPECT_EQ(keep.tables, 2u);
  EXPECT_EQ(keep.series, 1u);
}

struct Case {
  const char* yaml;  ///< after the name and the simulator
  const char* complaint;
};

TEST_F(Plans, WhatIsWrongIsToldWithItsPlace) {
  const Case cases[] = {
      {"axes: {seed: [0]}\naxis: 3", "sweeps/s.yaml:4:1: axis: unknown key; did you mean 'axes'?"},
      {"axes: {seed: [0]}\nreplicate: {min: 3}",
       "sweeps/s.yaml:4:12: replicate.metric: missing: expected the name of a metric"},
      {"", "sweeps/s.yaml: axes: missing: expected at least one axis"},
      {"axes: {}", "sweeps/s.yaml:3:7: axes: expected a map of axes, found none"},
      {"axes: [seed]", "sweeps/s.yaml:3:7: axes: expected a map of axes, found a list"},
      {"axes: {sede: [0]}", "sweeps/s.yaml:3:8: sede: unknown key; did you mean 'seed'?"},
      {"axes: {multi_gpu: [true]}", "sweeps/s.yaml:3:8: multi_gpu: unknown key; did you mean 'jobs.multi_gpu'?"},
      {"axes: {jobs: [1]}", "sweeps/s.yaml:3:8: jobs: is a section: name one of its keys, such as 'jobs.multi_gpu'"},
      {"axes: {seed: []}", "sweeps/s.yaml:3:14: seed: an axis without values: expected at least one"},
      {"axes: {seed: 3}",
       "sweeps/s.yaml:3:14: seed: expected a list of values, {from, to, count} or {log_from, log_to, count}, found 3"},
      {"axes: {seed: [0, 1, 0]}", "sweeps/s.yaml:3:21: seed: 0 is given twice"},
      {"axes: {load: [0.5, 5e-1]}", "sweeps/s.yaml:3:20: load: 0.5 is given twice"},
      {"axes: {arrival_rate: [1, 1.0]}", "sweeps/s.yaml:3:26: arrival_rate: 1 is given twice"},
      {"axes: {load: [1, .nan]}", "sweeps/s.yaml:3:18: load: expected a number above 0, found '.nan'"},
      {"axes: {load: [1, inf, -2]}",
       "sweeps/s.yaml:3:18: load: expected a finite number, found inf\n"
       "sweeps/s.yaml:3:23: load: expected a number above 0, found -2"},
      {"axes: {seed: [0, one]}", "sweeps/s.yaml:3:18: seed: expected an integer at least 0, found 'one'"},
      {"axes: {seed: [18446744073709551615]}",
       "sweeps/s.yaml:3:15: seed: expected an integer of at most 9223372036854775807 on an axis, found "
       "18446744073709551615"},
      {"axes: {policy: [fifo, gandva]}",
       "sweeps/s.yaml:3:23: policy: unknown policy 'gandva'; did you mean 'gandiva'? (windrow list policies)"},
      {"axes: {seed: {from: 0, count: 0}}",
       "sweeps/s.yaml:3:31: seed.count: expected an integer within 1 .. 1e+07, found 0"},
      {"axes: {load: {from: 1, to: 2}}", "sweeps/s.yaml:3:14: load: expected {from, to, count}"},
      {"axes: {load: {from: 1, count: 2}}",
       "sweeps/s.yaml:3:14: load: expected {from, to, count} or {from, step, count}"},
      {"axes: {load: {from: 1, to: 2, cuont: 3}}",
       "sweeps/s.yaml:3:31: load.cuont: unknown key; did you mean 'count'?"},
      {"axes: {load: {from: 1, to: 2, step: 1, count: 3}}",
       "sweeps/s.yaml:3:14: load: has both 'to' and 'step': one follows from the other"},
      {"axes: {load: {from: 1, log_to: 2, count: 3}}",
       "sweeps/s.yaml:3:14: load: is both linear and logarithmic: expected {from, to, count} or {log_from, log_to, "
       "count}"},
      {"axes: {load: {log_from: 0, log_to: 2, count: 3}}",
       "sweeps/s.yaml:3:25: load.log_from: expected a number above 0, found 0"},
      {"axes: {load: {from: 1, to: 2, count: 1}}",
       "sweeps/s.yaml:3:14: load: one value cannot reach from the first to the last: expected a count of 2 or more"},
      {"axes: {load: {from: -1, to: 1, count: 3}}",
       "sweeps/s.yaml:3:14: load: expected a number above 0, found -1\n"
       "sweeps/s.yaml:3:14: load: expected a number above 0, found 0"},
      {"axes: {load: {from: 1, to: 1, count: 2}}", "sweeps/s.yaml:3:14: load: 1 is given twice"},
      {"axes: {load: {values: [1], count: 2}}",
       "sweeps/s.yaml:3:28: load.count: stands beside 'values', which says everything"},
      {"axes: {seed: {from: 0, to: 10, count: 4}}",
       "sweeps/s.yaml:3:14: seed: 3 equal steps from 0 to 10 do not meet integers"},
      {"axes: {seed: {from: 9223372036854775807, count: 2}}",
       "sweeps/s.yaml:3:14: seed: reaches beyond the range of integers"},
      {"axes: {policy: {from: 0, to: 1, count: 2}}",
       "sweeps/s.yaml:3:16: policy: a range is made of numbers: expected a list of values (text)"},
      {"axes: {seed: {from: 0, count: 10000}, replicas: {from: 1, count: 10001}}",
       "sweeps/s.yaml:3:7: axes: 1e+08 points are more than a sweep can have (1e+08)"},
      {"axes: {arrival_rate: [1], interarrival_mean_s: [2]}",
       "sweeps/s.yaml:3:27: interarrival_mean_s: says the same as axis arrival_rate: leave one of them out"},
      {"axes: {seed: [0]}\nset: {seed: 1}",
       "sweeps/s.yaml:4:7: seed: is set, but seed is an axis (line 3): leave one of them out"},
      {"axes: {arrival_rate: [1]}\nset: {interarrival_mean_s: 1}",
       "sweeps/s.yaml:4:7: interarrival_mean_s: is set, but arrival_rate is an axis (line 3): leave one of them out"},
      {"axes: {seed: [0]}\nset: {jobs: {cuont: 1}, job.count: 2, load: x, jobs.count: 0}",
       "sweeps/s.yaml:4:14: jobs.cuont: unknown key; did you mean 'jobs.count'?\n"
       "sweeps/s.yaml:4:25: job.count: unknown key; did you mean 'jobs.count'?\n"
       "sweeps/s.yaml:4:45: load: expected a number above 0, found 'x'\n"
       "sweeps/s.yaml:4:60: jobs.count: expected an integer within 1 .. 1e+09, found 0"},
      {"axes: {seed: [0]}\nset: [1]", "sweeps/s.yaml:4:6: set: expected a map of keys and values, found a list"},
      {"axes: {seed: [0, 1], load: [1, 2, 3]}\nzip: [[seed, load]]",
       "sweeps/s.yaml:4:7: zip: seed has 2 values, load has 3: axes that move together have equally many"},
      {"axes: {seed: [0, 1]}\nzip: [[seed, laod]]", "sweeps/s.yaml:4:14: zip: no axis 'laod'; expected one of seed"},
      {"axes: {seed: [0, 1], load: [1, 2]}\nzip: [[seed, laod]]",
       "sweeps/s.yaml:4:14: zip: no axis 'laod'; did you mean 'load'?"},
      {"axes: {seed: [0, 1], load: [1, 2]}\nzip: [[seed]]",
       "sweeps/s.yaml:4:7: zip: expected the names of two or more axes that move together"},
      {"axes: {seed: [0, 1], load: [1, 2]}\nzip: [[seed, load], [load, seed]]",
       "sweeps/s.yaml:4:22: zip: load is zipped twice"},
      {"axes: {seed: [0, 1]}\nzip: [seed, load]",
       "sweeps/s.yaml:4:7: zip[0]: expected a list of texts, found 'seed'\n"
       "sweeps/s.yaml:4:13: zip[1]: expected a list of texts, found 'load'"},
      {"axes: {seed: [0, 1]}\nskip: seed=0", "sweeps/s.yaml:4:7: skip: expected a list of texts, found 'seed=0'"},
      {"axes: {seed: [0, 1]}\nskip: ['sed=0']", "sweeps/s.yaml:4:8: skip: no axis 'sed'; did you mean 'seed'?"},
      {"axes: {seed: [0, 1]}\nskip: ['seed']",
       "sweeps/s.yaml:4:8: skip: expected comparisons such as 'policy=fifo arrival_rate>3', found 'seed'"},
      {"axes: {seed: [0, 1]}\nskip: ['seed=7', 'seed=x', 'seed>1,2', 'seed=>1']",
       "sweeps/s.yaml:4:8: skip: seed: no value '7' on this axis\n"
       "sweeps/s.yaml:4:18: skip: seed: expected a number, found 'x'\n"
       "sweeps/s.yaml:4:28: skip: seed: several values go with = and != only\n"
       "sweeps/s.yaml:4:40: skip: expected comparisons such as 'policy=fifo arrival_rate>3', found 'seed=>1'"},
      {"axes: {policy: [fifo]}\nskip: ['policy=fofo', 'policy>a']",
       "sweeps/s.yaml:4:8: skip: policy: no value 'fofo' on this axis; did you mean 'fifo'?\n"
       "sweeps/s.yaml:4:23: skip: policy: has no order: only = and != apply"},
      {"axes: {seed: [0, 1]}\nskip: ['seed>=0']", "sweeps/s.yaml:4:7: skip: leaves no point of the sweep"},
      {"axes: {seed: [0]}\noutput: {tables: [row, jobs], series: [x], table: [jobs]}",
       "sweeps/s.yaml:4:19: output.tables: unknown table 'row'; did you mean 'rows'? (toy has rows, jobs)\n"
       "sweeps/s.yaml:4:40: output.series: unknown series 'x' (toy has load)\n"
       "sweeps/s.yaml:4:44: output.table: unknown key; did you mean 'tables'?"},
      {"axes: {seed: [0]}\noutput: all",
       "sweeps/s.yaml:4:9: output: expected a map such as {tables: [jobs]}, found 'all'"},
      {"axes: {seed: [0]}\nset: {warmup_s: 200}", "sweeps/s.yaml:4:17: warmup_s: must be below horizon_s"},
      {"axes:\n  seed: [0, 1, 2]\n  warmup_s: [50, 200]\n  horizon_s: [100, 300]",
       "sweeps/s.yaml:5:18: warmup_s: must be below horizon_s (in 3 of 12 points, first seed=0 warmup_s=200 "
       "horizon_s=100)"},
  };
  for (const Case& c : cases) EXPECT_EQ(complaints(kHead + c.yaml + "\n"), c.complaint) << c.yaml;
}

TEST_F(Plans, HeadAndBaseAreCheckedToo) {
  EXPECT_EQ(complaints("axes: {seed: [0]}\n"),
            "sweeps/s.yaml: name: missing: every sweep has a name\n"
            "sweeps/s.yaml: simulator: missing: expected one of toy");
  EXPECT_EQ(
      complaints("name: ../s\nsimulator: tou\naxes: {seed: [0]}\n"),
      "sweeps/s.yaml:1:7: name: expected letters, digits, '-', '_' and '.', since files are named so; found '../s'\n"
      "sweeps/s.yaml:2:12: simulator: unknown simulator 'tou'; did you mean 'toy'? (windrow list simulators)");
  EXPECT_EQ(complaints("name: [s\nsimulator: toy\n"),
            "sweeps/s.yaml:2:10: not valid YAML: a '[' before this is not closed");
  EXPECT_EQ(complaints(kHead + "config: [1]\naxes: {seed: [0]}\n"),
            "sweeps/s.yaml:3:9: config: expected text, found a list");
  EXPECT_EQ(complaints(kHead + "config: none.yaml\naxes: {seed: [0]}\n")
                .find("sweeps/s.yaml:3:9: config: no file 'none.yaml' (looked for sweeps/none.yaml, "),
            0u);
  folder_.write("sweeps/base.yaml", "simulator: other\nlaod: 3\nreplicas: 0\n");
  EXPECT_EQ(complaints(kHead + "config: base.yaml\naxes: {seed: [0]}\n"),
            "sweeps/base.yaml:1:12: simulator: expected 'toy' as in sweeps/s.yaml, found 'other'\n"
            "sweeps/base.yaml:2:1: laod: unknown key; did you mean 'load'?\n"
            "sweeps/base.yaml:3:11: replicas: expected an integer within 1 .. 1e+06, found 0");
}

TEST_F(Plans, FlagsAreQuotedAsTyped) {
  const std::string yaml = kHead + "axes: {seed: [0, 1], arrival_rate: [1, 2]}\n";
  EXPECT_EQ(complaints(yaml, {{"laod=3", "load", "load=x", "seed=3", "interarrival_mean_s=3", "jobs={count: 3}"}, {}}),
            "--set laod=3: laod: unknown key; did you mean 'load'?\n"
            "--set load: expected path=value, such as --set seed=3\n"
            "--set seed=3: seed: seed is an axis of this sweep; --only chooses among its values\n"
            "--set interarrival_mean_s=3: interarrival_mean_s: arrival_rate is an axis of this sweep; --only chooses "
            "among its values\n"
            "--set jobs={count: 3}: jobs: is a section: name one of its keys, such as 'jobs.multi_gpu'\n"
            "--set load=x: load: expected a number above 0, found 'x'");
  EXPECT_EQ(complaints(yaml, {{}, {"sede=0", "seed=7", "seed"}}),
            "--only sede=0: no axis 'sede'; did you mean 'seed'?\n"
            "--only seed=7: seed: no value '7' on this axis\n"
            "--only seed: expected comparisons such as 'policy=fifo arrival_rate>3', found 'seed'");
  EXPECT_EQ(complaints(yaml, {{}, {"seed=0", "seed=1"}}), "--only: chooses no point of the sweep");
}

TEST_F(Plans, ManyEqualMistakesAreCountedNotListed) {
  const std::string text = complaints(kHead + "axes:\n  seed: {from: -100000, count: 150000}\n  load: [1, 2]\n");
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 100);
  EXPECT_EQ(text.find("sweeps/s.yaml:4:3: seed: … and 99900 more such values\n"), 0u) << text.substr(0, 300);
}

TEST_F(Plans, AMillionPointsTakeLittleMemory) {
  const Plan plan =
      sound(kHead + "axes:\n  load: [1, 2]\n  seed: {from: 0, count: 100000}\nskip: ['load=1 seed>=50000']\n");
  ASSERT_EQ(plan.size(), 150000u);
  EXPECT_EQ(plan.label(49999), "load=1 seed=49999");
  EXPECT_EQ(plan.label(50000), "load=2 seed=0");
  EXPECT_EQ(plan.cost_group(50000), plan.cost_group(149999));
  EXPECT_NE(plan.cost_group(0), plan.cost_group(50000));
}

}  // namespace
}  // namespace windrow::sweep
