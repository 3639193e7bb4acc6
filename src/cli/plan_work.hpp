// The engine's view of a plan and its result file.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "windrow/exec/run.hpp"
#include "windrow/store/result_file.hpp"
#include "windrow/sweep/plan.hpp"

namespace windrow::cli {

class PlanWork final : public exec::Work {
 public:
  /// `limit`: run at most so many points this time, the first ones that are not done.
  PlanWork(const sweep::Plan& plan, store::ResultFile& file, std::optional<std::uint64_t> limit);

  std::uint64_t size() const override { return plan_.size(); }
  bool done(std::uint64_t index) const override;
  std::uint32_t attempts(std::uint64_t index) const override { return file_.attempts(index); }
  std::string config_text(std::uint64_t index) const override { return plan_.point(index).text; }
  double cost_hint(std::uint64_t index) const override { return plan_.cost_hint(index); }
  std::uint64_t cost_group(std::uint64_t index) const override { return plan_.cost_group(index); }
  std::string label(std::uint64_t index) const override { return plan_.label(index); }
  void accept(std::span<const sweep::PointRecord> records) override { file_.append(records); }
  void housekeeping() override { file_.maybe_fold(); }

  /// Points that `--only` chooses and that are not done, but over the limit.
  std::uint64_t held_back() const { return held_back_; }

 private:
  bool has_result(std::uint64_t index) const;
  bool was_tried(std::uint64_t index) const;
  const sweep::Plan& plan_;
  store::ResultFile& file_;
  std::uint64_t first_held_back_;        ///< by the limit: this one and all after it, of those never tried
  std::uint64_t first_retry_held_back_;  ///< the same of those that failed before
  std::vector<bool> tried_before_;       ///< before this run; empty without a limit
  std::uint64_t held_back_ = 0;
};

}  // namespace windrow::cli
