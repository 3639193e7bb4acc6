// Numbers that no cluster has: rates over twelve orders of magnitude, steps over twelve, jobs that run nowhere, types
// without GPUs. Every entry answers; none throws, and nothing is not a number.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "random_problem.hpp"
#include "windrow/solve/packed_jobs.hpp"
#include "windrow/solve/solver.hpp"

namespace windrow::solve {
namespace {

using test::Draw;

struct Extreme {
  Jobs jobs;
  std::vector<int> kind;
  std::vector<double> seconds_left;
  PairRates rates;
};

double wide(Draw& draw, double low, double high) {
  return std::exp(draw(std::log(low), std::log(high)));
}

Extreme extreme(std::uint64_t seed, std::size_t most) {
  Draw draw(seed + 5000);
  const std::size_t n = 1 + draw.below(most);
  const std::size_t types = 1 + draw.below(4);
  const std::size_t kinds = 1 + draw.below(12);
  Extreme one{{}, {}, {}, PairRates(kinds, types)};
  Jobs& jobs = one.jobs;
  for (std::size_t k = 0; k < types; ++k)
    jobs.capacity.push_back(draw.below(10) == 0 ? 0 : std::floor(wide(draw, 1, 1e4)));
  std::vector<double> alone;
  std::vector<double> gpus;
  for (std::size_t a = 0; a < kinds; ++a) {
    gpus.push_back(static_cast<double>(1U << draw.below(4)));
    const double base = wide(draw, 1e-6, 1e6);
    const bool apart = draw.below(2) == 0;
    for (std::size_t k = 0; k < types; ++k)
      alone.push_back(draw.below(8) == 0 ? 0 : apart ? wide(draw, 1e-6, 1e6) : base * draw(0.5, 2));
  }
  for (std::size_t a = 0; a < kinds; ++a)
    for (std::size_t b = a; b < kinds; ++b)
      for (std::size_t k = 0; k < types; ++k)
        if (gpus[a] == gpus[b] && draw.below(3) != 0)
          one.rates.set(a, b, k, {alone[a * types + k] * draw(0.1, 1), alone[b * types + k] * draw(0.1, 1)});
  for (std::size_t i = 0; i < n; ++i) {
    const std::size_t a = draw.below(kinds);
    one.kind.push_back(static_cast<int>(a));
    jobs.gpus.push_back(gpus[a]);
    jobs.priority.push_back(draw.below(3) == 0 ? wide(draw, 1e-3, 1e3) : 1);
    for (std::size_t k = 0; k < types; ++k) jobs.throughput.push_back(alone[a * types + k]);
    jobs.steps_left.push_back(draw.below(20) == 0 ? 0 : wide(draw, 1, 1e12));
    jobs.elapsed_s.push_back(draw.below(2) == 0 ? 0 : wide(draw, 1, 1e7));
    one.seconds_left.push_back(draw.below(3) != 0 ? HUGE_VAL : draw.below(5) == 0 ? -5 : wide(draw, 1, 1e9));
  }
  jobs.realisable = draw.below(2) == 0;
  return one;
}

bool finite(const std::vector<double>& list) {
  return std::all_of(list.begin(), list.end(), [](double value) { return std::isfinite(value); });
}

/// Whether all is numbers, time and GPUs are kept, and jobs that may not run do not.
void expect_sane(const Problem& region, const Solution& answer, double within = 1e-9) {
  EXPECT_EQ(answer.status, Status::optimal);
  EXPECT_TRUE(finite(answer.x) && finite(answer.price) && finite(answer.rate_price));
  EXPECT_TRUE(std::isfinite(answer.theta) && std::isfinite(answer.objective));
  ASSERT_EQ(answer.x.size(), region.rate.size());
  Problem free = region;
  free.weight.assign(region.rows(), 0.0);
  free.floor.clear();
  EXPECT_LE(violation(free, answer.x, 0), within);
}

void expect_optimal(const Problem& region, const Solution& answer) {
  expect_sane(region, answer);
  EXPECT_LE(answer.gap, 1e-6);
}

TEST(Extreme, EveryPolicyAnswers) {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    const Extreme one = extreme(seed, 50);
    const Jobs& jobs = one.jobs;
    const Problem fair = max_min_fairness(jobs);
    const FinishTimes times = finish_times(jobs);
    Solver solver(TieBreak::central);
    SCOPED_TRACE("seed " + std::to_string(seed));
    expect_optimal(fair, solver.solve(fair));
    expect_optimal(fair, solver.solve(min_total_duration(jobs)));
    expect_optimal(fair, solver.solve_sum(max_sum_throughput(jobs, {}, {})).solution);
    expect_optimal(fair, solver.solve_sum(max_sum_throughput(jobs, {}, one.seconds_left)).solution);
    const FinishTimeSolution& finish = solver.finish_time_fairness(times);
    expect_sane(fair, finish.solution);
    EXPECT_LE(finish.attained, finish.rho * (1 + 1e-6));
    const WaterFilling& filled = solver.fill(fair);
    expect_sane(fair, filled.last);
    EXPECT_TRUE(finite(filled.level));
    const StrategyProof proof = strategy_proof_fairness(jobs);
    expect_optimal(fair, proof.welfare);
    EXPECT_TRUE(finite(proof.x) && finite(proof.discount));
    const Horizon horizon = bisect_total_duration(jobs);
    if (horizon.seconds > 0) expect_sane(fair, horizon.solution);
    EXPECT_EQ(solver.asked().failures, 0);
  }
}

TEST(Extreme, WhatCannotBeAnsweredSaysSoAndGivesNobodyAnything) {
  FinishTimes times;  // steps to do, and no rate anywhere
  times.region.capacity = {4};
  times.region.rate = {0};
  times.region.weight = {0};
  times.region.size = {1};
  times.steps = {10};
  times.elapsed_s = {0};
  times.fair_s = {1};
  Solver solver(TieBreak::central);
  const FinishTimeSolution& finish = solver.finish_time_fairness(times);
  EXPECT_EQ(finish.solution.status, Status::failed);
  EXPECT_EQ(finish.solution.x, std::vector<double>{0.0});
  EXPECT_EQ(solver.asked().failures, 1);
  Jobs jobs;
  jobs.capacity = {4};
  jobs.throughput = {1};
  jobs.gpus = {1};
  jobs.priority = {1};
  jobs.steps_left = {0};
  EXPECT_EQ(bisect_total_duration(jobs).solution.status, Status::failed);
  EXPECT_EQ(bisect_total_duration(jobs).solution.x, std::vector<double>{0.0});
  PackedProblem problem;  // a floor that nothing meets
  problem.alone = max_sum_throughput(jobs, {}, {});
  problem.alone.floor = {2};
  const PackedSolution packed = solve_packed(problem, TieBreak::central);
  EXPECT_EQ(packed.alone.status, Status::infeasible);
  EXPECT_EQ(packed.alone.x, std::vector<double>{0.0});
}

TEST(Extreme, EveryTieBreakAnswers) {
  for (std::uint64_t seed = 0; seed < 30; ++seed)
    for (const TieBreak mode : {TieBreak::lexicographic, TieBreak::vertex, TieBreak::ecos}) {
      const Extreme one = extreme(seed, 20);
      const Problem fair = max_min_fairness(one.jobs);
      Solver solver(mode);
      SCOPED_TRACE("seed " + std::to_string(seed) + " mode " + std::to_string(static_cast<int>(mode)));
      const double within = mode == TieBreak::ecos ? 1e-6 : 1e-9;
      expect_sane(fair, solver.solve(fair), within);
      expect_sane(fair, solver.solve(min_total_duration(one.jobs)), within);
      expect_sane(fair, solver.solve_sum(max_sum_throughput(one.jobs, {}, one.seconds_left)).solution, within);
      expect_sane(fair, solver.finish_time_fairness(finish_times(one.jobs)).solution, within);
    }
}

TEST(Extreme, EveryPolicyWithPairsAnswers) {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    const Extreme one = extreme(seed, 30);
    const Jobs& jobs = one.jobs;
    const Problem fair = max_min_fairness(jobs);
    for (const TieBreak mode : {TieBreak::central, TieBreak::vertex}) {
      PackedSolver solver(one.rates, mode);
      SCOPED_TRACE("seed " + std::to_string(seed) + " mode " + std::to_string(static_cast<int>(mode)));
      const auto sane = [&](const PackedAllocation& answer, double gap) {
        expect_sane(fair, answer.alone);
        EXPECT_TRUE(finite(answer.together) && finite(answer.rate));
        EXPECT_LE(answer.alone.gap, gap);
      };
      sane(solver.solve(jobs, one.kind, fair), 1e-6);
      sane(solver.solve(jobs, one.kind, min_total_duration(jobs)), mode == TieBreak::central ? 1e-6 : 1);
      sane(solver.solve_sum(jobs, one.kind, max_sum_throughput(jobs, {}, {})), 1e-6);
      sane(solver.solve_sum(jobs, one.kind, max_sum_throughput(jobs, {}, one.seconds_left)), 1e-6);
      sane(solver.finish_time_fairness(jobs, one.kind, finish_times(jobs)), 2e-6);
      sane(solver.fill(jobs, one.kind, fair), HUGE_VAL);
      EXPECT_EQ(solver.asked().failures, 0);
    }
  }
}

}  // namespace
}  // namespace windrow::solve
