#include "windrow/empty/empty.hpp"

#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

#include "windrow/kernel/error.hpp"
#include "windrow/kernel/hash.hpp"
#include "windrow/kernel/streams.hpp"

namespace windrow::empty {
namespace {

const Metric value{"value", "1", Better::neither, "hash of the point's configuration, from 0 to 1"};
const Table rows{"rows",
                 "as many rows as asked for",
                 {{"number", "1", "number of the row, from 0", ColumnType::integer},
                  {"value", "1", "drawn from the row's own stream, from 0 to 1"}}};

/// The one simulator that looks at a clock: the time that a point takes is its subject. Gives false if stopped.
bool keep_busy(double seconds, const StopToken& stop) {
  using Clock = std::chrono::steady_clock;
  for (const auto start = Clock::now(); std::chrono::duration<double>(Clock::now() - start).count() < seconds;)
    if (stop.requested()) return false;
  return true;
}

[[noreturn]] void hang() {
  for (;;) pause();
}

[[noreturn]] void eat_memory() {
  constexpr std::size_t kBlock = std::size_t{16} << 20;
  for (std::vector<std::unique_ptr<char[]>> blocks;;) {
    blocks.push_back(std::make_unique_for_overwrite<char[]>(kBlock));
    std::memset(blocks.back().get(), 1, kBlock);  // untouched memory would be a promise only
  }
}

void fail(const std::string& way) {
  if (way == "throw") throw PointError("failed as asked: fail is throw");
  if (way == "hang") hang();
  if (way == "oom") eat_memory();
  std::fprintf(stderr, "failing as asked: fail is %s\n", way.c_str());
  std::fflush(stderr);
  if (way == "abort") std::abort();
  if (way == "exit") _exit(7);
  WINDROW_CHECK(way == "segfault", "unknown failure '{}'", way);
  signal(SIGSEGV, SIG_DFL);  // dies by the signal even where a sanitizer has a handler
  raise(SIGSEGV);
}

Description description() {
  Description d;
  d.name = "empty";
  d.version = 1;
  d.help = "simulates nothing: takes time, makes rows and fails as asked, to measure and test the engine";
  d.source = "Windrow";
  d.config = config::Schema::of<EmptyConfig>();
  d.metrics = {&value};
  d.tables = {&rows};
  const auto add = [&](const char* name, const char* help) { d.parts.push_back({"failures", name, help, ""}); };
  add("never", "the point ends well");
  add("throw", "the model gives up with a message");
  add("abort", "writes a line on stderr and aborts");
  add("segfault", "writes a line on stderr and dies of SIGSEGV");
  add("hang", "sleeps forever, whatever it is told");
  add("oom", "takes and touches memory until there is none");
  add("exit", "writes a line on stderr and ends the process with status 7");
  return d;
}

}  // namespace

EmptySimulator::EmptySimulator() : description_(description()) {}

double EmptySimulator::cost_hint(const config::Tree& config) const {
  constexpr double kPoint = 2e-5, kRow = 1e-7;  // seconds that a point and a row cost the engine, roughly
  return kPoint + config.number("work_s", 0.0) + kRow * config.number("table_rows", 0.0);
}

Outcome EmptySimulator::run(const config::Tree& config, ResultSink& sink, const StopToken& stop) const {
  const auto asked = config::read<EmptyConfig>(config);
  if (asked.work_s > 0 && !keep_busy(asked.work_s, stop)) return Outcome::stopped;
  if (asked.fail != "never" && asked.fail_seed.value_or(asked.seed) == asked.seed) fail(asked.fail);
  const Streams streams(fnv1a(config::canonical_text(asked)));
  if (sink.wants(rows)) {
    for (std::int64_t row = 0; row < asked.table_rows; ++row) {
      if (row % 1000 == 0 && stop.requested()) return Outcome::stopped;
      sink.add(rows, {row, streams.stream("row", static_cast<std::uint64_t>(row)).uniform()});
    }
  }
  sink.put(value, streams.stream("value").uniform());
  return Outcome::ok;
}

}  // namespace windrow::empty
