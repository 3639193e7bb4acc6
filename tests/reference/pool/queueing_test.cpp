// The pool against the closed forms of M/M/c queues (Erlang 1917; Kleinrock 1975), and what holds for any queue.
#include <gtest/gtest.h>

#include <cmath>

#include "support/pool.hpp"
#include "windrow/kernel/stats.hpp"

namespace windrow::pool {
namespace {

/// Share of requests that wait at `load` busy replicas of `replicas`.
double erlang_c(int replicas, double load) {
  double blocking = 1.0;  // Erlang B, by its recursion
  for (int c = 1; c <= replicas; ++c) blocking = load * blocking / (c + load * blocking);
  return blocking / (1.0 - load / replicas * (1.0 - blocking));
}

TEST(PoolReference, OneReplicaWaitsLikeAnMM1Queue) {
  Mean wait_s;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    PoolConfig config;  // rate 8/s, service 0.1 s: load 0.8
    config.seed = seed;
    wait_s.add(simulate(config)[wait_mean]);
  }
  EXPECT_NEAR(wait_s.mean(), 0.8 / (1 - 0.8) * 0.1, 4 * wait_s.standard_error());
  EXPECT_LT(wait_s.standard_error(), 0.01);  // or the line above could not fail
}

TEST(PoolReference, ManyReplicasWaitAsErlangSays) {
  for (const int replicas : {2, 5, 20}) {
    Mean wait_s, waiting, busy;
    PoolConfig config;
    config.replicas = replicas;
    config.arrival_rate_per_s = 7.5 * replicas;
    config.horizon_s = 1500;
    config.warmup_s = 100;
    for (config.seed = 0; config.seed < 12; ++config.seed) {
      const PoolResults results = simulate(config);
      wait_s.add(results[wait_mean]);
      waiting.add(results[waiting_share]);
      busy.add(results[utilization]);
    }
    const double load = config.arrival_rate_per_s * config.service_mean_s, share = erlang_c(replicas, load);
    EXPECT_NEAR(waiting.mean(), share, 4 * waiting.standard_error()) << replicas;
    EXPECT_NEAR(wait_s.mean(), share * config.service_mean_s / (replicas - load), 4 * wait_s.standard_error());
    EXPECT_NEAR(busy.mean(), 0.75, 4 * busy.standard_error()) << replicas;
    EXPECT_LT(waiting.standard_error(), 0.02 * share);
    EXPECT_LT(busy.standard_error(), 0.005);
  }
}

TEST(PoolReference, TheWaitOfOneReplicaHasAnExponentialTail) {
  Mean p99_s;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    PoolConfig config;
    config.seed = seed;
    config.arrival_rate_per_s = 5;  // P(W > t) = 0.5 exp(-5 t)
    p99_s.add(simulate(config)[wait_p99]);
  }
  EXPECT_NEAR(p99_s.mean(), std::log(0.5 / 0.01) / 5, 4 * p99_s.standard_error());
  EXPECT_LT(p99_s.standard_error(), 0.02);
}

/// Arbitrary, but with no more than some thousand requests.
PoolConfig arbitrary_pool(std::uint64_t seed) {
  auto config = config::arbitrary<PoolConfig>(seed);
  config.replicas = 1 + config.replicas % 8;
  config.horizon_s = std::min(config.horizon_s, 3000.0 / config.arrival_rate_per_s);
  config.warmup_s = std::min(config.warmup_s, config.horizon_s / 10);
  config.queue_limit.reset();
  return config;
}

TEST(PoolProperty, AnotherReplicaNeverMakesTheSameRequestsWaitLonger) {
  std::size_t compared = 0;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    PoolConfig config = arbitrary_pool(seed);
    const PointOutput before = simulate(config, Keep::all()).output();
    config.replicas += 1;
    const PointOutput after = simulate(config, Keep::all()).output();
    const auto& waits_before = std::get<std::vector<double>>(before.tables[0].columns[2]);
    const auto& waits_after = std::get<std::vector<double>>(after.tables[0].columns[2]);
    ASSERT_GE(waits_after.size(), waits_before.size()) << "seed " << seed;
    for (std::size_t i = 0; i < waits_before.size(); ++i, ++compared)
      ASSERT_LE(waits_after[i], waits_before[i] + 1e-9) << "seed " << seed << " request " << i;
  }
  EXPECT_GT(compared, 1000U);
}

TEST(PoolProperty, EqualConfigurationsGiveEqualBytes) {
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    const PoolConfig config = arbitrary_pool(seed);
    EXPECT_EQ(encode(simulate(config, Keep::all()).output()), encode(simulate(config, Keep::all()).output()));
  }
}

TEST(Pool, EndsAsSaturatedBeyondTheQueueLimit) {
  PoolConfig config;
  config.arrival_rate_per_s = 20;
  config.queue_limit = 100;
  const PointOutput output = simulate(config).output();
  EXPECT_EQ(output.outcome, Outcome::saturated);
  EXPECT_TRUE(output.message.starts_with("101 requests waiting at ")) << output.message;
  config.arrival_rate_per_s = 5;
  EXPECT_EQ(simulate(config).output().outcome, Outcome::ok);
}

TEST(Pool, StopsWhenAsked) {
  const PoolSimulator simulator;
  const bool stop = true;
  const config::Tree config = config::parse_canonical(config::canonical_text(PoolConfig()));
  EXPECT_EQ(windrow::simulate(simulator, config, Keep::all(), StopToken(&stop)).outcome, Outcome::stopped);
}

TEST(Pool, AWarmUpBeyondTheHorizonIsRefused) {
  config::Problems problems;
  const config::Tree tree = config::parse_yaml("horizon_s: 100", "pool.yaml", problems);
  PoolSimulator().describe().config.resolve(tree, problems);
  ASSERT_EQ(problems.list().size(), 1U) << problems.text();
  EXPECT_NE(problems.text().find("must be below horizon_s, or nothing is measured"), std::string::npos);
}

}  // namespace
}  // namespace windrow::pool
