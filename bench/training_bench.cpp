// One point of the published continuous experiments: 36:36:36, jobs 4000 to 4999, seconds per point and ns per
// micro-task (a job in a round). Arguments: jobs per 10 h, multi-GPU.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "windrow/config/tree.hpp"
#include "windrow/simulator/output.hpp"
#include "windrow/training/results.hpp"
#include "windrow/training/training.hpp"

namespace {

using namespace windrow;

double metric(const Description& description, const PointOutput& output, const Metric& wanted) {
  for (std::size_t m = 0; m < description.metrics.size(); ++m)
    if (description.metrics[m] == &wanted) return output.metrics[m];
  return 0;
}

void point(benchmark::State& state, const std::string& policy, std::uint64_t seed) {
  const training::TrainingSimulator simulator;
  const Description& description = simulator.describe();
  config::Problems problems;
  const config::Tree tree = config::parse_yaml(
      fmt::format(
          "{{policy: {}, cluster: '36:36:36', seed: {}, compat: upstream, window: [4000, 5000], arrival_rate: {}, "
          "jobs: {{multi_gpu: {}}}}}",
          policy, seed, static_cast<double>(state.range(0)) / 10.0, state.range(1) != 0),
      "benchmark", problems);
  const std::string text = description.config.resolve(tree, problems);
  problems.throw_if_any();
  double tasks = 0, rounds = 0;
  bool saturated = false;
  for (auto _ : state) {
    const PointOutput output = simulate(simulator, config::parse_canonical(text), Keep{});
    tasks = metric(description, output, training::results::lease_opportunities);
    rounds = metric(description, output, training::results::rounds);
    saturated = output.outcome == Outcome::saturated;
  }
  // A rate counter is iterations times value over time; inverted it is time per task.
  using benchmark::Counter;
  state.counters["rounds"] = rounds;
  state.counters["per_task"] = Counter(tasks, Counter::kIsIterationInvariantRate | Counter::kInvert);
  if (saturated) state.SetLabel("saturated");
}

void published_rates(benchmark::internal::Benchmark* benchmark) {
  for (const std::int64_t rate : {4, 8, 12, 16, 20, 24, 28}) benchmark->Args({rate, 0});
  benchmark->Unit(benchmark::kMillisecond);
}

void all_rates(benchmark::internal::Benchmark* benchmark) {
  published_rates(benchmark);
  for (const std::int64_t rate : {4, 8, 12, 16, 20, 24, 28}) benchmark->Args({rate, 1});
}

BENCHMARK_CAPTURE(point, sample_allox_seed42, "allox", 42)->Args({4, 0})->Args({8, 0})->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(point, allox, "allox", 0)->Apply(published_rates);
BENCHMARK_CAPTURE(point, isolated, "isolated", 0)->Apply(all_rates);
BENCHMARK_CAPTURE(point, fifo, "fifo", 0)->Apply(all_rates);
BENCHMARK_CAPTURE(point, fifo_perf, "fifo_perf", 0)->Apply(all_rates);
BENCHMARK_CAPTURE(point, fifo_packed, "fifo_packed", 0)->Apply(all_rates);
BENCHMARK_CAPTURE(point, gandiva, "gandiva", 0)->Apply(all_rates);

}  // namespace
