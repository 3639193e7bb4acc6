#include "windrow/sweep/rules.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace windrow::sweep {
namespace {

using State = Known::State;

std::vector<Known> ok(std::initializer_list<double> values, std::size_t seeds) {
  std::vector<Known> all(seeds);
  std::size_t i = 0;
  for (const double value : values) all[i++] = {State::ok, value};
  return all;
}

TEST(Replicate, AsksForTheFirstSeedsBeforeItKnowsAnything) {
  const SeedsAsked asked = ask_seeds({.relative_ci = 0.1, .first = 3, .most = 10}, std::vector<Known>(10));
  EXPECT_EQ(asked.count, 3U);
  EXPECT_FALSE(asked.settled);
}

TEST(Replicate, StopsByStudentsInterval) {
  // Mean 10, deviation 1, three values: half width 4.30265 / sqrt(3) = 2.48414, by the tables of t for two degrees.
  const std::vector<Known> seeds = ok({9, 10, 11}, 10);
  const SeedsAsked tight = ask_seeds({.relative_ci = 0.2485, .first = 3, .most = 10}, seeds);
  EXPECT_TRUE(tight.settled);
  EXPECT_EQ(tight.count, 3U);
  EXPECT_NEAR(tight.relative_ci, 0.248414, 1e-6);
  EXPECT_FALSE(ask_seeds({.relative_ci = 0.2484, .first = 3, .most = 10}, seeds).settled);
}

TEST(Replicate, AsksForAsManyAsWouldBeEnoughIfTheSpreadStayed) {
  const std::vector<Known> seeds = ok({9, 10, 11}, 30);
  // 4 seeds: 3.18245 / 2 = 1.591; 5: 2.77645 / sqrt(5) = 1.242; 6: 2.57058 / sqrt(6) = 1.049
  EXPECT_EQ(ask_seeds({.relative_ci = 0.16, .first = 3, .most = 30}, seeds).count, 4U);
  EXPECT_EQ(ask_seeds({.relative_ci = 0.125, .first = 3, .most = 30}, seeds).count, 5U);
  EXPECT_EQ(ask_seeds({.relative_ci = 0.01, .first = 3, .most = 30}, seeds).count, 6U) << "twice as many at most";
  EXPECT_EQ(ask_seeds({.relative_ci = 0.01, .first = 3, .most = 5}, seeds).count, 5U) << "no more than there may be";
  EXPECT_EQ(ask_seeds({.relative_ci = 0.01, .first = 3, .most = 30}, std::span(seeds).first(4)).count, 4U);
}

TEST(Replicate, DecidesByTheSeedsOfItsRoundAlone) {
  // What is known of later seeds, as after a wider interval was asked for before, changes no earlier decision.
  std::vector<Known> seeds = ok({9, 10, 11}, 10);
  const SeedsAsked before = ask_seeds({.relative_ci = 0.16, .first = 3, .most = 10}, seeds);
  seeds[7] = {State::ok, 1000};
  EXPECT_EQ(ask_seeds({.relative_ci = 0.16, .first = 3, .most = 10}, seeds).count, before.count);
}

TEST(Replicate, GivesUpAtTheLastSeed) {
  const std::vector<Known> seeds = ok({1, 100, 3, 50}, 4);
  const SeedsAsked asked = ask_seeds({.relative_ci = 0.01, .first = 2, .most = 4}, seeds);
  EXPECT_TRUE(asked.settled);
  EXPECT_EQ(asked.count, 4U);
}

TEST(Replicate, ASaturatedSeedEndsIt) {
  std::vector<Known> seeds = ok({1, 100, 3}, 10);
  seeds[1] = {State::saturated, 100};
  const SeedsAsked asked = ask_seeds({.relative_ci = 0.01, .first = 3, .most = 10}, seeds);
  EXPECT_TRUE(asked.settled);
  EXPECT_EQ(asked.count, 3U);
}

TEST(Replicate, FailedSeedsAndUndefinedValuesDoNotCountAndEndAtTheLastSeed) {
  std::vector<Known> seeds = ok({10, std::numeric_limits<double>::quiet_NaN(), 10, 10}, 4);
  seeds[0] = {State::failed, std::nan("")};
  const ReplicateRule rule{.relative_ci = 0.01, .first = 2, .most = 4};
  const SeedsAsked asked = ask_seeds(rule, seeds);
  EXPECT_TRUE(asked.settled) << "no value at first, then one, then two";
  EXPECT_EQ(asked.count, 4U);
  EXPECT_EQ(asked.relative_ci, 0);
  for (Known& seed : seeds) seed = {State::failed, 0};
  EXPECT_TRUE(ask_seeds(rule, seeds).settled);
}

TEST(Replicate, NoSpreadIsTightWhateverTheMean) {
  EXPECT_TRUE(ask_seeds({.relative_ci = 0.01, .first = 2, .most = 4}, ok({0, 0}, 4)).settled);
  EXPECT_EQ(ask_seeds({.relative_ci = 0.01, .first = 2, .most = 9}, ok({-1, 1}, 9)).count, 4U) << "around a mean of 0";
}

/// Values below `knee` are low; counts how often each was looked at.
struct Target {
  std::size_t knee;
  std::vector<int> looked = std::vector<int>(200);
  Verdict operator()(std::size_t value) {
    ++looked[value];
    return value < knee ? Verdict::low : Verdict::high;
  }
};

TEST(Knee, BisectionFindsItWhereverItIs) {
  for (std::size_t values = 1; values <= 130; ++values) {
    const auto steps = static_cast<std::size_t>(std::ceil(std::log2(static_cast<double>(values + 1))));
    for (std::size_t knee = 0; knee <= values; ++knee) {
      Target target{knee};
      const ValuesAsked asked = bisect(values, std::ref(target));
      ASSERT_TRUE(asked.settled);
      ASSERT_EQ(asked.found.has_value(), knee > 0);
      if (knee > 0) {
        ASSERT_EQ(*asked.found, knee - 1);
      }
      ASSERT_LE(asked.values.size(), steps);
      for (const std::size_t value : asked.values) ASSERT_EQ(target.looked[value], 1);
      // The neighbours of the knee were looked at: it is no mere supposition.
      ASSERT_EQ(target.looked[knee > 0 ? knee - 1 : 0], 1);
      ASSERT_EQ(target.looked[knee < values ? knee : values - 1], 1);
    }
  }
}

TEST(Knee, AsksForOneValueAtATime) {
  const ValuesAsked first = bisect(9, [](std::size_t) { return Verdict::unknown; });
  EXPECT_EQ(first.values, (std::vector<std::size_t>{4}));
  EXPECT_FALSE(first.settled);
  const ValuesAsked second = bisect(9, [](std::size_t v) { return v == 4 ? Verdict::low : Verdict::unknown; });
  EXPECT_EQ(second.values, (std::vector<std::size_t>{4, 6}));
}

TEST(Until, GoesUpToTheFirstThatIsHigh) {
  Target target{3};
  const ValuesAsked asked = ascend(10, std::ref(target));
  EXPECT_TRUE(asked.settled);
  EXPECT_EQ(asked.found, 3U);
  EXPECT_EQ(asked.values, (std::vector<std::size_t>{0, 1, 2, 3}));
  const ValuesAsked all = ascend(2, [](std::size_t) { return Verdict::low; });
  EXPECT_TRUE(all.settled);
  EXPECT_FALSE(all.found);
  const ValuesAsked waits = ascend(5, [](std::size_t v) { return v < 2 ? Verdict::low : Verdict::unknown; });
  EXPECT_EQ(waits.values, (std::vector<std::size_t>{0, 1, 2}));
  EXPECT_FALSE(waits.settled);
}

}  // namespace
}  // namespace windrow::sweep
