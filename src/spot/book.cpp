#include "spot/book.hpp"

#include <algorithm>
#include <cmath>

#include "windrow/kernel/error.hpp"
#include "windrow/kernel/exact.hpp"
#include "windrow/spot/results.hpp"

namespace windrow::spot {
namespace {

constexpr double kHours = 3600000.0, kSeconds = 1000.0;

double ratio(double part, double whole) {
  return whole > 0 ? part / whole : 0;
}

}  // namespace

void Book::advance(Ms now) {
  const Ms span = now - now_;
  if (span == 0) return;
  WINDROW_CHECK(span > 0, "time goes back from {} ms to {} ms", now_, now);
  work_.time[static_cast<std::size_t>(phase_)] += span;
  creating_time_ += creating_ * span;
  standby_time_ += standby_ * span;
  active_time_ += active_ * span;
  if (phase_ == Phase::running || phase_ == Phase::slowed)
    work_.active_running += static_cast<double>(active_) * static_cast<double>(span);
  least_ = least_ < 0 ? alive() : std::min(least_, alive());
  most_ = std::max(most_, alive());
  now_ = now;
}

void Book::add(Ms now, InstanceId id) {
  advance(now);
  if (static_cast<std::size_t>(id) >= instances_.size()) instances_.resize(static_cast<std::size_t>(id) + 1);
  at(id).added = now;
  ++creating_;
}

void Book::ready(Ms now, InstanceId id) {
  advance(now);
  at(id).ready = now;
  --creating_;
  ++standby_;
}

void Book::place(Ms now, InstanceId id, bool placed) {
  Instance& instance = at(id);
  if ((instance.placed >= 0) == placed) return;
  advance(now);
  standby_ += placed ? -1 : 1;
  active_ += placed ? 1 : -1;
  if (!placed) instance.running += now - instance.placed;
  instance.placed = placed ? now : -1;
}

void Book::remove(Ms now, InstanceId id) {
  advance(now);
  Instance& instance = at(id);
  if (instance.ready < 0) {
    --creating_;
  } else {
    place(now, id, false);
    --standby_;
  }
  instance.removed = now;
  removals_.push_back(now);
}

void Book::roll_back(const Work& saved) {
  for (const Phase phase : {Phase::running, Phase::slowed}) {
    const auto p = static_cast<std::size_t>(phase);
    redone_ += work_.time[p] - saved.time[p];
    work_.time[p] = saved.time[p];
  }
  redone_steps_ += work_.steps - saved.steps;
  redone_samples_ += work_.samples - saved.samples;
  work_.steps = saved.steps;
  work_.samples = saved.samples;
  work_.active_running = saved.active_running;
}

void Book::report(const SpotConfig& config, const Model& model, Ms end, const PricePath& price, int on_demand,
                  Figures& figures) {
  namespace r = results;
  advance(end);
  const auto whole = static_cast<double>(end);
  const auto time_of = [this](Phase phase) { return static_cast<double>(work_.time[static_cast<std::size_t>(phase)]); };
  const auto count = [&](const Metric& metric, std::int64_t value) { figures[metric] = static_cast<double>(value); };

  count(r::steps, work_.steps);
  figures[r::samples] = work_.samples;
  figures[r::throughput] = ratio(work_.samples, whole / kSeconds);
  figures[r::end_time] = whole / kSeconds;
  figures[r::lost_work] = redone_samples_;
  count(r::steps_redone, redone_steps_);
  count(r::checkpoints_started, checkpoints_started);
  count(r::checkpoints_completed, checkpoints_completed);
  count(r::checkpoints_lost, checkpoints_lost);

  const double overhead = time_of(Phase::reconfiguring) + time_of(Phase::loading) + time_of(Phase::checkpointing);
  figures[r::time_useful_fraction] = ratio(time_of(Phase::running), whole);
  figures[r::time_slowed_fraction] = ratio(time_of(Phase::slowed), whole);
  figures[r::time_redone_fraction] = ratio(static_cast<double>(redone_), whole);
  figures[r::time_reconfiguring_fraction] = ratio(overhead, whole);
  figures[r::time_stopped_fraction] = ratio(time_of(Phase::waiting), whole);
  figures[r::time_running] =
      (time_of(Phase::running) + time_of(Phase::slowed) + static_cast<double>(redone_)) / kSeconds;
  figures[r::time_reconfiguring] = time_of(Phase::reconfiguring) / kSeconds;
  figures[r::time_checkpointing] = time_of(Phase::checkpointing) / kSeconds;
  figures[r::time_loading] = time_of(Phase::loading) / kSeconds;
  figures[r::time_waiting] = time_of(Phase::waiting) / kSeconds;

  const Ms paid = creating_time_ + standby_time_ + active_time_;
  figures[r::instances_mean] = ratio(static_cast<double>(paid), whole);
  count(r::instances_min, std::max(least_, 0));
  count(r::instances_max, most_);
  figures[r::instance_hours_active] = static_cast<double>(active_time_) / kHours;
  figures[r::instance_hours_standby] = static_cast<double>(standby_time_) / kHours;
  figures[r::instance_hours_creating] = static_cast<double>(creating_time_) / kHours;
  figures[r::idle_time] = (static_cast<double>(paid) - work_.active_running) / kSeconds;
  figures[r::idle_fraction] = paid > 0 ? 1 - work_.active_running / static_cast<double>(paid) : 0;

  std::vector<std::int64_t> intervals, lifetimes, ended;
  for (std::size_t i = 1; i < removals_.size(); ++i) intervals.push_back(removals_[i] - removals_[i - 1]);
  double usd = 0;
  std::int64_t additions = 0;
  const bool constant = price.is_constant();
  for (std::size_t i = 0; i < instances_.size(); ++i) {
    const Instance& instance = instances_[i];
    if (instance.added < 0) continue;
    ++additions;
    const Ms last = instance.removed < 0 ? end : instance.removed;
    lifetimes.push_back(last - instance.added);
    if (instance.removed >= 0) ended.push_back(lifetimes.back());
    if (!constant && static_cast<int>(i) >= on_demand) usd += price.cost(instance.added, last);
  }
  // Those on demand, the first ones, are instances as others from time 0 to the end, but paid otherwise.
  if (constant) usd = static_cast<double>(paid - on_demand * end) / kHours * price.at(0);
  usd += on_demand * (whole / kHours) * config.price.on_demand;
  count(r::additions, additions);
  count(r::preemptions, static_cast<std::int64_t>(removals_.size()));
  figures[r::preemption_interval_mean] = exact_mean(intervals) / kHours;
  figures[r::preemption_interval_median] =
      config.keeps("B8") ? figures[r::preemption_interval_mean] : exact_median(intervals) / kHours;
  figures[r::preemption_interval_stdev] = exact_deviation(intervals) / kHours;
  const double estimate = removals_.empty()
                              ? std::numeric_limits<double>::quiet_NaN()
                              : static_cast<double>(paid) / static_cast<double>(removals_.size()) / kHours;
  figures[r::lifetime_mean] = config.keeps("B13") || removals_.empty() ? exact_mean(lifetimes) / kHours : estimate;
  figures[r::lifetime_median] = exact_median(lifetimes) / kHours;
  figures[r::lifetime_stdev] = exact_deviation(lifetimes) / kHours;
  figures[r::lifetime_ended_mean] =
      ended.empty() ? std::numeric_limits<double>::quiet_NaN() : exact_mean(ended) / kHours;
  figures[r::lifetime_estimate] = estimate;

  count(r::fatal_failures, fatal_failures);
  count(r::rendezvous_global, rendezvous_global);
  count(r::rendezvous_local, rendezvous_local);
  count(r::reconfigurations, rendezvous_global + rendezvous_local);
  count(r::pipelines_capped, pipelines_capped);

  figures[r::cost_total] = usd;
  figures[r::cost_per_hour] = ratio(usd, whole / kHours);
  figures[r::samples_per_dollar] = ratio(work_.samples, usd);
  figures[r::value] = ratio(figures[r::throughput], figures[r::cost_per_hour]);
  report_on_demand(model, config.price.on_demand, figures);
}

void Book::list_instances(const std::function<std::string(InstanceId)>& name_of, Ms end, ResultSink& sink) const {
  constexpr double kNever = std::numeric_limits<double>::quiet_NaN();
  const auto seconds = [](Ms time) { return time < 0 ? kNever : static_cast<double>(time) / kSeconds; };
  for (std::size_t i = 0; i < instances_.size(); ++i) {
    const Instance& one = instances_[i];
    if (one.added < 0) continue;
    const Ms running = one.running + (one.placed >= 0 ? end - one.placed : 0);
    sink.add(results::instances, {std::string_view(name_of(static_cast<InstanceId>(i))), seconds(one.added),
                                  seconds(one.ready), seconds(one.removed), static_cast<double>(running) / kHours});
  }
}

void report_on_demand(const Model& model, double usd_per_h, Figures& figures) {
  const double throughput = model.samples_per_step / model.on_demand_step_s;
  const double cost = model.on_demand_instances * usd_per_h;
  figures[results::on_demand_throughput] = throughput;
  figures[results::on_demand_cost_per_hour] = cost;
  figures[results::on_demand_value] = ratio(throughput, cost);
}

}  // namespace windrow::spot
