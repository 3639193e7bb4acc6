#include "spot/strategy.hpp"

#include <algorithm>

#include "windrow/kernel/error.hpp"

namespace windrow::spot {

#define STRATEGY(name) void add_##name(StrategyRegistry& registry);
#include "spot/strategies.hpp"
#undef STRATEGY

const StrategyRegistry& strategies() {
  static const StrategyRegistry registry = [] {
    StrategyRegistry made;
#define STRATEGY(name) add_##name(made);
#include "spot/strategies.hpp"
#undef STRATEGY
    return made;
  }();
  return registry;
}

std::vector<std::string> strategy_names() {
  std::vector<std::string> names;
  for (const StrategyInfo& one : strategies().all()) names.push_back(one.name);
  return names;
}

Outcome run_strategy(const RunContext& context) {
  const auto& all = strategies().all();
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const auto& one) { return one.name == context.config.strategy; });
  WINDROW_CHECK(found != all.end(), "strategy {} is not registered", context.config.strategy);
  return found->run(context);
}

}  // namespace windrow::spot
