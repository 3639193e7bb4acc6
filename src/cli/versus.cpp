#include "cli/versus.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "windrow/kernel/error.hpp"
#include "windrow/kernel/stats.hpp"
#include "windrow/kernel/text.hpp"

namespace windrow::cli {

namespace {

using Key = std::vector<sweep::AxisValue>;

Key all_but(const store::Reader& reader, std::size_t axis, std::uint64_t row) {
  Key key;
  for (std::size_t a = 0; a < reader.axes().size(); ++a)
    if (a != axis) key.push_back(reader.axes()[a].values[row]);
  return key;
}

struct Difference {
  Mean difference, reference;
  double relative() const { return difference.mean() / std::abs(reference.mean()); }
};

std::string text_of(const Difference& d) {
  const std::uint64_t pairs = d.difference.count();
  if (pairs == 0) return "-";
  std::string text = short_number(d.difference.mean());
  if (pairs > 1) text += fmt::format(" ± {}", short_number(d.difference.half_width()));
  if (d.reference.mean() != 0) text += fmt::format(" ({:+.2f} %)", 100 * d.relative());
  if (pairs > 1 && std::abs(d.difference.mean()) > d.difference.half_width()) text += " *";
  return text + fmt::format(", {}", counted(pairs, "pair"));
}

}  // namespace

Reference reference_named(const store::Reader& reader, const std::string& text) {
  const std::size_t equals = text.find('=');
  const bool named = equals != std::string::npos;
  const auto& axes = reader.axes();
  if (!named && std::none_of(axes.begin(), axes.end(), [](const auto& axis) { return axis.name == "policy"; }))
    throw InputError(
        fmt::format("--versus {}: this file has no axis 'policy': expected AXIS=VALUE to compare with", text));
  const std::size_t axis = axis_named(reader, named ? text.substr(0, equals) : "policy");
  const std::string wanted = named ? text.substr(equals + 1) : text;
  std::vector<std::string> values;
  std::set<std::string> seen;
  for (const sweep::AxisValue& value : axes[axis].values) {
    const std::string name = sweep::to_text(value);
    const auto number = parse_double(wanted), known = parse_double(name);
    if (name == wanted || (number && known && sweep::nearly_equal(*number, *known))) return {axis, value};
    if (seen.insert(name).second) values.push_back(name);
  }
  throw InputError(fmt::format("--versus: no point has {}={}{}; expected one of {}", axes[axis].name, wanted,
                               did_you_mean(wanted, values), fmt::join(values, ", ")));
}

TextTable versus_table(const store::Reader& reader, std::vector<std::size_t> axes,
                       const std::vector<std::size_t>& metrics, const Reference& reference, const RowFilter& filter,
                       bool for_csv) {
  if (std::find(axes.begin(), axes.end(), reference.axis) == axes.end()) axes.push_back(reference.axis);
  std::vector<std::string> headings;
  headings.reserve(axes.size());
  for (const std::size_t axis : axes) headings.push_back(reader.axes()[axis].name);
  std::vector<std::vector<double>> values;
  for (const std::size_t metric : metrics) {
    const auto& info = reader.metrics()[metric];
    const std::string unit = info.unit.empty() || info.unit == "1" ? "" : fmt::format(" [{}]", info.unit);
    headings.push_back(for_csv ? info.name + "_difference" : info.name + unit);
    if (for_csv) headings.insert(headings.end(), {info.name + "_ci95", info.name + "_pairs", info.name + "_relative"});
    values.push_back(reader.metric(metric));
  }

  std::map<Key, std::uint64_t> references;  // the reference's point by all other axes, the seed among them
  for (std::uint64_t row = 0; row < reader.rows(); ++row)
    if (reader.axes()[reference.axis].values[row] == reference.value)
      references.emplace(all_but(reader, reference.axis, row), row);

  TextTable table(std::move(headings));
  const auto in_group = std::find(axes.begin(), axes.end(), reference.axis) - axes.begin();
  for (const Group& group : group_rows(reader, axes, filter)) {
    if (group.key[static_cast<std::size_t>(in_group)] == reference.value) continue;
    std::vector<std::string> cells;
    for (const sweep::AxisValue& value : group.key) cells.push_back(sweep::to_text(value));
    for (const std::vector<double>& of_metric : values) {
      Difference d;
      for (const std::uint64_t row : group.rows) {
        const auto other = references.find(all_but(reader, reference.axis, row));
        if (other == references.end()) continue;
        const auto usable = [&](std::uint64_t r) {
          return reader.statuses()[r] == sweep::PointStatus::ok && !std::isnan(of_metric[r]);
        };
        if (!usable(row) || !usable(other->second)) continue;
        d.difference.add(of_metric[row] - of_metric[other->second]);
        d.reference.add(of_metric[other->second]);
      }
      if (!for_csv) {
        cells.push_back(text_of(d));
        continue;
      }
      const std::uint64_t pairs = d.difference.count();
      cells.push_back(pairs > 0 ? to_text(d.difference.mean()) : "");
      cells.push_back(pairs > 1 ? to_text(d.difference.half_width()) : "");
      cells.push_back(std::to_string(pairs));
      cells.push_back(pairs > 0 && d.reference.mean() != 0 ? to_text(d.relative()) : "");
    }
    table.add(std::move(cells));
  }
  return table;
}

}  // namespace windrow::cli
