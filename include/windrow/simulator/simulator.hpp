// What the engine knows of a simulator: this, and nothing else.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "windrow/config/schema.hpp"
#include "windrow/config/tree.hpp"
#include "windrow/simulator/results.hpp"

namespace windrow {

enum class Outcome : std::uint8_t {
  ok,
  saturated,  ///< arrivals outrun the cluster, so there is no mean: an outcome, not an error
  stopped,    ///< the stop token asked for it; there are no results
};

/// Asked by long runs every now and then (a round, a thousand events). Cheap: one relaxed load.
class StopToken {
 public:
  StopToken() = default;
  explicit StopToken(const volatile bool* flag) : flag_(flag) {}
  bool requested() const { return flag_ != nullptr && *flag_; }

 private:
  const volatile bool* flag_ = nullptr;
};

/// A named thing that can be listed and described: a policy, a workload, an arrival process.
struct Named {
  std::string kind;  ///< plural, as in `windrow list policies`
  std::string name, help, source;
};

struct Description {
  std::string name;           ///< `training`
  std::uint32_t version = 1;  ///< raised by whatever changes results, so that old points run again
  std::string help, source;
  config::Schema config;
  std::vector<const Metric*> metrics;  ///< in the order in which they are stored and shown
  std::vector<const Table*> tables;
  std::vector<const Series*> series;
  std::vector<Named> parts;  ///< policies etc. that its config can name
};

class Simulator {
 public:
  virtual ~Simulator() = default;
  virtual const Description& describe() const = 0;
  /// Relative work of a point; only ratios matter, and only for the order of execution.
  virtual double cost_hint(const config::Tree& config) const = 0;
  /// Looks at what the schema cannot see: the content of the files that a configuration names. Throws InputError with
  /// everything that is wrong in them. Called before anything runs, for some points of a sweep: each value of an axis,
  /// the first sixteen.
  virtual void check(const config::Tree& config) const { (void)config; }
  /// Runs one point. Equal configs give equal rows, bit for bit, on any rank, in any order.
  /// `config` has passed `describe().config`. Throws PointError when the model cannot go on; polls `stop` and returns
  /// Outcome::stopped when asked to. Const and without statics: a run's state is made by `run` and gone at its end.
  virtual Outcome run(const config::Tree& config, ResultSink& sink, const StopToken& stop) const = 0;
};

/// The simulators of a program, by name. Filled in one place (src/cli/catalog.cpp), or by a test.
class Catalog {
 public:
  template <class S>
  void add() {
    simulators_.push_back(std::make_unique<S>());
  }
  /// Null if there is none of that name.
  const Simulator* find(std::string_view name) const;
  std::vector<std::string> names() const;
  const std::vector<std::unique_ptr<Simulator>>& all() const { return simulators_; }

 private:
  std::vector<std::unique_ptr<Simulator>> simulators_;
};

}  // namespace windrow
