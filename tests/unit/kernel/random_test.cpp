// What tests/reference/python_random does not cover: states, limits, streams by name.
#include "windrow/kernel/random.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <set>
#include <stdexcept>

#include "windrow/kernel/stats.hpp"

namespace windrow {
namespace {

TEST(Mt19937, IsTheStandardsGenerator) {
  Mt19937 ours(5489);
  std::mt19937 theirs(5489);
  for (int i = 0; i < 3000; ++i) ASSERT_EQ(ours.next(), theirs()) << i;
}

TEST(Mt19937, GoesOnFromAnyState) {
  for (const int before : {0, 1, 623, 624, 625, 1000}) {
    Mt19937 original(7);
    for (int i = 0; i < before; ++i) original.next();
    Mt19937 copy(original.state());
    EXPECT_EQ(copy.state(), original.state());
    for (int i = 0; i < 1300; ++i) ASSERT_EQ(copy.next(), original.next()) << before << " + " << i;
  }
}

TEST(Mt19937, RefusesAnIndexBeyondItsWords) {
  Mt19937::State state;
  state.index = 625;
  EXPECT_THROW(Mt19937{state}, InvariantError);
}

TEST(PythonRandom, GoesOnFromAStateWithASpareValue) {
  PythonRandom random(1);
  random.gauss();
  const PythonRandom::State state = random.state();
  EXPECT_TRUE(state.spare.has_value());
  const double next = random.gauss(), after = random.gauss();
  PythonRandom other(2);
  other.restore(state);
  EXPECT_EQ(other.gauss(), next);
  EXPECT_EQ(other.gauss(), after);
  EXPECT_EQ(PythonRandom(state).state(), state);
}

TEST(PythonRandom, SeedsOfEveryWidthAndSign) {
  const auto first = [](auto seed) { return PythonRandom(seed).bits(32); };
  EXPECT_EQ(first(-42), first(42));
  EXPECT_EQ(first(std::int64_t{-42}), first(std::uint8_t{42}));
  EXPECT_EQ(first(std::numeric_limits<std::int64_t>::min()), first(std::uint64_t{1} << 63));
  EXPECT_EQ(first(Words{42, 0, 0}), first(42)) << "leading zero words are no part of a number";
  EXPECT_EQ(first(words_of_decimal("-42")), first(42));
  EXPECT_EQ(words_of_decimal("1180591620717411315769"), (Words{12345, 0, 64})) << "2^70 + 12345";
  EXPECT_EQ(first(1.0), first(1));
  EXPECT_NE(first("42"), first(42));
  EXPECT_NO_THROW(first(std::numeric_limits<double>::infinity()));
  EXPECT_NO_THROW(first(std::numeric_limits<double>::denorm_min()));
  EXPECT_THROW(first(std::nan("")), std::invalid_argument);
}

TEST(PythonRandom, BelowIsBelowAtEveryWidth) {
  PythonRandom random(3);
  for (int bits = 0; bits < 64; ++bits)
    for (const std::uint64_t n : {std::uint64_t{1} << bits, (std::uint64_t{2} << bits) - 1})
      for (int i = 0; i < 10; ++i) ASSERT_LT(random.below(n), n);
  EXPECT_EQ(random.bits(0), 0U);
}

TEST(PythonRandom, RangesUpToTheWholeOfInt64) {
  constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min(),
                         kMax = std::numeric_limits<std::int64_t>::max();
  PythonRandom random(4);
  bool negative = false, positive = false;
  for (int i = 0; i < 100; ++i) {
    const std::int64_t value = random.randint(kMin, kMax);
    (value < 0 ? negative : positive) = true;
    EXPECT_GE(random.randint(kMax - 1, kMax), kMax - 1);
    const std::int64_t stepped = random.randrange(kMin, kMax, kMax);
    EXPECT_TRUE(stepped == kMin || stepped == -1 || stepped == kMax - 1) << stepped;
  }
  EXPECT_TRUE(negative && positive);
  EXPECT_THROW(random.randint(1, 0), std::invalid_argument);
  EXPECT_THROW(random.randrange(5, 5), std::invalid_argument);
  EXPECT_THROW(random.randrange(5, 6, -1), std::invalid_argument);
  EXPECT_THROW(random.randrange(5, 6, 0), std::invalid_argument);
  EXPECT_THROW(random.randrange(std::uint64_t{0}), std::invalid_argument);
}

TEST(PythonRandom, RefusesToDrawFromNothing) {
  PythonRandom random(5);
  std::vector<int> nothing;
  EXPECT_THROW(random.choice(nothing), std::invalid_argument);
  EXPECT_NO_THROW(random.shuffle(nothing));
  EXPECT_THROW(random.sample(3, 4), std::invalid_argument);
  EXPECT_THROW(random.choices(0, 1), std::invalid_argument);
  const std::vector<double> zero = {0, 0}, infinite = {1, HUGE_VAL};
  EXPECT_THROW(random.choices(std::span<const double>(zero), 1), std::invalid_argument);
  EXPECT_THROW(random.choices(std::span<const double>(infinite), 1), std::invalid_argument);
  EXPECT_THROW(random.gammavariate(0, 1), std::invalid_argument);
  EXPECT_THROW(random.binomialvariate(-1, 0.5), std::invalid_argument);
  EXPECT_EQ(random.sample(0, 0), std::vector<std::size_t>{});
}

TEST(PythonRandom, SamplesAreDistinctOnBothWays) {
  PythonRandom random(6);
  for (const auto& [n, k] : {std::pair<std::size_t, std::size_t>{30, 30}, {1000, 20}, {100000, 3000}}) {
    const auto drawn = random.sample(n, k);
    EXPECT_EQ(std::set<std::size_t>(drawn.begin(), drawn.end()).size(), k);
    EXPECT_LT(*std::max_element(drawn.begin(), drawn.end()), n);
  }
}

TEST(NumpyLegacyRandom, GoesOnFromAStateWithASpareValue) {
  NumpyLegacyRandom random(1);
  random.normal();
  const NumpyLegacyRandom::State state = random.state();
  const double next = random.normal(), after = random.normal();
  NumpyLegacyRandom other(2);
  other.restore(state);
  EXPECT_EQ(other.normal(), next);
  EXPECT_EQ(other.normal(), after);
  EXPECT_EQ(NumpyLegacyRandom(state).state(), state);
}

TEST(NumpyLegacyRandom, RefusesToDrawFromNothing) {
  NumpyLegacyRandom random(2);
  EXPECT_THROW(random.randint(0, 0), std::invalid_argument);
  EXPECT_THROW(random.choice(0), std::invalid_argument);
  EXPECT_THROW(random.choice_without_replacement(3, 4), std::invalid_argument);
  EXPECT_THROW(random.choice_without_replacement(std::vector<double>{0.5, 0.5, 0.0}, 3), std::invalid_argument);
  EXPECT_LE(random.interval(std::numeric_limits<std::uint64_t>::max()), std::numeric_limits<std::uint64_t>::max());
}

TEST(Streams, DependOnSeedPurposeAndEntityAlone) {
  std::set<std::uint64_t> first;
  for (std::uint64_t seed = 0; seed < 20; ++seed)
    for (const char* purpose : {"service", "arrivals", ""})
      for (std::uint64_t entity = 0; entity < 20; ++entity) {
        Stream stream = Streams(seed).stream(purpose, entity);
        const std::uint64_t word = stream.next();
        Streams again(seed);
        again.stream("another consumer").next();
        EXPECT_EQ(again.stream(purpose, entity).next(), word);
        first.insert(word);
      }
  EXPECT_EQ(first.size(), 20U * 3 * 20);
}

TEST(Streams, NeighboursAreNotCorrelated) {
  Mean product;  // of centred uniforms: standard deviation 1/12 each
  for (std::uint64_t entity = 0; entity < 20000; ++entity) {
    Stream a = Streams(9).stream("x", entity), b = Streams(9).stream("x", entity + 1);
    product.add((a.uniform() - 0.5) * (b.uniform() - 0.5));
  }
  EXPECT_LT(std::abs(product.mean()), 4 * product.standard_error());
  EXPECT_NEAR(product.standard_error(), 1.0 / 12 / std::sqrt(20000.0), 2e-5);
}

// The first words of xoshiro256++ with state 1, 2, 3, 4, by hand: rotl(s0 + s3, 23) + s0 and the update rule.
TEST(Stream, IsXoshiro256PlusPlus) {
  Stream stream({1, 2, 3, 4});
  EXPECT_EQ(stream.next(), (std::uint64_t{5} << 23) + 1);
  EXPECT_EQ(stream.next(), 58720359U);  // (7 + 6 * 2^45) turned by 23, plus 7
}

TEST(Stream, DistributionsHaveTheirMomentsAndLimits) {
  constexpr int kDraws = 200000;
  Stream stream = Streams(11).stream("moments");
  Mean uniform, exponential, normal, normal_square, dice, coin;
  for (int i = 0; i < kDraws; ++i) {
    const double u = stream.uniform();
    ASSERT_TRUE(u >= 0.0 && u < 1.0);
    uniform.add(u);
    exponential.add(stream.exponential(3.0));
    const double z = stream.normal(2.0, 5.0);
    normal.add(z);
    normal_square.add((z - 2.0) * (z - 2.0));
    const std::uint64_t d = stream.below(6);
    ASSERT_LT(d, 6U);
    dice.add(static_cast<double>(d));
    coin.add(stream.bernoulli(0.3) ? 1.0 : 0.0);
  }
  const auto expect = [](const Mean& sample, double mean, double deviation) {
    EXPECT_NEAR(sample.mean(), mean, 4 * sample.standard_error());
    EXPECT_NEAR(std::sqrt(sample.variance()), deviation, 0.02 * deviation);
  };
  expect(uniform, 0.5, std::sqrt(1.0 / 12));
  expect(exponential, 3.0, 3.0);
  expect(normal, 2.0, 5.0);
  expect(normal_square, 25.0, 25.0 * std::sqrt(2.0));
  expect(dice, 2.5, std::sqrt(35.0 / 12));
  expect(coin, 0.3, std::sqrt(0.21));
  EXPECT_EQ(stream.below(1), 0U);
}

}  // namespace
}  // namespace windrow
