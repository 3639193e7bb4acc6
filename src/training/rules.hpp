// Rules that both loops follow: when the policy is called, what a priority is, when a micro-task has failed.
#pragma once

#include <cmath>

#include "training/ledger.hpp"

namespace windrow::training {

/// When the policy is called (specification 4.5).
class Resets {
 public:
  explicit Resets(const Model& model)
      : upstream_(model.upstream),
        always_(model.policy->traits.changes_its_mind),
        interval_s_(model.config.reset_interval_s) {}

  void need() { needed_ = true; }
  bool needed() const { return needed_; }
  /// Nothing runs and nothing will come: the next call must not wait for the interval.
  void force() {
    if (upstream_)
      last_s_ = 0;
    else
      forced_ = true;
  }
  bool due(double now_s) const {
    // Upstream takes a last call at time 0 for none (D14).
    const bool free = upstream_ ? last_s_ == 0 : forced_ || !any_;
    return needed_ && (free || now_s - last_s_ >= interval_s_);
  }
  double last_s() const { return last_s_; }
  void done(double now_s) {
    last_s_ = now_s;
    any_ = true;
    needed_ = always_;
    forced_ = false;
  }

 private:
  bool upstream_, always_;
  double interval_s_;
  double last_s_ = 0;
  bool needed_ = true, any_ = false, forced_ = false;
};

/// Whether the policy is called out of turn where nothing runs and nothing will come: upstream does so for traces only.
inline bool may_force_reset(const Model& model) {
  return !model.upstream || (!model.trace.empty() && !model.window);
}

/// Share over the fraction of the type's time that was received (4.5).
inline double priority(double share, double received_s, double worker_time_s) {
  const double fraction = worker_time_s == 0 ? 0 : received_s / worker_time_s;
  return fraction > 0 ? share / fraction : share * 1e9;
}

/// D2: upstream gives every GPU the floor of its share of the steps, the last one the rest, and takes a GPU without a
/// step for a failure.
inline bool micro_task_failed(const Model& model, int gpus, double steps, double exec_s) {
  if (!model.upstream) return steps <= 0;
  return exec_s <= 0 || steps <= 0 || (gpus > 1 && steps < gpus);
}

inline double sum_of(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum;
}

JobView view_of(const Model& model, const JobRecord& record, JobId id, double steps_left, double attained_gpu_s,
                double now_s);

/// Throws PointError beyond the limits of the configuration.
void check_limits(const TrainingConfig& config, double now_s, std::int64_t rounds);

/// Why a run in which nothing changes any more cannot end.
std::string stuck_text(const Ledger& ledger, double now_s);

}  // namespace windrow::training
