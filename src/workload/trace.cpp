#include "windrow/workload/trace.hpp"

#include <algorithm>
#include <array>

#include "windrow/kernel/text.hpp"
#include "workload/lines.hpp"

namespace windrow::workload {
namespace {

enum Field { kJobType, kTotalSteps, kScaleFactor, kPriority, kSlo, kArrival, kEntity, kFields };
const std::vector<std::string> kNames = {"job_type", "total_steps", "scale_factor", "priority",
                                         "slo",      "arrival",     "entity"};
constexpr std::array kPublished = {0, 5, 6, 7, 8, 9, -1};  // positions of the same in the published format
constexpr std::size_t kPublishedFields = 10;

class TraceParser {
 public:
  TraceParser(const std::string& source, const ThroughputTable& table) : table_(table), problems_(source) {
    for (const auto& type : table.job_types()) type_names_.push_back(type.name);
  }

  std::vector<TraceJob> parse(std::string_view text) {
    for_each_line(text, problems_, [this](int line, std::string_view content) {
      line_ = line;
      if (content.empty()) return;
      const bool first = width_ == 0;
      if (first) published_ = content.find('\t') != std::string_view::npos;
      split(content, published_ ? '\t' : ',', fields_);
      if (first && published_) {
        std::copy(kPublished.begin(), kPublished.end(), at_.begin());
        width_ = kPublishedFields;
      }
      first && !published_ ? header() : row();
    });
    if (jobs_.empty() && problems_.empty()) problem("no jobs");
    problems_.throw_if_any();
    return std::move(jobs_);
  }

 private:
  template <class... Args>
  void problem(fmt::format_string<Args...> format, Args&&... args) {
    problems_.add(line_, format, std::forward<Args>(args)...);
  }

  void header() {
    width_ = fields_.size();
    for (std::size_t i = 0; i < fields_.size(); ++i) {
      const auto name = std::find(kNames.begin(), kNames.end(), fields_[i]);
      if (name == kNames.end()) {
        problem("unknown column {}{}", quoted(fields_[i]), did_you_mean(fields_[i], kNames));
        continue;
      }
      int& at = at_[static_cast<std::size_t>(name - kNames.begin())];
      if (at >= 0) problem("a second column {}", *name);
      at = static_cast<int>(i);
    }
    for (const Field field : {kJobType, kTotalSteps, kArrival})
      if (at_[field] < 0) problem("no column {}", kNames[field]);
    complete_ = problems_.empty();
  }

  void row() {
    if (!complete_) return;
    if (fields_.size() != width_) return problem("expected {} fields, found {}", width_, fields_.size());
    TraceJob job;
    const auto type = table_.find_job_type(text(kJobType));
    if (!type)
      problem("job_type: unknown job type {}{}", quoted(text(kJobType)), did_you_mean(text(kJobType), type_names_));
    const double gpus = number(kScaleFactor, 1, 1, 1e6);
    if (type) {
      const auto key = table_.find_key(*type, static_cast<int>(gpus));
      if (key && gpus == static_cast<int>(gpus))
        job.key = *key;
      else
        problem("scale_factor: no throughput of {} on {} GPUs", quoted(text(kJobType)), to_text(gpus));
    }
    job.total_steps = number(kTotalSteps, 1, 1e-6, 1e15);
    job.priority = number(kPriority, 1, 1e-9, 1e9);
    const double slo_factor = text(kSlo).empty() ? -1 : number(kSlo, -1, published_ ? -1e9 : 0, 1e9);
    if (slo_factor >= 0) job.slo = slo_factor;
    job.arrival_s = number(kArrival, 0, 0, 1e15);
    if (!jobs_.empty() && job.arrival_s < jobs_.back().arrival_s)
      problem("arrival: expected at least {}, that of the job before, found {}", to_text(jobs_.back().arrival_s),
              text(kArrival));
    const double entity = number(kEntity, 0, 0, 1e6);
    job.entity = static_cast<int>(entity);
    if (entity != job.entity) problem("entity: expected a whole number, found {}", quoted(text(kEntity)));
    jobs_.push_back(job);
  }

  std::string_view text(Field field) const {
    return at_[field] < 0 ? std::string_view() : fields_[static_cast<std::size_t>(at_[field])];
  }

  /// `missing` if there is no such column.
  double number(Field field, double missing, double low, double high) {
    if (at_[field] < 0) return missing;
    const auto value = parse_double(text(field));
    if (value && *value >= low && *value <= high) return *value;
    problem("{}: expected a number within {:g} .. {:g}, found {}", kNames[field], low, high, quoted(text(field)));
    return missing;
  }

  const ThroughputTable& table_;
  LineProblems problems_;
  std::vector<std::string> type_names_;
  std::vector<std::string_view> fields_;
  std::vector<TraceJob> jobs_;
  std::array<int, kFields> at_{-1, -1, -1, -1, -1, -1, -1};
  std::size_t width_ = 0;
  bool published_ = false, complete_ = true;
  int line_ = 1;
};

}  // namespace

std::vector<TraceJob> parse_trace(std::string_view text, const std::string& source, const ThroughputTable& table) {
  return TraceParser(source, table).parse(text);
}

std::vector<TraceJob> read_trace(const std::string& path, const ThroughputTable& table) {
  return parse_trace(read_text_file(path), path, table);
}

}  // namespace windrow::workload
