// The engine's view of a plan and its result file.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "windrow/exec/run.hpp"
#include "windrow/store/result_file.hpp"
#include "windrow/sweep/adaptive.hpp"
#include "windrow/sweep/plan.hpp"

namespace windrow::cli {

/// What all sweeps have in common. With `limit` at most so many points run this time.
class SweepWork : public exec::Work {
 public:
  std::uint64_t size() const override { return plan_.size(); }
  std::uint32_t attempts(std::uint64_t index) const override { return file_.attempts(index); }
  std::string config_text(std::uint64_t index) const override { return plan_.point(index).text; }
  double cost_hint(std::uint64_t index) const override { return plan_.cost_hint(index); }
  std::uint64_t cost_group(std::uint64_t index) const override { return plan_.cost_group(index); }
  std::string label(std::uint64_t index) const override { return plan_.label(index); }
  void accept(std::span<const sweep::PointRecord> records) override { file_.append(records); }
  void housekeeping() override { file_.maybe_fold(); }

  /// Points that `--only` chooses and that are not done, but over the limit.
  std::uint64_t held_back() const { return held_back_; }
  /// What `knee` has found so far.
  virtual std::vector<sweep::Adaptive::Knee> knees() const { return {}; }

 protected:
  SweepWork(const sweep::Plan& plan, store::ResultFile& file) : plan_(plan), file_(file) {}
  bool has_result(std::uint64_t index) const { return sweep::has_result(file_.status(index)); }
  bool was_tried(std::uint64_t index) const { return file_.attempts(index) > 0; }

  const sweep::Plan& plan_;
  store::ResultFile& file_;
  std::uint64_t held_back_ = 0;
};

/// All points of a plan, the first ones that are not done if there is a limit.
class PlanWork final : public SweepWork {
 public:
  PlanWork(const sweep::Plan& plan, store::ResultFile& file, std::optional<std::uint64_t> limit);
  bool done(std::uint64_t index) const override;

 private:
  std::uint64_t first_held_back_;        ///< by the limit: this one and all after it, of those never tried
  std::uint64_t first_retry_held_back_;  ///< the same of those that failed before
  std::vector<bool> tried_before_;       ///< before this run; empty without a limit
};

/// The points that the rules of a plan ask for. The others are `skipped` in the file, those of lines that have ended
/// with the reason: so what is pending is what was asked for, at every moment, and a file without pending points is
/// complete. Of what is asked for because of a result the file hears before it hears of the result.
class AdaptiveWork final : public SweepWork {
 public:
  AdaptiveWork(const sweep::Plan& plan, store::ResultFile& file, std::optional<std::uint64_t> limit);
  bool done(std::uint64_t index) const override { return !to_run_[index]; }
  void accept(std::span<const sweep::PointRecord> records) override;
  std::vector<std::uint64_t> take_more() override { return std::exchange(more_, {}); }
  std::uint64_t reserve() const override { return rules_.reserve(); }
  std::vector<sweep::Adaptive::Knee> knees() const override { return rules_.knees(); }

 private:
  void know_what_is_there(bool retries_wait);
  void mark_all();
  void choose();
  /// Puts a point on the list of this run, unless the limit is reached.
  bool take(std::uint64_t index);
  void mark(std::uint64_t index, sweep::PointStatus status, std::string message = "");
  void write_marks();
  /// Of a result, as far as the rules look at it.
  std::vector<double> values_of(const sweep::PointRecord& record) const;

  sweep::Adaptive rules_;
  std::vector<bool> to_run_;  ///< in this run, already run ones included
  std::optional<std::uint64_t> budget_;
  std::vector<std::uint64_t> more_;
  std::vector<sweep::PointRecord> marks_;
};

std::unique_ptr<SweepWork> make_work(const sweep::Plan& plan, store::ResultFile& file,
                                     std::optional<std::uint64_t> limit);

}  // namespace windrow::cli
