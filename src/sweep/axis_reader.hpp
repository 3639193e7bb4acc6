// The values of one axis as a sweep file writes them: `[...]`, `{values: [...]}`, `{from:, to:, count:}`,
// `{from:, count:, step:}`, `{log_from:, log_to:, count:}`.
#pragma once

#include <string>
#include <vector>

#include "windrow/config/schema.hpp"
#include "windrow/config/tree.hpp"
#include "windrow/sweep/plan.hpp"

namespace windrow::sweep {

constexpr int kAxisLayer = 2;  ///< base file 0, `set` 1, axes 2, `--set` 3

/// 0.4 + 0.2 is 0.6 then, and 10 is 10 whatever the C library's pow makes of it.
double rounded_to_12_digits(double value);

/// An axis on its way into a plan.
struct AxisDraft {
  const config::KeyInfo* key = nullptr;
  config::Position position;        ///< of its name
  config::Position range_position;  ///< of what makes the values, where they are not written one by one
  Axis axis;
  std::vector<config::Node> nodes;  ///< the values as written; empty for a range
  bool all_typed = true;            ///< false: some value is not of the key's type, and another stands in its place

  std::size_t size() const { return axis.values.size(); }
  /// Numbers and booleans that are written to the key's own line: no table of texts is needed for them.
  bool is_direct() const;
  /// The value as the configuration's tree takes it.
  void put(config::Node& node, std::size_t which) const;
  config::Position position_of(std::size_t which) const;
};

/// Reports everything that is wrong with the form; what the schema says of the values comes later. A draft with
/// problems may have no values.
AxisDraft read_axis(const config::Node::Member& member, const config::KeyInfo& key, config::Problems& problems);

}  // namespace windrow::sweep
