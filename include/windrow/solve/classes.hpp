// Rows of a problem that are alike in every number, solved as one. By averaging, some optimum treats them alike, and
// the analytic centre always does; jobs come from a short list of models, so there are few classes however many jobs.
#pragma once

#include <cstddef>
#include <vector>

#include "windrow/solve/problem.hpp"

namespace windrow::solve {

/// A problem without repeated rows and without types that have no capacity, and the way back.
struct Classes {
  Problem problem;  ///< rows in ascending order of their numbers, so that listing order does not matter
  std::vector<std::size_t> class_of;  ///< [rows of the original]
  std::vector<std::size_t> types;     ///< [types of `problem`] -> type of the original
};

/// O(rows types + classes log classes). `label` keeps rows apart that differ in it, if given: [rows].
Classes classes_of(const Problem& problem, const std::vector<int>* label = nullptr);

/// The solution of the original from one of `classes.problem`, its bound proved anew.
Solution expand(const Problem& problem, const Classes& classes, const Solution& solution);

}  // namespace windrow::solve
