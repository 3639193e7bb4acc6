// How training lives with losses. How to add a strategy: docs/spot-simulator.md.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "windrow/simulator/simulator.hpp"
#include "windrow/spot/config.hpp"

namespace windrow::spot {

struct RunContext {
  const SpotConfig& config;
  ResultSink& sink;
  const StopToken& stop;
  bool plain = false;  ///< without the short cuts, for tests: the same results, bit for bit
};

struct StrategyInfo {
  std::string name, help, source;
  std::function<Outcome(const RunContext&)> run;
};

class StrategyRegistry {
 public:
  void add(std::string name, std::string help, std::string source, std::function<Outcome(const RunContext&)> run) {
    strategies_.push_back({std::move(name), std::move(help), std::move(source), std::move(run)});
  }
  const std::vector<StrategyInfo>& all() const { return strategies_; }

 private:
  std::vector<StrategyInfo> strategies_;
};

/// The strategies named in src/spot/strategies.hpp. Made once, never changed.
const StrategyRegistry& strategies();

/// Runs the strategy of the configuration.
Outcome run_strategy(const RunContext& context);

}  // namespace windrow::spot
