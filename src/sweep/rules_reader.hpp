// `replicate`, `knee` and `until` of a sweep file. They make axes longer: of seeds that may be asked for, of values
// between those that are written.
#pragma once

#include <optional>
#include <vector>

#include "sweep/sweep_file.hpp"

namespace windrow::sweep {

/// The group of the axis of seeds, if it moves alone.
std::optional<std::size_t> seed_group(const std::vector<AxisDraft>& axes, const std::vector<Grid::Group>& groups);

/// Reads the rules of `root` into `file`, whose axes and groups are read; reports everything that is wrong. With
/// `axes_are_complete` false nothing is said of axes that there are not.
void read_rules(const config::Node& root, SweepFile& file, bool axes_are_complete, config::Problems& problems);

}  // namespace windrow::sweep
