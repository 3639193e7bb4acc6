// What a simulator can report: the objects that describe a result are the handles that write it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace windrow {

enum class Better { lower, higher, neither };

/// One number per point. `unit`: `s`, `GPU s`, `usd`, `1` for ratios and counts. NaN means "undefined for this point".
struct Metric {
  std::string_view name, unit;
  Better better;
  std::string_view description;
};

enum class ColumnType : std::uint8_t { real, integer, text };

struct Column {
  std::string_view name, unit, description;
  ColumnType type = ColumnType::real;
};

/// Rows per point: jobs, requests, instances …
struct Table {
  std::string_view name, description;
  std::vector<Column> columns;
  bool timeline = false;      ///< a row per event: `windrow simulate` keeps it with --timeline only
  std::string_view csv = {};  ///< name as a CSV file, if another: tables of which a run fills only one may share it
};

/// A table in which the first column is simulated time in s, ascending.
struct Series : Table {};

/// A cell of a row; its alternative must fit the column's type (integers are taken for reals).
using Cell = std::variant<double, std::int64_t, std::string_view>;

/// Takes the results of one run. Metrics are checked against the simulator's declaration: each exactly once.
class ResultSink {
 public:
  virtual ~ResultSink() = default;
  virtual void put(const Metric& metric, double value) = 0;
  /// Whether anybody keeps this table or series: asks before costly rows are made. Rows of unwanted tables are dropped.
  virtual bool wants(const Table& table) const = 0;
  virtual void add(const Table& table, std::initializer_list<Cell> row) = 0;
  /// Why the outcome is not `ok` (for `saturated`: the criterion that was met, with its figures).
  virtual void explain(std::string message) = 0;
};

}  // namespace windrow
