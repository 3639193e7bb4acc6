// Max-min fairness, or least attained service over heterogeneous GPUs (Gavel, OSDI 2020): the allocation that maximises
// the smallest throughput, in units of what a job has on the same part of every GPU type, weighted by GPUs over
// priority.
#include "training/policies/linear.hpp"

namespace windrow::training {
namespace {
class MaxMinFairness final : public LinearPolicy {
 public:
  MaxMinFairness(const TrainingConfig& config, Sight sight)
      : LinearPolicy(config, sight, {.objective = "smallest normalised throughput", .unit = "1"}) {}

  void allocate(const PolicyInput& input, Allocation& out) override {
    const solve::Jobs& jobs = look_at(input);
    solve::max_min_fairness(jobs, problem_);
    if (packs()) {
      const solve::PackedAllocation& packed = packed_solver(input).solve(jobs, kinds(), problem_);
      return write(input, packed, packed.alone.theta, out);
    }
    const solve::Solution& solution = solver().solve(problem_);
    write(input, solution, solution.theta, out);
  }

 private:
  solve::Problem problem_;
};
}  // namespace

void add_max_min_fairness(PolicyRegistry& registry) {
  add_sighted<MaxMinFairness>(registry, "max_min_fairness", "the least served job gets the most, blind to GPU types",
                              Sight::blind);
  add_sighted<MaxMinFairness>(registry, "max_min_fairness_perf",
                              "the least served job gets the most, by its speed on each GPU type", Sight::types);
  add_sighted<MaxMinFairness>(registry, "max_min_fairness_packed",
                              "the least served job gets the most, where two jobs may share GPUs", Sight::pairs);
}
}  // namespace windrow::training
