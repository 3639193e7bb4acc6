// Additions and losses in bulk, with a chance per minute each: the process that the Bamboo project's notebook fits to a
// trace, with streams of our own.
#include "spot/availability/own_fleet.hpp"

namespace windrow::spot {
namespace {

class Bulk final : public OwnFleet {
 public:
  Bulk(const SpotConfig& config, const Model& /*model*/)
      : OwnFleet(config, config.max_instances, "bulk"),
        start_(std::min(config.start_instances, config.max_instances)),
        tick_(std::max<Ms>(1, std::llround(config.tick_s * 1000))),
        preempt_(config.preempt),
        add_(config.add),
        share_(static_cast<double>(tick_) / 60000),
        big_(config.add.big_probability.value_or(0.05)) {}

  void start(std::vector<FleetEvent>& out) override {
    for (int i = 0; i < start_; ++i) add(0, next_zone(), out);
  }

  void hour(Ms now, std::span<const InstanceId> live, std::vector<FleetEvent>& out) override {
    forget_gone(live);
    for (; time_ < now + kHour; time_ += tick_) {
      if (random_.bernoulli(preempt_.chance_per_min * share_))
        for (auto lost = number(preempt_.mean, preempt_.std); lost > 0 && !alive_.empty(); --lost)
          remove(time_, static_cast<std::size_t>(random_.below(alive_.size())), out);
      if (random_.bernoulli(add_.chance_per_min * share_)) {
        constexpr std::int64_t kBigFirst = 11, kBigValues = 21;
        auto added = random_.bernoulli(big_) ? kBigFirst + static_cast<std::int64_t>(random_.below(kBigValues))
                                             : number(add_.mean, add_.std);
        for (; added > 0 && static_cast<int>(alive_.size()) < slots_; --added) add(time_, next_zone(), out);
      }
    }
  }

 private:
  std::int64_t number(double mean, double std) {
    return std::max<std::int64_t>(1, std::llabs(std::llrint(random_.normal(mean, std))));
  }
  int next_zone() { return next_zone_++ % zones_; }

  int start_;
  Ms tick_, time_ = 0;
  PreemptConfig preempt_;
  AddConfig add_;
  double share_, big_;
  int next_zone_ = 0;
};

}  // namespace

void add_bulk(AvailabilityRegistry& registry) {
  registry.add<Bulk>("bulk", "additions and losses of several instances, with a chance per minute each",
                     "Bamboo's notebook (2021)");
}

}  // namespace windrow::spot
