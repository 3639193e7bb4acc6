#include "windrow/solve/water_filling.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "solve/filling.hpp"
#include "solve/rooms.hpp"

namespace windrow::solve {
namespace {

constexpr double kMissed = 1e-10;  // by shares of a round, of a row's fastest rate

/// What each row gets with all of its time where it is fastest.
void caps_of(const Problem& problem, std::vector<double>& caps) {
  caps.assign(problem.rows(), 0.0);
  for (std::size_t i = 0; i < problem.rows(); ++i)
    for (std::size_t k = 0; k < problem.types(); ++k)
      if (problem.allows(i, k)) caps[i] = std::max(caps[i], problem.rate_of(i, k));
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

void fill_rows(Rooms& rooms, const Problem& problem, const Reweigh* reweigh, Filling filling, bool published,
               WaterFilling& filled, std::vector<char>* open) {
  if (open != nullptr) open->assign(problem.rate.size(), 1);
  Problem& round = rooms.round_problem;
  round = problem;
  round.theta_gain = 1;
  Solution& last = filled.last;
  Solution& solution = rooms.round_solution;
  bool any = false;  // a last one
  const auto solve = [&](const std::vector<double>& weight, const std::vector<double>& floor, RoundAnswer& answer) {
    round.weight = weight;
    round.floor = floor;
    if (published) rooms.embedding.solve_round(round, solution);
    if (!published || solution.status != Status::optimal)
      rooms.interior.solve(round, 1e-9, InteriorSolver::Goal::best, solution);
    if (solution.status != Status::optimal)  // frozen rows leave little room
      rooms.interior.solve(round, 1e-8, InteriorSolver::Goal::best, solution);
    if (solution.status != Status::optimal) {
      rooms.prices.solve(round, any ? &last.x : nullptr, solution);
      // Prices that are right may come with shares that miss a floor by a little, and whoever gets what the others
      // leave would have many times that. The last round's shares miss none.
      if (solution.status == Status::optimal && any && violation(round, solution.x, solution.theta) > kMissed) {
        solution.x = last.x;
        judge(round, solution);
      }
    }
    fall_back(round, solution);
    answer.take(solution, solution.method == Method::interior);
    if (solution.status != Status::optimal) return;
    for (std::size_t i = 0; i < problem.rows(); ++i) {
      answer.rate.push_back(rate_at(problem, solution.x, i));
      answer.cost.push_back(problem.count_of(i) * weight[i] * solution.rate_price[i]);
    }
  };
  caps_of(problem, rooms.caps);
  fill_levels(
      rooms.filling_room, problem.floor, problem.weight, rooms.caps, reweigh, filling, published ? 0 : kFloorSlack,
      [&](const std::vector<double>& weight, const std::vector<double>& floor, RoundAnswer& answer) {
        solve(weight, floor, answer);
        if (answer.status != Status::optimal) return;
        if (open != nullptr && solution.method == Method::interior) close(round, solution, *open);
        std::swap(last, solution);
        any = true;
      },
      [](const std::vector<double>&, const std::vector<double>&, RoundAnswer& answer) {
        answer.status = Status::failed;
      },
      solve, [](const std::vector<char>&, const std::vector<double>&) {}, filled);
  if (!any) last = {};
}

void Rooms::fill(const Problem& problem, const Reweigh* reweigh, Filling filling, TieBreak tie_break,
                 WaterFilling& filled) {
  check(problem);
  const std::size_t n = problem.rows();
  // With weights that change, rows are told apart; types without GPUs are left out all the same.
  own_label.resize(n);
  std::iota(own_label.begin(), own_label.end(), 0);
  finder.find(problem, reweigh == nullptr ? nullptr : &own_label, classes);
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
  WaterFilling& few = small_filling;
  if (known == nullptr) {
    fill_rows(*this, classes.problem, reweigh, filling, tie_break == TieBreak::ecos && filling == Filling::single_round,
              few, nullptr);
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
