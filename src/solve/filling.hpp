// The rounds of water filling, whatever the linear problem of a round is.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "windrow/solve/water_filling.hpp"

namespace windrow::solve {

struct RoundAnswer {
  Status status;
  double theta;
  std::vector<double> rate;  ///< [rows] reached
  std::vector<double> cost;  ///< [rows] part of the optimum's price that the row's rate pays: they sum to 1
  int rounds;
  bool fell_back;
  bool central;  ///< strictly complementary, as the centre is and a vertex is not
};

/// `solve(weight, floor)` answers one round; `freeze(frozen)` hears who is frozen after it. The solution itself stays
/// with the caller.
template <class Solve, class Freeze>
WaterFilling fill_levels(const std::vector<double>& floor, std::vector<double> weight, const Reweigh* reweigh,
                         Filling filling, Solve solve, Freeze freeze) {
  constexpr double kSlack = 1e-9;  // floors a little below the levels, or a frozen row would leave no interior
  const std::size_t n = weight.size();
  WaterFilling filled;
  filled.level.assign(n, 0.0);
  if (!floor.empty()) filled.level = floor;
  std::vector<char> frozen(n, 0);
  std::vector<double> raised(n);
  std::vector<double> least(n);
  std::vector<double> attained;  // by the last round's x
  for (std::size_t guard = 0; guard <= n; ++guard) {
    if (reweigh != nullptr) (*reweigh)(frozen, weight);
    bool any = false;
    for (std::size_t i = 0; i < n; ++i) {
      raised[i] = frozen[i] ? 0 : weight[i];
      least[i] = filled.level[i] * (filled.level[i] > 0 ? 1 - kSlack : 1);
      if (!attained.empty())
        least[i] = std::min(least[i], attained[i]);  // or rounding would leave nothing that is allowed
      any = any || raised[i] > 0;
    }
    if (!any) break;
    const RoundAnswer answer = solve(raised, least);
    filled.rounds += answer.rounds;
    filled.fallbacks += answer.fell_back ? 1 : 0;
    if (answer.status != Status::optimal) break;  // what was reached stands
    const double more = std::max(0.0, answer.theta);
    attained = answer.rate;
    filled.increment.push_back(more);
    // A row's share of the price against its slack: of a bottleneck the first is large, of any other row the second; at
    // the centre they are many orders of magnitude apart. Whoever pays is bottlenecked in every optimum, so that the
    // one who pays most may always be frozen. Away from the centre a small price may be an error of the method's; who
    // pays little waits for a round in which it pays more.
    const double dearest = *std::max_element(answer.cost.begin(), answer.cost.end());
    for (std::size_t i = 0; i < n; ++i) {
      if (raised[i] <= 0) continue;
      filled.level[i] += more * raised[i];
      const double slack = (answer.rate[i] - filled.level[i]) / std::max(filled.level[i], 1e-300);
      if (filling == Filling::single_round || answer.cost[i] >= dearest ||
          answer.cost[i] > std::max(slack, (answer.central ? 1e-7 : 1e-3) * dearest))
        frozen[i] = 1;
    }
    freeze(frozen);
  }
  return filled;
}

}  // namespace windrow::solve
