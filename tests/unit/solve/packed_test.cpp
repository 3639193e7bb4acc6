// Problems with pairs, against the simplex method on all columns.
#include "windrow/solve/packed.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "random_problem.hpp"
#include "solve/pair_interior.hpp"

namespace windrow::solve {
namespace {

using test::Draw;

/// Rows of size 1 or 2, pairs of equal size at 0.2 to 0.9 of the rates alone, some impossible.
PackedProblem packed_problem(std::uint64_t seed, std::size_t rows, std::size_t types) {
  PackedProblem problem;
  problem.alone = test::max_min_problem(seed, rows, types);
  for (std::size_t i = 0; i < rows; ++i) problem.alone.size[i] = i % 3 == 0 ? 2 : 1;
  Draw draw(seed + 1000);
  for (std::size_t i = 0; i < rows; ++i)
    for (std::size_t j = i + 1; j < rows; ++j) {
      if (problem.alone.size[i] != problem.alone.size[j]) continue;
      Pair pair{i, j, std::vector<double>(2 * types)};
      for (std::size_t k = 0; k < types; ++k) {
        if (draw.below(5) == 0) continue;
        pair.rate[k] = problem.alone.rate_of(i, k) * draw(0.2, 0.9);
        pair.rate[types + k] = problem.alone.rate_of(j, k) * draw(0.2, 0.9);
      }
      problem.pairs.push_back(pair);
    }
  return problem;
}

TEST(Packed, EveryTieBreakReachesTheOptimumOfAllColumns) {
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    const PackedProblem problem = packed_problem(seed, 2 + seed % 9, 1 + seed % 3);
    const double exact = solve_packed_simplex(problem).alone.theta;
    for (const TieBreak mode : {TieBreak::central, TieBreak::lexicographic, TieBreak::vertex}) {
      const PackedSolution answer = solve_packed(problem, mode);
      ASSERT_EQ(answer.alone.status, Status::optimal) << "seed " << seed;
      EXPECT_FALSE(answer.alone.fell_back) << "seed " << seed << " mode " << static_cast<int>(mode);
      EXPECT_NEAR(answer.alone.theta, exact, 1e-7 * exact) << "seed " << seed;
      EXPECT_LE(violation(problem, answer), 1e-8) << "seed " << seed;
      EXPECT_GE(answer.alone.bound, exact * (1 - 1e-9)) << "seed " << seed;
      EXPECT_LE(answer.alone.gap, 1e-6) << "seed " << seed;
    }
  }
}

/// Few and many GPUs, rates and weights over eight orders of magnitude, rows that nothing is asked for.
TEST(Packed, TheCentreIsHeldAtItsGapWhateverTheProblem) {
  for (std::uint64_t seed = 0; seed < 1500; ++seed) {
    const std::size_t types = 1 + seed % 4;
    PackedProblem problem = packed_problem(seed, 2 + seed * 7 % 40, types);
    Problem& alone = problem.alone;
    Draw draw(seed + 2000);
    if (seed % 5 == 1)
      for (double& gpus : alone.capacity) gpus *= 20;
    for (std::size_t i = 0; i < alone.rows(); ++i) {
      if (seed % 5 == 2 && draw.below(4) == 0) alone.weight[i] = 0;
      if (seed % 5 == 3) {
        const double unit = std::pow(10, draw(-4, 4));
        alone.weight[i] *= unit;
        for (std::size_t k = 0; k < types; ++k) alone.rate[i * types + k] *= unit;
        for (Pair& pair : problem.pairs)
          for (std::size_t k = 0; k < types; ++k) {
            if (pair.first == i) pair.rate[k] *= unit;
            if (pair.second == i) pair.rate[types + k] *= unit;
          }
      }
    }
    const PackedSolution answer = solve_packed(problem, TieBreak::central);
    ASSERT_EQ(answer.alone.status, Status::optimal) << "seed " << seed;
    EXPECT_FALSE(answer.alone.fell_back) << "seed " << seed;
    EXPECT_LE(answer.alone.gap, 2e-8) << "seed " << seed;
    EXPECT_LE(violation(problem, answer), 1e-12) << "seed " << seed;
  }
}

TEST(Packed, EveryMachineHasTheSameBits) {
  PairInterior wide, narrow;
  narrow.narrow();
  for (std::size_t types = 1; types <= 6; ++types)
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
      const PackedProblem problem = packed_problem(seed, 2 + seed, types);
      Ways ways;
      ways.add_alone(problem.alone);
      for (std::size_t c = 0; c < problem.pairs.size(); ++c) {
        const Pair& pair = problem.pairs[c];
        for (std::size_t k = 0; k < types; ++k)
          ways.add_pair(problem.alone, pair.first, pair.second, k, static_cast<int>(c), pair.rate[k],
                        pair.rate[types + k], 0);
      }
      ways.measure(problem.alone);
      const bool there = wide.run(problem.alone, ways, {.gap = 1e-8});
      EXPECT_TRUE(there) << "seed " << seed << " types " << types;
      EXPECT_EQ(narrow.run(problem.alone, ways, {.gap = 1e-8}), there);
      EXPECT_EQ(wide.time(), narrow.time()) << "seed " << seed << " types " << types;
      EXPECT_EQ(wide.theta(), narrow.theta());
      EXPECT_EQ(wide.rounds(), narrow.rounds());
    }
}

/// Columns that leave one direction without cost, as prices that only their scale could change: the free row alone
/// tells how far along it the answer lies.
TEST(Packed, TheFreeRowHoldsWhatTheRestOfTheFactorLeavesOpen) {
  const std::vector<std::size_t> sizes{6, 5};
  constexpr std::size_t kInner = 11, kBorder = 2, kRows = kInner + kBorder;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    Draw draw(seed);
    std::vector<double> open(kRows), free(kRows, 0.0);
    for (double& value : open) value = draw(0.5, 2);
    for (std::size_t r = 0; r < kInner; r += 2) free[r] = draw(0.1, 1);
    std::vector<double> matrix(kRows * kRows, 0.0);  // of whole columns
    for (std::size_t r = 0; r < kRows; ++r) matrix[r * kRows + r] = 1e-12;
    for (int c = 0; c < 60; ++c) {
      std::vector<double> column(kRows, 0.0);
      const std::size_t from = c % 2 == 0 ? 0 : sizes[0];
      const std::size_t end = c % 2 == 0 ? sizes[0] : kInner;
      double along = 0, length = 0;
      const auto touched = [&](std::size_t r) { return (r >= from && r < end) || r >= kInner; };
      for (std::size_t r = 0; r < kRows; ++r)
        if (touched(r)) column[r] = draw(-1, 1), along += column[r] * open[r], length += open[r] * open[r];
      for (std::size_t r = 0; r < kRows; ++r)
        if (touched(r)) column[r] -= along / length * open[r];
      for (std::size_t a = 0; a < kRows; ++a)
        for (std::size_t b = 0; b < kRows; ++b) matrix[a * kRows + b] += column[a] * column[b];
    }
    BorderedCholesky factor;
    factor.shape(sizes, kBorder);
    factor.clear();
    std::size_t first = 0;
    for (std::size_t block = 0; block < sizes.size(); first += sizes[block++])
      for (std::size_t c = 0; c < sizes[block]; ++c) {
        double* const column = factor.column(block, c);
        const double* const whole = &matrix[(first + c) * kRows];
        for (std::size_t r = c; r < sizes[block]; ++r) column[r] = whole[first + r];
        for (std::size_t k = 0; k < kBorder; ++k) column[factor.edge(block) + k] = whole[kInner + k];
        column[factor.edge(block) + kBorder] = free[first + c];
      }
    for (std::size_t c = 0; c < kBorder; ++c)
      for (std::size_t r = c; r < kBorder; ++r) factor.border(r, c) = matrix[(kInner + c) * kRows + kInner + r];
    factor.factor(false);

    std::vector<double> asked(kRows);  // of rows, and of the free one
    for (double& value : asked) value = draw(-1, 1);
    const double asked_free = draw(-1, 1);
    std::vector<double> answer = asked;
    const double free_answer = factor.solve(answer, asked_free, false);
    double meets = 0;
    for (std::size_t r = 0; r < kRows; ++r) meets += free[r] * answer[r];
    EXPECT_NEAR(meets, asked_free, 1e-12) << "seed " << seed;
    for (std::size_t r = 0; r < kRows; ++r) {
      double image = free[r] * free_answer;
      for (std::size_t c = 0; c < kRows; ++c) image += matrix[r * kRows + c] * answer[c];
      EXPECT_NEAR(image, asked[r], 1e-9) << "seed " << seed << " row " << r;
    }
  }
}

TEST(Packed, WhereGoingOnLeadsNowhereItBeginsAnewAndWhatIsImpossibleEnds) {
  PackedProblem problem = packed_problem(3, 12, 3);
  Ways ways;
  ways.add_alone(problem.alone);
  ways.measure(problem.alone);
  const std::vector<std::size_t> labels(problem.alone.rows(), 0);  // all are alike, to go on from what does not fit
  PairInterior fresh, going_on;
  ASSERT_TRUE(fresh.run(problem.alone, ways, {.gap = 1e-8}));
  for (int time = 0; time < 3; ++time) {
    ASSERT_TRUE(going_on.run(problem.alone, ways, {.gap = 1e-8, .labels = &labels}));
    EXPECT_NEAR(going_on.theta(), fresh.theta(), 1e-7 * fresh.theta());
    Problem impossible = problem.alone;  // a rate that nothing gives
    impossible.weight[0] = 0;
    impossible.floor.assign(impossible.rows(), 0.0);
    for (std::size_t k = 0; k < impossible.types(); ++k)
      impossible.floor[0] = std::max(impossible.floor[0], 2 * impossible.rate_of(0, k));
    Ways none;
    none.add_alone(impossible);
    none.measure(impossible);
    EXPECT_FALSE(going_on.run(impossible, none, {.gap = 1e-8, .labels = &labels}));
  }
}

TEST(Packed, ClassesWithCountsAreTheProblemOfTheirJobs) {
  // Three classes of 3, 2 and 1 jobs against the six jobs one by one.
  const PackedProblem kinds = packed_problem(8, 3, 2);
  const std::size_t kind[] = {0, 0, 0, 1, 1, 2};
  Draw draw(5);
  PackedProblem classes;
  PackedProblem jobs;
  classes.alone = kinds.alone;
  classes.alone.size = {1, 1, 1};
  classes.alone.count = {3, 2, 1};
  classes.alone.capacity = {1, 1};
  jobs.alone.theta_gain = 1;
  jobs.alone.capacity = {1, 1};
  std::vector<std::vector<double>> rate(9);
  for (std::size_t g = 0; g < 3; ++g)
    for (std::size_t h = g; h < 3; ++h) {
      Pair pair{g, h, std::vector<double>(4)};
      for (std::size_t k = 0; k < 2; ++k) {
        pair.rate[k] = classes.alone.rate_of(g, k) * draw(0.5, 0.8);
        pair.rate[2 + k] = g == h ? pair.rate[k] : classes.alone.rate_of(h, k) * draw(0.5, 0.8);
      }
      classes.pairs.push_back(pair);
      rate[g * 3 + h] = pair.rate;
    }
  for (std::size_t i = 0; i < 6; ++i) {
    jobs.alone.size.push_back(1);
    jobs.alone.weight.push_back(classes.alone.weight[kind[i]]);
    for (std::size_t k = 0; k < 2; ++k) jobs.alone.rate.push_back(classes.alone.rate_of(kind[i], k));
    for (std::size_t j = i + 1; j < 6; ++j) jobs.pairs.push_back({i, j, rate[kind[i] * 3 + kind[j]]});
  }
  const PackedSolution a = solve_packed(classes, TieBreak::central);
  const PackedSolution b = solve_packed(jobs, TieBreak::central);
  EXPECT_NEAR(a.alone.theta, b.alone.theta, 1e-7 * b.alone.theta);
  EXPECT_NEAR(a.alone.theta, solve_packed_simplex(jobs).alone.theta, 1e-7 * a.alone.theta);
  // The centre treats alike those that are alike: y_gh / (m_g m_h), and among the three of the first class y_gg / 3.
  for (std::size_t k = 0; k < 2; ++k) {
    EXPECT_NEAR(b.alone.x[k], a.alone.x[k], 1e-5);
    EXPECT_NEAR(b.together[k], a.together[k] / 3, 1e-5);              // jobs 0 and 1
    EXPECT_NEAR(b.together[2 * 2 + k], a.together[2 + k] / 6, 1e-5);  // jobs 0 and 3
  }
}

TEST(Packed, APairThatHelpsIsUsedAndADominatedOneIsNot) {
  PackedProblem problem;
  problem.alone.theta_gain = 1;
  problem.alone.capacity = {1};
  problem.alone.rate = {1, 1};
  problem.alone.weight = {1, 1};
  problem.alone.size = {1, 1};
  problem.pairs = {{0, 1, {0.75, 0.75}}};
  EXPECT_FALSE(dominated(problem.alone, problem.pairs[0], 0));
  EXPECT_NEAR(solve_packed(problem, TieBreak::central).alone.theta, 0.75, 1e-8);
  EXPECT_NEAR(solve_packed(problem, TieBreak::central).together[0], 1, 1e-7);
  problem.pairs = {{0, 1, {0.4, 0.5}}};
  EXPECT_TRUE(dominated(problem.alone, problem.pairs[0], 0));
  EXPECT_NEAR(solve_packed(problem, TieBreak::central).alone.theta, 0.5, 1e-8);
}

TEST(Packed, WaterFillingWithoutPairsIsThatOfTheOtherMethod) {
  for (std::uint64_t seed = 0; seed < 15; ++seed) {
    PackedProblem problem = packed_problem(seed, 8, 3);
    problem.pairs.clear();
    const std::vector<double> exact = fill(problem.alone).level;
    const PackedFilling filled = fill_packed(problem);
    for (std::size_t i = 0; i < 8; ++i)
      EXPECT_NEAR(filled.levels.level[i], exact[i], 1e-6 * exact[i]) << "seed " << seed;
  }
}

TEST(Packed, NoLevelOfWaterFillingCanBeRaisedWithoutLoweringASmallerOne) {
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    PackedProblem problem = packed_problem(seed, 6, 2);
    const std::vector<double> level = fill_packed(problem).levels.level;
    // Each row alone is raised, all others kept at their level: nothing to gain for those not above.
    for (std::size_t i = 0; i < 6; ++i) {
      PackedProblem probe = problem;
      probe.alone.floor.assign(6, 0.0);
      for (std::size_t j = 0; j < 6; ++j) {
        const bool above = level[j] / problem.alone.weight[j] > level[i] / problem.alone.weight[i] * (1 + 1e-6);
        const double least = above ? level[i] / problem.alone.weight[i] * problem.alone.weight[j] : level[j];
        probe.alone.weight[j] = j == i ? 1 : 0;
        probe.alone.floor[j] = least * (1 - 1e-8);
      }
      const PackedSolution answer = solve_packed_simplex(probe);
      ASSERT_EQ(answer.alone.status, Status::optimal);
      EXPECT_LE(answer.alone.theta, 2e-6 * std::max(1.0, level[i])) << "seed " << seed << " row " << i;
    }
  }
}

TEST(Packed, FinishTimesWithoutPairsAreThoseOfTheOtherMethod) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    FinishTimes times;
    times.region = test::max_min_problem(seed, 9, 3);
    for (std::size_t i = 0; i < 9; ++i) times.region.rate[i * 3] += 0.05;
    Draw draw(seed);
    for (std::size_t i = 0; i < 9; ++i) {
      times.steps.push_back(draw(1e3, 1e6));
      times.elapsed_s.push_back(draw(0, 1e4));
      times.fair_s.push_back(draw(1e4, 1e6));
    }
    const FinishTimeSolution alone = finish_time_fairness(times, TieBreak::central);
    ASSERT_EQ(alone.solution.status, Status::optimal) << "seed " << seed;
    EXPECT_NEAR(alone.attained, alone.rho, 2e-8 * alone.rho) << "seed " << seed;
    EXPECT_LE(alone.rounds, 6) << "seed " << seed;
    PackedProblem packed;
    packed.alone = times.region;
    EXPECT_NEAR(finish_time_fairness(times, packed, TieBreak::vertex).rho, alone.rho, 1e-8 * alone.rho);
  }
}

}  // namespace
}  // namespace windrow::solve
