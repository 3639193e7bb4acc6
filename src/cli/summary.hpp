// Results for people: groups of replicates (points that differ by seed alone) with means and intervals.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/table.hpp"
#include "windrow/store/result_file.hpp"

namespace windrow::cli {

/// Mean of a metric over the replicates of a group.
struct Estimate {
  double mean = 0;                   ///< NaN if no replicate has a value
  std::optional<double> half_width;  ///< of the 95 % interval by Student's t; none for fewer than two replicates
  std::uint64_t replicates = 0;      ///< with a value
  std::uint64_t saturated = 0, failed = 0, pending = 0;
  /// `59492 ± 310`, `saturated 2/3`, `failed`, `-`.
  std::string text() const;
};

struct Group {
  std::vector<sweep::AxisValue> key;  ///< values of the grouping axes
  std::vector<std::uint64_t> rows;
};

/// Comparisons of rows, as in `--where "policy=fifo,allox arrival_rate<2"`. They mean what they mean for --only: any of
/// several values, and reals that differ by rounding alone are equal.
class RowFilter {
 public:
  /// Throws InputError for an unknown axis, a missing operator or a value that is not of the axis's type.
  RowFilter(const store::Reader& reader, const std::vector<std::string>& conditions);
  bool operator()(std::uint64_t row) const;

 private:
  struct Test {
    std::size_t axis;
    std::string op;
    std::vector<std::string> values;
  };
  const store::Reader& reader_;
  std::vector<Test> tests_;
};

/// `policy=fifo seed=3`
std::string label_of(const store::Reader& reader, std::uint64_t row);

/// Index of an axis by name; InputError with the nearest name.
std::size_t axis_named(const store::Reader& reader, const std::string& name);
std::size_t metric_named(const store::Reader& reader, const std::string& name);

/// Rows grouped by the values of `axes`, in order of first appearance. Rows that an adaptive sweep has not asked for
/// are in no group, but have their say in the order.
std::vector<Group> group_rows(const store::Reader& reader, const std::vector<std::size_t>& axes,
                              const RowFilter& filter);

Estimate estimate(const store::Reader& reader, const std::vector<double>& values,
                  const std::vector<std::uint64_t>& rows);

/// One row per group, one column per metric.
TextTable long_table(const store::Reader& reader, const std::vector<std::size_t>& axes,
                     const std::vector<std::size_t>& metrics, const RowFilter& filter, bool for_csv);

/// One row per group, one column per value of axis `across`, one metric; the best cell of a row is marked. For CSV
/// three columns per value: mean, half width of the interval, number of replicates.
TextTable pivot_table(const store::Reader& reader, const std::vector<std::size_t>& axes, std::size_t across,
                      std::size_t metric, const RowFilter& filter, bool for_csv);

/// Axes but the seed whose values differ within a group, so that a mean over the group is more than one over seeds.
std::vector<std::string> averaged_axes(const store::Reader& reader, const std::vector<Group>& groups);

/// All axes but the seed and the ones with one value.
std::vector<std::size_t> varied_axes(const store::Reader& reader);

}  // namespace windrow::cli
