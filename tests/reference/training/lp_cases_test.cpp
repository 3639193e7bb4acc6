// Complete simulations of the published simulator under policies whose optimum is not unique, where jobs or types tie:
// the last bits of the published solver decide, so means agree within the bands of
// tests/data/reference/training/README.md. (The others are among cases_test.cpp, job for job.) First allocations agree
// to 1e-7 and better.
#include <gtest/gtest.h>

#include <cmath>

#include "reference/training/data.hpp"
#include "training/job_source.hpp"
#include "windrow/solve/policies.hpp"

namespace windrow::test {
namespace {

class LinearCase : public testing::TestWithParam<CsvRow> {};

TEST_P(LinearCase, StaysWithinItsBands) {
  const CsvRow& row = GetParam();
  const PointOutput output = run_training(config_of(row));
  ASSERT_EQ(output.outcome, Outcome::ok) << output.message;
  const double jct_s = number(row.at("average_jct_s")), end_s = number(row.at("end_time_s"));
  EXPECT_NEAR(metric(output, "jct_mean"), jct_s, 0.005 * jct_s);
  EXPECT_NEAR(metric(output, "end_time"), end_s, 0.003 * end_s);
  EXPECT_NEAR(metric(output, "policy_calls"), number(row.at("allocations")), 5);
  EXPECT_EQ(metric(output, "jobs_completed"), number(row.at("jobs_completed")));
  EXPECT_EQ(metric(output, "jobs_dropped"), number(row.at("jobs_dropped")));
  EXPECT_EQ(metric(output, "policy_fallbacks"), 0);
  EXPECT_EQ(metric(output, "policy_failures"), 0);
}

INSTANTIATE_TEST_SUITE_P(Published, LinearCase, testing::ValuesIn(read_csv("lp_cases.csv")),
                         [](const auto& test) { return test.param.at("case"); });

/// The jobs at time 0 as a policy sees them, and the published first allocation.
struct First {
  solve::Jobs jobs;
  std::vector<double> x;
};

First first_call(const std::string& name, bool perf, bool by_v100) {
  const training::Model model(config_of(case_named(name)));
  training::JobSource source(model);
  First first;
  first.jobs.capacity.assign(model.cluster.gpus.begin(), model.cluster.gpus.end());
  while (const auto job = source.take(0)) {
    const training::JobRates& rates = model.rates[static_cast<std::size_t>(job->rate_key)];
    for (std::size_t w = 0; w < 3; ++w)
      first.jobs.throughput.push_back(perf ? rates.steps_per_s[w] : by_v100 ? rates.v100_steps_per_s : 1.0);
    first.jobs.gpus.push_back(job->gpus);
    first.jobs.priority.push_back(job->priority);
    first.jobs.steps_left.push_back(job->total_steps);
    first.jobs.elapsed_s.push_back(0);
  }
  for (const CsvRow& row : read_csv("first_allocations.csv"))
    if (row.at("case") == name)
      for (const char* const type : {"k80", "p100", "v100"}) first.x.push_back(number(row.at(type)));
  EXPECT_EQ(first.jobs.size(), 40U);
  EXPECT_EQ(first.x.size(), 120U);
  return first;
}

double rate(const First& first, std::size_t i) {
  double sum = 0;
  for (std::size_t w = 0; w < 3; ++w) sum += first.jobs.throughput[3 * i + w] * first.x[3 * i + w];
  return sum;
}

/// The largest difference of our shares from the published ones.
double distance(const First& first, const std::vector<double>& x) {
  double most = 0;
  for (std::size_t j = 0; j < first.x.size(); ++j) most = std::max(most, std::abs(x[j] - first.x[j]));
  return most;
}

TEST(FirstAllocation, OfMaxMinFairness) {
  for (const bool perf : {false, true}) {
    const First first = first_call(perf ? "B_s0_max_min_fairness_perf" : "B_s0_max_min_fairness", perf, false);
    const solve::Problem problem = solve::max_min_fairness(first.jobs);
    const double best = solve::solve(problem, solve::TieBreak::central).theta;
    EXPECT_NEAR(solve::theta_of(problem, first.x), best, 1e-7 * best) << perf;
    EXPECT_LT(distance(first, solve::solve(problem, solve::TieBreak::ecos).x), perf ? 1e-13 : 1e-10) << perf;
  }
}

TEST(FirstAllocation, OfFinishTimeFairness) {
  for (const bool perf : {false, true}) {
    const First first = first_call(perf ? "B_s0_finish_time_fairness_perf" : "B_s0_finish_time_fairness", perf, !perf);
    const solve::FinishTimes times = solve::finish_times(first.jobs);
    double worst = 0;
    for (std::size_t i = 0; i < first.jobs.size(); ++i)
      worst = std::max(worst, first.jobs.steps_left[i] / rate(first, i) / times.fair_s[i]);
    const solve::FinishTimeSolution ours = solve::finish_time_fairness(times, solve::TieBreak::ecos);
    EXPECT_NEAR(worst, ours.rho, 1e-6 * ours.rho) << perf;
    EXPECT_LT(distance(first, ours.solution.x), 1e-7) << perf;
    EXPECT_FALSE(ours.solution.fell_back) << perf;
  }
}

TEST(FirstAllocation, OfMinTotalDuration) {
  for (const bool perf : {false, true}) {
    const First first = first_call(perf ? "B_s0_min_total_duration_perf" : "B_s0_min_total_duration", perf, !perf);
    const solve::Horizon horizon = solve::bisect_total_duration(first.jobs);
    double least_slack = HUGE_VAL;
    for (std::size_t i = 0; i < first.jobs.size(); ++i)
      least_slack = std::min(least_slack, rate(first, i) * horizon.seconds / first.jobs.steps_left[i] - 1);
    EXPECT_GE(least_slack, -1e-7) << perf;
    EXPECT_LT(least_slack, 0.05) << perf;  // and not a much longer one
    EXPECT_LT(distance(first, horizon.solution.x), 1e-12) << perf;
  }
}

}  // namespace
}  // namespace windrow::test
