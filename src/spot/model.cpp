#include "spot/model.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "windrow/kernel/error.hpp"

namespace windrow::spot {
namespace {

struct Published {
  std::string_view name;
  double samples_per_step;
  std::int64_t steps;  // 0: not said
  int capacity, stages;
  Ms local_rendezvous;
  int on_demand_instances;
  double on_demand_step_s;
};

// Bamboo (NSDI 2023), project_pactum.simulation at commit 8080929: as measured by its authors on EC2.
constexpr std::array kPublished = {
    Published{"GPT-2", 32, 188828, 48, 12, 20000, 32, 3.37}, Published{"BERT", 264, 22194, 48, 12, 20000, 20, 2.51},
    Published{"ResNet", 384, 0, 32, 8, 10000, 20, 1.3},      Published{"GNMT", 288, 0, 24, 6, 10000, 16, 0.9},
    Published{"VGG", 384, 0, 24, 6, 5000, 16, 2.2},          Published{"AlexNet", 384, 0, 24, 6, 5000, 16, 1.6},
};

struct MeasuredDepth {
  std::string_view model;
  int stages;
  std::array<Ms, 4> step;  // with 1, 2, 3, 4 pipelines
};

constexpr std::array kDepths = {
    MeasuredDepth{"GPT-2", 12, {1200, 1085, 1046, 1008}}, MeasuredDepth{"BERT", 8, {5700, 3100, 2300, 1770}},
    MeasuredDepth{"BERT", 12, {4310, 2390, 1805, 1450}},  MeasuredDepth{"BERT", 15, {12750, 6600, 4780, 3700}},
    MeasuredDepth{"ResNet", 8, {6100, 3200, 2400, 1600}}, MeasuredDepth{"GNMT", 6, {3100, 1660, 1185, 950}},
    MeasuredDepth{"VGG", 6, {9300, 4900, 3440, 2750}},    MeasuredDepth{"AlexNet", 6, {6180, 3100, 2000, 1550}},
};

const Published& published(std::string_view name) {
  const auto* found =
      std::find_if(kPublished.begin(), kPublished.end(), [&](const Published& one) { return one.name == name; });
  WINDROW_CHECK(found != kPublished.end(), "model {} is in no table", name);
  return *found;
}

Ms ms(double seconds) {
  return std::llround(seconds * 1000);
}

}  // namespace

const Model::Depth* Model::find(int depth) const {
  const auto found = std::find_if(depths.begin(), depths.end(), [&](const Depth& one) { return one.stages == depth; });
  return found == depths.end() ? nullptr : &*found;
}

std::optional<Ms> Model::step(const Grid& grid) const {
  const Depth* depth = find(grid.stages);
  if (depth == nullptr || grid.pipelines < 1 || static_cast<std::size_t>(grid.pipelines) > depth->step.size())
    return std::nullopt;
  return depth->step[static_cast<std::size_t>(grid.pipelines) - 1];
}

int Model::most_pipelines(int depth) const {
  const Depth* found = find(depth);
  return found == nullptr ? 0 : static_cast<int>(found->step.size());
}

Model model_of(const SpotConfig& config) {
  Model model;
  if (config.model == "own") {
    const OwnModelConfig& own = config.own_model;
    model = {
        own.samples_per_step, own.steps, own.capacity, own.stages, ms(own.local_rendezvous_s), own.on_demand_instances,
        own.on_demand_step_s, {}};
    for (const GridConfig& grid : own.grids) {
      model.depths.push_back({grid.stages, {}});
      for (const double step_s : grid.step_s) model.depths.back().step.push_back(ms(step_s));
    }
  } else {
    const Published& one = published(config.model);
    model = {one.samples_per_step, published_steps(one.name), one.capacity,         one.stages,
             one.local_rendezvous, one.on_demand_instances,   one.on_demand_step_s, {}};
    for (const MeasuredDepth& depth : kDepths)
      if (depth.model == one.name) model.depths.push_back({depth.stages, {depth.step.begin(), depth.step.end()}});
  }
  if (config.pipeline_depth) model.stages = *config.pipeline_depth;
  if (config.capacity) model.capacity = *config.capacity;
  if (config.rendezvous.local_s) model.local_rendezvous = ms(*config.rendezvous.local_s);
  return model;
}

std::optional<std::int64_t> published_steps(std::string_view model) {
  const std::int64_t steps = published(model).steps;
  return steps > 0 ? std::optional(steps) : std::nullopt;
}

std::vector<std::string> model_names() {
  std::vector<std::string> names;
  names.reserve(kPublished.size() + 1);
  for (const Published& one : kPublished) names.emplace_back(one.name);
  names.emplace_back("own");
  return names;
}

}  // namespace windrow::spot
