// The training-cluster simulator: jobs of a heterogeneous GPU cluster, scheduled in rounds after an allocation that a
// policy computes (Gavel, OSDI 2020). docs/training-simulator.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "windrow/simulator/simulator.hpp"
#include "windrow/training/config.hpp"

namespace windrow::training {

class TrainingSimulator final : public Simulator {
 public:
  TrainingSimulator();
  const Description& describe() const override { return description_; }
  double cost_hint(const config::Tree& config) const override;
  /// Besides PointError throws InputError for what is wrong in the trace or the throughput table.
  void check(const config::Tree& config) const override;
  Outcome run(const config::Tree& config, ResultSink& sink, const StopToken& stop) const override;

 private:
  Description description_;
};

struct ListedJob {
  double arrival_s = 0;
  std::string job_type;
  int scale_factor = 1;
  std::optional<double> duration_s;  ///< on V100s; absent for a trace
  double total_steps = 0;
  double priority = 1.0;
  std::optional<double> slo;  ///< deadline as a multiple of the duration
};

/// The jobs that a run meets, in order of id, without simulating. Where jobs arrive without end: as many as it takes to
/// fill the window, unless `limit` says otherwise.
std::vector<ListedJob> list_jobs(const config::Tree& config, std::optional<std::uint64_t> limit = std::nullopt);

}  // namespace windrow::training
