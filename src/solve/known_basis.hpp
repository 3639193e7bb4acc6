// Where the simplex method ended, as the start for the next program of nearly the same rows and ways.
#pragma once

#include <cstddef>
#include <vector>

#include "solve/labels.hpp"
#include "solve/ways.hpp"

namespace windrow::solve {

/// What is basic in a program of a problem with pairs: 1 where it is.
struct Basis {
  char theta = 0;
  std::vector<char> type, time, demand;  ///< [types], [rows], [rows]: the limit on it is not what holds
  std::vector<std::size_t> ways;         ///< that are basic
};

/// A basis by the names of its rows. A row is taken for the one of the same job, or else, in order, for one of its kind
/// that has gone: how many are basic changes little then. Of other new rows the limits alone are.
class KnownBasis {
 public:
  void keep(const RowNames& names, const std::vector<Way>& ways, const Basis& basis);
  bool there() const { return there_; }
  /// Sets `basis` to what is left of the one kept, its ways ascending; false if none is.
  bool recall(const RowNames& names, const std::vector<Way>& ways, std::size_t types, Basis& basis);

 private:
  struct Row {
    std::size_t kind, job, row;
  };
  struct BasicWay {
    std::size_t first, second;  ///< rows as they were; second = first: of one class, or alone
    int type;
    bool alone;
  };
  static void sort_by_name(const RowNames& names, std::vector<Row>& rows);

  bool there_ = false;
  char theta_ = 0;
  std::vector<char> type_, time_, demand_;
  std::vector<BasicWay> ways_;
  std::vector<Row> rows_, asked_;  ///< in order of kind, then job
  std::vector<int> row_now_;       ///< [rows as they were]
};

}  // namespace windrow::solve
