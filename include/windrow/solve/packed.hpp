// Allocation problems in which two jobs may share the same GPUs at a time ("packing", "space sharing").
#pragma once

#include <cstddef>
#include <vector>

#include "windrow/solve/finish_time.hpp"
#include "windrow/solve/problem.hpp"
#include "windrow/solve/water_filling.hpp"

namespace windrow::solve {

/// Two rows of equal size running together. Where `first == second`, two different jobs of one class (count >= 2).
struct Pair {
  std::size_t first, second;
  std::vector<double> rate;  ///< [2 x types]: of the first, then of the second; both 0: not possible
};

/// `alone` with pairs as further ways to run: a pair takes the time of both members and the GPUs of one of them. What a
/// pair adds to the objective of a sum is `gain`, [pairs x types], in the terms of `alone.gain`.
struct PackedProblem {
  Problem alone;
  std::vector<Pair> pairs;
  std::vector<double> gain;
};

struct PackedSolution {
  Solution alone;                  ///< x of single rows, per job; status, theta, objective and proof are of the whole
  std::vector<double> together;    ///< [pairs x types] time summed over all pairs of jobs of the two rows' classes
  std::vector<double> time_price;  ///< [rows] of one job's time
  std::vector<double> rate;        ///< [rows] reached, per job
};

/// Whether a pair on a type is of no use to any optimum: its members do as well by taking turns. Exact; keeps the
/// optimum, not its centre.
bool dominated(const Problem& alone, const Pair& pair, std::size_t type);

/// Central: interior point whose normal equations have one dense block per size, O(columns + rows^3) a step. Vertex:
/// column generation over the simplex method, dominated pairs left out. Lexicographic: as for problems without pairs,
/// in order of (row, type), then (pair, type). The simplex method on all columns where the intended one fails.
PackedSolution solve_packed(const PackedProblem& problem, TieBreak tie_break);

/// The simplex method on every column: what the others are held against.
PackedSolution solve_packed_simplex(const PackedProblem& problem);

/// As `violation` and `upper_bound` of problems without pairs.
double violation(const PackedProblem& problem, const PackedSolution& solution);
double upper_bound(const PackedProblem& problem, const PackedSolution& prices);

struct PackedFilling {
  PackedSolution last;
  WaterFilling levels;  ///< `last` of this one is empty
};
PackedFilling fill_packed(const PackedProblem& problem, const Reweigh* reweigh = nullptr,
                          Filling filling = Filling::exact);

struct PackedFinishTimes {
  PackedSolution solution;
  double rho = 0;       ///< the optimum: a lower bound by prices, which x attains to the gap of the method
  double attained = 0;  ///< the largest rho_i of x
  int rounds = 0;
};
/// Central: the interior point method on rho itself, where the rates asked for are convex. Otherwise, and where that
/// fails, Newton's method as without pairs; what rates cost is linear here, by their prices.
PackedFinishTimes finish_time_fairness(const FinishTimes& times, const PackedProblem& packed, TieBreak tie_break);

}  // namespace windrow::solve
