#include "training/lazy_order.hpp"

#include <gtest/gtest.h>

#include <random>

namespace windrow::training {
namespace {

std::vector<int> all_of(LazyOrder<int>& order) {
  std::vector<int> seen;
  for (std::size_t i = 0; i < order.size(); ++i) seen.push_back(order[i]);
  return seen;
}

TEST(LazyOrder, IsInOrderHoweverFarItWasLookedAtBeforeThingsCameAndWent) {
  std::mt19937 random(7);
  for (int round = 0; round < 300; ++round) {
    std::vector<int> expected(random() % 400);
    for (std::size_t i = 0; i < expected.size(); ++i) expected[i] = static_cast<int>(3 * i);
    std::shuffle(expected.begin(), expected.end(), random);
    LazyOrder<int> order;
    for (const int thing : expected) order.add(thing);
    for (int change = 0; change < 6; ++change) {
      if (order.size() > 0) static_cast<void>(order[random() % order.size() / (1 + random() % 20)]);
      const int thing = static_cast<int>(3 * (random() % 400) + 1 + random() % 2);
      if (std::find(expected.begin(), expected.end(), thing) == expected.end()) {
        order.insert(thing);
        expected.push_back(thing);
      }
      const auto gone = [&, part = static_cast<int>(2 + random() % 30)](int one) { return one % part == 0; };
      order.erase_if(gone);
      std::erase_if(expected, gone);
    }
    std::sort(expected.begin(), expected.end());
    ASSERT_EQ(all_of(order), expected) << round;
  }
}

TEST(LazyOrder, BeginsAnewOnceCleared) {
  LazyOrder<int> order;
  for (const int thing : {3, 1, 2}) order.add(thing);
  EXPECT_EQ(order[0], 1);
  order.clear();
  EXPECT_EQ(order.size(), 0u);
  for (const int thing : {6, 5}) order.add(thing);
  EXPECT_EQ(all_of(order), (std::vector{5, 6}));
}

}  // namespace
}  // namespace windrow::training
