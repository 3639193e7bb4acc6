// A sweep file and the flags beside it, read and checked key by key; what holds for points only comes later (plan.cpp).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "sweep/axis_reader.hpp"
#include "sweep/comparison.hpp"
#include "sweep/grid.hpp"
#include "windrow/sweep/plan.hpp"
#include "windrow/sweep/rules.hpp"

namespace windrow::sweep {

struct SweepFile {
  std::string text;  ///< verbatim
  std::string name;
  const Simulator* simulator = nullptr;
  config::Tree base;  ///< base file, `set` and `--set`, by layers
  std::vector<AxisDraft> axes;
  std::vector<Grid::Group> groups;  ///< by `zip`; the outermost loop first
  std::vector<Condition> skip;
  std::vector<Condition> only;
  std::optional<Shard> shard;
  Rules rules;
  Keep keep;
  config::Position axes_position, skip_position;
};

/// With problems the result must not be used.
SweepFile read_sweep_file(const std::string& path, const Catalog& catalog, const Overrides& overrides,
                          config::Problems& problems);

}  // namespace windrow::sweep
