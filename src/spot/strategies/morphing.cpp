// Job morphing (Varuna, EuroSys 2022): as checkpoint_restart, but the depth of the pipelines changes, too, to what
// trains fastest on the instances there are; a manager looks for that at intervals; a warning starts a checkpoint.
#include <cmath>

#include "spot/pipelines.hpp"

namespace windrow::spot {

void add_morphing(StrategyRegistry& registry) {
  registry.add("morphing", "checkpoints; number and depth of pipelines follow the instances", "Varuna (EuroSys 2022)",
               [](const RunContext& context) {
                 Behaviour behaviour;
                 behaviour.any_depth = true;
                 behaviour.poll = std::llround(context.config.morphing.poll_s * 1000);
                 behaviour.saves_on_notice = true;
                 return run_pipelines(context, behaviour);
               });
}

}  // namespace windrow::spot
