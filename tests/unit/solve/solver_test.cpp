// A solver that keeps its memory answers as the functions do, to the bit, whatever it was asked before.
#include "windrow/solve/solver.hpp"

#include <gtest/gtest.h>

#include "random_problem.hpp"

namespace windrow::solve {
namespace {

using test::Draw;

FinishTimes finish_problem(std::uint64_t seed) {
  FinishTimes times;
  times.region = test::max_min_problem(seed, 1 + seed % 13, 1 + seed % 4);
  const std::size_t types = times.region.types();
  Draw draw(seed);
  for (std::size_t i = 0; i < times.region.rows(); ++i) {
    times.region.rate[i * types] += 0.05;
    times.steps.push_back(draw(1e3, 1e6));
    times.elapsed_s.push_back(draw(0, 1e4));
    times.fair_s.push_back(draw(1e4, 1e6));
  }
  return times;
}

TEST(Solver, AnswersAsTheFunctionsDoToTheBit) {
  for (const TieBreak mode : {TieBreak::central, TieBreak::lexicographic, TieBreak::vertex}) {
    Solver solver(mode, 5);
    for (int turn = 0; turn < 2; ++turn)  // the second time, some of it is remembered
      for (std::uint64_t seed = 0; seed < 20; ++seed) {
        const Problem fair = test::max_min_problem(seed % 7, 1 + seed % 7, 1 + seed % 7 % 4);
        const Problem sum = test::sum_problem(seed, 1 + seed % 19, 1 + seed % 4, seed % 2 == 0);
        EXPECT_EQ(solver.solve(fair).x, solve(fair, mode).x) << "seed " << seed;
        EXPECT_EQ(solver.solve_sum(sum).solution.x, solve_sum(sum, mode).solution.x) << "seed " << seed;
        const WaterFilling filled = fill(fair);
        EXPECT_EQ(solver.fill(fair).level, filled.level) << "seed " << seed;
        EXPECT_EQ(solver.fill(fair).last.x, filled.last.x) << "seed " << seed;
        const FinishTimes times = finish_problem(seed);
        const FinishTimeSolution finish = finish_time_fairness(times, mode);
        EXPECT_EQ(solver.finish_time_fairness(times).solution.x, finish.solution.x) << "seed " << seed;
        EXPECT_EQ(solver.finish_time_fairness(times).rho, finish.rho) << "seed " << seed;
      }
    EXPECT_EQ(solver.asked().problems, 2 * 20 * 6);
    EXPECT_GT(solver.asked().remembered, 0);
    if (mode == TieBreak::central) {
      EXPECT_EQ(solver.asked().fallbacks, 0);
    }
    EXPECT_EQ(solver.asked().failures, 0);
  }
}

TEST(Solver, RemembersClassesAndCountsNotTheOrderOfJobs) {
  Solver solver(TieBreak::central, 10);
  Problem problem = test::max_min_problem(3, 6, 3);
  const std::vector<double> first = solver.solve(problem).x;
  std::swap(problem.weight[0], problem.weight[5]);
  std::swap(problem.size[0], problem.size[5]);
  for (std::size_t k = 0; k < 3; ++k) std::swap(problem.rate[k], problem.rate[15 + k]);
  const std::vector<double> turned = solver.solve(problem).x;
  EXPECT_EQ(solver.asked().remembered, 1);
  for (std::size_t k = 0; k < 3; ++k) EXPECT_EQ(turned[k], first[15 + k]);
  problem.capacity[0] += 1;
  solver.solve(problem);
  EXPECT_EQ(solver.asked().remembered, 1);
  Solver forgetful(TieBreak::central);
  forgetful.solve(problem);
  forgetful.solve(problem);
  EXPECT_EQ(forgetful.asked().remembered, 0);
}

}  // namespace
}  // namespace windrow::solve
