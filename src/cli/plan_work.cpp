#include "cli/plan_work.hpp"

#include <algorithm>

namespace windrow::cli {

PlanWork::PlanWork(const sweep::Plan& plan, store::ResultFile& file, std::optional<std::uint64_t> limit)
    : plan_(plan), file_(file), first_held_back_(plan.size()), first_retry_held_back_(plan.size()) {
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

bool PlanWork::has_result(std::uint64_t index) const {
  const sweep::PointStatus status = file_.status(index);
  return status == sweep::PointStatus::ok || status == sweep::PointStatus::saturated;
}

bool PlanWork::was_tried(std::uint64_t index) const {
  return file_.attempts(index) > 0;
}

bool PlanWork::done(std::uint64_t index) const {
  if (has_result(index) || !plan_.selected(index)) return true;
  if (tried_before_.empty()) return false;  // no limit
  return index >= (tried_before_[index] ? first_retry_held_back_ : first_held_back_);
}

}  // namespace windrow::cli
