#include "training/job_source.hpp"

#include <cmath>

#include "windrow/kernel/error.hpp"

namespace windrow::training {

// The seeds' offsets are the published simulator's: one stream per purpose.
JobSource::JobSource(const Model& model)
    : model_(model),
      jobs_(model.config.seed + 2),
      arrivals_(model.config.seed + 3),
      slos_(model.config.seed + 6),
      entities_(model.config.seed),
      v100_(model.table.find_gpu_type("v100")) {
  if (!model.trace.empty())
    next_arrival_s_ = model.trace.front().arrival_s;
  else
    next_arrival_s_ = 0.0;
  if (model.trace.empty() && !v100_)
    throw InputError(fmt::format("{}: no GPU type v100, by which jobs are generated", model.config.throughputs.path));
}

std::optional<Job> JobSource::take(double now_s) {
  if (!model_.trace.empty()) {
    if (next_in_trace_ == model_.trace.size() || model_.trace[next_in_trace_].arrival_s > now_s) return std::nullopt;
    const workload::TraceJob& line = model_.trace[next_in_trace_++];
    if (!model_.upstream) look_at_trace();  // D10
    return Job{line.key,         model_.rates[static_cast<std::size_t>(line.key)].gpus,
               line.total_steps, line.priority,
               line.arrival_s,   std::nullopt,
               line.slo,         line.entity};
  }
  if (!next_arrival_s_ || *next_arrival_s_ > now_s) return std::nullopt;
  if (const auto count = model_.config.generated_count(); count && generated_ >= *count) {
    next_arrival_s_.reset();
    return std::nullopt;
  }
  ++generated_;
  const Job job = generate(*next_arrival_s_);
  const double mean_s = model_.config.interarrival_mean_s;
  if (mean_s != 0) *next_arrival_s_ = -std::log(1.0 - arrivals_.random()) / (1.0 / mean_s) + *next_arrival_s_;
  return job;
}

void JobSource::look_at_trace() {
  if (model_.trace.empty()) return;
  next_arrival_s_.reset();
  if (next_in_trace_ < model_.trace.size()) next_arrival_s_ = model_.trace[next_in_trace_].arrival_s;
}

Job JobSource::generate(double arrival_s) {
  Job job;
  job.arrival_s = arrival_s;
  // Every draw that the published generator makes is made, in its order.
  const double r = jobs_.random();
  job.gpus = r < 0.7 ? 1 : r <= 0.8 ? 2 : r <= 0.95 ? 4 : 8;
  double duration_s;
  if (model_.config.jobs.fixed_duration_s) {
    duration_s = *model_.config.jobs.fixed_duration_s;
  } else {
    const double x = jobs_.random() >= 0.8 ? 3 + (4 - 3) * jobs_.random() : 1.5 + (3 - 1.5) * jobs_.random();
    duration_s = 60 * std::pow(10.0, x);
  }
  job.duration_s = duration_s;
  if (!model_.config.jobs.multi_gpu) job.gpus = 1;
  const auto& types = model_.table.job_types();
  std::size_t type;
  do type = jobs_.below(types.size());
  while (job.gpus != 1 && !types[type].distributed);
  job.rate_key = *model_.table.find_key(static_cast<int>(type), job.gpus);
  job.total_steps = duration_s * model_.table.alone(job.rate_key, *v100_);
  if (model_.config.jobs.multi_priority && jobs_.random() <= 0.2) job.priority = 5.0;
  if (model_.config.jobs.slos) {
    const double s = slos_.random();
    job.slo = s < 0.33 ? 1.2 : s < 0.67 ? 2.0 : 10.0;
  }
  if (const std::size_t entities = model_.config.entities.weights.size(); entities > 0)
    job.entity = static_cast<int>(entities_.stream("entity", made_).below(entities));
  ++made_;
  return job;
}

std::vector<Job> JobSource::fill_cluster() {
  std::vector<Job> jobs;
  for (const int gpus : model_.cluster.gpus)
    for (int wanted = 0; wanted < gpus; wanted += jobs.back().gpus) jobs.push_back(generate(0.0));
  return jobs;
}

}  // namespace windrow::training
