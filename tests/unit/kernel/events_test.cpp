#include "windrow/kernel/events.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <tuple>
#include <variant>

#include "windrow/kernel/random.hpp"

namespace windrow {
namespace {

struct End {
  int id = 0;
};
struct Begin {
  int id = 0;
};
using Event = std::variant<End, Begin>;

std::string name(const Event& event) {
  return std::visit(overloaded{[](End e) { return "end " + std::to_string(e.id); },
                               [](Begin b) { return "begin " + std::to_string(b.id); }},
                    event);
}

TEST(EventQueue, OrdersByTimeThenRankThenOrderOfScheduling) {
  EventQueue<Event> events;
  events.schedule(2.0, Begin{1});
  events.schedule(1.0, Begin{2});
  events.schedule(1.0, Begin{3});
  events.schedule(1.0, End{4});
  events.schedule(2.0, End{5});
  std::vector<std::string> order;
  while (auto next = events.pop()) order.push_back(name(next->event));
  EXPECT_EQ(order, (std::vector<std::string>{"end 4", "begin 2", "begin 3", "end 5", "begin 1"}));
}

TEST(EventQueue, PopsWhatIsDueAtTheEndAndNothingLater) {
  EventQueue<Event> events;
  events.schedule(1.0, End{1});
  events.schedule(1.5, End{2});
  EXPECT_EQ(events.next_time_s(), 1.0);
  EXPECT_FALSE(events.pop_until(0.999).has_value());
  EXPECT_EQ(events.pop_until(1.0)->time_s, 1.0);
  EXPECT_FALSE(events.pop_until(1.0).has_value());
  EXPECT_EQ(events.size(), 1U);
  EXPECT_EQ(name(events.pop()->event), "end 2");
  EXPECT_TRUE(events.empty());
  EXPECT_TRUE(std::isinf(events.next_time_s()));
  EXPECT_FALSE(events.pop().has_value());
}

TEST(EventQueue, RefusesThePastAndNaN) {
  EventQueue<int> events;
  events.schedule(5.0, 1);
  events.schedule(4.0, 2);
  EXPECT_EQ(events.pop()->event, 2);
  EXPECT_THROW(events.schedule(3.0, 3), InvariantError);
  EXPECT_THROW(events.schedule(std::nan(""), 3), InvariantError);
  EXPECT_NO_THROW(events.schedule(4.0, 3));
}

TEST(EventQueue, AgreesWithASortedList) {
  Stream random = Streams(1).stream("events");
  EventQueue<Event> events;
  std::vector<std::tuple<double, std::size_t, int>> expected;  // time, rank, order
  double now_s = 0;
  for (int id = 0; id < 5000; ++id) {
    const double time_s = now_s + static_cast<double>(random.below(20));  // many at equal times
    const Event event = random.below(2) == 0 ? Event(End{id}) : Event(Begin{id});
    events.schedule(time_s, event);
    expected.emplace_back(time_s, event.index(), id);
    if (random.below(2) == 0) {
      const auto next = events.pop();
      const auto first = std::min_element(expected.begin(), expected.end());
      ASSERT_EQ(next->time_s, std::get<0>(*first));
      ASSERT_EQ(std::visit([](auto e) { return e.id; }, next->event), std::get<2>(*first));
      expected.erase(first);
      now_s = next->time_s;
    }
  }
  EXPECT_EQ(events.size(), expected.size());
}

}  // namespace
}  // namespace windrow
