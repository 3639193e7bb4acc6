#include "spot/availability.hpp"

#include <algorithm>
#include <cmath>

#include "windrow/kernel/error.hpp"

namespace windrow::spot {

#define AVAILABILITY(name) void add_##name(AvailabilityRegistry& registry);
#include "spot/availabilities.hpp"
#undef AVAILABILITY

namespace {

/// Takes instances away at a certain age, whatever else the model does.
class LifetimeLimit final : public Availability {
 public:
  LifetimeLimit(std::unique_ptr<Availability> inner, Ms limit) : inner_(std::move(inner)), limit_(limit) {}
  void start(std::vector<FleetEvent>& out) override {
    const std::size_t first = out.size();
    inner_->start(out);
    limit(out, first);
  }
  bool has_hours() const override { return inner_->has_hours(); }
  void hour(Ms now, std::span<const InstanceId> live, std::vector<FleetEvent>& out) override {
    const std::size_t first = out.size();
    inner_->hour(now, live, out);
    limit(out, first);
  }
  std::string name(InstanceId id) const override { return inner_->name(id); }
  int zone(InstanceId id) const override { return inner_->zone(id); }

 private:
  /// A second removal of the same instance is ignored by whoever handles it.
  void limit(std::vector<FleetEvent>& out, std::size_t first) const {
    for (std::size_t i = first, end = out.size(); i < end; ++i)
      if (out[i].added) out.push_back({out[i].time + limit_, false, out[i].id});
  }

  std::unique_ptr<Availability> inner_;
  Ms limit_;
};

}  // namespace

const AvailabilityRegistry& availabilities() {
  static const AvailabilityRegistry registry = [] {
    AvailabilityRegistry made;
#define AVAILABILITY(name) add_##name(made);
#include "spot/availabilities.hpp"
#undef AVAILABILITY
    return made;
  }();
  return registry;
}

std::vector<std::string> availability_names() {
  std::vector<std::string> names;
  for (const AvailabilityInfo& one : availabilities().all()) names.push_back(one.name);
  return names;
}

std::unique_ptr<Availability> make_availability(const SpotConfig& config, const Model& model) {
  const auto& all = availabilities().all();
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const auto& one) { return one.name == config.availability.kind; });
  WINDROW_CHECK(found != all.end(), "availability model {} is not registered", config.availability.kind);
  std::unique_ptr<Availability> made = found->make(config, model);
  if (const auto limit_s = config.availability.max_lifetime_s)
    made = std::make_unique<LifetimeLimit>(std::move(made), std::llround(*limit_s * 1000));
  return made;
}

}  // namespace windrow::spot
