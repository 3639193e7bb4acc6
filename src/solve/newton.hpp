// Newton's method on rho, for problems with and without pairs (solve/finish_time.hpp).
#pragma once

#include <cmath>
#include <vector>

#include "windrow/solve/finish_time.hpp"

namespace windrow::solve {

inline constexpr int kMaxNewtonRounds = 50;

/// The rates at which every row's ratio is `rho`, which is not below the lower bound that `fastest` gives: then none is
/// above `fastest`, whatever rounding makes of rho fair - elapsed.
inline void wanted_rates(const FinishTimes& times, const std::vector<double>& fastest, double rho,
                         std::vector<double>& wanted) {
  wanted.assign(times.steps.size(), 0.0);
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (times.steps[i] <= 0) continue;
    const double room = rho * times.fair_s[i] - times.elapsed_s[i];
    wanted[i] = room * fastest[i] > times.steps[i] ? times.steps[i] / room : fastest[i];
  }
}

/// The rho at which the wanted rates cost `worth`; `cost(rates, slope)` is convex and rising in each rate, hence convex
/// and falling in rho: from the left, Newton's steps never pass the root.
template <class Cost>
double newton_root(const FinishTimes& times, const std::vector<double>& fastest, double rho, double worth, Cost cost) {
  std::vector<double> slope, wanted;
  for (int step = 0; step < 100; ++step) {
    wanted_rates(times, fastest, rho, wanted);
    const double over = cost(wanted, slope) - worth;
    double fall = 0;
    for (std::size_t i = 0; i < wanted.size(); ++i)
      if (times.steps[i] > 0) fall += slope[i] * wanted[i] * wanted[i] * times.fair_s[i] / times.steps[i];
    if (!(over > 1e-13 * worth) || !(fall > 0)) break;
    const double next = rho + over / fall;
    if (!(next > rho) || !std::isfinite(next)) break;
    rho = next;
  }
  return rho;
}

}  // namespace windrow::solve
