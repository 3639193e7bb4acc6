// Some instances on demand, the rest spot: those on demand take the first places, and broken pipelines are left out as
// in sample_drop. With as many on demand as a pipeline is deep, one pipeline always goes on, and no work is ever lost.
#include "spot/pipelines.hpp"

namespace windrow::spot {

void add_hybrid(StrategyRegistry& registry) {
  registry.add("hybrid", "some instances on demand hold the first places; otherwise as sample_drop", "",
               [](const RunContext& context) {
                 Behaviour behaviour;
                 behaviour.drops_up_to = context.config.sample_drop.limit;
                 behaviour.on_demand = context.config.hybrid.on_demand;
                 return run_pipelines(context, behaviour);
               });
}

}  // namespace windrow::spot
