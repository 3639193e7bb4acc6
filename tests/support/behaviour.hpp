// What the engine's tests run: a simulator that behaves in every way that one can, and work that is kept in memory.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "windrow/exec/run.hpp"
#include "windrow/simulator/simulator.hpp"

namespace windrow::test {

struct BehaviourConfig {
  std::string mode = "value";
  double seconds = 0;
  std::uint64_t seed = 0;

  template <class Keys>
  void visit(Keys& key) {
    key("mode", mode,
        config::one_of({"value", "spin", "sleep", "obey", "table", "throw", "odd throw", "abort", "segfault", "hang",
                        "oom", "exit", "exit 0", "noise", "noisy abort", "kill worker"}),
        "what the point does");
    key("seconds", seconds, config::at_least(0), "how long it takes: busy (spin), asleep (all others)");
    key("seed", seed, "changes the value");
  }
};

/// Metric `value`: a function of the seed. Modes say what else happens.
class BehaviourSimulator final : public Simulator {
 public:
  BehaviourSimulator();
  const Description& describe() const override { return description_; }
  double cost_hint(const config::Tree&) const override { return 1; }
  Outcome run(const config::Tree& tree, ResultSink& sink, const StopToken& stop) const override;

 private:
  Description description_;
};

Catalog behaviour_catalog();

/// Points given one by one, results in a vector.
class MemoryWork : public exec::Work {
 public:
  void add(const BehaviourConfig& config, double hint = 1, std::uint64_t group = 0);
  /// `count` points of one mode with seeds 0, 1, …
  void add(std::size_t count, const std::string& mode = "value", double seconds = 0);

  std::uint64_t size() const override { return points_.size(); }
  bool done(std::uint64_t index) const override;
  std::uint32_t attempts(std::uint64_t index) const override { return points_[index].attempts; }
  std::string config_text(std::uint64_t index) const override { return points_[index].text; }
  double cost_hint(std::uint64_t index) const override { return points_[index].hint; }
  std::uint64_t cost_group(std::uint64_t index) const override { return points_[index].group; }
  std::string label(std::uint64_t index) const override { return "point " + std::to_string(index); }
  /// Also checks that no point is reported twice within a run.
  void accept(std::span<const sweep::PointRecord> accepted) override;
  void housekeeping() override { ++housekeepings; }

  /// The last record of the point; throws std::out_of_range if there is none.
  const sweep::PointRecord& record(std::uint64_t index) const { return records.at(index); }
  /// Whether each point has exactly the result that a direct call of its simulator gives.
  bool equals_direct_runs() const;

  std::map<std::uint64_t, sweep::PointRecord> records;
  std::vector<std::uint64_t> order;  ///< of acceptance
  std::size_t doubles = 0;           ///< records of points that had been reported `ok` already
  std::size_t housekeepings = 0;

 private:
  struct Point {
    std::string text;
    double hint;
    std::uint64_t group;
    std::uint32_t attempts = 0;
  };
  std::vector<Point> points_;
};

}  // namespace windrow::test
