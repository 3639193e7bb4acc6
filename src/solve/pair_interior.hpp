// The interior point method for problems with pairs. A pair's column touches the rows of its two members, so that no
// row can be eliminated alone; but pairs have one size, so that the normal equations fall into one dense block per
// size, tied together by the types' capacities alone.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "solve/ways.hpp"
#include "windrow/solve/finish_time.hpp"
#include "windrow/solve/problem.hpp"

namespace windrow::solve {

/// A symmetric positive matrix of dense blocks and a border that touches all of them; lower part, column by column.
class BorderedCholesky {
 public:
  /// Blocks of `sizes` rows each, then `border` rows; all zero.
  void shape(const std::vector<std::size_t>& sizes, std::size_t border);
  void clear();
  /// Column `column` of a block: entry r is its row r, border rows from the block's size on.
  double* column(std::size_t block, std::size_t column) {
    const Block& b = blocks_[block];
    return &values_[b.start + column * b.lead];
  }
  double& border(std::size_t row, std::size_t column) { return corner_[column * border_ + row]; }
  /// A pivot that is rounding only is raised to it.
  void factor();
  void solve(std::vector<double>& right) const;

 private:
  struct Block {
    std::size_t start, first, size, lead;  ///< of values_, of the rows; columns; rows with the border
  };
  std::vector<Block> blocks_;
  std::size_t border_ = 0, rows_ = 0;
  std::vector<double> values_, corner_, whole_;
};

/// Rows that are known to hold with equality, which leaves them no interior: by row of the problem, or by type.
struct Tight {
  std::vector<char> time, rate, capacity;
};

/// Keeps its memory from call to call.
class PairInterior {
 public:
  /// The analytic centre of the optimal face, held at `target_gap`. With `times`, theta is -rho: the demand of row i is
  /// the rate that its finish time asks for at rho, convex in rho, instead of weight and floor; `rho` is where to
  /// begin, a lower bound. False where it does not get there.
  bool run(const Problem& alone, const Ways& ways, double target_gap, const FinishTimes* times = nullptr,
           double rho = 0, const Tight* tight = nullptr);

  /// Whether strict complementarity says, beyond doubt, that a way has no time in any optimum, or that a row has no
  /// slack.
  bool dead(std::size_t way) const { return vanishes(x_[way] / copies_[way], z_[way]); }
  bool full_time(std::size_t i) const { return full(time_row_[i]); }
  bool full_capacity(std::size_t k) const { return full(capacity_row_[k]); }

  const std::vector<double>& time() const { return x_; }  ///< [ways]
  double theta() const { return theta_; }                 ///< in the problem's units; rho with finish times
  double capacity_price(std::size_t k) const { return price_at(capacity_row_[k]); }
  double time_price(std::size_t i) const { return price_at(time_row_[i]); }
  double rate_price(std::size_t i) const { return price_at(rate_row_[i]) / (scale_[i] > 0 ? scale_[i] : 1); }
  int rounds() const { return rounds_; }

 private:
  // Columns in order of (first row, second row, type): all sweeps over them hold what does not change in registers.
  // Rows that are not there have the number `rows_`, with a price of 0.
  struct Column {
    int c;        ///< row of the type
    double a, b;  ///< scaled rates of first and second
    double gain;  ///< scaled
  };
  struct Cell {
    int t2, r2;       ///< rows of the second member
    std::size_t end;  ///< of its columns
  };
  struct Run {
    int t1, r1;  ///< rows of the first member
    int block;
    std::size_t end;  ///< of its cells
    double u, s;      ///< time of the first, GPUs
  };
  double price_at(int row) const { return row < 0 ? 0.0 : y_[static_cast<std::size_t>(row)] * value_unit_; }
  static bool vanishes(double part, double price) { return part < 1e-6 && price > 1e3 * part; }
  bool full(int row) const {
    if (row < 0) return false;
    const auto r = static_cast<std::size_t>(row);
    return equal_[r] || vanishes(s_[r] / row_size_[r], y_[r]);
  }
  bool set_up(const Problem& alone, const Ways& ways, const FinishTimes* times, double rho, const Tight* tight);
  void begin();
  void demand();
  template <class Value>
  void sweep(const std::vector<double>& y, std::vector<double>& result, Value value) const;
  void residuals();
  double products(double primal, double dual) const;
  double held_mu() const { return target_ * value_ / total_; }
  double off_centre() const;
  void assemble();
  void apply(const std::vector<double>& y, std::vector<double>& result) const;
  void solve_refined(std::vector<double>& right);
  template <bool Corrected>
  void direction(double mu);
  std::pair<double, double> lengths(double limit) const;

  double target_ = 0;
  std::size_t rows_ = 0, columns_ = 0;
  std::vector<Column> ways_;
  std::vector<Cell> cells_;
  std::vector<Run> runs_;
  std::vector<int> time_row_, rate_row_, capacity_row_;
  std::vector<double> scale_;
  std::vector<std::size_t> blocks_;  ///< [blocks] rows of each
  std::vector<int> block_of_;        ///< [rows of the problem]
  std::vector<std::size_t> first_;   ///< [blocks] first row
  std::vector<double> limit_, row_size_, row_copies_, copies_;
  std::vector<char> equal_;    ///< [rows] no slack, a price of either sign
  std::vector<double> slope_;  ///< [rows] of the demand in theta
  std::vector<double> level_;  ///< [rows] the demand beyond the limit: slope x theta, or as rho asks
  // Finish times: rows with a part in the ratio.
  struct Finish {
    std::size_t row;
    double steps, elapsed, fair, unit;
  };
  std::vector<Finish> finish_;
  bool by_rho_ = false;
  double rho_unit_ = 1, rho_least_ = 0, curve_ = 0;
  double gain_ = 0, value_unit_ = 1, theta_unit_ = 1;

  BorderedCholesky normal_;
  std::vector<double> x_, z_, dx_, dz_, rd_, cx_, ratio_;                         // columns
  std::vector<double> s_, y_, ds_, dy_, rp_, cs_, toward_theta_, right_, share_;  // rows
  std::vector<double> ax_, residual_, better_, answer_, path_, image_;
  double theta_ = 0, dtheta_ = 0, rtheta_ = 0;
  double total_ = 0, mu_ = 0, gap_ = 0, value_ = 0, primal_ = 0, dual_ = 0;
  int rounds_ = 0;
};

}  // namespace windrow::solve
