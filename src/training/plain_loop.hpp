// The simulation loop as specification section 4 tells it, one step after the other, every pair of jobs by itself:
// slow, and the oracle for the fast one.
#pragma once

#include <functional>
#include <span>

#include "training/ledger.hpp"
#include "windrow/simulator/simulator.hpp"

namespace windrow::training {

/// A job, or two that share GPUs. Sorted: jobs by id, then pairs.
struct Combination {
  JobId first = 0, second = -1;  ///< second: -1 for a single job
  bool pair() const { return second >= 0; }
  bool has(JobId id) const { return first == id || second == id; }
  friend bool operator==(const Combination&, const Combination&) = default;
  friend auto operator<=>(const Combination& a, const Combination& b) {
    return std::tuple(a.pair(), a.first, a.second) <=> std::tuple(b.pair(), b.first, b.second);
  }
};

/// What one scheduling step decided.
struct Placed {
  Combination id;
  std::size_t type;
  std::vector<int> gpus;  ///< GPU ids, ascending or in the order in which they were taken
  double finish_s;        ///< end of its micro-task
};

/// Sees each step of a plain run; for tests.
struct Observer {
  std::function<void(double now_s, std::int64_t active_jobs, std::span<const Placed>)> on_round;
  /// Every combination with a share, in order of id.
  std::function<void(double now_s, const std::vector<std::pair<Combination, PerType>>&)> on_allocation;
};

/// Runs to the end. Throws PointError as the simulator does.
Outcome run_plain(const Model& model, Ledger& ledger, const StopToken& stop, const Observer& observer = {});

}  // namespace windrow::training
