#include "windrow/solve/problem.hpp"

#include <algorithm>
#include <cmath>

#include "windrow/kernel/error.hpp"

namespace windrow::solve {

void check(const Problem& problem) {
  const std::size_t n = problem.rows();
  const std::size_t cells = n * problem.types();
  const auto fits = [](const auto& list, std::size_t wanted) { return list.empty() || list.size() == wanted; };
  WINDROW_CHECK(problem.rate.size() == cells && problem.weight.size() == n, "{} rows, {} types", n, problem.types());
  WINDROW_CHECK(
      fits(problem.gain, cells) && fits(problem.allowed, cells) && fits(problem.floor, n) && fits(problem.count, n),
      "{} rows, {} types", n, problem.types());
  const auto finite = [](const std::vector<double>& list, double least) {
    return std::all_of(list.begin(), list.end(), [least](double v) { return std::isfinite(v) && v >= least; });
  };
  WINDROW_CHECK(finite(problem.capacity, 0) && finite(problem.rate, 0) && finite(problem.weight, 0) &&
                    finite(problem.gain, -1e300) && finite(problem.floor, -1e300),
                "a number is negative or not finite");
  for (std::size_t i = 0; i < n; ++i) WINDROW_CHECK(problem.size[i] > 0 && problem.count_of(i) > 0, "row {}", i);
}

double rate_at(const Problem& problem, const std::vector<double>& x, std::size_t i) {
  double rate = 0;
  for (std::size_t k = 0; k < problem.types(); ++k) rate += problem.rate_of(i, k) * x[i * problem.types() + k];
  return rate;
}

double theta_of(const Problem& problem, const std::vector<double>& x) {
  double theta = HUGE_VAL;
  for (std::size_t i = 0; i < problem.rows(); ++i)
    if (problem.weight[i] > 0)
      theta = std::min(theta, (rate_at(problem, x, i) - problem.floor_of(i)) / problem.weight[i]);
  return theta == HUGE_VAL ? 0 : theta;
}

double objective_of(const Problem& problem, const std::vector<double>& x, double theta) {
  double sum = problem.theta_gain * theta;
  if (problem.gain.empty()) return sum;
  for (std::size_t i = 0; i < problem.rows(); ++i)
    for (std::size_t k = 0; k < problem.types(); ++k)
      sum += problem.count_of(i) * problem.gain_of(i, k) * x[i * problem.types() + k];
  return sum;
}

namespace {

/// GPUs of a type that are taken, all rows together.
double used(const Problem& problem, const std::vector<double>& x, std::size_t k) {
  double gpus = 0;
  for (std::size_t i = 0; i < problem.rows(); ++i)
    gpus += problem.count_of(i) * problem.size[i] * x[i * problem.types() + k];
  return gpus;
}

}  // namespace

double violation(const Problem& problem, const std::vector<double>& x, double theta) {
  double worst = 0;
  const std::size_t types = problem.types();
  for (std::size_t i = 0; i < problem.rows(); ++i) {
    double time = 0;
    double scale = 1e-300;
    for (std::size_t k = 0; k < types; ++k) {
      const double share = x[i * types + k];
      worst = std::max({worst, -share, problem.allows(i, k) ? 0.0 : share});
      time += share;
      scale = std::max(scale, problem.rate_of(i, k));
    }
    worst = std::max(worst, time - 1);
    if (problem.demands(i))
      worst = std::max(worst, (problem.weight[i] * theta + problem.floor_of(i) - rate_at(problem, x, i)) / scale);
  }
  for (std::size_t k = 0; k < types; ++k)
    worst = std::max(worst, (used(problem, x, k) - problem.capacity[k]) / std::max(problem.capacity[k], 1.0));
  return worst;
}

double upper_bound(const Problem& problem, const std::vector<double>& price, const std::vector<double>& rate_price) {
  double total = 0;
  for (std::size_t i = 0; i < problem.rows(); ++i) total += problem.count_of(i) * problem.weight[i] * rate_price[i];
  // Where only theta counts, prices are homogeneous: scaling all of them keeps the proof.
  double scale = 1;
  if (problem.theta_gain > 0) {
    if (!(total > 0)) return HUGE_VAL;
    scale = problem.theta_gain / total;
    if (!problem.gain.empty() && std::abs(scale - 1) > 1e-6) return HUGE_VAL;
  }
  double bound = 0;
  for (std::size_t k = 0; k < problem.types(); ++k) bound += scale * price[k] * problem.capacity[k];
  for (std::size_t i = 0; i < problem.rows(); ++i) {
    const double per_rate = problem.demands(i) ? scale * rate_price[i] : 0;
    double best = 0;
    for (std::size_t k = 0; k < problem.types(); ++k)
      if (problem.allows(i, k))
        best = std::max(best,
                        problem.gain_of(i, k) + per_rate * problem.rate_of(i, k) - scale * problem.size[i] * price[k]);
    bound += problem.count_of(i) * (best - per_rate * problem.floor_of(i));
  }
  return bound;
}

void finish(const Problem& problem, Solution& solution) {
  const std::size_t types = problem.types();
  for (std::size_t i = 0; i < problem.rows(); ++i) {
    double time = 0;
    for (std::size_t k = 0; k < types; ++k) {
      double& share = solution.x[i * types + k];
      share = problem.allows(i, k) ? std::clamp(share, 0.0, 1.0) : 0.0;
      time += share;
    }
    for (std::size_t k = 0; k < types; ++k) {
      double& share = solution.x[i * types + k];
      if (time > 1) share /= time;
    }
  }
  for (std::size_t k = 0; k < types; ++k) {
    const double gpus = used(problem, solution.x, k);
    if (gpus > problem.capacity[k])
      for (std::size_t i = 0; i < problem.rows(); ++i) solution.x[i * types + k] *= problem.capacity[k] / gpus;
  }
  judge(problem, solution);
}

void judge(const Problem& problem, Solution& solution) {
  solution.theta = theta_of(problem, solution.x);
  solution.objective = objective_of(problem, solution.x, solution.theta);
  solution.bound = upper_bound(problem, solution.price, solution.rate_price);
  solution.gap = (solution.bound - solution.objective) / std::max(std::abs(solution.bound), 1e-300);
}

}  // namespace windrow::solve
