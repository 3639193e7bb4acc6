// Paired differences: what a policy changes, seed by seed, against another one.
#pragma once

#include <string>
#include <vector>

#include "cli/summary.hpp"
#include "cli/table.hpp"
#include "windrow/store/result_file.hpp"

namespace windrow::cli {

/// One value of one axis, against which the others are compared.
struct Reference {
  std::size_t axis;
  sweep::AxisValue value;
};

/// `AXIS=VALUE`, or a value of the axis `policy`. InputError with the nearest name.
Reference reference_named(const store::Reader& reader, const std::string& text);

/// One row per group of `axes` but those of the reference itself; for each metric the mean of the differences between a
/// point and the point that is equal to it in all axes but the reference's, with the 95 % interval by Student's t over
/// such pairs. Pairs of which one has no value (saturated, failed, not run) are left out. For CSV: difference, half
/// width, number of pairs, difference over the mean of the reference's points in these pairs.
TextTable versus_table(const store::Reader& reader, std::vector<std::size_t> axes,
                       const std::vector<std::size_t>& metrics, const Reference& reference, const RowFilter& filter,
                       bool for_csv);

}  // namespace windrow::cli
