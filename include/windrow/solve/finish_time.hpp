// Finish-time fairness (Themis, NSDI 2020; Gavel, OSDI 2020): minimise the largest ratio of a job's finish time to the
// one that a fair share of the cluster would have given it.
#pragma once

#include <vector>

#include "windrow/solve/problem.hpp"

namespace windrow::solve {

/// rho_i = (elapsed_i + steps_i / rate_i(x)) / fair_i.
struct FinishTimes {
  Problem region;             ///< rates in steps/s, sizes, capacity; its weights, floors and gains are not looked at
  std::vector<double> steps;  ///< [rows] left to do
  std::vector<double> elapsed_s;  ///< [rows] since the job came
  std::vector<double> fair_s;     ///< [rows] finish time on the fair share, > 0
};

struct FinishTimeSolution {
  Solution
      solution;    ///< of the max-min problem at rho: theta = 1 proves that rho is reached, its bound that no less is
  double rho = 0;  ///< the optimum: a lower bound by prices that x attains to rounding
  double attained = 0;         ///< the largest rho_i of x
  std::vector<double> wanted;  ///< [rows] rates that rho asks for
  int rounds = 0;              ///< of Newton's method on rho
};

/// Newton's method on rho: at a rho too small the prices of the max-min problem are kept, and rho moves to where the
/// rates that it asks for cost no more than the cluster is worth at these prices: a convex function, a lower bound that
/// rises.
FinishTimeSolution finish_time_fairness(const FinishTimes& times, TieBreak tie_break);

}  // namespace windrow::solve
