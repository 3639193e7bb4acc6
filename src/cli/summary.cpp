#include "cli/summary.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "cli/command.hpp"
#include "windrow/kernel/error.hpp"
#include "windrow/kernel/stats.hpp"
#include "windrow/kernel/text.hpp"

namespace windrow::cli {

namespace {

constexpr double kConfidence = 0.95;

std::optional<double> number_of(const sweep::AxisValue& value) {
  if (const auto* real = std::get_if<double>(&value)) return *real;
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return static_cast<double>(*integer);
  return std::nullopt;
}

std::vector<std::string> names_of(const auto& infos) {
  std::vector<std::string> names;
  names.reserve(infos.size());
  for (const auto& info : infos) names.push_back(info.name);
  return names;
}

std::size_t index_named(const std::vector<std::string>& names, const std::string& name, std::string_view kind) {
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end())
    throw InputError(fmt::format("no {} '{}' in this file{}; it has {}", kind, name, did_you_mean(name, names),
                                 names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", "))));
  return static_cast<std::size_t>(found - names.begin());
}

std::string unit_text(const std::string& unit) {
  return unit.empty() || unit == "1" ? "" : fmt::format(" [{}]", unit);
}

std::vector<std::string> axis_texts(const Group& group) {
  std::vector<std::string> cells;
  for (const auto& value : group.key) cells.push_back(sweep::to_text(value));
  return cells;
}

bool better(Better direction, double candidate, double best) {
  return direction == Better::lower ? candidate < best : candidate > best;
}

/// Below, at or above 0 as `value` is below, at or above `bound`.
int compare(const sweep::AxisValue& value, const std::string& bound) {
  const auto number = number_of(value), limit = parse_double(bound);
  if (!number || !limit) return sweep::to_text(value).compare(bound);
  if (std::holds_alternative<double>(value) ? sweep::nearly_equal(*number, *limit) : *number == *limit) return 0;
  return *number < *limit ? -1 : 1;
}

/// The three cells of an estimate in CSV, unrounded.
void append_numbers(std::vector<std::string>& cells, const Estimate& estimate) {
  cells.push_back(std::isnan(estimate.mean) ? "" : to_text(estimate.mean));
  cells.push_back(estimate.half_width ? to_text(*estimate.half_width) : "");
  cells.push_back(std::to_string(estimate.replicates));
}

}  // namespace

std::string Estimate::text() const {
  const std::uint64_t all = replicates + saturated + failed + pending;
  if (saturated > 0) return fmt::format("saturated {}/{}", saturated, all);
  if (replicates == 0) return failed > 0 ? "failed" : "-";
  std::string text = short_number(mean);
  if (half_width) text += fmt::format(" ± {}", short_number(*half_width));
  if (failed + pending > 0) text += fmt::format(" ({}/{})", replicates, all);
  return text;
}

std::string label_of(const store::Reader& reader, std::uint64_t row) {
  std::string label;
  for (const auto& axis : reader.axes())
    label += fmt::format("{}{}={}", label.empty() ? "" : " ", axis.name, sweep::to_text(axis.values[row]));
  return label;
}

std::size_t axis_named(const store::Reader& reader, const std::string& name) {
  return index_named(names_of(reader.axes()), name, "axis");
}

std::size_t metric_named(const store::Reader& reader, const std::string& name) {
  return index_named(names_of(reader.metrics()), name, "metric");
}

RowFilter::RowFilter(const store::Reader& reader, const std::vector<std::string>& conditions) : reader_(reader) {
  for (const std::string& text : conditions) {
    for (const std::string& condition : split(text, ' ')) {
      const std::size_t at = condition.find_first_of("=<>!");
      if (at == std::string::npos || at == 0)
        throw InputError(
            fmt::format("--where {}: expected AXIS=VALUE, !=, <, <=, > or >=, found '{}'", text, condition));
      const std::size_t length = at + 1 < condition.size() && condition[at + 1] == '=' ? 2 : 1;
      Test test{axis_named(reader, condition.substr(0, at)), condition.substr(at, length),
                split(condition.substr(at + length), ',')};
      if (test.op == "==") test.op = "=";
      const auto& column = reader.axes()[test.axis].values;
      const bool numeric = !column.empty() && number_of(column.front());
      const bool readable = std::all_of(test.values.begin(), test.values.end(),
                                        [&](const std::string& value) { return !numeric || parse_double(value); });
      const bool alone = test.values.size() == 1 || test.op == "=" || test.op == "!=";
      const auto refuse = [&](const std::string& why) {
        throw InputError(
            fmt::format("--where {}: {}: {}, found '{}'", text, condition.substr(0, at), why, condition.substr(at)));
      };
      if (test.op == "!") refuse("expected =, !=, <, <=, > or >=");
      if (test.values.empty()) refuse(fmt::format("expected a value after {}", test.op));
      if (!readable) refuse("expected a number: all values of this axis are numbers");
      if (!alone) refuse(fmt::format("expected one value after {}", test.op));
      tests_.push_back(std::move(test));
    }
  }
}

bool RowFilter::operator()(std::uint64_t row) const {
  return std::all_of(tests_.begin(), tests_.end(), [&](const Test& test) {
    const sweep::AxisValue& value = reader_.axes()[test.axis].values[row];
    const auto holds = [&](const std::string& bound) {
      const int order = compare(value, bound);
      if (test.op == "=") return order == 0;
      if (test.op == "!=") return order != 0;
      if (test.op == "<") return order < 0;
      if (test.op == "<=") return order <= 0;
      if (test.op == ">") return order > 0;
      return order >= 0;
    };
    return test.op == "=" ? std::any_of(test.values.begin(), test.values.end(), holds)
                          : std::all_of(test.values.begin(), test.values.end(), holds);
  });
}

std::vector<Group> group_rows(const store::Reader& reader, const std::vector<std::size_t>& axes,
                              const RowFilter& filter) {
  std::vector<Group> groups;
  std::map<std::vector<sweep::AxisValue>, std::size_t> index;
  for (std::uint64_t row = 0; row < reader.rows(); ++row) {
    if (!filter(row)) continue;
    std::vector<sweep::AxisValue> key;
    key.reserve(axes.size());
    for (const std::size_t axis : axes) key.push_back(reader.axes()[axis].values[row]);
    const auto [place, is_new] = index.try_emplace(key, groups.size());
    if (is_new) groups.push_back({std::move(key), {}});
    if (reader.statuses()[row] != sweep::PointStatus::skipped) groups[place->second].rows.push_back(row);
  }
  std::erase_if(groups, [](const Group& group) { return group.rows.empty(); });
  return groups;
}

Estimate estimate(const store::Reader& reader, const std::vector<double>& values,
                  const std::vector<std::uint64_t>& rows) {
  Estimate result;
  Mean mean;
  for (const std::uint64_t row : rows) {
    switch (reader.statuses()[row]) {
      case sweep::PointStatus::saturated:
        ++result.saturated;
        continue;
      case sweep::PointStatus::failed:
        ++result.failed;
        continue;
      case sweep::PointStatus::pending:
      case sweep::PointStatus::running:
        ++result.pending;
        continue;
      case sweep::PointStatus::skipped:
        continue;
      case sweep::PointStatus::ok:
        break;
    }
    if (!std::isnan(values[row])) mean.add(values[row]);
  }
  result.replicates = mean.count();
  result.mean = mean.count() > 0 ? mean.mean() : std::nan("");
  if (mean.count() > 1) result.half_width = mean.half_width(kConfidence);
  return result;
}

std::vector<std::size_t> varied_axes(const store::Reader& reader) {
  std::vector<std::size_t> axes;
  for (std::size_t a = 0; a < reader.axes().size(); ++a) {
    const auto& axis = reader.axes()[a];
    const bool varied =
        std::any_of(axis.values.begin(), axis.values.end(), [&](const auto& v) { return v != axis.values[0]; });
    if (axis.name != "seed" && varied) axes.push_back(a);
  }
  return axes;
}

std::vector<std::string> averaged_axes(const store::Reader& reader, const std::vector<Group>& groups) {
  std::vector<std::string> names;
  for (const store::Reader::AxisInfo& axis : reader.axes()) {
    const auto varies = [&](const Group& group) {
      return std::any_of(group.rows.begin(), group.rows.end(),
                         [&](std::uint64_t row) { return axis.values[row] != axis.values[group.rows[0]]; });
    };
    if (axis.name != "seed" && std::any_of(groups.begin(), groups.end(), varies)) names.push_back(axis.name);
  }
  return names;
}

TextTable long_table(const store::Reader& reader, const std::vector<std::size_t>& axes,
                     const std::vector<std::size_t>& metrics, const RowFilter& filter, bool for_csv) {
  std::vector<std::string> headings;
  headings.reserve(axes.size() + 1);
  for (const std::size_t axis : axes) headings.push_back(reader.axes()[axis].name);
  headings.emplace_back("points");
  std::vector<std::vector<double>> values;
  for (const std::size_t metric : metrics) {
    const auto& info = reader.metrics()[metric];
    headings.push_back(for_csv ? info.name : info.name + unit_text(info.unit));
    if (for_csv) {
      headings.push_back(info.name + "_ci95");
      headings.push_back(info.name + "_n");
    }
    values.push_back(reader.metric(metric));
  }
  if (for_csv) headings.insert(headings.end(), {"saturated", "failed", "pending"});
  TextTable table(std::move(headings));
  for (const Group& group : group_rows(reader, axes, filter)) {
    std::vector<std::string> cells = axis_texts(group);
    cells.push_back(std::to_string(group.rows.size()));
    Estimate last;
    for (std::size_t m = 0; m < metrics.size(); ++m) {
      last = estimate(reader, values[m], group.rows);
      if (!for_csv) {
        cells.push_back(last.text());
        continue;
      }
      append_numbers(cells, last);
    }
    if (for_csv)
      for (const std::uint64_t count : {last.saturated, last.failed, last.pending})
        cells.push_back(std::to_string(count));
    table.add(std::move(cells));
  }
  return table;
}

TextTable pivot_table(const store::Reader& reader, const std::vector<std::size_t>& axes, std::size_t across,
                      std::size_t metric, const RowFilter& filter, bool for_csv) {
  std::vector<std::size_t> rows_by = axes;
  std::erase(rows_by, across);
  std::vector<std::string> headings;
  headings.reserve(rows_by.size());
  for (const std::size_t axis : rows_by) headings.push_back(reader.axes()[axis].name);
  const std::vector<Group> columns = group_rows(reader, {across}, filter);
  for (const Group& column : columns) {
    const std::string value = sweep::to_text(column.key[0]);
    headings.push_back(value);
    if (for_csv) headings.insert(headings.end(), {value + "_ci95", value + "_n"});
  }
  const std::vector<double> values = reader.metric(metric);
  const Better direction = reader.metrics()[metric].better;

  TextTable table(std::move(headings));
  for (const Group& group : group_rows(reader, rows_by, filter)) {
    std::vector<Estimate> estimates;
    for (const Group& column : columns) {
      std::vector<std::uint64_t> both;
      for (const std::uint64_t row : group.rows)
        if (reader.axes()[across].values[row] == column.key[0]) both.push_back(row);
      estimates.push_back(estimate(reader, values, both));
    }
    std::vector<std::string> cells = axis_texts(group);
    if (for_csv) {
      for (const Estimate& one : estimates) append_numbers(cells, one);
      table.add(std::move(cells));
      continue;
    }
    std::optional<std::size_t> best;
    for (std::size_t c = 0; c < estimates.size(); ++c) {
      if (direction == Better::neither || std::isnan(estimates[c].mean) || estimates[c].saturated > 0) continue;
      if (!best || better(direction, estimates[c].mean, estimates[*best].mean)) best = c;
    }
    for (std::size_t c = 0; c < estimates.size(); ++c)
      cells.push_back(estimates[c].text() +
                      (best && estimates[c].mean == estimates[*best].mean && estimates[c].saturated == 0 ? " *" : ""));
    table.add(std::move(cells));
  }
  return table;
}

}  // namespace windrow::cli
