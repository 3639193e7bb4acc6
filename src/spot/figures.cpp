#include "spot/figures.hpp"

#include <algorithm>

#include "windrow/kernel/error.hpp"
#include "windrow/spot/results.hpp"

namespace windrow::spot {

const std::vector<const Metric*>& all_metrics() {
  using namespace results;  // NOLINT(google-build-using-namespace): forty names of it
  static const std::vector<const Metric*> all{&steps,
                                              &samples,
                                              &throughput,
                                              &value,
                                              &samples_per_dollar,
                                              &end_time,
                                              &lost_work,
                                              &steps_redone,
                                              &checkpoints_started,
                                              &checkpoints_completed,
                                              &checkpoints_lost,
                                              &time_useful_fraction,
                                              &time_slowed_fraction,
                                              &time_redone_fraction,
                                              &time_reconfiguring_fraction,
                                              &time_stopped_fraction,
                                              &time_running,
                                              &time_reconfiguring,
                                              &time_checkpointing,
                                              &time_loading,
                                              &time_waiting,
                                              &instances_mean,
                                              &instances_min,
                                              &instances_max,
                                              &instance_hours_active,
                                              &instance_hours_standby,
                                              &instance_hours_creating,
                                              &idle_time,
                                              &idle_fraction,
                                              &additions,
                                              &preemptions,
                                              &preemption_interval_mean,
                                              &preemption_interval_median,
                                              &preemption_interval_stdev,
                                              &lifetime_mean,
                                              &lifetime_median,
                                              &lifetime_stdev,
                                              &lifetime_ended_mean,
                                              &lifetime_estimate,
                                              &fatal_failures,
                                              &reconfigurations,
                                              &rendezvous_global,
                                              &rendezvous_local,
                                              &pipelines_capped,
                                              &cost_total,
                                              &cost_per_hour,
                                              &on_demand_throughput,
                                              &on_demand_cost_per_hour,
                                              &on_demand_value,
                                              &preemption_mean,
                                              &preemption_median,
                                              &preemption_stdev,
                                              &num_preemptions,
                                              &num_fatal_failures,
                                              &num_steps_complete,
                                              &average_instances,
                                              &average_performance,
                                              &average_cost,
                                              &average_value,
                                              &stale_timeouts,
                                              &ticks,
                                              &trace_rows,
                                              &step_events,
                                              &reconfig_events,
                                              &max_step_id,
                                              &max_trace_ws,
                                              &max_total,
                                              &min_total,
                                              &last_active,
                                              &last_standby,
                                              &last_prepping,
                                              &last_event_s,
                                              &rollbacks,
                                              &reconfig_intervals,
                                              &wasted_samples,
                                              &reconfig_samples,
                                              &union_samples,
                                              &percent_time_wasted,
                                              &percent_time_wasted_upstream,
                                              &percent_time_wasted_fixed,
                                              &world_size_mean};
  return all;
}

Figures::Figures() : values_(all_metrics().size(), std::numeric_limits<double>::quiet_NaN()) {}

double& Figures::operator[](const Metric& metric) {
  const auto& all = all_metrics();
  const auto at = std::find(all.begin(), all.end(), &metric);
  WINDROW_CHECK(at != all.end(), "metric {} is not in the list", metric.name);
  return values_[static_cast<std::size_t>(at - all.begin())];
}

void Figures::put_all(ResultSink& sink) const {
  const auto& all = all_metrics();
  for (std::size_t i = 0; i < all.size(); ++i) sink.put(*all[i], values_[i]);
}

}  // namespace windrow::spot
