// Maximum sum of throughputs (Gavel, OSDI 2020): steps per second of all jobs, whatever a step is; or steps per US
// dollar; or the latter while every deadline is met that can be.
#include "training/policies/linear.hpp"

namespace windrow::training {
namespace {

enum class Counts { steps, steps_per_usd };
enum class Deadlines { ignored, kept };

class MaxSumThroughput final : public LinearPolicy {
 public:
  MaxSumThroughput(const TrainingConfig& config, Sight sight, Counts counts, Deadlines deadlines)
      : LinearPolicy(config, sight,
                     {.objective = counts == Counts::steps ? "sum of throughputs" : "sum of steps per cost",
                      .unit = counts == Counts::steps ? "steps/s" : "steps/s per usd/h",
                      .comes_again = deadlines == Deadlines::ignored}),
        counts_(counts),
        deadlines_(deadlines) {}

  void allocate(const PolicyInput& input, Allocation& out) override {
    price_.clear();
    seconds_left_.clear();
    if (counts_ == Counts::steps_per_usd)
      price_.assign(input.price_usd_per_h.begin(),
                    input.price_usd_per_h.begin() + static_cast<std::ptrdiff_t>(input.cluster.types()));
    if (deadlines_ == Deadlines::kept)
      for (const JobView& job : input.jobs) seconds_left_.push_back(job.deadline_left_s);
    const solve::Jobs& jobs = look_at(input);
    solve::max_sum_throughput(jobs, price_, seconds_left_, problem_);
    if (packs()) {
      const solve::PackedAllocation& packed = packed_solver(input).solve_sum(jobs, kinds(), problem_);
      return write(input, packed, packed.alone.objective, out);
    }
    const solve::SumSolution& sum = solver().solve_sum(problem_);
    write(input, sum.solution, sum.solution.objective, out);
    explanation_.floors_dropped = sum.floors_dropped;
  }

 private:
  Counts counts_;
  Deadlines deadlines_;
  std::vector<double> price_, seconds_left_;
  solve::Problem problem_;
};

void add(PolicyRegistry& registry, std::string name, std::string help, Sight sight, Counts counts,
         Deadlines deadlines) {
  registry.add(std::move(name), std::move(help),
               {.packs = sight == Sight::pairs,
                .needs_prices = counts == Counts::steps_per_usd,
                .needs_deadlines = deadlines == Deadlines::kept},
               [sight, counts, deadlines](const TrainingConfig& config) {
                 return std::make_unique<MaxSumThroughput>(config, sight, counts, deadlines);
               });
}

}  // namespace

void add_max_sum_throughput(PolicyRegistry& registry) {
  add(registry, "max_sum_throughput_perf", "the most steps per second over all jobs", Sight::types, Counts::steps,
      Deadlines::ignored);
  add(registry, "max_sum_throughput_packed", "the most steps per second over all jobs, where two may share GPUs",
      Sight::pairs, Counts::steps, Deadlines::ignored);
  add(registry, "max_sum_throughput_normalized_by_cost_perf", "the most steps per US dollar over all jobs",
      Sight::types, Counts::steps_per_usd, Deadlines::ignored);
  add(registry, "max_sum_throughput_normalized_by_cost_perf_SLOs",
      "the most steps per US dollar over all jobs, while all deadlines are met if they can be", Sight::types,
      Counts::steps_per_usd, Deadlines::kept);
  add(registry, "max_sum_throughput_normalized_by_cost_packed_SLOs",
      "the most steps per US dollar, while all deadlines are met if they can be, where two jobs may share GPUs",
      Sight::pairs, Counts::steps_per_usd, Deadlines::kept);
}
}  // namespace windrow::training
