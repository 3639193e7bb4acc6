// A linear program in general form and the simplex method for it (COIN-OR Clp, seen by linear_program.cpp alone).
#pragma once

#include <cstddef>
#include <limits>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "windrow/solve/problem.hpp"

namespace windrow::solve {

inline constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// maximise cost x, subject to row_lower <= A x <= row_upper and lower <= x <= upper; A by columns.
struct LinearProgram {
  std::vector<double> row_lower, row_upper;
  std::vector<double> cost, lower, upper;
  std::vector<int> start{0};  ///< [columns + 1]
  std::vector<int> row;
  std::vector<double> value;

  int rows() const { return static_cast<int>(row_lower.size()); }
  int columns() const { return static_cast<int>(cost.size()); }
  int add_row(double least, double most) {
    row_lower.push_back(least);
    row_upper.push_back(most);
    return rows() - 1;
  }
  int add_column(double gain, double least, double most, std::span<const std::pair<int, double>> entries) {
    for (const auto& [r, v] : entries)
      if (v != 0) row.push_back(r), value.push_back(v);
    start.push_back(static_cast<int>(row.size()));
    cost.push_back(gain), lower.push_back(least), upper.push_back(most);
    return columns() - 1;
  }
};

struct LinearSolution {
  Status status = Status::failed;
  std::vector<double> x;      ///< [columns]
  std::vector<double> price;  ///< [rows] change of the optimum per unit of the row's limit
  double objective = 0;
  int rounds = 0;  ///< pivots, of a program that grows since it began
};

/// A vertex, by dual simplex. Equal input gives equal bits.
LinearSolution maximise(const LinearProgram& program);

/// Maximises `cost`, then minimises each list of `then` in turn among the optima of all before, then each column in
/// order where that still leaves a choice: a unique answer. Costs one warm-started solve per column that is still free.
LinearSolution maximise_lexicographically(const LinearProgram& program, const std::vector<std::vector<double>>& then);

/// A program that columns are added to between solves, each of which goes on from the optimum before.
class GrowingProgram {
 public:
  explicit GrowingProgram(LinearProgram program);
  ~GrowingProgram();
  GrowingProgram(GrowingProgram&&) noexcept;
  GrowingProgram& operator=(GrowingProgram&&) noexcept;
  /// Before the first `solve`, which goes on from there: which columns and rows are basic. Others are at their lower
  /// and upper limits.
  void begin(const std::vector<char>& basic_column, const std::vector<char>& basic_row);
  LinearSolution solve();
  /// After `solve` has found `solution`, an optimum: of all optima one with the largest `gain` x, by the same prices.
  void then_maximise(const std::vector<double>& gain, LinearSolution& solution);
  bool basic_column(int column) const;
  bool basic_row(int row) const;
  /// The columns of `more`, whose rows are those of the program.
  void add_columns(const LinearProgram& more);

 private:
  struct Model;
  std::unique_ptr<Model> model_;
};

}  // namespace windrow::solve
