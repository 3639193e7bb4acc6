// What a spot instance costs at a moment.
#pragma once

#include <vector>

#include "spot/model.hpp"

namespace windrow::spot {

/// The price over time: constant between its changes.
class PricePath {
 public:
  explicit PricePath(double usd_per_h) : steps_{{0, usd_per_h}} {}
  /// As `price` says, up to `end`: a mean-reverting log price is drawn every five minutes.
  static PricePath of(const SpotConfig& config, Ms end);

  double at(Ms time) const;
  /// Usd for one instance from `begin` to `end`.
  double cost(Ms begin, Ms end) const;
  bool is_constant() const { return steps_.size() == 1; }
  struct Step {
    Ms time;
    double usd_per_h;
  };
  const std::vector<Step>& steps() const { return steps_; }

 private:
  PricePath() = default;
  std::size_t index(Ms time) const;
  std::vector<Step> steps_;  ///< ascending, the first at 0
};

}  // namespace windrow::spot
