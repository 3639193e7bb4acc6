// The same part of every GPU type for each job, as large as the type is of the cluster (Gavel, OSDI 2020). Does not
// count jobs or their GPUs, and so gives away more than there is; the measure by which max-min fairness normalises.
#include "windrow/training/policy.hpp"

namespace windrow::training {
namespace {
class Proportional final : public Policy {
 public:
  void allocate(const PolicyInput& input, Allocation& out) override {
    PerType share{};
    for (std::size_t w = 0; w < input.cluster.types(); ++w)
      share[w] = static_cast<double>(input.cluster.gpus[w]) / static_cast<double>(input.cluster.total_gpus());
    for (std::size_t j = 0; j < input.jobs.size(); ++j) out[j] = share;
  }
};
}  // namespace

void add_proportional(PolicyRegistry& registry) {
  registry.add<Proportional>("proportional", "for each job the part of the time that a GPU type is of the cluster",
                             {.shuffles_types = true});
}
}  // namespace windrow::training
