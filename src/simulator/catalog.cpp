#include "windrow/simulator/simulator.hpp"

namespace windrow {

const Simulator* Catalog::find(std::string_view name) const {
  for (const auto& simulator : simulators_)
    if (simulator->describe().name == name) return simulator.get();
  return nullptr;
}

std::vector<std::string> Catalog::names() const {
  std::vector<std::string> names;
  for (const auto& simulator : simulators_) names.push_back(simulator->describe().name);
  return names;
}

}  // namespace windrow
