// The trace generator of the Bamboo project's notebook, draw for draw from numpy's stream: each whole minute a chance
// of a loss and a chance of additions. It knows neither a maximum nor how many instances there are; of a loss of more
// than there are, all go.
#include "spot/availability/own_fleet.hpp"
#include "windrow/kernel/numpy_random.hpp"
#include "windrow/kernel/text.hpp"

namespace windrow::spot {
namespace {

class PerMinute final : public OwnFleet {
 public:
  PerMinute(const SpotConfig& config, const Model& /*model*/)
      : OwnFleet(config, config.max_instances, "per_minute"),
        numpy_(static_cast<std::uint32_t>(parse_uint64(config.seed.digits).value_or(0))),
        start_(config.start_instances),
        preempt_(config.preempt),
        add_(config.add),
        big_(config.add.big_probability.value_or(0.05)) {}

  void start(std::vector<FleetEvent>& out) override {
    for (int i = 0; i < start_; ++i) add(0, next_zone(), out);
  }

  void hour(Ms now, std::span<const InstanceId> live, std::vector<FleetEvent>& out) override {
    forget_gone(live);
    for (; time_ < now + kHour; time_ += kMinute) {
      const double loss = numpy_.random(), addition = numpy_.random();  // both always, before any number
      if (loss < preempt_.chance_per_min)
        for (auto lost = number(preempt_.mean, preempt_.std); lost > 0 && !alive_.empty(); --lost)
          remove(time_, 0, out);  // the generator does not say who: the oldest
      if (addition < add_.chance_per_min) {
        constexpr std::int64_t kBigFirst = 11, kBigEnd = 32;
        auto added = numpy_.random() < big_ ? numpy_.randint(kBigFirst, kBigEnd) : number(add_.mean, add_.std);
        for (; added > 0; --added) add(time_, next_zone(), out);
      }
    }
  }

 private:
  static constexpr Ms kMinute = 60000;

  std::int64_t number(double mean, double std) {
    return std::max<std::int64_t>(1, static_cast<std::int64_t>(std::abs(std::nearbyint(numpy_.normal(mean, std)))));
  }
  int next_zone() { return next_zone_++ % zones_; }

  NumpyLegacyRandom numpy_;
  int start_;
  Ms time_ = 0;
  PreemptConfig preempt_;
  AddConfig add_;
  double big_;
  int next_zone_ = 0;
};

}  // namespace

void add_per_minute(AvailabilityRegistry& registry) {
  registry.add<PerMinute>("per_minute",
                          "the notebook's trace generator: a chance of losses and of additions each whole "
                          "minute, draw for draw",
                          "Bamboo's notebook (2021)");
}

}  // namespace windrow::spot
