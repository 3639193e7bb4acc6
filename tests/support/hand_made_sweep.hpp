// A sweep and its results, made by hand for the tests of the store: no YAML, no simulator, but every kind of column.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "support/process.hpp"
#include "windrow/store/result_file.hpp"

namespace windrow::test {

/// The names in a folder, sorted.
inline std::vector<std::string> names_in(const TemporaryFolder& folder) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) names.push_back(entry.path().filename());
  std::sort(names.begin(), names.end());
  return names;
}

/// policy x rate x seed, the seed innermost.
class HandMadeSweep final : public store::PointSource {
 public:
  std::vector<std::string> policies{"fifo", "allox"};
  std::vector<double> rates{0.4, 1.2};
  std::vector<std::int64_t> seeds{0, 1, 2};
  std::string sweep_name = "by hand", text = "name: by hand\n";
  /// Canonical lines that are equal in all points.
  std::vector<std::string> base_lines{"cluster: 36:36:36", "jobs.multi_gpu: false", "policy: \"fifo\"", "rate: 1",
                                      "seed: 0",           "window: [4000, 5000]"};

  HandMadeSweep() {
    description_.name = "hand";
    description_.version = 1;
    description_.metrics = {&jct_mean(), &jobs_done()};
    description_.tables = {&jobs()};
    description_.series = {&cluster()};
    settle();
  }

  static const Metric& jct_mean() {
    static const Metric metric{"jct_mean", "s", Better::lower, "mean job completion time"};
    return metric;
  }
  static const Metric& jobs_done() {
    static const Metric metric{"jobs_done", "1", Better::higher, "jobs that completed"};
    return metric;
  }
  static const Table& jobs() {
    static const Table table{"jobs",
                             "one row per job",
                             {{"job_id", "", "number", ColumnType::integer},
                              {"arrival", "s", "time of arrival", ColumnType::real},
                              {"job_type", "", "what it trains", ColumnType::text}}};
    return table;
  }
  static const Series& cluster() {
    static const Series series{{"cluster",
                                "the cluster over time",
                                {{"time", "s", "simulated time", ColumnType::real},
                                 {"utilization", "1", "busy over available", ColumnType::real}}}};
    return series;
  }

  /// To be called after the members above were changed.
  void settle() {
    axes_ = {{"policy", "who decides", sweep::AxisValues(policies)},
             {"rate", "jobs per hour", sweep::AxisValues(rates)},
             {"seed", "root of the random streams", sweep::AxisValues(seeds)}};
    base_.clear();
    for (const std::string& line : base_lines) base_ += line + "\n";
  }
  void set_version(std::uint32_t version) { description_.version = version; }
  Description& change_description() { return description_; }
  std::vector<sweep::Axis>& change_axes() { return axes_; }

  const std::string& name() const override { return sweep_name; }
  const Description& description() const override { return description_; }
  const std::vector<sweep::Axis>& axes() const override { return axes_; }
  std::uint64_t size() const override { return policies.size() * rates.size() * seeds.size(); }
  const std::string& sweep_text() const override { return text; }
  const std::string& base_text() const override { return base_; }
  sweep::Point point(std::uint64_t index) const override {
    sweep::Point point;
    point.index = index;
    const std::string& policy = policies[index / seeds.size() / rates.size()];
    const double rate = rates[index / seeds.size() % rates.size()];
    const std::int64_t seed = seeds[index % seeds.size()];
    for (const sweep::Axis& axis : axes_) {
      if (axis.name == "policy") point.axes.emplace_back(policy);
      if (axis.name == "rate") point.axes.emplace_back(rate);
      if (axis.name == "seed") point.axes.emplace_back(seed);
    }
    for (const std::string& line : base_lines) {
      if (line.starts_with("policy: "))
        point.text += fmt::format("policy: \"{}\"\n", policy);
      else if (line.starts_with("rate: "))
        point.text += fmt::format("rate: {}\n", rate);
      else if (line.starts_with("seed: "))
        point.text += fmt::format("seed: {}\n", seed);
      else
        point.text += line + "\n";
    }
    point.id = digest128(fmt::format("{} {}\n{}", description_.name, description_.version, point.text));
    return point;
  }

  /// What the point gives, as a function of its id: so it is the same in every sweep that has the point.
  PointOutput output(std::uint64_t index) const {
    const std::uint64_t bits = point(index).id.low;
    PointOutput output;
    output.metrics = {static_cast<double>(bits % 100'000) / 7,
                      bits % 5 == 0 ? std::numeric_limits<double>::quiet_NaN() : 3.0};
    TableData table, series;
    std::vector<std::int64_t> ids;
    std::vector<double> arrivals, times, utilizations;
    std::vector<std::string> types;
    for (std::uint64_t i = 0; i < bits % 4; ++i) {
      ids.push_back(static_cast<std::int64_t>(i));
      arrivals.push_back(static_cast<double>(bits % 1000) + static_cast<double>(i));
      types.push_back(i % 2 == 0 ? "LM" : "ResNet-18 (batch size 64)");
    }
    for (std::uint64_t i = 0; i < 2; ++i) {
      times.push_back(360.0 * static_cast<double>(i));
      utilizations.push_back(static_cast<double>(bits % 11) / 11);
    }
    table.columns = {ids, arrivals, types};
    series.columns = {times, utilizations};
    output.tables = {table};
    output.series = {series};
    return output;
  }
  sweep::PointRecord result(std::uint64_t index, std::uint32_t attempt = 1) const {
    sweep::PointRecord record;
    record.index = index;
    record.status = sweep::PointStatus::ok;
    record.output = encode(output(index));
    record.provenance = {0.5, 0.25, 1.7e9 + static_cast<double>(index), 3, attempt, "node-1"};
    return record;
  }
  sweep::PointRecord failure(std::uint64_t index, const std::string& why, std::uint32_t attempt = 1) const {
    sweep::PointRecord record;
    record.index = index;
    record.status = sweep::PointStatus::failed;
    record.message = why;
    record.provenance = {0.1, 0.1, 1.7e9, 1, attempt, "node-1"};
    return record;
  }

 private:
  Description description_;
  std::vector<sweep::Axis> axes_;
  std::string base_;
};

inline void append(store::ResultFile& file, const sweep::PointRecord& record) {
  file.append(std::span<const sweep::PointRecord>(&record, 1));
}

}  // namespace windrow::test
