// The criterion of saturation, sign by sign and on both sides of each bound (docs/training-simulator.md).
#include "training/ledger.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <optional>

#include "support/training.hpp"

namespace windrow::test {
namespace {

using training::JobRecord;

constexpr std::int64_t kGpus = 12;

/// Jobs of one GPU come one after the other, and as many of the oldest leave that after the n-th (from 1) `wanted(n)`
/// GPUs are wanted. The number of jobs at which the run counts as saturated, if it ever does.
std::optional<std::int64_t> saturated_at(std::int64_t jobs, const std::function<std::int64_t(std::int64_t)>& wanted) {
  training::TrainingConfig config = training_config();
  config.cluster = {4, 4, 4};
  const training::Model model(config);
  training::Ledger ledger(model, false);
  for (std::int64_t n = 1, oldest = 0; n <= jobs; ++n) {
    while (ledger.active_jobs() >= wanted(n)) ledger.close(oldest++, JobRecord::State::completed);
    ledger.admit({}, 0, [] { return 0.0; });
    EXPECT_EQ(ledger.wanted_gpus(), wanted(n)) << "no such queue: it grows by one at most";
    if (ledger.saturated(0)) return n;
  }
  return std::nullopt;
}

TEST(SaturationCriterion, ALongQueueThatGrowsIsOne) {
  constexpr std::int64_t kBound = 3 * kGpus + 200;
  const auto rises_to = [](std::int64_t top) {
    return [top](std::int64_t n) { return std::clamp<std::int64_t>(n - 500, 10, top); };
  };
  EXPECT_EQ(saturated_at(990, [&](auto n) { return std::min(n, rises_to(1000)(n)); }), 500 + kBound);
  EXPECT_EQ(saturated_at(990, [&](auto n) { return std::min(n, rises_to(kBound - 1)(n)); }), std::nullopt);
}

TEST(SaturationCriterion, ALongQueueThatHardlyGrowsIsNone) {
  const auto grows_to = [](std::int64_t top) {
    // 230 from early on; then one more with every tenth job, so that half as many jobs found 230.
    return [top](std::int64_t n) { return std::min({n, 230 + std::max<std::int64_t>(0, n - 2000) / 10, top}); };
  };
  EXPECT_EQ(saturated_at(3500, grows_to(344)), std::nullopt);
  EXPECT_EQ(saturated_at(3500, grows_to(1000)), 2000 + 10 * (345 - 230)) << "1.5 times 230";
}

TEST(SaturationCriterion, AShortQueueThatGrowsSteadilyIsOne) {
  const auto line = [](std::int64_t n) { return std::min(n, kGpus + n / 10); };
  EXPECT_EQ(saturated_at(2000, line), 1000) << "a backlog of 100, at the earliest";
  EXPECT_EQ(saturated_at(2000, [](std::int64_t n) { return std::min(n, kGpus + n / 8); }), 1000)
      << "1000 jobs, at least";
  EXPECT_EQ(saturated_at(2000, [](std::int64_t n) { return std::min(n, kGpus + n / 21); }), std::nullopt);
}

TEST(SaturationCriterion, AShortQueueThatWasShorterOrLongerInBetweenIsNone) {
  const auto late = [](std::int64_t n) {
    return std::min(n, kGpus + std::clamp<std::int64_t>((n - 1000) / 4, 0, 200));
  };
  EXPECT_EQ(saturated_at(1600, late), std::nullopt);
  const auto early = [](std::int64_t n) { return std::min(n, kGpus + std::min<std::int64_t>(n / 4, 200)); };
  EXPECT_EQ(saturated_at(950, early), std::nullopt);
  EXPECT_EQ(saturated_at(4000, [](std::int64_t n) { return std::min<std::int64_t>(n, kGpus + 200); }), std::nullopt);
}

}  // namespace
}  // namespace windrow::test
