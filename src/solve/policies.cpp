#include "windrow/solve/policies.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "windrow/kernel/error.hpp"

namespace windrow::solve {
namespace {

/// Rates in steps/s; jobs that run nowhere take no part.
Problem region(const Jobs& jobs) {
  const std::size_t n = jobs.size();
  WINDROW_CHECK(jobs.throughput.size() == n * jobs.types(), "{} jobs, {} types", n, jobs.types());
  Problem problem;
  problem.capacity = jobs.capacity;
  problem.rate = jobs.throughput;
  problem.size = jobs.gpus;
  problem.weight.assign(n, 0.0);
  const std::vector<double> q = proportional_rate(jobs);
  if (std::all_of(q.begin(), q.end(), [](double rate) { return rate > 0; })) return problem;
  problem.allowed.assign(problem.rate.size(), 1);
  for (std::size_t i = 0; i < n; ++i)
    if (q[i] <= 0)
      std::fill_n(problem.allowed.begin() + static_cast<std::ptrdiff_t>(i * jobs.types()), jobs.types(), 0);
  return problem;
}

/// Rates in units of `unit` for each row; 0 stays as it is.
void scale_rows(Problem& problem, const std::vector<double>& unit) {
  for (std::size_t i = 0; i < problem.rows(); ++i)
    for (std::size_t k = 0; k < problem.types(); ++k)
      if (unit[i] > 0) problem.rate[i * problem.types() + k] /= unit[i];
}

}  // namespace

Jobs blind(const Jobs& jobs, std::optional<std::size_t> type) {
  Jobs seen = jobs;
  for (std::size_t i = 0; i < jobs.size(); ++i)
    for (std::size_t k = 0; k < jobs.types(); ++k)
      seen.throughput[i * jobs.types() + k] = type ? jobs.throughput[i * jobs.types() + *type] : 1.0;
  return seen;
}

std::vector<double> proportional_rate(const Jobs& jobs) {
  const double total = std::accumulate(jobs.capacity.begin(), jobs.capacity.end(), 0.0);
  std::vector<double> rate(jobs.size());
  for (std::size_t i = 0; i < jobs.size() && total > 0; ++i)
    for (std::size_t k = 0; k < jobs.types(); ++k)
      rate[i] += jobs.throughput[i * jobs.types() + k] * jobs.capacity[k] / total;
  return rate;
}

std::vector<double> isolated_rate(const Jobs& jobs) {
  const auto n = static_cast<double>(jobs.size());
  std::vector<double> rate(jobs.size());
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    double time = 0;
    for (std::size_t k = 0; k < jobs.types(); ++k) {
      const double share = jobs.capacity[k] / n / jobs.gpus[i];
      time += share;
      rate[i] += jobs.throughput[i * jobs.types() + k] * share;
    }
    rate[i] /= std::max(1.0, time);
  }
  return rate;
}

Problem max_min_fairness(const Jobs& jobs) {
  Problem problem = region(jobs);
  problem.theta_gain = 1;
  const std::vector<double> q = proportional_rate(jobs);
  scale_rows(problem, q);
  for (std::size_t i = 0; i < jobs.size(); ++i) problem.weight[i] = q[i] > 0 ? jobs.priority[i] / jobs.gpus[i] : 0;
  return problem;
}

Problem min_total_duration(const Jobs& jobs) {
  Problem problem = region(jobs);
  problem.theta_gain = 1;
  const std::vector<double> q = proportional_rate(jobs);
  for (std::size_t i = 0; i < jobs.size(); ++i) problem.weight[i] = q[i] > 0 ? jobs.steps_left[i] : 0;
  return problem;
}

Problem max_sum_throughput(const Jobs& jobs, const std::vector<double>& price,
                           const std::vector<double>& seconds_left) {
  Problem problem = region(jobs);
  problem.gain = jobs.throughput;
  if (!price.empty())
    for (std::size_t j = 0; j < problem.gain.size(); ++j) problem.gain[j] /= price[j % jobs.types()];
  if (seconds_left.empty()) return problem;
  problem.floor.assign(jobs.size(), 0.0);
  for (std::size_t i = 0; i < jobs.size(); ++i)
    if (seconds_left[i] > 0 && std::isfinite(seconds_left[i])) problem.floor[i] = jobs.steps_left[i] / seconds_left[i];
  return problem;
}

FinishTimes finish_times(const Jobs& jobs) {
  FinishTimes times{region(jobs), jobs.steps_left, jobs.elapsed_s, {}};
  const std::vector<double> isolated = isolated_rate(jobs);
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    times.fair_s.push_back((jobs.served_s.empty() ? 0 : jobs.served_s[i]) +
                           (isolated[i] > 0 ? jobs.steps_left[i] / isolated[i] : 0));
    if (isolated[i] <= 0) times.steps[i] = 0;  // runs nowhere: no part in the ratio
  }
  return times;
}

PackedProblem packed(const Jobs& jobs, const Problem& problem) {
  PackedProblem whole;
  whole.alone = problem;
  const std::size_t types = jobs.types();
  const std::vector<double> q = proportional_rate(jobs);
  // What the problem divided a job's rates by.
  const auto unit = [&](std::size_t i) {
    for (std::size_t k = 0; k < types; ++k)
      if (jobs.throughput[i * types + k] > 0) return jobs.throughput[i * types + k] / problem.rate_of(i, k);
    return 1.0;
  };
  std::vector<double> units(jobs.size());
  for (std::size_t i = 0; i < units.size(); ++i) units[i] = unit(i);
  for (const Pair& pair : jobs.pairs) {
    if (jobs.gpus[pair.first] != jobs.gpus[pair.second] || q[pair.first] <= 0 || q[pair.second] <= 0) continue;
    Pair scaled = pair;
    for (std::size_t k = 0; k < types; ++k) {
      scaled.rate[k] /= units[pair.first];
      scaled.rate[types + k] /= units[pair.second];
    }
    if (!problem.gain.empty())
      for (std::size_t k = 0; k < types; ++k) {
        const double both = pair.rate[k] + pair.rate[types + k];
        const std::size_t i = pair.first;
        const double per_step =
            jobs.throughput[i * types + k] > 0 ? problem.gain_of(i, k) / jobs.throughput[i * types + k] : 0.0;
        whole.gain.push_back(both * per_step);
      }
    whole.pairs.push_back(std::move(scaled));
  }
  return whole;
}

SumSolution solve_sum(const Problem& problem, TieBreak tie_break) {
  SumSolution sum;
  const bool floors = std::any_of(problem.floor.begin(), problem.floor.end(), [](double floor) { return floor > 0; });
  Problem asked = problem;
  if (floors) {
    // The deadlines can be met if and only if all rates can be had at once: a max-min problem with the floors as
    // weights.
    Problem probe = problem;
    probe.gain.clear();
    probe.floor.clear();
    probe.theta_gain = 1;
    for (std::size_t i = 0; i < probe.rows(); ++i) probe.weight[i] = std::max(0.0, problem.floor_of(i));
    const Solution met = solve_any(probe);
    sum.floors_dropped = met.status != Status::optimal || met.bound < 1 - 1e-9;
  }
  if (!floors || sum.floors_dropped) asked.floor.clear();
  sum.solution = solve(asked, tie_break);
  if (sum.solution.status == Status::infeasible && !asked.floor.empty()) {  // by less than the probe could tell
    sum.floors_dropped = true;
    asked.floor.clear();
    sum.solution = solve(asked, tie_break);
  }
  return sum;
}

}  // namespace windrow::solve
