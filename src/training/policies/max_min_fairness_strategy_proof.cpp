// Strategy-proof max-min fairness (Gavel, OSDI 2020, after the partial allocation of Cole, Gkatzelis and Goel, EC
// 2013): the allocation of largest product of throughputs, each job's share discounted by what its presence costs the
// others. It does not pay to lie, and capacity is left idle for it.
#include "training/policies/linear.hpp"

namespace windrow::training {
namespace {
class StrategyProof final : public LinearPolicy {
 public:
  StrategyProof(const TrainingConfig& config, Sight sight)
      : LinearPolicy(config, sight, {.objective = "sum of log throughputs before discounts", .unit = "1"}) {}

  void allocate(const PolicyInput& input, Allocation& out) override {
    const solve::StrategyProof& proof = solver().strategy_proof_fairness(look_at(input));
    discounted_ = proof.welfare;
    if (!proof.x.empty()) discounted_.x = proof.x;
    write(input, discounted_, proof.welfare.objective, out);
    explanation_.discounts = proof.discount;
  }

 private:
  solve::Solution discounted_;
};
}  // namespace

void add_max_min_fairness_strategy_proof(PolicyRegistry& registry) {
  add_sighted<StrategyProof>(registry, "max_min_fairness_strategy_proof",
                             "Nash welfare with discounts by which lying does not pay, blind to GPU types",
                             Sight::blind);
  add_sighted<StrategyProof>(registry, "max_min_fairness_strategy_proof_perf",
                             "Nash welfare with discounts by which lying does not pay, by the speed on each GPU type",
                             Sight::types);
}
}  // namespace windrow::training
