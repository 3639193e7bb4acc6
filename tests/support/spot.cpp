#include "support/spot.hpp"

#include <cmath>
#include <stdexcept>

#include "spot/strategy.hpp"
#include "windrow/kernel/error.hpp"
#include "windrow/kernel/text.hpp"

namespace windrow::test {

namespace {
const spot::SpotSimulator& simulator() {
  static const spot::SpotSimulator one;
  return one;
}

/// Among the tables, then the series.
std::size_t position_of(std::string_view name) {
  const Description& d = simulator().describe();
  constexpr std::string_view kSeries = "series/";
  if (name.starts_with(kSeries))
    name.remove_prefix(kSeries.size());
  else
    for (std::size_t t = 0; t < d.tables.size(); ++t)
      if (d.tables[t]->name == name) return t;
  for (std::size_t s = 0; s < d.series.size(); ++s)
    if (d.series[s]->name == name) return d.tables.size() + s;
  throw std::out_of_range(std::string(name));
}
}  // namespace

spot::SpotConfig spot_config(const std::string& yaml) {
  config::Problems problems;
  const config::Tree tree = config::parse_yaml(yaml, std::string(WINDROW_SOURCE_DIR) + "/test.yaml", problems);
  auto config = config::read<spot::SpotConfig>(tree, problems);
  problems.throw_if_any();
  return config;
}

PointOutput run_spot(const spot::SpotConfig& config, Keep keep, Way way) {
  MemorySink sink(simulator().describe(), keep);
  const StopToken never;
  const Outcome outcome = spot::run_strategy({config, sink, never, way == Way::plain});
  return sink.take(outcome);
}

double spot_metric(const PointOutput& output, std::string_view name) {
  const auto& metrics = simulator().describe().metrics;
  for (std::size_t m = 0; m < metrics.size(); ++m)
    if (metrics[m]->name == name) return output.metrics.at(m);
  throw std::out_of_range(std::string(name));
}

const TableData& spot_table(const PointOutput& output, std::string_view name) {
  const std::size_t at = position_of(name), tables = output.tables.size();
  return at < tables ? output.tables[at] : output.series[at - tables];
}

std::string cell_text(const ColumnData& column, std::size_t row) {
  if (const auto* reals = std::get_if<std::vector<double>>(&column))
    return std::isnan((*reals)[row]) ? "" : to_text((*reals)[row]);
  if (const auto* integers = std::get_if<std::vector<std::int64_t>>(&column)) return std::to_string((*integers)[row]);
  return std::get<std::vector<std::string>>(column)[row];
}

std::size_t spot_column(std::string_view table, std::string_view column) {
  const Description& d = simulator().describe();
  const std::size_t at = position_of(table);
  const auto& columns = at < d.tables.size() ? d.tables[at]->columns : d.series[at - d.tables.size()]->columns;
  for (std::size_t c = 0; c < columns.size(); ++c)
    if (columns[c].name == column) return c;
  throw std::out_of_range(std::string(column));
}

}  // namespace windrow::test
