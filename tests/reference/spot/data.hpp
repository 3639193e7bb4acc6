// Reading tests/data/reference/spot, and the configurations that its cases stand for.
#pragma once

#include <fstream>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/spot.hpp"
#include "windrow/kernel/hash.hpp"
#include "windrow/kernel/text.hpp"

namespace windrow::test {

using CsvRow = std::map<std::string, std::string>;

struct Csv {
  std::vector<std::string> header;
  std::vector<std::vector<std::string>> rows;

  CsvRow row(std::size_t i) const {
    CsvRow named;
    for (std::size_t c = 0; c < header.size(); ++c) named[header[c]] = rows[i][c];
    return named;
  }
};

inline Csv read_reference(const std::string& name) {
  const std::string path = std::string(WINDROW_SOURCE_DIR) + "/tests/data/reference/spot/" + name;
  std::ifstream file(path);
  if (!file) throw std::runtime_error("cannot open " + path);
  const auto cells = [](const std::string& line) {
    std::vector<std::string> result(1);
    for (const char c : line) c == ',' ? (void)result.emplace_back() : result.back().push_back(c);
    return result;
  };
  Csv csv;
  std::string line;
  std::getline(file, line);
  csv.header = cells(line);
  while (std::getline(file, line)) {
    csv.rows.push_back(cells(line));
    if (csv.rows.back().size() != csv.header.size()) throw std::runtime_error(name + ": " + line);
  }
  return csv;
}

/// A row of summaries.csv.
inline std::string bamboo_yaml(const CsvRow& row) {
  std::string yaml = "strategy: bamboo_compat\nmodel: " + row.at("model");
  const auto set = [&](const std::string& key, const std::string& value) {
    if (!value.empty()) yaml += "\n" + key + ": " + value;
  };
  set("seed", row.at("seed"));
  set("start_hour", row.at("start_hour"));
  if (!row.at("trace").empty()) set("availability.kind", "trace");
  if (!row.at("trace").empty()) set("availability.file", "traces/spot/" + row.at("trace"));
  if (row.at("generate_addition_probabilities") == "1") set("availability.addition", "random");
  set("availability.removal_probability", row.at("removal_probability"));
  if (!row.at("duration_ms").empty()) set("duration_s", to_text(parse_double(row.at("duration_ms")).value() / 1000));
  return yaml;
}

/// The parameter sets of notebook.csv: chance per minute, mean and deviation of losses, then of additions.
inline std::string notebook_parameters(const std::string& set) {
  const auto yaml = [](const char* lost, const char* added) {
    return "\npreempt: " + std::string(lost) + "\nadd: " + added;
  };
  if (set == "A") return yaml("{chance_per_min: 0.5, mean: 0, std: 1}", "{chance_per_min: 0.5, mean: 0, std: 1}");
  if (set == "B")
    return yaml("{chance_per_min: 0.16338028169014085, mean: 2.413793103448276, std: 2.086165648825032}",
                "{chance_per_min: 0.14366197183098592, mean: 2.5416666666666665, std: 1.9456261184790364}");
  if (set == "C") return yaml("{chance_per_min: 0.25, mean: 0, std: 1}", "{chance_per_min: 0.3, mean: 1, std: 2}");
  if (set == "D") return yaml("{chance_per_min: 1.0, mean: 0, std: 3}", "{chance_per_min: 2.0, mean: 0, std: 2}");
  throw std::out_of_range(set);
}

/// A row of notebook.csv.
inline std::string notebook_yaml(const CsvRow& row) {
  std::string yaml = "strategy: ckpt_tick_compat\nseed: " + row.at("np_seed") +
                     "\nduration_s: " + to_text(parse_double(row.at("minutes")).value() * 60) +
                     "\nckpt_tick.python_seed: " + row.at("py_seed") + "\nckpt_tick.sampling: " + row.at("sampling") +
                     notebook_parameters(row.at("params"));
  if (row.at("stats") == "exact")
    yaml +=
        "\nckpt_tick.iteration_s: [17.994171783779606, 11.380824764730477, 9.318327348709106, 8.282614257155346]"
        "\nckpt_tick.reconfiguration_s: 87.87109575271606\ncheckpoint.write_s: 88.99610565625704";
  return yaml;
}

/// A row of idle.csv.
inline std::string script_yaml(const CsvRow& row) {
  const auto process = [&](const std::string& kind) {
    return "{chance_per_min: " + row.at(kind + "_chance_per_min") + ", mean: " + row.at(kind + "_mean") +
           ", std: " + row.at(kind + "_std") + "}";
  };
  return "strategy: ckpt_tick_compat\nckpt_tick.variant: script\nseed: " + row.at("np_seed") +
         "\nckpt_tick.python_seed: " + row.at("py_seed") + "\nckpt_tick.sampling: " + row.at("sampling") +
         "\nduration_s: " + to_text(parse_double(row.at("minutes")).value() * 60) + "\npreempt: " + process("preempt") +
         "\nadd: " + process("add");
}

/// The row of a table as text, without columns from `end` on.
inline std::string row_text(const TableData& table, std::size_t row, std::size_t begin = 0, std::size_t end = 100) {
  std::string text;
  for (std::size_t c = begin; c < std::min(end, table.columns.size()); ++c) {
    if (c > begin) text += ',';
    text += cell_text(table.columns[c], row);
  }
  return text;
}

/// Hash of lines, as logs.csv has it.
class LogHash {
 public:
  void add(const std::string& line) {
    hash_ = fnv1a(line + "\n", hash_);
    ++rows_;
  }
  std::size_t rows() const { return rows_; }
  std::string text() const { return fmt::format("{:016x}", hash_); }

 private:
  std::uint64_t hash_ = fnv1a("");
  std::size_t rows_ = 0;
};

}  // namespace windrow::test
