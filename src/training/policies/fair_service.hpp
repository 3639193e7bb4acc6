// How long jobs would have run so far on a fair share: 1/n of the cluster for each of n jobs, whoever was there at the
// time. What finish times are compared with.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "windrow/training/policy.hpp"

namespace windrow::training {

class FairService {
 public:
  /// Credits the steps since the last call at the fair rates of then, and remembers those of now. `fair_rate`: steps/s
  /// of each job on its fair share, 0: none. The result, time on a fair share since a job came, is valid until the next
  /// call.
  const std::vector<double>& update(std::span<const JobView> jobs, const std::vector<double>& fair_rate) {
    next_.clear();
    served_s_.clear();
    std::size_t before = 0;
    for (std::size_t j = 0; j < jobs.size(); ++j) {
      while (before < known_.size() && known_[before].id < jobs[j].id) ++before;
      double served_s = 0;
      if (before < known_.size() && known_[before].id == jobs[j].id) {
        const Known& last = known_[before];
        served_s = last.served_s + (last.fair_rate > 0 ? (last.steps_left - jobs[j].steps_left) / last.fair_rate : 0);
      }
      next_.push_back({jobs[j].id, served_s, jobs[j].steps_left, fair_rate[j]});
      served_s_.push_back(served_s);
    }
    known_.swap(next_);
    return served_s_;
  }

 private:
  struct Known {
    std::int64_t id;
    double served_s;
    double steps_left, fair_rate;  // at the last call
  };
  std::vector<Known> known_, next_;  // by id
  std::vector<double> served_s_;
};

}  // namespace windrow::training
