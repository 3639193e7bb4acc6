// Runs points: the child process in which a simulator may do what it likes, and the one function that both it and a
// worker without sandbox use.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "exec/descriptor.hpp"
#include "exec/protocol.hpp"

namespace windrow::exec {

/// Shared memory between a sandbox and its worker: whom to blame for a crash.
struct SandboxPage {
  std::atomic<std::uint64_t> running{0};  ///< which of the points given to this sandbox it runs, from 1; 0: none
  std::atomic<std::int64_t> since_ns{0};  ///< monotonic_ns() when that point began
  volatile bool stop = false;             ///< set by the worker: finish soon, what is not finished is dropped
};

/// What does not change from point to point.
class PointRunner {
 public:
  /// Throws InvariantError if the catalog has no such simulator.
  PointRunner(const Catalog& catalog, const Setup& setup);
  /// One attempt. Exceptions of the simulator become a failed record. No record if `stop` was requested and the
  /// simulator obeyed. `memory_exceeded` tells that memory ran out: the process is better replaced.
  std::optional<sweep::PointRecord> run(const Task& task, const StopToken& stop);
  bool memory_exceeded() const { return memory_exceeded_; }

 private:
  sweep::PointRecord attempt(const Task& task, const StopToken& stop);

  const Simulator& simulator_;
  const Setup setup_;
  const std::string host_;
  bool memory_exceeded_ = false;
};

/// Results wait here for company: a message per point would cost more than a cheap point.
class ResultsBuffer {
 public:
  void add(const sweep::PointRecord& record, double busy_s);
  bool due() const;
  bool empty() const { return message_.count() == 0; }
  std::string take() { return message_.take(); }

 private:
  ResultsMessage message_;
  std::int64_t oldest_ns_ = 0;
};

/// A record for a point that could not report itself.
sweep::PointRecord failed_record(const Task& task, std::string message, double wall_s, std::uint32_t rank);

/// Body of a sandbox process. Returns its exit status.
int sandbox_main(const Catalog& catalog, Descriptor socket, Descriptor error_pipe, SandboxPage& page);

}  // namespace windrow::exec
