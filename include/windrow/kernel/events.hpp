// The time-ordered queue of events that drives a simulation.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "windrow/kernel/error.hpp"

namespace windrow {

/// `std::visit(overloaded{[](const A&) {...}, [](const B&) {...}}, event)`
template <class... Handlers>
struct overloaded : Handlers... {  // NOLINT(readability-identifier-naming): its name everywhere
  using Handlers::operator()...;
};
template <class... Handlers>
overloaded(Handlers...) -> overloaded<Handlers...>;

/// Events in the total order (time, rank, order of scheduling). The rank of a std::variant is its alternative's
/// position, so that what must happen first at equal times is named first; of other types all are equal. Nothing is
/// ever taken out of the middle: a cancelled event carries a generation number by which its handler knows it.
/// Scheduling and popping cost O(log n) and, once it has grown, no allocation.
template <class Event>
class EventQueue {
 public:
  struct Entry {
    double time_s;
    Event event;
  };

  /// `time_s` must not lie before the last popped event.
  void schedule(double time_s, Event event) {
    WINDROW_CHECK(time_s >= now_s_, "an event at {} s is scheduled at {} s", time_s, now_s_);
    const std::uint64_t order = rank(event) << kSequenceBits | sequence_++;
    heap_.push_back({time_s, order, std::move(event)});
    std::push_heap(heap_.begin(), heap_.end(), later);
  }

  /// The next event, if it is due at `end_s` or before.
  std::optional<Entry> pop_until(double end_s) {
    if (heap_.empty() || !(heap_.front().time_s <= end_s)) return std::nullopt;
    std::pop_heap(heap_.begin(), heap_.end(), later);
    std::optional<Entry> next(Entry{heap_.back().time_s, std::move(heap_.back().event)});
    heap_.pop_back();
    now_s_ = next->time_s;
    return next;
  }
  std::optional<Entry> pop() { return pop_until(std::numeric_limits<double>::infinity()); }

  bool empty() const { return heap_.empty(); }
  std::size_t size() const { return heap_.size(); }
  /// Of the next event; infinity if there is none.
  double next_time_s() const { return heap_.empty() ? std::numeric_limits<double>::infinity() : heap_.front().time_s; }

 private:
  struct Item {
    double time_s;
    std::uint64_t order;  ///< rank, then order of scheduling
    Event event;
  };
  static constexpr int kSequenceBits = 56;  // 7e16 events: more than any run has

  static std::uint64_t rank(const Event& event) {
    if constexpr (requires { event.index(); })
      return static_cast<std::uint64_t>(event.index());
    else
      return 0;
  }
  static bool later(const Item& a, const Item& b) {
    return a.time_s > b.time_s || (a.time_s == b.time_s && a.order > b.order);
  }

  std::vector<Item> heap_;
  std::uint64_t sequence_ = 0;
  double now_s_ = -std::numeric_limits<double>::infinity();
};

}  // namespace windrow
