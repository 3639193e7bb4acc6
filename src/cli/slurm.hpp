// The Slurm jobs of a sweep: their numbers are kept beside its result file, in FILE.slurm; the rest Slurm's own
// programs tell.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace windrow::cli {

/// How a program ended, and what it wrote.
struct Answer {
  int status = 0;  ///< exit status; 128 + signal; 124 if it was ended for taking too long
  std::string out;
};

/// Runs a program of the search path; its errors go where ours go, or nowhere if `silent`. None if there is no such
/// program.
std::optional<Answer> ask(const std::vector<std::string>& words, double limit_s, bool silent);

/// A job that waits or runs.
struct SlurmJob {
  std::string id, state, elapsed, limit, nodes, reason;
};

/// FILE.slurm (of a shard that of the whole): a line per job, its number and when it was submitted (UTC).
std::string slurm_jobs_path(const std::string& result_path);

/// Those of the sweep that wait or run, the oldest first. No value without Slurm or without an answer.
std::optional<std::vector<SlurmJob>> slurm_jobs(const std::string& result_path);

/// A table of them; nothing if there are none, or nobody to ask.
void print_slurm_jobs(const std::string& result_path);

}  // namespace windrow::cli
