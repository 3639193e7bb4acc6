#include "exec/work_queue.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <set>
#include <vector>

namespace windrow::exec {
namespace {

struct Listed {
  double hint;
  std::uint64_t group;
  bool done = false;
};

class ListedWork final : public Work {
 public:
  explicit ListedWork(std::vector<Listed> points) : points_(std::move(points)) {}
  std::uint64_t size() const override { return points_.size(); }
  bool done(std::uint64_t index) const override { return points_[index].done; }
  std::uint32_t attempts(std::uint64_t) const override { return 0; }
  std::string config_text(std::uint64_t) const override { return ""; }
  double cost_hint(std::uint64_t index) const override { return points_[index].hint; }
  std::uint64_t cost_group(std::uint64_t index) const override { return points_[index].group; }
  std::string label(std::uint64_t) const override { return ""; }
  void accept(std::span<const sweep::PointRecord>) override {}
  void housekeeping() override {}

 private:
  std::vector<Listed> points_;
};

std::vector<std::uint64_t> all(WorkQueue& queue) {
  std::vector<std::uint64_t> order;
  while (queue.left() > 0) order.push_back(queue.take().index);
  return order;
}

using Order = std::vector<std::uint64_t>;

TEST(WorkQueue, LeavesOutWhatIsDone) {
  WorkQueue queue(ListedWork({{1, 0}, {1, 0, true}, {1, 0}}));
  EXPECT_EQ(queue.left(), 2U);
  EXPECT_EQ(all(queue), (Order{0, 2}));
}

TEST(WorkQueue, GivesNothingForNothing) {
  WorkQueue queue(ListedWork({}));
  EXPECT_EQ(queue.left(), 0U);
  EXPECT_EQ(queue.left_s(), 0);
}

TEST(WorkQueue, BeginsWithTheHighestHintAndKeepsTheOrderOfEqualOnes) {
  WorkQueue queue(ListedWork({{1, 1}, {3, 2}, {2, 3}, {3, 4}, {1, 1}}));
  EXPECT_EQ(all(queue), (Order{1, 3, 2, 0, 4}));
}

TEST(WorkQueue, TakesAnyHint) {
  const double nan = std::nan(""), infinity = std::numeric_limits<double>::infinity();
  WorkQueue queue(ListedWork({{nan, 1}, {-1, 2}, {infinity, 3}, {0, 4}}));
  EXPECT_EQ(all(queue), (Order{2, 0, 1, 3}));
}

TEST(WorkQueue, PredictsOtherGroupsByTheScaleOfWhatWasMeasured) {
  WorkQueue queue(ListedWork({{10, 1}, {10, 1}, {4, 2}, {4, 2}}));
  const auto first = queue.take();
  EXPECT_EQ(queue.predicted_s(first.group), 0);  // nothing is known
  queue.learn(first.group, 5.0);
  EXPECT_TRUE(queue.measured(first.group));
  EXPECT_DOUBLE_EQ(queue.predicted_s(first.group), 5.0);
  EXPECT_NEAR(queue.left_s(), 5.0 + 2 * 4 * 0.5, 1e-6);
}

TEST(WorkQueue, WhatWasMeasuredBeatsTheHint) {
  // Group 1 claims to be long and is not: its other points wait until the honest ones are through.
  WorkQueue queue(ListedWork({{10, 1}, {10, 1}, {10, 1}, {8, 2}, {8, 2}}));
  const auto liar = queue.take();
  ASSERT_EQ(liar.index, 0U);
  queue.learn(liar.group, 0.1);
  const auto next = queue.take();  // 8 x 0.01 s are still less than 0.1 s
  ASSERT_EQ(next.index, 1U);
  queue.learn(next.group, 0.1);
  const auto honest = WorkQueue::Item{3, 1};
  queue.learn(honest.group, 8.0);
  EXPECT_NEAR(queue.predicted_s(liar.group), 0.1, 1e-6);
  EXPECT_NEAR(queue.predicted_s(honest.group), 8.0, 1e-6);
  EXPECT_EQ(all(queue), (Order{3, 4, 2}));
}

TEST(WorkQueue, AveragesTheMeasurementsOfAGroup) {
  WorkQueue queue(ListedWork({{1, 1}, {1, 1}, {1, 1}}));
  for (const double wall_s : {1.0, 2.0, 6.0}) queue.learn(0, wall_s);
  EXPECT_NEAR(queue.predicted_s(0), 3.0, 1e-6);
  EXPECT_NEAR(queue.left_s(), 9.0, 1e-5);
}

TEST(WorkQueue, GivesEachPointOnceWhateverItLearns) {
  std::vector<Listed> points;
  for (std::uint64_t i = 0; i < 3000; ++i) points.push_back({1.0 + static_cast<double>(i * 7919 % 13), i / 3});
  for (std::uint64_t i = 0; i < 500; ++i) points.push_back({static_cast<double>(i % 5), 10'000 + i});
  WorkQueue queue{ListedWork(points)};
  std::set<std::uint64_t> seen;
  double noise = 0.5;
  while (queue.left() > 0) {
    const auto item = queue.take();
    EXPECT_TRUE(seen.insert(item.index).second);
    noise = std::fmod(noise * 997.13, 1.0);
    if (item.index % 3 != 0) queue.learn(item.group, 1e-6 + noise * points[item.index].hint);
  }
  EXPECT_EQ(seen.size(), points.size());
  EXPECT_NEAR(queue.left_s(), 0, 1e-3);
}

TEST(WorkQueue, LonelyPointsOfEqualHintLearnFromOneAnother) {
  WorkQueue queue(ListedWork({{2, 1}, {2, 2}, {2, 3}}));
  const auto item = queue.take();
  queue.learn(item.group, 0.25);
  EXPECT_EQ(queue.take().group, item.group);
}

}  // namespace
}  // namespace windrow::exec
