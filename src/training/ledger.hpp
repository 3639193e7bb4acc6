// The books of a run: which jobs came, what became of them, when the run is over, what is measured.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "training/estimator.hpp"
#include "training/model.hpp"

namespace windrow::training {

using JobId = std::int64_t;

struct JobRecord {
  Job job;
  double deadline_s = std::numeric_limits<double>::infinity();
  double finished_s = 0;  ///< end of its last micro-task
  double cost_usd = 0;
  int reference = -1;  ///< what it was matched to, where rates of pairs are estimated
  enum class State : std::uint8_t { active, completed, dropped } state = State::active;

  double jct_s() const { return finished_s - job.arrival_s; }
};

/// Integral of a piecewise constant quantity over time. Only changes are added up, so the result does not depend on how
/// often an unchanged value is set.
class StepIntegral {
 public:
  void set(double time_s, double value) {
    if (value == value_) return;
    advance(time_s);
    value_ = value;
  }
  double until(double time_s) {
    advance(time_s);
    return sum_;
  }

 private:
  void advance(double time_s) {
    sum_ += value_ * (time_s - since_s_);
    since_s_ = time_s;
  }
  double sum_ = 0, value_ = 0, since_s_ = 0;
};

/// The cluster from one moment on.
struct ClusterState {
  double time_s = 0;
  std::int64_t active_jobs = 0, queued_jobs = 0;
  std::array<std::int64_t, 3> idle_gpus{};  ///< k80, p100, v100
  bool same_as(const ClusterState& other) const {
    return active_jobs == other.active_jobs && queued_jobs == other.queued_jobs && idle_gpus == other.idle_gpus;
  }
};

/// What a call of the policy meant for one job.
struct JobLevel {
  double time_s = 0;
  JobId job = 0;
  double level = 0, throughput = 0;
  PerType share{};  ///< by type of the cluster
};

class Ledger {
 public:
  Ledger(const Model& model, bool keep_series);

  /// A job enters; ids count from 0. `busy_s`: of all GPUs so far, asked for when the first measured job comes.
  template <class BusySeconds>
  JobId admit(const Job& job, double now_s, BusySeconds busy_s) {
    const auto id = static_cast<JobId>(jobs_.size());
    if (model_.window && id == (*model_.window)[0]) open_window(job, now_s, busy_s());
    enter(job, now_s);
    return id;
  }
  /// So many jobs come beside those of jobs.count. Without a window the run ends when they, too, are done; upstream
  /// ends it after as many completions as jobs.count says, whoever's they are.
  void expect(std::size_t jobs) {
    if (!model_.upstream && !model_.window) left_ += static_cast<std::int64_t>(jobs);
  }
  JobRecord& operator[](JobId id) { return jobs_[static_cast<std::size_t>(id)]; }
  const JobRecord& operator[](JobId id) const { return jobs_[static_cast<std::size_t>(id)]; }
  void close(JobId id, JobRecord::State state);
  /// Drops a job that has just come if it can run nowhere on this cluster; whether it did.
  bool turn_away(JobId id);
  /// Two jobs have run together.
  void note_pair(JobId first, JobId second) {
    if (estimator_) estimator_->learn(first, second);
  }
  /// What the policy is told of pairs instead of their true rates; null: nothing else.
  const PairEstimates* estimates() const { return estimator_ ? &*estimator_ : nullptr; }
  /// The policy has been called; `explanation` may be null.
  void note_call(const PolicyInput& input, const Allocation& allocation, const Explanation* explanation);
  /// All that must be done is done.
  bool done() const { return left_ <= 0; }
  std::int64_t active_jobs() const { return active_jobs_; }
  std::int64_t wanted_gpus() const { return wanted_gpus_; }  ///< by all active jobs
  /// Whether the queue has grown so long that arrivals outrun the cluster (docs/training-simulator.md). To be asked
  /// after admissions.
  bool saturated(double now_s);

  void set_cluster_state(const ClusterState& state);

  // What the run's end needs, read by report().
  const std::vector<JobRecord>& jobs() const { return jobs_; }
  bool in_window(JobId id) const { return !model_.window || ((*model_.window)[0] <= id && id < (*model_.window)[1]); }

  std::vector<double> gpu_busy_s;
  double end_s = 0;
  std::int64_t rounds = 0, lease_extensions = 0, lease_opportunities = 0;
  std::int64_t jobs_turned_away = 0;
  struct Calls {
    std::int64_t all = 0, fallbacks = 0, failures = 0, deadlines_dropped = 0, solver_rounds = 0;
  } calls;
  StepIntegral queue;
  std::vector<ClusterState> series;
  bool keep_levels = false;  ///< whether note_call() fills `levels`
  std::vector<JobLevel> levels;
  struct Window {
    double start_s, admitted_s, busy_before_s;
  };
  std::optional<Window> window;
  std::string saturation;  ///< why; empty if it is not saturated

 private:
  void enter(const Job& job, double now_s);
  void note_levels(const PolicyInput& input, const Allocation& allocation, const Explanation* explanation);
  bool grown_steadily() const;
  void open_window(const Job& job, double now_s, double busy_s);

  const Model& model_;
  std::optional<Estimator> estimator_;
  bool keep_series_;
  std::vector<JobRecord> jobs_;
  std::int64_t left_;  // jobs that must still complete
  std::int64_t active_jobs_ = 0, wanted_gpus_ = 0;
  std::vector<std::int32_t> wanted_history_;  // GPUs wanted after each admission
  std::int64_t total_gpus_;
};

}  // namespace windrow::training
