// Water filling: raise all rows together, freeze those that can rise no further, raise the rest. The vector of levels
// that comes out is unique. No integer program decides who is frozen: a row with a positive price is bottlenecked in
// every optimum, and some row always has one.
#pragma once

#include <functional>
#include <vector>

#include "windrow/solve/problem.hpp"

namespace windrow::solve {

/// Sets the weights of the next round from which rows are frozen. A row of weight 0 keeps its level for the round.
using Reweigh = std::function<void(const std::vector<char>& frozen, std::vector<double>& weight)>;

enum class Filling {
  exact,
  single_round,  ///< every row that is raised freezes after its round: the published figure of Gavel (OSDI 2020)
};

struct WaterFilling {
  Solution last;                  ///< of the last round: x meets all levels; theta is the last increment
  std::vector<double> level;      ///< [rows] rate reached
  std::vector<double> increment;  ///< [rounds of filling] theta of each
  int rounds = 0;                 ///< of the linear solvers, summed
  int fallbacks = 0;              ///< rounds in which the simplex method had to answer
};

/// `problem` has weights and no gains; its floors are where the levels begin. Without `reweigh` the weights stay, and
/// rows that are alike are solved as one. `tie_break` ecos: rounds of `single_round` end where the published solver
/// does; anything else: at the centre.
WaterFilling fill(const Problem& problem, const Reweigh* reweigh = nullptr, Filling filling = Filling::exact,
                  TieBreak tie_break = TieBreak::central);

/// Jobs that belong together and are given `weight` as one: divided among those not yet frozen by their own weights, or
/// all of it to the first of them.
struct Entity {
  double weight = 1;
  bool fifo = false;
  std::vector<std::size_t> rows;  ///< in order of age
};

/// Hierarchical weights: `own` and `size` are [rows]; the result is per GPU, as the levels of `fill` are per job.
Reweigh entity_weights(std::vector<Entity> entities, std::vector<double> own, std::vector<double> size);

}  // namespace windrow::solve
