// What does not change during a run: the cluster, the rates of every kind of job on it, the rules.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "windrow/training/config.hpp"
#include "windrow/training/policy.hpp"
#include "windrow/workload/throughputs.hpp"
#include "windrow/workload/trace.hpp"

namespace windrow::training {

/// A job as it enters the simulation.
struct Job {
  int rate_key = 0;
  int gpus = 1;
  double total_steps = 0;
  double priority = 1.0;
  double arrival_s = 0;
  std::optional<double> duration_s;  ///< on V100s; generated jobs only
  std::optional<double> slo;         ///< deadline as a multiple of the duration
  int entity = 0;
};

/// Rates of jobs of one type and number of GPUs, alone, by GPU type.
struct JobRates {
  int gpus = 1;
  PerType steps_per_s{};
  double v100_steps_per_s = 0;           ///< 0 if the table has no V100
  PerType round_steps{};                 ///< whole steps of a full round
  PerType round_s{};                     ///< how long they take; 0 where the job does not run
  std::array<int, kMaxGpuTypes> rank{};  ///< place among all rate keys by round_s, longest first
};

struct Model {
  /// Reads the throughputs and the trace. Throws InputError for what is wrong in them.
  explicit Model(const TrainingConfig& config);

  TrainingConfig config;
  bool upstream;  ///< config.compat
  const PolicyInfo* policy;
  workload::ThroughputTable table;
  Cluster cluster;
  std::vector<int> first_gpu;             ///< of each type; GPU ids run type after type
  std::vector<std::size_t> type_in_spec;  ///< 0 k80, 1 p100, 2 v100
  std::vector<JobRates> rates;            ///< [rate keys]
  PackedRates packed;
  std::vector<std::uint64_t> fits;  ///< [types x rate keys x words]: bit per rate key with which it can share GPUs
  PerType price_usd_per_h{};        ///< zeros unless charged
  std::optional<std::array<std::int64_t, 2>> window;
  std::vector<workload::TraceJob> trace;

  double half_round_s() const { return config.round_length_s / 2; }
  std::string_view job_type_name(int rate_key) const {
    const auto& key = table.keys()[static_cast<std::size_t>(rate_key)];
    return table.job_types()[static_cast<std::size_t>(key.job_type)].name;
  }
  /// Whether jobs of this kind can ever run: some type is fast enough for a step, and has as many GPUs.
  bool can_run(int rate_key) const;
  /// Duration on V100s, also of a trace job.
  double duration_s(const Job& job) const;
  /// Whether jobs arrive without end, so that the queue can grow without bound.
  bool endless() const { return !config.jobs.trace && !config.generated_count() && config.interarrival_mean_s > 0; }

 private:
  void lay_out_cluster();
  void tabulate_rates();
  void check_entities() const;
  void check_estimation() const;
  void check_distributed_types() const;
  void check_one_gpu_each() const;
};

}  // namespace windrow::training
