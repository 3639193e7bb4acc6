// What a policy of the training-cluster simulator is: active jobs in, allocation out. How to add one:
// docs/training-simulator.md.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <numeric>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "windrow/kernel/error.hpp"

namespace windrow::training {

struct TrainingConfig;

inline constexpr std::size_t kMaxGpuTypes = 3;
/// One number per GPU type of the cluster, in alphabetical order of the types that it has; the rest is zero.
using PerType = std::array<double, kMaxGpuTypes>;

struct Cluster {
  std::vector<std::string> type_names;  ///< only types with GPUs, alphabetical: `k80`, `p100`, `v100`
  std::vector<int> gpus;                ///< of each type, above 0

  std::size_t types() const { return gpus.size(); }
  int total_gpus() const { return std::accumulate(gpus.begin(), gpus.end(), 0); }
};

/// An active job at a call.
struct JobView {
  std::int64_t id = 0;
  int rate_key = 0;     ///< job type and number of GPUs, for PackedRates
  int gpus = 1;         ///< scale factor
  double weight = 1.0;  ///< priority weight
  double steps_left = 0;
  double age_s = 0;             ///< time since its arrival
  PerType steps_per_s{};        ///< alone, over all its GPUs; 0: does not run there
  double v100_steps_per_s = 0;  ///< on V100s, whether or not the cluster has any: what policies blind to types know
  double deadline_left_s = std::numeric_limits<double>::infinity();  ///< until its SLO is missed, may be negative
  double attained_gpu_s = 0;  ///< GPU time received so far; 0 under policies that pack
  int entity = 0;             ///< whom it belongs to, where there are entities
  int reference = -1;         ///< what it was matched to, where rates of pairs are estimated
};

/// Steps per second of two jobs on the same GPUs, by their rate keys. One look-up in a table: nothing is made per pair
/// of jobs.
class PackedRates {
 public:
  struct Pair {
    double first = 0, second = 0;
  };
  PackedRates() = default;
  /// No two jobs fit together anywhere.
  static PackedRates none() { return {}; }
  /// `rates`: [types x keys x keys].
  PackedRates(std::size_t keys, std::vector<Pair> rates) : keys_(keys), rates_(std::move(rates)) {}
  std::size_t keys() const { return keys_; }
  /// Zeros where they do not fit together.
  Pair operator()(int first_key, int second_key, std::size_t type) const {
    if (keys_ == 0) return {};
    return rates_[(type * keys_ + static_cast<std::size_t>(first_key)) * keys_ + static_cast<std::size_t>(second_key)];
  }

 private:
  std::size_t keys_ = 0;
  std::vector<Pair> rates_;
};

/// What is believed of two jobs on the same GPUs, where not every pair has been measured.
class PairEstimates {
 public:
  virtual ~PairEstimates() = default;
  virtual PackedRates::Pair operator()(const JobView& first, const JobView& second, std::size_t type) const = 0;
};

struct PolicyInput {
  const Cluster& cluster;
  std::span<const JobView> jobs;  ///< in order of arrival, ids ascending
  const PackedRates& packed;
  double now_s = 0;
  PerType price_usd_per_h{};                 ///< zeros unless prices are charged
  const PairEstimates* estimates = nullptr;  ///< none: the true rates are known

  /// Steps per second of two jobs on the same GPUs, as far as is known.
  PackedRates::Pair together(const JobView& first, const JobView& second, std::size_t type) const {
    return estimates != nullptr ? (*estimates)(first, second, type) : packed(first.rate_key, second.rate_key, type);
  }
};

/// Share of time, 0 .. 1, of every job on every GPU type, and of pairs of jobs of equal numbers of GPUs (packing
/// policies). Pairs that are not named have none.
class Allocation {
 public:
  struct Pair {
    std::size_t first, second;  ///< indices into PolicyInput::jobs, first < second
    PerType share;
  };

  /// All shares zero.
  void reset(std::size_t jobs) {
    singles_.assign(jobs, PerType{});
    pairs_.clear();
  }
  std::size_t jobs() const { return singles_.size(); }
  PerType& operator[](std::size_t job) { return singles_[job]; }
  const PerType& operator[](std::size_t job) const { return singles_[job]; }
  /// Each pair once.
  void add_pair(std::size_t first, std::size_t second, const PerType& share) {
    WINDROW_CHECK(first != second, "job {} is paired with itself", first);
    pairs_.push_back({std::min(first, second), std::max(first, second), share});
  }
  std::span<const Pair> pairs() const { return pairs_; }

 private:
  std::vector<PerType> singles_;
  std::vector<Pair> pairs_;
};

/// How a policy that optimises came to its last allocation.
struct Explanation {
  std::string_view objective_name, objective_unit;
  std::string_view tie_break;  ///< which of many optimal allocations was taken
  double objective = std::numeric_limits<double>::quiet_NaN();
  double gap = 0;                   ///< relative distance to the proved bound
  int rounds = 0;                   ///< of the solver: columns, Newton steps, pivots
  bool fell_back = false;           ///< the method meant for this problem failed, and the simplex method answered
  bool failed = false;              ///< so did that: the jobs got equal shares
  bool floors_dropped = false;      ///< the deadlines cannot all be met and were given up
  std::vector<double> discounts{};  ///< [jobs] by which shares were multiplied; strategy-proof policies only
  std::vector<double> levels{};     ///< [jobs] normalised throughput; water filling only
};

/// One object per run; it may remember what it decided before.
class Policy {
 public:
  virtual ~Policy() = default;
  /// `out` has been reset to the number of jobs. Called with no job, too. Throws PointError if it cannot decide.
  virtual void allocate(const PolicyInput& input, Allocation& out) = 0;
  /// Of the last call; null where nothing is optimised.
  virtual const Explanation* explanation() const { return nullptr; }
};

/// How the round scheduler treats a policy.
struct PolicyTraits {
  bool shuffles_types = false;    ///< does not know the types apart: their order is drawn anew in each round
  bool packs = false;             ///< two jobs may share GPUs
  bool only_allocated = false;    ///< a job without allocation never fills a GPU that is left
  bool changes_its_mind = false;  ///< while no job comes or goes, too: asked again at each interval
  bool needs_prices = false, needs_deadlines = false;  ///< means nothing without
};

struct PolicyInfo {
  std::string name, help;
  PolicyTraits traits;
  std::string source;
  std::function<std::unique_ptr<Policy>(const TrainingConfig&)> make;
};

class PolicyRegistry {
 public:
  static constexpr const char* kGavel = "Gavel (OSDI 2020)";

  /// P is made from the configuration, or from nothing.
  template <class P>
  void add(std::string name, std::string help, PolicyTraits traits, std::string source = kGavel) {
    add(
        std::move(name), std::move(help), traits,
        [](const TrainingConfig& config) -> std::unique_ptr<Policy> {
          if constexpr (std::is_constructible_v<P, const TrainingConfig&>)
            return std::make_unique<P>(config);
          else
            return std::make_unique<P>();
        },
        std::move(source));
  }
  void add(std::string name, std::string help, PolicyTraits traits,
           std::function<std::unique_ptr<Policy>(const TrainingConfig&)> make, std::string source = kGavel) {
    policies_.push_back({std::move(name), std::move(help), traits, std::move(source), std::move(make)});
  }
  const PolicyInfo* find(std::string_view name) const {
    for (const PolicyInfo& policy : policies_)
      if (policy.name == name) return &policy;
    return nullptr;
  }
  const std::vector<PolicyInfo>& all() const { return policies_; }

 private:
  std::vector<PolicyInfo> policies_;
};

/// The policies named in src/training/policies.hpp. Made once, never changed.
const PolicyRegistry& policies();

}  // namespace windrow::training
