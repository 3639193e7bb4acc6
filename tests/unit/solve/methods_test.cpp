// Each method against the general simplex method, and against what is true of every optimum.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "random_problem.hpp"
#include "solve/embedding.hpp"
#include "solve/interior.hpp"
#include "solve/market.hpp"
#include "windrow/solve/classes.hpp"
#include "windrow/solve/linear_program.hpp"
#include "windrow/solve/problem.hpp"

namespace windrow::solve {
namespace {

using test::Draw;
using test::max_min_problem;
using test::sum_problem;

Problem problem_of(std::uint64_t seed) {
  const std::size_t rows = 1 + seed % 40;
  const std::size_t types = 1 + seed % 5;
  return seed % 3 == 0 ? max_min_problem(seed, rows, types) : sum_problem(seed, rows, types, seed % 3 == 2);
}

TEST(Methods, AgreeWithTheSimplexMethodAndProveIt) {
  for (std::uint64_t seed = 0; seed < 150; ++seed) {
    const Problem problem = problem_of(seed);
    const Solution exact = solve_simplex(problem);
    ASSERT_EQ(exact.status, Status::optimal) << "seed " << seed;
    std::vector<Solution> answers{exact, solve_interior(problem)};
    if (seed % 3 != 2) answers.push_back(solve_prices(problem));  // with floors it needs a start
    for (const Solution& answer : answers) {
      ASSERT_EQ(answer.status, Status::optimal) << "seed " << seed << " method " << static_cast<int>(answer.method);
      EXPECT_NEAR(answer.objective, exact.objective, 2e-8 * exact.objective) << "seed " << seed;
      EXPECT_LE(violation(problem, answer.x, answer.theta), 1e-12) << "seed " << seed;
      // The certificate is computed from the prices alone, here once more: no optimum is above it.
      const double bound = upper_bound(problem, answer.price, answer.rate_price);
      EXPECT_GE(bound, exact.objective * (1 - 1e-8)) << "seed " << seed;
      EXPECT_LE(bound, answer.objective * (1 + 2e-8)) << "seed " << seed;
    }
  }
}

TEST(Methods, PricesAreExactToTenDigits) {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    const Problem problem = max_min_problem(seed, 20 + seed, 3);
    const Solution answer = solve_prices(problem);
    ASSERT_EQ(answer.status, Status::optimal);
    EXPECT_LE(answer.gap, 2e-10) << "seed " << seed;
    EXPECT_GE(answer.gap, -1e-14) << "seed " << seed;
  }
}

TEST(Methods, PricesTakeOneRoundWhereCapacityDoesNotBind) {
  Problem problem = max_min_problem(7, 30, 3);
  problem.capacity.assign(3, 1e6);
  EXPECT_EQ(solve_prices(problem).rounds, 1);
}

TEST(Methods, PricesStartFromAGivenAllocationWhereFloorsBind) {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    const Problem problem = sum_problem(seed, 3 + seed, 3, true);
    const Solution exact = solve_simplex(problem);
    ASSERT_EQ(exact.status, Status::optimal);
    EXPECT_EQ(solve_prices(problem).status, Status::failed);
    Problem other = problem;  // an allocation that meets the floors and is good for nothing else
    for (double& gain : other.gain) gain = -gain;
    const Solution start = solve_simplex(other);
    const Solution answer = solve_prices(problem, &start.x);
    ASSERT_EQ(answer.status, Status::optimal) << "seed " << seed;
    EXPECT_NEAR(answer.objective, exact.objective, 1e-8 * exact.objective) << "seed " << seed;
    EXPECT_LE(answer.gap, 1e-8) << "seed " << seed;
    EXPECT_LE(violation(problem, answer.x, 0), 1e-9) << "seed " << seed;
  }
}

TEST(Methods, InfeasibleFloorsAreFound) {
  Problem problem = sum_problem(3, 6, 3, false);
  problem.floor.assign(6, 0.0);
  problem.floor[2] = 1.01 * *std::max_element(&problem.rate[6], &problem.rate[6] + 3);
  EXPECT_EQ(solve_simplex(problem).status, Status::infeasible);
  EXPECT_NE(solve_interior(problem).status, Status::optimal);
  for (const TieBreak mode : {TieBreak::central, TieBreak::lexicographic, TieBreak::vertex})
    EXPECT_EQ(solve(problem, mode).status, Status::infeasible);
}

TEST(Methods, UpperBoundHoldsForAnyPrices) {
  Draw draw(11);
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    const Problem problem = seed % 2 == 0 ? max_min_problem(seed, 12, 3) : sum_problem(seed, 12, 3, true);
    const Solution exact = solve_simplex(problem);
    std::vector<double> price(3);
    std::vector<double> rate_price(12);
    for (double& p : price) p = draw(0, 3);
    for (double& p : rate_price) p = draw(0, 3);
    EXPECT_GE(upper_bound(problem, price, rate_price), exact.objective * (1 - 1e-8)) << "seed " << seed;
  }
}

TEST(Methods, TheCentreMaximisesTheSlacksOfTheOptimalFace) {
  // One job of weight 5 sets theta, whatever the other gets on two equal types: the centre is known in closed form.
  // Maximise log x + log y + log(1 - x - y), twice capacity to spare: x = y = 1/3.
  Problem problem;
  problem.theta_gain = 1;
  problem.capacity = {1e9, 1e9};
  problem.rate = {1, 0, 1, 1};
  problem.weight = {5, 1e-9};
  problem.size = {1, 1};
  const Solution answer = solve(problem, TieBreak::central);
  ASSERT_EQ(answer.status, Status::optimal);
  EXPECT_EQ(answer.method, Method::interior);
  EXPECT_NEAR(answer.theta, 0.2, 1e-9);
  EXPECT_NEAR(answer.x[0], 1.0, 1e-7);
  EXPECT_NEAR(answer.x[2], answer.x[3], 1e-9);
  // The slack of the second row's rate is x + y: log x + log y + log(x + y) + log(1 - x - y) is best at x = y = 3/8.
  EXPECT_NEAR(answer.x[2], 0.375, 1e-6);
}

TEST(Methods, TheCentreDoesNotDependOnWhereTheBarrierIsHeld) {
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    const Problem problem = max_min_problem(seed, 12, 3);
    const Solution fine = solve_interior(problem, 1e-9);
    const Solution coarse = solve_interior(problem, 1e-8);
    ASSERT_EQ(fine.status, Status::optimal);
    ASSERT_EQ(coarse.status, Status::optimal);
    for (std::size_t j = 0; j < fine.x.size(); ++j) EXPECT_NEAR(fine.x[j], coarse.x[j], 2e-5) << "seed " << seed;
  }
}

TEST(Solve, RowsThatAreAlikeAreSolvedAsOneAndShareAlike) {
  Problem problem;
  problem.theta_gain = 1;
  problem.capacity = {3, 2, 4};
  const Problem few = max_min_problem(5, 4, 3);
  for (std::size_t i = 0; i < 40; ++i) {
    const std::size_t like = i * 7 % 4;
    for (std::size_t k = 0; k < 3; ++k) problem.rate.push_back(few.rate_of(like, k));
    problem.weight.push_back(few.weight[like]);
    problem.size.push_back(few.size[like]);
  }
  const Classes classes = classes_of(problem);
  EXPECT_EQ(classes.problem.rows(), 4U);
  EXPECT_EQ(std::accumulate(classes.problem.count.begin(), classes.problem.count.end(), 0.0), 40.0);
  const Solution one_by_one = solve_interior(problem);
  const Solution grouped = solve(problem, TieBreak::central);
  for (std::size_t j = 0; j < problem.rate.size(); ++j) {
    EXPECT_NEAR(grouped.x[j], one_by_one.x[j], 1e-6);  // the centre treats them alike by itself
    EXPECT_EQ(grouped.x[j], grouped.x[(j + 12) % grouped.x.size()]);
  }
  EXPECT_NEAR(grouped.theta, solve_simplex(problem).theta, 1e-8 * grouped.theta);
}

constexpr TieBreak kModes[] = {TieBreak::central, TieBreak::lexicographic, TieBreak::vertex, TieBreak::ecos};

TEST(Solve, EqualInputGivesEqualBits) {
  for (std::uint64_t seed = 0; seed < 30; ++seed)
    for (const TieBreak mode : kModes) EXPECT_EQ(solve(problem_of(seed), mode).x, solve(problem_of(seed), mode).x);
}

TEST(Solve, TheOrderOfRowsDoesNotMatterToTheBit) {
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    const Problem problem = problem_of(seed);
    const std::size_t n = problem.rows();
    const std::size_t types = problem.types();
    Problem turned = problem;
    for (std::size_t i = 0; i < n; ++i) {
      const std::size_t from = (i + 3) % n;
      turned.weight[i] = problem.weight[from];
      turned.size[i] = problem.size[from];
      if (!problem.floor.empty()) turned.floor[i] = problem.floor[from];
      for (std::size_t k = 0; k < types; ++k) {
        turned.rate[i * types + k] = problem.rate[from * types + k];
        if (!problem.gain.empty()) turned.gain[i * types + k] = problem.gain[from * types + k];
      }
    }
    for (const TieBreak mode : kModes) {
      const Solution a = solve(problem, mode);
      const Solution b = solve(turned, mode);
      for (std::size_t i = 0; i < n; ++i)
        for (std::size_t k = 0; k < types; ++k)
          EXPECT_EQ(b.x[i * types + k], a.x[(i + 3) % n * types + k]) << "seed " << seed;
    }
  }
}

TEST(Solve, UnitsOfRatesAndThetaDoNotMatter) {
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    const Problem problem = max_min_problem(seed, 15, 3);
    Problem scaled = problem;
    for (double& rate : scaled.rate) rate *= 1e-6;  // steps per s -> steps per us
    for (double& weight : scaled.weight) weight *= 1e5;
    for (const TieBreak mode : kModes) {
      const Solution a = solve(problem, mode);
      const Solution b = solve(scaled, mode);
      EXPECT_NEAR(b.theta * 1e11, a.theta, (mode == TieBreak::ecos ? 1e-6 : 1e-8) * a.theta) << "seed " << seed;
      if (mode == TieBreak::vertex || mode == TieBreak::ecos) continue;  // ECOS's path depends on them
      for (std::size_t j = 0; j < a.x.size(); ++j) EXPECT_NEAR(a.x[j], b.x[j], 1e-5) << "seed " << seed;
    }
  }
}

TEST(Solve, MoreCapacityIsNeverWorse) {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    Problem problem = problem_of(seed);
    const double before = solve(problem, TieBreak::central).objective;
    problem.capacity[seed % problem.types()] += 1;
    EXPECT_GE(solve(problem, TieBreak::central).objective, before * (1 - 1e-8)) << "seed " << seed;
  }
}

TEST(Solve, TypesWithoutGpusAreLeftOut) {
  Problem problem = max_min_problem(4, 10, 3);
  for (std::size_t i = 0; i < 10; ++i) problem.rate[i * 3] += 0.1;
  problem.capacity = {4, 0, 2};
  for (const TieBreak mode : kModes) {
    const Solution answer = solve(problem, mode);
    ASSERT_EQ(answer.status, Status::optimal);
    EXPECT_FALSE(answer.fell_back);
    for (std::size_t i = 0; i < 10; ++i) EXPECT_EQ(answer.x[i * 3 + 1], 0.0);
    EXPECT_LE(answer.gap, 1e-7);
    EXPECT_NEAR(answer.theta, solve_simplex(problem).theta, 1e-8 * answer.theta);
  }
}

TEST(Solve, SharesThatAreNotAllowedAreZero) {
  Problem problem = max_min_problem(9, 12, 3);
  problem.allowed.assign(36, 1);
  for (std::size_t i = 0; i < 12; i += 2) problem.allowed[i * 3 + 1] = 0;
  const double exact = solve_simplex(problem).theta;
  for (const TieBreak mode : kModes) {
    const Solution answer = solve(problem, mode);
    EXPECT_NEAR(answer.theta, exact, 1e-8 * exact);
    EXPECT_LE(violation(problem, answer.x, answer.theta), 1e-12);
  }
}

TEST(Solve, ARowThatRunsNowhereEndsInTheSimplexMethodNotInAnError) {
  Problem problem = max_min_problem(2, 5, 3);
  for (std::size_t k = 0; k < 3; ++k) problem.rate[k] = 0;
  const Solution answer = solve(problem, TieBreak::central);
  EXPECT_EQ(answer.status, Status::optimal);
  EXPECT_TRUE(answer.fell_back);
  EXPECT_EQ(answer.theta, 0.0);
}

TEST(Solve, NoRowsAndNoGpusAreAnswered) {
  Problem nobody;
  nobody.theta_gain = 1;
  nobody.capacity = {1, 2};
  Problem nothing = max_min_problem(1, 4, 2);
  nothing.capacity = {0, 0};
  for (const TieBreak mode : kModes) {
    EXPECT_EQ(solve(nobody, mode).status, Status::optimal);
    const Solution answer = solve(nothing, mode);
    EXPECT_EQ(answer.x, std::vector<double>(8, 0.0));
    EXPECT_EQ(answer.theta, 0.0);
  }
}

TEST(Solve, LexicographicSpendsTheLeastGpuTimeAtTheSameLevels) {
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    const Problem problem = max_min_problem(seed, 8, 3);
    const Solution lean = solve(problem, TieBreak::lexicographic);
    const Solution centre = solve(problem, TieBreak::central);
    ASSERT_EQ(lean.status, Status::optimal);
    EXPECT_FALSE(lean.fell_back) << "seed " << seed;
    EXPECT_NEAR(lean.theta, centre.theta, 1e-7 * centre.theta) << "seed " << seed;
    EXPECT_LE(lean.gap, 1e-7) << "seed " << seed;
    const auto rates = [&](const Solution& answer) {
      std::vector<double> sorted;
      for (std::size_t i = 0; i < 8; ++i) {
        double rate = 0;
        for (std::size_t k = 0; k < 3; ++k) rate += problem.rate_of(i, k) * answer.x[i * 3 + k];
        sorted.push_back(rate / problem.weight[i]);
      }
      std::sort(sorted.begin(), sorted.end());
      return sorted;
    };
    // Sorted from the worst-off up, no other optimum has larger levels.
    const std::vector<double> a = rates(lean);
    const std::vector<double> b = rates(centre);
    std::size_t first = 0;
    while (first < 8 && std::abs(a[first] - b[first]) <= 1e-6 * a[first]) ++first;
    EXPECT_TRUE(first == 8 || a[first] > b[first]) << "seed " << seed;
  }
}

TEST(Solve, LexicographicSpendsNoMoreThanTheSimplexMethodOnAllColumns) {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    const Problem problem = max_min_problem(seed, 5 + seed % 60, 1 + seed % 4);
    const Solution lean = solve(problem, TieBreak::lexicographic);
    ASSERT_EQ(lean.status, Status::optimal) << "seed " << seed;
    EXPECT_LE(violation(problem, lean.x, lean.theta), 1e-9) << "seed " << seed;
    Problem least = problem;  // the same rates, but for rounding
    least.theta_gain = 0;
    least.weight.assign(problem.rows(), 0.0);
    least.floor.assign(problem.rows(), 0.0);
    least.gain.assign(problem.rate.size(), 0.0);
    double spent = 0;
    for (std::size_t j = 0; j < problem.rate.size(); ++j) {
      const std::size_t i = j / problem.types();
      least.floor[i] += problem.rate[j] * lean.x[j] * (1 - 3e-9);
      least.gain[j] = -problem.size[i];
      spent += problem.size[i] * lean.x[j];
    }
    const Solution exact = solve_simplex(least);
    ASSERT_EQ(exact.status, Status::optimal) << "seed " << seed;
    EXPECT_NEAR(spent, -exact.objective, 1e-5 * spent) << "seed " << seed;
  }
}

TEST(LinearProgram, LexicographicAnswerIsUniqueAndSmallestInOrder) {
  // x + y + z = 1 at the optimum: least of x, then of y.
  LinearProgram program;
  const int row = program.add_row(-kInfinity, 1);
  const std::pair<int, double> entry[] = {{row, 1.0}};
  for (int j = 0; j < 3; ++j) program.add_column(1, 0, 0.6, entry);
  const LinearSolution found = maximise_lexicographically(program, {});
  ASSERT_EQ(found.status, Status::optimal);
  EXPECT_NEAR(found.x[0], 0.0, 1e-12);
  EXPECT_NEAR(found.x[1], 0.4, 1e-12);
  EXPECT_NEAR(found.x[2], 0.6, 1e-12);
  const LinearSolution dear = maximise_lexicographically(program, {{0, 0, 1}});
  EXPECT_NEAR(dear.x[2], 0.0, 1e-12);
  EXPECT_NEAR(dear.x[0], 0.4, 1e-12);
}

TEST(Interior, EveryMachineHasTheSameBits) {
  InteriorSolver wide, narrow;
  narrow.narrow();
  for (std::uint64_t seed = 0; seed < 60; ++seed)
    for (const auto goal : {InteriorSolver::Goal::best, InteriorSolver::Goal::welfare}) {
      const Problem problem = problem_of(seed);
      Solution a, b;
      wide.solve(problem, 1e-9, goal, a);
      narrow.solve(problem, 1e-9, goal, b);
      EXPECT_EQ(a.x, b.x) << "seed " << seed;
      EXPECT_EQ(a.price, b.price) << "seed " << seed;
      EXPECT_EQ(a.rounds, b.rounds) << "seed " << seed;
    }
}

TEST(Ecos, EveryMachineHasTheSameBits) {
  EmbeddingSolver wide, narrow;
  narrow.narrow();
  Solution a, b;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    const Problem problem = max_min_problem(seed, 1 + seed % 19, 1 + seed % 4);
    FinishTimes times{problem, {}, {}, {}};
    Draw draw(seed);
    for (std::size_t i = 0; i < problem.rows(); ++i) {
      for (std::size_t k = 0; k < problem.types(); ++k) times.region.rate[i * problem.types() + k] += 0.01;
      times.steps.push_back(draw(1e3, 1e6));
      times.elapsed_s.push_back(draw(0, 1e5));
      times.fair_s.push_back(draw(1e4, 1e6));
    }
    const auto expect_same = [&](auto ask) {
      ask(wide, a);
      ask(narrow, b);
      EXPECT_EQ(a.status, b.status) << "seed " << seed;
      EXPECT_EQ(a.x, b.x) << "seed " << seed;
      EXPECT_EQ(a.price, b.price) << "seed " << seed;
      EXPECT_EQ(a.rounds, b.rounds) << "seed " << seed;
    };
    expect_same([&](EmbeddingSolver& solver, Solution& solution) { solver.solve(problem, solution); });
    expect_same([&](EmbeddingSolver& solver, Solution& solution) { solver.solve_round(problem, solution); });
    expect_same([&](EmbeddingSolver& solver, Solution& solution) { solver.solve(times, solution); });
    EXPECT_EQ(a.status, Status::optimal) << "seed " << seed;
  }
}

TEST(Interior, WelfareDoesNotGoInCircles) {
  for (const std::uint64_t seed : {22480U, 38614U, 47117U, 51727U}) {  // of 60,000, those that once did
    const Problem problem = max_min_problem(seed, 8 + seed % 40, 2 + seed % 3);
    InteriorSolver solver;
    Solution whole;
    solver.solve(problem, 1e-9, InteriorSolver::Goal::welfare, whole);
    EXPECT_EQ(whole.status, Status::optimal) << "seed " << seed;
  }
}

TEST(Interior, WelfareWithAJobLessIsThatOfTheOthers) {
  int asked = 0, found = 0, cleared = 0;
  Market market;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    Problem problem = max_min_problem(seed, 2 + seed % 30, 1 + seed % 5);
    problem.weight.assign(problem.rows(), 0.0);
    for (double& rate : problem.rate) rate += 0.01;
    problem.count.assign(problem.rows(), 1.0);
    for (std::size_t i = 0; i < problem.rows(); i += 2) problem.count[i] = 3;
    InteriorSolver solver;
    Solution whole;
    solver.solve(problem, 1e-9, InteriorSolver::Goal::welfare, whole);
    ASSERT_EQ(whole.status, Status::optimal) << "seed " << seed;
    market.open(problem, whole);
    for (const std::size_t i : {std::size_t{0}, problem.rows() - 1}) {
      const std::optional<double> without = solver.welfare_without(i);
      const std::optional<double> by_prices = market.welfare_without(i);
      ++asked;
      found += without ? 1 : 0;
      cleared += by_prices ? 1 : 0;
      if (!without && !by_prices) continue;  // the caller begins anew then
      Problem others = problem;
      others.count[i] -= 1;
      if (others.count[i] == 0) {
        others.count[i] = 1;
        others.allowed.assign(others.rate.size(), 1);
        std::fill_n(others.allowed.begin() + static_cast<std::ptrdiff_t>(problem.types() * i), problem.types(), 0);
      }
      const double expected = solve_welfare(others).objective;
      const double near = 1e-7 * static_cast<double>(problem.rows());
      for (const std::optional<double>& answer : {without, by_prices})
        EXPECT_NEAR(answer.value_or(expected), expected, near) << "seed " << seed << " row " << i;
    }
  }
  EXPECT_GE(found, asked - 2);
  EXPECT_GE(cleared, 0.7 * asked);
}

// What the path of ECOS ends in is an optimum, to that solver's tolerance.
TEST(Ecos, StopsAtAnOptimum) {
  for (std::uint64_t seed = 0; seed < 150; ++seed) {
    const Problem problem = problem_of(seed);
    const Solution exact = solve_simplex(problem);
    const Solution answer = solve_ecos(problem);
    ASSERT_EQ(answer.status, Status::optimal) << "seed " << seed;
    EXPECT_EQ(answer.method, Method::embedding) << "seed " << seed;
    EXPECT_NEAR(answer.objective, exact.objective, 1e-6 * exact.objective) << "seed " << seed;
    EXPECT_LE(violation(problem, answer.x, answer.theta), 1e-6) << "seed " << seed;
    EXPECT_NEAR(answer.bound, exact.objective, 1e-6 * exact.objective) << "seed " << seed;
    const Solution again = solve_ecos(problem);
    EXPECT_EQ(answer.x, again.x) << "seed " << seed;
  }
}

TEST(Ecos, FollowsRowsThatAreAlikeAsOne) {
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    const Problem few = problem_of(seed);
    Problem twice = few;  // every row again, and twice the GPUs
    for (auto* const list : {&twice.rate, &twice.gain, &twice.weight, &twice.floor, &twice.size}) {
      const std::vector<double> copy = *list;
      list->insert(list->end(), copy.begin(), copy.end());
    }
    for (double& gpus : twice.capacity) gpus *= 2;
    Problem counted = few;
    counted.count.assign(few.rows(), 2.0);
    counted.capacity = twice.capacity;
    const Solution one = solve_ecos(counted), two = solve_ecos(twice);
    ASSERT_EQ(one.status, Status::optimal) << "seed " << seed;
    for (std::size_t j = 0; j < two.x.size(); ++j)
      EXPECT_NEAR(two.x[j], one.x[j % one.x.size()], 1e-12) << "seed " << seed;
  }
}

TEST(Ecos, NeedsNoObjective) {
  Problem problem = max_min_problem(7, 12, 3);
  const double most = solve_any(problem).theta;
  problem.theta_gain = 0;
  problem.floor = problem.weight;
  for (double& floor : problem.floor) floor *= 0.7 * most;
  problem.weight.assign(problem.rows(), 0.0);
  const Solution answer = solve_ecos(problem);
  ASSERT_EQ(answer.status, Status::optimal);
  EXPECT_LE(violation(problem, answer.x, 0), 1e-7);
  for (double& floor : problem.floor) floor /= 0.69;  // more than there is
  EXPECT_NE(solve_ecos(problem).status, Status::optimal);
}

TEST(Ecos, LeavesWhatItCannotFollowToTheCentre) {
  Problem problem = max_min_problem(3, 6, 3);
  problem.allowed.assign(problem.rate.size(), 1);
  problem.allowed[4] = 0;
  EXPECT_EQ(solve_ecos(problem).status, Status::failed);
  const Solution answer = solve(problem, TieBreak::ecos);
  EXPECT_TRUE(answer.fell_back);
  EXPECT_EQ(answer.x, solve(problem, TieBreak::central).x);
}

}  // namespace
}  // namespace windrow::solve
