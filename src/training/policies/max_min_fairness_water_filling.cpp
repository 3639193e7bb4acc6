// Max-min fairness repeated (Gavel, OSDI 2020, hierarchical fairness): all jobs are raised together, those that can
// rise no further are frozen, the others are raised on. With entities, an entity's weight is divided among its jobs
// that are not frozen, or goes to the oldest of them.
#include <map>

#include "training/policies/linear.hpp"

namespace windrow::training {
namespace {
class WaterFilling final : public LinearPolicy {
 public:
  WaterFilling(const TrainingConfig& config, Sight sight)
      : LinearPolicy(config, sight,
                     {.objective = "smallest normalised throughput",
                      .unit = "1",
                      .automatic = config.water_filling_mode == "single_round" ? "ecos" : "central",
                      .follows = config.water_filling_mode == "single_round"}),
        entities_(config.entities),
        filling_(config.water_filling_mode == "single_round" ? solve::Filling::single_round : solve::Filling::exact) {}

  void allocate(const PolicyInput& input, Allocation& out) override {
    const solve::Jobs& jobs = look_at(input);
    solve::max_min_fairness(jobs, problem_);
    solve::Reweigh reweigh;
    if (!entities_.weights.empty()) reweigh = solve::entity_weights(members(input), jobs.priority, jobs.gpus);
    const solve::Reweigh* const weights = reweigh ? &reweigh : nullptr;
    if (packs()) {
      const solve::PackedAllocation& packed = packed_solver(input).fill(jobs, kinds(), problem_, weights, filling_);
      write(input, packed, lowest(jobs, packed.levels.level), out);
      note(packed.levels);
      // With pairs the last round often leaves no interior, and ends in a vertex that has the exact levels.
      explanation_.fell_back = explanation_.failed;
      return;
    }
    const solve::WaterFilling& filled = solver().fill(problem_, weights, filling_);
    write(input, filled.last, lowest(jobs, filled.level), out);
    note(filled);
  }

 private:
  void note(const solve::WaterFilling& filled) {
    explanation_.rounds = filled.rounds;
    explanation_.fell_back = explanation_.fell_back || filled.fallbacks > 0;
    explanation_.levels = filled.level;
  }

  std::vector<solve::Entity> members(const PolicyInput& input) const {
    std::vector<solve::Entity> all(entities_.weights.size());
    for (std::size_t e = 0; e < all.size(); ++e) {
      all[e].weight = entities_.weights[e];
      all[e].fifo = entities_.within_of(e) == "fifo";
    }
    for (std::size_t j = 0; j < input.jobs.size(); ++j)
      all[static_cast<std::size_t>(input.jobs[j].entity)].rows.push_back(j);
    return all;
  }

  static double lowest(const solve::Jobs& jobs, const std::vector<double>& level) {
    double least = std::numeric_limits<double>::infinity();
    for (std::size_t j = 0; j < level.size(); ++j) least = std::min(least, level[j] * jobs.gpus[j] / jobs.priority[j]);
    return least;
  }

  EntitiesConfig entities_;
  solve::Problem problem_;
  solve::Filling filling_;
};
}  // namespace

void add_max_min_fairness_water_filling(PolicyRegistry& registry) {
  add_sighted<WaterFilling>(registry, "max_min_fairness_water_filling",
                            "max-min fairness, then for those who can still gain, and so on; blind to GPU types",
                            Sight::blind);
  add_sighted<WaterFilling>(
      registry, "max_min_fairness_water_filling_perf",
      "max-min fairness, then for those who can still gain, and so on; by the speed on each GPU type", Sight::types);
  add_sighted<WaterFilling>(registry, "max_min_fairness_water_filling_packed",
                            "max-min fairness, then for those who can still gain, and so on; two jobs may share GPUs",
                            Sight::pairs);
}
}  // namespace windrow::training
