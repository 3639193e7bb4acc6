// What once happened: a trace of events or of counts, as it was, or shifted, scaled, looped, or put together anew of
// blocks drawn at random.
#include <algorithm>
#include <cmath>

#include "spot/availability.hpp"
#include "windrow/kernel/hash.hpp"
#include "windrow/kernel/streams.hpp"
#include "windrow/workload/spot_trace.hpp"

namespace windrow::spot {
namespace {

class Trace final : public Availability {
 public:
  Trace(const SpotConfig& config, const Model& /*model*/)
      : trace_(workload::read_spot_trace(config.availability.file->path)),
        loop_(config.availability.loop),
        shift_(std::llround(config.availability.shift_s * 1000)),
        block_(std::llround(config.availability.block_s * 1000)),
        random_(Streams(fnv1a(config.seed.digits)).stream("blocks")) {
    if (config.availability.scale != 1)
      for (auto& event : trace_.events)
        event.time_ms = std::llround(static_cast<double>(event.time_ms) * config.availability.scale);
    as_it_was_ = !loop_ && shift_ == 0 && block_ == 0;
    if (as_it_was_) return;
    sorted_ = trace_.events;
    std::stable_sort(sorted_.begin(), sorted_.end(), [](const auto& a, const auto& b) {
      return a.time_ms != b.time_ms ? a.time_ms < b.time_ms : a.added && !b.added;
    });
    length_ = std::max<Ms>(sorted_.back().time_ms, 1);
    next_block(0);
  }

  void start(std::vector<FleetEvent>& out) override {
    if (!as_it_was_) return;
    for (const auto& event : trace_.events) out.push_back({event.time_ms, event.added, event.instance});
  }
  bool has_hours() const override { return !as_it_was_; }

  /// Goes on through the trace. Where a jump leads to another place of it, as many instances come or go as differ
  /// there.
  void hour(Ms now, std::span<const InstanceId> /*live*/, std::vector<FleetEvent>& out) override {
    const Ms end = now + kHour;
    for (;;) {
      if (jumped_) {
        if (begin_ >= end) return;
        settle(begin_, out);
      }
      const bool more = next_ < sorted_.size();
      const Ms due = more ? begin_ + (sorted_[next_].time_ms - place_) : block_end_;
      if (std::min(due, block_end_) >= end) return;
      if (more && due <= block_end_) {
        wanted_ += sorted_[next_++].added ? 1 : -1;
        settle(due, out);
      } else if (loop_ || block_ > 0) {
        next_block(block_end_);
      } else {
        return;  // it is over: who is there stays
      }
    }
  }

  std::string name(InstanceId id) const override {
    return as_it_was_ ? trace_.names[static_cast<std::size_t>(id)] : Availability::name(id);
  }

 private:
  /// Where the next stretch of the trace begins, and when it ends.
  void next_block(Ms now) {
    begin_ = now;
    place_ = block_ > 0 ? static_cast<Ms>(random_.below(static_cast<std::uint64_t>(length_)))
             : first_   ? shift_ % length_
                        : 0;
    first_ = false;
    block_end_ = now + (block_ > 0 ? std::min(block_, length_ - place_) : length_ - place_);
    next_ = 0;
    wanted_ = 0;
    while (next_ < sorted_.size() && sorted_[next_].time_ms <= place_) wanted_ += sorted_[next_++].added ? 1 : -1;
    jumped_ = true;
  }

  void settle(Ms time, std::vector<FleetEvent>& out) {
    while (static_cast<int>(alive_.size()) < wanted_) {
      alive_.push_back(created_++);
      out.push_back({time, true, alive_.back()});
    }
    while (static_cast<int>(alive_.size()) > wanted_) {
      out.push_back({time, false, alive_.front()});
      alive_.erase(alive_.begin());
    }
    jumped_ = false;
  }

  workload::SpotTrace trace_;
  bool loop_, as_it_was_ = true, first_ = true, jumped_ = false;
  Ms shift_, block_, length_ = 0;
  Stream random_;
  std::vector<workload::SpotTraceEvent> sorted_;
  Ms begin_ = 0, place_ = 0, block_end_ = 0;
  std::size_t next_ = 0;
  int wanted_ = 0;
  InstanceId created_ = 0;
  std::vector<InstanceId> alive_;
};

}  // namespace

void add_trace(AvailabilityRegistry& registry) {
  registry.add<Trace>("trace", "a recorded trace: as it was, shifted, scaled, looped or resampled in blocks", "");
}

}  // namespace windrow::spot
