// Where spot instances come from and go to. How to add a model: docs/spot-simulator.md.
#pragma once

#include <fmt/format.h>

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "spot/model.hpp"
#include "windrow/spot/config.hpp"

namespace windrow::spot {

inline constexpr Ms kHour = 3600000;

/// A run without a duration that is not done by then never will be: five years.
inline constexpr Ms kLongestRun = 5 * 365 * 24 * kHour;

/// The number of an instance, in order of the creation of its addition, from 0.
using InstanceId = int;

struct FleetEvent {
  Ms time;
  bool added;  ///< false: taken away
  InstanceId id;
};

/// One object per run. What it does depends on the instances alone, never on what training makes of them: so all
/// strategies meet the same losses.
class Availability {
 public:
  virtual ~Availability() = default;
  /// What is known before the clock starts, in order of scheduling.
  virtual void start(std::vector<FleetEvent>& out) = 0;
  /// Whether hour() wants to be called.
  virtual bool has_hours() const { return true; }
  /// Called at each whole hour `now` from 0 on, after the events of that moment: schedules what happens before the next
  /// one. `live`: who is there, in the engine's order.
  virtual void hour(Ms now, std::span<const InstanceId> live, std::vector<FleetEvent>& out) = 0;
  virtual std::string name(InstanceId id) const { return fmt::format("node{}", id + 1); }
  /// Zone of an instance, from 0.
  virtual int zone(InstanceId id) const {
    (void)id;
    return 0;
  }
};

struct AvailabilityInfo {
  std::string name, help, source;
  std::function<std::unique_ptr<Availability>(const SpotConfig&, const Model&)> make;
};

class AvailabilityRegistry {
 public:
  /// A is made from the configuration and the model.
  template <class A>
  void add(std::string name, std::string help, std::string source) {
    models_.push_back({std::move(name), std::move(help), std::move(source),
                       [](const SpotConfig& config, const Model& model) -> std::unique_ptr<Availability> {
                         return std::make_unique<A>(config, model);
                       }});
  }
  const std::vector<AvailabilityInfo>& all() const { return models_; }

 private:
  std::vector<AvailabilityInfo> models_;
};

/// The models named in src/spot/availabilities.hpp. Made once, never changed.
const AvailabilityRegistry& availabilities();

/// As availability.kind says, with availability.max_lifetime_s on top.
std::unique_ptr<Availability> make_availability(const SpotConfig& config, const Model& model);

}  // namespace windrow::spot
