// Seconds per allocation, by policy, method and number of jobs; n/4 GPUs of each of three types, as in the
// policy-runtime figure of Gavel (OSDI 2020). Jobs of 26 kinds, as in its table; `multi`: sizes 1 to 8, priorities 1
// and 5 besides.
#include <benchmark/benchmark.h>

#include <cmath>
#include <cstdint>

#include "windrow/solve/policies.hpp"

namespace {

using namespace windrow::solve;  // NOLINT(google-build-using-namespace): a program of its own

double draw(std::uint64_t& state) {
  state = state * 6364136223846793005ULL + 1442695040888963407ULL;
  return static_cast<double>(state >> 11) * 0x1p-53;
}

Jobs jobs_of(std::size_t n, bool multi, std::size_t gpus_per_type) {
  constexpr std::size_t kKinds = 26;
  std::uint64_t state = 7;
  std::vector<double> table;
  for (std::size_t kind = 0; kind < kKinds; ++kind) {
    const double slow = std::exp(4 * draw(state) - 2);
    const double faster = 1.5 + 2.5 * draw(state);
    for (const double rate : {slow, slow * faster, slow * faster * (1.2 + 1.8 * draw(state))}) table.push_back(rate);
  }
  Jobs jobs;
  jobs.capacity.assign(3, static_cast<double>(gpus_per_type));
  for (std::size_t i = 0; i < n; ++i) {
    const auto kind = static_cast<std::size_t>(draw(state) * kKinds);
    const double u = draw(state);
    const double size = !multi || u < 0.7 ? 1 : u < 0.8 ? 2 : u < 0.95 ? 4 : 8;
    jobs.gpus.push_back(size);
    jobs.priority.push_back(multi && draw(state) < 0.2 ? 5 : 1);
    for (std::size_t k = 0; k < 3; ++k) jobs.throughput.push_back(table[kind * 3 + k] * std::pow(size, 0.9));
    const double fastest = jobs.throughput[i * 3 + 2];
    jobs.steps_left.push_back(fastest * std::pow(10, 3.5 + 2 * draw(state)));
    jobs.elapsed_s.push_back(1e5 * draw(state));
  }
  return jobs;
}

/// Every pair of classes of max_min_fairness: grouped, so that its size does not depend on n.
PackedProblem packed_classes(std::size_t n) {
  const Jobs jobs = jobs_of(n, false, n / 4);
  std::vector<std::vector<double>> kinds;
  std::vector<double> count;
  for (std::size_t i = 0; i < n; ++i) {
    const std::vector<double> rate(&jobs.throughput[i * 3], &jobs.throughput[i * 3] + 3);
    std::size_t kind = 0;
    while (kind < kinds.size() && kinds[kind] != rate) ++kind;
    if (kind == kinds.size()) kinds.push_back(rate), count.push_back(0);
    ++count[kind];
  }
  PackedProblem problem;
  problem.alone.theta_gain = 1;
  problem.alone.capacity = jobs.capacity;
  problem.alone.count = count;
  std::uint64_t state = 11;
  for (const auto& rate : kinds) {
    const double q = (rate[0] + rate[1] + rate[2]) / 3;
    problem.alone.size.push_back(1);
    problem.alone.weight.push_back(1);
    for (const double r : rate) problem.alone.rate.push_back(r / q);
  }
  for (std::size_t g = 0; g < kinds.size(); ++g)
    for (std::size_t h = g; h < kinds.size(); ++h) {
      Pair pair{g, h, std::vector<double>(6)};
      for (std::size_t k = 0; k < 3; ++k) {
        if (draw(state) < 0.5) continue;
        pair.rate[k] = problem.alone.rate_of(g, k) * (0.3 + 0.5 * draw(state));
        pair.rate[3 + k] = problem.alone.rate_of(h, k) * (0.3 + 0.5 * draw(state));
      }
      problem.pairs.push_back(pair);
    }
  return problem;
}

void report(benchmark::State& state, const Solution& solution) {
  if (solution.status != Status::optimal) state.SkipWithError("not optimal");
  state.counters["rounds"] = solution.rounds;
  state.counters["gap"] = solution.gap;
  state.counters["fell_back"] = solution.fell_back;
}

template <class Make, class Solve>
void measure(benchmark::State& state, Make make, Solve solve) {
  const auto n = static_cast<std::size_t>(state.range(0));
  const bool multi = state.range(1) != 0;
  const auto problem = make(jobs_of(n, multi, n / 4));
  Solution last;
  for (auto _ : state) {
    last = solve(problem);
    benchmark::DoNotOptimize(last.x.data());
  }
  report(state, last);
}

void sizes(benchmark::internal::Benchmark* benchmark) {
  benchmark->ArgNames({"jobs", "multi"})->Unit(benchmark::kMicrosecond);
  for (const int multi : {0, 1})
    for (const int n : {32, 128, 512, 1024, 2048, 4096}) benchmark->Args({n, multi});
}

void max_min_grouped_any(benchmark::State& state) {
  measure(
      state, [](const Jobs& jobs) { return max_min_fairness(jobs); }, [](const Problem& p) { return solve_any(p); });
}
void max_min_grouped_central(benchmark::State& state) {
  measure(
      state, [](const Jobs& jobs) { return max_min_fairness(jobs); },
      [](const Problem& p) { return solve(p, TieBreak::central); });
}
void max_min_grouped_lexicographic(benchmark::State& state) {
  measure(
      state, [](const Jobs& jobs) { return max_min_fairness(jobs); },
      [](const Problem& p) { return solve(p, TieBreak::lexicographic); });
}
void max_min_ungrouped_prices(benchmark::State& state) {
  measure(
      state, [](const Jobs& jobs) { return max_min_fairness(jobs); }, [](const Problem& p) { return solve_prices(p); });
}
void max_min_ungrouped_interior(benchmark::State& state) {
  measure(
      state, [](const Jobs& jobs) { return max_min_fairness(jobs); },
      [](const Problem& p) { return solve_interior(p); });
}
void makespan_any(benchmark::State& state) {
  measure(
      state, [](const Jobs& jobs) { return min_total_duration(jobs); }, [](const Problem& p) { return solve_any(p); });
}
void makespan_central(benchmark::State& state) {
  measure(
      state, [](const Jobs& jobs) { return min_total_duration(jobs); },
      [](const Problem& p) { return solve(p, TieBreak::central); });
}
void max_sum_any(benchmark::State& state) {
  measure(
      state, [](const Jobs& jobs) { return max_sum_throughput(jobs, {}, {}); },
      [](const Problem& p) { return solve_any(p); });
}
void max_sum_ungrouped_prices(benchmark::State& state) {
  measure(
      state, [](const Jobs& jobs) { return max_sum_throughput(jobs, {}, {}); },
      [](const Problem& p) { return solve_prices(p); });
}
void finish_time_central(benchmark::State& state) {
  measure(
      state, [](const Jobs& jobs) { return finish_times(jobs); },
      [](const FinishTimes& t) { return finish_time_fairness(t, TieBreak::central).solution; });
}
void water_filling_grouped(benchmark::State& state) {
  measure(
      state, [](const Jobs& jobs) { return max_min_fairness(jobs); }, [](const Problem& p) { return fill(p).last; });
}
void packed_grouped(benchmark::State& state, TieBreak mode) {
  const PackedProblem problem = packed_classes(static_cast<std::size_t>(state.range(0)));
  PackedSolution last;
  for (auto _ : state) {
    last = solve_packed(problem, mode);
    benchmark::DoNotOptimize(last.together.data());
  }
  report(state, last.alone);
}

BENCHMARK(max_min_grouped_any)->Apply(sizes);
BENCHMARK(max_min_grouped_central)->Apply(sizes);
BENCHMARK(max_min_grouped_lexicographic)->Apply(sizes);
BENCHMARK(max_min_ungrouped_prices)->Apply(sizes);
BENCHMARK(max_min_ungrouped_interior)->Apply(sizes);
BENCHMARK(makespan_any)->Apply(sizes);
BENCHMARK(makespan_central)->Apply(sizes);
BENCHMARK(max_sum_any)->Apply(sizes);
BENCHMARK(max_sum_ungrouped_prices)->Apply(sizes);
BENCHMARK(finish_time_central)->Apply(sizes);
BENCHMARK(water_filling_grouped)->Apply(sizes);
BENCHMARK_CAPTURE(packed_grouped, central, TieBreak::central)
    ->Arg(32)
    ->Arg(512)
    ->Arg(4096)
    ->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(packed_grouped, vertex, TieBreak::vertex)
    ->Arg(32)
    ->Arg(512)
    ->Arg(4096)
    ->Unit(benchmark::kMicrosecond);

}  // namespace
