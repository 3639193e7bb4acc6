// Rules by which a sweep decides, from what it has found so far, which of its points to run: `replicate`, `knee` and
// `until`. Pure functions of results: the same results ask for the same points, in whatever order they came.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace windrow::sweep {

/// Seeds are added to a cell until the interval for its mean is tight enough.
struct ReplicateRule {
  std::size_t metric = 0;     ///< in Description::metrics
  double relative_ci = 0.05;  ///< half width of the 95 % t-interval over the mean
  std::size_t first = 2;      ///< seeds that every cell gets
  std::size_t most = 2;       ///< seeds that no cell gets more of
};

/// Looks for the highest value of an axis at which the mean of a metric meets a target.
struct KneeRule {
  std::size_t axis = 0;
  std::size_t metric = 0;  ///< in Description::metrics
  std::optional<double> at_most, at_least;

  bool meets(double mean) const { return (!at_most || mean <= *at_most) && (!at_least || mean >= *at_least); }
};

/// Goes up an axis until the points of a cell are saturated.
struct UntilRule {
  std::size_t axis = 0;
  bool any_seed = false;  ///< one saturated seed is enough; otherwise all that did not fail must be
};

/// `knee` and `until` exclude each other.
struct Rules {
  std::optional<ReplicateRule> replicate;
  std::optional<KneeRule> knee;
  std::optional<UntilRule> until;
  bool any() const { return replicate || knee || until; }
};

/// What is known of one point.
struct Known {
  enum class State : unsigned char { nothing, ok, saturated, failed };
  State state = State::nothing;
  double value = 0;  ///< of the metric that the rule looks at; NaN if it is undefined
};

/// How many of a cell's seeds are asked for: always the first ones.
struct SeedsAsked {
  std::size_t count = 0;
  bool settled = false;    ///< all of them are known, and no more will be asked for
  double relative_ci = 0;  ///< of what is known when settled; NaN if there is none
};

/// `seeds`: of one cell, in the order of the axis. From what is known of the first `rule.first` ones to more of them:
/// as many as would be enough if their spread stayed what it is, at most twice as many as there are. Stops where the
/// interval is tight, where there are no more, and at the first saturated seed: beyond saturation a mean says nothing.
/// Failed seeds and undefined values do not count for the interval.
SeedsAsked ask_seeds(const ReplicateRule& rule, std::span<const Known> seeds);

enum class Verdict : unsigned char {
  unknown,
  low,   ///< meets the target; is not saturated
  high,  ///< does not meet it; is saturated
};

/// What is wanted of a line of cells that differ by their value on one axis, in ascending order.
struct ValuesAsked {
  std::vector<std::size_t> values;  ///< in the order in which they were asked for
  bool settled = false;
  /// When settled: the last value that is low, or the first that is high; none if there is no such value.
  std::optional<std::size_t> found;
};

/// Bisection: halves the range between values known (or supposed) to be low and high until they are neighbours. Takes
/// it that low values lie below high ones, which are not looked at all. `found`: the last low one.
ValuesAsked bisect(std::size_t values, const std::function<Verdict(std::size_t)>& verdict);
/// One value after the other, up to the first that is high. `found`: that one.
ValuesAsked ascend(std::size_t values, const std::function<Verdict(std::size_t)>& verdict);

}  // namespace windrow::sweep
