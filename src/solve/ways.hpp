// The columns of a problem with pairs: every way in which GPUs of a type can be spent, and the rows they count in.
#pragma once

#include <cstddef>
#include <vector>

#include "windrow/solve/problem.hpp"

namespace windrow::solve {

inline constexpr int kNobody = -1;

/// A row alone, or a pair, on one type. Rates are what a unit of its time adds to the sums of its rows.
struct Way {
  int first, second;  ///< kNobody where there is no second row to account to
  int type, pair;     ///< kNobody: alone
  double first_rate, second_rate, gain;
  double copies;      ///< pairs of jobs that the column stands for
  double first_time;  ///< 2 where both members are of one class
};

/// Ways in order of (alone before pairs, first, second, type), and the units in which all numbers are of order 1.
struct Ways {
  std::vector<Way> list;
  std::vector<double> scale;  ///< [rows] the largest rate of a row with a demand; 0 where there is none
  double theta_unit = 1, value_unit = 1;
  bool possible = true;  ///< every row with a demand has a rate

  void clear() { list.clear(); }
  void add_alone(const Problem& alone) {
    for (std::size_t i = 0; i < alone.rows(); ++i)
      for (std::size_t k = 0; k < alone.types(); ++k)
        if (alone.capacity[k] > 0 && alone.allows(i, k))
          list.push_back({static_cast<int>(i), kNobody, static_cast<int>(k), kNobody, alone.rate_of(i, k), 0,
                          alone.gain_of(i, k), alone.count_of(i), 1});
  }
  /// `pair`: whatever tells the caller which one it is. Nothing is added where it is not possible.
  void add_pair(const Problem& alone, std::size_t first, std::size_t second, std::size_t type, int pair, double a,
                double b, double gain) {
    if (a <= 0 && b <= 0) return;
    if (alone.capacity[type] <= 0 || !alone.allows(first, type) || !alone.allows(second, type)) return;
    const double m = alone.count_of(first);
    const double copies = first == second ? m * (m - 1) / 2 : m * alone.count_of(second);
    if (copies <= 0) return;
    if (first == second)
      list.push_back({static_cast<int>(first), kNobody, static_cast<int>(type), pair, a + b, 0, gain, copies, 2});
    else
      list.push_back(
          {static_cast<int>(first), static_cast<int>(second), static_cast<int>(type), pair, a, b, gain, copies, 1});
  }
  /// Sets the units, once all ways are there.
  void measure(const Problem& alone);
};

}  // namespace windrow::solve
