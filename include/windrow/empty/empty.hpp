// The simulator of nothing: takes the time, makes the rows and fails in the ways that it is asked to. It measures and
// tests the engine: points per second, idle workers, what becomes of a crash.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "windrow/simulator/simulator.hpp"

namespace windrow::empty {

struct EmptyConfig {
  double work_s = 0.0;
  std::int64_t table_rows = 0;
  std::string fail = "never";
  std::optional<std::uint64_t> fail_seed;
  std::uint64_t seed = 0;

  template <class Keys>
  void visit(Keys& key) {
    static const config::Limit kTime = config::at_least(0), kRows = config::within(0, 1e9);
    static const config::Limit kWays =
        config::one_of({"never", "throw", "abort", "segfault", "hang", "oom", "exit"}, "failures");
    key("work_s", work_s, kTime, "seconds of a core that a point takes");
    key("table_rows", table_rows, kRows, "rows that a point adds to the table `rows`");
    key("fail", fail, kWays, "how points fail: see `windrow list failures`");
    key("fail_seed", fail_seed, "only points with this seed fail; without it all do");
    key("seed", seed, "changes `value`");
  }
};

/// Metric `value`, in [0, 1), is a hash of the configuration, so that a result that lands at a wrong point shows.
class EmptySimulator final : public Simulator {
 public:
  EmptySimulator();
  const Description& describe() const override { return description_; }
  double cost_hint(const config::Tree& config) const override;
  Outcome run(const config::Tree& config, ResultSink& sink, const StopToken& stop) const override;

 private:
  Description description_;
};

}  // namespace windrow::empty
