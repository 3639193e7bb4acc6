// Runs the points of a sweep: master, workers, sandboxes. Local processes and MPI ranks speak the same messages.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "windrow/simulator/output.hpp"
#include "windrow/simulator/simulator.hpp"
#include "windrow/sweep/record.hpp"

namespace windrow::exec {

/// What the master needs to know of the work, and where results go. Implemented over sweep::Plan and store::ResultFile
/// by src/cli; by simple vectors in tests. Called by the master only, in one thread.
class Work {
 public:
  virtual ~Work() = default;
  virtual std::uint64_t size() const = 0;
  /// Already has a result (ok or saturated) from an earlier run.
  virtual bool done(std::uint64_t index) const = 0;
  /// How often it was tried before (the next attempt has this number plus one).
  virtual std::uint32_t attempts(std::uint64_t index) const = 0;
  virtual std::string config_text(std::uint64_t index) const = 0;
  virtual double cost_hint(std::uint64_t index) const = 0;
  /// Group for learning the cost of points from those that are done: points of one group (same axes but the seed) cost
  /// alike.
  virtual std::uint64_t cost_group(std::uint64_t index) const = 0;
  /// Short name for messages: `policy=fifo seed=3`.
  virtual std::string label(std::uint64_t index) const = 0;
  /// Makes results durable before it returns: they are acknowledged then.
  virtual void accept(std::span<const sweep::PointRecord> records) = 0;
  /// Called every 100 ms or so and whenever the master has nothing else to do: folds the journal when it is due.
  virtual void housekeeping() = 0;
  /// Work that grows by its own results. Points that accept() has made necessary: they were done() so far, and are no
  /// more. Each is given once.
  virtual std::vector<std::uint64_t> take_more() { return {}; }
  /// How many points at most take_more() may still give.
  virtual std::uint64_t reserve() const { return 0; }
};

struct Limits {
  std::optional<double> wall_s;               ///< per point
  std::optional<std::uint64_t> memory_bytes;  ///< per sandbox: address space
};

/// What a supervisor tells the job that it starts again: see src/cli/supervise.hpp.
struct Supervised {
  std::string in_flight_path;  ///< where the master notes which points run where (windrow/exec/in_flight.hpp)
  /// Points that were running at a rank that died, and how often. One of them runs at a time, alone at its rank, so
  /// that it is known whom to blame; who was there twice is recorded as failed.
  std::map<std::uint64_t, std::uint32_t> suspects;
};

struct Options {
  std::string name;       ///< of the sweep, for the progress line
  int local_workers = 0;  ///< 0: one per core this process may use. Ignored under MPI with 2 or more ranks
  bool sandbox = true;
  bool quiet = false;
  Limits limits;
  Keep keep;
  std::optional<Supervised> supervised;
  double progress_interval_s = 0;  ///< 0: 0.5 s on a terminal, 10 s in a log
};

struct Summary {
  std::uint64_t ok = 0, saturated = 0, failed = 0;
  std::uint64_t left = 0;  ///< neither done before nor now
  bool stopped = false;    ///< by a signal
  double wall_s = 0;
  double worker_busy_s = 0;  ///< summed over workers: time in simulators
  int workers = 0;
};

/// How this process was started. Must be made first thing in main: it forks the zygote before anything is allocated or
/// MPI starts.
class Launch {
 public:
  /// `catalog` must outlive the object. Finds out whether this process is a rank under mpirun or srun (environment
  /// only: without them no MPI call is ever made), forks the zygote, then calls MPI_Init if there are ranks.
  Launch(int& argc, char**& argv, const Catalog& catalog);
  ~Launch();  ///< MPI_Finalize where MPI was started
  Launch(const Launch&) = delete;
  Launch& operator=(const Launch&) = delete;

  bool is_master() const;  ///< rank 0, or not under MPI
  int ranks() const;       ///< 1 without MPI

  /// Master: runs all points that are not done; returns when all were tried or a signal came. A point that fails is
  /// reported as a record with status failed and does not stop the others.
  Summary run(const Simulator& simulator, Work& work, const Options& options);
  /// Every rank but the master: serves the master until it says that all is over.
  void serve();
  /// Master: tells the workers that there is nothing to do (input errors, nothing left). Idempotent; the destructor
  /// does it too.
  void dismiss();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace windrow::exec
