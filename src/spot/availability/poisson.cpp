// Losses as a Poisson process: at each a geometric number of instances of one zone, drawn at random; free slots are
// filled one by one, each after an exponential time.
#include "spot/availability/own_fleet.hpp"

namespace windrow::spot {
namespace {

class Poisson final : public OwnFleet {
 public:
  Poisson(const SpotConfig& config, const Model& model)
      : OwnFleet(config, model.capacity, "poisson"),
        losses_per_h_(config.availability.loss_events_per_h),
        fill_per_h_(config.availability.fill_per_h),
        stop_probability_(1 / config.availability.loss_mean) {}

  void start(std::vector<FleetEvent>& out) override { fill_all(0, out); }

  void hour(Ms now, std::span<const InstanceId> live, std::vector<FleetEvent>& out) override {
    forget_gone(live);
    // Without memory: what was drawn beyond the hour may be drawn again.
    for (Ms time = now;;) {
      const double fills = fill_per_h_ * (slots_ - static_cast<int>(alive_.size()));
      const double total = fills + losses_per_h_;
      time = next(time, total);
      if (time >= now + kHour) return;
      if (random_.uniform() * total < fills)
        add(time, emptiest_zone(), out);
      else
        lose(time, out);
    }
  }

 private:
  int emptiest_zone() const {
    int best = 0;
    for (int zone = 1; zone < zones_; ++zone)
      if (slots_of(zone) - alive_in(zone) > slots_of(best) - alive_in(best)) best = zone;
    return best;
  }

  void lose(Ms time, std::vector<FleetEvent>& out) {
    const auto zone = static_cast<int>(random_.below(static_cast<std::uint64_t>(zones_)));
    while (remove_one_of(zone, time, out) && !random_.bernoulli(stop_probability_)) {
    }
  }

  double losses_per_h_, fill_per_h_, stop_probability_;
};

}  // namespace

void add_poisson(AvailabilityRegistry& registry) {
  registry.add<Poisson>("poisson", "losses at exponential intervals, of several instances of a zone at once", "");
}

}  // namespace windrow::spot
