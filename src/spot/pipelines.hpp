// A job of pipelines that lives with losses by checkpoints, other grids or fewer samples: what the strategies beyond
// the published ones share. Event-driven: steps are counted, not simulated.
#pragma once

#include <optional>

#include "spot/model.hpp"
#include "spot/strategy.hpp"

namespace windrow::spot {

/// What a strategy does differently.
struct Behaviour {
  bool any_depth = false;             ///< pipelines of whichever depth gives the shortest step
  std::optional<Ms> poll;             ///< looks for a better grid at multiples of this only, after losses too
  bool saves_on_notice = false;       ///< a warning starts a checkpoint
  std::optional<double> drops_up_to;  ///< goes on without broken pipelines, up to that share of the samples
  int on_demand = 0;                  ///< instances that are never lost; they take the first places
};

Outcome run_pipelines(const RunContext& context, const Behaviour& behaviour);

}  // namespace windrow::spot
