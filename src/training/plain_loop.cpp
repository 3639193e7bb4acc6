#include "training/plain_loop.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <set>

#include "training/job_source.hpp"
#include "training/rules.hpp"
#include "windrow/kernel/error.hpp"
#include "windrow/kernel/random.hpp"

namespace windrow::training {
namespace {

/// A job or pair and what is remembered of it, in order of insertion.
struct Entry {
  Combination id;
  PerType rate_first{}, rate_second{};  // steps per s; a pair's are those together
  int gpus = 1;
  PerType received_s{}, deficit_s{}, share{}, priority{};
  double attained_gpu_s = 0;
  bool allocated = false;  // was there at the last call of the policy

  bool runs_on(std::size_t w) const { return rate_first[w] > 0 && (!id.pair() || rate_second[w] > 0); }
};

struct Active {
  double steps_run = 0;
  int failures = 0;
};

struct Running {
  double finish_s;
  Combination id;
  std::size_t type;
  double steps_first, steps_second;
  double price_usd_per_h;  // of one GPU
};

class PlainLoop {
 public:
  PlainLoop(const Model& model, Ledger& ledger, const Observer& observer)
      : model_(model),
        config_(model.config),
        types_(model.cluster.types()),
        ledger_(ledger),
        observer_(observer),
        source_(model),
        shuffler_(config_.seed + 5),
        policy_(model.policy->make(config_)) {}

  Outcome run(const StopToken& stop) {
    if (config_.steady_state) {
      const std::vector<Job> first = source_.fill_cluster();
      ledger_.expect(first.size());
      for (const Job& job : first) admit(job);
    }
    for (;;) {
      if (ledger_.done()) break;
      if (stop.requested()) return Outcome::stopped;
      if (!model_.window) source_.look_at_trace();
      if (!source_.next_arrival_s() && running_.empty() && may_force_reset(model_)) reset_.force();
      advance_clock();
      complete();
      admit_arrivals();
      if (ledger_.saturated(now_s_)) {
        finish();
        return Outcome::saturated;
      }
      check_limits(config_, now_s_, ledger_.rounds);
      if (config_.ideal)
        run_ideal();
      else
        run_round();
    }
    finish();
    return Outcome::ok;
  }

 private:
  void finish() { ledger_.end_s = now_s_; }

  void advance_clock() {
    const double before_s = now_s_;
    if (!running_.empty()) {
      if (!model_.upstream)
        round_start_s_ = now_s_;
      else if (round_end_s_)
        round_start_s_ = *round_end_s_;
      now_s_ = std::max_element(running_.begin(), running_.end(), [](const Running& a, const Running& b) {
                 return a.finish_s < b.finish_s;
               })->finish_s;
      round_end_s_ = now_s_;
      return;
    }
    if (source_.next_arrival_s()) now_s_ = *source_.next_arrival_s();
    if (now_s_ == before_s && ledger_.rounds > 0 && !changed_) throw PointError(stuck_text(ledger_, now_s_));
  }

  void complete() {
    changed_ = !running_.empty();
    std::sort(running_.begin(), running_.end(), [](const Running& a, const Running& b) {
      return a.finish_s != b.finish_s ? a.finish_s > b.finish_s : a.id < b.id;
    });
    for (const Running& task : running_) complete(task);
    running_.clear();
  }

  void complete(const Running& task) {
    const double exec_s = config_.ideal ? ideal_span_s_ : task.finish_s - round_start_s_;
    std::vector<std::pair<JobId, double>> members = {{task.id.first, task.steps_first}};
    if (task.id.pair()) members.emplace_back(task.id.second, task.steps_second);
    // In ideal mode a job runs in several combinations at once, and may be done by an earlier one.
    std::erase_if(members, [this](const auto& member) { return !active_.contains(member.first); });
    if (members.empty()) return;
    bool failed = false;
    for (const auto& [id, steps] : members) {
      ledger_[id].finished_s = task.finish_s;
      failed = failed || micro_task_failed(model_, config_.ideal ? 1 : ledger_[id].job.gpus, steps, exec_s);
    }
    if (failed) {
      reset_.need();
      if (!task.id.pair() && ++active_.at(task.id.first).failures >= config_.max_failed_attempts)
        remove(task.id.first, JobRecord::State::dropped);
      return;
    }
    if (!task.id.pair()) active_.at(task.id.first).failures = 0;
    if (task.id.pair()) ledger_.note_pair(task.id.first, task.id.second);
    std::vector<JobId> finished;
    for (const auto& [id, steps] : members) {
      JobRecord& record = ledger_[id];
      if (config_.prices.charged) record.cost_usd += task.price_usd_per_h * exec_s / 3600.0 * record.job.gpus;
      Active& job = active_.at(id);
      job.steps_run += steps;
      if (record.job.total_steps - job.steps_run <= 0) finished.push_back(id);
    }
    if (!config_.ideal) {
      Entry& entry = *find(task.id);
      entry.received_s[task.type] += exec_s;
      worker_time_s_[task.type] += exec_s;
      for (const int gpu : assignment_.at(task.id).gpus) ledger_.gpu_busy_s[static_cast<std::size_t>(gpu)] += exec_s;
    }
    for (const JobId id : finished) remove(id, JobRecord::State::completed);
  }

  void admit_arrivals() {
    while (const std::optional<Job> job = source_.take(now_s_)) admit(*job);
  }

  void admit(const Job& job) {
    const JobId id = ledger_.admit(job, now_s_, [&] { return sum_of(ledger_.gpu_busy_s); });
    changed_ = true;
    if (ledger_.turn_away(id)) return;
    const JobRates& rates = model_.rates[static_cast<std::size_t>(job.rate_key)];
    Entry entry{.id = {id, -1}, .gpus = job.gpus};
    entry.rate_first = rates.steps_per_s;
    for (std::size_t w = 0; w < types_; ++w) entry.received_s[w] = model_.half_round_s();
    entries_.push_back(entry);
    if (model_.policy->traits.packs) {
      for (const auto& [other, _] : active_) {
        const Job& older = ledger_[other].job;
        if (older.gpus != job.gpus) continue;
        Entry pair{.id = {other, id}, .gpus = job.gpus};
        for (std::size_t w = 0; w < types_; ++w) {
          const auto& packed = model_.packed(older.rate_key, job.rate_key, w);
          pair.rate_first[w] = packed.first;
          pair.rate_second[w] = packed.second;
        }
        entries_.push_back(pair);
      }
    }
    active_[id] = {};
    reset_.need();
  }

  void remove(JobId id, JobRecord::State state) {
    ledger_.close(id, state);
    active_.erase(id);
    std::erase_if(entries_, [id](const Entry& entry) { return entry.id.has(id); });
    reset_.need();
  }

  void run_round() {
    update_priorities();
    const auto chosen = choose();
    std::map<Combination, Placed> next = place(chosen);
    ++ledger_.rounds;
    for (const auto& [id, _] : assignment_)
      ledger_.lease_opportunities += active_.contains(id.first) || (id.pair() && active_.contains(id.second)) ? 1 : 0;
    for (const auto& [id, placed] : next) {
      const auto before = assignment_.find(id);
      if (before == assignment_.end()) continue;
      const std::set<int> a(placed.gpus.begin(), placed.gpus.end());
      const std::set<int> b(before->second.gpus.begin(), before->second.gpus.end());
      ledger_.lease_extensions += a == b ? 1 : 0;
    }
    assignment_ = std::move(next);
    for (auto& [id, placed] : assignment_) start(placed);
    record_state();
    if (observer_.on_round) {
      std::vector<Placed> all;
      for (const auto& [_, placed] : assignment_) all.push_back(placed);
      observer_.on_round(now_s_, ledger_.active_jobs(), all);
    }
  }

  void start(Placed& placed) {
    const Entry& entry = *find(placed.id);
    const std::size_t w = placed.type;
    Running task{now_s_, placed.id, w, 0, 0, model_.price_usd_per_h[w]};
    const auto steps_of = [&](JobId id, double rate) {
      return std::min(std::trunc(rate * config_.round_length_s), remaining(id));
    };
    task.steps_first = steps_of(placed.id.first, entry.rate_first[w]);
    const double finish_first_s = now_s_ + task.steps_first / entry.rate_first[w];
    if (placed.id.pair()) {
      task.steps_second = steps_of(placed.id.second, entry.rate_second[w]);
      task.finish_s = std::max({now_s_, finish_first_s, now_s_ + task.steps_second / entry.rate_second[w]});
    } else {
      task.finish_s = finish_first_s;
    }
    placed.finish_s = task.finish_s;
    running_.push_back(task);
  }

  void record_state() {
    ClusterState state{.time_s = now_s_, .active_jobs = ledger_.active_jobs()};
    std::int64_t placed_jobs = 0;
    for (std::size_t w = 0; w < types_; ++w) state.idle_gpus[model_.type_in_spec[w]] = model_.cluster.gpus[w];
    for (const auto& [id, placed] : assignment_) {
      placed_jobs += id.pair() ? 2 : 1;
      state.idle_gpus[model_.type_in_spec[placed.type]] -= static_cast<std::int64_t>(placed.gpus.size());
    }
    state.queued_jobs = state.active_jobs - placed_jobs;
    ledger_.set_cluster_state(state);
  }

  double remaining(JobId id) const { return ledger_[id].job.total_steps - active_.at(id).steps_run; }

  void update_priorities() {
    if (reset_.due(now_s_)) reset();
    for (Entry& entry : entries_) {
      for (std::size_t w = 0; w < types_; ++w) {
        entry.priority[w] = 0;
        if (!entry.allocated || entry.share[w] == 0 || !entry.runs_on(w)) continue;
        entry.priority[w] = priority(entry.share[w], entry.received_s[w], worker_time_s_[w]);
      }
    }
  }

  void reset() {
    const double elapsed_s = now_s_ - reset_.last_s();
    worker_time_s_ = {};
    for (Entry& entry : entries_) {
      for (std::size_t w = 0; w < types_; ++w) {
        const double received_s = entry.received_s[w] - model_.half_round_s();
        const double should_s = entry.allocated ? entry.share[w] * elapsed_s : 0;
        entry.attained_gpu_s += received_s * entry.gpus;
        entry.deficit_s[w] += should_s - received_s;
        entry.received_s[w] = model_.half_round_s();
        worker_time_s_[w] += entry.received_s[w];
      }
    }
    call_policy();
    reset_.done(now_s_);
    changed_ = true;
  }

  void call_policy() {
    std::vector<JobView> views;
    std::map<JobId, std::size_t> index;
    for (const auto& [id, job] : active_) {
      index[id] = views.size();
      views.push_back(view_of(model_, ledger_[id], id, remaining(id), find({id, -1})->attained_gpu_s, now_s_));
    }
    Allocation allocation;
    allocation.reset(views.size());
    const PolicyInput input{model_.cluster, views, model_.packed, now_s_, model_.price_usd_per_h, ledger_.estimates()};
    policy_->allocate(input, allocation);
    ledger_.note_call(input, allocation, policy_->explanation());
    for (Entry& entry : entries_) {
      entry.allocated = true;
      entry.share = entry.id.pair() ? PerType{} : allocation[index.at(entry.id.first)];
    }
    for (const auto& pair : allocation.pairs()) find({views[pair.first].id, views[pair.second].id})->share = pair.share;
    if (observer_.on_allocation) {
      std::vector<std::pair<Combination, PerType>> shares;
      for (const Entry& entry : entries_)
        if (entry.share != PerType{}) shares.emplace_back(entry.id, entry.share);
      std::sort(shares.begin(), shares.end());
      observer_.on_allocation(now_s_, shares);
    }
  }

  struct Chosen {
    std::size_t entry;
    std::size_t type;
  };

  /// The order in which types are served in this step.
  std::vector<std::size_t> type_order() {
    std::vector<std::size_t> order(types_);
    std::iota(order.rbegin(), order.rend(), std::size_t{0});  // v100, p100, k80
    if (model_.policy->traits.shuffles_types) shuffler_.shuffle(order);
    return order;
  }

  std::vector<Chosen> choose() {
    type_order_ = type_order();
    std::vector<Chosen> queue;
    const auto better = [&](const Chosen& a, const Chosen& b) {
      const Entry &x = entries_[a.entry], &y = entries_[b.entry];
      return std::tuple(x.priority[a.type], x.deficit_s[a.type], x.share[a.type]) >
             std::tuple(y.priority[b.type], y.deficit_s[b.type], y.share[b.type]);
    };
    for (const std::size_t w : type_order_) {
      const auto first = static_cast<std::ptrdiff_t>(queue.size());
      for (std::size_t e = 0; e < entries_.size(); ++e) queue.push_back({e, w});
      if (!config_.global_queue) std::stable_sort(queue.begin() + first, queue.end(), better);
    }
    if (config_.global_queue) std::stable_sort(queue.begin(), queue.end(), better);

    std::vector<int> left = model_.cluster.gpus;
    std::set<JobId> taken;
    std::vector<Chosen> chosen;
    for (const Chosen& c : queue) {
      const Entry& entry = entries_[c.entry];
      if (left[c.type] <= 0 || entry.gpus > left[c.type] || !entry.runs_on(c.type)) continue;
      if (taken.contains(entry.id.first) || (entry.id.pair() && taken.contains(entry.id.second))) continue;
      if (model_.policy->traits.only_allocated && entry.priority[c.type] <= 0) continue;
      if (!model_.upstream && !entry.allocated) continue;  // D3: upstream reserves GPUs that it then leaves idle
      left[c.type] -= entry.gpus;
      taken.insert(entry.id.first);
      if (entry.id.pair()) taken.insert(entry.id.second);
      chosen.push_back(c);
    }
    return chosen;
  }

  std::map<Combination, Placed> place(const std::vector<Chosen>& chosen) {
    std::map<Combination, Placed> next;
    for (const std::size_t w : type_order_) {
      std::set<int> free;
      for (int g = 0; g < model_.cluster.gpus[w]; ++g) free.insert(model_.first_gpu[w] + g);
      std::map<int, std::vector<const Entry*>, std::greater<>> by_gpus;
      for (const Chosen& c : chosen)
        if (c.type == w) by_gpus[entries_[c.entry].gpus].push_back(&entries_[c.entry]);
      for (const auto& [gpus, entries] : by_gpus) {
        for (const Entry* entry : entries) {  // those who can stay stay
          const auto before = assignment_.find(entry->id);
          if (before == assignment_.end() || before->second.type != w) continue;
          const std::vector<int>& same = before->second.gpus;
          if (!std::all_of(same.begin(), same.end(), [&](int g) { return free.contains(g); })) continue;
          for (const int g : same) free.erase(g);
          next[entry->id] = {entry->id, w, same, 0};
        }
        for (const Entry* entry : entries) {
          if (!entry->allocated || next.contains(entry->id)) continue;
          Placed placed{entry->id, w, {}, 0};
          for (int k = 0; k < gpus; ++k) {
            WINDROW_CHECK(!free.empty(), "too few GPUs of type {}", model_.cluster.type_names[w]);
            placed.gpus.push_back(*free.begin());
            free.erase(free.begin());
          }
          next[entry->id] = std::move(placed);
        }
      }
    }
    return next;
  }

  /// Everything runs at once, as much as its share says, until the next arrival.
  void run_ideal() {
    if (reset_.due(now_s_)) reset();
    const double until_s = source_.next_arrival_s().value();
    ideal_span_s_ = until_s - now_s_;
    std::int64_t served = 0;
    for (Entry& entry : entries_) {
      if (!entry.allocated) continue;
      if (!model_.upstream && entry.share == PerType{}) continue;  // it waits: no failure
      Running task{until_s, entry.id, 0, 0, 0, 0};
      for (std::size_t w = 0; w < types_; ++w) {
        task.steps_first += std::trunc(entry.share[w] * ideal_span_s_ * entry.rate_first[w]);
        task.steps_second += std::trunc(entry.share[w] * ideal_span_s_ * entry.rate_second[w]);
        task.price_usd_per_h += entry.share[w] * model_.price_usd_per_h[w];
        entry.attained_gpu_s += entry.share[w] * ideal_span_s_ * entry.gpus;
      }
      served += entry.share != PerType{} ? (entry.id.pair() ? 2 : 1) : 0;
      running_.push_back(task);
    }
    ClusterState state{.time_s = now_s_, .active_jobs = ledger_.active_jobs()};
    state.queued_jobs = state.active_jobs - served;
    for (std::size_t w = 0; w < types_; ++w) state.idle_gpus[model_.type_in_spec[w]] = model_.cluster.gpus[w];
    ledger_.set_cluster_state(state);
  }

  Entry* find(const Combination& id) {
    const auto entry = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& e) { return e.id == id; });
    WINDROW_CHECK(entry != entries_.end(), "no entry of job {}", id.first);
    return &*entry;
  }

  const Model& model_;
  const TrainingConfig& config_;
  std::size_t types_;
  Ledger& ledger_;
  const Observer& observer_;
  JobSource source_;
  PythonRandom shuffler_;
  std::unique_ptr<Policy> policy_;

  double now_s_ = 0, round_start_s_ = 0, ideal_span_s_ = 0;
  std::optional<double> round_end_s_;
  Resets reset_{model_};
  PerType worker_time_s_{};
  std::map<JobId, Active> active_;
  std::vector<Entry> entries_;  // in order of insertion
  std::vector<std::size_t> type_order_;
  std::map<Combination, Placed> assignment_;
  std::vector<Running> running_;
  bool changed_ = false;  // something happened since the last step but one: the run is not stuck
};

}  // namespace

Outcome run_plain(const Model& model, Ledger& ledger, const StopToken& stop, const Observer& observer) {
  return PlainLoop(model, ledger, observer).run(stop);
}

}  // namespace windrow::training
