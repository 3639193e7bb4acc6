#include "exec/sandbox.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sys/resource.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <new>

#include "exec/channel.hpp"
#include "exec/clock.hpp"
#include "windrow/config/tree.hpp"
#include "windrow/kernel/error.hpp"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define WINDROW_RESERVES_ADDRESS_SPACE 1  // terabytes of shadow memory: a limit on address space would be met at once
#else
#define WINDROW_RESERVES_ADDRESS_SPACE 0
#endif

namespace windrow::exec {

namespace {

constexpr std::int64_t kLongestWaitNs = 1'000'000;
constexpr std::size_t kFullBytes = 64 * 1024;
constexpr std::uint64_t kMiB = 1024 * 1024;

const Simulator& simulator_named(const Catalog& catalog, const std::string& name) {
  const Simulator* simulator = catalog.find(name);
  WINDROW_CHECK(simulator != nullptr, "no simulator {} in this program", name);
  return *simulator;
}

std::uint64_t address_space_bytes() {
  unsigned long long pages = 0;
  if (std::FILE* file = std::fopen("/proc/self/statm", "re")) {
    if (std::fscanf(file, "%llu", &pages) != 1) pages = 0;
    std::fclose(file);
  }
  return pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

void limit_resources(const Limits& limits) {
  const rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);
  if (!limits.memory_bytes || WINDROW_RESERVES_ADDRESS_SPACE) return;
  // On top of what the program and its libraries occupy before the first point: the limit is about the simulator.
  const rlim_t bytes = address_space_bytes() + *limits.memory_bytes;
  const rlimit limit{bytes, bytes};
  ::setrlimit(RLIMIT_AS, &limit);
}

void wait_for(int descriptor, short events) {
  pollfd waiting{descriptor, events, 0};
  while (::poll(&waiting, 1, -1) < 0 && errno == EINTR) {
  }
}

void send_all(Channel& channel, std::string_view message) {
  channel.send(message);
  while (channel.wants_write()) {
    wait_for(channel.descriptor(), POLLOUT);
    channel.flush();
  }
}

}  // namespace

PointRunner::PointRunner(const Catalog& catalog, const Setup& setup)
    : simulator_(simulator_named(catalog, setup.simulator)), setup_(setup), host_(host_name()) {}

sweep::PointRecord PointRunner::attempt(const Task& task, const StopToken& stop) {
  sweep::PointRecord record;
  record.index = task.index;
  record.status = sweep::PointStatus::failed;
  try {
    const config::Tree config = config::parse_canonical(task.text);
    // A result under the identity of one file must not come of another.
    if (const std::string changed = simulator_.describe().config.changed_file(config); !changed.empty())
      throw PointError(changed);
    PointOutput output = simulate(simulator_, config, setup_.keep, stop);
    switch (output.outcome) {
      case Outcome::ok:
        record.status = sweep::PointStatus::ok;
        break;
      case Outcome::saturated:
        record.status = sweep::PointStatus::saturated;
        break;
      case Outcome::stopped:
        record.message = "stopped without being asked to";
        break;
    }
    if (output.outcome != Outcome::stopped) {
      record.output = encode(output);
      record.message = std::move(output.message);
    }
  } catch (const std::bad_alloc&) {
    memory_exceeded_ = true;
    record.status = sweep::PointStatus::failed;
    record.message = setup_.limits.memory_bytes && setup_.sandbox
                         ? fmt::format("memory limit of {} MiB exceeded", *setup_.limits.memory_bytes / kMiB)
                         : "out of memory";
  } catch (const std::exception& error) {
    record.status = sweep::PointStatus::failed;
    record.message = error.what();
  } catch (...) {
    record.status = sweep::PointStatus::failed;
    record.message = "threw something that is not a std::exception";
  }
  if (record.status == sweep::PointStatus::failed) record.output.clear();
  return record;
}

std::optional<sweep::PointRecord> PointRunner::run(const Task& task, const StopToken& stop) {
  const std::int64_t begin_ns = monotonic_ns();
  const double begin_cpu_s = cpu_s();
  sweep::PointRecord record = attempt(task, stop);
  if (stop.requested() && record.status == sweep::PointStatus::failed) return std::nullopt;
  record.provenance = {.wall_s = seconds(monotonic_ns() - begin_ns),
                       .cpu_s = cpu_s() - begin_cpu_s,
                       .finished_unix_s = unix_s(),
                       .rank = setup_.rank,
                       .attempt = task.attempt,
                       .host = host_};
  return record;
}

void ResultsBuffer::add(const sweep::PointRecord& record, double busy_s) {
  if (empty()) oldest_ns_ = monotonic_ns();
  message_.add(record, busy_s);
}

bool ResultsBuffer::due() const {
  return !empty() && (message_.bytes() >= kFullBytes || monotonic_ns() - oldest_ns_ >= kLongestWaitNs);
}

sweep::PointRecord failed_record(const Task& task, std::string message, double wall_s, std::uint32_t rank) {
  sweep::PointRecord record;
  record.index = task.index;
  record.status = sweep::PointStatus::failed;
  record.message = std::move(message);
  record.provenance = {.wall_s = wall_s,
                       .cpu_s = 0,
                       .finished_unix_s = unix_s(),
                       .rank = rank,
                       .attempt = task.attempt,
                       .host = host_name()};
  return record;
}

int sandbox_main(const Catalog& catalog, Descriptor socket, Descriptor error_pipe, SandboxPage& page) {
  ::dup2(error_pipe.get(), STDOUT_FILENO);
  ::dup2(error_pipe.get(), STDERR_FILENO);
  error_pipe.close();
  std::setvbuf(stderr, nullptr, _IONBF, 0);
  std::setvbuf(stdout, nullptr, _IOLBF, 0);  // what a crashing simulator printed should be there to be read

  Channel channel(std::move(socket));
  std::optional<PointRunner> runner;
  ResultsBuffer results;
  const StopToken stop(&page.stop);
  std::uint64_t number = 0;
  while (!channel.closed()) {
    wait_for(channel.descriptor(), POLLIN);
    channel.fill();
    while (const auto message = channel.next()) {
      if (kind_of(*message) == Kind::setup) {
        const Setup setup = Setup::from(*message);
        limit_resources(setup.limits);
        runner.emplace(catalog, setup);
        continue;
      }
      for (const Task& task : AssignMessage::tasks(*message)) {
        if (page.stop) break;
        page.since_ns.store(monotonic_ns(), std::memory_order_relaxed);
        page.running.store(++number, std::memory_order_release);
        if (const auto record = runner->run(task, stop)) results.add(*record, record->provenance.wall_s);
        page.running.store(0, std::memory_order_release);
        if (results.due()) send_all(channel, results.take());
        if (runner->memory_exceeded()) break;
      }
      if (!results.empty()) send_all(channel, results.take());
      if (page.stop || runner->memory_exceeded()) return EXIT_SUCCESS;
    }
  }
  return EXIT_SUCCESS;
}

}  // namespace windrow::exec
