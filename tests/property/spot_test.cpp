// Properties of the spot-training simulator over arbitrary configurations.
#include "support/spot.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "windrow/kernel/error.hpp"
#include "windrow/kernel/random.hpp"

namespace windrow::test {
namespace {

using spot::SpotConfig;

const std::vector<std::string> kJobs = {"redundant", "checkpoint_restart", "morphing", "sample_drop", "hybrid"};

/// Draws configurations in which much happens in a short run: many losses, few spare instances.
class ConfigSource {
 public:
  explicit ConfigSource(std::uint64_t seed) : random_(Streams(seed).stream("configuration")) {}

  SpotConfig draw(const std::vector<std::string>& strategies, const std::vector<std::string>& kinds) {
    SpotConfig config;
    config.strategy = one_of(strategies);
    config.model = one_of<std::string>({"BERT", "BERT", "GPT-2", "ResNet", "GNMT"});
    config.seed.digits = std::to_string(random_.below(1000));
    config.start_hour = static_cast<int>(random_.below(24));
    config.duration_s = 3600.0 * static_cast<double>(1 + random_.below(12));
    auto& from = config.availability;
    from.kind = one_of(kinds);
    if (coin()) from.removal_probability = one_of({0.02, 0.3, 0.9});
    from.addition = coin() ? spot::Addition{spot::Addition::Kind::random, 0}
                           : spot::Addition{spot::Addition::Kind::fixed, one_of({0.3, 0.7, 1.0})};
    if (from.kind == "trace") from.file = spot_config("availability.file: traces/spot/p3.csv").availability.file;
    if (from.kind == "price") {
      config.price.kind = "mean_reverting";
      from.bid_usd_per_h = 1;
    }
    from.zones = static_cast<int>(1 + random_.below(4));
    from.loss_events_per_h = one_of({1.0, 6.0, 30.0});
    from.notice_s = one_of({0.0, 30.0, 120.0});
    if (random_.below(4) == 0 && config.strategy != "bamboo_compat") from.max_lifetime_s = 5000;
    config.creation_s = one_of({45.0, 0.0, 300.0});
    config.redundancy = config.strategy == "redundant" ? static_cast<int>(random_.below(4)) : 1;
    config.checkpoint.period = one_of<spot::Period>({{spot::Period::Kind::fixed, 600},
                                                     {spot::Period::Kind::fixed, 37.5},
                                                     {spot::Period::Kind::automatic, 0},
                                                     {spot::Period::Kind::never, 0}});
    config.checkpoint.async = coin();
    if (coin()) config.steps = static_cast<std::int64_t>(100 + random_.below(5000));
    if (coin()) config.bugs = some_bugs();
    return config;
  }

 private:
  bool coin() { return random_.below(2) == 1; }
  template <class T>
  T one_of(std::initializer_list<T> values) {
    return values.begin()[random_.below(values.size())];
  }
  const std::string& one_of(const std::vector<std::string>& values) { return values[random_.below(values.size())]; }
  std::vector<std::string> some_bugs() {
    std::vector<std::string> some;
    for (const std::string& bug : spot::bug_names())
      if (coin()) some.push_back(bug);
    return some;
  }
  Stream random_;
};

SpotConfig arbitrary_spot(std::uint64_t seed, const std::vector<std::string>& strategies,
                          const std::vector<std::string>& kinds) {
  return ConfigSource(seed).draw(strategies, kinds);
}

std::vector<double> reals(const PointOutput& output, std::string_view table, std::string_view column) {
  return std::get<std::vector<double>>(spot_table(output, table).columns.at(spot_column(table, column)));
}
std::vector<std::int64_t> integers(const PointOutput& output, std::string_view table, std::string_view column) {
  return std::get<std::vector<std::int64_t>>(spot_table(output, table).columns.at(spot_column(table, column)));
}
std::vector<std::string> texts(const PointOutput& output, std::string_view table, std::string_view column) {
  return std::get<std::vector<std::string>>(spot_table(output, table).columns.at(spot_column(table, column)));
}

TEST(SpotProperty, StepsDoneAtOnceGiveTheSameBitsAsStepByStep) {
  // What the short cut is allowed with: no log of events, no curves.
  const Keep keep{1 << 0 | 1 << 1, 1 << 0};  // instances, rendezvous; cluster
  double skipped = 0;
  for (std::uint64_t seed = 0; seed < 150; ++seed) {
    const SpotConfig config = arbitrary_spot(seed, {"bamboo_compat", "redundant"}, {"hourly", "hourly", "trace"});
    const PointOutput fast = run_spot(config, keep), plain = run_spot(config, keep, Way::plain);
    EXPECT_EQ(encode(fast), encode(plain)) << "seed " << seed;
    if (!std::isnan(spot_metric(fast, "steps"))) skipped += spot_metric(fast, "steps");
  }
  EXPECT_GT(skipped, 1e5) << "or there was nothing to skip";
}

const std::vector<std::string> kKinds = {"hourly", "bulk",    "per_minute", "trace",
                                         "markov", "poisson", "price",      "lifetime"};

TEST(SpotProperty, InstanceTimeIsConservedAndSharesOfTimeAddUpToAll) {
  int losses = 0;
  for (std::uint64_t seed = 0; seed < 150; ++seed) {
    const SpotConfig config = arbitrary_spot(seed, kJobs, kKinds);
    const PointOutput output = run_spot(config, Keep::all());
    const auto metric = [&](std::string_view name) { return spot_metric(output, name); };
    if (std::isnan(metric("end_time"))) continue;  // a defect that is kept ended it
    const auto added = reals(output, "instances", "added"), removed = reals(output, "instances", "removed"),
               ready = reals(output, "instances", "ready"), running = reals(output, "instances", "hours_running");
    double alive = 0, active = 0, creating = 0;
    for (std::size_t i = 0; i < added.size(); ++i) {
      const double end = std::isnan(removed[i]) ? metric("end_time") : removed[i];
      alive += (end - added[i]) / 3600;
      creating += ((std::isnan(ready[i]) ? end : ready[i]) - added[i]) / 3600;
      active += running[i];
      EXPECT_LE(running[i], (end - added[i]) / 3600 + 1e-9);
      losses += std::isnan(removed[i]) ? 0 : 1;
    }
    EXPECT_NEAR(alive,
                metric("instance_hours_active") + metric("instance_hours_standby") + metric("instance_hours_creating"),
                1e-9 * (1 + alive))
        << seed;
    EXPECT_NEAR(active, metric("instance_hours_active"), 1e-9 * (1 + active)) << seed;
    EXPECT_NEAR(creating, metric("instance_hours_creating"), 1e-9 * (1 + creating)) << seed;
    EXPECT_NEAR(alive, metric("instances_mean") * metric("end_time") / 3600, 1e-9 * (1 + alive)) << seed;
    EXPECT_NEAR(metric("time_useful_fraction") + metric("time_slowed_fraction") + metric("time_redone_fraction") +
                    metric("time_reconfiguring_fraction") + metric("time_stopped_fraction"),
                1, 1e-9)
        << seed;
    EXPECT_GE(metric("idle_fraction"), -1e-12) << seed;
    EXPECT_LE(metric("idle_fraction"), 1) << seed;
  }
  EXPECT_GT(losses, 1000) << "or the configurations are too quiet";
}

TEST(SpotProperty, WhatWasComputedIsEitherKeptOrLostAndNothingCountsTwice) {
  double lost_in_all = 0;
  for (std::uint64_t seed = 0; seed < 150; ++seed) {
    const SpotConfig config = arbitrary_spot(seed, {"checkpoint_restart", "morphing", "sample_drop", "hybrid"}, kKinds);
    const PointOutput output = run_spot(config, Keep::all());
    const auto time_s = reals(output, "throughput", "time"), speed = reals(output, "throughput", "throughput");
    double computed = 0;
    for (std::size_t i = 0; i < time_s.size(); ++i) {
      const double end = i + 1 < time_s.size() ? time_s[i + 1] : spot_metric(output, "end_time");
      computed += speed[i] * (end - time_s[i]);
    }
    const double kept = spot_metric(output, "samples"), lost = spot_metric(output, "lost_work");
    lost_in_all += lost;
    // A step that was cut off counts nowhere: at most one for each time that training stopped, or lost a pipeline.
    const double stops = spot_metric(output, "reconfigurations") + spot_metric(output, "fatal_failures") +
                         spot_metric(output, "preemptions") + 1;
    constexpr double kStep = 400;  // samples, of the largest
    EXPECT_LE(kept + lost, computed * (1 + 1e-9) + kStep) << seed;
    EXPECT_GE(kept + lost, computed * (1 - 1e-9) - stops * kStep) << seed;
  }
  EXPECT_GT(lost_in_all, 1e5) << "or nothing was ever lost";
}

TEST(SpotProperty, PipelinesThatRunHaveTheirWorkers) {
  std::size_t rows_running = 0;
  for (std::uint64_t seed = 0; seed < 150; ++seed) {
    const SpotConfig config = arbitrary_spot(seed, kJobs, kKinds);
    if (config.bugs) continue;  // B1 takes the grid away from those who hold it
    const PointOutput output = run_spot(config, Keep::all());
    const auto active = integers(output, "cluster", "active"), stages = integers(output, "cluster", "stages"),
               pipelines = integers(output, "cluster", "pipelines"), alive = integers(output, "cluster", "instances");
    const auto state = texts(output, "cluster", "state");
    for (std::size_t i = 0; i < state.size(); ++i) {
      ASSERT_LE(active[i], alive[i]);
      if (state[i] != "running" && state[i] != "slowed") continue;
      ++rows_running;
      ASSERT_GE(stages[i], 1) << seed;
      ASSERT_GE(pipelines[i], 1) << seed;
      if (config.strategy == "redundant")
        ASSERT_GE(active[i] * (config.redundancy + 1), pipelines[i] * stages[i]) << seed;
      else
        ASSERT_GE(active[i], state[i] == "running" ? pipelines[i] * stages[i] : stages[i]) << seed;
    }
  }
  EXPECT_GT(rows_running, 1000U);
}

TEST(SpotProperty, AllStrategiesMeetTheSameInstances) {
  for (const std::string& kind : kKinds) {
    for (std::uint64_t seed = 0; seed < 4; ++seed) {
      SpotConfig config = arbitrary_spot(seed, {"redundant"}, {kind});
      config.steps.reset();
      config.bugs.reset();
      std::vector<double> added, removed;
      for (const std::string strategy : {"redundant", "checkpoint_restart", "morphing", "sample_drop"}) {
        config.strategy = strategy;
        const PointOutput output = run_spot(config, Keep::all());
        const auto a = reals(output, "instances", "added");
        auto r = reals(output, "instances", "removed");
        for (double& time : r)
          if (std::isnan(time)) time = -1;
        if (strategy == "redundant") {
          added = a;
          removed = r;
        }
        EXPECT_EQ(a, added) << kind << " " << strategy << " " << seed;
        EXPECT_EQ(r, removed) << kind << " " << strategy << " " << seed;
      }
      EXPECT_FALSE(added.empty()) << kind << seed;
    }
  }
}

/// One pipeline of four that is lost at exponential intervals and whole again at once: what Daly's formula is about.
std::string one_pipeline(const std::string& rest) {
  return "strategy: checkpoint_restart\nmodel: own\n"
         "own_model: {stages: 4, capacity: 4, samples_per_step: 1, grids: [{stages: 4, step_s: [1]}]}\n"
         "availability: {kind: poisson, loss_events_per_h: 0.5, loss_mean: 1, fill_per_h: 1000000}\n"
         "creation_s: 0\nrendezvous: {global_s: 30}\nduration_s: 2e7\n" +
         rest;
}

TEST(SpotClosedForm, CheckpointsAndRollbackTakeTheTimeOfDalysFormula) {
  constexpr double kMtbf = 7200, kWrite = 60, kRestart = 30 + 40;
  for (const double period : {300.0, 930.0, 3000.0}) {
    const PointOutput output = run_spot(
        one_pipeline("checkpoint: {write_s: 60, load_s: 40, async: false, period_s: " + std::to_string(period) + "}"));
    // Daly (2006), equation 13: time for a stretch of work between two checkpoints, failures during restarts included.
    const double stretch = kMtbf * std::exp(kRestart / kMtbf) * (std::exp((period + kWrite) / kMtbf) - 1);
    EXPECT_NEAR(spot_metric(output, "throughput") / (period / stretch), 1, 0.02) << period;
    EXPECT_GT(spot_metric(output, "fatal_failures"), 2000) << "or the mean is not known that well";
  }
}

TEST(SpotClosedForm, TheAutomaticPeriodIsWithinTwoPercentOfTheBest) {
  const auto throughput = [](const std::string& period) {
    return spot_metric(
        run_spot(one_pipeline("checkpoint: {write_s: 60, load_s: 40, async: false, period_s: " + period + "}")),
        "throughput");
  };
  double best = 0;
  for (const char* period : {"230", "465", "700", "930", "1200", "1860", "3720"})
    best = std::max(best, throughput(period));
  EXPECT_GE(throughput("auto"), 0.98 * best);  // sqrt(2 x 60 s x 7200 s) = 930 s
  EXPECT_GE(throughput("930"), 0.99 * best);
  EXPECT_LE(throughput("3720"), 0.95 * best) << "or the period does not matter";
}

}  // namespace
}  // namespace windrow::test
