#include "windrow/kernel/stats.hpp"

#include <math.h>

#include <algorithm>
#include <cmath>

namespace windrow {
namespace {

constexpr double kUndefined = std::numeric_limits<double>::quiet_NaN();

/// numpy's interpolation: from the nearer end, so that it is exact and monotonic at both.
double between(double low, double high, double part) {
  const double gap = high - low;
  return part >= 0.5 ? high - gap * (1.0 - part) : low + gap * part;
}

/// Where a quantile lies among n ascending values.
struct Place {
  std::size_t index;
  double part;
};
Place place(std::size_t n, double q) {
  WINDROW_CHECK(q >= 0.0 && q <= 1.0, "quantile {} is not within 0 .. 1", q);
  const double position = q * static_cast<double>(n - 1), index = std::floor(position);
  return {static_cast<std::size_t>(index), position - index};
}

double log_gamma(double x) {
  int sign = 0;
  return lgamma_r(x, &sign);  // std::lgamma writes to a global
}

/// Continued fraction of the incomplete beta function (DLMF 8.17.22), by Lentz's method. Converges fast for
/// x < (a + 1) / (a + b + 2).
double beta_fraction(double a, double b, double x) {
  constexpr double kTiny = 1e-300;
  const auto away_from_zero = [](double value) { return std::abs(value) < kTiny ? kTiny : value; };
  double c = 1.0, d = 1.0 / away_from_zero(1.0 - (a + b) * x / (a + 1.0)), result = d;
  for (int m = 1; m <= 100000; ++m) {
    const double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1.0 / away_from_zero(1.0 + even * d);
    c = away_from_zero(1.0 + even / c);
    result *= d * c;
    const double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1.0 / away_from_zero(1.0 + odd * d);
    c = away_from_zero(1.0 + odd / c);
    result *= d * c;
    if (std::abs(d * c - 1.0) < 1e-15) break;
  }
  return result;
}

/// Regularised incomplete beta function I_x(a, b); `y` is 1 - x, given apart because it may be tiny.
double incomplete_beta(double a, double b, double x, double y) {
  if (x <= 0.0) return 0.0;
  if (y <= 0.0) return 1.0;
  const double front = std::exp(a * std::log(x) + b * std::log(y) + log_gamma(a + b) - log_gamma(a) - log_gamma(b));
  if (x < (a + 1.0) / (a + b + 2.0)) return front * beta_fraction(a, b, x) / a;
  return 1.0 - front * beta_fraction(b, a, y) / b;
}

/// P(T > t) for t >= 0.
double student_t_tail(double t, double degrees) {
  const double square = t * t, sum = degrees + square;
  return 0.5 * incomplete_beta(degrees / 2.0, 0.5, degrees / sum, square / sum);
}

}  // namespace

double Mean::mean() const {
  return count_ == 0 ? kUndefined : mean_;
}
double Mean::variance() const {
  return count_ < 2 ? kUndefined : squares_ / static_cast<double>(count_ - 1);
}
double Mean::standard_error() const {
  return std::sqrt(variance() / static_cast<double>(count_));
}
double Mean::half_width(double level) const {
  if (count_ < 2) return kUndefined;
  return student_t_quantile(0.5 + level / 2.0, static_cast<double>(count_ - 1)) * standard_error();
}

double TimeWeighted::integral_until(double end_s) const {
  WINDROW_CHECK(end_s >= last_s_, "the end at {} s lies before the last change at {} s", end_s, last_s_);
  return integral_ + value_ * (end_s - last_s_);
}
double TimeWeighted::mean_until(double end_s) const {
  return end_s > start_s_ ? integral_until(end_s) / (end_s - start_s_) : kUndefined;
}

double quantile_of_sorted(std::span<const double> ascending, double q) {
  if (ascending.empty()) return kUndefined;
  const auto [index, part] = place(ascending.size(), q);
  return between(ascending[index], ascending[std::min(index + 1, ascending.size() - 1)], part);
}

double quantile(std::vector<double> values, double q) {
  if (values.empty()) return kUndefined;
  const auto [index, part] = place(values.size(), q);
  const auto at = values.begin() + static_cast<std::ptrdiff_t>(index);
  std::nth_element(values.begin(), at, values.end());
  return between(*at, at + 1 == values.end() ? *at : *std::min_element(at + 1, values.end()), part);
}

double pairwise_sum(std::span<const double> values) {
  constexpr std::size_t kLanes = 8, kBlock = 128;
  const std::size_t n = values.size();
  if (n > kBlock) {
    const std::size_t half = n / 2 - n / 2 % kLanes;
    return pairwise_sum(values.first(half)) + pairwise_sum(values.subspan(half));
  }
  if (n < kLanes) {
    double sum = 0.0;
    for (const double value : values) sum += value;
    return sum;
  }
  double lane[kLanes];
  std::copy_n(values.begin(), kLanes, lane);
  std::size_t i = kLanes;
  for (; i + kLanes <= n; i += kLanes)
    for (std::size_t j = 0; j < kLanes; ++j) lane[j] += values[i + j];
  double sum = ((lane[0] + lane[1]) + (lane[2] + lane[3])) + ((lane[4] + lane[5]) + (lane[6] + lane[7]));
  for (; i < n; ++i) sum += values[i];
  return sum;
}

double pairwise_mean(std::span<const double> values) {
  return values.empty() ? kUndefined : pairwise_sum(values) / static_cast<double>(values.size());
}

double student_t_quantile(double p, double degrees) {
  WINDROW_CHECK(p > 0.0 && p < 1.0 && degrees > 0.0, "no t-quantile for p {} and {} degrees of freedom", p, degrees);
  if (p == 0.5) return 0.0;
  if (p < 0.5) return -student_t_quantile(1.0 - p, degrees);
  const double tail = 1.0 - p;
  double low = 0.0, high = 1.0;
  while (student_t_tail(high, degrees) > tail) low = high, high *= 2.0;
  // Bisection to the last digit: slower than Newton's method, but it cannot go astray, and intervals are few.
  for (;;) {
    const double middle = low + (high - low) / 2.0;
    if (middle <= low || middle >= high) return middle;
    (student_t_tail(middle, degrees) > tail ? low : high) = middle;
  }
}

}  // namespace windrow
