// Handing out whole GPUs one job after the other: what policies have in common that rank jobs.
#pragma once

#include <algorithm>
#include <array>
#include <optional>

#include "windrow/training/policy.hpp"

namespace windrow::training {

class FreeGpus {
 public:
  explicit FreeGpus(const Cluster& cluster) : types_(cluster.types()) {
    std::copy(cluster.gpus.begin(), cluster.gpus.end(), left_.begin());
  }

  /// The type on which the job is fastest among those that have its GPUs left; the alphabetically first of equals.
  std::optional<std::size_t> fastest_for(const JobView& job) const {
    std::optional<std::size_t> best;
    for (std::size_t w = 0; w < types_; ++w)
      if (fits(job, w) && (!best || job.steps_per_s[w] > job.steps_per_s[*best])) best = w;
    return best;
  }
  /// The type with the most GPUs left among those on which the job fits and runs; the alphabetically first of equals.
  std::optional<std::size_t> emptiest_for(const JobView& job) const {
    std::optional<std::size_t> best;
    for (std::size_t w = 0; w < types_; ++w)
      if (fits(job, w) && (!best || left_[w] > left_[*best])) best = w;
    return best;
  }
  /// Gives the job all of its time on a type.
  void give(const JobView& job, std::size_t type, PerType& share) {
    left_[type] -= job.gpus;
    share[type] = 1.0;
  }

 private:
  bool fits(const JobView& job, std::size_t w) const { return job.gpus <= left_[w] && job.steps_per_s[w] > 0; }

  std::size_t types_;
  std::array<int, kMaxGpuTypes> left_{};
};

inline double fastest_steps_per_s(const JobView& job) {
  return *std::max_element(job.steps_per_s.begin(), job.steps_per_s.end());
}

}  // namespace windrow::training
