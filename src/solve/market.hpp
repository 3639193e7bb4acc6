// Nash welfare as a market: at prices of GPUs every job rents what it gains most from, and prices are right when that
// is what there is. From the solution of a problem, that of the problem with a job less is a few steps of Newton's
// method in a handful of numbers away.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <vector>

#include "windrow/solve/problem.hpp"

namespace windrow::solve {

/// A row's points are (rate, cost) of its time on each type, and of time at rest: (0, 0). Shares mix points, and
/// log rate - cost is largest on an edge of their lower hull whose slope is 1 / rate, or in a corner between two edges.
/// Demand is smooth in prices but where three points are in line, which is where optima like to be: there a row may use
/// the middle one for as much of its time as the others leave (a kink). Keeps its memory from call to call.
class Market {
 public:
  /// `whole`: the solution of the welfare problem, by the interior point method.
  void open(const Problem& problem, const Solution& whole);
  /// The welfare with one job less of row i, to 1e-11 of each job. None where that is not found.
  std::optional<double> welfare_without(std::size_t i);

 private:
  static constexpr std::size_t kMostTypes = 8;
  static constexpr std::size_t kMostPoints = 12;  // all types, rest, and what fills up the lanes
  static constexpr std::size_t kMostKinks = 4;
  static constexpr std::size_t kMostUnknown = kMostTypes + kMostKinks;

  struct Row {
    double count, size;
    std::size_t rates;  ///< where its rates begin: of types, of rest, of what fills up
  };
  /// Points by their types, the slower one first; a corner where both are the same.
  struct Place {
    std::size_t low, high;
    friend bool operator==(const Place&, const Place&) = default;
  };
  struct Kink {
    std::size_t row, low, middle, high;
    double part;  ///< of time at the middle point
  };
  struct State {
    std::array<double, kMostPoints> price{};  ///< of a GPU; of rest: 0
    std::vector<Place> place;                 ///< [rows]
    std::vector<Kink> kinks;
    std::vector<std::size_t> kink_of;                                        ///< [rows] 1 + the kink, 0: none
    std::array<double, kMostTypes + 1> demand{};                             ///< GPUs
    std::array<std::array<double, kMostTypes + 1>, kMostTypes + 1> slope{};  ///< of demand, by price
  };

  const double* rates(const Row& row) const { return &rates_[row.rates]; }
  double rate_at(const Row& row, const Place& place) const;
  bool stands(const Row& row, const Place& place) const;
  Place best(const Row& row) const;
  void add(const Row& row, const Place& place, double count);
  std::array<double, 3> straight(const Kink& kink) const;
  bool add_kink(std::size_t i, const Place& was, const Place& is);
  void take_out(std::size_t kink);
  void drop_kinks();
  bool count();
  bool step();
  bool cleared() const;
  bool settle(bool counted);
  double welfare() const;

  std::size_t types_ = 0, width_ = 0;  ///< width_: points of a row, in whole lanes
  std::vector<double> capacity_;
  std::vector<Row> rows_;
  std::vector<double> rates_;
  std::array<bool, kMostTypes> idle_{};  ///< types with GPUs left over, for nothing
  bool open_ = false;
  State now_, whole_;
  std::vector<std::size_t> held_;  ///< rows that stay in their place for a step
};

}  // namespace windrow::solve
