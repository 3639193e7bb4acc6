// Statistics of samples and of piecewise constant functions of time.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "windrow/kernel/error.hpp"

namespace windrow {

/// Mean and spread of a sample, one pass, numerically stable (Welford 1962).
class Mean {
 public:
  void add(double value) {
    ++count_;
    const double before = value - mean_;
    mean_ += before / static_cast<double>(count_);
    squares_ += before * (value - mean_);
  }
  std::uint64_t count() const { return count_; }
  /// NaN of nothing.
  double mean() const;
  /// Unbiased; NaN of fewer than two values.
  double variance() const;
  /// Of the mean: sqrt(variance / count).
  double standard_error() const;
  /// Half the width of the two-sided t-interval for the mean; NaN of fewer than two values.
  double half_width(double level = 0.95) const;

 private:
  std::uint64_t count_ = 0;
  double mean_ = 0.0, squares_ = 0.0;
};

/// A value that changes at moments in time: busy replicas, queue length.
class TimeWeighted {
 public:
  explicit TimeWeighted(double start_s = 0.0, double value = 0.0)
      : start_s_(start_s), last_s_(start_s), value_(value) {}

  void set(double now_s, double value) {
    WINDROW_CHECK(now_s >= last_s_, "time goes back from {} s to {} s", last_s_, now_s);
    integral_ += value_ * (now_s - last_s_);
    last_s_ = now_s;
    value_ = value;
  }
  void add(double now_s, double change) { set(now_s, value_ + change); }
  double value() const { return value_; }
  /// Value times seconds from the start to `end_s`, which must not lie before the last change.
  double integral_until(double end_s) const;
  /// NaN of no time at all.
  double mean_until(double end_s) const;

 private:
  double start_s_, last_s_, value_, integral_ = 0.0;
};

/// Quantile of ascending values by linear interpolation between the two nearest, digit for digit numpy's default
/// (type 7 of Hyndman and Fan 1996). `q` in 0 .. 1. NaN of nothing.
double quantile_of_sorted(std::span<const double> ascending, double q);
/// The same of values in any order, none of them NaN. O(n).
double quantile(std::vector<double> values, double q);

/// Sum in the order of numpy's `sum` and `mean` over contiguous doubles: digit for digit theirs, and with an error that
/// grows with log n only. Fewer than 8 values in sequence; up to 128 in eight interleaved sums; more by halves rounded
/// down to a multiple of 8.
double pairwise_sum(std::span<const double> values);
/// numpy's `mean`. NaN of nothing.
double pairwise_mean(std::span<const double> values);

/// t with P(T <= t) = p for Student's distribution, 0 < p < 1, `degrees` of freedom above 0. Relative error below 1e-9.
double student_t_quantile(double p, double degrees);

}  // namespace windrow
