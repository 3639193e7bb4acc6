// The published simulator's solver, step by step: where an optimum is not unique, its numbers depend on where that
// solver happens to stop (solve/embedding.cpp). Memory is kept from call to call.
#pragma once

#include <memory>

#include "windrow/solve/finish_time.hpp"
#include "windrow/solve/problem.hpp"

namespace windrow::solve {

class EmbeddingSolver {
 public:
  EmbeddingSolver();
  ~EmbeddingSolver();
  EmbeddingSolver(EmbeddingSolver&&) noexcept;
  EmbeddingSolver& operator=(EmbeddingSolver&&) noexcept;

  /// Rows with weight w ask for rate / w >= theta + floor / w, rows with a floor alone for rate >= floor, as the
  /// published policies put it; nothing to optimise is allowed. x is feasible to the solver's 1e-8. Status failed where
  /// it does not converge, and where `allowed` forbids a part of a row.
  void solve(const Problem& problem, Solution& solution);
  /// A round of water filling as published: every row asks for rate >= floor, those with a weight w for
  /// (rate - floor) / w >= theta besides, and for each of the others theta is at most the largest size times rate of
  /// all.
  void solve_round(const Problem& problem, Solution& solution);
  /// min rho, (elapsed_i + steps_i / rate_i) / fair_i <= rho, a second-order cone for each row. Sets x, and theta to
  /// rho.
  void solve(const FinishTimes& times, Solution& solution);
  /// Does without wide registers from now on: for the test that nothing depends on them.
  void narrow();

 private:
  struct Rooms;
  void solve(const Problem& problem, bool round, Solution& solution);
  std::unique_ptr<Rooms> rooms_;
};

}  // namespace windrow::solve
