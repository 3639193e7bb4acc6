#include "windrow/sweep/rules.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "windrow/kernel/stats.hpp"

namespace windrow::sweep {
namespace {

constexpr double kConfidence = 0.95;

/// Half width over mean; NaN of fewer than two values, infinite around a mean of 0.
double relative_ci(const Mean& mean) {
  const double half_width = mean.half_width(kConfidence);
  return half_width == 0 ? 0 : half_width / std::abs(mean.mean());
}

/// The smallest number of values above mean.count() that would give the interval if their variance were as it is now;
/// `most` if there is none up to it.
std::size_t enough(const Mean& mean, double wanted, std::size_t most) {
  const double deviation = std::sqrt(mean.variance()), bound = wanted * std::abs(mean.mean());
  for (std::size_t n = mean.count() + 1; n < most; ++n) {
    const auto count = static_cast<double>(n);
    if (student_t_quantile(0.5 + kConfidence / 2, count - 1) * deviation / std::sqrt(count) <= bound) return n;
  }
  return most;
}

}  // namespace

SeedsAsked ask_seeds(const ReplicateRule& rule, std::span<const Known> seeds) {
  SeedsAsked asked;
  asked.relative_ci = std::numeric_limits<double>::quiet_NaN();
  const std::size_t most = std::min(rule.most, seeds.size());
  Mean mean;
  for (asked.count = std::min(rule.first, most);;) {
    mean = Mean();
    bool saturated = false;
    for (const Known& seed : seeds.first(asked.count)) {
      if (seed.state == Known::State::nothing) return asked;
      saturated = saturated || seed.state == Known::State::saturated;
      if (seed.state == Known::State::ok && !std::isnan(seed.value)) mean.add(seed.value);
    }
    const double reached = relative_ci(mean);
    if (saturated || reached <= rule.relative_ci || asked.count == most) {
      asked.settled = true;
      asked.relative_ci = reached;
      return asked;
    }
    const std::size_t values = mean.count();
    const std::size_t wanted = values < 2 ? values + 1 : enough(mean, rule.relative_ci, 2 * values);
    asked.count = std::min(asked.count + (wanted - values), most);
  }
}

ValuesAsked bisect(std::size_t values, const std::function<Verdict(std::size_t)>& verdict) {
  ValuesAsked asked;
  std::size_t low = 0, high = values + 1;  // one more than the value: 0 and values + 1 stand for what lies outside
  while (high - low > 1) {
    const std::size_t middle = (low + high) / 2;
    asked.values.push_back(middle - 1);
    const Verdict now = verdict(middle - 1);
    if (now == Verdict::unknown) return asked;
    (now == Verdict::low ? low : high) = middle;
  }
  asked.settled = true;
  if (low > 0) asked.found = low - 1;
  return asked;
}

ValuesAsked ascend(std::size_t values, const std::function<Verdict(std::size_t)>& verdict) {
  ValuesAsked asked;
  for (std::size_t value = 0; value < values; ++value) {
    asked.values.push_back(value);
    const Verdict now = verdict(value);
    if (now == Verdict::unknown) return asked;
    if (now == Verdict::low) continue;
    asked.found = value;
    break;
  }
  asked.settled = true;
  return asked;
}

}  // namespace windrow::sweep
