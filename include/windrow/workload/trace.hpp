// Traces of training jobs: which job, how much work, when.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "windrow/workload/throughputs.hpp"

namespace windrow::workload {

struct TraceJob {
  int key = 0;  ///< of ThroughputTable::keys(): job type and number of GPUs
  double total_steps = 0;
  double priority = 1.0;
  std::optional<double> slo;  ///< deadline as a multiple of the job's duration
  double arrival_s = 0;
  int entity = 0;
};

/// Reads a trace, arrivals ascending. Two formats are told apart by their first line:
/// - CSV with a header that names the columns `job_type`, `total_steps`, `arrival` (s) and, if wanted, `scale_factor`,
///   `priority`, `slo` (empty: none), `entity` (0, 1, ...), in any order;
/// - the published one without header: 10 tab-separated fields (job type, command, working directory, steps argument,
///   needs data, total steps, scale factor, priority, SLO with a negative number for none, arrival).
/// Throws InputError with all problems, one `path:line: what` each.
std::vector<TraceJob> read_trace(const std::string& path, const ThroughputTable& table);
/// The same from memory; `source` is the name for messages.
std::vector<TraceJob> parse_trace(std::string_view text, const std::string& source, const ThroughputTable& table);

}  // namespace windrow::workload
