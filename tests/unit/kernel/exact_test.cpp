#include "windrow/kernel/exact.hpp"

#include <gtest/gtest.h>

namespace windrow {
namespace {

TEST(Exact, MeanMedianAndDeviationAreThoseOfPython) {
  EXPECT_EQ(exact_mean({1, 2, 4}), 7.0 / 3);
  EXPECT_EQ(exact_median({5, 1, 3}), 3);
  EXPECT_EQ(exact_median({4, 1, 3, 2}), 2.5);
  EXPECT_EQ(exact_deviation({1, 2, 3, 4}), 1.2909944487358056);
  EXPECT_EQ(exact_deviation({3, 3, 3}), 0);
  // statistics.stdev of CPython 3.11; the root of the rounded fraction is one digit off in the first.
  EXPECT_EQ(exact_deviation({3, 1, 2, 2, 1, 9, 5, 1}), 2.7774602993176543);
  EXPECT_EQ(exact_deviation({86400000, 12345678, 999, 43200000}), 38498489.09780791);
}

TEST(Exact, OfNothingIsZero) {
  EXPECT_EQ(exact_mean({}), 0);
  EXPECT_EQ(exact_median({}), 0);
  EXPECT_EQ(exact_deviation({7}), 0);
}

}  // namespace
}  // namespace windrow
