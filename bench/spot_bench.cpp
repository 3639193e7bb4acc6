// One run of the spot-training simulator: BERT to completion by probability of loss, in percent, over seeds; a run of
// the notebook.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "windrow/config/tree.hpp"
#include "windrow/simulator/output.hpp"
#include "windrow/spot/spot.hpp"

namespace {

using namespace windrow;

void run(benchmark::State& state, const std::string& yaml) {
  const spot::SpotSimulator simulator;
  std::int64_t seed = 0;
  for (auto _ : state) {
    config::Problems problems;
    const std::string text = simulator.describe().config.resolve(
        config::parse_yaml(fmt::format("{}\nseed: {}", yaml, ++seed), "benchmark", problems), problems);
    problems.throw_if_any();
    benchmark::DoNotOptimize(simulate(simulator, config::parse_canonical(text), Keep{}));
  }
}

void bert(benchmark::State& state) {
  run(state, fmt::format("strategy: bamboo_compat\navailability: {{addition: random, removal_probability: {}}}",
                         static_cast<double>(state.range(0)) / 100));
}

void strategy(benchmark::State& state, const char* name) {
  run(state, fmt::format("strategy: {}\navailability: {{addition: random, removal_probability: 0.1}}", name));
}

void notebook(benchmark::State& state) {
  run(state, "strategy: ckpt_tick_compat");
}

BENCHMARK(bert)->Arg(1)->Arg(5)->Arg(10)->Arg(25)->Arg(50)->Unit(benchmark::kMicrosecond);
BENCHMARK(notebook)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(strategy, redundant, "redundant")->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(strategy, checkpoint_restart, "checkpoint_restart")->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(strategy, morphing, "morphing")->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(strategy, sample_drop, "sample_drop")->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(strategy, hybrid, "hybrid")->Unit(benchmark::kMicrosecond);

}  // namespace
