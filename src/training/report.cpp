#include "training/report.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

#include "training/rules.hpp"
#include "windrow/training/results.hpp"

namespace windrow::training {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

/// Sum in numpy's order, so that means agree with the published ones to the last digit: eight interleaved sums up to
/// 128 values, halves above.
double numpy_sum(std::span<const double> values) {
  const std::size_t n = values.size();
  if (n < 8) {
    double sum = 0;
    for (const double value : values) sum += value;
    return sum;
  }
  if (n <= 128) {
    double lanes[8];
    std::copy_n(values.begin(), 8, lanes);
    std::size_t i = 8;
    for (; i + 8 <= n; i += 8)
      for (std::size_t k = 0; k < 8; ++k) lanes[k] += values[i + k];
    double sum = ((lanes[0] + lanes[1]) + (lanes[2] + lanes[3])) + ((lanes[4] + lanes[5]) + (lanes[6] + lanes[7]));
    for (; i < n; ++i) sum += values[i];
    return sum;
  }
  const std::size_t half = n / 2 / 8 * 8;
  return numpy_sum(values.first(half)) + numpy_sum(values.subspan(half));
}

double mean(std::span<const double> values) {
  return values.empty() ? kNan : numpy_sum(values) / static_cast<double>(values.size());
}

/// Linear between the two nearest ranks.
double percentile(std::span<const double> sorted, double fraction) {
  if (sorted.empty()) return kNan;
  const double rank = fraction * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(rank);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (rank - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

struct Completions {
  std::vector<double> jct_s, low_s, high_s;  // of measured jobs
  double cost_usd = 0, last_s = kNan, first_arrival_s = kNan;
  std::int64_t completed = 0, dropped = 0, violations = 0;
};

Completions collect(const Model& model, const Ledger& ledger) {
  Completions all;
  for (std::size_t i = 0; i < ledger.jobs().size(); ++i) {
    const JobRecord& record = ledger.jobs()[i];
    all.cost_usd += record.cost_usd;
    all.first_arrival_s = i == 0 ? record.job.arrival_s : std::min(all.first_arrival_s, record.job.arrival_s);
    if (record.state == JobRecord::State::dropped) ++all.dropped;
    if (record.state != JobRecord::State::completed) continue;
    all.last_s = all.completed == 0 ? record.finished_s : std::max(all.last_s, record.finished_s);
    ++all.completed;
    // D4: upstream compares a duration with a moment.
    if ((model.upstream ? record.jct_s() : record.finished_s) > record.deadline_s) ++all.violations;
    if (!ledger.in_window(static_cast<JobId>(i))) continue;
    all.jct_s.push_back(record.jct_s());
    (record.job.priority == 1.0 ? all.low_s : all.high_s).push_back(record.jct_s());
  }
  return all;
}

void put_jct(Completions& all, bool saturated, ResultSink& sink) {
  if (saturated) {  // what has completed so far is no sample of anything
    for (auto* const values : {&all.jct_s, &all.low_s, &all.high_s}) values->clear();
  }
  sink.put(results::jct_mean, mean(all.jct_s));
  sink.put(results::jct_mean_low_priority, mean(all.low_s));
  sink.put(results::jct_mean_high_priority, mean(all.high_s));
  std::sort(all.jct_s.begin(), all.jct_s.end());
  sink.put(results::jct_p50, percentile(all.jct_s, 0.5));
  sink.put(results::jct_p90, percentile(all.jct_s, 0.9));
  sink.put(results::jct_p99, percentile(all.jct_s, 0.99));
  sink.put(results::jct_max, all.jct_s.empty() ? kNan : all.jct_s.back());
}

void put_use_of_gpus(const Model& model, Ledger& ledger, ResultSink& sink) {
  const double end_s = ledger.end_s, busy_s = sum_of(ledger.gpu_busy_s);
  const auto gpus = static_cast<double>(ledger.gpu_busy_s.size());
  std::vector<double> fractions;
  // A run in which every job was turned away at once ends at time 0.
  for (const double busy : ledger.gpu_busy_s) fractions.push_back(end_s > 0 ? busy / end_s : 0);
  double window = kNan, duration_s = kNan;
  if (const auto& w = ledger.window) {
    window = end_s > w->admitted_s ? (busy_s - w->busy_before_s) / (gpus * (end_s - w->admitted_s)) : 0;
    duration_s = end_s - w->start_s;
  } else if (!model.window) {
    window = mean(fractions);
    duration_s = ledger.jobs().empty() ? kNan : end_s - ledger.jobs().front().job.arrival_s;
  }
  // In ideal mode no GPU is ever given to anybody; upstream prints 1 there.
  const bool ideal = model.config.ideal;
  sink.put(results::utilization, ideal ? (model.upstream ? 1.0 : kNan) : mean(fractions));
  sink.put(results::utilization_window, ideal ? kNan : window);
  sink.put(results::idle_gpu_time, ideal ? kNan : gpus * end_s - busy_s);
  sink.put(results::window_duration, duration_s);
}

void add_jobs(const Model& model, const Ledger& ledger, ResultSink& sink) {
  for (std::size_t i = 0; i < ledger.jobs().size(); ++i) {
    const JobRecord& record = ledger.jobs()[i];
    if (record.state == JobRecord::State::active) continue;
    const bool completed = record.state == JobRecord::State::completed;
    const auto id = static_cast<JobId>(i);
    sink.add(results::jobs,
             {id, model.job_type_name(record.job.rate_key), std::int64_t{record.job.gpus}, record.job.priority,
              record.job.arrival_s, record.job.total_steps, completed ? record.finished_s : kNan,
              completed ? record.jct_s() : kNan, std::int64_t{ledger.in_window(id)}});
  }
}

void add_series(const Model& model, const Ledger& ledger, ResultSink& sink) {
  const double gpus = model.cluster.total_gpus();
  for (const ClusterState& state : ledger.series) {
    const auto& [k80, p100, v100] = state.idle_gpus;
    sink.add(results::cluster, {state.time_s, 1 - static_cast<double>(k80 + p100 + v100) / gpus, state.active_jobs,
                                state.queued_jobs, k80, p100, v100});
  }
}

void add_levels(const Model& model, const Ledger& ledger, ResultSink& sink) {
  for (const JobLevel& row : ledger.levels) {
    std::array<double, 3> share{};  // of all types, also of those that the cluster has not
    for (std::size_t w = 0; w < model.cluster.types(); ++w) share[model.type_in_spec[w]] = row.share[w];
    sink.add(results::levels, {row.time_s, row.job, std::int64_t{ledger[row.job].job.entity}, row.level, row.throughput,
                               share[0], share[1], share[2]});
  }
}

}  // namespace

void report(const Model& model, Ledger& ledger, bool saturated, ResultSink& sink) {
  Completions all = collect(model, ledger);
  put_jct(all, saturated, sink);
  put_use_of_gpus(model, ledger, sink);
  sink.put(results::makespan, all.last_s - all.first_arrival_s);
  sink.put(results::end_time, ledger.end_s);
  sink.put(results::queue_length_mean, ledger.end_s > 0 ? ledger.queue.until(ledger.end_s) / ledger.end_s : 0);
  sink.put(results::jobs_completed, static_cast<double>(all.completed));
  sink.put(results::jobs_dropped, static_cast<double>(all.dropped));
  sink.put(results::jobs_turned_away, static_cast<double>(ledger.jobs_turned_away));
  sink.put(results::cost, all.cost_usd);
  sink.put(results::slo_violations, static_cast<double>(all.violations));
  const auto opportunities = static_cast<double>(ledger.lease_opportunities);
  sink.put(results::lease_extension_fraction,
           opportunities > 0 ? static_cast<double>(ledger.lease_extensions) / opportunities : kNan);
  sink.put(results::lease_extensions, static_cast<double>(ledger.lease_extensions));
  sink.put(results::lease_opportunities, opportunities);
  sink.put(results::rounds, static_cast<double>(ledger.rounds));
  sink.put(results::policy_calls, static_cast<double>(ledger.calls.all));
  sink.put(results::policy_fallbacks, static_cast<double>(ledger.calls.fallbacks));
  sink.put(results::policy_failures, static_cast<double>(ledger.calls.failures));
  sink.put(results::deadlines_dropped, static_cast<double>(ledger.calls.deadlines_dropped));
  sink.put(results::solver_rounds, static_cast<double>(ledger.calls.solver_rounds));
  if (sink.wants(results::jobs)) add_jobs(model, ledger, sink);
  if (sink.wants(results::levels)) add_levels(model, ledger, sink);
  if (sink.wants(results::cluster)) add_series(model, ledger, sink);
}

}  // namespace windrow::training
