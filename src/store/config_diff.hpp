// Canonical configurations, stored once and then by what differs: a sweep of a million points has a million texts that
// are equal but for a few lines.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace windrow::store {

/// A line of canonical text, cut at the first `: `.
struct ConfigLine {
  std::string_view key, value, whole;  ///< `whole` without the line break
};
std::vector<ConfigLine> config_lines(std::string_view text);

/// The lines of `text` that `base` does not have, and `-key` for keys that only `base` has. Where lines are not in the
/// order of their keys: `=` and the whole text.
class ConfigDiffer {
 public:
  explicit ConfigDiffer(std::string base);
  ConfigDiffer(const ConfigDiffer&) = delete;
  ConfigDiffer& operator=(const ConfigDiffer&) = delete;

  std::string diff(std::string_view text) const;
  /// Inverse of diff().
  std::string apply(std::string_view diff) const;

 private:
  std::string base_;
  std::vector<ConfigLine> lines_;
};

}  // namespace windrow::store
