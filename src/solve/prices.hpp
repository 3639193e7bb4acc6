// The method of prices (solve/prices.cpp), with memory that is kept between calls.
#pragma once

#include <memory>
#include <vector>

#include "windrow/solve/problem.hpp"

namespace windrow::solve {

class PriceSolver {
 public:
  PriceSolver();
  ~PriceSolver();
  PriceSolver(PriceSolver&&) noexcept;
  PriceSolver& operator=(PriceSolver&&) noexcept;

  /// As solve_prices.
  void solve(const Problem& problem, const std::vector<double>* start, Solution& solution);

 private:
  struct Rooms;
  std::unique_ptr<Rooms> rooms_;
};

}  // namespace windrow::solve
