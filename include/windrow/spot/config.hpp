// Keys of the spot-training simulator (docs/spot-simulator.md).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "windrow/config/schema.hpp"

namespace windrow::spot {

/// In the order of `windrow list strategies` and so on.
std::vector<std::string> strategy_names();
std::vector<std::string> availability_names();
std::vector<std::string> model_names();
/// `B1` … `B13`, `N1` … `N12`.
std::vector<std::string> bug_names();

/// Probability that a free slot is filled within an hour: by hour of day, drawn per hour of day, or one number.
struct Addition {
  enum class Kind : std::uint8_t { by_hour, random, fixed };
  Kind kind = Kind::by_hour;
  double probability = 0;
};

/// Time between checkpoints; `auto`: the optimum of Young and Daly, sqrt(2 write MTBF), with the MTBF measured so far.
struct Period {
  enum class Kind : std::uint8_t { fixed, automatic, never };
  Kind kind = Kind::fixed;
  double seconds = 600;
};

struct GridConfig {
  int stages = 1;
  std::vector<double> step_s;

  template <class Keys>
  void visit(Keys& key) {
    key("stages", stages, config::within(1, 1000), "depth of the pipelines");
    key("step_s", step_s, config::within(1e-3, 1e6), "time of a step with 1, 2, … pipelines of that depth");
  }
};

struct OwnModelConfig {
  double samples_per_step = 256;
  std::optional<std::int64_t> steps;
  int capacity = 48, stages = 12, on_demand_instances = 16;
  double local_rendezvous_s = 10, on_demand_step_s = 1;
  std::vector<GridConfig> grids;

  template <class Keys>
  void visit(Keys& key) {
    key("samples_per_step", samples_per_step, config::within(1, 1e9), "samples of one step, over all pipelines");
    key("steps", steps, config::within(1, 1e12), "steps of a complete training");
    key("capacity", capacity, config::within(1, 1000), "instances asked for");
    key("stages", stages, config::within(1, 1000), "depth of the pipelines, unless the strategy chooses it");
    key("local_rendezvous_s", local_rendezvous_s, config::within(0, 1e6), "time of a rendezvous without failure");
    key("on_demand_instances", on_demand_instances, config::within(1, 1e6), "instances of the on-demand comparison");
    key("on_demand_step_s", on_demand_step_s, config::within(1e-3, 1e6), "time of a step on these");
    key.list("grids", grids, "times of a step by depth and number of pipelines");
  }
};

struct AvailabilityConfig {
  std::string kind = "hourly";
  std::optional<double> removal_probability;
  Addition addition;
  std::optional<config::FileRef> file;
  double shift_s = 0, scale = 1, block_s = 0;
  bool loop = false;
  double notice_s = 0;
  int zones = 1;
  double up_mean_s = 14400, down_mean_s = 3600, up_loss_per_h = 0.02, down_loss_per_h = 2;
  double fill_per_h = 6, loss_events_per_h = 1, loss_mean = 2;
  std::optional<double> max_lifetime_s;
  std::optional<double> bid_usd_per_h;

  template <class Keys>
  void visit(Keys& key) {
    static const config::Limit kKinds = config::one_of(availability_names(), "availability_models");
    key("kind", kind, kKinds, "where instances come from and go to");
    key("removal_probability", removal_probability, config::within(0, 1),
        "hourly: probability that an instance is taken away within an hour; default: by hour of day");
    key("addition", addition, "hourly: probability that a free slot is filled within an hour");
    key("file", file, "trace: rows `milliseconds,add|remove,name` or `timestamp,count`");
    key("shift_s", shift_s, config::within(0, 1e9), "trace: begins that much later in the file");
    key("loop", loop, "trace: begins again at its end");
    key("scale", scale, config::within(1e-3, 1e3), "trace: times are multiplied by it");
    key("block_s", block_s, config::within(0, 1e9), "trace: is put together of blocks of that length, drawn at random");
    key("notice_s", notice_s, config::within(0, 1e5), "time between the warning and the loss of an instance");
    key("zones", zones, config::within(1, 64), "zones whose instances come and go together");
    key("up_mean_s", up_mean_s, config::within(1, 1e9), "markov: mean time that a zone is quiet");
    key("down_mean_s", down_mean_s, config::within(1, 1e9), "markov: mean time that a zone is short of instances");
    key("up_loss_per_h", up_loss_per_h, config::within(0, 1e4), "markov: losses per instance and hour, quiet zone");
    key("down_loss_per_h", down_loss_per_h, config::within(0, 1e4), "markov: the same of a zone that is short");
    key("fill_per_h", fill_per_h, config::within(0, 1e6),
        "markov, poisson, lifetime: rate at which each free slot is filled (markov: while its zone is quiet)");
    key("loss_events_per_h", loss_events_per_h, config::within(0, 1e4), "poisson: losses per hour, of one zone each");
    key("loss_mean", loss_mean, config::within(1, 1e3), "poisson: mean number of instances lost at once (geometric)");
    key("max_lifetime_s", max_lifetime_s, config::above(0), "instances are taken away at that age");
    key("bid_usd_per_h", bid_usd_per_h, config::within(0, 1e4),
        "price: all instances are lost while the price of an instance is above it");
  }
};

struct RendezvousConfig {
  double global_s = 30;
  std::optional<double> local_s;

  template <class Keys>
  void visit(Keys& key) {
    key("global_s", global_s, config::within(0, 1e6), "time in which all instances find together after a failure");
    key("local_s", local_s, config::within(0, 1e6), "the same without failure; default: the model's");
  }
};

struct CheckpointConfig {
  Period period;
  std::optional<double> write_s, load_s;
  bool async = true, automatic = false;

  Period::Kind kind() const { return automatic ? Period::Kind::automatic : period.kind; }

  template <class Keys>
  void visit(Keys& key) {
    key("period_s", period, "time of training from one checkpoint to the next");
    key("write_s", write_s, config::within(0, 1e6), "time until a checkpoint is complete; default 89 (ckpt_tick), 60");
    key("load_s", load_s, config::within(0, 1e6), "time to load one; default 47 (ckpt_tick), 30");
    key("auto", automatic, "the same as period_s: auto");
    key("async", async, "training goes on while a checkpoint is written");
  }
};

struct PriceConfig {
  double on_demand = 3.06, spot = 0.91;
  std::string kind = "constant";
  std::optional<config::FileRef> file;
  double volatility = 0.3, reversion_s = 14400;

  template <class Keys>
  void visit(Keys& key) {
    static const config::Limit kKinds = config::one_of({"constant", "trace", "mean_reverting"}, "price_models");
    key("on_demand", on_demand, config::within(0, 1e4), "usd per hour of an instance that cannot be taken away");
    key("spot", spot, config::within(1e-6, 1e4), "usd per hour of a spot instance (mean_reverting: in the long run)");
    key("kind", kind, kKinds, "how the spot price moves");
    key("file", file, "trace: rows `seconds,usd_per_h`");
    key("volatility", volatility, config::within(0, 10), "mean_reverting: deviation of the log price in the long run");
    key("reversion_s", reversion_s, config::within(1, 1e9), "mean_reverting: time in which a deviation falls to 1/e");
  }
};

struct PreemptConfig {
  double chance_per_min = 0.5, mean = 0, std = 1;

  template <class Keys>
  void visit(Keys& key) {
    key("chance_per_min", chance_per_min, config::within(0, 12), "ckpt_tick, bulk, per_minute: losses per minute");
    key("mean", mean, config::within(-1e3, 1e3), "instances lost at once: |round(normal)|, at least 1");
    key("std", std, config::within(0, 1e3), "deviation of that normal distribution");
  }
};

struct AddConfig {
  double chance_per_min = 0.5, mean = 0, std = 1;
  std::optional<double> big_probability;

  template <class Keys>
  void visit(Keys& key) {
    key("chance_per_min", chance_per_min, config::within(0, 12), "ckpt_tick, bulk: additions per minute");
    key("mean", mean, config::within(-1e3, 1e3), "instances added at once: |round(normal)|, at least 1");
    key("std", std, config::within(0, 1e3), "deviation of that normal distribution");
    key("big_probability", big_probability, config::within(0, 1),
        "probability that an addition is of 11 to 31 instances; default 0.05, 0.058 for the script");
  }
};

struct CkptTickConfig {
  std::string variant = "notebook";
  std::optional<std::string> sampling;
  std::optional<config::BigInteger> python_seed;
  std::vector<double> iteration_s = {18, 11, 9, 8};
  double reconfiguration_s = 88;

  template <class Keys>
  void visit(Keys& key) {
    static const config::Limit kVariants = config::one_of({"notebook", "script"});
    static const config::Limit kSamplings = config::one_of({"sorted", "set"});
    key("variant", variant, kVariants, "which of the two published programs");
    key("sampling", sampling, kSamplings,
        "order from which instances are drawn: ascending, or as CPython 3.9 iterates over the sets; default: set if "
        "bugs names N10, else sorted");
    key("python_seed", python_seed, "seed of the generator that draws instances; default: seed");
    key("iteration_s", iteration_s, config::within(1e-3, 1e6), "time of an iteration with 1, 2, … pipelines");
    key("reconfiguration_s", reconfiguration_s, config::within(0, 1e6), "time of a reconfiguration");
  }
};

struct MorphingConfig {
  double poll_s = 30;

  template <class Keys>
  void visit(Keys& key) {
    key("poll_s", poll_s, config::within(1, 1e5), "morphing: time between two looks for a better grid");
  }
};

struct SampleDropConfig {
  double limit = 0.5;

  template <class Keys>
  void visit(Keys& key) {
    key("limit", limit, config::within(0, 1), "sample_drop: share of a step's samples that may be missing");
  }
};

struct HybridConfig {
  int on_demand = 12;

  template <class Keys>
  void visit(Keys& key) {
    key("on_demand", on_demand, config::within(0, 1000), "hybrid: instances that cannot be taken away");
  }
};

struct SpotConfig {
  std::string strategy = "redundant", model = "BERT";
  OwnModelConfig own_model;
  int start_hour = 0;
  std::optional<double> duration_s;
  std::optional<std::int64_t> steps;
  std::optional<int> capacity;
  AvailabilityConfig availability;
  double creation_s = 45;
  RendezvousConfig rendezvous;
  double fallback_slowdown = 1.5, rebalance_threshold = 0.05;
  int redundancy = 1;
  CheckpointConfig checkpoint;
  PriceConfig price;
  std::optional<int> pipeline_depth;
  int start_instances = 32, max_instances = 64;
  double tick_s = 5, preparation_s = 180;
  PreemptConfig preempt;
  AddConfig add;
  CkptTickConfig ckpt_tick;
  MorphingConfig morphing;
  SampleDropConfig sample_drop;
  HybridConfig hybrid;
  std::optional<std::vector<std::string>> bugs;
  config::BigInteger seed;

  bool published() const { return strategy == "bamboo_compat" || strategy == "ckpt_tick_compat"; }
  bool ticks() const { return strategy == "ckpt_tick" || strategy == "ckpt_tick_compat"; }
  /// Whether a defect of the published programs is kept: those of `bugs`, else all of them in the published strategies.
  bool keeps(std::string_view bug) const;

  template <class Keys>
  void visit(Keys& key) {
    static const config::Limit kStrategies = config::one_of(strategy_names(), "strategies");
    static const config::Limit kModels = config::one_of(model_names(), "models");
    static const config::Limit kBugs = config::one_of(bug_names());
    key("strategy", strategy, kStrategies, "how training lives with losses");
    key("model", model, kModels, "what is trained");
    key.section("own_model", own_model);
    key("start_hour", start_hour, config::within(0, 23), "hour of day (UTC) at which the run starts");
    key("duration_s", duration_s, config::within(1, 1e9),
        "simulated time of the run; default: until all steps are done");
    key("steps", steps, config::within(1, 1e12),
        "steps to do; default: the model's, or no limit if there is a duration");
    key("capacity", capacity, config::within(1, 1000), "instances asked for; default: the model's");
    key.section("availability", availability);
    key("creation_s", creation_s, config::within(0, 1e6), "time from the addition of an instance until it is ready");
    key.section("rendezvous", rendezvous);
    key("fallback_slowdown", fallback_slowdown, config::within(1, 100),
        "a step takes that many times as long while an instance does the work of two");
    key("rebalance_threshold", rebalance_threshold, config::within(0, 1),
        "share of doubly loaded instances above which pipelines are formed anew");
    key("redundancy", redundancy, config::within(0, 7), "redundant: stages that an instance can take over");
    key.section("checkpoint", checkpoint);
    key.section("price", price);
    key("pipeline_depth", pipeline_depth, config::within(1, 1000), "stages of a pipeline; default: the model's");
    key("start_instances", start_instances, config::within(0, 1000),
        "ckpt_tick, bulk, per_minute: instances at the start");
    key("max_instances", max_instances, config::within(1, 1000), "ckpt_tick, bulk: the most instances there can be");
    key("tick_s", tick_s, config::within(1e-3, 1e5), "ckpt_tick: time between two looks at the cluster");
    key("preparation_s", preparation_s, config::within(0, 1e6), "ckpt_tick: time until an instance can be used");
    key.section("preempt", preempt);
    key.section("add", add);
    key.section("ckpt_tick", ckpt_tick);
    key.section("morphing", morphing);
    key.section("sample_drop", sample_drop);
    key.section("hybrid", hybrid);
    key("bugs", bugs, kBugs,
        "defects of the published programs that are kept (docs/spot-simulator.md); default: all for bamboo_compat and "
        "ckpt_tick_compat, none otherwise");
    key("seed", seed, "root of every random stream of the run");
    check(key);
  }

 private:
  template <class Keys>
  void check(Keys& key) {
    const bool own = model == "own";
    bool has_depth = false;
    for (const GridConfig& grid : own_model.grids)
      has_depth = has_depth || (grid.stages == pipeline_depth.value_or(own_model.stages) && !grid.step_s.empty());
    key.require("own_model.grids", !own || has_depth,
                "must have step times for the depth own_model.stages (or pipeline_depth), since model is own");
    key.require("duration_s", duration_s || steps || ticks() || has_end(),
                "or steps must be given: this model says nothing of how many steps a training takes");
    key.require("availability.file", availability.kind != "trace" || availability.file,
                "must be given, since availability.kind is trace");
    key.require("price.file", price.kind != "trace" || price.file, "must be given, since price.kind is trace");
    key.require("availability.bid_usd_per_h", availability.kind != "price" || availability.bid_usd_per_h,
                "must be given, since availability.kind is price");
    key.require("availability.kind", strategy != "bamboo_compat" || published_availability(),
                "must be hourly or trace for strategy bamboo_compat");
    key.require("ckpt_tick.iteration_s", !ckpt_tick.iteration_s.empty(), "must have at least one time");
    key.require("pipeline_depth", depth_is_known(), "must be a depth for which the model has step times");
    key.require("seed", !ticks() || seed_fits_numpy(), "must be within 0 .. 4294967295 for ckpt_tick");
  }
  bool has_end() const;
  bool depth_is_known() const;
  bool published_availability() const { return availability.kind == "hourly" || availability.kind == "trace"; }
  bool seed_fits_numpy() const;
};

}  // namespace windrow::spot

template <>
struct windrow::config::Format<windrow::spot::Addition> {
  static constexpr std::string_view expected = "number within 0 .. 1, default or random";
  static std::optional<windrow::spot::Addition> parse(std::string_view text);
  static std::string text(const windrow::spot::Addition& addition);
};

template <>
struct windrow::config::Format<windrow::spot::Period> {
  static constexpr std::string_view expected = "number above 0, auto or never";
  static std::optional<windrow::spot::Period> parse(std::string_view text);
  static std::string text(const windrow::spot::Period& period);
};
