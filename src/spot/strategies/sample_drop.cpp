// A pipeline that misses an instance is left out of the step, the others go on with fewer samples, until it is made
// whole. Only the loss of the last whole pipeline goes back to a checkpoint.
#include "spot/pipelines.hpp"

namespace windrow::spot {

void add_sample_drop(StrategyRegistry& registry) {
  registry.add("sample_drop", "broken pipelines are left out, the others go on with fewer samples",
               "Bamboo (NSDI 2023) names it", [](const RunContext& context) {
                 Behaviour behaviour;
                 behaviour.drops_up_to = context.config.sample_drop.limit;
                 return run_pipelines(context, behaviour);
               });
}

}  // namespace windrow::spot
