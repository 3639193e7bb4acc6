#include "windrow/solve/finish_time.hpp"

#include <algorithm>
#include <cmath>

#include "solve/newton.hpp"
#include "solve/rooms.hpp"
#include "windrow/kernel/error.hpp"

namespace windrow::solve {

void Rooms::finish_times(const FinishTimes& times, TieBreak tie_break, FinishTimeSolution& result) {
  result.rho = result.attained = 0;
  result.rounds = 0;
  result.wanted.clear();
  Problem& problem = scratch;
  problem = times.region;
  const std::size_t n = problem.rows();
  problem.theta_gain = 1;
  problem.gain.clear();
  problem.floor.clear();
  WINDROW_CHECK(times.steps.size() == n && times.elapsed_s.size() == n && times.fair_s.size() == n, "{} rows", n);
  idle(problem, result.solution);
  result.solution.status = Status::failed;  // until something is found
  double rho = 0;
  fastest.assign(n, 0.0);
  for (std::size_t i = 0; i < n; ++i) {
    if (times.steps[i] <= 0) continue;
    for (std::size_t k = 0; k < problem.types(); ++k)
      if (problem.allows(i, k) && problem.capacity[k] > 0) fastest[i] = std::max(fastest[i], problem.rate_of(i, k));
    if (fastest[i] <= 0) return;  // status failed: this row never finishes
    rho = std::max(rho, (times.elapsed_s[i] + times.steps[i] / fastest[i]) / times.fair_s[i]);
  }
  for (int round = 1; round <= kMaxNewtonRounds; ++round) {
    result.rounds = round;
    wanted_rates(times, fastest, rho, problem.weight);
    Solution& solution = probe;
    any(problem, solution);
    if (solution.status != Status::optimal) break;
    // Rounding aside, theta is at most 1 here: at a smaller rho than the optimum not all rates can be had.
    result.solution = solution;
    if (solution.theta >= 1 - 1e-10 || n == 0 || solution.bound >= 1 - 1e-10) break;
    double worth = 0;
    for (std::size_t k = 0; k < problem.types(); ++k) worth += solution.price[k] * problem.capacity[k];
    const double more =
        newton_root(times, fastest, rho, worth, [&](const std::vector<double>& wanted, std::vector<double>& rise) {
          return least_cost(problem, solution.price, wanted, &rise);
        });
    if (!(more > rho)) break;  // as far as numbers go
    rho = more;
  }
  result.rho = rho;
  if (result.solution.status != Status::optimal) return;
  result.wanted = problem.weight;
  if (tie_break == TieBreak::ecos && rho > 0) {
    // Its x for ours, if it is as good; the proof stays.
    embedding.solve(times, probe);
    probe.price = result.solution.price;
    probe.rate_price = result.solution.rate_price;
    if (probe.status == Status::optimal) judge(problem, probe);
    if (probe.status != Status::optimal || !(probe.gap < 1e-5) || violation(problem, probe.x, 0) > 1e-6) {
      solve(problem, TieBreak::central, probe);
      probe.fell_back = true;
    }
  } else {
    solve(problem, tie_break, probe);
  }
  if (probe.status == Status::optimal) {
    probe.rounds += result.solution.rounds;
    std::swap(result.solution, probe);
  }
  for (std::size_t i = 0; i < n; ++i) {
    if (times.steps[i] <= 0) continue;
    const double rate = rate_at(problem, result.solution.x, i);
    result.attained = std::max(result.attained, (times.elapsed_s[i] + times.steps[i] / rate) / times.fair_s[i]);
  }
}

FinishTimeSolution finish_time_fairness(const FinishTimes& times, TieBreak tie_break) {
  Rooms rooms;
  FinishTimeSolution result;
  rooms.finish_times(times, tie_break, result);
  return result;
}

}  // namespace windrow::solve
