#include <gtest/gtest.h>

#include "spot/python_heap.hpp"
#include "spot/python_set.hpp"
#include "windrow/kernel/random.hpp"

namespace windrow::spot {
namespace {

struct Entry {
  int key, id;
};

TEST(PythonHeap, EqualKeysLeaveInTheOrderOfHeapq) {
  PythonHeap<Entry> heap;
  for (int id = 1; id <= 5; ++id) heap.push({1, id});
  heap.push({3, 0});  // a later kind at the same time
  std::vector<int> order;
  while (!heap.empty()) {
    order.push_back(heap.pop().id);
    if (order.back() >= 1 && order.back() <= 5) heap.push({9, order.back() + 10});  // what each leads to later
  }
  EXPECT_EQ(order, (std::vector<int>{1, 3, 2, 5, 4, 0, 15, 14, 12, 11, 13}));
}

TEST(PythonHeap, KnowsWhenReplacingTheRootDoesAsWellAsPoppingAndPushing) {
  Stream random = Streams(1).stream("heap");
  int replaced = 0, refused = 0;
  for (int trial = 0; trial < 3000; ++trial) {
    PythonHeap<Entry> heap;
    const auto size = 1 + random.below(40);
    for (std::uint64_t i = 0; i < size; ++i) heap.push({static_cast<int>(10 + random.below(6)), static_cast<int>(i)});
    heap.push({0, 99});
    if (!heap.replacing_root_moves_nothing()) {
      ++refused;
      continue;
    }
    ++replaced;
    PythonHeap<Entry> popped = heap;
    Entry root = popped.pop();
    root.key = 1;
    popped.push(root);
    heap.root().key = 1;
    for (std::size_t i = 0; i < heap.size(); ++i) {
      ASSERT_EQ(heap[i].id, popped[i].id);
      ASSERT_EQ(heap[i].key, popped[i].key);
    }
  }
  EXPECT_GT(replaced, 300);
  EXPECT_GT(refused, 300);
}

TEST(PythonSet, KeepsTheOrderOfItsHistory) {
  PythonSet set;
  for (int id = 0; id < 32; ++id) set.insert(id);
  for (const int id : {3, 17, 5}) set.remove(id);
  for (const int id : {130, 131, 3}) set.insert(id);
  // CPython 3.9: s = set(); add 0 … 31; discard 3, 17, 5; add 130, 131, 3; list(s)
  const std::vector<int> order = set.in_order();
  EXPECT_EQ(order.size(), 32U);
  EXPECT_EQ(order[0], 0);
  EXPECT_NE(std::find(order.begin(), order.end(), 130), order.end());
  EXPECT_EQ(std::find(order.begin(), order.end(), 17), order.end());
}

}  // namespace
}  // namespace windrow::spot
