// Lifetimes with many early losses, few later, and an end after a day: the bathtub that was measured of preemptible
// instances with a maximum lifetime (Kadupitige, Jadhao and Sharma, HPDC 2020).
#include "spot/availability/own_fleet.hpp"

namespace windrow::spot {
namespace {

/// F(t) = A (1 - exp(-t / tau1) + exp((t - b) / tau2)), t in h, cut off at 24 h.
double lost_within(double hours) {
  constexpr double kShare = 0.45, kEarly = 1.0, kLate = 0.8, kEnd = 24;
  return hours >= kEnd ? 1 : kShare * (1 - std::exp(-hours / kEarly) + std::exp((hours - kEnd) / kLate));
}

class Lifetime final : public OwnFleet {
 public:
  Lifetime(const SpotConfig& config, const Model& model)
      : OwnFleet(config, model.capacity, "lifetime"), fill_per_h_(config.availability.fill_per_h) {}

  void start(std::vector<FleetEvent>& out) override {
    fill_all(0, out);
    for (const InstanceId id : alive_) ends_.push_back({draw_end(0), id});
  }

  void hour(Ms now, std::span<const InstanceId> live, std::vector<FleetEvent>& out) override {
    forget_gone(live);
    for (Ms time = now;;) {
      const Ms filled = next(time, fill_per_h_ * (slots_ - static_cast<int>(alive_.size())));
      const auto first = std::min_element(ends_.begin(), ends_.end());
      if (first != ends_.end() && first->time <= filled) {
        if (first->time >= now + kHour) return;
        time = std::max(first->time, now);
        const auto at = std::find(alive_.begin(), alive_.end(), first->id);
        if (at != alive_.end()) remove(time, static_cast<std::size_t>(at - alive_.begin()), out);
        ends_.erase(first);
      } else {
        if (filled >= now + kHour) return;
        time = filled;
        add(time, static_cast<int>(random_.below(static_cast<std::uint64_t>(zones_))), out);
        ends_.push_back({draw_end(time), alive_.back()});
      }
    }
  }

 private:
  struct End {
    Ms time;
    InstanceId id;
    friend bool operator<(const End& a, const End& b) { return a.time != b.time ? a.time < b.time : a.id < b.id; }
  };

  /// By bisection to the millisecond.
  Ms draw_end(Ms start) {
    const double chance = random_.uniform();
    Ms low = 1, high = 24 * kHour;
    while (low < high) {
      const Ms middle = low + (high - low) / 2;
      if (lost_within(static_cast<double>(middle) / static_cast<double>(kHour)) < chance)
        low = middle + 1;
      else
        high = middle;
    }
    return start + low;
  }

  double fill_per_h_;
  std::vector<End> ends_;
};

}  // namespace

void add_lifetime(AvailabilityRegistry& registry) {
  registry.add<Lifetime>("lifetime", "many early losses, few later, an end after 24 h",
                         "Kadupitige, Jadhao and Sharma (HPDC 2020)");
}

}  // namespace windrow::spot
