// Finds rows that are alike, with memory that is kept between calls (solve/classes.cpp).
#pragma once

#include <cstddef>
#include <vector>

#include "windrow/solve/classes.hpp"

namespace windrow::solve {

class ClassFinder {
 public:
  /// As classes_of.
  void find(const Problem& problem, const std::vector<int>* label, Classes& classes);

 private:
  std::vector<double> key_;
  std::vector<std::size_t> slot_, founder_, founders_, rank_;
};

/// As expand, of the header, into memory that is there.
void expand(const Problem& problem, const Classes& classes, const Solution& solution, Solution& whole);

}  // namespace windrow::solve
