// Every published instance: the exact optimum of each policy, in each tie-break.
#include "windrow/solve/policies.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

namespace windrow::solve {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

const fs::path kData = fs::path(WINDROW_SOURCE_DIR) / "tests/data/reference/solve";
constexpr TieBreak kModes[] = {TieBreak::central, TieBreak::lexicographic, TieBreak::vertex};

struct Instance {
  std::string name;
  Jobs jobs;
  std::vector<double> prices, seconds_left;
  std::vector<Entity> entities;
  std::map<std::string, json> expected;
};

std::vector<Instance> instances() {
  std::vector<Instance> all;
  for (const auto& entry : fs::directory_iterator(kData)) {
    if (entry.path().extension() != ".json") continue;
    std::ifstream in(entry.path());
    const json data = json::parse(in);
    Instance one;
    one.name = entry.path().stem().string();
    one.jobs.capacity = data["capacity"].get<std::vector<double>>();
    for (const auto& job : data["jobs"]) {
      for (const double rate : job[0]) one.jobs.throughput.push_back(rate);
      one.jobs.gpus.push_back(job[1]);
      one.jobs.priority.push_back(job[2]);
      one.jobs.steps_left.push_back(job[3]);
      one.jobs.elapsed_s.push_back(job[4]);
    }
    for (const auto& pair : data.value("pairs", json::array())) {
      Pair read{pair[0][0], pair[0][1], pair[1].get<std::vector<double>>()};
      for (const double rate : pair[2]) read.rate.push_back(rate);
      one.jobs.pairs.push_back(read);
    }
    one.prices = data.value("prices", std::vector<double>{});
    one.seconds_left.assign(one.jobs.size(), HUGE_VAL);
    const json seconds_left = data.value("seconds_left", json::object());
    for (const auto& [job, seconds] : seconds_left.items()) one.seconds_left[std::stoul(job)] = seconds;
    for (const auto& entity : data.value("entities", json::array()))
      one.entities.push_back({entity[0], entity[1] == "fifo", entity[2].get<std::vector<std::size_t>>()});
    one.expected = data["expected"].get<std::map<std::string, json>>();
    all.push_back(std::move(one));
  }
  std::sort(all.begin(), all.end(), [](const Instance& a, const Instance& b) { return a.name < b.name; });
  return all;
}

bool ends_with(const std::string& text, const std::string& end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

void expect_allocation(const json& expected, const std::vector<double>& x, std::size_t types) {
  if (!expected.contains("allocation")) return;
  const auto rows = expected["allocation"].get<std::vector<std::vector<double>>>();
  for (std::size_t i = 0; i < rows.size(); ++i)
    for (std::size_t k = 0; k < types; ++k) EXPECT_NEAR(x[i * types + k], rows[i][k], 1e-5) << "job " << i;
}

TEST(SolveReference, MaxMinFairness) {
  int count = 0;
  for (const Instance& one : instances()) {
    for (const auto& [policy, expected] : one.expected) {
      if (policy != "max_min_fairness" && policy != "max_min_fairness_perf") continue;
      ++count;
      const double objective = expected["objective"];
      const Problem problem = max_min_fairness(ends_with(policy, "_perf") ? one.jobs : blind(one.jobs));
      for (const TieBreak mode : kModes) {
        SCOPED_TRACE(one.name + " " + policy + " mode " + std::to_string(static_cast<int>(mode)));
        const Solution answer = solve(problem, mode);
        ASSERT_EQ(answer.status, Status::optimal);
        EXPECT_FALSE(answer.fell_back);
        EXPECT_NEAR(answer.theta, objective, 2e-8 * objective);
        EXPECT_LE(violation(problem, answer.x, answer.theta), 1e-12);
        EXPECT_NEAR(answer.bound, objective, 2e-8 * objective);
        expect_allocation(expected, answer.x, one.jobs.types());
      }
      const Solution exact = solve_any(problem);
      EXPECT_NEAR(exact.theta, objective, 1e-9 * objective) << one.name << " " << policy;
    }
  }
  EXPECT_GE(count, 35);
}

/// What is published where many allocations are optimal, printed to nine decimals.
void expect_published(const json& expected, const std::vector<double>& x, std::size_t types, double within) {
  const auto rows = expected["published"].get<std::vector<std::vector<double>>>();
  for (std::size_t i = 0; i < rows.size(); ++i)
    for (std::size_t k = 0; k < types; ++k) EXPECT_NEAR(x[i * types + k], rows[i][k], within) << "job " << i;
}

TEST(SolveReference, WhereTheirSolverStops) {
  int count = 0;
  for (const Instance& one : instances()) {
    for (const auto& [policy, expected] : one.expected) {
      if (!expected.contains("published")) continue;
      ++count;
      SCOPED_TRACE(one.name + " " + policy);
      const std::size_t types = one.jobs.types();
      Solution answer;
      double within = 2e-9;
      if (policy == "max_min_fairness") {
        answer = solve(max_min_fairness(blind(one.jobs)), TieBreak::ecos);
        within = 5e-8;  // types that look alike can be exchanged freely, and rounding tells them apart
      }
      if (policy == "max_min_fairness_perf") answer = solve(max_min_fairness(one.jobs), TieBreak::ecos);
      if (policy == "max_sum_throughput_perf")
        answer = solve_sum(max_sum_throughput(one.jobs, {}, {}), TieBreak::ecos).solution;
      if (policy == "max_sum_throughput_normalized_by_cost_perf_SLOs")
        answer = solve_sum(max_sum_throughput(one.jobs, one.prices, one.seconds_left), TieBreak::ecos).solution;
      if (policy == "finish_time_fairness_perf") {
        answer = finish_time_fairness(finish_times(one.jobs), TieBreak::ecos).solution;
        within = 2e-6;
      }
      ASSERT_EQ(answer.status, Status::optimal);
      EXPECT_EQ(answer.method, Method::embedding);
      EXPECT_FALSE(answer.fell_back);
      expect_published(expected, answer.x, types, within);
    }
  }
  EXPECT_GE(count, 40);
}

TEST(SolveReference, MaxMinFairnessPacked) {
  int count = 0;
  for (const Instance& one : instances()) {
    const auto found = one.expected.find("max_min_fairness_packed");
    if (found == one.expected.end()) continue;
    ++count;
    const double objective = found->second["objective"];
    const PackedProblem problem = packed(one.jobs, max_min_fairness(one.jobs));
    for (const TieBreak mode : kModes) {
      SCOPED_TRACE(one.name + " mode " + std::to_string(static_cast<int>(mode)));
      const PackedSolution answer = solve_packed(problem, mode);
      ASSERT_EQ(answer.alone.status, Status::optimal);
      EXPECT_NEAR(answer.alone.theta, objective, 5e-8 * objective);
      EXPECT_LE(violation(problem, answer), 1e-12);
      EXPECT_LE(answer.alone.gap, 2e-8);
    }
    EXPECT_NEAR(solve_packed(problem, TieBreak::vertex).alone.theta, objective, 2e-9 * objective) << one.name;
  }
  EXPECT_GE(count, 8);
}

TEST(SolveReference, MinTotalDuration) {
  int count = 0;
  for (const Instance& one : instances()) {
    for (const auto& [policy, expected] : one.expected) {
      if (policy.rfind("min_total_duration", 0) != 0) continue;
      ++count;
      SCOPED_TRACE(one.name + " " + policy);
      const double seconds = expected["objective"];
      if (ends_with(policy, "_packed")) {
        const PackedSolution answer = solve_packed(packed(one.jobs, min_total_duration(one.jobs)), TieBreak::vertex);
        EXPECT_NEAR(1 / answer.alone.theta, seconds, 1e-8 * seconds);
        const PackedSolution centre = solve_packed(packed(one.jobs, min_total_duration(one.jobs)), TieBreak::central);
        EXPECT_NEAR(1 / centre.alone.theta, seconds, 1e-6 * seconds);
        continue;
      }
      const Problem problem = min_total_duration(ends_with(policy, "_perf") ? one.jobs : blind(one.jobs, 2));
      for (const TieBreak mode : kModes) {
        const Solution answer = solve(problem, mode);
        ASSERT_EQ(answer.status, Status::optimal);
        EXPECT_NEAR(1 / answer.theta, seconds, 2e-8 * seconds);
      }
      EXPECT_NEAR(1 / solve_any(problem).theta, seconds, 3e-9 * seconds);
    }
  }
  EXPECT_GE(count, 40);
}

TEST(SolveReference, MinTotalDurationByBisection) {
  int count = 0;
  for (const Instance& one : instances()) {
    for (const auto& [policy, expected] : one.expected) {
      if (!expected.contains("horizon")) continue;
      ++count;
      SCOPED_TRACE(one.name + " " + policy);
      const Jobs jobs = ends_with(policy, "_perf") ? one.jobs : blind(one.jobs, 2);
      const Horizon horizon = bisect_total_duration(jobs);
      ASSERT_EQ(horizon.solution.status, Status::optimal);
      EXPECT_FALSE(horizon.solution.fell_back);
      EXPECT_EQ(horizon.seconds, expected["horizon"].get<double>());
      EXPECT_EQ(horizon.tried.size(), expected["tried"].get<std::size_t>());
      EXPECT_GE(horizon.solution.theta * horizon.seconds, 1 - 1e-9);  // and x keeps it
      EXPECT_LE(violation(min_total_duration(jobs), horizon.solution.x, 0), 1e-12);
    }
  }
  EXPECT_GE(count, 25);
}

TEST(SolveReference, StrategyProofMaxMinFairness) {
  int count = 0;
  for (const Instance& one : instances()) {
    const auto found = one.expected.find("max_min_fairness_strategy_proof_perf");
    if (found == one.expected.end()) continue;
    ++count;
    SCOPED_TRACE(one.name);
    const StrategyProof answer = strategy_proof_fairness(one.jobs);
    ASSERT_EQ(answer.welfare.status, Status::optimal);
    EXPECT_LE(answer.welfare.gap, 1e-8);
    const auto discount = found->second["discount"].get<std::vector<double>>();
    const auto rates = found->second["rate"].get<std::vector<double>>();
    const std::size_t types = one.jobs.types();
    for (std::size_t i = 0; i < discount.size(); ++i) {
      EXPECT_NEAR(answer.discount[i], discount[i], 2e-5) << "job " << i;  // as exact as the published solver
      double rate = 0;
      for (std::size_t k = 0; k < types; ++k) rate += one.jobs.throughput[i * types + k] * answer.x[i * types + k];
      EXPECT_NEAR(rate, rates[i], 5e-5 * rates[i]) << "job " << i;
    }
  }
  EXPECT_GE(count, 8);
}

TEST(SolveReference, FinishTimeFairness) {
  int count = 0;
  for (const Instance& one : instances()) {
    for (const auto& [policy, expected] : one.expected) {
      if (policy.rfind("finish_time_fairness", 0) != 0) continue;
      ++count;
      SCOPED_TRACE(one.name + " " + policy);
      const double rho = expected["objective"];
      if (ends_with(policy, "_packed")) {
        // As published, rates count by priority here, and the fair share does not.
        FinishTimes times = finish_times(one.jobs);
        PackedProblem problem = packed(one.jobs, times.region);
        const std::size_t types = one.jobs.types();
        for (std::size_t i = 0; i < one.jobs.size(); ++i)
          for (std::size_t k = 0; k < types; ++k) problem.alone.rate[i * types + k] /= one.jobs.priority[i];
        for (Pair& pair : problem.pairs)
          for (std::size_t k = 0; k < types; ++k) {
            pair.rate[k] /= one.jobs.priority[pair.first];
            pair.rate[types + k] /= one.jobs.priority[pair.second];
          }
        EXPECT_NEAR(finish_time_fairness(times, problem, TieBreak::vertex).rho, rho, 3e-7 * rho);
        continue;
      }
      const FinishTimes times = finish_times(ends_with(policy, "_perf") ? one.jobs : blind(one.jobs, 2));
      for (const TieBreak mode : kModes) {
        const FinishTimeSolution answer = finish_time_fairness(times, mode);
        ASSERT_EQ(answer.solution.status, Status::optimal);
        EXPECT_NEAR(answer.rho, rho, 3e-7 * rho);
        EXPECT_NEAR(answer.attained, answer.rho, 1e-7 * rho);
        EXPECT_LE(answer.rounds, 6);
      }
    }
  }
  EXPECT_GE(count, 35);
}

TEST(SolveReference, FinishTimeFairnessWhereItIsKnownByHand) {
  for (const Instance& one : instances())
    if (one.name == "tiny_test_suite") {
      EXPECT_NEAR(finish_time_fairness(finish_times(one.jobs), TieBreak::central).rho, 31.0 / 48.0, 1e-9);
    }
}

TEST(SolveReference, MaxSumThroughput) {
  int count = 0;
  for (const Instance& one : instances()) {
    for (const auto& [policy, expected] : one.expected) {
      if (policy.rfind("max_sum_throughput", 0) != 0) continue;
      ++count;
      SCOPED_TRACE(one.name + " " + policy);
      const bool by_cost = policy.find("normalized_by_cost") != std::string::npos;
      const bool deadlines = ends_with(policy, "_SLOs");
      const double objective = expected["objective"];
      const Problem problem = max_sum_throughput(one.jobs, by_cost ? one.prices : std::vector<double>{},
                                                 deadlines ? one.seconds_left : std::vector<double>{});
      for (const TieBreak mode : kModes) {
        const SumSolution answer = solve_sum(problem, mode);
        ASSERT_EQ(answer.solution.status, Status::optimal);
        EXPECT_EQ(answer.floors_dropped, expected.value("floors_dropped", false));
        EXPECT_NEAR(answer.solution.objective, objective, 2e-8 * objective);
        if (mode != TieBreak::central) expect_allocation(expected, answer.solution.x, one.jobs.types());
      }
    }
  }
  EXPECT_GE(count, 50);
}

TEST(SolveReference, WaterFilling) {
  int count = 0;
  int hierarchical = 0;
  for (const Instance& one : instances()) {
    for (const auto& [policy, expected] : one.expected) {
      if (policy.rfind("max_min_fairness_water_filling", 0) != 0 || !expected.contains("levels")) continue;
      ++count;
      SCOPED_TRACE(one.name + " " + policy);
      const Problem problem = max_min_fairness(ends_with(policy, "_perf") ? one.jobs : blind(one.jobs));
      const Reweigh reweigh = entity_weights(one.entities, one.jobs.priority, one.jobs.gpus);
      hierarchical += one.entities.empty() ? 0 : 1;
      const WaterFilling filled = fill(problem, one.entities.empty() ? nullptr : &reweigh);
      const auto levels = expected["levels"].get<std::vector<double>>();
      ASSERT_EQ(filled.level.size(), levels.size());
      EXPECT_EQ(filled.fallbacks, 0);
      for (std::size_t i = 0; i < levels.size(); ++i) {
        EXPECT_NEAR(filled.level[i], levels[i], 1e-6 * std::max(1.0, levels[i])) << "job " << i;
        double rate = 0;  // and x gives it
        for (std::size_t k = 0; k < one.jobs.types(); ++k)
          rate += problem.rate_of(i, k) * filled.last.x[i * one.jobs.types() + k];
        EXPECT_GE(rate, levels[i] * (1 - 1e-6)) << "job " << i;
      }
    }
  }
  EXPECT_GE(count, 20);
  EXPECT_GE(hierarchical, 4);
}

Problem read_problem(const std::string& name, FinishTimes* times = nullptr) {
  std::ifstream in(kData / name);
  std::size_t n = 0;
  std::size_t types = 0;
  in >> n >> types;
  Problem problem;
  problem.theta_gain = 1;
  const auto next = [&in] {
    double value = 0;
    in >> value;
    EXPECT_TRUE(in.good() || in.eof());
    return value;
  };
  for (std::size_t k = 0; k < types; ++k) problem.capacity.push_back(next());
  for (std::size_t i = 0; i < n; ++i) {
    problem.size.push_back(next());
    if (times == nullptr) {
      problem.weight.push_back(next());
      EXPECT_EQ(next(), 0.0);
    } else {
      problem.weight.push_back(0);
      times->steps.push_back(next());
      times->fair_s.push_back(next());
      times->elapsed_s.push_back(next());
    }
    for (std::size_t k = 0; k < types; ++k) problem.rate.push_back(next());
  }
  if (times != nullptr) times->region = problem;
  return problem;
}

TEST(SolveReference, LargerInstancesOfTheTimingTables) {
  const std::pair<const char*, double> max_min[] = {
      {"mm_0_32.txt", 0.899225221375}, {"mm_4_512.txt", 0.308697184922}, {"mk_4_512.txt", 1.67540369e-06}};
  for (const auto& [name, theta] : max_min) {
    const Problem problem = read_problem(name);
    for (const Solution& answer : {solve_any(problem), solve_interior(problem), solve(problem, TieBreak::central)}) {
      ASSERT_EQ(answer.status, Status::optimal) << name;
      EXPECT_FALSE(answer.fell_back) << name;
      EXPECT_NEAR(answer.theta, theta, 1e-8 * theta) << name;
    }
  }
  const std::pair<const char*, double> finish[] = {{"ftf_2_32.txt", 0.964227704033}, {"ftf_3_32.txt", 0.925720560783}};
  for (const auto& [name, rho] : finish) {
    FinishTimes times;
    read_problem(name, &times);
    EXPECT_NEAR(finish_time_fairness(times, TieBreak::central).rho, rho, 1e-9 * rho) << name;
  }
}

}  // namespace
}  // namespace windrow::solve
