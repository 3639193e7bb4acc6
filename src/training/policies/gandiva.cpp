// Gandiva (Xiao et al., OSDI 2018) as in Gavel: when there are more jobs than GPUs, random pairs of them share GPUs,
// and pairs that run too slowly are dissolved at the next call; time is shared evenly over what remains. O(J T) a call.
#include <algorithm>

#include "training/policies/equal_shares.hpp"
#include "windrow/kernel/random.hpp"
#include "windrow/training/config.hpp"
#include "windrow/training/policy.hpp"

namespace windrow::training {
namespace {

class Gandiva final : public Policy {
 public:
  explicit Gandiva(const TrainingConfig& config) : upstream_(config.upstream()), random_(config.seed) {}

  void allocate(const PolicyInput& input, Allocation& out) override {
    const auto& jobs = input.jobs;
    dissolve(input);
    std::int64_t wanted = 0;
    for (const JobView& job : jobs) wanted += job.gpus;
    if (wanted <= input.cluster.total_gpus()) {
      for (std::size_t j = 0; j < jobs.size(); ++j) out[j] = equal_share(input.cluster, jobs.size(), jobs[j].gpus);
      return;
    }
    make_pairs(jobs);
    std::vector<std::size_t>& first = indices_;  // of each pair's older job
    first.clear();
    std::size_t claimants = jobs.size();
    for (std::size_t j = 0; j < jobs.size(); ++j)
      if (partner_[j] != kNone && partner_[j] > j) --claimants, first.push_back(j);
    for (std::size_t j = 0; j < jobs.size(); ++j)
      if (partner_[j] == kNone) out[j] = equal_share(input.cluster, claimants, jobs[j].gpus);
    for (const std::size_t j : first) out.add_pair(j, partner_[j], equal_share(input.cluster, claimants, jobs[j].gpus));
  }

 private:
  static constexpr std::size_t kNone = ~std::size_t{0};

  /// Brings partner_ up to date with the jobs that are still here, and parts pairs that are no better than one job
  /// after the other.
  void dissolve(const PolicyInput& input) {
    const auto& jobs = input.jobs;
    partner_.assign(jobs.size(), kNone);
    for (const auto& [a, b] : pairs_) {
      const std::size_t i = index_of(jobs, a), j = index_of(jobs, b);
      if (i == kNone || j == kNone || speed(input, jobs[i], jobs[j]) < 1.0) continue;
      partner_[i] = j, partner_[j] = i;
    }
    keep_pairs(jobs);
  }

  /// Sum of both jobs' speeds relative to running alone: over all types in upstream (D6), their mean otherwise.
  /// 0 if they do not fit together on some type.
  double speed(const PolicyInput& input, const JobView& first, const JobView& second) const {
    double sum = 0;
    for (std::size_t w = 0; w < input.cluster.types(); ++w) {
      const PackedRates::Pair packed = input.together(first, second, w);
      if (packed.first <= 0 || packed.second <= 0) return 0;
      sum += packed.first / first.steps_per_s[w];
      sum += packed.second / second.steps_per_s[w];
    }
    return upstream_ ? sum : sum / static_cast<double>(input.cluster.types());
  }

  void make_pairs(std::span<const JobView> jobs) {
    todo_.clear();
    for (std::size_t j = 0; j < jobs.size(); ++j)
      if (partner_[j] == kNone) todo_.push_back(j);
    for (std::size_t tries = todo_.size(); tries > 0 && todo_.size() > 1; --tries) {
      const auto [i, j] = sample_two(todo_.size());
      const std::size_t a = todo_[i], b = todo_[j];
      if (jobs[a].gpus != jobs[b].gpus) continue;
      todo_.erase(todo_.begin() + static_cast<std::ptrdiff_t>(std::max(i, j)));
      todo_.erase(todo_.begin() + static_cast<std::ptrdiff_t>(std::min(i, j)));
      partner_[a] = b, partner_[b] = a;
    }
    keep_pairs(jobs);
  }

  void keep_pairs(std::span<const JobView> jobs) {
    pairs_.clear();
    for (std::size_t j = 0; j < jobs.size(); ++j)
      if (partner_[j] != kNone && partner_[j] > j) pairs_.emplace_back(jobs[j].id, jobs[partner_[j]].id);
  }

  /// Positions of random.sample(list of n, 2).
  std::pair<std::size_t, std::size_t> sample_two(std::size_t n) {
    constexpr std::size_t kPoolLimit = 21;
    const std::size_t first = random_.below(n);
    if (n <= kPoolLimit) {
      const std::size_t second = random_.below(n - 1);
      return {first, second == first ? n - 1 : second};  // the last has moved to the place of the first
    }
    std::size_t second = random_.below(n);
    while (second == first) second = random_.below(n);
    return {first, second};
  }

  static std::size_t index_of(std::span<const JobView> jobs, std::int64_t id) {
    const auto job =
        std::lower_bound(jobs.begin(), jobs.end(), id, [](const JobView& view, std::int64_t i) { return view.id < i; });
    return job != jobs.end() && job->id == id ? static_cast<std::size_t>(job - jobs.begin()) : kNone;
  }

  bool upstream_;
  PythonRandom random_;
  std::vector<std::pair<std::int64_t, std::int64_t>> pairs_;  // ids, older first; kept from call to call
  std::vector<std::size_t> partner_, todo_, indices_;         // indices of this call's jobs
};

}  // namespace

void add_gandiva(PolicyRegistry& registry) {
  registry.add<Gandiva>("gandiva", "equal time for all; random pairs share GPUs when there are more jobs than GPUs",
                        {.packs = true});
}

}  // namespace windrow::training
