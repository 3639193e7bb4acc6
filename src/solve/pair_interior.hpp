// The interior point method for problems with pairs. A pair's column touches the rows of its two members, so that no
// row can be eliminated alone; but pairs have one size, so that the normal equations fall into one dense block per
// size, tied together by the types' capacities alone.
#pragma once

#include <array>
#include <cstddef>
#include <utility>
#include <vector>

#include "solve/labels.hpp"
#include "solve/lanes.hpp"
#include "solve/ways.hpp"
#include "windrow/solve/finish_time.hpp"
#include "windrow/solve/problem.hpp"

namespace windrow::solve {

/// A symmetric matrix of dense blocks and a border that touches all of them; lower part, column by column. Positive but
/// for the last row of the border, of a variable that is free: its diagonal is negative, or 0. Rows are filled up to
/// multiples of four by those of the unit matrix.
class BorderedCholesky {
 public:
  /// Blocks of `sizes` rows each, then `border` rows and the free one; to be cleared before they are filled.
  void shape(const std::vector<std::size_t>& sizes, std::size_t border);
  void clear();
  /// Column `column` of a block: entry r is its row r, border rows from `edge` on.
  double* column(std::size_t block, std::size_t column) {
    const Block& b = blocks_[block];
    return &values_[b.start + column * b.lead];
  }
  std::size_t edge(std::size_t block) const { return blocks_[block].edge; }
  double& border(std::size_t row, std::size_t column) { return corner_[column * (border_ + 1) + row]; }
  /// A pivot that is rounding only is raised to it. The blocks' diagonals hold 1 / pivot then.
  /// `wide`: with wide registers, here and below.
  void factor(bool wide);
  /// `right` becomes the answer; its part of the free row is `free`, and is returned.
  double solve(std::vector<double>& right, double free, bool wide);

 private:
  static constexpr std::size_t kMostBorder = 9;  ///< the capacities of as many types as are possible, and theta
  struct Block {
    std::size_t start, first;      ///< of values_, of the rows
    std::size_t size, edge, lead;  ///< rows; to the next multiple of four; with the border, to the next one
  };
  void forwards(const Block& block, double* part) const;
  void backwards(const Block& block, double* part) const;

  std::vector<Block> blocks_;
  std::size_t border_ = 0, border_lead_ = 0, rows_ = 0;
  std::vector<double> values_, corner_, whole_, part_;
};

/// Rows that are known to hold with equality, which leaves them no interior: by row of the problem, or by type.
struct Tight {
  std::vector<char> time, rate, capacity;
};

/// Keeps its memory from call to call.
class PairInterior {
 public:
  struct Aim {
    double gap;  ///< at which the centre is held
    /// Theta is -rho: the demand of row i is the rate that its finish time asks for at rho, convex in rho, instead of
    /// weight and floor; `rho` is where to begin, a lower bound.
    const FinishTimes* times = nullptr;
    double rho = 0;
    const Tight* tight = nullptr;
    /// [rows] it begins where the last run with labels was on the way, if there was one and that is a way to the aim:
    /// rows of one label are taken for each other, in order.
    const std::vector<std::size_t>* labels = nullptr;
  };
  /// The analytic centre of the optimal face. False where it does not get there.
  bool run(const Problem& alone, const Ways& ways, const Aim& aim);

  /// Whether strict complementarity says, beyond doubt, that a way has no time in any optimum, or that a row has no
  /// slack.
  bool dead(std::size_t way) const {
    const std::size_t j = slot_[way];
    return vanishes(x_[j] / copies_[j], z_[j]);
  }
  bool full_time(std::size_t i) const { return full(time_row_[i]); }
  bool full_capacity(std::size_t k) const { return full(capacity_row_[k]); }

  const std::vector<double>& time() const { return time_; }  ///< [ways]
  double theta() const { return theta_; }                    ///< in the problem's units; rho with finish times
  double capacity_price(std::size_t k) const { return price_at(capacity_row_[k]); }
  double time_price(std::size_t i) const { return price_at(time_row_[i]); }
  double rate_price(std::size_t i) const { return price_at(rate_row_[i]) / (scale_[i] > 0 ? scale_[i] : 1); }
  int rounds() const { return rounds_; }
  /// Does without wide registers from now on: for the test that nothing depends on them.
  void narrow() { narrow_ = true; }

 private:
  // The columns of a first member and of four second ones, which stand side by side, are worked on at once, type by
  // type: a slot for each, empty (no copies, no time, a price of 1) where there is no such way. A row's place among the
  // second members is its position; its numbers by position are in arrays of their own meanwhile. Rows that are not
  // there have the number `rows_`, with a price of 0.
  struct Place {
    int time, rate;  ///< rows
  };
  /// Chunks of four second members with the same first one, or with none: then each is alone, or with itself.
  struct Line {
    std::size_t first;  ///< position; nowhere_: none
    std::size_t block;
    double u;         ///< time of the second member: 2 with itself
    std::size_t end;  ///< of its chunks
  };
  template <std::size_t K>
  struct Types {};
  double price_at(int row) const { return row < 0 ? 0.0 : y_[static_cast<std::size_t>(row)] * value_unit_; }
  static bool vanishes(double part, double price) { return part < 1e-6 && price > 1e3 * part; }
  bool full(int row) const {
    if (row < 0) return false;
    const auto r = static_cast<std::size_t>(row);
    return equal_[r] || vanishes(s_[r] / row_size_[r], y_[r]);
  }
  int nothing() const { return static_cast<int>(rows_); }
  bool set_up(const Problem& alone, const Ways& ways, const Aim& aim);
  bool place(const Ways& ways);
  template <class Use>
  bool by_types(Use use);
  /// On the way, the iterate is kept if there are labels.
  template <std::size_t K>
  bool approach(const std::vector<std::size_t>* labels);
  template <std::size_t K>
  void begin();
  void demand();
  void spread(const std::vector<double>& y);
  template <std::size_t K, class Value>
  void sweep(const std::vector<double>& y, std::vector<double>& result, const Value& value);
  template <std::size_t K>
  void add_product(const std::vector<double>& times, std::vector<double>& result);
  template <std::size_t K>
  double move_columns(double primal, double dual);
  template <std::size_t K>
  void residuals(double primal, double dual);
  double products(double primal, double dual) const;
  double held_mu() const { return target_ * value_ / total_; }
  double off_centre() const;
  template <std::size_t K>
  void add_columns(std::array<double, K>& corner);
  template <std::size_t K>
  void assemble();
  template <std::size_t K>
  void apply(const std::vector<double>& y, std::vector<double>& result);
  template <std::size_t K>
  void solve_refined(std::vector<double>& right, double theta);
  enum class Toward { ahead, corrected, straight };
  template <Toward Kind>
  Lane wanted(std::size_t j, double mu, const Lane& x, const Lane& per_z) const;
  template <std::size_t K, Toward Kind>
  void add_wanted(double mu);
  template <std::size_t K, Toward Kind>
  void direct_columns(double mu);
  template <std::size_t K, Toward Kind>
  void direction(double mu);
  std::pair<double, double> lengths(double part) const;

  // An iterate on the way, by positions; slots are found by the places of the first and of the second member.
  struct Kept {
    bool there = false;
    std::size_t types = 0, nowhere = 0;
    std::vector<int> chunk;    ///< [(positions + alone + with itself) x chunks of second members], -1: none
    std::vector<double> x, z;  ///< [slots]; x per copy, z 0 where there is no way
    Labels labels;
    std::vector<std::size_t> position;  ///< [rows]
    struct Row {
      double s = 0, y = 0;  ///< s of what the row has
    };
    std::vector<Row> time, rate, capacity;  ///< [rows], [types]
    double theta = 0, value_unit = 1;       ///< theta in the problem's units
    std::size_t line(std::size_t first, double u) const {
      return first != nowhere ? first : u > 1 ? nowhere + 1 : nowhere;
    }
  };
  void keep(const std::vector<std::size_t>& labels);
  void begin_from_kept(const std::vector<std::size_t>& labels);
  Kept kept_;
  std::vector<std::size_t> kept_position_;  ///< by position

  double target_ = 0;
  bool narrow_ = false, wide_ = false;
  std::size_t rows_ = 0, border_ = 0;
  std::size_t types_ = 0;              ///< types that slots are there for
  std::vector<Place> places_;          ///< by position: those of each block from a multiple of four on
  std::vector<std::size_t> position_;  ///< [rows of the problem]
  std::vector<std::size_t> begin_;     ///< [blocks + 1] first position
  std::vector<double> gpus_;           ///< [blocks]
  std::size_t nowhere_ = 0;            ///< position of no row, the last
  std::vector<Line> lines_;
  std::vector<std::size_t> chunks_;                       ///< position of the first of the four
  std::vector<std::size_t> slot_;                         ///< [ways]
  std::vector<double> a_, b_, gains_, copies_;            ///< [slots] scaled rates of first and second, scaled gain
  std::vector<double> yt_, yr_, at_, ar_, tt_, tr_, rr_;  ///< [positions]
  std::vector<double> tc_, rc_;                           ///< [types x positions]
  std::vector<int> time_row_, rate_row_, capacity_row_;
  std::vector<double> scale_;
  std::vector<std::size_t> blocks_;  ///< [blocks] rows of each
  std::vector<int> block_of_;        ///< [rows of the problem]
  std::vector<std::size_t> first_;   ///< [blocks] first row
  std::vector<double> limit_, row_size_, row_copies_;
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
  std::vector<double> x_, z_, dx_, dz_, rd_, per_z_;               // slots
  std::vector<double> time_;                                       // ways
  std::vector<double> s_, y_, ds_, dy_, rp_, cs_, right_, share_;  // rows
  std::vector<double> ax_, residual_, better_, path_, image_;
  double theta_ = 0, dtheta_ = 0, rtheta_ = 0;
  double by_primal_ = 0, by_dual_ = 0, by_both_ = 0;  ///< what a step does to the sum of products
  double most_primal_ = 0, most_dual_ = 0;            ///< parts of x, z, s or y that a full step takes away
  double product_ = 0;
  double total_ = 0, mu_ = 0, gap_ = 0, value_ = 0, primal_ = 0, dual_ = 0;
  int rounds_ = 0;
};

}  // namespace windrow::solve
