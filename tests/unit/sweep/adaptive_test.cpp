// Which points the rules of a sweep ask for: against invented results, in any order of completion.
#include "windrow/sweep/adaptive.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <random>
#include <set>

#include "support/pool.hpp"
#include "support/process.hpp"

namespace windrow::sweep {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

struct Result {
  PointStatus status;
  double value;
};
/// What a point gives: by the values of its axes, in the order of the sweep file.
using Model = std::function<Result(const std::vector<AxisValue>&)>;

double real(const AxisValue& value) {
  return std::holds_alternative<double>(value) ? std::get<double>(value)
                                               : static_cast<double>(std::get<std::int64_t>(value));
}

class Adaptively : public testing::Test {
 protected:
  Adaptively() { catalog_.add<pool::PoolSimulator>(); }

  Plan plan(const std::string& rest) {
    config::Problems problems;
    Plan loaded = Plan::load(folder_.write("s.yaml", "name: s\nsimulator: pool\n" + rest), catalog_, {}, problems);
    EXPECT_EQ(problems.text(), "");
    return loaded;
  }

  static void learn(Adaptive& rules, const Plan& plan, const Model& model, std::uint64_t index,
                    std::vector<std::uint64_t>& waiting) {
    const Result result = model(plan.axes_of(index));
    const std::vector<double> values(rules.metrics().size(), result.value);
    for (const std::uint64_t more : rules.learn(index, result.status, values)) {
      EXPECT_FALSE(std::count(waiting.begin(), waiting.end(), more)) << "asked for twice";
      waiting.push_back(more);
    }
  }

  static std::vector<std::uint64_t> asked(const Adaptive& rules, const Plan& plan) {
    std::vector<std::uint64_t> all;
    for (std::uint64_t i = 0; i < plan.size(); ++i)
      if (rules.is_asked(i)) all.push_back(i);
    EXPECT_EQ(all.size(), rules.asked());
    return all;
  }

  /// Runs it all, with up to `workers` points at work which end in an order drawn by `order`.
  static std::vector<std::uint64_t> run(Adaptive& rules, const Plan& plan, const Model& model, unsigned order,
                                        std::size_t workers = 5) {
    std::mt19937 draw(order);
    rules.begin();
    std::vector<std::uint64_t> waiting = asked(rules, plan), running;
    while (!waiting.empty() || !running.empty()) {
      while (!waiting.empty() && running.size() < workers) {
        const std::size_t which = draw() % waiting.size();
        running.push_back(waiting[which]);
        waiting.erase(waiting.begin() + static_cast<std::ptrdiff_t>(which));
      }
      const std::size_t which = draw() % running.size();
      const std::uint64_t index = running[which];
      running.erase(running.begin() + static_cast<std::ptrdiff_t>(which));
      learn(rules, plan, model, index, waiting);
    }
    for (std::size_t line = 0; line < rules.lines(); ++line) EXPECT_TRUE(rules.is_settled(line));
    return asked(rules, plan);
  }

  static std::vector<std::string> labels(const Plan& plan, const std::vector<std::uint64_t>& points) {
    std::vector<std::string> texts;
    for (const std::uint64_t point : points) texts.push_back(plan.label(point));
    return texts;
  }

  static std::map<std::string, std::string> skipped(const Adaptive& rules, const Plan& plan) {
    std::map<std::string, std::string> texts;
    for (std::size_t line = 0; line < rules.lines(); ++line)
      rules.for_each_skipped(line, [&](std::uint64_t index, const std::string& why) {
        EXPECT_FALSE(rules.is_asked(index));
        texts[plan.label(index)] = why;
      });
    return texts;
  }

  test::TemporaryFolder folder_;
  Catalog catalog_;
};

/// Noise by the seed, alike for all policies: one, two or three replicas differ in how much of it they see.
Result noisy(const std::vector<AxisValue>& axes) {
  const double replicas = real(axes[0]), seed = real(axes[1]);
  return {PointStatus::ok, 100 + 30 / replicas * std::sin(seed * seed + 1)};
}

TEST_F(Adaptively, EveryCellGetsTheFirstSeedsOfOneProgression) {
  const Plan p = plan(
      "axes:\n  replicas: [1, 2, 3]\n  seed: {from: 10, step: 5, count: 2}\n"
      "replicate: {metric: wait_mean, relative_ci: 0.08, min: 3, max: 40}\n");
  EXPECT_EQ(p.size(), 120U);
  EXPECT_EQ(p.axes()[1].values[39], AxisValue(std::int64_t{10 + 39 * 5}));
  Adaptive rules(p);
  EXPECT_EQ(rules.reserve(), 120U) << "nothing is asked for before begin()";
  std::vector<std::size_t> seeds(3);
  std::vector<std::uint64_t> points = run(rules, p, noisy, 1);
  for (const std::uint64_t point : points) {
    const std::uint64_t cell = point / 40;
    EXPECT_EQ(point % 40, seeds[cell]++) << "no seed left out";
  }
  EXPECT_GT(seeds[0], seeds[1]) << "more spread, more seeds";
  EXPECT_GT(seeds[1], seeds[2]);
  EXPECT_GE(seeds[2], 3U);
  EXPECT_LT(seeds[0], 40U);
  for (std::uint64_t cell = 0; cell < 3; ++cell) {
    Mean mean;
    for (std::uint64_t seed = 0; seed < seeds[cell]; ++seed) mean.add(noisy(p.axes_of(cell * 40 + seed)).value);
    EXPECT_LE(mean.half_width() / mean.mean(), 0.08) << cell;
  }
  const auto not_run = skipped(rules, p);
  EXPECT_EQ(not_run.size() + points.size(), 120U);
  EXPECT_TRUE(not_run.at("replicas=1 seed=205").starts_with("not needed: ")) << not_run.at("replicas=1 seed=205");
}

TEST_F(Adaptively, TheOrderOfCompletionDoesNotMatter) {
  const std::string replicate = "replicate: {metric: wait_mean, relative_ci: 0.05, max: 40}\n";
  const std::string axes =
      "axes:\n  replicas: [1, 2, 3]\n  seed: {from: 0, count: 2}\n  arrival_rate_per_s: [1, 2, 4, 8, 16, 32]\n";
  const Model model = [](const std::vector<AxisValue>& point) -> Result {
    const double rate = real(point[2]);
    if (rate > 9 * real(point[0])) return {PointStatus::saturated, 1e6};
    return {real(point[1]) == 1 && rate == 2 ? PointStatus::failed : PointStatus::ok, noisy(point).value * rate};
  };
  for (const std::string& rules_text :
       {replicate, "knee: {axis: arrival_rate_per_s, metric: wait_mean, at_most: 1000, within: 0.25}\n" + replicate,
        std::string("knee: {axis: arrival_rate_per_s, metric: wait_p99, at_most: 1000, within: 0.25}\n"),
        "until: {axis: arrival_rate_per_s}\n" + replicate, std::string("until: {axis: arrival_rate_per_s}\n")}) {
    const Plan p = plan(axes + rules_text);
    Adaptive in_order(p);
    const std::vector<std::uint64_t> expected = run(in_order, p, model, 0, 1);
    EXPECT_LT(expected.size(), p.size());
    const auto reasons = skipped(in_order, p);
    for (unsigned order = 1; order < 20; ++order) {
      Adaptive rules(p);
      EXPECT_EQ(run(rules, p, model, order, 1 + order), expected) << rules_text;
      EXPECT_EQ(skipped(rules, p), reasons);
    }
  }
}

TEST_F(Adaptively, WhatAnEarlierRunHasLeftIsTakenUpInTheMiddle) {
  const Plan p = plan(
      "axes:\n  replicas: [1, 2, 3]\n  seed: {from: 0, count: 2}\n"
      "replicate: {metric: wait_mean, relative_ci: 0.05, max: 40}\n");
  Adaptive whole(p);
  const std::vector<std::uint64_t> expected = run(whole, p, noisy, 0);
  for (unsigned order = 1; order < 30; ++order) {
    // Stops after some points, wherever that is; then a new start is told of them.
    std::mt19937 draw(order);
    Adaptive first(p);
    first.begin();
    std::vector<std::uint64_t> waiting = asked(first, p), done;
    for (std::size_t n = draw() % expected.size(); n > 0; --n) {
      std::swap(waiting[draw() % waiting.size()], waiting.back());
      done.push_back(waiting.back());
      waiting.pop_back();
      learn(first, p, noisy, done.back(), waiting);
    }
    Adaptive second(p);
    for (const std::uint64_t index : done) {
      const double value = noisy(p.axes_of(index)).value;
      second.know(index, PointStatus::ok, std::span(&value, 1));
    }
    second.begin();
    for (const std::uint64_t index : done) EXPECT_TRUE(second.is_asked(index));
    waiting.clear();
    for (const std::uint64_t index : asked(second, p))
      if (!std::count(done.begin(), done.end(), index)) waiting.push_back(index);
    while (!waiting.empty()) {
      const std::uint64_t index = waiting.back();
      waiting.pop_back();
      learn(second, p, noisy, index, waiting);
    }
    EXPECT_EQ(asked(second, p), expected);
  }
}

TEST_F(Adaptively, TheKneeIsFoundBetweenTheWrittenValues) {
  const Plan p = plan(
      "axes:\n  replicas: [1, 3]\n  arrival_rate_per_s: [1, 20]\n  seed: [0, 1]\n"
      "knee: {axis: arrival_rate_per_s, metric: wait_mean, at_most: 50, within: 0.1}\n");
  const auto& values = std::get<std::vector<double>>(p.axes()[1].values.column());
  EXPECT_EQ(values.size(), 257U) << "halved eight times";
  EXPECT_EQ(values.front(), 1);
  EXPECT_EQ(values.back(), 20);
  EXPECT_EQ(values[1], 1.07421875);
  const Model model = [](const std::vector<AxisValue>& point) -> Result {
    return {PointStatus::ok, 10 * real(point[1]) / real(point[0]) + real(point[2])};
  };
  Adaptive rules(p);
  const std::vector<std::uint64_t> points = run(rules, p, model, 3);
  EXPECT_LE(points.size(), 2U * 2 * 9);
  const std::vector<Adaptive::Knee> knees = rules.knees();
  ASSERT_EQ(knees.size(), 2U);
  EXPECT_EQ(knees[0].line, "replicas=1");
  EXPECT_LE(real(*knees[0].value), 4.95);
  EXPECT_GT(real(*knees[0].value), 4.95 - 0.1);
  EXPECT_NEAR(knees[0].mean, 10 * real(*knees[0].value) + 0.5, 1e-9);
  EXPECT_LE(real(*knees[1].value), 3 * 4.95);
  EXPECT_GT(real(*knees[1].value), 3 * 4.95 - 0.1);
  const auto not_run = skipped(rules, p);
  EXPECT_EQ(not_run.at("replicas=3 arrival_rate_per_s=20 seed=0"),
            "not needed: the knee is at arrival_rate_per_s=" + to_text(*knees[1].value));
}

TEST_F(Adaptively, AFinerKneeHasTheValuesOfTheCoarserOne) {
  const auto values_within = [&](const std::string& within) {
    const Plan p = plan(
        "axes:\n  arrival_rate_per_s: [0.4, 1.2, 7.3]\n"
        "knee: {axis: arrival_rate_per_s, metric: wait_mean, at_most: 1, within: " +
        within + "}\n");
    const auto& column = std::get<std::vector<double>>(p.axes()[0].values.column());
    return std::set<double>(column.begin(), column.end());
  };
  const std::set<double> coarse = values_within("0.2"), fine = values_within("0.03");
  EXPECT_GT(fine.size(), coarse.size());
  EXPECT_TRUE(std::includes(fine.begin(), fine.end(), coarse.begin(), coarse.end()));
}

TEST_F(Adaptively, SaturatedFailedAndUndefinedMissTheTarget) {
  const Plan p = plan(
      "axes:\n  arrival_rate_per_s: [1, 2, 3, 4, 5, 6, 7]\n  seed: [0, 1]\n"
      "knee: {axis: arrival_rate_per_s, metric: wait_mean, at_most: 50}\n");
  for (const Result bad : {Result{PointStatus::saturated, 1}, Result{PointStatus::failed, 1},
                           Result{PointStatus::ok, std::nan("")}, Result{PointStatus::ok, 100}}) {
    const Model model = [&](const std::vector<AxisValue>& point) -> Result {
      return real(point[0]) >= 6 && real(point[1]) == 1 ? bad : Result{PointStatus::ok, 1};
    };
    Adaptive rules(p);
    run(rules, p, model, 1);
    EXPECT_EQ(rules.knees()[0].value, AxisValue(5.0));
  }
}

TEST_F(Adaptively, NoValueMeetsTheTargetOrAllDo) {
  const Plan p = plan(
      "axes:\n  arrival_rate_per_s: [1, 2, 3, 4]\n  seed: [0, 1]\n"
      "knee: {axis: arrival_rate_per_s, metric: utilization, at_least: 0.5}\n");
  Adaptive none(p);
  run(
      none, p,
      [](const auto&) {
        return Result{PointStatus::ok, 0.4};
      },
      1);
  EXPECT_FALSE(none.knees()[0].value);
  EXPECT_TRUE(std::isnan(none.knees()[0].mean) || none.knees()[0].mean == 0);
  EXPECT_EQ(skipped(none, p).at("arrival_rate_per_s=4 seed=0"), "not needed: arrival_rate_per_s=1 misses the target");
  Adaptive all(p);
  run(
      all, p,
      [](const auto&) {
        return Result{PointStatus::ok, 0.6};
      },
      1);
  EXPECT_EQ(all.knees()[0].value, AxisValue(4.0));
}

TEST_F(Adaptively, UntilEndsWhereAllOrAnySeedsAreSaturated) {
  const std::string axes = "axes:\n  replicas: [1, 2]\n  arrival_rate_per_s: [1, 2, 3, 4]\n  seed: [0, 1, 2]\n";
  const Model model = [](const std::vector<AxisValue>& point) -> Result {
    const double load = real(point[1]) / real(point[0]);
    if (real(point[2]) == 2) return {PointStatus::failed, 0};
    return {load >= (real(point[2]) == 0 ? 2 : 3) ? PointStatus::saturated : PointStatus::ok, 1};
  };
  const Plan p_all = plan(axes + "until: {axis: arrival_rate_per_s, status: saturated}\n");
  Adaptive all(p_all);
  run(all, p_all, model, 1);
  const auto not_run = skipped(all, p_all);
  EXPECT_EQ(not_run.size(), 3U);
  EXPECT_EQ(not_run.at("replicas=1 arrival_rate_per_s=4 seed=1"), "not run: saturated at arrival_rate_per_s=3");
  const Plan p_any = plan(axes + "until: {axis: arrival_rate_per_s, seeds: any}\n");
  Adaptive any(p_any);
  run(any, p_any, model, 1);
  EXPECT_EQ(skipped(any, p_any).size(), 6U);
  EXPECT_EQ(skipped(any, p_any).at("replicas=1 arrival_rate_per_s=3 seed=1"),
            "not run: saturated at arrival_rate_per_s=2");
}

TEST_F(Adaptively, PointsThatSkipLeavesOutAreNotMissed) {
  const Plan p = plan(
      "axes:\n  replicas: [1, 2]\n  arrival_rate_per_s: [1, 2, 3]\n  seed: [0, 1]\n"
      "skip: ['replicas=1 arrival_rate_per_s=2', 'replicas=2 seed=0']\nuntil: {axis: arrival_rate_per_s}\n");
  Adaptive rules(p);
  const auto points = run(
      rules, p,
      [](const auto&) {
        return Result{PointStatus::ok, 1};
      },
      1);
  EXPECT_EQ(points.size(), p.size());
}

TEST_F(Adaptively, AFailedPointThatSucceedsAtLastCounts) {
  const Plan p =
      plan("axes:\n  seed: {from: 0, count: 2}\nreplicate: {metric: wait_mean, relative_ci: 0.05, max: 4}\n");
  Adaptive rules(p);
  const double value = 10;
  rules.know(0, PointStatus::failed, {});  // as with a limit: decided without it, tried again all the same
  rules.know(1, PointStatus::ok, std::span(&value, 1));
  rules.begin();
  EXPECT_THAT(asked(rules, p), ElementsAre(0, 1, 2));
  EXPECT_THAT(rules.learn(0, PointStatus::ok, std::span(&value, 1)), IsEmpty());
  EXPECT_FALSE(rules.is_settled(0)) << "point 2 was asked for, and is at work";
  EXPECT_THAT(rules.learn(2, PointStatus::ok, std::span(&value, 1)), IsEmpty());
  EXPECT_TRUE(rules.is_settled(0));
}

}  // namespace
}  // namespace windrow::sweep
