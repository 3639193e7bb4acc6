// The equal split of a cluster over claimants.
#pragma once

#include <algorithm>

#include "windrow/training/policy.hpp"

namespace windrow::training {

/// Share of time on each type of one of `claimants` that wants `gpus` GPUs at once. Rows that exceed the whole time are
/// scaled down to it.
inline PerType equal_share(const Cluster& cluster, std::size_t claimants, int gpus) {
  PerType share{};
  double sum = 0;
  for (std::size_t w = 0; w < cluster.types(); ++w) {
    share[w] = (static_cast<double>(cluster.gpus[w]) / static_cast<double>(claimants)) / static_cast<double>(gpus);
    sum += share[w];
  }
  for (std::size_t w = 0; w < cluster.types(); ++w) share[w] /= std::max(1.0, sum);
  return share;
}

}  // namespace windrow::training
