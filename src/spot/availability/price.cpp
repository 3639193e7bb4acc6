// A market: instances are there while the price is not above the bid, and all of them are lost when it rises above.
#include "spot/price.hpp"

#include "spot/availability/own_fleet.hpp"

namespace windrow::spot {
namespace {

class Price final : public OwnFleet {
 public:
  Price(const SpotConfig& config, const Model& model)
      : OwnFleet(config, model.capacity, "market"), bid_(*config.availability.bid_usd_per_h), path_(path_of(config)) {}

  void start(std::vector<FleetEvent>& /*out*/) override {}

  void hour(Ms now, std::span<const InstanceId> live, std::vector<FleetEvent>& out) override {
    forget_gone(live);
    const auto& steps = path_.steps();
    for (; next_ < steps.size() && steps[next_].time < now + kHour; ++next_) {
      const Ms time = std::max(steps[next_].time, now);
      if (steps[next_].usd_per_h <= bid_)
        fill_all(time, out);
      else
        while (!alive_.empty()) remove(time, 0, out);
    }
  }

 private:
  static PricePath path_of(const SpotConfig& config) {
    constexpr double kLong = 90 * 86400;  // where only the number of steps ends the run; the last price goes on
    return PricePath::of(config, std::llround(config.duration_s.value_or(kLong) * 1000));
  }

  double bid_;
  PricePath path_;
  std::size_t next_ = 0;
};

}  // namespace

void add_price(AvailabilityRegistry& registry) {
  registry.add<Price>("price", "all instances while the price is not above the bid", "");
}

}  // namespace windrow::spot
