#include "training/ledger.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "windrow/kernel/error.hpp"

namespace windrow::training {

namespace {

// Two signs of a queue without bound (docs/training-simulator.md). The figures were chosen over runs of all policies on
// 36:36:36, seeds 0 to 4; the rates up to which neither fires are listed there.
// First sign: far beyond the fluctuations of a stable queue, and growing.
constexpr double kBacklogPerGpu = 3.0;
constexpr std::int64_t kBacklogGpus = 200;
constexpr double kGrowth = 1.5;
// Second sign: shorter, but grown along a straight line ever since the beginning.
constexpr std::int64_t kSteadyGpus = 100;
constexpr std::size_t kSteadyJobs = 1000, kSteadyParts = 8;
constexpr double kSteadyTolerance = 0.1;

std::int64_t jobs_to_complete(const Model& model) {
  if (model.window) return (*model.window)[1] - (*model.window)[0];
  if (!model.trace.empty()) return static_cast<std::int64_t>(model.trace.size());
  return model.config.generated_count().value_or(0);
}

}  // namespace

Ledger::Ledger(const Model& model, bool keep_series)
    : gpu_busy_s(static_cast<std::size_t>(model.cluster.total_gpus())),
      model_(model),
      keep_series_(keep_series),
      left_(jobs_to_complete(model)),
      total_gpus_(model.cluster.total_gpus()) {
  if (model.config.estimation.on() && model.policy->traits.packs) estimator_.emplace(model);
}

void Ledger::open_window(const Job& job, double now_s, double busy_s) {
  window = Window{model_.trace.empty() ? job.arrival_s : now_s, now_s, busy_s};
}

void Ledger::enter(const Job& job, double now_s) {
  JobRecord record{.job = job};
  // Upstream knows deadlines only where prices are charged.
  if (job.slo && (model_.config.prices.charged || !model_.upstream))
    record.deadline_s = *job.slo * model_.duration_s(job) + now_s;
  if (estimator_) record.reference = estimator_->match(job.rate_key);
  jobs_.push_back(record);
  ++active_jobs_;
  wanted_gpus_ += job.gpus;
  wanted_history_.push_back(static_cast<std::int32_t>(wanted_gpus_));
}

void Ledger::close(JobId id, JobRecord::State state) {
  JobRecord& record = (*this)[id];
  WINDROW_CHECK(record.state == JobRecord::State::active, "job {} ends twice", id);
  record.state = state;
  --active_jobs_;
  wanted_gpus_ -= record.job.gpus;
  if (in_window(id)) --left_;
}

bool Ledger::turn_away(JobId id) {
  if (model_.can_run((*this)[id].job.rate_key)) return false;
  ++jobs_turned_away;
  close(id, JobRecord::State::dropped);
  return true;
}

void Ledger::note_call(const PolicyInput& input, const Allocation& allocation, const Explanation* explanation) {
  ++calls.all;
  if (keep_levels) note_levels(input, allocation, explanation);
  if (explanation == nullptr) return;
  calls.solver_rounds += explanation->rounds;
  calls.fallbacks += explanation->fell_back ? 1 : 0;
  calls.failures += explanation->failed ? 1 : 0;
  calls.deadlines_dropped += explanation->floors_dropped ? 1 : 0;
}

void Ledger::note_levels(const PolicyInput& input, const Allocation& allocation, const Explanation* explanation) {
  const bool levelled = explanation != nullptr && !explanation->levels.empty();
  const std::size_t first = levels.size(), types = input.cluster.types();
  std::vector<double> rates(input.jobs.size());
  for (std::size_t j = 0; j < input.jobs.size(); ++j) {
    levels.push_back({input.now_s, input.jobs[j].id,
                      levelled ? explanation->levels[j] : std::numeric_limits<double>::quiet_NaN(), 0, allocation[j]});
    for (std::size_t w = 0; w < types; ++w) rates[j] += allocation[j][w] * input.jobs[j].steps_per_s[w];
  }
  for (const Allocation::Pair& pair : allocation.pairs()) {
    for (std::size_t w = 0; w < types; ++w) {
      const auto together = input.packed(input.jobs[pair.first].rate_key, input.jobs[pair.second].rate_key, w);
      levels[first + pair.first].share[w] += pair.share[w];
      levels[first + pair.second].share[w] += pair.share[w];
      rates[pair.first] += pair.share[w] * together.first;
      rates[pair.second] += pair.share[w] * together.second;
    }
  }
  const double gpus = input.cluster.total_gpus();
  for (std::size_t j = 0; j < input.jobs.size(); ++j) {
    double everywhere = 0;
    for (std::size_t w = 0; w < types; ++w)
      everywhere += input.jobs[j].steps_per_s[w] * static_cast<double>(input.cluster.gpus[w]) / gpus;
    levels[first + j].throughput = rates[j] / everywhere;
  }
}

bool Ledger::saturated(double now_s) {
  if (!model_.config.saturation || !model_.endless() || wanted_history_.empty()) return false;
  const std::int32_t half_way = wanted_history_[wanted_history_.size() / 2];
  const bool long_and_growing =
      static_cast<double>(wanted_gpus_) >= kBacklogPerGpu * static_cast<double>(total_gpus_) + kBacklogGpus &&
      static_cast<double>(wanted_gpus_) >= kGrowth * static_cast<double>(half_way);
  if (!long_and_growing && !grown_steadily()) return false;
  saturation = fmt::format(
      "the queue grows without bound: after {} jobs in {:.1f} h, {} of them are active and want {} GPUs of {}, "
      "against {} GPUs when half as many jobs had come",
      jobs_.size(), now_s / 3600.0, active_jobs_, wanted_gpus_, total_gpus_, half_way);
  return true;
}

bool Ledger::grown_steadily() const {
  const std::size_t admitted = wanted_history_.size();
  const auto backlog = static_cast<double>(wanted_gpus_ - total_gpus_);
  if (admitted < kSteadyJobs || backlog < static_cast<double>(std::max(total_gpus_, kSteadyGpus))) return false;
  for (std::size_t k = 1; k < kSteadyParts; ++k) {
    const std::int64_t wanted = wanted_history_[admitted * k / kSteadyParts];
    const double part = static_cast<double>(std::max<std::int64_t>(0, wanted - total_gpus_)) / backlog;
    if (std::abs(part - static_cast<double>(k) / static_cast<double>(kSteadyParts)) > kSteadyTolerance) return false;
  }
  return true;
}

void Ledger::set_cluster_state(const ClusterState& state) {
  queue.set(state.time_s, static_cast<double>(state.queued_jobs));
  if (keep_series_ && (series.empty() || !series.back().same_as(state))) series.push_back(state);
}

}  // namespace windrow::training
