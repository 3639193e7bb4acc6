// Least attained service in two queues, after Tiresias (NSDI 2019): jobs that have had less GPU time than a threshold
// go before those that have had more; within a queue the older goes first. Knows neither the jobs' durations nor GPU
// types apart. O(J log J + J T).
#include "training/policies/free_gpus.hpp"
#include "windrow/training/config.hpp"

namespace windrow::training {
namespace {
class LeastAttainedService final : public Policy {
 public:
  explicit LeastAttainedService(const TrainingConfig& config) : threshold_gpu_s_(config.las.threshold_gpu_s) {}

  void allocate(const PolicyInput& input, Allocation& out) override {
    FreeGpus free(input.cluster);
    for (const bool served : {false, true})
      for (std::size_t j = 0; j < input.jobs.size(); ++j) {
        const JobView& job = input.jobs[j];
        if ((job.attained_gpu_s >= threshold_gpu_s_) != served) continue;
        if (const auto type = free.emptiest_for(job)) free.give(job, *type, out[j]);
      }
  }

 private:
  double threshold_gpu_s_;
};
}  // namespace

void add_las(PolicyRegistry& registry) {
  registry.add<LeastAttainedService>(
      "las", "least attained service in two queues (Tiresias-like), first in first out in each, blind to GPU types",
      {.shuffles_types = true, .changes_its_mind = true}, "Tiresias (NSDI 2019)");
}
}  // namespace windrow::training
