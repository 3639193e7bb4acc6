#include <algorithm>
#include <cmath>
#include <limits>

#include "windrow/kernel/error.hpp"
#include "windrow/simulator/output.hpp"

namespace windrow {
namespace {

constexpr double kUndefined = std::numeric_limits<double>::quiet_NaN();

ColumnData empty_column(ColumnType type) {
  switch (type) {
    case ColumnType::integer:
      return std::vector<std::int64_t>();
    case ColumnType::text:
      return std::vector<std::string>();
    case ColumnType::real:
      break;
  }
  return std::vector<double>();
}

template <class T>
std::vector<TableData> kept_tables(const std::vector<const T*>& declared, std::uint64_t keep) {
  WINDROW_CHECK(declared.size() <= 64, "{} tables: the set of kept ones has 64 bits", declared.size());
  std::vector<TableData> kept(declared.size());
  for (std::size_t i = 0; i < declared.size(); ++i)
    if ((keep >> i & 1) != 0)
      for (const Column& column : declared[i]->columns) kept[i].columns.push_back(empty_column(column.type));
  return kept;
}

/// Position of a declared object, or the number of them if it is not declared. `guess` is looked at first.
template <class T, class Wanted>
std::size_t position(const std::vector<const T*>& declared, const Wanted& wanted, std::size_t guess = 0) {
  const auto is_wanted = [&](const T* one) { return static_cast<const Wanted*>(one) == &wanted; };
  if (guess < declared.size() && is_wanted(declared[guess])) return guess;
  return static_cast<std::size_t>(std::find_if(declared.begin(), declared.end(), is_wanted) - declared.begin());
}

void append(ColumnData& data, const Cell& cell, const Table& table, const Column& column) {
  if (auto* reals = std::get_if<std::vector<double>>(&data)) {
    if (const double* real = std::get_if<double>(&cell))
      return reals->push_back(std::isnan(*real) ? kUndefined : *real);
    if (const auto* integer = std::get_if<std::int64_t>(&cell)) return reals->push_back(static_cast<double>(*integer));
  } else if (auto* integers = std::get_if<std::vector<std::int64_t>>(&data)) {
    if (const auto* integer = std::get_if<std::int64_t>(&cell)) return integers->push_back(*integer);
  } else if (const auto* text = std::get_if<std::string_view>(&cell)) {
    std::get<std::vector<std::string>>(data).emplace_back(*text);
    return;
  }
  WINDROW_CHECK(false, "a cell of column {}.{} has another type than declared", table.name, column.name);
}

}  // namespace

Keep Keep::without_timelines(const Description& description) {
  Keep keep = all();
  for (std::size_t i = 0; i < description.tables.size(); ++i)
    if (description.tables[i]->timeline) keep.tables &= ~(std::uint64_t{1} << i);
  for (std::size_t i = 0; i < description.series.size(); ++i)
    if (description.series[i]->timeline) keep.series &= ~(std::uint64_t{1} << i);
  return keep;
}

std::size_t TableData::rows() const {
  if (columns.empty()) return 0;
  return std::visit([](const auto& values) { return values.size(); }, columns.front());
}

MemorySink::MemorySink(const Description& description, Keep keep)
    : description_(description), was_put_(description.metrics.size(), false) {
  output_.metrics.assign(description.metrics.size(), kUndefined);
  output_.tables = kept_tables(description.tables, keep.tables);
  output_.series = kept_tables(description.series, keep.series);
}

void MemorySink::put(const Metric& metric, double value) {
  const std::size_t i = position(description_.metrics, metric, next_);
  WINDROW_CHECK(i < description_.metrics.size(), "metric {} is not declared by {}", metric.name, description_.name);
  WINDROW_CHECK(!was_put_[i], "metric {} was put twice", metric.name);
  was_put_[i] = true;
  // One NaN for all: its sign and payload depend on the processor's whim, and results are compared bit for bit.
  output_.metrics[i] = std::isnan(value) ? kUndefined : value;
  next_ = i + 1;
}

/// Among the tables, then the series.
std::size_t MemorySink::table_position(const Table& table) const {
  const std::size_t tables = description_.tables.size();
  std::size_t i = position(description_.tables, table);
  if (i == tables) i += position(description_.series, table);
  WINDROW_CHECK(i < tables + description_.series.size(), "table {} is not declared by {}", table.name,
                description_.name);
  return i;
}

TableData& MemorySink::data_of(std::size_t position) {
  const std::size_t tables = output_.tables.size();
  return position < tables ? output_.tables[position] : output_.series[position - tables];
}

bool MemorySink::wants(const Table& table) const {
  const std::size_t i = table_position(table), tables = output_.tables.size();
  return !(i < tables ? output_.tables[i] : output_.series[i - tables]).columns.empty();
}

void MemorySink::add(const Table& table, std::initializer_list<Cell> row) {
  const std::size_t at = table_position(table);
  auto& columns = data_of(at).columns;
  if (columns.empty()) return;
  WINDROW_CHECK(row.size() == columns.size(), "table {}: a row of {} cells, {} columns", table.name, row.size(),
                columns.size());
  const Cell* cell = row.begin();
  for (std::size_t i = 0; i < columns.size(); ++i) append(columns[i], *cell++, table, table.columns[i]);
  if (at < output_.tables.size()) return;
  const auto* time_s = std::get_if<std::vector<double>>(&columns.front());
  WINDROW_CHECK(time_s != nullptr, "series {}: the first column is not a time", table.name);
  const std::size_t rows = time_s->size();
  WINDROW_CHECK(rows < 2 || (*time_s)[rows - 2] <= (*time_s)[rows - 1], "series {} goes back in time, to {} s",
                table.name, time_s->back());
}

PointOutput MemorySink::take(Outcome outcome) {
  output_.outcome = outcome;
  if (outcome != Outcome::stopped)
    for (std::size_t i = 0; i < was_put_.size(); ++i)
      WINDROW_CHECK(was_put_[i], "metric {} was never put", description_.metrics[i]->name);
  return std::move(output_);
}

PointOutput simulate(const Simulator& simulator, const config::Tree& config, Keep keep, const StopToken& stop) {
  MemorySink sink(simulator.describe(), keep);
  const Outcome outcome = simulator.run(config, sink, stop);
  return sink.take(outcome);
}

}  // namespace windrow
