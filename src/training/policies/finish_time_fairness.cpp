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
      : LinearPolicy(config, sight, "largest finish-time ratio", "1", sight == Sight::pairs ? "vertex" : "central") {}

  void allocate(const PolicyInput& input, Allocation& out) override {
    solve::Jobs& jobs = look_at(input);
    const std::vector<double>& served_s = fair_.update(input.jobs, solve::isolated_rate(jobs));
    jobs.served_s.assign(served_s.begin(), served_s.end());
    if (packs()) {
      // As published, a priority divides a packed job's rates, but not its fair share; the other two do not look at it.
      solve::FinishTimes times = solve::finish_times(jobs);
      for (std::size_t i = 0; i < times.region.rate.size(); ++i)
        times.region.rate[i] /= jobs.priority[i / input.cluster.types()];
      const solve::PackedAllocation& packed = packed_solver(input).finish_time_fairness(jobs, kinds(), times);
      return write(input, packed, packed.rho, out);
    }
    const solve::FinishTimeSolution& fair = solver().finish_time_fairness(solve::finish_times(jobs));
    write(input, fair.solution, fair.rho, out);
  }

 private:
  FairService fair_;
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
