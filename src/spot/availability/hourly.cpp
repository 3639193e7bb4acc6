// Probabilities of additions and removals by hour of day, drawn once an hour: Bamboo's generator (NSDI 2023,
// project_pactum.simulation), draw for draw from CPython's stream.
#include <algorithm>
#include <array>

#include "spot/availability.hpp"
#include "windrow/kernel/python_random.hpp"

namespace windrow::spot {
namespace {

constexpr int kHoursOfDay = 24;
constexpr std::uint64_t kSecondsOfHour = 3600;

double usual_addition(int hour) {
  if (hour >= 15 && hour <= 22) return 0;
  return hour >= 3 && hour <= 5 ? 0.5 : 0.05;
}
double usual_removal(int hour) {
  if (hour >= 15 && hour <= 22) return 0.25;
  return hour >= 3 && hour <= 5 ? 0.01 : 0.05;
}

class Hourly final : public Availability {
 public:
  Hourly(const SpotConfig& config, const Model& model)
      : random_(words_of_decimal(config.seed.digits)), start_hour_(config.start_hour), capacity_(model.capacity) {
    const Addition& asked = config.availability.addition;
    for (int hour = 0; hour < kHoursOfDay; ++hour) {
      double& addition = addition_[static_cast<std::size_t>(hour)];
      addition = asked.kind == Addition::Kind::random  ? random_.random()
                 : asked.kind == Addition::Kind::fixed ? asked.probability
                                                       : usual_addition(hour);
      removal_[static_cast<std::size_t>(hour)] = config.availability.removal_probability.value_or(usual_removal(hour));
    }
  }

  void start(std::vector<FleetEvent>& out) override {
    const double addition = addition_[hour_of(0)];
    for (int slot = 0; slot < capacity_; ++slot)
      if (addition > random_.random()) out.push_back({0, true, next_++});
  }

  void hour(Ms now, std::span<const InstanceId> live, std::vector<FleetEvent>& out) override {
    const double addition = addition_[hour_of(now)], removal = removal_[hour_of(now)];
    removals_.clear();
    additions_.clear();
    for (const InstanceId id : live)
      if (removal > random_.random()) removals_.push_back({second_after(now), id});
    const int wanted = capacity_ - static_cast<int>(live.size()) + static_cast<int>(removals_.size());
    for (int i = 0; i < wanted; ++i)
      if (addition > random_.random()) additions_.push_back(second_after(now));
    std::sort(removals_.begin(), removals_.end());
    std::sort(additions_.begin(), additions_.end());
    merge(now, removal, static_cast<int>(live.size()), out);
  }

 private:
  struct Removal {
    Ms time;
    InstanceId id;
    /// By time, then by the name as a text.
    friend bool operator<(const Removal& a, const Removal& b) {
      return a.time != b.time ? a.time < b.time : std::to_string(a.id + 1) < std::to_string(b.id + 1);
    }
  };

  std::size_t hour_of(Ms now) const { return static_cast<std::size_t>((start_hour_ + now / kHour) % kHoursOfDay); }
  Ms second_after(Ms now) { return now + 1000 * static_cast<Ms>(random_.below(kSecondsOfHour)); }

  /// In order of time; an addition that finds all slots taken is dropped, one that does not may be lost within the
  /// hour.
  void merge(Ms now, double removal, int count, std::vector<FleetEvent>& out) {
    std::size_t r = 0, a = 0;
    while (r < removals_.size() || a < additions_.size()) {
      if (r < removals_.size() && (a == additions_.size() || removals_[r].time < additions_[a])) {
        out.push_back({removals_[r].time, false, removals_[r].id});
        ++r;
        --count;
        continue;
      }
      const Ms time = additions_[a++];
      if (count == capacity_) continue;
      const InstanceId id = next_++;
      out.push_back({time, true, id});
      ++count;
      if (!(removal > random_.random())) continue;
      const Removal lost{second_after(now), id};
      if (lost.time >= time)
        removals_.insert(std::upper_bound(removals_.begin() + static_cast<std::ptrdiff_t>(r), removals_.end(), lost),
                         lost);
    }
  }

  PythonRandom random_;
  int start_hour_, capacity_;
  std::array<double, kHoursOfDay> addition_{}, removal_{};
  InstanceId next_ = 0;
  std::vector<Removal> removals_;
  std::vector<Ms> additions_;
};

}  // namespace

void add_hourly(AvailabilityRegistry& registry) {
  registry.add<Hourly>("hourly", "chances by hour of day, or one for all hours, drawn once an hour",
                       "Bamboo (NSDI 2023)");
}

}  // namespace windrow::spot
