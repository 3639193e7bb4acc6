// The results of one point in memory, and as the byte string that travels from sandbox to journal unchanged.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "windrow/simulator/simulator.hpp"

namespace windrow {

using ColumnData = std::variant<std::vector<double>, std::vector<std::int64_t>, std::vector<std::string>>;

struct TableData {
  std::vector<ColumnData> columns;  ///< in declared order, of equal length; no columns at all: not kept
  std::size_t rows() const;
};

struct PointOutput {
  Outcome outcome = Outcome::ok;
  std::string message;
  std::vector<double> metrics;    ///< in the order of Description::metrics
  std::vector<TableData> tables;  ///< in the order of Description::tables
  std::vector<TableData> series;  ///< in the order of Description::series
};

/// Which tables and series are kept, in declared order (a bit each).
struct Keep {
  std::uint64_t tables = 0, series = 0;
  static Keep all() { return {~std::uint64_t{0}, ~std::uint64_t{0}}; }
  /// Everything but the tables and series that are timelines.
  static Keep without_timelines(const Description& description);
};

/// Collects a run's results and checks them against the declaration: an undeclared or doubled metric, a row of wrong
/// width or type is an InvariantError; take() checks that each metric was put.
class MemorySink final : public ResultSink {
 public:
  MemorySink(const Description& description, Keep keep);
  void put(const Metric& metric, double value) override;
  bool wants(const Table& table) const override;
  void add(const Table& table, std::initializer_list<Cell> row) override;
  void explain(std::string message) override { output_.message = std::move(message); }
  /// Moves the results out. With Outcome::stopped metrics may be missing (NaN).
  PointOutput take(Outcome outcome);

 private:
  std::size_t table_position(const Table& table) const;
  TableData& data_of(std::size_t position);
  const Description& description_;
  PointOutput output_;
  std::vector<bool> was_put_;
  std::size_t next_ = 0;  ///< the metric after the last one put: most simulators follow their declaration
};

/// One run in this process. `config` has passed the simulator's schema.
PointOutput simulate(const Simulator& simulator, const config::Tree& config, Keep keep, const StopToken& stop = {});

std::string encode(const PointOutput& output);
/// Throws std::out_of_range or std::invalid_argument on bytes that encode() cannot have made for this description.
PointOutput decode_output(std::string_view bytes, const Description& description);
/// The metrics alone, in declared order: does not look at the tables. Throws like decode_output.
std::vector<double> decode_metrics(std::string_view bytes, const Description& description);

}  // namespace windrow
