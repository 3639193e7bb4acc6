// Pairs by kind against the same problem with every pair of jobs listed, and against the simplex method on all columns.
#include "windrow/solve/packed_jobs.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "random_problem.hpp"

namespace windrow::solve {
namespace {

using test::Draw;

struct Case {
  Jobs jobs;  ///< with all pairs listed
  std::vector<int> kind;
  PairRates rates;
};

/// Kinds of one or two GPUs, a kind that runs on one type only, pairs at 0.3 to 0.95 of the rates alone, a third
/// impossible.
Case draw_case(std::uint64_t seed, std::size_t n, std::size_t kinds, std::size_t types) {
  Draw draw(seed + 77);
  PairRates rates(kinds, types);
  std::vector<double> alone;
  std::vector<double> gpus;
  for (std::size_t a = 0; a < kinds; ++a) {
    gpus.push_back(a % 3 == 2 ? 2 : 1);
    const double speed = draw(0.1, 10);
    for (std::size_t k = 0; k < types; ++k)
      alone.push_back(a == 1 && k == 0 && types > 1 ? 0 : speed * draw(0.5, 1.0 + static_cast<double>(k)));
  }
  for (std::size_t a = 0; a < kinds; ++a)
    for (std::size_t b = a; b < kinds; ++b)
      for (std::size_t k = 0; k < types; ++k) {
        if (gpus[a] != gpus[b] || draw.below(3) == 0) continue;
        const double first = draw(0.3, 0.95) * alone[a * types + k];
        rates.set(a, b, k, {first, a == b ? first : draw(0.3, 0.95) * alone[b * types + k]});
      }
  Case one{{}, {}, rates};
  double all = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const std::size_t kind = draw.below(kinds);
    one.kind.push_back(static_cast<int>(kind));
    one.jobs.gpus.push_back(gpus[kind]);
    all += gpus[kind];
    one.jobs.priority.push_back(draw.below(4) == 0 ? 5 : 1);
    for (std::size_t k = 0; k < types; ++k) one.jobs.throughput.push_back(alone[kind * types + k]);
    one.jobs.steps_left.push_back(draw(1e3, 1e6));
    one.jobs.elapsed_s.push_back(draw(0, 1e5));
    one.jobs.served_s.push_back(draw(0, 1e4));
  }
  const double load = draw(0.4, 3);
  for (std::size_t k = 0; k < types; ++k)
    one.jobs.capacity.push_back(std::ceil(draw(0.5, 1.5) * all / load / static_cast<double>(types)));
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = i + 1; j < n; ++j) {
      if (one.jobs.gpus[i] != one.jobs.gpus[j]) continue;
      Pair pair{i, j, std::vector<double>(2 * types)};
      for (std::size_t k = 0; k < types; ++k) {
        const auto& both = rates(static_cast<std::size_t>(one.kind[i]), static_cast<std::size_t>(one.kind[j]), k);
        pair.rate[k] = both.first;
        pair.rate[types + k] = both.second;
      }
      one.jobs.pairs.push_back(pair);
    }
  return one;
}

Case draw_case(std::uint64_t seed) {
  return draw_case(seed, 1 + seed % 17, 2 + seed % 5, 1 + seed % 3);
}

/// The answer as one of the problem in which every pair is listed; its proof is taken over.
PackedSolution listed(const Case& one, const PackedProblem& problem, const PackedAllocation& answer) {
  const std::size_t types = one.jobs.types();
  PackedSolution whole;
  whole.alone = answer.alone;
  whole.rate = answer.rate;
  whole.together.assign(problem.pairs.size() * types, 0.0);
  std::size_t found = 0;
  for (std::size_t p = 0; p < answer.pairs.size(); ++p)
    for (std::size_t c = 0; c < problem.pairs.size(); ++c)
      if (problem.pairs[c].first == answer.pairs[p].first && problem.pairs[c].second == answer.pairs[p].second) {
        ++found;
        for (std::size_t k = 0; k < types; ++k) whole.together[c * types + k] = answer.together[p * types + k];
      }
  EXPECT_EQ(found, answer.pairs.size());
  return whole;
}

void expect_optimal(const Case& one, const PackedProblem& problem, const PackedAllocation& answer, double optimum) {
  ASSERT_EQ(answer.alone.status, Status::optimal);
  EXPECT_FALSE(answer.alone.fell_back);
  EXPECT_NEAR(answer.alone.objective, optimum, 1e-7 * optimum);
  EXPECT_GE(answer.alone.bound, optimum * (1 - 1e-8));
  EXPECT_LE(answer.alone.gap, 1e-6);
  EXPECT_LE(violation(problem, listed(one, problem, answer)), 1e-8);
}

constexpr TieBreak kModes[] = {TieBreak::central, TieBreak::lexicographic, TieBreak::vertex};

TEST(PackedJobs, MaxMinFairnessAndMakespanAreTheOptimumOfAllPairsOfJobs) {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    const Case one = draw_case(seed);
    for (const bool makespan : {false, true}) {
      const Problem alone = makespan ? min_total_duration(one.jobs) : max_min_fairness(one.jobs);
      const PackedProblem problem = packed(one.jobs, alone);
      const double optimum = solve_packed_simplex(problem).alone.objective;
      for (const TieBreak mode : kModes) {
        SCOPED_TRACE("seed " + std::to_string(seed) + " mode " + std::to_string(static_cast<int>(mode)));
        PackedSolver solver(one.rates, mode);
        expect_optimal(one, problem, solver.solve(one.jobs, one.kind, alone), optimum);
        EXPECT_EQ(solver.fallbacks(), 0);
      }
    }
  }
}

TEST(PackedJobs, SumOfThroughputIsTheOptimumOfAllPairsOfJobs) {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    const Case one = draw_case(seed);
    const std::vector<double> price(one.jobs.types(), 1 + static_cast<double>(seed % 3));
    std::vector<double> seconds(one.jobs.size(), HUGE_VAL);
    if (seed % 2 == 1) seconds[0] = 1e6;
    const Problem alone = max_sum_throughput(one.jobs, price, seconds);
    const PackedProblem problem = packed(one.jobs, alone);
    const PackedSolution exact = solve_packed_simplex(problem);
    if (exact.alone.status != Status::optimal) continue;
    for (const TieBreak mode : kModes) {
      SCOPED_TRACE("seed " + std::to_string(seed) + " mode " + std::to_string(static_cast<int>(mode)));
      PackedSolver solver(one.rates, mode);
      const PackedAllocation& answer = solver.solve_sum(one.jobs, one.kind, alone);
      EXPECT_FALSE(answer.floors_dropped);
      expect_optimal(one, problem, answer, exact.alone.objective);
    }
  }
}

TEST(PackedJobs, DeadlinesThatCannotBeMetAreDropped) {
  Case one = draw_case(4);
  const std::vector<double> seconds(one.jobs.size(), 1e-3);
  const Problem alone = max_sum_throughput(one.jobs, {}, seconds);
  PackedSolver solver(one.rates, TieBreak::central);
  const PackedAllocation& answer = solver.solve_sum(one.jobs, one.kind, alone);
  EXPECT_TRUE(answer.floors_dropped);
  const PackedProblem free = packed(one.jobs, max_sum_throughput(one.jobs, {}, {}));
  expect_optimal(one, free, answer, solve_packed_simplex(free).alone.objective);
}

/// The smallest rho at which the simplex method finds all rates, by bisection.
double rho_by_bisection(const Case& one, const FinishTimes& times) {
  PackedProblem problem = packed(one.jobs, times.region);
  problem.alone.theta_gain = 1;
  double low = 0;
  for (std::size_t i = 0; i < one.jobs.size(); ++i) low = std::max(low, times.elapsed_s[i] / times.fair_s[i]);
  double high = low + 1;
  const auto possible = [&](double rho) {
    for (std::size_t i = 0; i < one.jobs.size(); ++i)
      problem.alone.weight[i] = times.steps[i] / (rho * times.fair_s[i] - times.elapsed_s[i]);
    return solve_packed_simplex(problem).alone.theta >= 1;
  };
  while (!possible(high)) high = low + 2 * (high - low);
  for (int step = 0; step < 60 && high - low > 1e-11 * high; ++step) {
    const double middle = 0.5 * (low + high);
    (possible(middle) ? high : low) = middle;
  }
  return high;
}

TEST(PackedJobs, FinishTimesAreThoseOfBisectionOverAllPairsOfJobs) {
  for (std::uint64_t seed = 0; seed < 25; ++seed) {
    const Case one = draw_case(seed);
    const FinishTimes times = finish_times(one.jobs);
    const PackedProblem problem = packed(one.jobs, times.region);
    const double exact = rho_by_bisection(one, times);
    for (const TieBreak mode : {TieBreak::central, TieBreak::vertex}) {
      SCOPED_TRACE("seed " + std::to_string(seed) + " mode " + std::to_string(static_cast<int>(mode)));
      PackedSolver solver(one.rates, mode);
      const PackedAllocation& answer = solver.finish_time_fairness(one.jobs, one.kind, times);
      ASSERT_EQ(answer.alone.status, Status::optimal);
      EXPECT_EQ(solver.fallbacks(), 0);
      EXPECT_NEAR(answer.rho, exact, 2e-7 * exact);
      EXPECT_LE(answer.rho, exact * (1 + 1e-8));  // a lower bound by prices
      EXPECT_NEAR(answer.attained, exact, 2e-7 * exact);
      PackedProblem at_rho = problem;
      at_rho.alone.theta_gain = 0;
      EXPECT_LE(violation(at_rho, listed(one, at_rho, answer)), 1e-8);
    }
  }
}

TEST(PackedJobs, FinishTimesCentralIsTheCentreOfTheFaceThatNewtonFinds) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const Case one = draw_case(seed);
    const FinishTimes times = finish_times(one.jobs);
    PackedSolver solver(one.rates, TieBreak::central);
    const PackedAllocation& centre = solver.finish_time_fairness(one.jobs, one.kind, times);
    PackedProblem face = packed(one.jobs, times.region);
    face.alone.theta_gain = 1;
    const double rho = finish_time_fairness(times, packed(one.jobs, times.region), TieBreak::vertex).rho;
    for (std::size_t i = 0; i < one.jobs.size(); ++i)
      face.alone.weight[i] = times.steps[i] / (rho * times.fair_s[i] - times.elapsed_s[i]);
    const PackedSolution same = solve_packed(face, TieBreak::central);
    for (std::size_t j = 0; j < same.alone.x.size(); ++j)
      EXPECT_NEAR(centre.alone.x[j], same.alone.x[j], 2e-4) << "seed " << seed;
  }
}

TEST(PackedJobs, WaterFillingHasTheLevelsOfAllPairsOfJobs) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const Case one = draw_case(seed, 1 + seed % 9, 2 + seed % 4, 1 + seed % 3);
    const Problem alone = max_min_fairness(one.jobs);
    Entity odd{2, false, {}};
    Entity even{1, true, {}};
    for (std::size_t i = 0; i < one.jobs.size(); ++i) (i % 2 == 0 ? even : odd).rows.push_back(i);
    const Reweigh reweigh = entity_weights({odd, even}, one.jobs.priority, one.jobs.gpus);
    for (const Reweigh* weights : {static_cast<const Reweigh*>(nullptr), &reweigh}) {
      PackedSolver solver(one.rates, TieBreak::central);
      const PackedAllocation& answer = solver.fill(one.jobs, one.kind, alone, weights);
      const PackedFilling exact = fill_packed(packed(one.jobs, alone), weights);
      for (std::size_t i = 0; i < one.jobs.size(); ++i) {
        EXPECT_NEAR(answer.levels.level[i], exact.levels.level[i], 1e-6 * std::max(1.0, exact.levels.level[i]))
            << "seed " << seed << " job " << i;
        EXPECT_GE(answer.rate[i], answer.levels.level[i] * (1 - 1e-6) - 1e-9);
      }
    }
  }
}

TEST(PackedJobs, TheCentreIsThatOfAllPairsOfJobs) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const Case one = draw_case(seed);
    const std::size_t types = one.jobs.types();
    const PackedProblem problem = packed(one.jobs, max_min_fairness(one.jobs));
    PackedSolver solver(one.rates, TieBreak::central);
    const PackedSolution grouped = listed(one, problem, solver.solve(one.jobs, one.kind, max_min_fairness(one.jobs)));
    const PackedSolution apart = solve_packed(problem, TieBreak::central);
    for (std::size_t j = 0; j < apart.alone.x.size(); ++j)
      EXPECT_NEAR(grouped.alone.x[j], apart.alone.x[j], 1e-4) << "seed " << seed;
    for (std::size_t j = 0; j < apart.together.size(); ++j)
      EXPECT_NEAR(grouped.together[j], apart.together[j], 1e-4) << "seed " << seed << " " << types;
  }
}

TEST(PackedJobs, WhatWasAskedBeforeDoesNotMatterToTheBit) {
  for (const TieBreak mode : {TieBreak::central, TieBreak::vertex}) {
    PackedSolver used(draw_case(6).rates, mode);
    const Case one = draw_case(6);
    const auto ask = [&](PackedSolver& solver) {
      std::vector<std::vector<double>> answers;
      const auto keep = [&](const PackedAllocation& answer) {
        answers.push_back(answer.alone.x);
        answers.push_back(answer.together);
      };
      keep(solver.solve(one.jobs, one.kind, max_min_fairness(one.jobs)));
      keep(solver.finish_time_fairness(one.jobs, one.kind, finish_times(one.jobs)));
      keep(solver.fill(one.jobs, one.kind, max_min_fairness(one.jobs)));
      keep(solver.solve_sum(one.jobs, one.kind, max_sum_throughput(one.jobs, {}, {})));
      keep(solver.solve(one.jobs, one.kind, min_total_duration(one.jobs)));
      return answers;
    };
    const auto first = ask(used);
    EXPECT_EQ(ask(used), first);
    PackedSolver fresh(one.rates, mode);
    EXPECT_EQ(ask(fresh), first);
    PackedSolver remembers(one.rates, mode, true, 10);
    EXPECT_EQ(ask(remembers), first);
    EXPECT_EQ(ask(remembers), first);
    EXPECT_EQ(remembers.asked().remembered, 2);
    EXPECT_EQ(remembers.asked().problems, 10);
  }
}

TEST(PackedJobs, PairsOfClassesAreThePairsOfJobs) {
  const Case one = draw_case(13);
  const std::size_t types = one.jobs.types();
  PackedSolver lists(one.rates, TieBreak::central);
  PackedSolver classes(one.rates, TieBreak::central, false);
  const PackedAllocation& all = lists.solve(one.jobs, one.kind, max_min_fairness(one.jobs));
  const PackedAllocation& few = classes.solve(one.jobs, one.kind, max_min_fairness(one.jobs));
  EXPECT_TRUE(few.pairs.empty());
  EXPECT_FALSE(all.pairs.empty());
  EXPECT_LT(few.class_pairs.size(), all.pairs.size());
  for (std::size_t p = 0; p < all.pairs.size(); ++p)
    for (std::size_t c = 0; c < few.class_pairs.size(); ++c) {
      const auto classes_are = [&](std::size_t a, std::size_t b) {
        return few.class_pairs[c].first == a && few.class_pairs[c].second == b;
      };
      const std::size_t a = few.class_of[all.pairs[p].first];
      const std::size_t b = few.class_of[all.pairs[p].second];
      if (!classes_are(a, b) && !classes_are(b, a)) continue;
      for (std::size_t k = 0; k < types; ++k) EXPECT_EQ(all.together[p * types + k], few.class_together[c * types + k]);
    }
}

TEST(PackedJobs, TheOrderOfJobsDoesNotMatterToTheBit) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const Case one = draw_case(seed);
    const std::size_t n = one.jobs.size();
    const std::size_t types = one.jobs.types();
    Case turned = one;
    for (std::size_t i = 0; i < n; ++i) {
      const std::size_t from = (i + 3) % n;
      turned.kind[i] = one.kind[from];
      turned.jobs.gpus[i] = one.jobs.gpus[from];
      turned.jobs.priority[i] = one.jobs.priority[from];
      for (std::size_t k = 0; k < types; ++k)
        turned.jobs.throughput[i * types + k] = one.jobs.throughput[from * types + k];
    }
    PackedSolver solver(one.rates, TieBreak::central);
    const std::vector<double> a = solver.solve(one.jobs, one.kind, max_min_fairness(one.jobs)).alone.x;
    const std::vector<double> b = solver.solve(turned.jobs, turned.kind, max_min_fairness(turned.jobs)).alone.x;
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t k = 0; k < types; ++k) EXPECT_EQ(b[i * types + k], a[(i + 3) % n * types + k]) << seed;
  }
}

TEST(PackedJobs, ScaleOfRatesAndMoreCapacity) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    Case one = draw_case(seed);
    PackedSolver solver(one.rates, TieBreak::central);
    const double before = solver.solve(one.jobs, one.kind, min_total_duration(one.jobs)).alone.theta;
    Jobs slower = one.jobs;  // steps of a thousandth of the size: each job has as many more left
    for (double& steps : slower.steps_left) steps *= 1000;
    EXPECT_NEAR(solver.solve(slower, one.kind, min_total_duration(slower)).alone.theta * 1000, before, 1e-7 * before);
    one.jobs.capacity[seed % one.jobs.types()] += 1;
    EXPECT_GE(solver.solve(one.jobs, one.kind, min_total_duration(one.jobs)).alone.theta, before * (1 - 1e-7));
  }
}

TEST(PackedJobs, NobodyAndNothingAreAnswered) {
  Case one = draw_case(5);
  for (const TieBreak mode : kModes) {
    PackedSolver solver(one.rates, mode);
    Jobs nobody;
    nobody.capacity = one.jobs.capacity;
    EXPECT_EQ(solver.solve(nobody, {}, max_min_fairness(nobody)).alone.status, Status::optimal);
    Jobs nothing = one.jobs;
    nothing.capacity.assign(one.jobs.types(), 0.0);
    const PackedAllocation& answer = solver.solve(nothing, one.kind, max_min_fairness(nothing));
    EXPECT_EQ(answer.alone.x, std::vector<double>(nothing.throughput.size(), 0.0));
    EXPECT_TRUE(answer.pairs.empty());
  }
}

/// Some of the jobs: `count` from `first` on, without their pairs listed.
Case window_of(const Case& one, std::size_t first, std::size_t count) {
  Case few{{}, {}, one.rates};
  few.kind.assign(&one.kind[first], &one.kind[first] + count);
  const auto cut = [&](const std::vector<double>& from, std::size_t width) {
    const auto begin = from.begin() + static_cast<std::ptrdiff_t>(first * width);
    return std::vector<double>(begin, begin + static_cast<std::ptrdiff_t>(count * width));
  };
  few.jobs.capacity = one.jobs.capacity;
  for (std::size_t i = first; i < first + count; ++i) few.jobs.id.push_back(i);
  few.jobs.throughput = cut(one.jobs.throughput, one.jobs.types());
  few.jobs.gpus = cut(one.jobs.gpus, 1);
  few.jobs.priority = cut(one.jobs.priority, 1);
  few.jobs.steps_left = cut(one.jobs.steps_left, 1);
  few.jobs.elapsed_s = cut(one.jobs.elapsed_s, 1);
  few.jobs.served_s = cut(one.jobs.served_s, 1);
  return few;
}

/// Calls `ask(jobs, going on, again)` for one call after the other, between which a job goes and a job comes; both
/// solvers go on from call to call.
template <class Ask>
void as_jobs_come_and_go(std::uint64_t seed, TieBreak mode, Ask ask) {
  const Case all = draw_case(seed, 36, 6, 3);
  PackedSolver going_on(all.rates, mode, true, 0, true);
  PackedSolver again(all.rates, mode, true, 0, true);
  for (std::size_t first = 0; first + 24 <= 36; ++first) {
    SCOPED_TRACE("seed " + std::to_string(seed) + " first " + std::to_string(first));
    ask(window_of(all, first, 24), going_on, again);
    if (testing::Test::HasFatalFailure()) return;
  }
}

/// What solvers that go on and such that do not have taken in all.
struct Steps {
  int going_on = 0, afresh = 0;
};
void expect_same_optimum(const PackedAllocation& answer, const PackedAllocation& expected, double tolerance, double gap,
                         Steps& steps) {
  ASSERT_EQ(answer.alone.status, Status::optimal);
  EXPECT_NEAR(answer.alone.objective, expected.alone.objective, tolerance * expected.alone.objective);
  EXPECT_LE(answer.alone.gap, gap);
  steps.going_on += answer.alone.rounds;
  steps.afresh += expected.alone.rounds;
}

TEST(PackedJobs, GoingOnFromTheAnswerBeforeGivesTheSameOptimumInFewerSteps) {
  enum class Asked { max_min, makespan, sum };
  for (const Asked asked : {Asked::max_min, Asked::makespan, Asked::sum}) {
    Steps steps;
    for (std::uint64_t seed = 0; seed < 8; ++seed)
      as_jobs_come_and_go(seed, TieBreak::central, [&](const Case& one, PackedSolver& going_on, PackedSolver& again) {
        const auto ask = [&](PackedSolver& solver) -> const PackedAllocation& {
          if (asked == Asked::max_min) return solver.solve(one.jobs, one.kind, max_min_fairness(one.jobs));
          if (asked == Asked::makespan) return solver.solve(one.jobs, one.kind, min_total_duration(one.jobs));
          const std::vector<double> price(one.jobs.types(), 1);
          std::vector<double> seconds(one.jobs.size(), HUGE_VAL);
          for (std::size_t i = 0; i < seconds.size(); i += 3) seconds[i] = 1e7;
          return solver.solve_sum(one.jobs, one.kind, max_sum_throughput(one.jobs, price, seconds));
        };
        PackedSolver afresh(one.rates, TieBreak::central);
        const PackedAllocation& expected = ask(afresh);
        const PackedAllocation& answer = ask(going_on);
        expect_same_optimum(answer, expected, 1e-7, 1e-6, steps);
        EXPECT_EQ(answer.floors_dropped, expected.floors_dropped);
        ASSERT_EQ(answer.rate.size(), expected.rate.size());
        for (std::size_t i = 0; i < answer.rate.size(); ++i)
          EXPECT_NEAR(answer.rate[i], expected.rate[i], 1e-4 * (expected.rate[i] + answer.rate[i])) << "job " << i;
        EXPECT_EQ(ask(again).alone.x, answer.alone.x) << "the same questions, the same bits";
        EXPECT_EQ(going_on.fallbacks(), 0);
      });
    // Deadlines that are kept in one question and given up in the next leave little to go on with.
    EXPECT_LT(steps.going_on, (asked == Asked::sum ? 1.05 : 0.8) * steps.afresh)
        << "problem " << static_cast<int>(asked);
  }
}

TEST(PackedJobs, FillingWithPricesKnownFromBeforeHasTheSameLevelsAndAsksLess) {
  long rounds = 0, rounds_afresh = 0;
  for (std::uint64_t seed = 0; seed < 12; ++seed)
    as_jobs_come_and_go(seed, TieBreak::central, [&](const Case& one, PackedSolver& going_on, PackedSolver& again) {
      const Problem problem = max_min_fairness(one.jobs);
      PackedSolver afresh(one.rates, TieBreak::central);
      const PackedAllocation& expected = afresh.fill(one.jobs, one.kind, problem);
      const PackedAllocation& answer = going_on.fill(one.jobs, one.kind, problem);
      ASSERT_EQ(answer.alone.status, Status::optimal);
      for (std::size_t i = 0; i < one.jobs.size(); ++i)
        EXPECT_NEAR(answer.levels.level[i], expected.levels.level[i], 1e-6 * expected.levels.level[i]) << "job " << i;
      rounds += answer.levels.rounds;
      rounds_afresh += expected.levels.rounds;
      EXPECT_EQ(again.fill(one.jobs, one.kind, problem).alone.x, answer.alone.x) << "the same questions, the same bits";
    });
  EXPECT_LT(rounds, rounds_afresh);
}

TEST(PackedJobs, GoingOnFromTheLastVertexGivesTheSameOptimumInFewerPivots) {
  Steps pivots;
  for (std::uint64_t seed = 0; seed < 8; ++seed)
    as_jobs_come_and_go(seed, TieBreak::vertex, [&](const Case& one, PackedSolver& going_on, PackedSolver& again) {
      const auto makespan = [&](PackedSolver& solver) -> const PackedAllocation& {
        return solver.solve(one.jobs, one.kind, min_total_duration(one.jobs));
      };
      PackedSolver afresh(one.rates, TieBreak::vertex);
      const PackedAllocation& expected = makespan(afresh);
      const PackedAllocation& answer = makespan(going_on);
      expect_same_optimum(answer, expected, 1e-9, 1e-8, pivots);
      EXPECT_EQ(makespan(again).alone.x, answer.alone.x) << "the same questions, the same bits";
      // Another policy's questions in between: what is gone on from is not what was asked.
      const auto fair = [&](PackedSolver& solver) -> const PackedAllocation& {
        return solver.finish_time_fairness(one.jobs, one.kind, finish_times(one.jobs));
      };
      const double rho = fair(afresh).rho;
      EXPECT_NEAR(fair(going_on).rho, rho, 1e-8 * rho);
      EXPECT_NEAR(fair(going_on).attained, rho, 1e-7 * rho);
      EXPECT_EQ(fair(again).rho, fair(going_on).rho);
      EXPECT_EQ(going_on.fallbacks(), 0);
    });
  EXPECT_LT(pivots.going_on, 0.5 * pivots.afresh);
}

/// A cluster far larger than its jobs: the slowest job alone says when all are done.
TEST(PackedJobs, TheVertexGivesWhatTheOptimumLeavesToWhoCanUseItMost) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    Case one = draw_case(seed, 12, 5, 3);
    for (double& gpus : one.jobs.capacity) gpus = 100;
    PackedSolver solver(one.rates, TieBreak::vertex);
    const Problem problem = min_total_duration(one.jobs);
    const auto expect_all_that_it_can_use = [&](const Problem& region, const PackedAllocation& answer) {
      for (std::size_t i = 0; i < one.jobs.size(); ++i) {
        double most = 0;
        for (std::size_t k = 0; k < 3; ++k) most = std::max(most, region.rate_of(i, k));
        EXPECT_NEAR(answer.rate[i], most, 1e-9 * most) << "seed " << seed << " job " << i;
      }
    };
    expect_all_that_it_can_use(problem, solver.solve(one.jobs, one.kind, problem));
    const FinishTimes times = finish_times(one.jobs);
    expect_all_that_it_can_use(times.region, solver.finish_time_fairness(one.jobs, one.kind, times));
  }
}

}  // namespace
}  // namespace windrow::solve
