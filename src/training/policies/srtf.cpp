// Shortest remaining time first (Schrage 1968), extended with a choice of GPU type: the remaining time is that on a
// job's fastest type. O(J log J + J T). Preempts freely; a job that fits on no free type is passed over.
#include "training/policies/free_gpus.hpp"

namespace windrow::training {
namespace {
class Srtf final : public Policy {
 public:
  void allocate(const PolicyInput& input, Allocation& out) override {
    queue_.clear();
    for (std::size_t j = 0; j < input.jobs.size(); ++j)
      queue_.emplace_back(input.jobs[j].steps_left / fastest_steps_per_s(input.jobs[j]), j);
    std::sort(queue_.begin(), queue_.end());
    FreeGpus free(input.cluster);
    for (const auto& [_, j] : queue_)
      if (const auto type = free.fastest_for(input.jobs[j])) free.give(input.jobs[j], *type, out[j]);
  }

 private:
  std::vector<std::pair<double, std::size_t>> queue_;  // (remaining time, job): the older job wins a tie
};
}  // namespace

void add_srtf(PolicyRegistry& registry) {
  registry.add<Srtf>("srtf", "shortest remaining time first, each job on its fastest free GPU type", {},
                     "Schrage (1968)");
}
}  // namespace windrow::training
