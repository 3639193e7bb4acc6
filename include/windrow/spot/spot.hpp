// The spot-training simulator: a large model trained on instances that can be taken away at any time.
// docs/spot-simulator.md.
#pragma once

#include "windrow/simulator/simulator.hpp"
#include "windrow/spot/config.hpp"

namespace windrow::spot {

class SpotSimulator final : public Simulator {
 public:
  SpotSimulator();
  const Description& describe() const override { return description_; }
  double cost_hint(const config::Tree& config) const override;
  /// Throws InputError for what is wrong in a trace.
  void check(const config::Tree& config) const override;
  Outcome run(const config::Tree& config, ResultSink& sink, const StopToken& stop) const override;

 private:
  Description description_;
};

}  // namespace windrow::spot
