#include "cli/plan_work.hpp"

#include <algorithm>
#include <cmath>

namespace windrow::cli {

PlanWork::PlanWork(const sweep::Plan& plan, store::ResultFile& file, std::optional<std::uint64_t> limit)
    : SweepWork(plan, file), first_held_back_(plan.size()), first_retry_held_back_(plan.size()) {
  if (!limit) return;
  // Points that failed before come after those that were never tried, or they alone would use the limit up again and
  // again.
  std::uint64_t chosen = 0;
  for (const bool retries : {false, true}) {
    std::uint64_t& first_held_back = retries ? first_retry_held_back_ : first_held_back_;
    for (std::uint64_t index = 0; index < plan.size(); ++index) {
      if (has_result(index) || !plan.selected(index) || was_tried(index) != retries) continue;
      if (chosen < *limit) {
        ++chosen;
      } else {
        first_held_back = std::min(first_held_back, index);
        ++held_back_;
      }
    }
  }
  for (std::uint64_t index = 0; index < plan.size(); ++index) tried_before_.push_back(was_tried(index));
}

bool PlanWork::done(std::uint64_t index) const {
  if (has_result(index) || !plan_.selected(index)) return true;
  if (tried_before_.empty()) return false;  // no limit
  return index >= (tried_before_[index] ? first_retry_held_back_ : first_held_back_);
}

// ------------------------------------------------------------------------------------------------ with rules

AdaptiveWork::AdaptiveWork(const sweep::Plan& plan, store::ResultFile& file, std::optional<std::uint64_t> limit)
    : SweepWork(plan, file), rules_(plan), to_run_(plan.size()), budget_(limit) {
  // What failed is tried again, and decisions wait for what becomes of it; but not with a limit, for then points that
  // fail again and again could use it up before anything new is asked for.
  know_what_is_there(!limit);
  rules_.begin();
  mark_all();
  choose();
}

void AdaptiveWork::know_what_is_there(bool retries_wait) {
  std::vector<std::vector<double>> metrics;
  for (const std::size_t metric : rules_.metrics()) metrics.push_back(file_.metric(metric));
  std::vector<double> values(metrics.size());
  for (std::uint64_t index = 0; index < plan_.size(); ++index) {
    const sweep::PointStatus status = file_.status(index);
    if (!has_result(index) && (status != sweep::PointStatus::failed || retries_wait)) continue;
    for (std::size_t m = 0; m < metrics.size(); ++m) values[m] = metrics[m][index];
    rules_.know(index, status, values);
  }
}

/// Rows for which the file says something else than the rules do, as after a change of the rules.
void AdaptiveWork::mark_all() {
  std::vector<std::string> wanted(plan_.size());
  for (std::size_t line = 0; line < rules_.lines(); ++line)
    rules_.for_each_skipped(line, [&](std::uint64_t index, const std::string& why) { wanted[index] = why; });
  const std::vector<std::string> found = file_.messages();
  for (std::uint64_t index = 0; index < plan_.size(); ++index) {
    const sweep::PointStatus status = file_.status(index);
    const bool skipped = status == sweep::PointStatus::skipped;
    if (sweep::has_result(status)) continue;
    if (rules_.is_asked(index)) {
      if (skipped) mark(index, sweep::PointStatus::pending);
    } else if (!skipped || found[index] != wanted[index]) {
      mark(index, sweep::PointStatus::skipped, wanted[index]);
    }
  }
  write_marks();
}

void AdaptiveWork::choose() {
  for (const bool retries : {false, true})
    for (std::uint64_t index = 0; index < plan_.size(); ++index)
      if (rules_.is_asked(index) && !has_result(index) && plan_.selected(index) && was_tried(index) == retries)
        take(index);
}

bool AdaptiveWork::take(std::uint64_t index) {
  if (budget_ && *budget_ == 0) {
    ++held_back_;
    return false;
  }
  if (budget_) --*budget_;
  to_run_[index] = true;
  return true;
}

void AdaptiveWork::accept(std::span<const sweep::PointRecord> records) {
  for (const sweep::PointRecord& record : records) {
    for (const std::uint64_t index : rules_.learn(record.index, record.status, values_of(record))) {
      if (file_.status(index) == sweep::PointStatus::skipped) mark(index, sweep::PointStatus::pending);
      if (plan_.selected(index) && take(index)) more_.push_back(index);
    }
    const std::size_t line = rules_.line_of(record.index);
    rules_.for_each_skipped(
        line, [&](std::uint64_t index, const std::string& why) { mark(index, sweep::PointStatus::skipped, why); });
  }
  write_marks();
  file_.append(records);
}

void AdaptiveWork::mark(std::uint64_t index, sweep::PointStatus status, std::string message) {
  constexpr std::size_t kAtATime = 4096;
  sweep::PointRecord& record = marks_.emplace_back();
  record.index = index;
  record.status = status;
  record.message = std::move(message);
  record.provenance = {std::nan(""), std::nan(""), std::nan(""), sweep::kNoRank, 0, ""};
  if (marks_.size() >= kAtATime) write_marks();
}

void AdaptiveWork::write_marks() {
  file_.append(marks_);
  marks_.clear();
}

std::vector<double> AdaptiveWork::values_of(const sweep::PointRecord& record) const {
  if (!sweep::has_result(record.status)) return {};
  const std::vector<double> all = decode_metrics(record.output, plan_.simulator().describe());
  std::vector<double> values;
  for (const std::size_t metric : rules_.metrics()) values.push_back(all[metric]);
  return values;
}

std::unique_ptr<SweepWork> make_work(const sweep::Plan& plan, store::ResultFile& file,
                                     std::optional<std::uint64_t> limit) {
  if (plan.rules().any()) return std::make_unique<AdaptiveWork>(plan, file, limit);
  return std::make_unique<PlanWork>(plan, file, limit);
}

}  // namespace windrow::cli
