#include "windrow/solve/water_filling.hpp"

#include <algorithm>
#include <cmath>

#include "solve/filling.hpp"
#include "windrow/solve/classes.hpp"

namespace windrow::solve {
namespace {

double rate_at(const Problem& problem, const std::vector<double>& x, std::size_t i) {
  double rate = 0;
  for (std::size_t k = 0; k < problem.types(); ++k) rate += problem.rate_of(i, k) * x[i * problem.types() + k];
  return rate;
}

WaterFilling fill_rows(const Problem& problem, const Reweigh* reweigh, Filling filling) {
  Problem round = problem;
  round.theta_gain = 1;
  Solution last;
  WaterFilling filled =
      fill_levels(problem.floor, problem.weight, reweigh, filling,
                  [&](const std::vector<double>& weight, const std::vector<double>& floor) {
                    round.weight = weight;
                    round.floor = floor;
                    Solution solution = solve_interior(round);
                    if (solution.status != Status::optimal)
                      solution = solve_interior(round, 1e-8);  // frozen rows leave little room
                    if (solution.status != Status::optimal)
                      solution = solve_prices(round, last.x.empty() ? nullptr : &last.x);
                    if (solution.status != Status::optimal) {
                      solution = solve_simplex(round);
                      solution.fell_back = true;
                    }
                    RoundAnswer answer{solution.status, solution.theta, {}, {}, solution.rounds, solution.fell_back};
                    if (solution.status != Status::optimal) return answer;
                    for (std::size_t i = 0; i < problem.rows(); ++i) {
                      answer.rate.push_back(rate_at(problem, solution.x, i));
                      answer.cost.push_back(problem.count_of(i) * weight[i] * solution.rate_price[i]);
                    }
                    last = std::move(solution);
                    return answer;
                  });
  filled.last = std::move(last);
  return filled;
}

}  // namespace

WaterFilling fill(const Problem& problem, const Reweigh* reweigh, Filling filling) {
  check(problem);
  // With weights that change, rows are told apart; types without GPUs are left out all the same.
  std::vector<int> label(problem.rows());
  for (std::size_t i = 0; i < label.size(); ++i) label[i] = static_cast<int>(i);
  const Classes classes = classes_of(problem, reweigh == nullptr ? nullptr : &label);
  if (problem.rows() == 0 || classes.types.empty()) {
    WaterFilling nothing;
    nothing.last = solve_any(problem);
    nothing.level.assign(problem.rows(), 0.0);
    return nothing;
  }
  WaterFilling small = fill_rows(classes.problem, reweigh, filling);
  WaterFilling filled = small;
  filled.last = expand(problem, classes, small.last);
  filled.level.resize(problem.rows());
  for (std::size_t i = 0; i < problem.rows(); ++i) filled.level[i] = small.level[classes.class_of[i]];
  return filled;
}

Reweigh entity_weights(std::vector<Entity> entities, std::vector<double> own, std::vector<double> size) {
  return [entities = std::move(entities), own = std::move(own), size = std::move(size)](const std::vector<char>& frozen,
                                                                                        std::vector<double>& weight) {
    std::fill(weight.begin(), weight.end(), 0.0);
    for (const Entity& entity : entities) {
      double total = 0;
      for (const std::size_t i : entity.rows) total += frozen[i] ? 0 : own[i];
      for (const std::size_t i : entity.rows) {
        if (frozen[i]) continue;
        weight[i] = (entity.fifo ? entity.weight : entity.weight * own[i] / total) / size[i];
        if (entity.fifo) break;
      }
    }
  };
}

}  // namespace windrow::solve
