// Stop and restart: a loss ends the step for all; the job goes back to its last complete checkpoint and goes on with as
// many pipelines as the instances that are left are enough for.
#include "spot/pipelines.hpp"

namespace windrow::spot {

void add_checkpoint_restart(StrategyRegistry& registry) {
  registry.add("checkpoint_restart", "a loss stops all; back to the last checkpoint, with the pipelines that fit",
               "Young (1974), Daly (2006)", [](const RunContext& context) { return run_pipelines(context, {}); });
}

}  // namespace windrow::spot
