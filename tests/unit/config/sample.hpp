// A configuration with every kind of key, for the tests of config/.
#pragma once

#include <charconv>

#include "windrow/config/schema.hpp"

namespace windrow::test {

using config::above;
using config::any;
using config::at_least;
using config::one_of;
using config::within;

/// `36:36:36`
struct Shape {
  int a = 1, b = 1;
  bool operator==(const Shape&) const = default;
};

}  // namespace windrow::test

template <>
struct windrow::config::Format<windrow::test::Shape> {
  static constexpr std::string_view expected = "A:B, two counts";
  static std::optional<test::Shape> parse(std::string_view text) {
    const std::size_t colon = text.find(':');
    if (colon == text.npos) return std::nullopt;
    const auto a = parse_int64(text.substr(0, colon)), b = parse_int64(text.substr(colon + 1));
    if (!a || !b || *a < 0 || *b < 0 || *a > 1000 || *b > 1000) return std::nullopt;
    return test::Shape{static_cast<int>(*a), static_cast<int>(*b)};
  }
  static std::string text(const test::Shape& shape) { return fmt::format("{}:{}", shape.a, shape.b); }
  static test::Shape draw(std::uint64_t bits) {
    return {static_cast<int>(bits % 1000), static_cast<int>(bits / 1000 % 1000)};
  }
};

namespace windrow::test {

struct Jobs {
  bool multi_gpu = false;
  std::int64_t count = 100;
  std::optional<double> fixed_duration_s;

  template <class Keys>
  void visit(Keys& key) {
    key("multi_gpu", multi_gpu, "several GPUs");
    key("count", count, within(1, 1e9), "number of jobs");
    key("fixed_duration_s", fixed_duration_s, above(0), "all jobs alike");
  }
};

struct Stage {
  int replicas = 1;
  std::string model = "a";
  Jobs jobs;

  template <class Keys>
  void visit(Keys& key) {
    key("replicas", replicas, within(1, 64), "of the stage");
    key("model", model, "what it runs");
    key.section("jobs", jobs);
  }
};

struct Sample {
  double arrival_rate_per_s = 8.0, service_mean_s = 0.1;
  double horizon_s = 3600.0, warmup_s = 300.0;
  double interarrival_mean_s = 9000;
  int replicas = 1;
  std::uint64_t seed = 0;
  std::string policy = "fifo", compat = "corrected", note;
  Shape shape;
  std::vector<double> window{1, 2};
  std::vector<std::string> tags;
  std::optional<std::int64_t> cap;
  Jobs jobs;
  std::vector<Stage> stages;

  template <class Keys>
  void visit(Keys& key) {
    key("arrival_rate_per_s", arrival_rate_per_s, above(0), "mean rate of Poisson arrivals");
    key("service_mean_s", service_mean_s, above(0), "mean service time");
    key("replicas", replicas, within(1, 1e6), "identical replicas behind the queue");
    key("horizon_s", horizon_s, above(0), "simulated time at which the run ends");
    key("warmup_s", warmup_s, at_least(0), "not measured before");
    key("seed", seed, at_least(0), "root of every random stream of the run");
    key("policy", policy, one_of({"fifo", "gandiva", "max_min_fairness"}, "policies"), "who runs");
    key("compat", compat, one_of({"upstream", "corrected"}), "defects");
    key("note", note, "free text");
    key("shape", shape, "of the cluster");
    config::Limit pair = at_least(0);
    pair.length = 2;
    key("window", window, pair, "measured jobs");
    key("tags", tags, "names");
    key("cap", cap, at_least(0), "none by default");
    key("interarrival_mean_s", interarrival_mean_s, above(0), "mean gap");
    key.alternative(
        "arrival_rate", "interarrival_mean_s", interarrival_mean_s, [](double per_h) { return 3600 / per_h; }, above(0),
        "jobs per hour");
    key.section("jobs", jobs);
    key.list("stages", stages, "one after the other");
    key.require("warmup_s", warmup_s < horizon_s, "must be below horizon_s, or nothing is measured");
    key.require("window", window[0] < window[1], "must end after it begins");
  }
};

}  // namespace windrow::test
