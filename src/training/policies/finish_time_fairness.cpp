// Finish-time fairness (Themis, NSDI 2020; Gavel, OSDI 2020): the allocation that minimises the largest ratio rho of a
// job's finish time to the one on 1/n of the cluster. What a job would have had on that share so far is kept from call
// to call.
#include "training/policies/fair_service.hpp"
#include "training/policies/linear.hpp"

namespace windrow::training {
namespace {
class FinishTimeFairness final : public LinearPolicy {
 public:
  FinishTimeFairness(const TrainingConfig& config, Sight sight)
      : LinearPolicy(config, sight,
                     {.objective = "largest finish-time ratio",
                      .unit = "1",
                      .automatic = sight == Sight::pairs ? "vertex" : "central",
                      .comes_again = false}) {}

  void allocate(const PolicyInput& input, Allocation& out) override {
    solve::Jobs& jobs = look_at(input);
    solve::isolated_rate(jobs, fair_rate_);
    const std::vector<double>& served_s = fair_.update(input.jobs, fair_rate_);
    jobs.served_s.assign(served_s.begin(), served_s.end());
    if (packs()) {
      // As published, a priority divides a packed job's rates, but not its fair share; the other two do not look at it.
      solve::finish_times(jobs, times_);
      for (std::size_t i = 0; i < times_.region.rate.size(); ++i)
        times_.region.rate[i] /= jobs.priority[i / input.cluster.types()];
      const solve::PackedAllocation& packed = packed_solver(input).finish_time_fairness(jobs, kinds(), times_);
      return write(input, packed, packed.rho, out);
    }
    solve::finish_times(jobs, times_);
    const solve::FinishTimeSolution& fair = solver().finish_time_fairness(times_);
    write(input, fair.solution, fair.rho, out);
  }

 private:
  FairService fair_;
  std::vector<double> fair_rate_;
  solve::FinishTimes times_;
};
}  // namespace

void add_finish_time_fairness(PolicyRegistry& registry) {
  add_sighted<FinishTimeFairness>(registry, "finish_time_fairness",
                                  "the worst finish time relative to a 1/n share is best, by the speed on V100s",
                                  Sight::v100);
  add_sighted<FinishTimeFairness>(
      registry, "finish_time_fairness_perf",
      "the worst finish time relative to a 1/n share is best, by the speed on each GPU type", Sight::types);
  add_sighted<FinishTimeFairness>(
      registry, "finish_time_fairness_packed",
      "the worst finish time relative to a 1/n share is best, where two jobs may share GPUs", Sight::pairs);
}
}  // namespace windrow::training
