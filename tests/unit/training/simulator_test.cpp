// The simulator's own rules: saturation, limits, corrected defects, costs and deadlines.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>

#include "support/training.hpp"
#include "windrow/kernel/error.hpp"
#include "windrow/training/results.hpp"

namespace windrow::test {
namespace {

using training::TrainingConfig;

TrainingConfig small(const std::string& policy = "fifo_perf") {
  TrainingConfig config = training_config();
  config.policy = policy;
  config.cluster = {4, 4, 4};
  return config;
}

/// A trace in a file of its own, gone with the object.
class TraceFile {
 public:
  explicit TraceFile(const std::string& rows) {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    path_ = (std::filesystem::temp_directory_path() /
             ("windrow_" + std::string(test->name()) + std::to_string(::getpid()) + ".csv"))
                .string();
    std::ofstream(path_) << "job_type,total_steps,scale_factor,slo,arrival\n" << rows;
  }
  ~TraceFile() { std::filesystem::remove(path_); }
  config::FileRef file() const { return {path_, {}}; }

 private:
  std::string path_;
};

std::string failure_of(const TrainingConfig& config) {
  try {
    run_training(config);
  } catch (const PointError& error) {
    return error.what();
  }
  return "";
}

TEST(Saturation, HopelessRatesEndEarlyAndSayWhy) {
  for (const std::string& policy : training::policy_names()) {
    const bool slow = policy.ends_with("_packed") || policy.ends_with("_packed_SLOs");  // with hundreds of jobs
    if (slow && policy != "fifo_packed" && policy != "max_sum_throughput_packed") continue;
    TrainingConfig config = small(policy);
    config.interarrival_mean_s = 2000;  // some four times what 12 GPUs can do
    config.window = {1000, 2000};
    give_what_it_needs(config);
    const PointOutput output = run_training(config);
    EXPECT_EQ(output.outcome, Outcome::saturated) << policy;
    EXPECT_NE(output.message.find("grows without bound"), std::string::npos) << output.message;
    EXPECT_TRUE(std::isnan(metric(output, "jct_mean"))) << policy;
    EXPECT_GT(metric(output, "utilization"), 0.5) << policy;
    EXPECT_LT(metric(output, "rounds"), 10000) << policy;
  }
}

TEST(Saturation, HeavyButStableLoadsRunToTheEnd) {
  for (const std::string& policy : training::policy_names()) {
    TrainingConfig config = small(policy);
    const bool blind = training::policies().find(policy)->traits.shuffles_types;
    config.interarrival_mean_s = blind ? 12000 : 9000;
    config.window = {500, 1000};
    give_what_it_needs(config);
    const PointOutput output = run_training(config);
    EXPECT_EQ(output.outcome, Outcome::ok) << policy << ": " << output.message;
    EXPECT_GT(metric(output, "jct_mean"), 0) << policy;
  }
}

TEST(Saturation, CanBeTurnedOff) {
  TrainingConfig config = small();
  config.interarrival_mean_s = 2000;
  config.window = {200, 300};
  config.saturation = false;
  EXPECT_EQ(run_training(config).outcome, Outcome::ok) << "first in, first out gets there";
}

TEST(Saturation, IsNoMatterWhereJobsEnd) {
  TrainingConfig config = small();
  config.interarrival_mean_s = 0;
  config.jobs.count = 1000;
  config.jobs.fixed_duration_s = 3600;
  EXPECT_EQ(run_training(config).outcome, Outcome::ok);
}

TEST(Limits, EndARunAsFailed) {
  TrainingConfig config = small();
  config.limits.rounds = 100;
  EXPECT_EQ(failure_of(config), "not done after limits.rounds = 100 rounds");
  config.limits = {};
  config.limits.simulated_s = 5000;
  EXPECT_EQ(failure_of(config), "not done at limits.simulated_s = 5000 s");
  config.limits.simulated_s = 1e9;
  config.window = {0, 10};
  EXPECT_EQ(failure_of(config), "");
}

TEST(Limits, ARunThatCanNeverEndSaysWho) {
  // The published first in, first out gives every job V100s, also one that wants more of them than there are.
  const TraceFile trace("LM (batch size 80),1000,4,,0\nA3C,1000,1,,0\n");
  TrainingConfig config = small("fifo");
  config.cluster = {2, 0, 8};
  config.jobs.trace = trace.file();
  config.compat = "upstream";
  EXPECT_NE(failure_of(config).find("wait (job 0 on 4 GPUs"), std::string::npos) << failure_of(config);
  config.compat = "corrected";
  EXPECT_EQ(failure_of(config), "");
}

TEST(Jobs, ThatCanRunNowhereAreTurnedAwayAndCounted) {
  const TraceFile trace("LM (batch size 80),1000,8,,0\nA3C,1000,1,,0\n");
  for (const char* const compat : {"corrected", "upstream"}) {
    for (const Loop loop : {Loop::plain, Loop::fast}) {
      TrainingConfig config = small("isolated");  // at most 4 GPUs of a type
      config.jobs.trace = trace.file();
      config.compat = compat;
      const PointOutput output = run_training(config, loop);
      EXPECT_EQ(output.outcome, Outcome::ok);
      EXPECT_EQ(metric(output, "jobs_turned_away"), 1) << compat;
      EXPECT_EQ(metric(output, "jobs_dropped"), 1) << compat;
      EXPECT_EQ(metric(output, "jobs_completed"), 1) << compat;
    }
  }
}

TEST(SteadyState, TheJobsThatFillTheClusterMustBeDoneToo) {
  TrainingConfig config = small("isolated");
  config.steady_state = true;
  config.jobs.count = 10;
  config.window.reset();
  const PointOutput output = run_training(config);
  const int fill = config.cluster.v100 + config.cluster.p100 + config.cluster.k80;  // jobs of one GPU each
  EXPECT_EQ(metric(output, "jobs_completed"), fill + 10);
  const std::vector<double>& arrivals = job_column(output, "arrival");
  EXPECT_TRUE(std::all_of(arrivals.begin(), arrivals.begin() + fill + 1, [](double s) { return s == 0; }));
  config.compat = "upstream";
  EXPECT_EQ(metric(run_training(config), "jobs_completed"), 10) << "upstream counts completions, whoever's";
}

TEST(Jobs, NoneOfWhichCanRunLeaveNoNan) {
  const TraceFile alone("LM (batch size 80),1000,8,,0\n");
  for (const bool window : {false, true}) {
    TrainingConfig config = small("isolated");
    config.jobs.trace = alone.file();
    config.window.reset();
    if (window) config.window = {0, 1};  // over as soon as it begins
    const PointOutput nothing = run_training(config);
    for (const char* const name : {"utilization", "utilization_window", "queue_length_mean"})
      EXPECT_EQ(metric(nothing, name), 0) << name << " " << window;
  }
}

TEST(Stop, IsObeyed) {
  const training::Model model(small());
  training::Ledger ledger(model, false);
  const volatile bool stop = true;
  EXPECT_EQ(training::run_fast(model, ledger, StopToken(&stop)), Outcome::stopped);
}

TEST(Defects, D1AnIdleGapIsNotExecution) {
  // The second job comes long after the first is done, and needs several rounds.
  const TraceFile trace("A3C,1000,1,,0\nA3C,20000,1,,1000000\n");
  TrainingConfig config = small();
  config.cluster = {1, 0, 0};
  config.jobs.trace = trace.file();
  const double corrected = metric(run_training(config), "utilization");
  config.compat = "upstream";
  const double upstream = metric(run_training(config), "utilization");
  EXPECT_LT(corrected, 0.1);
  EXPECT_GT(upstream, 0.9);
}

TEST(Defects, D2FewerStepsThanGpusDropAJobUpstreamOnly) {
  TrainingConfig config = small();
  config.jobs.trace = config::FileRef{std::string(WINDROW_SOURCE_DIR) + "/traces/edge_dropped_multi_gpu.csv", {}};
  config.compat = "upstream";
  const PointOutput upstream = run_training(config), plain = run_training(config, Loop::plain);
  EXPECT_EQ(metric(upstream, "jobs_dropped"), 1);
  EXPECT_EQ(metric(upstream, "jobs_completed"), 1);
  EXPECT_TRUE(std::isnan(job_column(upstream, "jct")[0]));
  EXPECT_EQ(metric(plain, "jobs_dropped"), 1);
  config.compat = "corrected";
  const PointOutput corrected = run_training(config);
  EXPECT_EQ(metric(corrected, "jobs_dropped"), 0);
  EXPECT_EQ(metric(corrected, "jobs_completed"), 2);
}

TEST(Defects, D4DeadlinesAreMoments) {
  TrainingConfig config = small();
  config.jobs.slos = true;
  config.interarrival_mean_s = 60000;
  config.window = {0, 100};
  config.prices.charged = true;
  const double corrected = metric(run_training(config), "slo_violations");
  config.compat = "upstream";
  const double upstream = metric(run_training(config), "slo_violations");
  EXPECT_GT(corrected, 0) << "some of the 1.2 times deadlines are missed on slower GPUs";
  EXPECT_LT(upstream, corrected) << "late moments are longer than any duration";
}

TEST(Defects, D4UpstreamHasDeadlinesWherePricesAreCharged) {
  const TraceFile trace("A3C,20000,1,0.5,0\n");  // half of the time that the fastest GPU needs
  TrainingConfig config = small();
  config.jobs.trace = trace.file();
  for (const bool charged : {false, true}) {
    config.prices.charged = charged;
    config.compat = "corrected";
    EXPECT_EQ(metric(run_training(config), "slo_violations"), 1);
    config.compat = "upstream";
    EXPECT_EQ(metric(run_training(config), "slo_violations"), charged ? 1 : 0);
  }
}

TEST(Defects, D10ATraceWithAWindowGoesOn) {
  const TraceFile trace("A3C,100,1,,0\nA3C,100,1,,50000\nA3C,100,1,,90000\n");
  TrainingConfig config = small();
  config.jobs.trace = trace.file();
  config.window = {1, 3};
  const PointOutput output = run_training(config);
  EXPECT_EQ(metric(output, "jobs_completed"), 3);
  EXPECT_EQ(job_integers(output, "in_window"), (std::vector<std::int64_t>{0, 1, 1}));
  config.compat = "upstream";
  EXPECT_NE(failure_of(config), "");
}

TEST(Defects, D13UpstreamDropsWhatFillsNoServer) {
  TrainingConfig config = small();
  config.compat = "upstream";
  config.cluster = {7, 4, 3};
  config.gpus_per_server = {4, 4, 4};
  const training::Model model(config);
  EXPECT_EQ(model.cluster.gpus, (std::vector<int>{4, 4}));
  EXPECT_EQ(model.cluster.type_names, (std::vector<std::string>{"p100", "v100"}));
}

TEST(Costs, AreGpuTimeTimesPrice) {
  TrainingConfig config = small();
  config.cluster = {8, 0, 0};
  config.jobs.count = 12;
  config.jobs.multi_gpu = true;
  EXPECT_EQ(metric(run_training(config), "cost"), 0);
  config.prices.charged = true;
  config.prices.v100_usd_per_h = 2.5;
  const PointOutput output = run_training(config);
  const double busy_gpu_s = 8 * metric(output, "end_time") - metric(output, "idle_gpu_time");
  EXPECT_NEAR(metric(output, "cost"), 2.5 * busy_gpu_s / 3600, 1e-6 * busy_gpu_s);
}

/// One V100, and jobs that each fit into a round: one at time 0, then an idle cluster, then two at 5000 s.
struct ByHand {
  ByHand() : trace("A3C,1400,1,,0\nA3C,700,1,,5000\nA3C,2100,1,,5000\n") {
    config = small("isolated");
    config.cluster = {1, 0, 0};
    config.jobs.trace = trace.file();
    const training::Model model(config);
    const auto key = model.table.find_key(model.table.find_job_type("A3C").value(), 1);
    const double steps_per_s = model.rates[static_cast<std::size_t>(key.value())].steps_per_s[0];
    t0 = 1400 / steps_per_s;
    t1 = 700 / steps_per_s;
    t2 = 2100 / steps_per_s;
  }
  TraceFile trace;
  TrainingConfig config;
  double t0, t1, t2;  // what the jobs take
};

TEST(Metrics, OfARunDoneByHand) {
  const ByHand hand;
  ASSERT_LT(hand.t2, 360);
  const PointOutput output = run_training(hand.config);
  const double busy_s = hand.t0 + hand.t1 + hand.t2, end_s = 5000 + hand.t1 + hand.t2;
  const auto expect = [&](const char* name, double value) {
    EXPECT_NEAR(metric(output, name), value, 1e-9 * end_s) << name;
  };
  EXPECT_THAT(job_column(output, "jct"),
              testing::Pointwise(testing::DoubleNear(1e-9), {hand.t0, hand.t1, hand.t1 + hand.t2}));
  expect("end_time", end_s);
  expect("makespan", end_s);
  expect("window_duration", end_s);
  expect("utilization", busy_s / end_s);
  expect("utilization_window", busy_s / end_s);
  expect("idle_gpu_time", end_s - busy_s);
  expect("queue_length_mean", hand.t1 / end_s);  // the last job waits for the second
}

TEST(Metrics, OfAWindowCountFromItsFirstJob) {
  ByHand hand;
  hand.config.window = {1, 3};
  const PointOutput output = run_training(hand.config);
  EXPECT_NEAR(metric(output, "window_duration"), hand.t1 + hand.t2, 1e-9);
  EXPECT_NEAR(metric(output, "utilization_window"), 1, 1e-12) << "busy before the window, too, but that is not of it";
  EXPECT_NEAR(metric(output, "jct_mean"), hand.t1 + hand.t2 / 2, 1e-9);
}

TEST(Metrics, MakespanCountsFromTheFirstArrival) {
  const TraceFile trace("A3C,700,1,,3000\n");
  TrainingConfig config = small("isolated");
  config.cluster = {1, 0, 0};
  config.jobs.trace = trace.file();
  const PointOutput output = run_training(config);
  EXPECT_NEAR(metric(output, "makespan"), metric(output, "end_time") - 3000, 1e-9);
  EXPECT_NEAR(metric(output, "makespan"), job_column(output, "jct")[0], 1e-9);
}

TEST(Series, TheClusterHasARowWhereverItsStateChanges) {
  const ByHand hand;
  const TableData cluster = run_training(hand.config).series.at(0);
  const auto reals = [&](std::size_t column) { return std::get<std::vector<double>>(cluster.columns.at(column)); };
  const auto integers = [&](std::size_t column) {
    return std::get<std::vector<std::int64_t>>(cluster.columns.at(column));
  };
  EXPECT_THAT(reals(0), testing::Pointwise(testing::DoubleNear(1e-9),
                                           {0.0, hand.t0, 5000.0, 5000 + hand.t1, 5000 + hand.t1 + hand.t2}));
  EXPECT_THAT(reals(1), testing::ElementsAre(1, 0, 1, 1, 0)) << "utilization";
  EXPECT_THAT(integers(2), testing::ElementsAre(1, 0, 2, 1, 0)) << "active jobs";
  EXPECT_THAT(integers(3), testing::ElementsAre(0, 0, 1, 0, 0)) << "queue";
  EXPECT_THAT(integers(6), testing::ElementsAre(0, 1, 0, 0, 1)) << "idle V100s";
}

TEST(Metrics, PercentilesAndPriorities) {
  TrainingConfig config = small();
  config.jobs.multi_priority = true;
  config.window = {0, 41};
  const PointOutput output = run_training(config);
  std::vector<double> all, high;
  const auto& jct = job_column(output, "jct");
  for (std::size_t i = 0; i < jct.size(); ++i) {
    if (job_integers(output, "in_window")[i] == 0) continue;
    all.push_back(jct[i]);
    if (job_column(output, "priority")[i] != 1) high.push_back(jct[i]);
  }
  ASSERT_EQ(all.size(), 41u);
  std::sort(all.begin(), all.end());
  EXPECT_EQ(metric(output, "jct_p50"), all[20]);
  EXPECT_EQ(metric(output, "jct_p90"), all[36]);
  EXPECT_NEAR(metric(output, "jct_p99"), all[39] + 0.6 * (all[40] - all[39]), 1e-9 * all[40]) << "rank 39.6";
  EXPECT_EQ(metric(output, "jct_max"), all[40]);
  double sum = 0;
  for (const double value : high) sum += value;
  ASSERT_FALSE(high.empty());
  EXPECT_NEAR(metric(output, "jct_mean_high_priority"), sum / static_cast<double>(high.size()), 1e-6);
}

TEST(Series, FollowTheClusterWithoutRepeatingThemselves) {
  TrainingConfig config = small();
  config.jobs.count = 10;
  const PointOutput output = run_training(config);
  ASSERT_EQ(output.series.size(), 1u);
  const auto& columns = output.series[0].columns;
  const auto& time = std::get<std::vector<double>>(columns[0]);
  const auto& active = std::get<std::vector<std::int64_t>>(columns[2]);
  ASSERT_GT(time.size(), 10u);
  EXPECT_LT(static_cast<double>(time.size()), metric(output, "rounds") / 10) << "a row per change, not per round";
  for (std::size_t i = 1; i < time.size(); ++i) EXPECT_LT(time[i - 1], time[i]);
  EXPECT_EQ(active.back(), 0);
}

}  // namespace
}  // namespace windrow::test
