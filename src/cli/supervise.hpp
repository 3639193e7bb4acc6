// windrow run -n: starts the ranks of a sweep as a job of their own, and starts it again when a rank has died. MPI does
// not outlive the death of a rank, so somebody outside must.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "windrow/exec/run.hpp"

namespace windrow::cli {

/// How a sweep stands, by its result file and journal.
struct Standing {
  std::uint64_t results = 0;  ///< points with a result, and failed ones: all that the job has got done
  std::uint64_t left = 0;     ///< points that wait
  std::uint64_t failed = 0;
};

struct Job {
  std::vector<std::string> launcher;  ///< what starts the ranks: `mpirun -n 4`
  std::vector<std::string> command;   ///< of each rank
  std::string result_path;
  std::optional<std::uint64_t> limit;  ///< points to run at most, over all starts
  bool fresh = false;                  ///< the first start begins anew
  std::function<Standing()> standing;
};

/// `mpirun` with N ranks, as root and with more ranks than cores where that is so. N: at least 1.
std::vector<std::string> mpirun_launcher(std::uint64_t ranks);

/// Runs the job to its end, and starts it again after the death of a rank: at most three times in a row without a new
/// result, 1, 2, 4 s after it. The result file decides, not the launcher's exit status: srun ends with 0 after some
/// failures of a node. Points that were running at a rank that died are suspect (exec::Supervised); FILE.inflight and
/// FILE.suspects are there meanwhile. SIGINT, SIGTERM, SIGHUP and SIGUSR1 stop the sweep in order, a second one at
/// once. If this process is killed the ranks end. Returns the exit status that the job without any death would have.
int supervise(const Job& job);

/// What FILE.suspects tells the master of such a job.
exec::Supervised supervised_by(const std::string& result_path);

}  // namespace windrow::cli
