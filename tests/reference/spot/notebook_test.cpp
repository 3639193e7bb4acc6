// The notebook of asynchronous checkpoints and its script: summaries, event traces, tick logs, wasted time.
#include <gtest/gtest.h>

#include "data.hpp"

namespace windrow::test {
namespace {

/// Row count and hash of a log, if logs.csv has it.
const std::vector<std::string>* find_log(const Csv& logs, const std::string& name) {
  for (const auto& row : logs.rows)
    if (row[0] == name) return &row;
  return nullptr;
}

void expect_log(const TableData& table, const std::vector<std::string>& expected, std::size_t columns) {
  LogHash hash;
  for (std::size_t row = 0; row < table.rows(); ++row) hash.add(row_text(table, row, 0, columns));
  EXPECT_EQ(std::to_string(hash.rows()), expected[1]) << expected[0];
  EXPECT_EQ(hash.text(), expected[2]) << expected[0];
}

TEST(Notebook, EverySummaryAndEveryTraceIsThePublishedOne) {
  const Csv csv = read_reference("notebook.csv"), logs = read_reference("logs.csv");
  int traces = 0, ticks = 0;
  for (std::size_t i = 0; i < csv.rows.size(); ++i) {
    const CsvRow row = csv.row(i);
    const std::string& name = row.at("case");
    const PointOutput output = run_spot(notebook_yaml(row), Keep::all());
    EXPECT_EQ(output.message.empty() ? "ok" : output.message, row.at("status")) << name;
    for (std::size_t c = 8; c < csv.header.size(); ++c)
      EXPECT_EQ(spot_metric(output, csv.header[c]), parse_double(csv.rows[i][c])) << name << " " << csv.header[c];
    if (const auto* log = find_log(logs, "trace-" + name)) {
      expect_log(spot_table(output, "training_events"), *log, 4);
      ++traces;
    }
    if (const auto* log = find_log(logs, "ticks-" + name)) {
      expect_log(spot_table(output, "ticks"), *log, 5);
      ++ticks;
    }
  }
  EXPECT_EQ(traces, 15);
  EXPECT_EQ(ticks, 5);
}

TEST(Notebook, SetsAreInTheOrderOfCPython) {
  const Csv csv = read_reference("notebook.csv");
  int compared = 0;
  for (std::size_t i = 0; i < csv.rows.size(); ++i) {
    const CsvRow row = csv.row(i);
    if (row.at("sampling") != "set" || (row.at("np_seed") != "5" && row.at("np_seed") != "7")) continue;
    const PointOutput output = run_spot(notebook_yaml(row), Keep::all());
    const TableData& ticks = spot_table(output, "ticks");
    const Csv ids = read_reference("ticks-" + row.at("case") + "-ids.csv");
    for (const auto& expected : ids.rows) {
      const auto tick = static_cast<std::size_t>(parse_int64(expected[0]).value());
      EXPECT_EQ(row_text(ticks, tick, 5), expected[1] + "," + expected[2] + "," + expected[3]) << "tick " << tick;
      ++compared;
    }
  }
  EXPECT_EQ(compared, 120);
}

TEST(Notebook, WastedTimeOfTheScriptIsThePublishedOne) {
  const Csv csv = read_reference("idle.csv"), logs = read_reference("logs.csv");
  ASSERT_EQ(csv.rows.size(), 12U);
  int traces = 0;
  for (std::size_t i = 0; i < csv.rows.size(); ++i) {
    const CsvRow row = csv.row(i);
    const PointOutput output = run_spot(script_yaml(row), Keep::all());
    EXPECT_EQ(output.message.empty() ? "ok" : output.message, row.at("status")) << i;
    for (std::size_t c = 11; c < csv.header.size(); ++c) {
      const std::string metric = csv.header[c] == "samples" ? "ticks" : csv.header[c];
      EXPECT_EQ(spot_metric(output, metric), parse_double(csv.rows[i][c])) << i << " " << metric;
    }
    const bool logged = row.at("add_chance_per_min") == "0.5" && row.at("np_seed") == "0";
    const auto* log = find_log(logs, "script-trace-pcm" + row.at("preempt_chance_per_min") + "-s0");
    if (log != nullptr && logged) {
      expect_log(spot_table(output, "training_events"), *log, 4);
      ++traces;
    }
  }
  EXPECT_EQ(traces, 2);
}

}  // namespace
}  // namespace windrow::test
