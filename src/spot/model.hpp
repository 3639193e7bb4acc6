// What is trained: the published models with their measured times, or the configuration's own.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "windrow/spot/config.hpp"

namespace windrow::spot {

/// Simulated time, in ms.
using Ms = std::int64_t;

struct Grid {
  int pipelines = 0, stages = 0;
  int instances() const { return pipelines * stages; }
  friend bool operator==(const Grid&, const Grid&) = default;
};

struct Model {
  double samples_per_step = 0;
  std::optional<std::int64_t> steps;  ///< of a complete training
  int capacity = 0, stages = 0;
  Ms local_rendezvous = 0;
  int on_demand_instances = 0;
  double on_demand_step_s = 0;
  /// Times of a step with 1, 2, … pipelines.
  struct Depth {
    int stages;
    std::vector<Ms> step;
  };
  std::vector<Depth> depths;

  const Depth* find(int depth) const;
  /// None where it was never measured.
  std::optional<Ms> step(const Grid& grid) const;
  /// The most pipelines of that depth that were measured.
  int most_pipelines(int depth) const;
};

/// As the configuration says: model, own_model, pipeline_depth, capacity, rendezvous.local_s.
Model model_of(const SpotConfig& config);
/// Steps of a complete training of a published model.
std::optional<std::int64_t> published_steps(std::string_view model);

}  // namespace windrow::spot
