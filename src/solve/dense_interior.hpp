// Interior point method for small general programs: maximise c x + g theta, A x + h theta <= b, x >= 0.
#pragma once

#include <utility>
#include <vector>

namespace windrow::solve {

struct DenseProgram {
  struct Entry {
    int row;
    double value;
  };
  std::vector<double> limit;        ///< b [rows]
  std::vector<double> theta_entry;  ///< h [rows]
  double theta_gain = 0;            ///< 0: no theta
  std::vector<double> gain;         ///< c [columns]
  std::vector<int> start{0};        ///< [columns + 1]
  std::vector<Entry> entries;
  std::vector<double> row_size;                                     ///< what counts as a large slack [rows]
  std::vector<double> multiplicity_of_row, multiplicity_of_column;  ///< how many alike each stands for
};

struct DenseSolution {
  bool ok = false;
  std::vector<double> x, price;
  double theta = 0;
  int rounds = 0;
};

/// Held at `target_gap` as solve_interior is.
DenseSolution maximise_dense(const DenseProgram& program, double target_gap);

}  // namespace windrow::solve
