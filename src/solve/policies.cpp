#include "windrow/solve/policies.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "solve/rooms.hpp"
#include "windrow/kernel/error.hpp"
#include "windrow/solve/classes.hpp"

namespace windrow::solve {
namespace {

bool fits(const Jobs& jobs, std::size_t i, std::size_t k) {
  return !jobs.realisable || jobs.gpus[i] <= jobs.capacity[k];
}

/// Whether the job can make a step anywhere.
bool runs(const Jobs& jobs, std::size_t i) {
  for (std::size_t k = 0; k < jobs.types(); ++k)
    if (jobs.capacity[k] > 0 && jobs.throughput[i * jobs.types() + k] > 0 && fits(jobs, i, k)) return true;
  return false;
}

/// Rates in steps/s; jobs that run nowhere take no part.
void region(const Jobs& jobs, Problem& problem) {
  const std::size_t n = jobs.size();
  WINDROW_CHECK(jobs.throughput.size() == n * jobs.types(), "{} jobs, {} types", n, jobs.types());
  problem.theta_gain = 0;
  for (auto* const list : {&problem.gain, &problem.floor, &problem.count}) list->clear();
  problem.allowed.clear();
  problem.capacity = jobs.capacity;
  problem.rate = jobs.throughput;
  problem.size = jobs.gpus;
  problem.weight.assign(n, 0.0);
  for (std::size_t i = 0; i < n; ++i) {
    const bool able = runs(jobs, i);
    for (std::size_t k = 0; k < jobs.types(); ++k) {
      if (able && fits(jobs, i, k)) continue;
      if (problem.allowed.empty()) problem.allowed.assign(problem.rate.size(), 1);
      problem.allowed[i * jobs.types() + k] = 0;
    }
  }
}

double proportional_rate(const Jobs& jobs, double total, std::size_t i) {
  double rate = 0;
  for (std::size_t k = 0; k < jobs.types(); ++k)
    rate += jobs.throughput[i * jobs.types() + k] * jobs.capacity[k] / total;
  return rate;
}

/// Calls `give(type, share)` with job i's share of each type on 1/n of the cluster, counted in GPUs.
template <class Give>
void isolated_shares(const Jobs& jobs, std::size_t i, Give give) {
  const auto n = static_cast<double>(jobs.size());
  double time = 0;
  for (std::size_t k = 0; k < jobs.types(); ++k) time += jobs.capacity[k] / n / jobs.gpus[i];
  for (std::size_t k = 0; k < jobs.types(); ++k) give(k, jobs.capacity[k] / n / jobs.gpus[i] / std::max(1.0, time));
}

double isolated_rate(const Jobs& jobs, std::size_t i) {
  double rate = 0;
  isolated_shares(jobs, i, [&](std::size_t k, double share) { rate += jobs.throughput[i * jobs.types() + k] * share; });
  return rate;
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
  for (std::size_t i = 0; i < jobs.size() && total > 0; ++i) rate[i] = proportional_rate(jobs, total, i);
  return rate;
}

std::vector<double> proportional_allocation(const Jobs& jobs) {
  const double total = std::accumulate(jobs.capacity.begin(), jobs.capacity.end(), 0.0);
  std::vector<double> x(jobs.size() * jobs.types());
  for (std::size_t j = 0; j < x.size() && total > 0; ++j) x[j] = jobs.capacity[j % jobs.types()] / total;
  return x;
}

std::vector<double> isolated_allocation(const Jobs& jobs) {
  std::vector<double> x(jobs.size() * jobs.types());
  for (std::size_t i = 0; i < jobs.size(); ++i)
    isolated_shares(jobs, i, [&](std::size_t k, double share) { x[i * jobs.types() + k] = share; });
  return x;
}

std::vector<double> isolated_rate(const Jobs& jobs) {
  std::vector<double> rate;
  isolated_rate(jobs, rate);
  return rate;
}

void isolated_rate(const Jobs& jobs, std::vector<double>& rate) {
  rate.resize(jobs.size());
  for (std::size_t i = 0; i < rate.size(); ++i) rate[i] = isolated_rate(jobs, i);
}

void max_min_fairness(const Jobs& jobs, Problem& problem) {
  region(jobs, problem);
  problem.theta_gain = 1;
  const double total = std::accumulate(jobs.capacity.begin(), jobs.capacity.end(), 0.0);
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    const double q = total > 0 ? proportional_rate(jobs, total, i) : 0;
    for (std::size_t k = 0; k < jobs.types() && q > 0; ++k) problem.rate[i * jobs.types() + k] /= q;
    problem.weight[i] = runs(jobs, i) ? jobs.priority[i] / jobs.gpus[i] : 0;
  }
}

Problem max_min_fairness(const Jobs& jobs) {
  Problem problem;
  max_min_fairness(jobs, problem);
  return problem;
}

void min_total_duration(const Jobs& jobs, Problem& problem) {
  region(jobs, problem);
  problem.theta_gain = 1;
  for (std::size_t i = 0; i < jobs.size(); ++i) problem.weight[i] = runs(jobs, i) ? jobs.steps_left[i] : 0;
}

Problem min_total_duration(const Jobs& jobs) {
  Problem problem;
  min_total_duration(jobs, problem);
  return problem;
}

void max_sum_throughput(const Jobs& jobs, const std::vector<double>& price, const std::vector<double>& seconds_left,
                        Problem& problem) {
  region(jobs, problem);
  problem.gain = jobs.throughput;
  if (!price.empty())
    for (std::size_t j = 0; j < problem.gain.size(); ++j) problem.gain[j] /= price[j % jobs.types()];
  if (seconds_left.empty()) return;
  problem.floor.assign(jobs.size(), 0.0);
  for (std::size_t i = 0; i < jobs.size(); ++i)
    if (seconds_left[i] > 0 && std::isfinite(seconds_left[i])) problem.floor[i] = jobs.steps_left[i] / seconds_left[i];
}

Problem max_sum_throughput(const Jobs& jobs, const std::vector<double>& price,
                           const std::vector<double>& seconds_left) {
  Problem problem;
  max_sum_throughput(jobs, price, seconds_left, problem);
  return problem;
}

void finish_times(const Jobs& jobs, FinishTimes& times) {
  region(jobs, times.region);
  times.steps = jobs.steps_left;
  times.elapsed_s = jobs.elapsed_s;
  times.fair_s.clear();
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    const double isolated = isolated_rate(jobs, i);
    times.fair_s.push_back((jobs.served_s.empty() ? 0 : jobs.served_s[i]) +
                           (isolated > 0 ? jobs.steps_left[i] / isolated : 0));
    if (!runs(jobs, i)) times.steps[i] = 0;  // no part in the ratio
  }
}

FinishTimes finish_times(const Jobs& jobs) {
  FinishTimes times;
  finish_times(jobs, times);
  return times;
}

PackedProblem packed(const Jobs& jobs, const Problem& problem) {
  PackedProblem whole;
  whole.alone = problem;
  const std::size_t types = jobs.types();
  // What the problem divided a job's rates by.
  const auto unit = [&](std::size_t i) {
    for (std::size_t k = 0; k < types; ++k)
      if (jobs.throughput[i * types + k] > 0) return jobs.throughput[i * types + k] / problem.rate_of(i, k);
    return 1.0;
  };
  std::vector<double> units(jobs.size());
  for (std::size_t i = 0; i < units.size(); ++i) units[i] = unit(i);
  for (const Pair& pair : jobs.pairs) {
    if (jobs.gpus[pair.first] != jobs.gpus[pair.second] || !runs(jobs, pair.first) || !runs(jobs, pair.second))
      continue;
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

void Rooms::sum(const Problem& problem, TieBreak tie_break, SumSolution& answer) {
  answer.floors_dropped = false;
  const bool floors = std::any_of(problem.floor.begin(), problem.floor.end(), [](double floor) { return floor > 0; });
  if (!floors && problem.floor.empty()) {
    solve(problem, tie_break, answer.solution);
    return;
  }
  Problem asked = problem;
  if (floors) {
    // The deadlines can be met if and only if all rates can be had at once: a max-min problem with the floors as
    // weights.
    Problem met = problem;
    met.gain.clear();
    met.floor.clear();
    met.theta_gain = 1;
    for (std::size_t i = 0; i < met.rows(); ++i) met.weight[i] = std::max(0.0, problem.floor_of(i));
    any(met, probe);
    answer.floors_dropped = probe.status != Status::optimal || probe.bound < 1 - 1e-9;
  }
  if (!floors || answer.floors_dropped) asked.floor.clear();
  solve(asked, tie_break, answer.solution);
  if (answer.solution.status == Status::infeasible && !asked.floor.empty()) {  // by less than the probe could tell
    answer.floors_dropped = true;
    asked.floor.clear();
    solve(asked, tie_break, answer.solution);
  }
}

SumSolution solve_sum(const Problem& problem, TieBreak tie_break) {
  Rooms rooms;
  SumSolution sum;
  rooms.sum(problem, tie_break, sum);
  return sum;
}

Horizon bisect_total_duration(const Jobs& jobs) {
  constexpr double kLeast = 100;
  constexpr double kMost = 1e6;
  constexpr double kWithin = 1.05;
  constexpr double kTolerance = 1e-8;  // of the published solver: so much too little still counts as met
  Horizon horizon;
  Problem problem = min_total_duration(jobs);
  Rooms::idle(problem, horizon.solution);
  horizon.solution.status = Status::failed;
  if (std::none_of(problem.weight.begin(), problem.weight.end(), [](double steps) { return steps > 0; }))
    return horizon;
  const Solution exact = solve_any(problem);
  if (exact.status != Status::optimal || !(exact.theta > 0)) return horizon;
  horizon.exact_s = 1 / exact.theta;
  double low = kLeast;
  double high = kMost;
  while (horizon.seconds == 0) {
    const double reach = high;
    while (kWithin * low < high) {
      const double middle = 0.5 * (low + high);
      horizon.tried.push_back(middle);
      if (middle >= horizon.exact_s * (1 - kTolerance))
        high = horizon.seconds = middle;
      else
        low = middle;
    }
    if (horizon.seconds == 0) low = reach, high = 10 * reach;
  }
  Problem met = problem;
  met.floor.resize(jobs.size());
  for (std::size_t i = 0; i < jobs.size(); ++i) met.floor[i] = problem.weight[i] / horizon.seconds;
  // The published solver is asked for any point that is feasible.
  met.theta_gain = 0;
  met.weight.assign(jobs.size(), 0.0);
  horizon.solution = solve_ecos(met);
  if (horizon.solution.status != Status::optimal) horizon.solution = solve_centre(met);
  if (horizon.solution.status != Status::optimal) {  // nothing inside: the horizon is the optimum's own
    const bool fell_back = horizon.solution.status == Status::failed;
    horizon.solution = exact;
    horizon.solution.fell_back = fell_back;
  }
  horizon.solution.theta = theta_of(problem, horizon.solution.x);
  return horizon;
}

namespace {

/// The welfare of all jobs but `one`, from scratch.
std::optional<double> welfare_without(const Problem& region, std::size_t one) {
  Problem others = region;
  if (others.allowed.empty()) others.allowed.assign(others.rate.size(), 1);
  std::fill_n(others.allowed.begin() + static_cast<std::ptrdiff_t>(one * others.types()), others.types(), 0);
  const Solution found = solve_welfare(others);
  if (found.status != Status::optimal) return std::nullopt;
  return found.objective;
}

}  // namespace

void Rooms::strategy_proof(const Jobs& jobs, StrategyProof& result) {
  Problem& problem = scratch;
  region(jobs, problem);
  const std::size_t n = jobs.size();
  const std::size_t types = jobs.types();
  welfare(problem, result.welfare);
  result.solves = 1;
  result.discount.assign(n, 1.0);
  result.x = result.welfare.x;
  if (result.welfare.status != Status::optimal || able.size() < 2) return;
  market.open(classes.problem, small);
  // Jobs that are alike have one discount.
  discounts.assign(classes.problem.rows(), -1);
  for (std::size_t c = 0; c < able.size(); ++c) {
    const std::size_t i = able[c];
    double& own = discounts[classes.class_of[c]];
    if (own < 0) {
      ++result.solves;
      std::optional<double> without = market.welfare_without(classes.class_of[c]);
      if (!without) without = interior.welfare_without(classes.class_of[c]);
      if (!without) without = welfare_without(problem, i);
      if (!without) {
        result.welfare.status = Status::failed;
        return;
      }
      own = std::min(1.0,
                     std::exp(result.welfare.objective - std::log(rate_at(problem, result.welfare.x, i)) - *without));
    }
    result.discount[i] = own;
    for (std::size_t k = 0; k < types; ++k) result.x[i * types + k] *= own;
  }
}

StrategyProof strategy_proof_fairness(const Jobs& jobs) {
  Rooms rooms;
  StrategyProof result;
  rooms.strategy_proof(jobs, result);
  return result;
}

}  // namespace windrow::solve
