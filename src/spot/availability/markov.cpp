// Zones that are quiet or short of instances, by a two-state Markov chain each: losses come in bursts, and together
// within a zone.
#include <numeric>

#include "spot/availability/own_fleet.hpp"

namespace windrow::spot {
namespace {

class Markov final : public OwnFleet {
 public:
  Markov(const SpotConfig& config, const Model& model)
      : OwnFleet(config, model.capacity, "markov"), config_(config.availability) {}

  void start(std::vector<FleetEvent>& out) override {
    // In the long-run share of the time a zone begins short, and empty.
    const double down = config_.down_mean_s / (config_.up_mean_s + config_.down_mean_s);
    for (int zone = 0; zone < zones_; ++zone) {
      is_up_.push_back(!random_.bernoulli(down));
      if (is_up_.back())
        for (int i = 0; i < slots_of(zone); ++i) add(0, zone, out);
    }
  }

  void hour(Ms now, std::span<const InstanceId> live, std::vector<FleetEvent>& out) override {
    forget_gone(live);
    std::vector<double> rates(static_cast<std::size_t>(zones_) * 3);
    for (Ms time = now;;) {
      for (int zone = 0; zone < zones_; ++zone) {
        double* const rate = &rates[static_cast<std::size_t>(zone) * 3];
        const bool up = is_up_[static_cast<std::size_t>(zone)];
        const int alive = alive_in(zone);
        rate[0] = 3600 / (up ? config_.up_mean_s : config_.down_mean_s);
        rate[1] = alive * (up ? config_.up_loss_per_h : config_.down_loss_per_h);
        rate[2] = up ? (slots_of(zone) - alive) * config_.fill_per_h : 0;
      }
      const double total = std::accumulate(rates.begin(), rates.end(), 0.0);
      time = next(time, total);
      if (time >= now + kHour) return;
      double left = random_.uniform() * total;
      std::size_t which = 0;
      while (which + 1 < rates.size() && left >= rates[which]) left -= rates[which++];
      const auto zone = static_cast<int>(which / 3);
      if (which % 3 == 0)
        is_up_[static_cast<std::size_t>(zone)] = !is_up_[static_cast<std::size_t>(zone)];
      else if (which % 3 == 1)
        remove_one_of(zone, time, out);
      else if (alive_in(zone) < slots_of(zone))
        add(time, zone, out);
    }
  }

 private:
  const AvailabilityConfig config_;
  std::vector<bool> is_up_;
};

}  // namespace

void add_markov(AvailabilityRegistry& registry) {
  registry.add<Markov>("markov", "zones that are quiet or short of instances: bursts of losses, together in a zone",
                       "");
}

}  // namespace windrow::spot
