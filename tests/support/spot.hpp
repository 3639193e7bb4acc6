// Runs of the spot-training simulator in tests.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "windrow/simulator/output.hpp"
#include "windrow/spot/spot.hpp"

namespace windrow::test {

enum class Way { shortened, plain };

/// The YAML text is read, checked and run as `windrow simulate` would; relative files are those of the source tree.
/// Throws InputError where it is wrong.
spot::SpotConfig spot_config(const std::string& yaml);
PointOutput run_spot(const spot::SpotConfig& config, Keep keep = {}, Way way = Way::shortened);
inline PointOutput run_spot(const std::string& yaml, Keep keep = {}) {
  return run_spot(spot_config(yaml), keep);
}

/// Value of a metric by its name.
double spot_metric(const PointOutput& output, std::string_view name);

/// A table or series by its name; `series/NAME` where a table has it, too.
const TableData& spot_table(const PointOutput& output, std::string_view name);
/// A cell as CSV has it: empty for NaN.
std::string cell_text(const ColumnData& column, std::size_t row);
/// Position of a column.
std::size_t spot_column(std::string_view table, std::string_view column);

}  // namespace windrow::test
