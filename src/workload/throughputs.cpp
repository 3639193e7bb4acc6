#include "windrow/workload/throughputs.hpp"

#include <algorithm>

#include "windrow/kernel/error.hpp"
#include "windrow/kernel/text.hpp"
#include "workload/lines.hpp"

namespace windrow::workload {

namespace {
constexpr int kMaxGpus = 64;  // of one job

/// Where key_of_ has a job type on a number of GPUs.
std::size_t key_slot(int job_type, int gpus) {
  return static_cast<std::size_t>(job_type) * (kMaxGpus + 1) + static_cast<std::size_t>(gpus);
}
}  // namespace

class ThroughputTable::Parser {
 public:
  Parser(ThroughputTable& table, const std::string& source) : table_(table), problems_(source) {}

  void parse(std::string_view text) {
    for_each_line(text, problems_, [this](int line, std::string_view content) {
      line_ = line;
      if (content.empty() || content.front() == '#') return;
      split(content, ',', fields_);
      if (fields_[0] == "gpus")
        gpus();
      else if (fields_[0] == "job")
        job();
      else if (fields_[0] == "alone")
        alone();
      else if (fields_[0] == "pair")
        pair();
      else
        problem("expected gpus, job, alone or pair, found {}", quoted(fields_[0]));
    });
    finish();
  }

 private:
  template <class... Args>
  void problem(fmt::format_string<Args...> format, Args&&... args) {
    problems_.add(line_, format, std::forward<Args>(args)...);
  }

  void gpus() {
    if (!table_.gpu_types_.empty()) return problem("a second line of GPU types");
    table_.gpu_types_.assign(fields_.begin() + 1, fields_.end());
    const auto& types = table_.gpu_types_;
    if (types.empty() || types.front().empty() || !std::is_sorted(types.begin(), types.end()) ||
        std::adjacent_find(types.begin(), types.end()) != types.end())
      problem("expected the names of the GPU types in alphabetical order");
  }

  void job() {
    if (table_.gpu_types_.empty()) return problem("expected the line of GPU types first");
    if (!table_.keys_.empty()) return problem("expected all job types before the first rate");
    if (fields_.size() != 3 || fields_[1].empty() || (fields_[2] != "distributed" && fields_[2] != "single"))
      return problem("expected `job,NAME,distributed` or `job,NAME,single`");
    if (table_.find_job_type(fields_[1])) return problem("a second job type {}", quoted(fields_[1]));
    table_.job_types_.push_back({std::string(fields_[1]), fields_[2] == "distributed"});
    names_.emplace_back(fields_[1]);
    table_.key_of_.resize(table_.job_types_.size() * (kMaxGpus + 1), -1);
  }

  void alone() {
    const auto types = table_.gpu_types_.size();
    if (fields_.size() != 3 + types) return problem("expected {} fields, found {}", 3 + types, fields_.size());
    const auto gpus = gpu_count();
    const auto job_type = job_type_at(2);
    if (!gpus || !job_type) return;
    if (*gpus > 1 && !table_.job_types_[static_cast<std::size_t>(*job_type)].distributed)
      return problem("{} is not distributed", quoted(fields_[2]));
    int& key = table_.key_of_[key_slot(*job_type, *gpus)];
    if (key >= 0) return problem("a second rate of {} on {} GPUs", quoted(fields_[2]), *gpus);
    if (!table_.pairs_.empty()) return problem("expected all single rates before the first pair");
    key = static_cast<int>(table_.keys_.size());
    table_.keys_.push_back({*job_type, *gpus});
    for (std::size_t w = 0; w < types; ++w) rates_.push_back(rate_at(3 + w));
  }

  void pair() {
    const auto types = table_.gpu_types_.size(), keys = table_.keys_.size();
    if (table_.pairs_.empty()) table_.pairs_.resize(types * keys * keys);
    if (fields_.size() != 4 + 2 * types) return problem("expected {} fields, found {}", 4 + 2 * types, fields_.size());
    const auto gpus = gpu_count();
    const auto a = job_type_at(2), b = job_type_at(3);
    if (!gpus || !a || !b) return;
    const auto key_a = table_.find_key(*a, *gpus), key_b = table_.find_key(*b, *gpus);
    if (!key_a || !key_b) return problem("no single rate of {} on {} GPUs", quoted(fields_[key_a ? 3 : 2]), *gpus);
    for (std::size_t w = 0; w < types; ++w) {
      const std::size_t at = 4 + 2 * w;
      if (fields_[at].empty() && fields_[at + 1].empty()) continue;
      const Pair rates = {rate_at(at), rate_at(at + 1)};
      const auto slot = [&](int first, int second) -> Pair& {
        return table_.pairs_[(w * keys + static_cast<std::size_t>(first)) * keys + static_cast<std::size_t>(second)];
      };
      if (slot(*key_a, *key_b).first != 0 || slot(*key_a, *key_b).second != 0)
        return problem("a second rate of {} beside {} on {} GPUs", quoted(fields_[2]), quoted(fields_[3]), *gpus);
      if ((rates.first > 0 && alone_rate(*key_a, w) == 0) || (rates.second > 0 && alone_rate(*key_b, w) == 0))
        return problem("a pair on {}, where one of the two does not run alone", table_.gpu_types_[w]);
      slot(*key_b, *key_a) = {rates.second, rates.first};
      slot(*key_a, *key_b) = rates;
    }
  }

  double alone_rate(int key, std::size_t w) const {
    return rates_[static_cast<std::size_t>(key) * table_.gpu_types_.size() + w];
  }

  void finish() {
    if (problems_.empty()) {
      if (table_.gpu_types_.empty()) problem("no line of GPU types");
      if (table_.job_types_.empty()) problem("no job types");
      for (std::size_t j = 0; j < table_.job_types_.size(); ++j)
        if (!table_.find_key(static_cast<int>(j), 1))
          problem("no rate of {} on one GPU", quoted(table_.job_types_[j].name));
    }
    problems_.throw_if_any();
    const auto types = table_.gpu_types_.size(), keys = table_.keys_.size();
    table_.alone_.resize(types * keys);
    for (std::size_t key = 0; key < keys; ++key)
      for (std::size_t w = 0; w < types; ++w) table_.alone_[w * keys + key] = rates_[key * types + w];
    table_.pairs_.resize(types * keys * keys);
  }

  std::optional<int> gpu_count() {
    const auto count = parse_int64(fields_[1]);
    if (count && *count >= 1 && *count <= kMaxGpus) return static_cast<int>(*count);
    problem("expected a number of GPUs within 1 .. {}, found {}", kMaxGpus, quoted(fields_[1]));
    return std::nullopt;
  }

  std::optional<int> job_type_at(std::size_t field) {
    const auto found = table_.find_job_type(fields_[field]);
    if (!found) problem("unknown job type {}{}", quoted(fields_[field]), did_you_mean(fields_[field], names_));
    return found;
  }

  double rate_at(std::size_t field) {
    const auto rate = parse_double(fields_[field]);
    if (rate && *rate >= 0 && *rate <= 1e18) return *rate;
    problem("expected steps per second (at least 0), found {}", quoted(fields_[field]));
    return 0;
  }

  ThroughputTable& table_;
  LineProblems problems_;
  int line_ = 1;
  std::vector<std::string_view> fields_;
  std::vector<std::string> names_;
  std::vector<double> rates_;  // [keys x GPU types]
};

ThroughputTable ThroughputTable::parse(std::string_view text, const std::string& source) {
  ThroughputTable table;
  Parser(table, source).parse(text);
  return table;
}

ThroughputTable ThroughputTable::read(const std::string& path) {
  return parse(read_text_file(path), path);
}

std::optional<int> ThroughputTable::find_job_type(std::string_view name) const {
  for (std::size_t j = 0; j < job_types_.size(); ++j)
    if (job_types_[j].name == name) return static_cast<int>(j);
  return std::nullopt;
}

std::optional<int> ThroughputTable::find_gpu_type(std::string_view name) const {
  for (std::size_t w = 0; w < gpu_types_.size(); ++w)
    if (gpu_types_[w] == name) return static_cast<int>(w);
  return std::nullopt;
}

std::optional<int> ThroughputTable::find_key(int job_type, int gpus) const {
  if (gpus < 1 || gpus > kMaxGpus) return std::nullopt;
  const int key = key_of_[key_slot(job_type, gpus)];
  return key >= 0 ? std::optional(key) : std::nullopt;
}

}  // namespace windrow::workload
