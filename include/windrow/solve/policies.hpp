// The allocation policies of Gavel (OSDI 2020) as problems of this room: what the jobs of a cluster look like in
// numbers, and what each policy asks for.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "windrow/solve/finish_time.hpp"
#include "windrow/solve/packed.hpp"
#include "windrow/solve/problem.hpp"
#include "windrow/solve/water_filling.hpp"

namespace windrow::solve {

/// Jobs in the order of their ids. Matrices are [jobs x types]; lists of jobs that a policy does not read may be empty.
struct Jobs {
  std::vector<double> capacity;    ///< [types] GPUs
  std::vector<std::size_t> id;     ///< what a job is known by from question to question; empty: its place
  std::vector<double> throughput;  ///< steps/s on `gpus` GPUs of a type; 0: does not run there
  std::vector<double> gpus;        ///< at a time
  std::vector<double> priority;    ///< > 0
  std::vector<double> steps_left;
  std::vector<double> elapsed_s;  ///< since the job came
  std::vector<double> served_s;   ///< cumulative time on a fair share so far; empty: none
  std::vector<Pair> pairs;        ///< in steps/s
  bool realisable = false;        ///< whether a job gets nothing of a type with fewer GPUs than it needs at a time

  std::size_t types() const { return capacity.size(); }
  std::size_t size() const { return gpus.size(); }
};

/// The jobs as a policy sees them that knows nothing of types: every throughput 1, or that on `type`.
Jobs blind(const Jobs& jobs, std::optional<std::size_t> type = std::nullopt);

/// steps/s on the proportional share, the same part of every type: sum_k T_ik N_k / sum_k N_k. 0: the job runs nowhere.
std::vector<double> proportional_rate(const Jobs& jobs);
/// steps/s on 1/n of the cluster for each of n jobs, counted in GPUs.
std::vector<double> isolated_rate(const Jobs& jobs);
void isolated_rate(const Jobs& jobs, std::vector<double>& rate);

/// The two as allocations, [jobs x types]. The first leaves out of account how many GPUs a job needs.
std::vector<double> proportional_allocation(const Jobs& jobs);
std::vector<double> isolated_allocation(const Jobs& jobs);

// Each problem also in memory that is used again: a policy is asked thousands of times.

/// max min_i gpus_i rate_i / (priority_i q_i), q the proportional rate. Jobs that run nowhere get nothing.
/// Rates are in units of q_i and weights priority_i / gpus_i, so that `fill` of it has the levels z_i of water filling.
Problem max_min_fairness(const Jobs& jobs);
void max_min_fairness(const Jobs& jobs, Problem& problem);
/// max tau, rate_i >= steps_left_i tau: all jobs end within 1 / tau seconds.
Problem min_total_duration(const Jobs& jobs);
void min_total_duration(const Jobs& jobs, Problem& problem);
/// max sum_ik T_ik / price_k x_ik; `price` empty: 1. `seconds_left` empty, or infinite without deadline: the rates that
/// the deadlines ask for are floors. Deadlines that have passed ask for nothing.
Problem max_sum_throughput(const Jobs& jobs, const std::vector<double>& price, const std::vector<double>& seconds_left);
void max_sum_throughput(const Jobs& jobs, const std::vector<double>& price, const std::vector<double>& seconds_left,
                        Problem& problem);
FinishTimes finish_times(const Jobs& jobs);
void finish_times(const Jobs& jobs, FinishTimes& times);

/// Any of these problems of `jobs` with its pairs, their rates in the units that `problem` gives each row.
PackedProblem packed(const Jobs& jobs, const Problem& problem);

struct SumSolution {
  Solution solution;
  bool floors_dropped = false;  ///< the deadlines cannot all be met: as the published policy, all of them are given up
};
SumSolution solve_sum(const Problem& problem, TieBreak tie_break);

/// min_total_duration as published: a horizon is looked for by halves from 100 s to 1e6 s (and on from there, ten times
/// as far each time) until two tries are within 5 %. Which of them can be met is known from the exact optimum.
struct Horizon {
  double seconds = 0;         ///< the smallest horizon tried that can be met: x attains it
  double exact_s = 0;         ///< the optimum
  std::vector<double> tried;  ///< horizons, in order
  Solution solution;  ///< among all that meets `seconds` what the published solver tends to, much of it left idle
};
/// Status failed where no job has steps left, for there is no horizon then.
Horizon bisect_total_duration(const Jobs& jobs);

/// Strategy-proof max-min fairness: the allocation of largest product of rates (Nash welfare: priorities and units do
/// not matter), each job's share discounted by what its presence costs the others, so that it does not pay to lie.
struct StrategyProof {
  Solution welfare;              ///< before the discounts; objective: sum of log rates, bound and gap in these terms
  std::vector<double> discount;  ///< [jobs] product over all others of their rates with this job by those without it
  std::vector<double> x;         ///< [jobs x types] shares after the discounts
  int solves = 0;                ///< problems solved: jobs that are alike have one discount
};
StrategyProof strategy_proof_fairness(const Jobs& jobs);

}  // namespace windrow::solve
