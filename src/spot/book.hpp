// What every strategy keeps account of: where time went, who was there, what it cost.
#pragma once

#include <array>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "spot/availability.hpp"
#include "spot/figures.hpp"
#include "spot/price.hpp"

namespace windrow::spot {

/// What the job is doing. `slowed`: training while instances do the work of lost ones, or with less than all samples.
enum class Phase : std::uint8_t { waiting, reconfiguring, loading, checkpointing, running, slowed };
inline constexpr std::size_t kPhases = 6;

class Book {
 public:
  struct Instance {
    Ms added = -1, ready = -1, removed = -1;  ///< -1: never
    Ms running = 0;                           ///< time with a place
    Ms placed = -1;                           ///< since when it has one
  };
  /// Work up to a moment: what a checkpoint saves.
  struct Work {
    std::int64_t steps = 0;
    double samples = 0;
    std::array<Ms, kPhases> time{};
    double active_running = 0;  ///< instance ms of active instances while training
  };

  /// Accounts for the time up to `now` with the state as it was; to be called before anything changes.
  void advance(Ms now);
  Ms now() const { return now_; }
  Phase phase() const { return phase_; }
  void enter(Ms now, Phase phase) {
    advance(now);
    phase_ = phase;
  }
  /// Time that was booked as one phase and belongs to another.
  void rebook(Phase from, Phase to, Ms time) {
    work_.time[static_cast<std::size_t>(from)] -= time;
    work_.time[static_cast<std::size_t>(to)] += time;
  }

  // Instances: added, ready, with a place or without, taken away
  void add(Ms now, InstanceId id);
  void ready(Ms now, InstanceId id);
  void place(Ms now, InstanceId id, bool placed);
  void remove(Ms now, InstanceId id);
  int alive() const { return creating_ + standby_ + active_; }
  int creating() const { return creating_; }
  int standby() const { return standby_; }
  int active() const { return active_; }
  const std::vector<Instance>& instances() const { return instances_; }
  const std::vector<Ms>& removals() const { return removals_; }

  // Work
  void steps_done(std::int64_t steps, double samples_each) {
    work_.steps += steps;
    work_.samples += static_cast<double>(steps) * samples_each;
  }
  const Work& work() const { return work_; }
  /// Back to what was saved; the time since is redone. advance() first.
  void roll_back(const Work& saved);

  std::int64_t fatal_failures = 0, rendezvous_global = 0, rendezvous_local = 0, pipelines_capped = 0;
  std::int64_t checkpoints_started = 0, checkpoints_completed = 0, checkpoints_lost = 0;

  /// Everything above as metrics. `end`: of the run. `on_demand`: so many of the first instances are
  /// paid at the on-demand price.
  void report(const SpotConfig& config, const Model& model, Ms end, const PricePath& price, int on_demand,
              Figures& figures);
  /// The table `instances`.
  void list_instances(const std::function<std::string(InstanceId)>& name_of, Ms end, ResultSink& sink) const;

 private:
  Instance& at(InstanceId id) { return instances_[static_cast<std::size_t>(id)]; }

  Ms now_ = 0;
  Phase phase_ = Phase::waiting;
  int creating_ = 0, standby_ = 0, active_ = 0;
  Ms creating_time_ = 0, standby_time_ = 0, active_time_ = 0;
  int least_ = -1, most_ = 0;
  Work work_;
  Ms redone_ = 0;
  std::int64_t redone_steps_ = 0;
  double redone_samples_ = 0;
  std::vector<Instance> instances_;
  std::vector<Ms> removals_;
};

/// Value, cost and throughput of the model on instances that cannot be taken away.
void report_on_demand(const Model& model, double usd_per_h, Figures& figures);

}  // namespace windrow::spot
