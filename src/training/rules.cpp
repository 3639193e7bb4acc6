#include "training/rules.hpp"

#include "windrow/kernel/error.hpp"
#include "windrow/kernel/text.hpp"

namespace windrow::training {

JobView view_of(const Model& model, const JobRecord& record, JobId id, double steps_left, double attained_gpu_s,
                double now_s) {
  JobView view;
  view.id = id;
  view.rate_key = record.job.rate_key;
  view.gpus = record.job.gpus;
  view.weight = record.job.priority;
  view.steps_left = steps_left;
  view.age_s = now_s - record.job.arrival_s;
  view.steps_per_s = model.rates[static_cast<std::size_t>(record.job.rate_key)].steps_per_s;
  view.v100_steps_per_s = model.rates[static_cast<std::size_t>(record.job.rate_key)].v100_steps_per_s;
  view.deadline_left_s = record.deadline_s - now_s;
  if (!model.policy->traits.packs) view.attained_gpu_s = attained_gpu_s;
  view.entity = record.job.entity;
  view.reference = record.reference;
  return view;
}

void check_limits(const TrainingConfig& config, double now_s, std::int64_t rounds) {
  if (config.limits.simulated_s && now_s > *config.limits.simulated_s)
    throw PointError(fmt::format("not done at limits.simulated_s = {} s", to_text(*config.limits.simulated_s)));
  if (config.limits.rounds && rounds >= *config.limits.rounds)
    throw PointError(fmt::format("not done after limits.rounds = {} rounds", *config.limits.rounds));
}

std::string stuck_text(const Ledger& ledger, double now_s) {
  std::string jobs;
  int shown = 0;
  for (std::size_t id = 0; id < ledger.jobs().size(); ++id) {
    const JobRecord& record = ledger.jobs()[id];
    if (record.state != JobRecord::State::active || shown == 3) continue;
    jobs += fmt::format("{}job {} on {} GPUs", shown++ == 0 ? "" : ", ", id, record.job.gpus);
  }
  return fmt::format("nothing runs at {} s and no job will arrive, but {} wait ({}{})", to_text(now_s),
                     ledger.active_jobs(), jobs, ledger.active_jobs() > shown ? ", ..." : "");
}

}  // namespace windrow::training
