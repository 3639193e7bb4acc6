#include "windrow/training/training.hpp"

#include "training/fast_loop.hpp"
#include "training/job_source.hpp"
#include "training/report.hpp"
#include "windrow/training/results.hpp"

namespace windrow::training {

TrainingSimulator::TrainingSimulator() {
  description_.name = "training";
  description_.version = 7;
  description_.help = "training jobs on a heterogeneous GPU cluster, scheduled in rounds";
  description_.source = "Gavel (Narayanan et al., OSDI 2020)";
  description_.config = config::Schema::of<TrainingConfig>();
  description_.metrics = {&results::jct_mean,
                          &results::jct_p50,
                          &results::jct_p90,
                          &results::jct_p99,
                          &results::jct_max,
                          &results::jct_mean_low_priority,
                          &results::jct_mean_high_priority,
                          &results::utilization,
                          &results::utilization_window,
                          &results::idle_gpu_time,
                          &results::makespan,
                          &results::end_time,
                          &results::window_duration,
                          &results::queue_length_mean,
                          &results::jobs_completed,
                          &results::jobs_dropped,
                          &results::jobs_turned_away,
                          &results::cost,
                          &results::slo_violations,
                          &results::lease_extension_fraction,
                          &results::lease_extensions,
                          &results::lease_opportunities,
                          &results::rounds,
                          &results::policy_calls,
                          &results::policy_fallbacks,
                          &results::policy_failures,
                          &results::deadlines_dropped,
                          &results::solver_rounds};
  description_.tables = {&results::jobs, &results::levels};
  description_.series = {&results::cluster};
  for (const PolicyInfo& policy : policies().all())
    description_.parts.push_back({"policies", policy.name, policy.help, policy.source});
  description_.parts.push_back({"workloads", "generated",
                                "26 types of job, Poisson arrivals, durations log-uniform from 32 minutes to a week; "
                                "the default, shaped by the keys under jobs",
                                "Gavel (OSDI 2020)"});
  description_.parts.push_back({"workloads", "trace", "the jobs of a file, by jobs.trace; traces/ has some",
                                "Gavel (OSDI 2020) for those in traces/"});
}

double TrainingSimulator::cost_hint(const config::Tree& config) const {
  const auto keys = config::read<TrainingConfig>(config);
  const auto window = keys.measured();
  const double jobs = window ? static_cast<double>((*window)[1]) : static_cast<double>(keys.jobs.count.value_or(100));
  // Rounds, each with some work per active job; shuffled and packing policies do more of it.
  constexpr double kDuration = 60000, kBase = 2.0;
  const double rounds = (jobs * keys.interarrival_mean_s + kDuration) / keys.round_length_s;
  const double active = keys.interarrival_mean_s > 0 ? std::min(jobs, kDuration / keys.interarrival_mean_s) : jobs;
  const PolicyTraits& traits = policies().find(keys.policy)->traits;
  return rounds * (kBase + active) * (traits.packs ? 3.0 : traits.shuffles_types ? 2.0 : 1.0);
}

void TrainingSimulator::check(const config::Tree& config) const {
  const Model model(config::read<TrainingConfig>(config));
}

Outcome TrainingSimulator::run(const config::Tree& config, ResultSink& sink, const StopToken& stop) const {
  const Model model(config::read<TrainingConfig>(config));
  Ledger ledger(model, sink.wants(results::cluster));
  ledger.keep_levels = sink.wants(results::levels);
  const Outcome outcome = run_fast(model, ledger, stop);
  if (outcome == Outcome::stopped) return outcome;
  if (outcome == Outcome::saturated) sink.explain(ledger.saturation);
  report(model, ledger, outcome == Outcome::saturated, sink);
  return outcome;
}

std::vector<ListedJob> list_jobs(const config::Tree& config, std::optional<std::uint64_t> limit) {
  const Model model(config::read<TrainingConfig>(config));
  JobSource source(model);
  std::vector<ListedJob> jobs;
  const auto list = [&](const Job& job) {
    jobs.push_back({job.arrival_s, std::string(model.job_type_name(job.rate_key)), job.gpus, job.duration_s,
                    job.total_steps, job.priority, job.slo});
  };
  std::size_t count = static_cast<std::size_t>(-1);
  if (limit)
    count = *limit;
  else if (model.endless())
    count = static_cast<std::size_t>((*model.window)[1]);
  if (model.config.steady_state)
    for (const Job& job : source.fill_cluster()) list(job);
  while (jobs.size() < count) {
    const std::optional<Job> job = source.take(std::numeric_limits<double>::infinity());
    if (!job) break;
    list(*job);
  }
  if (jobs.size() > count) jobs.resize(count);
  return jobs;
}

}  // namespace windrow::training
