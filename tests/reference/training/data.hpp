// Reading tests/data/reference/training.
#pragma once

#include <fstream>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/training.hpp"
#include "windrow/kernel/text.hpp"

namespace windrow::test {

using CsvRow = std::map<std::string, std::string>;

inline std::string reference_path(const std::string& name) {
  return std::string(WINDROW_SOURCE_DIR) + "/tests/data/reference/training/" + name;
}

inline std::vector<CsvRow> read_csv(const std::string& name) {
  std::ifstream file(reference_path(name));
  if (!file) throw std::runtime_error("cannot open " + reference_path(name));
  const auto cells = [](const std::string& line) {
    std::vector<std::string> result(1);
    for (const char c : line) c == ',' ? (void)result.emplace_back() : result.back().push_back(c);
    return result;
  };
  std::string line;
  std::getline(file, line);
  const auto header = cells(line);
  std::vector<CsvRow> rows;
  while (std::getline(file, line)) {
    const auto row = cells(line);
    if (row.size() != header.size()) throw std::runtime_error(name + ": " + line);
    CsvRow& added = rows.emplace_back();
    for (std::size_t i = 0; i < row.size(); ++i) added[header[i]] = row[i];
  }
  return rows;
}

inline double number(const std::string& text) {
  return parse_double(text).value();
}

/// The configuration of a row of cases.csv, as published: compat upstream.
inline training::TrainingConfig config_of(const CsvRow& row) {
  using Counts = config::Format<training::GpuCounts>;
  training::TrainingConfig config = training_config();
  config.compat = "upstream";
  config.policy = row.at("policy_option");
  config.seed = parse_uint64(row.at("seed")).value();
  config.cluster = Counts::parse(row.at("cluster_v100_p100_k80")).value();
  config.gpus_per_server = Counts::parse(row.at("gpus_per_server")).value();
  if (!row.at("lam_s").empty()) config.interarrival_mean_s = number(row.at("lam_s"));
  if (!row.at("window_end").empty())
    config.window = {parse_int64(row.at("window_start")).value(), parse_int64(row.at("window_end")).value()};
  if (!row.at("num_total_jobs").empty()) config.jobs.count = parse_int64(row.at("num_total_jobs")).value();
  if (std::string trace = row.at("trace"); !trace.empty()) {
    trace.replace(trace.find(".trace"), 6, ".csv");
    config.jobs.trace = config::FileRef{std::string(WINDROW_SOURCE_DIR) + "/traces/" + trace, {}};
  }
  config.round_length_s = number(row.at("interval_s"));
  config.jobs.multi_gpu = row.at("multi_gpu") == "1";
  config.jobs.multi_priority = row.at("multi_priority") == "1";
  config.steady_state = row.at("steady_state") == "1";
  config.global_queue = row.at("global_queue") == "1";
  config.ideal = row.at("ideal") == "1";
  if (!row.at("fixed_duration_s").empty()) config.jobs.fixed_duration_s = number(row.at("fixed_duration_s"));
  return config;
}

inline CsvRow case_named(const std::string& name) {
  for (const char* const table : {"cases.csv", "lp_cases.csv"})
    for (const CsvRow& row : read_csv(table))
      if (row.at("case") == name) return row;
  throw std::runtime_error("no case " + name);
}

}  // namespace windrow::test
