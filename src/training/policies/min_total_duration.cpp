// Minimum total duration (Gavel, OSDI 2020): all jobs that are here end as early as possible. The published code
// bisects the time, to 5 %, and takes any allocation that is possible within it.
#include "training/policies/linear.hpp"

namespace windrow::training {
namespace {
class MinTotalDuration final : public LinearPolicy {
 public:
  MinTotalDuration(const TrainingConfig& config, Sight sight)
      : LinearPolicy(config, sight,
                     {.objective = "time until all jobs are done",
                      .unit = "s",
                      .automatic = sight == Sight::pairs ? "vertex" : "central",
                      .comes_again = false}),
        bisects_(config.makespan_mode ? *config.makespan_mode == "bisection" : config.upstream()) {}

  void allocate(const PolicyInput& input, Allocation& out) override {
    const solve::Jobs& jobs = look_at(input);
    solve::min_total_duration(jobs, problem_);
    if (packs()) {
      const solve::PackedAllocation& packed = packed_solver(input).solve(jobs, kinds(), problem_);
      return write(input, packed, 1 / packed.alone.theta, out);
    }
    if (bisects_) {
      const solve::Horizon horizon = solve::bisect_total_duration(jobs);
      write(input, horizon.solution, horizon.seconds, out);
      explanation_.gap = 1 - horizon.exact_s / horizon.seconds;
      return;
    }
    const solve::Solution& solution = solver().solve(problem_);
    write(input, solution, 1 / solution.theta, out);
  }

 private:
  bool bisects_;
  solve::Problem problem_;
};
}  // namespace

void add_min_total_duration(PolicyRegistry& registry) {
  add_sighted<MinTotalDuration>(registry, "min_total_duration",
                                "all jobs end as early as possible, by the speed on V100s", Sight::v100);
  add_sighted<MinTotalDuration>(registry, "min_total_duration_perf",
                                "all jobs end as early as possible, by the speed on each GPU type", Sight::types);
  add_sighted<MinTotalDuration>(registry, "min_total_duration_packed",
                                "all jobs end as early as possible, where two jobs may share GPUs", Sight::pairs);
}
}  // namespace windrow::training
