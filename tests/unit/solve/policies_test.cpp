// What each policy asks for, on clusters that can be worked out by hand, and what is true of all of them.
#include "windrow/solve/policies.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "random_problem.hpp"

namespace windrow::solve {
namespace {

using test::Draw;

Jobs three_jobs() {
  Jobs jobs;
  jobs.capacity = {1, 1, 1};
  jobs.throughput = {0.5, 1, 2, 1, 2, 3, 1, 1.5, 4};
  jobs.gpus = {1, 1, 1};
  jobs.priority = {1, 1, 1};
  jobs.steps_left = {1000, 1000, 1000};
  jobs.elapsed_s = {0, 0, 0};
  return jobs;
}

Jobs jobs_of(const Problem& problem, std::uint64_t seed) {
  Draw draw(seed);
  Jobs jobs;
  jobs.capacity = problem.capacity;
  jobs.throughput = problem.rate;
  jobs.gpus = problem.size;
  jobs.priority = problem.weight;
  for (std::size_t i = 0; i < problem.rows(); ++i) {
    jobs.steps_left.push_back(draw(1e3, 1e6));
    jobs.elapsed_s.push_back(draw(0, 1e5));
  }
  return jobs;
}

double rate_of(const Jobs& jobs, const std::vector<double>& x, std::size_t i) {
  double rate = 0;
  for (std::size_t k = 0; k < jobs.types(); ++k)
    rate += jobs.throughput[i * jobs.types() + k] * x[i * jobs.types() + k];
  return rate;
}

TEST(Policies, ProportionalAndIsolatedShares) {
  Jobs jobs;
  jobs.capacity = {3, 2, 1};
  jobs.throughput = {0.5, 1, 2, 1, 2, 3};
  jobs.gpus = {1, 2};
  EXPECT_NEAR(proportional_rate(jobs)[0], 5.5 / 6, 1e-15);
  EXPECT_EQ(proportional_allocation(jobs), (std::vector<double>{0.5, 2.0 / 6, 1.0 / 6, 0.5, 2.0 / 6, 1.0 / 6}));
  // Half of the cluster is three GPUs: all the time of the first, and a half and a quarter of types for two GPUs.
  const std::vector<double> x = isolated_allocation(jobs);
  const double want[] = {0.5, 1.0 / 3, 1.0 / 6, 0.5, 1.0 / 3, 1.0 / 6};
  for (std::size_t j = 0; j < 6; ++j) EXPECT_NEAR(x[j], want[j], 1e-15) << j;
  EXPECT_NEAR(isolated_rate(jobs)[0], 5.5 / 6, 1e-15);
  EXPECT_NEAR(isolated_rate(jobs)[1], 0.5 + 2.0 / 3 + 0.5, 1e-15);
  jobs.gpus[1] = 4;  // three GPUs now last for three quarters of the time
  EXPECT_NEAR(isolated_allocation(jobs)[3], 3.0 / 8, 1e-15);
}

TEST(Policies, StrategyProofSharesAreThoseWorkedOutFromTheDefinition) {
  const StrategyProof answer = strategy_proof_fairness(three_jobs());
  ASSERT_EQ(answer.welfare.status, Status::optimal);
  const double discount[] = {0.625, 0.73964, 0.625};
  const double x[] = {0.3125, 0, 0.3125, 0, 0.73964, 0, 0.3125, 0, 0.3125};
  const double before[] = {0.5, 0, 0.5, 0, 1, 0, 0.5, 0, 0.5};
  for (std::size_t i = 0; i < 3; ++i) EXPECT_NEAR(answer.discount[i], discount[i], 1e-5);
  for (std::size_t j = 0; j < 9; ++j) {
    EXPECT_NEAR(answer.welfare.x[j], before[j], 1e-5);
    EXPECT_NEAR(answer.x[j], x[j], 1e-5);
  }
  EXPECT_EQ(answer.solves, 4);
}

TEST(Policies, StrategyProofOfOneJobAndOfJobsThatRunNowhere) {
  Jobs jobs;
  jobs.capacity = {1, 0};
  jobs.throughput = {2, 9};
  jobs.gpus = {1};
  jobs.priority = {1};
  StrategyProof answer = strategy_proof_fairness(jobs);
  ASSERT_EQ(answer.welfare.status, Status::optimal);
  EXPECT_EQ(answer.discount, std::vector<double>{1.0});
  EXPECT_NEAR(answer.x[0], 1, 1e-7);
  EXPECT_EQ(answer.x[1], 0);
  jobs.throughput = {2, 9, 0, 3, 2, 9};  // the second runs on the type without GPUs alone
  jobs.gpus = {1, 1, 1};
  jobs.priority = {1, 1, 7};
  answer = strategy_proof_fairness(jobs);
  ASSERT_EQ(answer.welfare.status, Status::optimal);
  EXPECT_EQ(answer.discount[1], 1);
  EXPECT_EQ(answer.x[2], 0);
  // Each of the others would have all: the product of rates halves them, and each halves what the other has.
  EXPECT_NEAR(answer.welfare.x[0], 0.5, 1e-7);
  EXPECT_NEAR(answer.discount[0], 0.5, 1e-7);
  EXPECT_NEAR(answer.x[4], 0.25, 1e-7);
  EXPECT_EQ(answer.solves, 2);
  jobs.throughput.assign(6, 0.0);
  answer = strategy_proof_fairness(jobs);
  EXPECT_EQ(answer.welfare.status, Status::optimal);
  EXPECT_EQ(answer.x, std::vector<double>(6, 0.0));
}

TEST(Policies, WelfareIsTheLargestProductOfRates) {
  for (std::uint64_t seed = 0; seed < 80; ++seed) {
    Problem problem = test::max_min_problem(seed, 1 + seed % 40, 1 + seed % 5);
    for (std::size_t i = 0; i < problem.rows(); ++i) problem.rate[i * problem.types()] += 0.05;
    const Solution answer = solve_welfare(problem);
    ASSERT_EQ(answer.status, Status::optimal) << "seed " << seed;
    EXPECT_LE(violation(problem, answer.x, 0), 1e-12) << "seed " << seed;
    EXPECT_LE(answer.gap, 1e-8) << "seed " << seed;
    // No direction is better to first order, says the simplex method: the condition of a concave optimum.
    Problem gradient = problem;
    gradient.theta_gain = 0;
    gradient.weight.assign(problem.rows(), 0.0);
    gradient.gain = problem.rate;
    for (std::size_t j = 0; j < gradient.gain.size(); ++j) gradient.gain[j] *= answer.rate_price[j / problem.types()];
    const auto n = static_cast<double>(problem.rows());
    EXPECT_NEAR(solve_simplex(gradient).objective, n, 1e-7 * n) << "seed " << seed;
  }
}

TEST(Policies, DiscountsAreAtMostOneAndDoNotDependOnUnitsOrPriorities) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    Jobs jobs = jobs_of(test::max_min_problem(seed, 2 + seed % 9, 3), seed);
    const StrategyProof a = strategy_proof_fairness(jobs);
    ASSERT_EQ(a.welfare.status, Status::optimal) << "seed " << seed;
    for (double& rate : jobs.throughput) rate *= 1000;
    for (double& priority : jobs.priority) priority = 3;
    const StrategyProof b = strategy_proof_fairness(jobs);
    for (std::size_t i = 0; i < jobs.size(); ++i) {
      EXPECT_LE(a.discount[i], 1) << "seed " << seed;
      EXPECT_GT(a.discount[i], 0) << "seed " << seed;
      EXPECT_NEAR(a.discount[i], b.discount[i], 1e-6) << "seed " << seed;
    }
  }
}

TEST(Policies, BisectionEndsWithinFivePercentAndLeavesGpusIdle) {
  Jobs jobs = three_jobs();
  jobs.throughput = {1, 2, 3};
  jobs.gpus = {1};
  jobs.steps_left = {1000};
  const Horizon horizon = bisect_total_duration(jobs);
  EXPECT_NEAR(horizon.exact_s, 1000.0 / 3, 1e-9);
  EXPECT_EQ(horizon.seconds, 344.1162109375);
  EXPECT_NEAR(std::accumulate(horizon.solution.x.begin(), horizon.solution.x.end(), 0.0), 1, 2e-2);
  jobs.steps_left = {10};  // a hundred seconds are the least that is tried: far more than are needed
  const Horizon easy = bisect_total_duration(jobs);
  EXPECT_LT(easy.seconds, 105);
  EXPECT_LT(std::accumulate(easy.solution.x.begin(), easy.solution.x.end(), 0.0), 0.9);
  jobs.steps_left = {1e9};
  const Horizon far = bisect_total_duration(jobs);
  EXPECT_GE(far.seconds, far.exact_s);
  EXPECT_LE(far.seconds, 1.06 * far.exact_s);
}

TEST(Policies, BisectionOnRandomClusters) {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    const Jobs jobs = jobs_of(test::max_min_problem(seed, 1 + seed % 30, 3), seed);
    const Problem exact = min_total_duration(jobs);
    const Horizon horizon = bisect_total_duration(jobs);
    ASSERT_EQ(horizon.solution.status, Status::optimal) << "seed " << seed;
    EXPECT_NEAR(horizon.exact_s * solve_simplex(exact).theta, 1, 1e-8) << "seed " << seed;
    EXPECT_GE(horizon.seconds, horizon.exact_s * (1 - 1e-8)) << "seed " << seed;
    EXPECT_LE(horizon.seconds, std::max(106.0, 1.06 * horizon.exact_s)) << "seed " << seed;
    EXPECT_GE(horizon.solution.theta * horizon.seconds, 1 - 1e-9) << "seed " << seed;
    EXPECT_LE(violation(exact, horizon.solution.x, 0), 1e-12) << "seed " << seed;
  }
}

TEST(Policies, TheCentreOfARegionIsWhereTheProductOfSlacksIsLargest) {
  Problem problem;  // one row: log x + log y + log(1 - x - y) + 2 log of the capacities' slacks, which are equal
  problem.capacity = {1, 1};
  problem.rate = {1, 1};
  problem.weight = {0};
  problem.size = {1};
  const Solution centre = solve_centre(problem);
  ASSERT_EQ(centre.status, Status::optimal);
  // 1 / x = 1 / (1 - 2 x) + 1 / (1 - x), so 5 x^2 - 5 x + 1 = 0.
  const double x = (5 - std::sqrt(5.0)) / 10;
  EXPECT_NEAR(centre.x[0], x, 1e-9);
  EXPECT_NEAR(centre.x[1], x, 1e-9);
}

TEST(Policies, AJobWiderThanATypeGetsNothingThereIfThatIsAsked) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    Jobs jobs = jobs_of(test::max_min_problem(seed, 8, 3), seed);
    jobs.capacity = {3, 8, 16};
    jobs.gpus = {1, 2, 4, 8, 1, 2, 4, 32};
    jobs.realisable = true;
    const FinishTimes times = finish_times(jobs);
    EXPECT_EQ(times.steps[7], 0);
    const auto fair = [&](const std::vector<double>& x) {
      for (std::size_t i = 0; i < 8; ++i)
        for (std::size_t k = 0; k < 3; ++k)
          EXPECT_TRUE(jobs.gpus[i] <= jobs.capacity[k] || x[i * 3 + k] == 0) << "seed " << seed << " job " << i;
    };
    for (const Problem& problem :
         {max_min_fairness(jobs), min_total_duration(jobs), max_sum_throughput(jobs, {}, {})}) {
      const Solution answer = solve(problem, TieBreak::central);
      ASSERT_EQ(answer.status, Status::optimal);
      EXPECT_FALSE(answer.fell_back);
      EXPECT_GT(answer.objective, 0);  // the job that fits nowhere does not hold up the rest
      fair(answer.x);
    }
    fair(finish_time_fairness(times, TieBreak::central).solution.x);
    fair(strategy_proof_fairness(jobs).x);
    fair(bisect_total_duration(jobs).solution.x);
    fair(fill(max_min_fairness(jobs)).last.x);
    EXPECT_GT(rate_of(jobs, solve(max_min_fairness(jobs), TieBreak::central).x, 0), 0);
  }
}

}  // namespace
}  // namespace windrow::solve
