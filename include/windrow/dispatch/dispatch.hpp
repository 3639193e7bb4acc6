// The engine itself, simulated: one master that hands points out to any number of workers. It tells where a master is
// the bottleneck on machines that nobody has at hand; its service times are measured (docs/performance.md).
#pragma once

#include <cstdint>
#include <string>

#include "windrow/simulator/simulator.hpp"

namespace windrow::dispatch {

struct DispatchConfig {
  std::int64_t workers = 1000;
  std::int64_t points_per_worker = 20;
  double point_s = 1.0;
  std::string spread = "exponential";
  std::int64_t prefetch = 2;
  double message_us = 3.7, point_us = 2.6, latency_us = 1000;
  std::uint64_t seed = 0;

  template <class Keys>
  void visit(Keys& key) {
    static const config::Limit kSpreads = config::one_of({"constant", "uniform", "exponential"}, "spreads");
    key("workers", workers, config::within(1, 1e7), "ranks that run points");
    key("points_per_worker", points_per_worker, config::within(3, 1e6), "points of the sweep over workers");
    key("point_s", point_s, config::within(1e-6, 1e6), "mean time of a point");
    key("spread", spread, kSpreads, "how the times of points are distributed: see `windrow list spreads`");
    key("prefetch", prefetch, config::within(1, 100), "points at a worker at once, the one that it runs included");
    key("message_us", message_us, config::within(0, 1e6), "time of the master for a message, in microseconds");
    key("point_us", point_us, config::within(0, 1e6),
        "time of the master for a point beside its message: journal, file, choosing the next one, in microseconds");
    key("latency_us", latency_us, config::within(0, 1e9), "from one end of a message to the other, in microseconds");
    key("seed", seed, "of the times of points");
  }
};

/// Closed system: a worker whose result the master has taken gets a point in return. The master serves messages in the
/// order of their arrival, each in message_us + point_us: a result is a message of its own, as for points above some
/// milliseconds. Rates and shares are of the time between a fifth and four fifths of all points, without the begin,
/// when the master greets all workers, and without the end, when points run out. O(points log workers) time.
class DispatchSimulator final : public Simulator {
 public:
  DispatchSimulator();
  const Description& describe() const override { return description_; }
  double cost_hint(const config::Tree& config) const override;
  Outcome run(const config::Tree& config, ResultSink& sink, const StopToken& stop) const override;

 private:
  Description description_;
};

}  // namespace windrow::dispatch
