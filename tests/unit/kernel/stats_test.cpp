#include "windrow/kernel/stats.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include "windrow/kernel/random.hpp"

namespace windrow {
namespace {

TEST(Mean, OfAFewValues) {
  Mean mean;
  EXPECT_TRUE(std::isnan(mean.mean()));
  mean.add(3);
  EXPECT_EQ(mean.mean(), 3);
  EXPECT_TRUE(std::isnan(mean.variance()) && std::isnan(mean.standard_error()) && std::isnan(mean.half_width()));
  mean.add(5);
  mean.add(10);
  EXPECT_EQ(mean.count(), 3U);
  EXPECT_DOUBLE_EQ(mean.mean(), 6);
  EXPECT_DOUBLE_EQ(mean.variance(), 13);
  EXPECT_DOUBLE_EQ(mean.standard_error(), std::sqrt(13.0 / 3));
  EXPECT_NEAR(mean.half_width(), 4.302652729911275 * std::sqrt(13.0 / 3), 1e-9);
}

TEST(Mean, KeepsItsDigitsFarFromZero) {
  Mean mean;
  for (int i = 0; i < 1000; ++i) mean.add(1e9 + (i % 2));
  EXPECT_NEAR(mean.variance(), 0.25 * 1000 / 999, 1e-9);
}

TEST(Mean, IntervalsCoverTheTruthAsOftenAsTheySay) {
  int covered = 0;
  constexpr int kTrials = 4000;
  for (std::uint64_t trial = 0; trial < kTrials; ++trial) {
    Stream stream = Streams(5).stream("trial", trial);
    Mean mean;
    for (int i = 0; i < 5; ++i) mean.add(stream.normal(1.0, 2.0));
    if (std::abs(mean.mean() - 1.0) <= mean.half_width(0.9)) ++covered;
  }
  EXPECT_NEAR(covered / static_cast<double>(kTrials), 0.9, 4 * std::sqrt(0.9 * 0.1 / kTrials));
}

TEST(TimeWeighted, IntegratesAStaircase) {
  TimeWeighted busy;
  busy.add(2, 1);
  busy.add(3, 2);
  busy.add(3, -1);
  busy.set(5, 0);
  EXPECT_EQ(busy.value(), 0);
  EXPECT_DOUBLE_EQ(busy.integral_until(10), 1 * 1 + 2 * 2);
  EXPECT_DOUBLE_EQ(busy.mean_until(10), 0.5);
  EXPECT_THROW(busy.set(4, 1), InvariantError);
  EXPECT_THROW(busy.mean_until(4), InvariantError);
}

TEST(TimeWeighted, BeginsWhenToldTo) {
  TimeWeighted queue(10, 3);
  EXPECT_TRUE(std::isnan(queue.mean_until(10)));
  EXPECT_DOUBLE_EQ(queue.mean_until(14), 3);
}

TEST(Quantile, InterpolatesBetweenNeighbours) {
  const std::vector<double> values = {1, 2, 4, 8};
  EXPECT_EQ(quantile(values, 0), 1);
  EXPECT_EQ(quantile(values, 1), 8);
  EXPECT_EQ(quantile(values, 0.5), 3);
  EXPECT_DOUBLE_EQ(quantile(values, 0.9), 6.8);
  EXPECT_DOUBLE_EQ(quantile(values, 0.25), 1.75);
  EXPECT_EQ(quantile({7}, 0.3), 7);
  EXPECT_TRUE(std::isnan(quantile({}, 0.5)));
  EXPECT_THROW(quantile(values, 1.01), InvariantError);
  EXPECT_THROW(quantile(values, std::nan("")), InvariantError);
}

TEST(Quantile, SelectionAgreesWithSorting) {
  Stream stream = Streams(3).stream("quantile");
  for (std::size_t n = 1; n < 60; ++n) {
    std::vector<double> values(n);
    for (double& value : values) value = static_cast<double>(stream.below(20)) / 7;
    std::vector<double> sorted = values;
    std::sort(sorted.begin(), sorted.end());
    double before = sorted.front();
    for (int percent = 0; percent <= 100; ++percent) {
      const double q = quantile(values, percent / 100.0);
      EXPECT_EQ(q, quantile_of_sorted(sorted, percent / 100.0));
      EXPECT_GE(q, before);
      before = q;
    }
  }
}

/// The order of additions, written out anew: which partial sums exist decides the last digits.
double sum_by_definition(const double* values, std::size_t n) {
  if (n < 8) return std::accumulate(values, values + n, 0.0);
  if (n <= 128) {
    double lanes[8] = {};
    const std::size_t whole = n / 8 * 8;
    for (std::size_t i = 0; i < whole; ++i) lanes[i % 8] = i < 8 ? values[i] : lanes[i % 8] + values[i];
    double sum = ((lanes[0] + lanes[1]) + (lanes[2] + lanes[3])) + ((lanes[4] + lanes[5]) + (lanes[6] + lanes[7]));
    for (std::size_t i = whole; i < n; ++i) sum += values[i];
    return sum;
  }
  const std::size_t half = n / 2 / 8 * 8;
  return sum_by_definition(values, half) + sum_by_definition(values + half, n - half);
}

TEST(PairwiseSum, AddsInNumpysOrder) {
  Stream stream = Streams(4).stream("sum");
  bool differs = false;
  for (std::size_t n = 0; n < 1200; ++n) {
    std::vector<double> values(n);
    for (double& value : values) value = stream.exponential(1000.0);
    EXPECT_EQ(pairwise_sum(values), sum_by_definition(values.data(), n)) << n;
    differs = differs || pairwise_sum(values) != std::accumulate(values.begin(), values.end(), 0.0);
  }
  EXPECT_TRUE(differs) << "the order must matter for some of them";
}

TEST(PairwiseSum, OfEightEqualValuesIsExact) {
  EXPECT_EQ(pairwise_sum(std::vector<double>(8, 0.1)), 0.8);  // in sequence it is 0.7999999999999999
  EXPECT_EQ(pairwise_mean(std::vector<double>(8, 0.1)), 0.1);
  EXPECT_TRUE(std::isnan(pairwise_mean({})));
}

TEST(StudentT, ClosedFormsOfOneAndTwoDegrees) {
  for (const double p : {0.501, 0.6, 0.75, 0.9, 0.975, 0.995, 0.9999}) {
    const double one = std::tan(std::numbers::pi * (p - 0.5)), two = (2 * p - 1) / std::sqrt(2 * p * (1 - p));
    EXPECT_NEAR(student_t_quantile(p, 1), one, 1e-9 * one) << p;
    EXPECT_NEAR(student_t_quantile(p, 2), two, 1e-9 * two) << p;
    EXPECT_NEAR(student_t_quantile(1 - p, 2), -two, 1e-9 * two) << p;
  }
  EXPECT_EQ(student_t_quantile(0.5, 3), 0);
}

TEST(StudentT, PublishedTable) {  // of 97.5 %, to the digits printed
  EXPECT_NEAR(student_t_quantile(0.975, 5), 2.571, 5e-4);
  EXPECT_NEAR(student_t_quantile(0.975, 10), 2.228, 5e-4);
  EXPECT_NEAR(student_t_quantile(0.975, 30), 2.042, 5e-4);
  EXPECT_NEAR(student_t_quantile(0.995, 10), 3.169, 5e-4);
  EXPECT_NEAR(student_t_quantile(0.975, 1e6), 1.959964, 1e-5);
  EXPECT_THROW(student_t_quantile(1.0, 3), InvariantError);
  EXPECT_THROW(student_t_quantile(0.9, 0), InvariantError);
}

}  // namespace
}  // namespace windrow
