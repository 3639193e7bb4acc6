// What the policies that solve an allocation problem (src/solve) have in common: jobs as plain numbers, shares back,
// and an answer even where no solver has one.
#pragma once

#include "training/policies/equal_shares.hpp"
#include "windrow/solve/packed_jobs.hpp"
#include "windrow/solve/policies.hpp"
#include "windrow/solve/solver.hpp"
#include "windrow/training/config.hpp"
#include "windrow/training/policy.hpp"

namespace windrow::training {

/// What a policy knows of the jobs' speed.
enum class Sight {
  blind,  ///< nothing: every job does one step per second everywhere
  v100,   ///< a job's speed on V100s, taken for its speed everywhere
  types,  ///< its speed on each type
  pairs,  ///< and together with another job on the same GPUs
};

class LinearPolicy : public Policy {
 public:
  const Explanation* explanation() const final { return &explanation_; }

 protected:
  struct Traits {
    std::string_view objective, unit;
    std::string_view automatic = "central";  ///< what tie_break `auto` means
    bool follows = true;      ///< the published solver's path can be followed, as `auto` does under compat: upstream
    bool comes_again = true;  ///< jobs have no state of their own, so that answers are worth keeping
  };
  LinearPolicy(const TrainingConfig& config, Sight sight, const Traits& traits);

  /// The jobs of a call in numbers, in memory that is used again. The explanation is begun anew.
  solve::Jobs& look_at(const PolicyInput& input);
  /// Shares of `solution`, or equal ones where there is none.
  void write(const PolicyInput& input, const solve::Solution& solution, double objective, Allocation& out);
  void write(const PolicyInput& input, const solve::PackedAllocation& solution, double objective, Allocation& out);
  bool packs() const { return sight_ == Sight::pairs; }
  /// For any Sight but pairs.
  solve::Solver& solver() { return solver_; }
  /// For Sight::pairs: the solver, and what kind each of the jobs of this call is.
  solve::PackedSolver& packed_solver(const PolicyInput& input);
  std::span<const int> kinds() const { return kinds_; }

  Explanation explanation_;

 private:
  solve::PackedSolver& solver_of_estimates(const PolicyInput& input);

  Sight sight_;
  solve::TieBreak tie_break_;
  std::size_t remembered_;
  solve::Jobs jobs_;
  std::vector<int> kinds_;
  solve::Solver solver_;
  std::optional<solve::PackedSolver> packed_solver_;  // made when the rates of pairs are known
};

/// Adds P, made from the configuration and a Sight, under the traits that follow from it: who is blind to the types has
/// their order drawn in each round.
template <class P>
void add_sighted(PolicyRegistry& registry, std::string name, std::string help, Sight sight) {
  const bool blind = sight == Sight::blind || sight == Sight::v100;
  registry.add(std::move(name), std::move(help), {.shuffles_types = blind, .packs = sight == Sight::pairs},
               [sight](const TrainingConfig& config) { return std::make_unique<P>(config, sight); });
}

}  // namespace windrow::training
