// The published simulator of redundant computation: summaries to the digit, event logs row by row.
#include <gtest/gtest.h>

#include "data.hpp"

namespace windrow::test {
namespace {

TEST(Bamboo, EverySummaryIsThePublishedOneToTheDigit) {
  const Csv csv = read_reference("summaries.csv");
  ASSERT_GE(csv.rows.size(), 220U);
  std::size_t compared = 0;
  for (std::size_t i = 0; i < csv.rows.size(); ++i) {
    const CsvRow row = csv.row(i);
    const PointOutput output = run_spot(bamboo_yaml(row));
    EXPECT_EQ(output.message.empty() ? "ok" : output.message, row.at("status")) << row.at("case");
    for (std::size_t c = 9; c < csv.header.size(); ++c) {
      if (csv.rows[i][c].empty()) continue;
      EXPECT_EQ(spot_metric(output, csv.header[c]), parse_double(csv.rows[i][c])) << row.at("case") << csv.header[c];
      ++compared;
    }
  }
  EXPECT_GE(compared, 2900U);
}

struct Log {
  const char* name;
  const char* yaml;
};
constexpr const char* kP3 = "strategy: bamboo_compat\navailability: {kind: trace, file: traces/spot/p3.csv}\n";
constexpr Log kLogs[] = {
    {"events-bert-seed1-p0.10-2h",
     "availability: {addition: random, removal_probability: 0.1}\nseed: 1\nduration_s: 7200"},
    {"events-gpt2-p3-2h", "availability: {kind: trace, file: traces/spot/p3.csv}\nmodel: GPT-2\nduration_s: 7200"},
    {"events-nostep-bert-seed2-p0.50-full", "availability: {addition: random, removal_probability: 0.5}\nseed: 2"},
    {"events-nostep-gpt2-default-seed7-h15-12h", "model: GPT-2\nseed: 7\nstart_hour: 15\nduration_s: 43200"},
    {"events-nostep-resnet-p3-12h",
     "availability: {kind: trace, file: traces/spot/p3.csv}\nmodel: ResNet\nduration_s: 43200"},
};

class BambooLog : public testing::TestWithParam<Log> {};

TEST_P(BambooLog, HasEveryEventInOrder) {
  const PointOutput output = run_spot(std::string("strategy: bamboo_compat\n") + GetParam().yaml, Keep::all());
  const TableData& events = spot_table(output, "events");
  const std::size_t kind = spot_column("events", "kind"), before = spot_column("events", "status_before"),
                    after = spot_column("events", "status_after");
  const std::string name = GetParam().name;
  const bool no_steps = name.find("nostep") != std::string::npos;
  const Csv head = read_reference(name + "-head.csv");
  LogHash hash;
  for (std::size_t row = 0; row < events.rows(); ++row) {
    if (no_steps && cell_text(events.columns[kind], row) == "STEP" &&
        cell_text(events.columns[before], row) == cell_text(events.columns[after], row))
      continue;
    const std::string line = row_text(events, row);
    if (hash.rows() < head.rows.size()) {
      std::string expected;
      for (const std::string& cell : head.rows[hash.rows()]) expected += cell + ",";
      ASSERT_EQ(line + ",", expected) << name << " row " << hash.rows();
    }
    hash.add(line);
  }
  const Csv logs = read_reference("logs.csv");
  const auto found = std::find_if(logs.rows.begin(), logs.rows.end(), [&](const auto& row) { return row[0] == name; });
  ASSERT_NE(found, logs.rows.end());
  EXPECT_EQ(std::to_string(hash.rows()), (*found)[1]);
  EXPECT_EQ(hash.text(), (*found)[2]);
}

INSTANTIATE_TEST_SUITE_P(Published, BambooLog, testing::ValuesIn(kLogs));

TEST(Bamboo, CurvesAreThePublishedOnes) {
  const Log cases[] = {{"series-bert-seed1-p0.10-2h", kLogs[0].yaml},
                       {"series-gnmt-g4dn-1h",
                        "availability: {kind: trace, file: traces/spot/g4dn.csv}\nmodel: GNMT\nduration_s: 3600"}};
  const std::map<std::string, std::string> curves = {
      {"instances", "series/instances"}, {"performance", "throughput"}, {"cost", "cost"}, {"value", "value"}};
  const Csv logs = read_reference("logs.csv");
  for (const Log& one : cases) {
    const PointOutput output = run_spot(std::string("strategy: bamboo_compat\n") + one.yaml, Keep::all());
    for (const auto& [published, ours] : curves) {
      const TableData& curve = spot_table(output, ours);
      LogHash hash;
      for (std::size_t row = 0; row < curve.rows(); ++row) hash.add(row_text(curve, row, 1));
      const std::string name = std::string(one.name) + "-" + published;
      const auto found =
          std::find_if(logs.rows.begin(), logs.rows.end(), [&](const auto& row) { return row[0] == name; });
      ASSERT_NE(found, logs.rows.end()) << name;
      EXPECT_EQ(hash.text(), (*found)[2]) << name << ": " << hash.rows() << " rows, not " << (*found)[1];
    }
  }
}

TEST(Bamboo, WithoutStaleTimeoutsTheTraceGivesTheStepsThatTheyCost) {  // B1
  const std::string yaml = std::string(kP3) + "model: ResNet\nduration_s: 43200\n";
  const PointOutput kept = run_spot(yaml);
  EXPECT_EQ(spot_metric(kept, "steps"), 13904);
  EXPECT_EQ(spot_metric(kept, "stale_timeouts"), 11);
  const PointOutput mended = run_spot(yaml + "bugs: [B2, B3, B4, B5, B6, B7, B8, B9, B10, B11, B12, B13]");
  EXPECT_EQ(spot_metric(mended, "steps"), 14926);
}

}  // namespace
}  // namespace windrow::test
