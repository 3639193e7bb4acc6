// The interior point method for problems without pairs (solve/interior.cpp), with memory that is kept between calls.
#pragma once

#include <memory>
#include <optional>

#include "windrow/solve/problem.hpp"

namespace windrow::solve {

class InteriorSolver {
 public:
  InteriorSolver();
  ~InteriorSolver();
  InteriorSolver(InteriorSolver&&) noexcept;
  InteriorSolver& operator=(InteriorSolver&&) noexcept;

  enum class Goal {
    best,     ///< the problem as it is
    centre,   ///< no objective: the analytic centre of all that is allowed
    welfare,  ///< sum_i count_i log rate_i; weights, floors and gains are not looked at
  };
  /// As solve_interior. For `welfare`, rate_price is 1 / rate, and neither objective nor bound are set.
  void solve(const Problem& problem, double target_gap, Goal goal, Solution& solution);
  /// After `solve` for `welfare` of a problem that is still there: the welfare with one job less of row `row`, to the
  /// same gap, from an iterate on the way of the whole. None where it is not reached.
  std::optional<double> welfare_without(std::size_t row);
  /// From now on without the machine's wide registers, for those who want to see that the bits are the same.
  void narrow();

 private:
  struct Rooms;
  std::unique_ptr<Rooms> rooms_;
};

}  // namespace windrow::solve
