#include "windrow/solve/water_filling.hpp"

#include <algorithm>
#include <cmath>

#include "solve/filling.hpp"
#include "solve/rooms.hpp"

namespace windrow::solve {
namespace {

constexpr double kMissed = 1e-10;  // by shares of a round, of a row's fastest rate

/// What each row gets with all of its time where it is fastest.
std::vector<double> caps_of(const Problem& problem) {
  std::vector<double> caps(problem.rows(), 0.0);
  for (std::size_t i = 0; i < problem.rows(); ++i)
    for (std::size_t k = 0; k < problem.types(); ++k)
      if (problem.allows(i, k)) caps[i] = std::max(caps[i], problem.rate_of(i, k));
  return caps;
}

/// Closes what has no time in any optimum: it has none here, and costs more than it is worth by more than rounding.
void close(const Problem& round, const Solution& solution, std::vector<char>& open) {
  constexpr double kSure = 1e-6;
  const std::size_t types = round.types();
  double unit = HUGE_VAL;
  for (std::size_t i = 0; i < round.rows(); ++i) {
    double most = 0;
    for (std::size_t k = 0; k < types; ++k)
      if (round.allows(i, k)) most = std::max(most, round.rate_of(i, k));
    if (round.weight[i] > 0) unit = std::min(unit, most / round.weight[i]);
  }
  for (std::size_t i = 0; i < round.rows(); ++i) {
    if (!round.demands(i)) continue;
    const auto worth = [&](std::size_t k) {
      return round.count_of(i) * (solution.rate_price[i] * round.rate_of(i, k) - round.size[i] * solution.price[k]);
    };
    double best = 0;
    for (std::size_t k = 0; k < types; ++k)
      if (round.allows(i, k)) best = std::max(best, worth(k));
    for (std::size_t k = 0; k < types; ++k)
      if (solution.x[i * types + k] < kSure && best - worth(k) > kSure * unit) open[i * types + k] = 0;
  }
}

}  // namespace

WaterFilling fill_rows(Rooms& rooms, const Problem& problem, const Reweigh* reweigh, Filling filling, bool published,
                       std::vector<char>* open) {
  if (open != nullptr) open->assign(problem.rate.size(), 1);
  Problem round = problem;
  round.theta_gain = 1;
  Solution last, solution;
  const auto solve = [&](const std::vector<double>& weight, const std::vector<double>& floor) {
    round.weight = weight;
    round.floor = floor;
    if (published) rooms.embedding.solve_round(round, solution);
    if (!published || solution.status != Status::optimal)
      rooms.interior.solve(round, 1e-9, InteriorSolver::Goal::best, solution);
    if (solution.status != Status::optimal)  // frozen rows leave little room
      rooms.interior.solve(round, 1e-8, InteriorSolver::Goal::best, solution);
    if (solution.status != Status::optimal) {
      rooms.prices.solve(round, last.x.empty() ? nullptr : &last.x, solution);
      // Prices that are right may come with shares that miss a floor by a little, and whoever gets what the others
      // leave would have many times that. The last round's shares miss none.
      if (solution.status == Status::optimal && !last.x.empty() &&
          violation(round, solution.x, solution.theta) > kMissed) {
        solution.x = last.x;
        judge(round, solution);
      }
    }
    fall_back(round, solution);
    RoundAnswer answer{solution.status,
                       solution.theta,
                       solution.bound,
                       {},
                       {},
                       solution.rounds,
                       solution.fell_back,
                       solution.method == Method::interior};
    if (solution.status != Status::optimal) return answer;
    for (std::size_t i = 0; i < problem.rows(); ++i) {
      answer.rate.push_back(rate_at(problem, solution.x, i));
      answer.cost.push_back(problem.count_of(i) * weight[i] * solution.rate_price[i]);
    }
    return answer;
  };
  WaterFilling filled = fill_levels(
      problem.floor, problem.weight, caps_of(problem), reweigh, filling, published ? 0 : kFloorSlack,
      [&](const std::vector<double>& weight, const std::vector<double>& floor) {
        RoundAnswer answer = solve(weight, floor);
        if (answer.status != Status::optimal) return answer;
        if (open != nullptr && solution.method == Method::interior) close(round, solution, *open);
        std::swap(last, solution);
        return answer;
      },
      [](const std::vector<double>&, const std::vector<double>&) { return RoundAnswer{}; }, solve,
      [](const std::vector<char>&, const std::vector<double>&) {});
  filled.last = std::move(last);
  return filled;
}

void Rooms::fill(const Problem& problem, const Reweigh* reweigh, Filling filling, TieBreak tie_break,
                 WaterFilling& filled) {
  check(problem);
  const std::size_t n = problem.rows();
  // With weights that change, rows are told apart; types without GPUs are left out all the same.
  std::vector<int> label(reweigh == nullptr ? 0 : n);
  for (std::size_t i = 0; i < label.size(); ++i) label[i] = static_cast<int>(i);
  finder.find(problem, reweigh == nullptr ? nullptr : &label, classes);
  if (n == 0 || classes.types.empty() || (reweigh == nullptr && nobody_asks(problem))) {
    filled = {};
    idle(problem, filled.last);
    filled.level.assign(n, 0.0);
    return;
  }
  const bool remember = fillings.used() && reweigh == nullptr;
  const WaterFilling* known = nullptr;
  if (remember) {
    numbers_of(classes.problem, numbers);
    numbers.push_back(filling == Filling::exact ? 0 : 1);
    known = fillings.find(numbers);
    hits += known == nullptr ? 0 : 1;
  }
  WaterFilling few;
  if (known == nullptr) {
    few = fill_rows(*this, classes.problem, reweigh, filling,
                    tie_break == TieBreak::ecos && filling == Filling::single_round);
    if (remember) fillings.keep(numbers, few);
    known = &few;
  }
  filled.increment = known->increment;
  filled.rounds = known->rounds;
  filled.fallbacks = known->fallbacks;
  expand(problem, classes, known->last, filled.last);
  filled.level.resize(n);
  for (std::size_t i = 0; i < n; ++i) filled.level[i] = known->level[classes.class_of[i]];
}

WaterFilling fill(const Problem& problem, const Reweigh* reweigh, Filling filling, TieBreak tie_break) {
  Rooms rooms;
  WaterFilling filled;
  rooms.fill(problem, reweigh, filling, tie_break, filled);
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
