#include "training/policies/queue_assignment.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "windrow/kernel/random.hpp"

namespace windrow::training {
namespace {

using Heads = std::vector<std::pair<std::size_t, std::size_t>>;  // row, type

Heads sorted(const std::vector<QueueAssignment::Head>& heads) {
  Heads result;
  for (const auto& head : heads) result.emplace_back(head.row, head.type);
  std::sort(result.begin(), result.end());
  return result;
}

std::vector<QueueAssignment::Row> random_rows(PythonRandom& random, std::size_t count, double step_s) {
  std::vector<QueueAssignment::Row> rows;
  for (std::size_t i = 0; i < count; ++i) {
    QueueAssignment::Row row{{}, std::floor(random.random() * 100) * 360};
    for (double& time_s : row.processing_s) time_s = step_s * std::ceil(random.random() * 1e5 / step_s);
    rows.push_back(row);
  }
  return rows;
}

// Whole numbers of large steps make ties of all kinds.
TEST(QueueAssignment, ShortCutsChooseWhatThePlainAlgorithmChooses) {
  QueueAssignment fast, plain;
  int with_queue = 0;
  for (std::uint64_t seed = 0; seed < 1500; ++seed) {
    PythonRandom random(seed);
    const double step_s = seed % 3 == 0 ? 20000.0 : seed % 3 == 1 ? 1000.0 : 1e-3;
    const auto rows = random_rows(random, 1 + random.below(seed % 50 == 0 ? 60 : 14), step_s);
    std::vector<int> workers(3);
    for (int& count : workers) count = static_cast<int>(random.below(4));
    const Heads expected = sorted(plain.plain_heads(rows, workers));
    ASSERT_EQ(sorted(fast.heads(rows, workers)), expected) << "seed " << seed;
    const auto free = static_cast<std::size_t>(workers[0] + workers[1] + workers[2]);
    EXPECT_LE(expected.size(), std::min(free, rows.size()));
    with_queue += rows.size() > free && free > 1 ? 1 : 0;
  }
  EXPECT_GT(with_queue, 300);
}

/// Least sum of completion times over all ways to queue up, and who may be first in one of them.
TEST(QueueAssignment, IsOptimal) {
  QueueAssignment solver;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    PythonRandom random(seed);
    const auto rows = random_rows(random, 5, 1e-3);
    // One worker of each of two types: 2^5 ways to share the jobs out, each queue in order of time.
    double least = 1e300;
    Heads best;
    for (unsigned mask = 0; mask < 32; ++mask) {
      double total = 0;
      Heads heads;
      for (std::size_t w = 0; w < 2; ++w) {
        std::vector<std::pair<double, std::size_t>> queue;
        for (std::size_t i = 0; i < rows.size(); ++i)
          if ((mask >> i & 1) == w) queue.emplace_back(rows[i].processing_s[w], i);
        std::sort(queue.begin(), queue.end());
        for (std::size_t k = 0; k < queue.size(); ++k) total += static_cast<double>(queue.size() - k) * queue[k].first;
        if (!queue.empty()) heads.emplace_back(queue.front().second, w);
      }
      if (total < least) least = total, best = heads;
    }
    std::sort(best.begin(), best.end());
    EXPECT_EQ(sorted(solver.heads(rows, {1, 1, 0})), best) << "seed " << seed;
  }
}

TEST(QueueAssignment, NobodyOrNoWorkerMeansNoHead) {
  QueueAssignment solver;
  EXPECT_TRUE(solver.heads({}, {1, 2, 3}).empty());
  EXPECT_TRUE(solver.heads({{{1, 1, 1}, 0}}, {0, 0, 0}).empty());
  EXPECT_EQ(sorted(solver.heads({{{5, 3, 4}, 7}}, {1, 1, 1})), (Heads{{0, 1}}));
}

}  // namespace
}  // namespace windrow::training
