// What the models of our own share: who is there in which zone, and slots that are filled again.
#pragma once

#include <algorithm>
#include <cmath>
#include <string_view>
#include <vector>

#include "spot/availability.hpp"
#include "windrow/kernel/hash.hpp"
#include "windrow/kernel/streams.hpp"

namespace windrow::spot {

class OwnFleet : public Availability {
 public:
  OwnFleet(const SpotConfig& config, int slots, std::string_view purpose)
      : random_(Streams(fnv1a(config.seed.digits)).stream(purpose)), zones_(config.availability.zones), slots_(slots) {}
  int zone(InstanceId id) const override { return zone_of_[static_cast<std::size_t>(id)]; }

 protected:
  /// Slots of a zone: they are dealt out evenly, the first zones get the rest.
  int slots_of(int zone) const { return slots_ / zones_ + (zone < slots_ % zones_ ? 1 : 0); }
  int alive_in(int zone) const {
    return static_cast<int>(
        std::count_if(alive_.begin(), alive_.end(), [&](InstanceId id) { return this->zone(id) == zone; }));
  }
  void add(Ms time, int zone, std::vector<FleetEvent>& out) {
    const auto id = static_cast<InstanceId>(zone_of_.size());
    zone_of_.push_back(zone);
    alive_.push_back(id);
    out.push_back({time, true, id});
  }
  void remove(Ms time, std::size_t at, std::vector<FleetEvent>& out) {
    out.push_back({time, false, alive_[at]});
    alive_.erase(alive_.begin() + static_cast<std::ptrdiff_t>(at));
  }
  /// Takes away one of a zone, each as likely. False if there is none.
  bool remove_one_of(int zone, Ms time, std::vector<FleetEvent>& out) {
    const int count = alive_in(zone);
    if (count == 0) return false;
    auto left = static_cast<int>(random_.below(static_cast<std::uint64_t>(count)));
    for (std::size_t i = 0; i < alive_.size(); ++i)
      if (this->zone(alive_[i]) == zone && left-- == 0) {
        remove(time, i, out);
        return true;
      }
    return false;
  }
  void fill_all(Ms time, std::vector<FleetEvent>& out) {
    for (int zone = 0; zone < zones_; ++zone)
      for (int missing = slots_of(zone) - alive_in(zone); missing > 0; --missing) add(time, zone, out);
  }
  /// Forgets who left for another reason (their time was up). `live` ascending.
  void forget_gone(std::span<const InstanceId> live) {
    std::erase_if(alive_, [&](InstanceId id) { return !std::binary_search(live.begin(), live.end(), id); });
  }

  /// The next moment of a process of that rate, at least 1 ms on; beyond all hours if it stands still.
  Ms next(Ms now, double per_h) {
    if (per_h <= 0) return now + 1000 * kHour;
    const double wait = random_.exponential(static_cast<double>(kHour) / per_h);
    return now + std::max<Ms>(1, std::llround(std::min(wait, 1e12)));
  }

  Stream random_;
  std::vector<InstanceId> alive_;
  int zones_;
  int slots_;

 private:
  std::vector<int> zone_of_;
};

}  // namespace windrow::spot
