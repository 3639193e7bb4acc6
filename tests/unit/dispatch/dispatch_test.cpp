// The simulated master against what can be said without simulating.
#include "windrow/dispatch/dispatch.hpp"

#include <gtest/gtest.h>

#include "windrow/simulator/output.hpp"

namespace windrow::dispatch {
namespace {

enum Which { kThroughput, kWorkers, kMaster, kWait, kMakespan };

std::vector<double> metrics_of(const DispatchConfig& config) {
  const config::Tree tree = config::parse_canonical(config::canonical_text(config));
  return simulate(DispatchSimulator(), tree, Keep::all()).metrics;
}

DispatchConfig usual() {
  DispatchConfig config;
  config.workers = 100;
  config.points_per_worker = 50;
  config.message_us = 4;
  config.point_us = 6;
  config.latency_us = 100;
  return config;
}

TEST(Dispatch, OneWorkerAndAMasterThatTakesNoTimeRunOnePointAfterTheOther) {
  DispatchConfig config = usual();
  config.workers = 1;
  config.spread = "constant";
  config.message_us = config.point_us = config.latency_us = 0;
  const std::vector<double> metrics = metrics_of(config);
  EXPECT_DOUBLE_EQ(metrics[kThroughput], 1);
  EXPECT_DOUBLE_EQ(metrics[kWorkers], 1);
  EXPECT_DOUBLE_EQ(metrics[kMaster], 0);
  EXPECT_DOUBLE_EQ(metrics[kWait], 0);
  EXPECT_DOUBLE_EQ(metrics[kMakespan], 50);
}

TEST(Dispatch, WithoutPrefetchAWorkerWaitsForTheWayToAndFro) {
  DispatchConfig config = usual();
  config.workers = 1;
  config.spread = "constant";
  config.point_s = 0.001;
  config.prefetch = 1;
  // 1 ms of work, 10 µs at the master, 200 µs under way.
  EXPECT_NEAR(metrics_of(config)[kWorkers], 1.0 / 1.21, 1e-9);
  config.prefetch = 2;
  EXPECT_NEAR(metrics_of(config)[kWorkers], 1, 1e-9) << "the next point is there before the last one ends";
}

TEST(Dispatch, AMasterThatIsNotBusyKeepsAllWorkersBusy) {
  for (const char* spread : {"constant", "uniform", "exponential"}) {
    DispatchConfig config = usual();
    config.spread = spread;
    const std::vector<double> metrics = metrics_of(config);
    EXPECT_NEAR(metrics[kThroughput], 100, 3) << spread;
    EXPECT_GT(metrics[kWorkers], 0.999) << spread;
    EXPECT_NEAR(metrics[kMaster], 100 * 10e-6, 2e-5) << spread;
  }
}

TEST(Dispatch, ASaturatedMasterGivesWhatItsServiceTimeAllows) {
  DispatchConfig config = usual();
  config.workers = 1000;
  config.point_s = 0.002;  // 500,000 points/s are asked for, 100,000 can be served
  const std::vector<double> metrics = metrics_of(config);
  EXPECT_NEAR(metrics[kThroughput], 100'000, 500);
  EXPECT_NEAR(metrics[kMaster], 1, 1e-3);
  EXPECT_NEAR(metrics[kWorkers], 0.2, 0.01);
  EXPECT_NEAR(metrics[kMakespan], (50'000 + 2'000) * 10e-6, 0.002) << "each point, and two to greet each worker";
}

TEST(Dispatch, MessagesWaitAsTheTheoryOfQueuesSays) {
  // Many workers with exponential points are a Poisson process of results: M/D/1, with a wait of rho s / (2 (1 - rho)).
  DispatchConfig config = usual();
  config.workers = 5000;
  config.points_per_worker = 100;
  config.point_s = 0.1;  // 50,000 results/s at 10 µs: rho = 0.5
  const double expected_s = 0.5 * 10e-6 / (2 * (1 - 0.5));
  EXPECT_NEAR(metrics_of(config)[kWait], expected_s, 0.05 * expected_s);
}

TEST(Dispatch, EqualConfigurationsGiveEqualBitsAndOtherSeedsOthers) {
  DispatchConfig config = usual();
  const std::vector<double> first = metrics_of(config);
  EXPECT_EQ(metrics_of(config), first);
  config.seed = 1;
  EXPECT_NE(metrics_of(config), first);
}

}  // namespace
}  // namespace windrow::dispatch
