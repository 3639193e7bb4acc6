// What the simulator says of itself, of wrong input, and what its defects and strategies do in small cases.
#include <gtest/gtest.h>

#include <cmath>

#include "spot/strategy.hpp"
#include "support/process.hpp"
#include "support/spot.hpp"
#include "windrow/kernel/error.hpp"
#include "windrow/kernel/random.hpp"
#include "windrow/spot/results.hpp"

namespace windrow::test {
namespace {

std::string complaint(const std::string& yaml) {
  try {
    (void)spot_config(yaml);
  } catch (const InputError& error) {
    const std::string text = error.what();
    return text.substr(text.find("test.yaml") + 10);
  }
  return "";
}

TEST(SpotConfig, SaysWhatIsWrong) {
  EXPECT_EQ(complaint("strategy: bambo_compat"),
            "1:11: strategy: unknown strategy 'bambo_compat'; did you mean 'bamboo_compat'? (windrow list strategies)");
  EXPECT_EQ(complaint("model: ResNet"),
            "1:8: duration_s: or steps must be given: this model says nothing of how many steps a training takes");
  EXPECT_EQ(complaint("availability.kind: trace"),
            "1:1: availability.file: must be given, since availability.kind is trace");
  EXPECT_EQ(complaint("checkpoint.period_s: -1"),
            "1:22: checkpoint.period_s: expected a number above 0, auto or never, found -1");
  EXPECT_EQ(complaint("availability.addition: sometimes"),
            "1:24: availability.addition: expected a number within 0 .. 1, default or random, found 'sometimes'");
  EXPECT_NE(complaint("bugs: [B1, B14]").find("1:12: bugs[1]: expected one of B1, B2"), std::string::npos);
  EXPECT_EQ(complaint("model: BERT\npipeline_depth: 13"),
            "2:17: pipeline_depth: must be a depth for which the model has step times");
  EXPECT_EQ(complaint("strategy: ckpt_tick\nseed: -1"), "2:7: seed: must be within 0 .. 4294967295 for ckpt_tick");
  EXPECT_EQ(complaint("strategy: bamboo_compat\navailability.kind: poisson"),
            "1:11: availability.kind: must be hourly or trace for strategy bamboo_compat");
}

TEST(SpotConfig, AxesOfKeysThatTakeNumbersOrWordsAreNumbers) {
  const config::Schema schema = config::Schema::of<spot::SpotConfig>();
  EXPECT_TRUE(schema.find("checkpoint.period_s")->type.starts_with("number"));
  EXPECT_TRUE(schema.find("seed")->type.starts_with("integer"));
}

TEST(SpotSimulator, DeclaresEachMetricOnce) {
  const spot::SpotSimulator simulator;
  const auto& metrics = simulator.describe().metrics;
  for (std::size_t i = 0; i < metrics.size(); ++i)
    for (std::size_t j = 0; j < i; ++j) EXPECT_NE(metrics[i]->name, metrics[j]->name);
  for (const spot::StrategyInfo& one : spot::strategies().all())
    EXPECT_GT(spot_metric(run_spot("duration_s: 20000\nstrategy: " + one.name), "end_time"), 0) << one.name;
}

TEST(SpotSimulator, StopsWhenAskedTo) {
  const volatile bool stop = true;
  const StopToken token(&stop);
  const spot::SpotSimulator simulator;
  config::Problems problems;
  for (const char* strategy : {"redundant", "checkpoint_restart", "ckpt_tick"}) {
    const std::string text = simulator.describe().config.resolve(
        config::parse_yaml(std::string("strategy: ") + strategy, "c", problems), problems);
    EXPECT_EQ(simulate(simulator, config::parse_canonical(text), {}, token).outcome, Outcome::stopped) << strategy;
  }
}

// Defects, each where it shows

constexpr const char* kAllBut[] = {"B1", "B2", "B3", "B4", "B5", "B6", "B7", "B8", "B9", "B10", "B11", "B12", "B13"};

std::string all_bugs_but(const std::string& one) {
  std::string list;
  for (const std::string bug : kAllBut)
    if (bug != one) list += (list.empty() ? "" : ", ") + bug;
  return "\nbugs: [" + list + "]";
}

TEST(SpotDefects, WithoutAStepAllIsZeroNotAnError) {  // B6
  const std::string yaml = "strategy: bamboo_compat\nstart_hour: 15\nduration_s: 3600\nmodel: ResNet";
  EXPECT_EQ(run_spot(yaml).message, "IndexError('list index out of range')");
  const PointOutput mended = run_spot(yaml + all_bugs_but("B6"));
  EXPECT_EQ(mended.message, "no step was completed");
  EXPECT_EQ(spot_metric(mended, "average_performance"), 0);
  EXPECT_EQ(spot_metric(mended, "value"), 0);
}

TEST(SpotDefects, MorePipelinesThanWereMeasuredAreCapped) {  // B7
  const std::string yaml =
      "strategy: bamboo_compat\nmodel: GNMT\nduration_s: 43200\navailability: {kind: trace, file: traces/spot/p3.csv}";
  EXPECT_EQ(run_spot(yaml).message, "NotImplementedError()");
  const PointOutput mended = run_spot(yaml + all_bugs_but("B7"));
  EXPECT_EQ(mended.message, "");
  EXPECT_GT(spot_metric(mended, "pipelines_capped"), 0);
  EXPECT_GT(spot_metric(mended, "steps"), 1000);
}

TEST(SpotDefects, AChangeAtTheMomentOfTheLastStepIsNoError) {  // B11
  const TemporaryFolder folder;
  std::string rows;
  for (int i = 0; i < 20; ++i) rows += "0,add,n" + std::to_string(i) + "\n";
  const auto run = [&](const std::string& more, const std::string& bugs) {
    const std::string file = folder.write("trace.csv", rows + more);
    return run_spot("strategy: bamboo_compat\nsteps: 50\navailability: {kind: trace, file: " + file + "}" + bugs);
  };
  const PointOutput quiet = run("", "");
  EXPECT_EQ(quiet.message, "");
  const auto last_ms = std::llround(spot_metric(quiet, "end_time") * 1000);
  for (const long long at : {last_ms - 1, last_ms, last_ms + 1}) {
    const std::string loss = std::to_string(at) + ",remove,n19\n";
    EXPECT_EQ(run(loss, "").message, at == last_ms ? "AssertionError()" : "") << at - last_ms;
    const PointOutput mended = run(loss, all_bugs_but("B11"));
    EXPECT_EQ(mended.message, "") << at - last_ms;
    EXPECT_EQ(spot_metric(mended, "steps"), 50);
  }
}

TEST(SpotDefects, AFatalFailureLosesWork) {  // B5
  const std::string yaml =
      "strategy: bamboo_compat\nseed: 5\navailability: {addition: random, removal_probability: 0.5}";
  const PointOutput kept = run_spot(yaml), mended = run_spot(yaml + all_bugs_but("B5"));
  EXPECT_GT(spot_metric(kept, "fatal_failures"), 0);
  EXPECT_EQ(spot_metric(kept, "lost_work"), 0);
  EXPECT_GT(spot_metric(mended, "lost_work"), 0);
  EXPECT_GT(spot_metric(mended, "time_loading"), 0);
  EXPECT_EQ(spot_metric(mended, "steps"), spot_metric(kept, "steps"));
  EXPECT_GT(spot_metric(mended, "end_time"), spot_metric(kept, "end_time"));
}

TEST(SpotDefects, StatisticsAreMendedOneByOne) {  // B8, B9, B10, B13
  const std::string yaml = "strategy: bamboo_compat\nmodel: GPT-2\nduration_s: 43200\nseed: 7";
  const PointOutput kept = run_spot(yaml);
  const auto differs = [&](const char* bug, const char* metric) {
    return spot_metric(run_spot(yaml + all_bugs_but(bug)), metric) != spot_metric(kept, metric);
  };
  EXPECT_TRUE(differs("B8", "preemption_median"));
  EXPECT_TRUE(differs("B10", "average_performance"));
  EXPECT_TRUE(differs("B13", "lifetime_mean"));
  EXPECT_FALSE(differs("B8", "average_performance"));
  EXPECT_FALSE(differs("B12", "average_value"));
}

TEST(SpotDefects, TheNotebookWaitsAtWorldSizeZero) {  // N1
  const std::string yaml = "strategy: ckpt_tick_compat\nseed: 5";
  EXPECT_EQ(run_spot(yaml).message, "KeyError(0)");
  const PointOutput mended = run_spot(yaml + "\nbugs: [N2, N3, N4, N5, N6, N7, N8, N9]");
  EXPECT_EQ(mended.message, "");
  EXPECT_EQ(spot_metric(mended, "ticks"), 4260);
}

TEST(SpotDefects, TheMaximumHoldsOnceN3IsMended) {
  const std::string yaml = "strategy: ckpt_tick_compat\nseed: 0";
  EXPECT_GT(spot_metric(run_spot(yaml), "max_total"), 64);
  EXPECT_LE(spot_metric(run_spot(yaml + "\nbugs: [N1, N4, N6]"), "max_total"), 64);
  for (int seed = 0; seed < 20; ++seed) {
    const PointOutput output = run_spot("strategy: ckpt_tick\nseed: " + std::to_string(seed), Keep::all());
    EXPECT_EQ(output.message, "");
    EXPECT_LE(spot_metric(output, "max_total"), 64);
    EXPECT_LE(spot_metric(output, "reconfigurations"),
              spot_metric(output, "preemptions") + spot_metric(output, "additions"));
    for (const auto ws : std::get<std::vector<std::int64_t>>(spot_table(output, "training_events").columns[0]))
      EXPECT_LE(ws, 64);
  }
}

TEST(SpotDefects, WhicheverAreKeptTheTraceGoesForwardInTime) {
  Stream random = Streams(7).stream("bugs");
  int waits = 0;
  for (int trial = 0; trial < 60; ++trial) {
    std::string bugs;
    for (int n = 1; n <= 12; ++n)
      if (random.bernoulli(0.5)) bugs += (bugs.empty() ? "N" : ", N") + std::to_string(n);
    const PointOutput output = run_spot(
        "strategy: ckpt_tick\nseed: " + std::to_string(trial) + "\nbugs: [" + bugs + "]\npreempt.chance_per_min: 1",
        Keep::all());
    const TableData& rows = spot_table(output, "training_events");
    const auto& time = std::get<std::vector<double>>(rows.columns[1]);
    for (std::size_t i = 1; i < time.size(); ++i) {
      // The end of a step is noted by the tick after it, so it may lie up to a tick before a loss.
      EXPECT_GE(time[i], time[i - 1] - 5) << bugs << " " << i;
    }
    waits += spot_metric(output, "time_waiting") > 0 ? 1 : 0;
    const double shares = spot_metric(output, "time_useful_fraction") + spot_metric(output, "time_redone_fraction") +
                          spot_metric(output, "time_reconfiguring_fraction") +
                          spot_metric(output, "time_stopped_fraction");
    EXPECT_NEAR(shares, 1, 1e-9) << bugs;
  }
  EXPECT_GT(waits, 10);
}

// Strategies

std::string with(const std::string& strategy, const std::string& rest = "") {
  return "strategy: " + strategy + "\nseed: 3\navailability: {addition: random, removal_probability: 0.25}\n" + rest;
}

TEST(SpotStrategies, OnDemandIsTheBaselineWithItsStart) {
  const PointOutput output = run_spot("strategy: on_demand");
  EXPECT_EQ(spot_metric(output, "on_demand_throughput"), 105.1792828685259);
  EXPECT_EQ(spot_metric(output, "on_demand_value"), 1.718615733145848);
  EXPECT_DOUBLE_EQ(spot_metric(output, "cost_per_hour"), 61.2);
  EXPECT_DOUBLE_EQ(spot_metric(output, "end_time"), 45 + 30 + 22194 * 2.51);
  EXPECT_EQ(spot_metric(output, "preemptions"), 0);
}

TEST(SpotStrategies, AllDoTheSameWork) {
  for (const char* strategy : {"redundant", "checkpoint_restart", "morphing", "sample_drop", "hybrid", "on_demand"})
    EXPECT_EQ(spot_metric(run_spot(with(strategy)), "steps"), 22194) << strategy;
}

TEST(SpotStrategies, MoreRedundancyMeansFewerFatalFailures) {
  double before = 1e9;
  for (const char* level : {"0", "1", "2", "3"}) {
    double fatal = 0;
    for (int seed = 0; seed < 10; ++seed)
      fatal +=
          spot_metric(run_spot("seed: " + std::to_string(seed) +
                               "\navailability: {addition: random, removal_probability: 0.5}\nredundancy: " + level),
                      "fatal_failures");
    EXPECT_LT(fatal, before) << level;
    before = fatal;
  }
}

TEST(SpotStrategies, AWholePipelineOnDemandLosesNoWork) {
  const PointOutput output = run_spot(with("hybrid", "hybrid.on_demand: 12"));
  EXPECT_EQ(spot_metric(output, "fatal_failures"), 0);
  EXPECT_EQ(spot_metric(output, "lost_work"), 0);
  EXPECT_GT(spot_metric(output, "cost_per_hour"), 12 * 3.06);
  EXPECT_GT(spot_metric(run_spot(with("hybrid", "hybrid.on_demand: 4")), "fatal_failures"), 0);
}

TEST(SpotStrategies, ANoticeSavesWork) {
  const auto lost = [](const char* notice) {
    return spot_metric(
        run_spot(with("morphing", std::string("checkpoint.write_s: 30\navailability.notice_s: ") + notice)),
        "lost_work");
  };
  EXPECT_LT(lost("120"), 0.5 * lost("0"));
}

TEST(SpotStrategies, TheDropLimitBoundsWhatIsMissing) {
  const auto slowed = [](const char* limit) {
    return spot_metric(run_spot(with("sample_drop", std::string("sample_drop.limit: ") + limit)),
                       "time_slowed_fraction");
  };
  EXPECT_EQ(slowed("0"), 0);
  EXPECT_GT(slowed("0.5"), 0.01);
}

TEST(SpotStrategies, MovingPricesAreIntegrated) {
  const std::string moving = "price: {kind: mean_reverting, volatility: 0.5}\n";
  const double constant = spot_metric(run_spot(with("redundant")), "cost_total");
  const double moved = spot_metric(run_spot(with("redundant", moving)), "cost_total");
  EXPECT_NE(constant, moved);
  EXPECT_NEAR(moved / constant, 1, 0.5);
}

TEST(SpotStrategies, ARunThatCannotEndFails) {
  for (const char* strategy : {"redundant", "checkpoint_restart"})
    EXPECT_THROW(
        run_spot(std::string("strategy: ") + strategy + "\navailability: {removal_probability: 1, addition: 0}"),
        PointError)
        << strategy;
}

}  // namespace
}  // namespace windrow::test
