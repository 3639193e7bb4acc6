// Seconds per allocation, by policy, method and number of jobs; n/4 GPUs of each of three types, as in the
// policy-runtime figure of Gavel (OSDI 2020). Jobs of 26 kinds, as in its table; `multi`: sizes 1 to 8, priorities 1
// and 5 besides.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "windrow/solve/packed_jobs.hpp"
#include "windrow/solve/policies.hpp"
#include "windrow/solve/solver.hpp"

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

/// The jobs' kinds, by their throughputs, and rates of half of all pairs of kinds.
struct Packed {
  Jobs jobs;
  std::vector<int> kind;
  PairRates rates;
};

Packed packed_of(std::size_t n, bool multi, std::size_t gpus_per_type) {
  Packed packed{jobs_of(n, multi, gpus_per_type), {}, PairRates(1, 3)};
  std::vector<std::size_t> first;  // a job of each kind
  const Jobs& jobs = packed.jobs;
  for (std::size_t i = 0; i < n; ++i) {
    std::size_t kind = 0;
    while (kind < first.size() &&
           (jobs.gpus[first[kind]] != jobs.gpus[i] ||
            !std::equal(&jobs.throughput[i * 3], &jobs.throughput[i * 3] + 3, &jobs.throughput[first[kind] * 3])))
      ++kind;
    if (kind == first.size()) first.push_back(i);
    packed.kind.push_back(static_cast<int>(kind));
  }
  packed.rates = PairRates(first.size(), 3);
  std::uint64_t state = 11;
  for (std::size_t a = 0; a < first.size(); ++a)
    for (std::size_t b = a; b < first.size(); ++b)
      for (std::size_t k = 0; k < 3; ++k)
        if (jobs.gpus[first[a]] == jobs.gpus[first[b]] && draw(state) > 0.5)
          packed.rates.set(a, b, k,
                           {jobs.throughput[first[a] * 3 + k] * (0.3 + 0.5 * draw(state)),
                            jobs.throughput[first[b] * 3 + k] * (0.3 + 0.5 * draw(state))});
  return packed;
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
void strategy_proof(benchmark::State& state) {
  measure(
      state, [](const Jobs& jobs) { return jobs; },
      [](const Jobs& jobs) { return strategy_proof_fairness(jobs).welfare; });
}
// A solver that keeps its memory, as a simulation has it.
template <class Ask>
void keep(benchmark::State& state, Solver& solver, Ask ask) {
  const auto n = static_cast<std::size_t>(state.range(0));
  const Jobs jobs = jobs_of(n, state.range(1) != 0, n / 4);
  ask(solver, jobs, state);
}
void solver_max_min_remembered(benchmark::State& state) {
  Solver solver(TieBreak::central, 10);
  keep(state, solver, [](Solver& s, const Jobs& jobs, benchmark::State& timed) {
    const Problem problem = max_min_fairness(jobs);
    for (auto _ : timed) benchmark::DoNotOptimize(s.solve(problem).x.data());
    report(timed, s.solve(problem));
  });
}
void solver_makespan_central(benchmark::State& state) {
  Solver solver(TieBreak::central);
  keep(state, solver, [](Solver& s, const Jobs& jobs, benchmark::State& timed) {
    const Problem problem = min_total_duration(jobs);
    for (auto _ : timed) benchmark::DoNotOptimize(s.solve(problem).x.data());
    report(timed, s.solve(problem));
  });
}
void solver_finish_time_central(benchmark::State& state) {
  Solver solver(TieBreak::central);
  keep(state, solver, [](Solver& s, const Jobs& jobs, benchmark::State& timed) {
    const FinishTimes times = finish_times(jobs);
    for (auto _ : timed) benchmark::DoNotOptimize(s.finish_time_fairness(times).solution.x.data());
    report(timed, s.finish_time_fairness(times).solution);
  });
}

// With pairs of jobs: 36 GPUs of each type, as in the simulations; the rows of n / 4 name pairs of classes alone.
template <class Ask>
void with_pairs(benchmark::State& state, TieBreak mode, Ask ask) {
  const auto n = static_cast<std::size_t>(state.range(0));
  const bool large = n > 200;
  const Packed packed = packed_of(n, state.range(1) != 0, large ? n / 4 : 36);
  PackedSolver solver(packed.rates, mode, !large);
  for (auto _ : state) benchmark::DoNotOptimize(ask(solver, packed).alone.x.data());
  report(state, ask(solver, packed).alone);
}
void packed_max_min(benchmark::State& state, TieBreak mode) {
  with_pairs(state, mode, [](PackedSolver& solver, const Packed& p) -> const PackedAllocation& {
    return solver.solve(p.jobs, p.kind, max_min_fairness(p.jobs));
  });
}
void packed_makespan(benchmark::State& state, TieBreak mode) {
  with_pairs(state, mode, [](PackedSolver& solver, const Packed& p) -> const PackedAllocation& {
    return solver.solve(p.jobs, p.kind, min_total_duration(p.jobs));
  });
}
/// From question to question one job goes and one comes.
void packed_makespan_going_on(benchmark::State& state, TieBreak mode) {
  constexpr std::size_t kQuestions = 64;
  const auto n = static_cast<std::size_t>(state.range(0));
  const Packed all = packed_of(n + kQuestions, state.range(1) != 0, 36);
  std::vector<Packed> questions;
  for (std::size_t first = 0; first < kQuestions; ++first) {
    questions.push_back(all);
    Packed& few = questions.back();
    const auto cut = [&](auto& list, std::size_t width) {
      list.erase(list.begin(), list.begin() + static_cast<std::ptrdiff_t>(first * width));
      list.resize(n * width);
    };
    cut(few.kind, 1);
    cut(few.jobs.throughput, 3);
    for (auto* const list : {&few.jobs.gpus, &few.jobs.priority, &few.jobs.steps_left, &few.jobs.elapsed_s})
      cut(*list, 1);
    for (std::size_t i = 0; i < n; ++i) few.jobs.id.push_back(first + i);
  }
  PackedSolver solver(all.rates, mode, true, 0, true);
  std::size_t next = 0;
  for (auto _ : state) {
    const Packed& p = questions[next++ % kQuestions];
    benchmark::DoNotOptimize(solver.solve(p.jobs, p.kind, min_total_duration(p.jobs)).alone.x.data());
  }
  report(state, solver.solve(questions[0].jobs, questions[0].kind, min_total_duration(questions[0].jobs)).alone);
}
void packed_finish_time(benchmark::State& state, TieBreak mode) {
  with_pairs(state, mode, [](PackedSolver& solver, const Packed& p) -> const PackedAllocation& {
    return solver.finish_time_fairness(p.jobs, p.kind, finish_times(p.jobs));
  });
}
void packed_sum(benchmark::State& state, TieBreak mode) {
  with_pairs(state, mode, [](PackedSolver& solver, const Packed& p) -> const PackedAllocation& {
    return solver.solve_sum(p.jobs, p.kind, max_sum_throughput(p.jobs, {}, {}));
  });
}
void packed_water_filling(benchmark::State& state, TieBreak mode) {
  with_pairs(state, mode, [](PackedSolver& solver, const Packed& p) -> const PackedAllocation& {
    return solver.fill(p.jobs, p.kind, max_min_fairness(p.jobs));
  });
}
void jobs_at_a_time(benchmark::internal::Benchmark* benchmark) {
  benchmark->ArgNames({"jobs", "multi"})->Unit(benchmark::kMicrosecond);
  for (const int multi : {0, 1})
    for (const int n : {10, 30, 50, 100, 150}) benchmark->Args({n, multi});
}
void any_number_of_jobs(benchmark::internal::Benchmark* benchmark) {
  jobs_at_a_time(benchmark);
  for (const int multi : {0, 1}) benchmark->Args({1024, multi})->Args({4096, multi});
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
BENCHMARK(strategy_proof)->Apply(sizes);
BENCHMARK(solver_max_min_remembered)->Apply(sizes);
BENCHMARK(solver_makespan_central)->Apply(sizes);
BENCHMARK(solver_finish_time_central)->Apply(sizes);
BENCHMARK_CAPTURE(packed_max_min, central, TieBreak::central)->Apply(any_number_of_jobs);
BENCHMARK_CAPTURE(packed_max_min, vertex, TieBreak::vertex)->Apply(any_number_of_jobs);
BENCHMARK_CAPTURE(packed_makespan, central, TieBreak::central)->Apply(jobs_at_a_time);
BENCHMARK_CAPTURE(packed_makespan_going_on, vertex, TieBreak::vertex)->Apply(jobs_at_a_time);
BENCHMARK_CAPTURE(packed_makespan, vertex, TieBreak::vertex)->Apply(jobs_at_a_time);
BENCHMARK_CAPTURE(packed_finish_time, central, TieBreak::central)->Apply(jobs_at_a_time);
BENCHMARK_CAPTURE(packed_finish_time, vertex, TieBreak::vertex)->Apply(jobs_at_a_time);
BENCHMARK_CAPTURE(packed_sum, central, TieBreak::central)->Apply(jobs_at_a_time);
BENCHMARK_CAPTURE(packed_water_filling, central, TieBreak::central)->Apply(jobs_at_a_time);

}  // namespace
