// Keys of the training-cluster simulator (docs/training-simulator.md).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "windrow/config/schema.hpp"

namespace windrow::training {

/// Numbers of GPUs by type, as `V100:P100:K80`.
struct GpuCounts {
  int v100 = 0, p100 = 0, k80 = 0;

  /// By alphabetical position of the type: k80, p100, v100.
  std::array<int, 3> alphabetical() const { return {k80, p100, v100}; }
  friend bool operator==(const GpuCounts&, const GpuCounts&) = default;
};

/// Names of the policies, in the order of `windrow list policies`.
std::vector<std::string> policy_names();
/// What the policy of this name means nothing without; false for an unknown one.
bool needs_prices(const std::string& policy);
bool needs_deadlines(const std::string& policy);

/// The table of the OSDI 2020 experiments in the data folder; its digest is zero if it was not found there.
config::FileRef default_throughputs();

struct JobsConfig {
  bool multi_gpu = false, multi_priority = false, slos = false;
  std::optional<double> fixed_duration_s;
  std::optional<std::int64_t> count;
  std::optional<config::FileRef> trace;

  template <class Keys>
  void visit(Keys& key) {
    key("multi_gpu", multi_gpu, "generated jobs want 1, 2, 4 or 8 GPUs (70, 10, 15, 5 %) instead of 1");
    key("multi_priority", multi_priority, "a fifth of the generated jobs has priority weight 5 instead of 1");
    key("slos", slos, "generated jobs have a deadline of 1.2, 2 or 10 times their duration");
    key("fixed_duration_s", fixed_duration_s, config::above(0),
        "duration of every generated job on V100s, instead of 10^[1.5, 4] minutes");
    key("count", count, config::within(1, 1e9),
        "number of jobs; the run ends when all are done, unless there is a window");
    key("trace", trace, "file of jobs, instead of generated ones (CSV, or the published tab-separated format)");
  }
};

struct PricesConfig {
  bool charged = false;
  double k80_usd_per_h = 0.135, p100_usd_per_h = 0.43, v100_usd_per_h = 0.74;

  template <class Keys>
  void visit(Keys& key) {
    key("charged", charged, "jobs pay for the time of their GPUs, and policies see the prices");
    key("k80_usd_per_h", k80_usd_per_h, config::within(0, 1e6), "price of a K80 (default: Google Cloud)");
    key("p100_usd_per_h", p100_usd_per_h, config::within(0, 1e6), "price of a P100 (default: Google Cloud)");
    key("v100_usd_per_h", v100_usd_per_h, config::within(0, 1e6), "price of a V100 (default: Google Cloud)");
  }
};

struct LimitsConfig {
  std::optional<double> simulated_s;
  std::optional<std::int64_t> rounds;

  template <class Keys>
  void visit(Keys& key) {
    key("simulated_s", simulated_s, config::above(0), "simulated time after which the point fails");
    key("rounds", rounds, config::within(1, 1e15), "rounds after which the point fails");
  }
};

struct AlloxConfig {
  double alpha = 1.0;

  template <class Keys>
  void visit(Keys& key) {
    key("alpha", alpha, config::within(0, 1), "share of the waiting jobs, longest wait first, that AlloX considers");
  }
};

struct EntitiesConfig {
  std::vector<double> weights;
  std::vector<std::string> within{"fairness"};

  /// How the jobs of an entity share what it has.
  const std::string& within_of(std::size_t entity) const { return within.size() == 1 ? within[0] : within[entity]; }

  template <class Keys>
  void visit(Keys& key) {
    key("weights", weights, config::within(1e-6, 1e6),
        "weights of the entities that jobs belong to, for the water-filling policies; none: every job for itself. A "
        "generated job belongs to one drawn at random, one of a trace to that of its column entity");
    key("within", within, config::one_of({"fairness", "fifo"}),
        "how the jobs of an entity share: by their priorities, or the oldest first; one for all entities, or one each");
    key.require("within", within.size() == 1 || within.size() == weights.size(),
                "must have one entry, or one for each of weights");
  }
};

struct EstimationConfig {
  double profiled = 1;
  std::optional<std::int64_t> reference_models;

  bool on() const { return profiled < 1 || reference_models.has_value(); }

  template <class Keys>
  void visit(Keys& key) {
    key("profiled", profiled, config::within(0, 1),
        "probability that a job is measured beside a reference job type on a GPU type when it arrives; the rest is "
        "estimated, until two jobs have run together");
    key("reference_models", reference_models, config::within(1, 1e6),
        "so many job types, drawn at random, are references; default: all");
  }
};

struct LasConfig {
  double threshold_gpu_s = 3600;

  template <class Keys>
  void visit(Keys& key) {
    key("threshold_gpu_s", threshold_gpu_s, config::within(0, 1e12),
        "GPU time after which a job goes into the second queue");
  }
};

struct ThemisConfig {
  double filter = 0.8;

  template <class Keys>
  void visit(Keys& key) {
    key("filter", filter, config::within(0, 1),
        "share of the jobs, the best treated, to whom GPUs are not offered first");
  }
};

struct TrainingConfig {
  std::string policy = "fifo";
  GpuCounts cluster{36, 36, 36}, gpus_per_server{1, 1, 1};
  std::uint64_t seed = 0;
  double interarrival_mean_s = 9000;
  JobsConfig jobs;
  std::optional<std::vector<std::int64_t>> window;
  double round_length_s = 360, reset_interval_s = 1920;
  int max_failed_attempts = 5;
  bool steady_state = false, ideal = false, global_queue = false;
  std::string compat = "corrected";
  bool saturation = true;
  PricesConfig prices;
  LimitsConfig limits;
  std::string tie_break = "auto", water_filling_mode = "exact";
  std::optional<std::string> makespan_mode;
  bool realisable = false;
  AlloxConfig allox;
  LasConfig las;
  ThemisConfig themis;
  EntitiesConfig entities;
  EstimationConfig estimation;
  config::FileRef throughputs = default_throughputs();

  bool upstream() const { return compat == "upstream"; }
  /// Jobs [first, end) that must complete and are measured; none if all jobs are (a trace, or a count of jobs).
  std::optional<std::array<std::int64_t, 2>> measured() const {
    if (window && window->size() == 2) return std::array{(*window)[0], (*window)[1]};
    if (jobs.trace || jobs.count) return std::nullopt;
    return std::array<std::int64_t, 2>{0, 5000};
  }
  /// All jobs that will ever arrive, if they are generated and their number is bounded.
  std::optional<std::int64_t> generated_count() const {
    if (jobs.trace) return std::nullopt;
    if (!jobs.count && interarrival_mean_s == 0 && measured()) return (*measured())[1];
    return jobs.count;
  }

  template <class Keys>
  void visit(Keys& key) {
    key("policy", policy, config::one_of(policy_names(), "policies"), "who decides which job runs on which GPU type");
    key("cluster", cluster, "GPUs by type, V100:P100:K80");
    key("gpus_per_server", gpus_per_server, "GPUs of one server by type, V100:P100:K80");
    key("seed", seed, config::at_least(0), "root of every random stream of the run");
    key("interarrival_mean_s", interarrival_mean_s, config::within(0, 1e12),
        "mean time between two generated jobs; 0: all arrive at time 0");
    key.alternative(
        "arrival_rate", "interarrival_mean_s", interarrival_mean_s, [](double per_h) { return 3600.0 / per_h; },
        config::within(1e-8, 1e8), "generated jobs per hour");
    key.section("jobs", jobs);
    config::Limit two_ids = config::within(0, 1e9);
    two_ids.length = 2;
    key("window", window, two_ids,
        "[first, end): the run ends when these jobs are done, and measures them; default [0, 5000) where jobs arrive "
        "without end, otherwise all jobs");
    key("round_length_s", round_length_s, config::within(1e-3, 1e7), "time between two decisions of who runs");
    key("reset_interval_s", reset_interval_s, config::within(0, 1e9), "least time between two calls of the policy");
    key("max_failed_attempts", max_failed_attempts, config::within(1, 1e6),
        "micro-tasks of a job that fail in a row until it is dropped");
    key("steady_state", steady_state,
        "the cluster is filled with jobs before the first arrival; they have the first ids, and jobs.count does not "
        "count them");
    key("ideal", ideal, "jobs receive exactly their allocation, without rounds and placement");
    key("global_queue", global_queue, "one queue over all GPU types, instead of one after the other");
    key("compat", compat, config::one_of({"corrected", "upstream"}),
        "upstream: defects of the published simulator are kept, digit for digit");
    key("saturation", saturation, "a run whose queue grows without bound ends early, with status saturated");
    key.section("prices", prices);
    key.section("limits", limits);
    key("tie_break", tie_break, config::one_of({"auto", "central", "lexicographic", "vertex", "ecos"}),
        "which of many optimal allocations: the centre of all; that of water filling with the least GPU time; a "
        "vertex; where the published simulator's solver stops. auto: the centre, but a vertex for "
        "finish_time_fairness_packed and min_total_duration_packed, and ecos under compat: upstream and for "
        "water_filling_mode: single_round");
    key("makespan_mode", makespan_mode, config::one_of({"exact", "bisection"}),
        "min_total_duration: the least time; or as published, any allocation within a time found by halves, 5 % above; "
        "default: bisection under compat: upstream. With pairs always exact");
    key("realisable", realisable,
        "optimising policies give a job nothing of a type that has fewer GPUs than it needs at a time");
    key("water_filling_mode", water_filling_mode, config::one_of({"exact", "single_round"}),
        "single_round: every job freezes after the first round that raises it, as in the published figure");
    key.section("allox", allox);
    key.section("las", las);
    key.section("themis", themis);
    key.section("entities", entities);
    key.section("estimation", estimation);
    key("throughputs", throughputs, "table of steps per second by job type and GPU type");

    const auto gpus = cluster.alphabetical(), per_server = gpus_per_server.alphabetical();
    bool whole = true, divisible = true, left = false;
    for (std::size_t w = 0; w < gpus.size(); ++w) {
      whole = whole && per_server[w] > 0;
      divisible = divisible && (per_server[w] <= 0 || gpus[w] % per_server[w] == 0);
      left = left || (gpus[w] > 0 && gpus[w] >= per_server[w]);
    }
    key.require("gpus_per_server", whole, "must be at least 1 for each type");
    key.require("cluster", left, "must have at least one whole server");
    key.require("gpus_per_server", upstream() || divisible,
                "must divide the cluster's GPUs of each type (compat: upstream drops the remainder)");
    key.require("window", !window || window->size() != 2 || (*window)[0] < (*window)[1],
                "must be [first, end) with first < end");
    key.require("window", !window || window->size() != 2 || !jobs.count || (*window)[1] <= *jobs.count,
                "must not reach beyond jobs.count, or the run would never end");
    key.require("interarrival_mean_s", interarrival_mean_s > 0 || jobs.count || jobs.trace || window,
                "of 0 needs jobs.count or window, or there would be no end of jobs at time 0");
    key.require("jobs.trace",
                !jobs.trace || !(jobs.count || jobs.multi_gpu || jobs.multi_priority || jobs.slos ||
                                 jobs.fixed_duration_s || steady_state),
                "excludes jobs.count, jobs.multi_gpu, jobs.multi_priority, jobs.slos, jobs.fixed_duration_s and "
                "steady_state: they are about generated jobs");
    key.require("ideal", !ideal || !(jobs.trace || jobs.count || interarrival_mean_s == 0),
                "needs jobs that arrive without end: no jobs.trace, no jobs.count, interarrival_mean_s above 0");
    key.require("policy", policy != "allox" || !jobs.multi_gpu,
                "allox serves jobs of one GPU only, not jobs.multi_gpu");
    const std::array prices_of_types = {prices.k80_usd_per_h, prices.p100_usd_per_h, prices.v100_usd_per_h};
    bool priced = true;
    for (std::size_t w = 0; w < gpus.size(); ++w) priced = priced && (gpus[w] == 0 || prices_of_types[w] > 0);
    key.require(
        "policy", !needs_prices(policy) || (prices.charged && priced),
        "divides by prices: needs prices.charged, and prices above 0 for the cluster's types (prices.k80_usd_per_h, "
        "prices.p100_usd_per_h, prices.v100_usd_per_h)");
    key.require("estimation.profiled", !estimation.on() || !jobs.multi_gpu,
                "estimates are for jobs of one GPU only, not for jobs.multi_gpu");
    key.require("policy", !needs_deadlines(policy) || jobs.slos || jobs.trace,
                "keeps deadlines: needs jobs.slos, or a jobs.trace with a column slo");
    key.require("throughputs", !(throughputs.digest == Digest128{}),
                "must be given: configs/training/osdi20_throughputs.csv was not found in the data folder");
  }
};

}  // namespace windrow::training

template <>
struct windrow::config::Format<windrow::training::GpuCounts> {
  static constexpr std::string_view expected = "V:P:K, numbers of V100, P100 and K80 GPUs";
  /// Each within 0 .. 100000.
  static std::optional<windrow::training::GpuCounts> parse(std::string_view text);
  static std::string text(const windrow::training::GpuCounts& counts);
};
