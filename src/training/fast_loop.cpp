// How it differs from the plain loop, each difference exact:
//
// - Quiet spans. If on every type all combinations with a share there fit, the choice does not depend on the
// priorities,
//   which change in each round, but only on deficits, which change at resets. Then the following rounds repeat this one
//   until a job arrives, a reset is due or a micro-task is shorter. They are run by a loop that adds up times, round by
//   round (a product would have other last digits), and does nothing else. Types that are shuffled are shuffled in it.
// - Priorities are computed where they decide something: on a type with too few GPUs, and among those who get new GPUs.
// - Pairs of jobs come into being when a policy names them or when they run. All others have the same state: no share,
//   and a deficit of half a round from the first reset they see. They are found when GPUs are left for them, in order
//   of insertion. Of all pairs only those can be reached whose members both have no share on the type: a job with a
//   share is tried, alone, before any pair without; so is a job that has come since the last reset before its pairs.
#include "training/fast_loop.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <span>

#include "training/job_source.hpp"
#include "training/lazy_order.hpp"
#include "training/plain_loop.hpp"
#include "training/rules.hpp"
#include "windrow/kernel/error.hpp"
#include "windrow/kernel/random.hpp"

namespace windrow::training {
namespace {

using Index = std::int32_t;  // of a combination
constexpr Index kNone = -1;

/// Place in the order in which the plain loop inserts: a job, then its pairs with the older ones.
constexpr std::uint64_t insertion_order(JobId first, JobId second) {
  return second < 0 ? static_cast<std::uint64_t>(first) << 32
                    : static_cast<std::uint64_t>(second) << 32 | static_cast<std::uint64_t>(first + 1);
}

/// An active job, or a pair that has been named or has run. What each step looks at comes first.
struct alignas(64) Combo {
  Index first = kNone, second = kNone;  // its jobs; a single's own index and kNone
  std::int32_t gpus = 1;
  std::uint8_t runs_on = 0;    // bit per type
  std::int32_t type = -1;      // where it runs in this round
  bool allocated = false;      // existed at the last call of the policy
  bool gone = false;           // one of its jobs has ended; its place is used again from the next step on
  std::int64_t taken_at = -1;  // single: step in which it was last chosen, by itself or in a pair
  std::int64_t mark = 0;       // single: to tell membership of some set, by a number of its own
  PerType share{};
  std::uint64_t order = 0;

  PerType received_s{}, deficit_s{};
  std::int64_t placed_at = -1;  // step in which it was last given GPUs
  PerType seen_s{-1, -1, -1};   // received_s when last sorted

  PerType round_s{};                                       // length of a full micro-task
  PerType round_first{}, round_second{};                   // its steps
  PerType rate_first{}, rate_second{};                     // steps per s
  double finish_s = 0, steps_first = 0, steps_second = 0;  // of its present micro-task

  // Singles only.
  JobId id = 0;
  double total_steps = 0, steps_run = 0;
  int failures = 0;
  int rate_key = 0;
  double attained_gpu_s = 0;
  Index next = kNone;        // in its bucket
  std::vector<Index> pairs;  // it is in

  bool pair() const { return second != kNone; }
  bool runs(std::size_t w) const { return (runs_on >> w & 1) != 0; }
};

/// A place in the queue of a type.
struct Key {
  double priority, deficit_s;
  Index combo;
  std::int32_t gpus;
};

/// A place in the queue of those without a share: between two resets, nothing changes it.
struct Waiting {
  double deficit_s;
  std::uint64_t order;
  Index combo;

  bool operator<(const Waiting& other) const {
    return deficit_s != other.deficit_s ? deficit_s > other.deficit_s : order < other.order;
  }
};

/// A micro-task under way.
struct Task {
  double finish_s;
  Index combo;
};

/// Memory for so many values, whose content need not last.
template <class T>
class Scratch {
 public:
  T* at_least(std::size_t count) {
    if (values_.size() < count) values_.resize(2 * count);
    return values_.data();
  }

 private:
  std::vector<T> values_;
};

/// The GPUs of one type that have been given away in this step.
class UsedGpus {
 public:
  void reset(int gpus) {
    words_.assign(static_cast<std::size_t>(gpus + 63) / 64, 0);
    if (gpus % 64 != 0) words_.back() = ~std::uint64_t{0} << gpus % 64;
    first_ = 0;
  }
  bool used(int gpu) const { return (words_[static_cast<std::size_t>(gpu) / 64] >> gpu % 64 & 1) != 0; }
  void use(int gpu) { words_[static_cast<std::size_t>(gpu) / 64] |= std::uint64_t{1} << gpu % 64; }
  /// The lowest that is free, now used; -1 if there is none.
  int take() {
    while (first_ < words_.size() && words_[first_] == ~std::uint64_t{0}) ++first_;
    if (first_ == words_.size()) return -1;
    const int gpu = static_cast<int>(first_) * 64 + std::countr_one(words_[first_]);
    use(gpu);
    return gpu;
  }

 private:
  std::vector<std::uint64_t> words_;
  std::size_t first_ = 0;  // no word before it has a free one
};

class FastLoop {
 public:
  FastLoop(const Model& model, Ledger& ledger)
      : model_(model),
        config_(model.config),
        traits_(model.policy->traits),
        types_(model.cluster.types()),
        half_round_s_(model.half_round_s()),
        ledger_(ledger),
        source_(model),
        shuffler_(config_.seed + 5),
        policy_(model.policy->make(config_)) {
    for (const JobRates& rates : model.rates) max_gpus_ = std::max(max_gpus_, rates.gpus);
    buckets_.assign(model.rates.size(), kNone);
    bucket_words_.assign((model.rates.size() + 63) / 64, 0);
  }

  Outcome run(const StopToken& stop) {
    if (config_.steady_state) {
      const std::vector<Job> first = source_.fill_cluster();
      ledger_.expect(first.size());
      for (const Job& job : first) admit(job);
    }
    for (bool completed = false;;) {
      if (!completed) {
        if (ledger_.done()) break;
        if (stop.requested()) return Outcome::stopped;
        if (!model_.window) source_.look_at_trace();
        if (!source_.next_arrival_s() && placed_.empty() && may_force_reset(model_)) reset_.force();
        advance_clock();
        complete_round();
      }
      while (const std::optional<Job> job = source_.take(now_s_)) admit(*job);
      if (ledger_.saturated(now_s_)) {
        ledger_.end_s = now_s_;
        return Outcome::saturated;
      }
      check_limits(config_, now_s_, ledger_.rounds);
      schedule();
      completed = quiet_ && !ledger_.done() && run_span(stop);
    }
    ledger_.end_s = now_s_;
    return Outcome::ok;
  }

 private:
  struct PairOfJobs {
    Index combo, first, second;
    std::uint32_t runs_on;
  };
  struct Behind {
    double share = 0;
    Index combo = kNone;
  };
  struct TypeQueue {
    std::vector<Index> sharing;  // combinations with a share on the type that run there, in the order last found
    std::vector<Behind> behind;  // others, with smaller shares, that have not come up since the last reset
    double most_behind = 0;      // no share there is larger
    int least_gpus_behind = 0;   // nor number of GPUs smaller
    std::vector<Index> idle;     // jobs without a share, by id
    LazyOrder<Waiting> waiting;  // these, and the pairs of two of them that were told apart
    bool listed = false;         // whether `waiting` is, since the last reset
    int least_gpus_waiting = 0;  // no number of GPUs is smaller there

    template <class Gone>
    void erase(Gone gone) {
      std::erase_if(sharing, gone);
      std::erase_if(behind, [&](const Behind& one) { return gone(one.combo); });
      waiting.erase_if([&](const Waiting& one) { return gone(one.combo); });
    }
  };

  Combo& at(Index c) { return combos_[static_cast<std::size_t>(c)]; }
  const Combo& at(Index c) const { return combos_[static_cast<std::size_t>(c)]; }
  std::int32_t* gpus_of(Index c) {
    return &gpu_ids_[static_cast<std::size_t>(c) * static_cast<std::size_t>(max_gpus_)];
  }

  // Time and completions

  void advance_clock() {
    const double before_s = now_s_;
    if (!placed_.empty()) {
      round_start_s_ = start_of_round();
      now_s_ = end_of_round();
      round_end_s_ = now_s_;
      return;
    }
    if (source_.next_arrival_s()) now_s_ = *source_.next_arrival_s();
    if (now_s_ == before_s && ledger_.rounds > 0 && !changed_) throw PointError(stuck_text(ledger_, now_s_));
  }

  /// From when the execution times of the present round count (D1).
  double start_of_round() const { return !model_.upstream ? now_s_ : round_end_s_ ? *round_end_s_ : round_start_s_; }

  double end_of_round() const {
    double end_s = 0;
    for (std::size_t w = 0; w < types_; ++w)
      if (!running_[w].empty()) end_s = std::max(end_s, running_[w].front().finish_s);
    return end_s;
  }

  /// Ends all micro-tasks of the round.
  void complete_round() {
    changed_ = !placed_.empty();
    leases_open_ = 0;
    for (std::size_t w = 0; w < types_; ++w) {
      for (const Task& task : running_[w]) complete(task.combo, w);
      running_[w].clear();
    }
    // Some have gone in the meantime, and their places may not be looked at any more.
    std::erase_if(placed_, [this](Index c) { return at(c).type < 0; });
  }

  void complete(Index c, std::size_t w) {
    Combo& combo = at(c);
    const double exec_s = combo.finish_s - round_start_s_;
    bool failed = micro_task_failed(model_, combo.gpus, combo.steps_first, exec_s);
    if (combo.pair()) failed = failed || micro_task_failed(model_, combo.gpus, combo.steps_second, exec_s);
    if (failed) {
      reset_.need();
      if (!combo.pair() && ++combo.failures >= config_.max_failed_attempts)
        remove(combo.first, JobRecord::State::dropped);
      else
        ++leases_open_;
      return;
    }
    combo.received_s[w] += exec_s;
    worker_time_s_[w] += exec_s;
    const std::int32_t* const gpus = gpus_of(c);
    for (int k = 0; k < combo.gpus; ++k) ledger_.gpu_busy_s[static_cast<std::size_t>(gpus[k])] += exec_s;
    if (combo.pair()) ledger_.note_pair(at(combo.first).id, at(combo.second).id);
    const bool first_done = advance(combo.first, combo.steps_first, exec_s, w);
    const double finish_s = combo.finish_s;  // the combination may go with its first job
    if (!combo.pair()) {
      combo.failures = 0;
      first_done ? finish(combo.first, finish_s) : void(++leases_open_);
      return;
    }
    const Index first = combo.first, second = combo.second;
    const bool second_done = advance(second, combo.steps_second, exec_s, w);
    if (first_done) finish(first, finish_s);
    if (second_done) finish(second, finish_s);
    if (!first_done || !second_done) ++leases_open_;
  }

  /// Credits steps to a job; whether it is done.
  bool advance(Index job, double steps, double exec_s, std::size_t w) {
    Combo& single = at(job);
    if (config_.prices.charged) charge(single, exec_s, w);
    single.steps_run += steps;
    return single.total_steps - single.steps_run <= 0;
  }

  void charge(const Combo& single, double exec_s, std::size_t w) {
    ledger_[single.id].cost_usd += model_.price_usd_per_h[w] * exec_s / 3600.0 * single.gpus;
  }

  void finish(Index job, double finish_s) {
    ledger_[at(job).id].finished_s = finish_s;
    remove(job, JobRecord::State::completed);
  }

  // Jobs come and go

  void admit(const Job& job) {
    const JobId id = ledger_.admit(job, now_s_, [this] { return sum_of(ledger_.gpu_busy_s); });
    changed_ = true;
    if (ledger_.turn_away(id)) return;
    const Index c = make_combo(insertion_order(id, -1), job.gpus);
    Combo& combo = at(c);
    const JobRates& rates = model_.rates[static_cast<std::size_t>(job.rate_key)];
    combo.first = c;
    combo.id = id;
    combo.rate_key = job.rate_key;
    combo.total_steps = job.total_steps;
    combo.rate_first = rates.steps_per_s;
    combo.round_first = rates.round_steps;
    combo.round_s = rates.round_s;
    for (std::size_t w = 0; w < types_; ++w) {
      combo.received_s[w] = half_round_s_;
      if (rates.steps_per_s[w] > 0) combo.runs_on = static_cast<std::uint8_t>(combo.runs_on | 1u << w);
    }
    singles_.push_back(c);
    newcomers_.push_back(c);
    reset_.need();
  }

  Index make_combo(std::uint64_t order, int gpus) {
    Index c;
    if (free_.empty()) {
      c = static_cast<Index>(combos_.size());
      combos_.emplace_back();
      gpu_ids_.resize(combos_.size() * static_cast<std::size_t>(max_gpus_));
    } else {
      c = free_.back();
      free_.pop_back();
      std::vector<Index> pairs = std::move(at(c).pairs);  // keeps its memory
      pairs.clear();
      at(c) = Combo{};
      at(c).pairs = std::move(pairs);
    }
    at(c).order = order;
    at(c).gpus = gpus;
    return c;
  }

  void remove(Index job, JobRecord::State state) {
    ledger_.close(at(job).id, state);
    if (!at(job).allocated) std::erase(newcomers_, job);
    remove_pairs_of(job);
    singles_.erase(std::find(singles_.begin(), singles_.end(), job));
    forget(job);
    reset_.need();
  }

  /// All at once: a job may be in as many pairs as there are jobs, and the lists below hold those of all jobs.
  void remove_pairs_of(Index job) {
    if (at(job).pairs.empty()) return;
    for (const Index pair : at(job).pairs) {
      const Index other = at(pair).first == job ? at(pair).second : at(pair).first;
      std::erase(at(other).pairs, pair);
      at(pair).type = -1;
      at(pair).gone = true;
      gone_.push_back(pair);
    }
    at(job).pairs.clear();
    const auto gone = [this](Index c) { return at(c).gone; };
    std::erase_if(pairs_, [&](const PairOfJobs& pair) { return gone(pair.combo); });
    std::erase_if(sharing_pairs_, gone);
    for (TypeQueue& queue : queues_) queue.erase(gone);
  }

  void forget(Index c) {
    for (std::size_t w = 0; w < types_; ++w) {
      if (!at(c).runs(w)) continue;
      queues_[w].erase([c](Index other) { return other == c; });
      std::erase(queues_[w].idle, c);
    }
    at(c).type = -1;
    gone_.push_back(c);  // its place is used again from the next step on
  }

  /// By the other job; or takes them away again.
  void list_pairs_of(Index job, bool there) {
    for (const Index pair : at(job).pairs)
      pair_with_[static_cast<std::size_t>(at(pair).first == job ? at(pair).second : at(pair).first)] =
          there ? pair : kNone;
  }

  /// A pair that has existed at a reset, but was not told apart from the others until now.
  Index make_pair(Index a, Index b) {
    if (at(a).id > at(b).id) std::swap(a, b);
    const Index c = make_combo(insertion_order(at(a).id, at(b).id), at(a).gpus);
    Combo& pair = at(c);
    pair.first = a;
    pair.second = b;
    pair.allocated = true;
    for (std::size_t w = 0; w < types_; ++w) {
      const auto& packed = packed_rates(a, b, w);
      pair.received_s[w] = pair.deficit_s[w] = half_round_s_;
      pair.rate_first[w] = packed.first;
      pair.rate_second[w] = packed.second;
      if (!(packed.first > 0 && packed.second > 0)) continue;
      pair.runs_on = static_cast<std::uint8_t>(pair.runs_on | 1u << w);
      pair.round_first[w] = std::trunc(packed.first * config_.round_length_s);
      pair.round_second[w] = std::trunc(packed.second * config_.round_length_s);
      pair.round_s[w] = std::max(pair.round_first[w] / packed.first, pair.round_second[w] / packed.second);
    }
    at(a).pairs.push_back(c);
    at(b).pairs.push_back(c);
    pairs_.push_back({c, a, b, at(c).runs_on});
    return c;
  }

  PackedRates::Pair packed_rates(Index a, Index b, std::size_t w) const {
    return model_.packed(at(a).rate_key, at(b).rate_key, w);
  }

  // Resets

  void reset() {
    const double elapsed_s = now_s_ - reset_.last_s();
    for (const Index c : singles_) settle(at(c), elapsed_s);
    for (const PairOfJobs& pair : pairs_) settle(at(pair.combo), elapsed_s);
    const double worker_time_s = half_rounds(count_combinations());
    for (std::size_t w = 0; w < types_; ++w) worker_time_s_[w] = worker_time_s;
    call_policy();
    reset_.done(now_s_);
    changed_ = true;
  }

  void settle(Combo& combo, double elapsed_s) const {
    for (std::size_t w = 0; w < types_; ++w) {
      const double should_s = combo.allocated ? combo.share[w] * elapsed_s : 0;
      combo.attained_gpu_s += (combo.received_s[w] - half_round_s_) * combo.gpus;
      combo.deficit_s[w] += should_s - (combo.received_s[w] - half_round_s_);
      combo.received_s[w] = half_round_s_;
    }
  }

  /// All jobs, and all pairs of jobs with equal numbers of GPUs if the policy packs.
  std::int64_t count_combinations() {
    auto count = static_cast<std::int64_t>(singles_.size());
    if (!traits_.packs) return count;
    by_gpus_.assign(static_cast<std::size_t>(max_gpus_) + 1, 0);
    for (const Index c : singles_) count += by_gpus_[static_cast<std::size_t>(at(c).gpus)]++;
    return count;
  }

  /// Half a round added up so many times, as the plain loop does: a product where that is exact.
  double half_rounds(std::int64_t count) const {
    constexpr double kShort = 1 << 22;  // a multiple of 1/1024 s below an hour or so, in units of it
    const double units = half_round_s_ * 1024;
    if (units == std::trunc(units) && units < kShort && count < (std::int64_t{1} << 30))
      return half_round_s_ * static_cast<double>(count);
    double sum = 0;
    for (std::int64_t i = 0; i < count; ++i) sum += half_round_s_;
    return sum;
  }

  void call_policy() {
    views_.clear();
    for (const Index c : singles_) {
      const Combo& job = at(c);
      views_.push_back(
          view_of(model_, ledger_[job.id], job.id, job.total_steps - job.steps_run, job.attained_gpu_s, now_s_));
    }
    allocation_.reset(views_.size());
    const PolicyInput input{model_.cluster, views_, model_.packed, now_s_, model_.price_usd_per_h, ledger_.estimates()};
    policy_->allocate(input, allocation_);
    ledger_.note_call(input, allocation_, policy_->explanation());
    for (std::size_t j = 0; j < singles_.size(); ++j) {
      at(singles_[j]).allocated = true;
      at(singles_[j]).share = allocation_[j];
    }
    for (const Index c : sharing_pairs_) at(c).share = {};
    sharing_pairs_.clear();
    pair_with_.assign(combos_.size(), kNone);
    Index listed = kNone;  // a policy names a job's pairs one after the other
    for (const auto& pair : allocation_.pairs()) {
      const Index a = singles_[pair.first], b = singles_[pair.second];
      if (a != listed) {
        if (listed != kNone) list_pairs_of(listed, false);
        list_pairs_of(listed = a, true);
      }
      Index c = pair_with_[static_cast<std::size_t>(b)];
      if (c == kNone) c = make_pair(a, b);
      at(c).share = pair.share;
      sharing_pairs_.push_back(c);
    }
    if (listed != kNone) list_pairs_of(listed, false);
    look_at_shares();
  }

  /// What the choice can rely on until the next call.
  void look_at_shares() {
    one_type_each_ = disjoint_ = true;
    newcomers_.clear();
    for (TypeQueue& queue : queues_) {
      queue.sharing.clear();
      queue.behind.clear();
      queue.idle.clear();
      queue.waiting.clear();
      queue.listed = false;
    }
    for (const Index c : singles_) look_at_shares(c);
    for (const Index c : sharing_pairs_) look_at_shares(c);
    ++marks_;
    for (const Index c : sharing_pairs_) {
      for (const Index job : {at(c).first, at(c).second}) {
        disjoint_ = disjoint_ && at(job).mark != marks_ && at(job).share == PerType{};
        at(job).mark = marks_;
      }
    }
    if (!disjoint_)
      for (std::size_t w = 0; w < types_; ++w) put_behind(w);
  }

  /// Of many combinations few come up: only those with the largest shares are ordered at first.
  void put_behind(std::size_t w) {
    TypeQueue& queue = queues_[w];
    const std::size_t enough = 8 + 2 * static_cast<std::size_t>(model_.cluster.gpus[w]);
    if (queue.sharing.size() <= 2 * enough) return;
    queue.least_gpus_behind = std::numeric_limits<int>::max();
    for (const Index c : queue.sharing) {
      queue.behind.push_back({at(c).share[w], c});
      queue.least_gpus_behind = std::min(queue.least_gpus_behind, at(c).gpus);
    }
    queue.sharing.clear();
    bring_ahead(queue, enough);
  }

  /// Those with the next largest shares. They are put last, from where they are taken.
  static void bring_ahead(TypeQueue& queue, std::size_t count) {
    auto& behind = queue.behind;
    const std::size_t rest = behind.size() - std::min(count, behind.size());
    if (rest > 0) {
      const auto largest = behind.begin() + static_cast<std::ptrdiff_t>(rest - 1);
      std::nth_element(behind.begin(), largest, behind.end(),
                       [](const Behind& a, const Behind& b) { return a.share < b.share; });
      queue.most_behind = largest->share;
    }
    for (std::size_t k = rest; k < behind.size(); ++k) queue.sharing.push_back(behind[k].combo);
    behind.resize(rest);
  }

  void look_at_shares(Index c) {
    const Combo& combo = at(c);
    int types = 0;
    for (std::size_t w = 0; w < types_; ++w) {
      const bool shares = combo.share[w] != 0;
      types += shares ? 1 : 0;
      if (!combo.runs(w)) continue;
      if (shares)
        queues_[w].sharing.push_back(c);
      else if (!combo.pair() && !traits_.only_allocated)
        queues_[w].idle.push_back(c);
    }
    one_type_each_ = one_type_each_ && types <= 1;
  }

  // One scheduling step

  void schedule() {
    if (reset_.due(now_s_)) reset();
    free_.insert(free_.end(), gone_.begin(), gone_.end());
    gone_.clear();
    ++step_;
    quiet_ = disjoint_;
    next_placed_.clear();
    // Where each combination has one type only, and no other runs, the order of the types decides nothing.
    order_matters_ = traits_.shuffles_types && !(traits_.only_allocated && one_type_each_);
    if (order_matters_)
      take_order();
    else if (traits_.shuffles_types)
      ++shuffles_behind_;
    types_used_ = 0;
    std::int64_t extensions = 0;
    if (config_.global_queue) {
      choose_globally();
      for (std::size_t w = 0; w < types_; ++w) extensions += place(w);
    } else {
      for (std::size_t k = 0; k < types_; ++k) {
        const std::size_t w = order_[k];
        chosen_[w].clear();
        if (choose(w)) types_used_ = k + 1;
        extensions += place(w);
      }
    }
    for (const Index c : placed_)
      if (at(c).placed_at != step_) at(c).type = -1;
    placed_.swap(next_placed_);
    ++ledger_.rounds;
    ledger_.lease_opportunities += leases_open_;
    ledger_.lease_extensions += extensions;
    record_state();
  }

  void take_order() {
    if (order_drawn_) {
      order_drawn_ = false;
      return;
    }
    draw_order();
  }

  void draw_order() {
    for (; shuffles_behind_ > 0; --shuffles_behind_) {
      std::array<std::size_t, kMaxGpuTypes> unused{};
      shuffle(unused);
    }
    reset_order();
    shuffle(order_);
  }

  void reset_order() {
    for (std::size_t k = 0; k < types_; ++k) order_[k] = types_ - 1 - k;  // v100, p100, k80
  }

  void shuffle(std::array<std::size_t, kMaxGpuTypes>& order) {
    for (std::size_t i = types_; i > 1; --i) std::swap(order[i - 1], order[shuffler_.below(i)]);
  }

  bool taken(const Combo& combo) const {
    return at(combo.first).taken_at == step_ || (combo.pair() && at(combo.second).taken_at == step_);
  }

  void take(Index c, std::size_t w) {
    const Combo& combo = at(c);
    at(combo.first).taken_at = step_;
    if (combo.pair()) at(combo.second).taken_at = step_;
    if (combo.allocated) chosen_[w].push_back(c);  // otherwise the GPUs stay idle: D3
  }

  Key key_of(Index c, std::size_t w) const {
    const Combo& combo = at(c);
    const bool shares = combo.allocated && combo.share[w] != 0;
    const double p = shares ? priority(combo.share[w], combo.received_s[w], worker_time_s_[w]) : 0;
    return {p, combo.deficit_s[w], c, combo.gpus};
  }

  /// The order of the queue of a type.
  auto before(std::size_t w) const {
    return [this, w](const Key& a, const Key& b) {
      if (a.priority != b.priority) return a.priority > b.priority;
      if (a.deficit_s != b.deficit_s) return a.deficit_s > b.deficit_s;
      return before_at_equal_priority(a.combo, b.combo, w);
    };
  }

  bool before_at_equal_priority(Index a, Index b, std::size_t w) const {
    const Combo &x = at(a), &y = at(b);
    if (x.deficit_s[w] != y.deficit_s[w]) return x.deficit_s[w] > y.deficit_s[w];
    if (x.share[w] != y.share[w]) return x.share[w] > y.share[w];
    return x.order < y.order;
  }

  /// Fills the GPUs of a type; whether anybody wanted them.
  bool choose(std::size_t w) {
    int left = model_.cluster.gpus[w];
    const std::span<const std::size_t> open = open_sharing(w);
    if (disjoint_ && gpus_wanted_ <= left) {
      for (const std::size_t k : open) take(queues_[w].sharing[k], w);
      left -= static_cast<int>(gpus_wanted_);
      chosen_in_order_ = open.size() <= 1;
    } else {
      quiet_ = false;
      left = choose_by_priority(w, open, left);
      chosen_in_order_ = true;
    }
    if (traits_.only_allocated || (queues_[w].idle.empty() && newcomers_.empty())) return !open.empty();
    if (left > 0) fill(w, left);
    return true;
  }

  /// Positions in the queue of who has a share and is not taken.
  std::span<const std::size_t> open_sharing(std::size_t w) {
    const std::vector<Index>& queue = queues_[w].sharing;
    std::size_t* const open = open_.at_least(queue.size());
    std::size_t count = 0;
    gpus_wanted_ = 0;
    for (std::size_t k = 0; k < queue.size(); ++k) {
      const Combo& combo = at(queue[k]);
      if (taken(combo)) continue;
      open[count++] = k;
      gpus_wanted_ += combo.gpus;
    }
    return {open, count};
  }

  /// Who is behind has not run since the last reset: all of them have received the same time, so that the one with the
  /// largest share comes first, and whoever has a priority above its is in the right order without them.
  int choose_by_priority(std::size_t w, std::span<const std::size_t> open, int left) {
    TypeQueue& queue = queues_[w];
    for (;;) {
      sort_sharing(w, open);
      if (queue.behind.empty()) return walk(w, left);
      left = walk(w, left, priority(queue.most_behind, half_round_s_, worker_time_s_[w]), queue.least_gpus_behind);
      if (left < queue.least_gpus_behind && next_key_ == keys_.size()) return left;
      bring_ahead(queue, 8 + 2 * queue.sharing.size());
      open = open_sharing(w);
    }
  }

  /// Puts those at the open positions of the queue of who has a share into keys_, in order. From round to round this
  /// order changes little: those who did not run keep theirs, up to rounding, and move ahead of those who did. What is
  /// found is kept as the start of the next search.
  void sort_sharing(std::size_t w, std::span<const std::size_t> open) {
    std::vector<Index>& queue = queues_[w].sharing;
    Key* const steady = steady_.at_least(open.size());
    Key* const ran = ran_.at_least(open.size());
    Key *steady_end = steady, *ran_end = ran;
    for (const std::size_t k : open) {
      Combo& combo = at(queue[k]);
      const double received_s = combo.received_s[w];
      Key& key = combo.seen_s[w] == received_s ? *steady_end++ : *ran_end++;
      key = {priority(combo.share[w], received_s, worker_time_s_[w]), combo.deficit_s[w], queue[k], combo.gpus};
      combo.seen_s[w] = received_s;
    }
    sort_nearly_sorted({steady, steady_end}, w);
    sort_nearly_sorted({ran, ran_end}, w);
    keys_.resize(open.size());
    std::merge(steady, steady_end, ran, ran_end, keys_.begin(), before(w));
    for (std::size_t i = 0; i < open.size(); ++i) queue[open[i]] = keys_[i].combo;
  }

  void sort_nearly_sorted(std::span<Key> keys, std::size_t w) const {
    constexpr std::size_t kPatience = 2;  // moves per key until a sort from scratch is cheaper
    const auto before_w = before(w);
    std::size_t moves = 0;
    for (std::size_t i = 1; i < keys.size(); ++i) {
      if (!before_w(keys[i], keys[i - 1])) continue;
      const Key key = keys[i];
      std::size_t k = i;
      for (; k > 0 && before_w(key, keys[k - 1]); --k) keys[k] = keys[k - 1];
      keys[k] = key;
      moves += i - k;
      if (moves > kPatience * keys.size()) return std::sort(keys.begin(), keys.end(), before_w);
    }
  }

  /// Takes from the sorted keys_ who still fits; returns how many GPUs are left. It ends where no more can be taken
  /// (next_key_ is past the keys then), also by others with `least_gpus` or more, or at a priority that is not above
  /// `floor`.
  int walk(std::size_t w, int left, double floor = -std::numeric_limits<double>::infinity(),
           int least_gpus = std::numeric_limits<int>::max()) {
    by_gpus_.assign(static_cast<std::size_t>(max_gpus_) + 1, 0);
    for (const Key& key : keys_) ++by_gpus_[static_cast<std::size_t>(key.gpus)];
    int smallest = 0;  // of those who have not come up
    next_key_ = 0;
    for (const Key& key : keys_) {
      while (by_gpus_[static_cast<std::size_t>(smallest)] == 0) ++smallest;
      if (left < std::min(smallest, least_gpus)) break;
      if (!(key.priority > floor)) return left;
      ++next_key_;
      --by_gpus_[static_cast<std::size_t>(key.gpus)];
      if (key.gpus > left || (!disjoint_ && taken(at(key.combo)))) continue;
      take(key.combo, w);
      left -= key.gpus;
    }
    next_key_ = keys_.size();
    return left;
  }

  Waiting waiting_of(Index c, std::size_t w) const { return {at(c).deficit_s[w], at(c).order, c}; }

  void list_waiting(std::size_t w) {
    TypeQueue& queue = queues_[w];
    queue.listed = true;
    queue.least_gpus_waiting = std::numeric_limits<int>::max();
    for (const Index c : queue.idle) {
      queue.waiting.add(waiting_of(c, w));
      queue.least_gpus_waiting = std::min(queue.least_gpus_waiting, at(c).gpus);  // a pair has as many as its jobs
    }
    if (!traits_.packs) return;
    for (const PairOfJobs& pair : pairs_)
      if (waits(pair, w)) queue.waiting.add(waiting_of(pair.combo, w));
  }

  /// Whether neither the pair nor either of its jobs has a share.
  bool waits(const PairOfJobs& pair, std::size_t w) const {
    const auto idle = [&](Index c) { return at(c).share[w] == 0 && at(c).runs(w); };
    return (pair.runs_on >> w & 1) != 0 && at(pair.combo).share[w] == 0 && idle(pair.first) && idle(pair.second);
  }

  /// Who is next in the queue of those without a share; kNone at its end. Newcomers are ordered by age.
  Index next_waiting(std::size_t w) {
    TypeQueue& queue = queues_[w];
    const std::size_t newcomers = model_.upstream ? newcomers_.size() : 0;
    while (next_newcomer_ < newcomers && !at(newcomers_[next_newcomer_]).runs(w)) ++next_newcomer_;
    const bool anyone = next_waiting_ < queue.waiting.size();
    if (next_newcomer_ == newcomers) return anyone ? queue.waiting[next_waiting_].combo : kNone;
    const Index newcomer = newcomers_[next_newcomer_];
    return anyone && queue.waiting[next_waiting_] < waiting_of(newcomer, w) ? queue.waiting[next_waiting_].combo
                                                                            : newcomer;
  }

  /// Takes those without a share as long as they come before a place in the queue, and GPUs are left; returns how many
  /// are.
  template <class Here>
  int take_waiting(std::size_t w, int left, Here before_here) {
    const bool nobody_new = !model_.upstream || newcomers_.empty();
    while (left > 0) {
      if (nobody_new && left < queues_[w].least_gpus_waiting) break;
      const Index c = next_waiting(w);
      if (c == kNone || !before_here(at(c))) break;
      (at(c).allocated ? next_waiting_ : next_newcomer_) += 1;
      if (at(c).gpus > left || taken(at(c))) continue;
      take(c, w);
      left -= at(c).gpus;
    }
    return left;
  }

  /// Gives what is left to jobs without a share, and to pairs of them.
  void fill(std::size_t w, int left) {
    if (!queues_[w].listed) list_waiting(w);
    next_waiting_ = next_newcomer_ = 0;
    if (traits_.packs) {
      // Pairs that were not told apart have this deficit, so they come between these and those below.
      left = take_waiting(w, left, [&](const Combo& next) { return next.deficit_s[w] > half_round_s_; });
      left = make_pairs(w, left);
    }
    take_waiting(w, left, [](const Combo&) { return true; });
  }

  /// Goes through the pairs of jobs without a share that were not told apart, in order of insertion: the younger job's
  /// place, then the older's. Returns how many GPUs are left.
  int make_pairs(std::size_t w, int left) {
    idle_.clear();
    for (const Index c : queues_[w].idle)
      if (at(c).gpus <= left && !taken(at(c))) idle_.push_back(c);
    const auto by_key = [&](Index job) { return static_cast<std::size_t>(at(job).rate_key); };
    present_.assign(bucket_words_.size(), 0);  // rate keys of the older jobs
    for (std::size_t j = 0; j < idle_.size() && left > 0; ++j) {
      const Index b = idle_[j];
      const std::size_t key_b = by_key(b);
      const std::uint64_t* const fits = &model_.fits[(w * model_.rates.size() + key_b) * present_.size()];
      bool anyone = false;
      for (std::size_t word = 0; word < present_.size(); ++word) anyone = anyone || (present_[word] & fits[word]) != 0;
      present_[key_b / 64] |= std::uint64_t{1} << key_b % 64;
      if (!anyone) continue;
      list_pairs_of(b, true);
      for (std::size_t i = 0; i < j && at(b).taken_at != step_ && at(b).gpus <= left; ++i) {
        const Index a = idle_[i];
        const std::size_t key_a = by_key(a);
        if ((fits[key_a / 64] >> key_a % 64 & 1) == 0 || at(a).taken_at == step_) continue;
        if (pair_with_[static_cast<std::size_t>(a)] != kNone) continue;
        const std::uint64_t order = insertion_order(at(a).id, at(b).id);
        left = take_waiting(
            w, left, [&](const Combo& next) { return next.deficit_s[w] == half_round_s_ && next.order < order; });
        if (at(a).taken_at == step_ || at(b).taken_at == step_ || at(b).gpus > left) continue;
        const Index pair = make_pair(a, b);
        for (std::size_t v = 0; v < types_; ++v)
          if (queues_[v].listed && waits(pairs_.back(), v)) queues_[v].waiting.insert(waiting_of(pair, v));
        take(pair, w);
        left -= at(pair).gpus;
        pair_with_[static_cast<std::size_t>(a)] = pair;
      }
      list_pairs_of(b, false);
    }
    return left;
  }

  /// One queue over all types.
  void choose_globally() {
    quiet_ = false;
    chosen_in_order_ = true;
    global_.clear();
    for (std::size_t k = 0; k < types_; ++k) {
      const std::size_t w = order_[k];
      chosen_[w].clear();
      for (const Index c : singles_) {
        if (!at(c).runs(w) || !(at(c).allocated || model_.upstream)) continue;
        const Key key = key_of(c, w);
        if (!traits_.only_allocated || key.priority > 0)
          global_.push_back({key.priority, at(c).deficit_s[w], at(c).share[w], c, w});
      }
    }
    // Ties fall to the type that comes first, then to the older: the order in which they were put here.
    std::stable_sort(global_.begin(), global_.end(), [](const GlobalKey& a, const GlobalKey& b) {
      return std::tuple(a.priority, a.deficit_s, a.share) > std::tuple(b.priority, b.deficit_s, b.share);
    });
    std::array<int, kMaxGpuTypes> left{};
    std::copy(model_.cluster.gpus.begin(), model_.cluster.gpus.end(), left.begin());
    for (const GlobalKey& g : global_) {
      if (at(g.combo).gpus > left[g.type] || taken(at(g.combo))) continue;
      take(g.combo, g.type);
      left[g.type] -= at(g.combo).gpus;
    }
  }

  /// Gives the chosen of a type their GPUs, those with more of them first; returns how many keep theirs.
  std::int64_t place(std::size_t w) {
    if (chosen_[w].empty()) return 0;
    used_.reset(model_.cluster.gpus[w]);
    std::int64_t kept = 0;
    int gpus = 0;
    for (const Index c : chosen_[w]) gpus = std::max(gpus, at(c).gpus);
    for (int next = 0; gpus > 0; gpus = next, next = 0) {
      moved_.clear();
      for (const Index c : chosen_[w]) {
        if (at(c).gpus != gpus) {
          if (at(c).gpus < gpus) next = std::max(next, at(c).gpus);
        } else if (keep_gpus(c, w)) {
          ++kept;
        } else {
          moved_.push_back(c);
        }
      }
      give_gpus(w);
    }
    for (const Index c : chosen_[w]) {
      at(c).type = static_cast<std::int32_t>(w);
      at(c).placed_at = step_;
      next_placed_.push_back(c);
    }
    start_all(w);
    return kept;
  }

  bool keep_gpus(Index c, std::size_t w) {
    if (at(c).type != static_cast<std::int32_t>(w)) return false;
    const int first = model_.first_gpu[w];
    const std::int32_t* const gpus = gpus_of(c);
    for (int k = 0; k < at(c).gpus; ++k)
      if (used_.used(gpus[k] - first)) return false;
    for (int k = 0; k < at(c).gpus; ++k) used_.use(gpus[k] - first);
    return true;
  }

  /// Gives those in moved_ the lowest GPUs that are free, in the order of the queue.
  void give_gpus(std::size_t w) {
    if (moved_.size() > 1 && !chosen_in_order_) {
      keys_.clear();
      for (const Index c : moved_) keys_.push_back(key_of(c, w));
      std::sort(keys_.begin(), keys_.end(), before(w));
      for (std::size_t i = 0; i < moved_.size(); ++i) moved_[i] = keys_[i].combo;
    }
    for (const Index c : moved_) {
      std::int32_t* const gpus = gpus_of(c);
      for (int k = 0; k < at(c).gpus; ++k) {
        const int gpu = used_.take();
        WINDROW_CHECK(gpu >= 0, "too few GPUs of type {}", model_.cluster.type_names[w]);
        gpus[k] = model_.first_gpu[w] + gpu;
      }
    }
  }

  void start(Index c) {
    Combo& combo = at(c);
    const auto w = static_cast<std::size_t>(combo.type);
    const Combo& first = at(combo.first);
    combo.steps_first = std::min(combo.round_first[w], first.total_steps - first.steps_run);
    combo.finish_s = now_s_ + combo.steps_first / combo.rate_first[w];
    if (!combo.pair()) return;
    const Combo& second = at(combo.second);
    combo.steps_second = std::min(combo.round_second[w], second.total_steps - second.steps_run);
    combo.finish_s = std::max({now_s_, combo.finish_s, now_s_ + combo.steps_second / combo.rate_second[w]});
  }

  /// Those that tie now may differ in the next round of a span; then the longer one comes first.
  auto later(std::size_t w) const {
    return [this, w](const Task& a, const Task& b) {
      return a.finish_s != b.finish_s ? a.finish_s > b.finish_s : at(a.combo).round_s[w] > at(b.combo).round_s[w];
    };
  }

  /// Starts the micro-tasks of a type, in the order in which they complete, which is the order of adding up its time.
  /// Full ones of single jobs last as long as their rate key says, so they are put into as many buckets.
  void start_all(std::size_t w) {
    odd_.clear();
    for (const Index c : chosen_[w]) {
      start(c);
      Combo& combo = at(c);
      if (combo.pair() || combo.steps_first != combo.round_first[w]) {
        odd_.push_back({combo.finish_s, c});
        continue;
      }
      const auto rank = static_cast<std::size_t>(model_.rates[static_cast<std::size_t>(combo.rate_key)].rank[w]);
      combo.next = buckets_[rank];
      buckets_[rank] = c;
      bucket_words_[rank / 64] |= std::uint64_t{1} << rank % 64;
    }
    std::vector<Task>& tasks = running_[w];
    for (std::size_t word = 0; word < bucket_words_.size(); ++word) {
      for (; bucket_words_[word] != 0; bucket_words_[word] &= bucket_words_[word] - 1) {
        Index& head = buckets_[word * 64 + static_cast<std::size_t>(std::countr_zero(bucket_words_[word]))];
        for (; head != kNone; head = at(head).next) tasks.push_back({at(head).finish_s, head});
      }
    }
    for (const Task& task : odd_) tasks.insert(std::upper_bound(tasks.begin(), tasks.end(), task, later(w)), task);
  }

  void record_state() {
    ClusterState state{.time_s = now_s_, .active_jobs = ledger_.active_jobs()};
    std::int64_t placed_jobs = 0;
    for (std::size_t w = 0; w < types_; ++w) state.idle_gpus[model_.type_in_spec[w]] = model_.cluster.gpus[w];
    for (const Index c : placed_) {
      placed_jobs += at(c).pair() ? 2 : 1;
      state.idle_gpus[model_.type_in_spec[static_cast<std::size_t>(at(c).type)]] -= at(c).gpus;
    }
    state.queued_jobs = state.active_jobs - placed_jobs;
    ledger_.set_cluster_state(state);
  }

  // Quiet spans

  struct SpanTask {
    double round_s, received_s;
    Index combo;
  };

  /// Repeats the present round as long as nothing else can happen. Returns whether the last one is completed already
  /// and the next one not yet scheduled.
  bool run_span(const StopToken& stop) {
    const std::int64_t most = rounds_ahead();
    if (most < kShortestSpan) return false;
    load_span();
    const double arrival_s = source_.next_arrival_s().value_or(std::numeric_limits<double>::infinity());
    const double limit_s = config_.limits.simulated_s.value_or(std::numeric_limits<double>::infinity());
    const std::int64_t limit_rounds = config_.limits.rounds.value_or(std::numeric_limits<std::int64_t>::max());
    const auto leases = static_cast<std::int64_t>(placed_.size());
    std::int64_t done = 0;
    bool completed = false;
    while (done < most) {
      run_span_round();
      ++done;
      completed = true;
      if (arrival_s <= now_s_ || reset_.due(now_s_) || now_s_ > limit_s || ledger_.rounds >= limit_rounds ||
          stop.requested())
        break;
      if (order_matters_ && !same_order()) break;
      completed = false;
      ++ledger_.rounds;
      ledger_.lease_opportunities += leases;
      ledger_.lease_extensions += leases;
      if (traits_.shuffles_types && !order_matters_) ++shuffles_behind_;
    }
    store_span(done, completed);
    return completed;
  }

  /// How many rounds from the present one on are full for all, with one more to spare.
  std::int64_t rounds_ahead() const {
    if (placed_.empty()) return 0;
    double most = 1e15;
    for (const Index c : placed_) {
      const Combo& combo = at(c);
      const auto w = static_cast<std::size_t>(combo.type);
      const auto ahead = [&](Index job, double steps) {
        if (micro_task_failed(model_, combo.gpus, steps, 1)) return 0.0;
        return std::floor((at(job).total_steps - at(job).steps_run) / steps) - 2;
      };
      most = std::min(most, ahead(combo.first, combo.round_first[w]));
      if (combo.pair()) most = std::min(most, ahead(combo.second, combo.round_second[w]));
      if (!(combo.round_s[w] > 0)) most = 0;
    }
    return static_cast<std::int64_t>(most);
  }

  void load_span() {
    span_.clear();
    span_gpus_.clear();
    longest_s_ = 0;
    for (std::size_t w = 0; w < types_; ++w) {
      for (const Task& task : running_[w]) {
        const Index c = task.combo;
        const Combo& combo = at(c);
        longest_s_ = std::max(longest_s_, combo.round_s[w]);
        for (int k = 0; k < combo.gpus; ++k)
          span_gpus_.emplace_back(gpus_of(c)[k], static_cast<std::int32_t>(span_.size()));
        span_.push_back({combo.round_s[w], combo.received_s[w], c});
      }
    }
    span_exec_s_.resize(span_.size());
  }

  /// Completes the present round: all its micro-tasks are full.
  void run_span_round() {
    const double start_s = start_of_round();
    std::size_t i = 0;
    for (std::size_t w = 0; w < types_; ++w) {
      double time_s = worker_time_s_[w];
      for (const std::size_t end = i + running_[w].size(); i < end; ++i) {
        const double exec_s = (now_s_ + span_[i].round_s) - start_s;
        span_[i].received_s += exec_s;
        time_s += exec_s;
        span_exec_s_[i] = exec_s;
      }
      worker_time_s_[w] = time_s;
    }
    for (const auto& [gpu, task] : span_gpus_)
      ledger_.gpu_busy_s[static_cast<std::size_t>(gpu)] += span_exec_s_[static_cast<std::size_t>(task)];
    if (config_.prices.charged) charge_span();
    round_start_s_ = start_s;
    now_s_ += longest_s_;
    round_end_s_ = now_s_;
  }

  void charge_span() {
    for (std::size_t i = 0; i < span_.size(); ++i) {
      const Combo& combo = at(span_[i].combo);
      charge(at(combo.first), span_exec_s_[i], static_cast<std::size_t>(combo.type));
      if (combo.pair()) charge(at(combo.second), span_exec_s_[i], static_cast<std::size_t>(combo.type));
    }
  }

  /// Draws the next round's order of types; whether it leads to the same choice.
  bool same_order() {
    const auto before = order_;
    draw_order();
    if (std::equal(before.begin(), before.begin() + static_cast<std::ptrdiff_t>(types_used_), order_.begin()))
      return true;
    order_drawn_ = true;
    return false;
  }

  void store_span(std::int64_t rounds, bool completed) {
    for (const SpanTask& task : span_) {
      Combo& combo = at(task.combo);
      const auto w = static_cast<std::size_t>(combo.type);
      combo.received_s[w] = task.received_s;
      at(combo.first).steps_run += static_cast<double>(rounds) * combo.round_first[w];
      if (combo.pair()) {
        at(combo.second).steps_run += static_cast<double>(rounds) * combo.round_second[w];
        ledger_.note_pair(at(combo.first).id, at(combo.second).id);
      } else {
        combo.failures = 0;
      }
      combo.finish_s = now_s_ + combo.round_s[w];  // of the round that is under way
    }
    changed_ = true;
    for (auto& tasks : running_)
      for (Task& task : tasks) task.finish_s = at(task.combo).finish_s;
    if (!completed) return;
    leases_open_ = static_cast<std::int64_t>(placed_.size());
    for (std::size_t w = 0; w < types_; ++w) running_[w].clear();
  }

  static constexpr std::int64_t kShortestSpan = 1;

  const Model& model_;
  const TrainingConfig& config_;
  const PolicyTraits traits_;
  const std::size_t types_;
  const double half_round_s_;
  Ledger& ledger_;
  JobSource source_;
  PythonRandom shuffler_;
  std::unique_ptr<Policy> policy_;

  double now_s_ = 0, round_start_s_ = 0;
  std::optional<double> round_end_s_;
  Resets reset_{model_};
  PerType worker_time_s_{};
  std::int64_t leases_open_ = 0;  // micro-tasks of the round before whose job is still active
  bool changed_ = false;          // something happened since the last step but one: the run is not stuck

  int max_gpus_ = 1;
  std::vector<Combo> combos_;
  std::vector<std::int32_t> gpu_ids_;  // [combos x max_gpus_]: where each runs
  std::vector<Index> free_, gone_;     // places to use again, at once or from the next step on
  std::vector<Index> singles_;         // active jobs, by id
  std::vector<PairOfJobs> pairs_;      // told apart
  std::vector<Index> sharing_pairs_;   // with a share
  std::array<TypeQueue, kMaxGpuTypes> queues_;
  std::vector<Index> newcomers_;  // jobs that have come since the last call of the policy
  std::array<std::vector<Index>, kMaxGpuTypes> chosen_;
  std::array<std::vector<Task>, kMaxGpuTypes> running_;  // latest finish first
  std::vector<Index> placed_, next_placed_;
  std::int64_t step_ = 0, marks_ = 0;
  bool one_type_each_ = true;  // no combination has a share on two types
  bool disjoint_ = true;       // no job is in two combinations with a share
  bool quiet_ = false;         // the choice of this step did not depend on priorities

  std::array<std::size_t, kMaxGpuTypes> order_ = first_order();
  bool order_matters_ = false, order_drawn_ = false;
  std::size_t types_used_ = 0;        // so many types of order_ were wanted by anybody
  std::int64_t shuffles_behind_ = 0;  // shuffles not made because nothing depended on them

  // Reused from step to step, so that none of them allocates.
  std::vector<Index> idle_, moved_;
  std::vector<Index> pair_with_;  // [combinations]
  std::vector<Key> keys_;
  std::size_t next_key_ = 0;
  std::size_t next_waiting_ = 0, next_newcomer_ = 0;  // in the queue of those without a share of the type at hand
  std::vector<std::uint64_t> present_;
  std::vector<Task> odd_;
  std::vector<Index> buckets_;  // first combination of each rank of length
  std::vector<std::uint64_t> bucket_words_;
  Scratch<Key> steady_, ran_;
  Scratch<std::size_t> open_;
  std::int64_t gpus_wanted_ = 0;  // by who is open
  bool chosen_in_order_ = false;  // chosen_ of the type at hand is in the order of its queue
  struct GlobalKey {
    double priority, deficit_s, share;
    Index combo;
    std::size_t type;
  };
  std::vector<GlobalKey> global_;
  UsedGpus used_;
  std::vector<std::int64_t> by_gpus_;
  std::vector<JobView> views_;
  Allocation allocation_;
  std::vector<SpanTask> span_;
  std::vector<double> span_exec_s_;
  std::vector<std::pair<std::int32_t, std::int32_t>> span_gpus_;  // GPU, index into span_
  double longest_s_ = 0;

  std::array<std::size_t, kMaxGpuTypes> first_order() const {
    std::array<std::size_t, kMaxGpuTypes> order{};
    for (std::size_t k = 0; k < types_; ++k) order[k] = types_ - 1 - k;
    return order;
  }
};

}  // namespace

Outcome run_fast(const Model& model, Ledger& ledger, const StopToken& stop) {
  // Rare and cheap, or rare: ideal mode has a step per arrival only.
  if (model.config.ideal || (model.config.global_queue && model.policy->traits.packs))
    return run_plain(model, ledger, stop);
  return FastLoop(model, ledger).run(stop);
}

}  // namespace windrow::training
