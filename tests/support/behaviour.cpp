#include "support/behaviour.hpp"

#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <thread>

#include "windrow/kernel/error.hpp"
#include "windrow/simulator/output.hpp"

namespace windrow::test {

namespace {

const Metric value{"value", "1", Better::neither, "a function of the seed"};
const Table rows{"rows", "a thousand rows", {{"row", "1", "its number", ColumnType::integer}}};

using Clock = std::chrono::steady_clock;

double since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

[[noreturn]] void eat_memory() {
  constexpr std::size_t kBlock = std::size_t{8} << 20;
  for (std::vector<std::unique_ptr<char[]>> blocks;;) {
    blocks.push_back(std::make_unique_for_overwrite<char[]>(kBlock));
    std::memset(blocks.back().get(), 1, kBlock);
  }
}

/// The worker is the parent of the sandbox's parent.
void kill_worker() {
  std::FILE* file = std::fopen(("/proc/" + std::to_string(::getppid()) + "/stat").c_str(), "r");
  int zygote = 0, worker = 0;
  char name[64], state = 0;
  if (file == nullptr || std::fscanf(file, "%d %63s %c %d", &zygote, name, &state, &worker) != 4) std::abort();
  ::kill(worker, SIGKILL);
  ::pause();
}

}  // namespace

BehaviourSimulator::BehaviourSimulator() {
  description_.name = "behaviour";
  description_.config = config::Schema::of<BehaviourConfig>();
  description_.metrics = {&value};
  description_.tables = {&rows};
}

Outcome BehaviourSimulator::run(const config::Tree& tree, ResultSink& sink, const StopToken& stop) const {
  const auto config = config::read<BehaviourConfig>(tree);
  const std::string& mode = config.mode;
  const auto begin = Clock::now();
  if (mode == "spin") {
    while (since(begin) < config.seconds) {
    }
  } else if (mode == "obey") {
    while (since(begin) < config.seconds) {
      if (stop.requested()) return Outcome::stopped;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  } else if (config.seconds > 0) {
    std::this_thread::sleep_for(std::chrono::duration<double>(config.seconds));
  }
  if (mode == "throw") throw PointError("no solution for seed " + std::to_string(config.seed));
  if (mode == "odd throw") throw 42;
  if (mode == "abort") std::abort();
  if (mode == "segfault") {
    ::signal(SIGSEGV, SIG_DFL);
    ::raise(SIGSEGV);
  }
  if (mode == "hang") {
    while (true) ::pause();
  }
  if (mode == "oom") eat_memory();
  if (mode == "exit") ::_exit(7);
  if (mode == "exit 0") std::exit(0);
  if (mode == "kill worker") kill_worker();
  if (mode == "noise") {
    std::printf("NOISE on stdout\n");
    std::fprintf(stderr, "%s\n", std::string(100'000, 'x').c_str());
  }
  if (mode == "noisy abort") {
    std::fprintf(stderr, "%s\nmatrix is singular\n", std::string(100'000, 'x').c_str());
    std::abort();
  }
  if (mode == "table")
    for (std::int64_t row = 0; row < 1000; ++row) sink.add(rows, {row});
  sink.put(value, 1.0 / static_cast<double>(config.seed + 3));
  return Outcome::ok;
}

Catalog behaviour_catalog() {
  Catalog catalog;
  catalog.add<BehaviourSimulator>();
  return catalog;
}

void MemoryWork::add(const BehaviourConfig& config, double hint, std::uint64_t group) {
  points_.push_back({config::canonical_text(config), hint, group});
}

void MemoryWork::add(std::size_t count, const std::string& mode, double seconds) {
  for (std::size_t seed = 0; seed < count; ++seed) add({mode, seconds, seed});
}

bool MemoryWork::done(std::uint64_t index) const {
  const auto found = records.find(index);
  return found != records.end() && found->second.status == sweep::PointStatus::ok;
}

void MemoryWork::accept(std::span<const sweep::PointRecord> accepted) {
  for (const sweep::PointRecord& record : accepted) {
    if (done(record.index)) ++doubles;
    records[record.index] = record;
    order.push_back(record.index);
    points_[record.index].attempts = record.provenance.attempt;
  }
}

bool MemoryWork::equals_direct_runs() const {
  const BehaviourSimulator simulator;
  for (std::uint64_t index = 0; index < size(); ++index) {
    if (!done(index)) return false;
    const PointOutput output = simulate(simulator, config::parse_canonical(points_[index].text), Keep::all());
    if (record(index).output != encode(output)) return false;
  }
  return true;
}

}  // namespace windrow::test
