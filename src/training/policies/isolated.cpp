// Every job gets an equal share of the cluster: what it would have if the GPUs were split evenly, whoever is faster
// where (Gavel, OSDI 2020). O(J T).
#include "training/policies/equal_shares.hpp"
#include "windrow/training/policy.hpp"

namespace windrow::training {
namespace {
class Isolated final : public Policy {
 public:
  void allocate(const PolicyInput& input, Allocation& out) override {
    for (std::size_t j = 0; j < input.jobs.size(); ++j)
      out[j] = equal_share(input.cluster, input.jobs.size(), input.jobs[j].gpus);
  }
};
}  // namespace

void add_isolated(PolicyRegistry& registry) {
  registry.add<Isolated>("isolated", "an equal share of every GPU type for each job", {.shuffles_types = true});
}
}  // namespace windrow::training
