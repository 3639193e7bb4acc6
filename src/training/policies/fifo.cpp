// First in, first out, without preemption: each job holds the GPUs it was given until it ends. Three variants (Gavel,
// OSDI 2020): blind to GPU types, each job on its fastest free type, and the latter with jobs that wait packed onto
// running ones. O(J T); packing: O(waiting x running) until the first job that finds no partner.
#include <algorithm>

#include "windrow/kernel/random.hpp"
#include "windrow/training/config.hpp"
#include "windrow/training/policy.hpp"

namespace windrow::training {
namespace {

/// The types with GPUs left, in alphabetical order.
class FreeTypes {
 public:
  void reset(const std::vector<int>& available) {
    types_.clear();
    for (std::size_t w = 0; w < available.size(); ++w)
      if (available[w] > 0) types_.push_back(w);
  }
  bool empty() const { return types_.empty(); }
  std::size_t last() const { return types_.back(); }
  const std::vector<std::size_t>& all() const { return types_; }
  void remove(std::size_t type) { std::erase(types_, type); }

 private:
  std::vector<std::size_t> types_;
};

/// Index of the job with this id; the size if it is gone.
std::size_t index_of(std::span<const JobView> jobs, std::int64_t id) {
  const auto job =
      std::lower_bound(jobs.begin(), jobs.end(), id, [](const JobView& view, std::int64_t i) { return view.id < i; });
  return job != jobs.end() && job->id == id ? static_cast<std::size_t>(job - jobs.begin()) : jobs.size();
}

class Fifo final : public Policy {
 public:
  explicit Fifo(const TrainingConfig& config) : upstream_(config.upstream()), random_(config.seed) {}

  void allocate(const PolicyInput& input, Allocation& out) override {
    const auto& jobs = input.jobs;
    available_ = input.cluster.gpus;
    queue_.clear();
    for (std::size_t j = 0, h = 0; j < jobs.size(); ++j) {
      while (h < held_.size() && held_[h].id < jobs[j].id) ++h;
      if (h == held_.size() || held_[h].id != jobs[j].id) queue_.push_back(j);
    }
    std::size_t front = replace_finished(jobs);
    free_.reset(available_);
    for (; front < queue_.size() && !free_.empty(); ++front) {
      const JobView& job = jobs[queue_[front]];
      fit_.clear();
      for (const std::size_t w : free_.all())
        if (available_[w] >= job.gpus) fit_.push_back(w);
      if (fit_.empty()) break;
      const std::size_t drawn = fit_[random_.below(fit_.size())];
      // Upstream draws a type and then does not use it, but the last of the list: D5.
      const std::size_t w = upstream_ ? free_.last() : drawn;
      if (!(job.steps_per_s[w] > 0)) continue;
      hold(job, w);
      if (available_[w] == 0) free_.remove(drawn);
    }
    std::sort(held_.begin(), held_.end(), [](const Held& a, const Held& b) { return a.id < b.id; });
    for (const Held& held : held_) out[index_of(jobs, held.id)][held.type] = 1.0;
  }

 private:
  struct Held {
    std::int64_t id;
    std::size_t type;
  };

  /// A job that waits takes the place of one that has ended, if it fits there. Returns how many of the queue did.
  std::size_t replace_finished(std::span<const JobView> jobs) {
    std::size_t front = 0;
    const std::size_t count = held_.size();
    // Upstream offers a place when only the older jobs are subtracted yet, so a type can be given out twice.
    if (!upstream_)
      for (const Held& held : held_)
        if (const std::size_t j = index_of(jobs, held.id); j < jobs.size()) available_[held.type] -= jobs[j].gpus;
    kept_.clear();
    for (std::size_t h = 0; h < count; ++h) {
      const Held held = held_[h];
      const std::size_t j = index_of(jobs, held.id);
      if (j < jobs.size()) {
        if (upstream_) available_[held.type] -= jobs[j].gpus;
        kept_.push_back(held);
      } else if (front < queue_.size()) {
        const JobView& next = jobs[queue_[front]];
        if (next.gpus <= available_[held.type] && next.steps_per_s[held.type] > 0) {
          kept_.push_back({next.id, held.type});
          available_[held.type] -= next.gpus;
          ++front;
        }
      }
    }
    held_.swap(kept_);
    return front;
  }

  void hold(const JobView& job, std::size_t type) {
    held_.push_back({job.id, type});
    available_[type] -= job.gpus;
  }

  bool upstream_;
  PythonRandom random_;
  std::vector<Held> held_, kept_;  // by id between calls
  std::vector<int> available_;
  std::vector<std::size_t> queue_, fit_;  // indices of jobs; types
  FreeTypes free_;
};

class FifoPerf : public Policy {
 public:
  void allocate(const PolicyInput& input, Allocation& out) override {
    place(input);
    write(out);
  }

 protected:
  struct Held {
    std::size_t job, partner, type;  // partner: kNone if alone
  };
  static constexpr std::size_t kNone = ~std::size_t{0};

  /// Gives the queue's jobs their fastest type that still has GPUs; what is left begins at waiting_.
  void place(const PolicyInput& input) {
    available_ = input.cluster.gpus;
    free_.reset(available_);
    held_.clear();
    for (waiting_ = 0; waiting_ < input.jobs.size() && !free_.empty(); ++waiting_) {
      const JobView& job = input.jobs[waiting_];
      std::size_t best = kNone;
      for (const std::size_t w : free_.all())
        if (available_[w] >= job.gpus && (best == kNone || job.steps_per_s[w] > job.steps_per_s[best])) best = w;
      if (best == kNone) {
        ++waiting_;  // this job has left the queue: it will not be packed either
        return;
      }
      if (!(job.steps_per_s[best] > 0)) continue;
      held_.push_back({waiting_, kNone, best});
      available_[best] -= job.gpus;
      if (available_[best] == 0) free_.remove(best);
    }
  }

  void write(Allocation& out) const {
    for (const Held& held : held_) {
      PerType share{};
      share[held.type] = 1.0;
      if (held.partner == kNone)
        out[held.job] = share;
      else
        out.add_pair(held.job, held.partner, share);
    }
  }

  std::vector<int> available_;
  std::vector<Held> held_;
  FreeTypes free_;
  std::size_t waiting_ = 0;
};

class FifoPacked final : public FifoPerf {
 public:
  void allocate(const PolicyInput& input, Allocation& out) override {
    place(input);
    while (waiting_ < input.jobs.size() && pack(input, waiting_)) ++waiting_;
    write(out);
  }

 private:
  /// Packs a job with the running one with which both keep most of their speed, if that is worth it.
  bool pack(const PolicyInput& input, std::size_t waiting) {
    constexpr double kWorthwhile = 1.5;  // sum of both relative speeds
    const JobView& job = input.jobs[waiting];
    double best_value = kWorthwhile;
    std::size_t best = kNone;
    for (std::size_t h = 0; h < held_.size(); ++h) {
      const JobView& runs = input.jobs[held_[h].job];
      if (held_[h].partner != kNone || runs.gpus != job.gpus) continue;
      const std::size_t w = held_[h].type;
      const PackedRates::Pair packed = input.together(runs, job, w);
      double value = 0;
      if (packed.first > 0) value += packed.first / runs.steps_per_s[w];
      if (packed.second > 0) value += packed.second / job.steps_per_s[w];
      if (value > best_value) best_value = value, best = h;
    }
    if (best == kNone) return false;
    const Held pair = {held_[best].job, waiting, held_[best].type};
    held_.erase(held_.begin() + static_cast<std::ptrdiff_t>(best));
    held_.push_back(pair);
    return true;
  }
};

}  // namespace

void add_fifo(PolicyRegistry& registry) {
  registry.add<Fifo>("fifo", "first in, first out, blind to GPU types",
                     {.shuffles_types = true, .only_allocated = true});
  registry.add<FifoPerf>("fifo_perf", "first in, first out, each job on its fastest free GPU type",
                         {.only_allocated = true});
  registry.add<FifoPacked>("fifo_packed",
                           "fifo_perf, and jobs that wait share GPUs where both keep most of their speed",
                           {.packs = true, .only_allocated = true});
}

}  // namespace windrow::training
