#include "store/same_sweep.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "store/config_diff.hpp"

namespace windrow::store {
namespace {

std::string joined(const std::vector<std::string>& names) {
  return names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", "));
}

// Keys that may differ between the base configurations of a file and a sweep: they are set point by point.
std::set<std::string, std::less<>> keys_of_axes(const PointSource& source) {
  std::set<std::string, std::less<>> keys;
  for (const sweep::Axis& axis : source.axes()) keys.insert(axis.name);
  for (const config::KeyInfo& key : source.description().config.keys()) {
    if (!key.alternative_of.empty() && keys.contains(key.path)) keys.insert(key.alternative_of);
  }
  return keys;
}

std::vector<std::string> differing_keys(std::string_view in_file, std::string_view in_sweep,
                                        const std::set<std::string, std::less<>>& free) {
  std::vector<std::string> lines;
  const auto report = [&](std::string_view key, std::string_view file_has, std::string_view sweep_has) {
    if (!free.contains(key)) lines.push_back(fmt::format("  {}: file has {}, sweep has {}", key, file_has, sweep_has));
  };
  const std::vector<ConfigLine> a = config_lines(in_file), b = config_lines(in_sweep);
  for (std::size_t i = 0, j = 0; i < a.size() || j < b.size();) {
    if (j == b.size() || (i < a.size() && a[i].key < b[j].key)) {
      report(a[i].key, a[i].value, "no such key");
      ++i;
    } else if (i == a.size() || b[j].key < a[i].key) {
      report(b[j].key, "no such key", b[j].value);
      ++j;
    } else {
      if (a[i].value != b[j].value) report(a[i].key, a[i].value, b[j].value);
      ++i, ++j;
    }
  }
  return lines;
}

}  // namespace

std::string result_schema(const Description& description) {
  std::string text;
  for (const Metric* metric : description.metrics) text += fmt::format("metric {}\n", metric->name);
  const auto add = [&](std::string_view kind, const Table& table) {
    text += fmt::format("{} {}:", kind, table.name);
    for (const Column& column : table.columns)
      text += fmt::format(" {}/{}", column.name, static_cast<int>(column.type));
    text += '\n';
  };
  for (const Table* table : description.tables) add("table", *table);
  for (const Series* series : description.series) add("series", *series);
  return text;
}

std::string other_sweep(const Layout& layout, const PointSource& source) {
  const Description& description = source.description();
  if (layout.attributes.simulator != description.name)
    return fmt::format(": its simulator is {}, the sweep's is {}", layout.attributes.simulator, description.name);
  std::vector<std::string> file_axes, sweep_axes;
  for (const AxisColumn& axis : layout.axes) file_axes.push_back(axis.name);
  for (const sweep::Axis& axis : source.axes()) sweep_axes.push_back(axis.name);
  std::vector<std::string> a = file_axes, b = sweep_axes;
  std::sort(a.begin(), a.end());
  std::sort(b.begin(), b.end());
  if (a != b) return fmt::format(": its axes are {}; the sweep's are {}", joined(file_axes), joined(sweep_axes));
  const config::Schema& schema = description.config;
  std::vector<std::string> lines = differing_keys(schema.identity(layout.attributes.base_text),
                                                  schema.identity(source.base_text()), keys_of_axes(source));
  if (lines.empty()) return "";
  constexpr std::size_t kShown = 5;
  if (lines.size() > kShown) {
    const std::size_t more = lines.size() - kShown;
    lines.resize(kShown);
    lines.push_back(fmt::format("  and {} more", more));
  }
  return fmt::format("; the configurations differ in\n{}", fmt::join(lines, "\n"));
}

}  // namespace windrow::store
