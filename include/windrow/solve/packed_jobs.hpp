// Problems with pairs of jobs, for jobs of a few kinds: nobody lists the pairs of jobs. Rates of pairs are looked up by
// kind, jobs that are alike are solved as one, and only the pairs that get time come back.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "windrow/solve/policies.hpp"

namespace windrow::solve {

/// Rates of two jobs on the same GPUs by their kinds, steps/s. Zeros: they do not fit together. Without kinds no two
/// jobs do.
class PairRates {
 public:
  struct Rates {
    double first = 0, second = 0;
  };
  PairRates(std::size_t kinds, std::size_t types) : kinds_(kinds), types_(types), rates_(kinds * kinds * types) {}
  /// Sets them for both orders of the kinds.
  void set(std::size_t first, std::size_t second, std::size_t type, Rates rates) {
    rates_[cell(second, first, type)] = {rates.second, rates.first};
    rates_[cell(first, second, type)] = rates;
  }
  const Rates& operator()(std::size_t first, std::size_t second, std::size_t type) const {
    static constexpr Rates kApart{};
    return kinds_ == 0 ? kApart : rates_[cell(first, second, type)];
  }
  std::size_t kinds() const { return kinds_; }
  std::size_t types() const { return types_; }

 private:
  std::size_t cell(std::size_t first, std::size_t second, std::size_t type) const {
    return (first * kinds_ + second) * types_ + type;
  }
  std::size_t kinds_, types_;
  std::vector<Rates> rates_;
};

/// Shares of time of jobs alone and of the pairs that have any.
struct PackedAllocation {
  Solution alone;  ///< x of jobs alone; status, theta, objective, rounds and proof are of the whole
  struct Together {
    std::size_t first, second;  ///< jobs, first < second; of classes, first <= second
  };
  std::vector<Together> pairs;   ///< of jobs, in order of (first, second); empty if the solver does not list them
  std::vector<double> together;  ///< [pairs x types] share of time
  /// The same by classes: every two jobs of a pair of classes share alike. However many jobs, this stays short.
  std::vector<std::size_t> class_of;   ///< [jobs]
  std::vector<Together> class_pairs;   ///< with any time
  std::vector<double> class_together;  ///< [class_pairs x types] share of time of one pair of jobs
  std::vector<double> rate;            ///< [jobs] reached, in the units of the problem
  double rho = 0;                      ///< of finish_time_fairness: the optimum
  double attained = 0;                 ///< the largest rho_i of this allocation
  bool floors_dropped = false;         ///< of solve_sum: the deadlines cannot all be met
  WaterFilling levels;                 ///< of fill; `last` is empty
};

/// Solves one problem after the other with the memory of the last. `kind` has an entry for each job: jobs of one kind
/// have equal throughputs and gpus; jobs may share GPUs if their gpus are equal. `Jobs::pairs` is not looked at.
///
///     PackedSolver solver(rates, TieBreak::central);
///     const PackedAllocation& a = solver.solve(jobs, kind, max_min_fairness(jobs));
///
/// Answers are valid until the next call. Equal input gives equal bits, whatever was asked before, unless `goes_on`.
class PackedSolver {
 public:
  /// `list_pairs`: whether answers name pairs of jobs, or pairs of classes alone. `remembered`: as for Solver, answers
  /// of `solve` that are kept. `goes_on`: `solve` and `solve_sum` begin on the way to the answer before, which halves
  /// the steps where few jobs are others, vertices are looked for from the last one, and `fill` knows from prices
  /// before what cannot be; the answer is the same optimum to within the gap, equal bits need equal questions before.
  PackedSolver(PairRates rates, TieBreak tie_break, bool list_pairs = true, std::size_t remembered = 0,
               bool goes_on = false);
  ~PackedSolver();
  PackedSolver(PackedSolver&&) noexcept;
  PackedSolver& operator=(PackedSolver&&) noexcept;

  /// `problem`: max_min_fairness, min_total_duration, of `jobs`.
  const PackedAllocation& solve(const Jobs& jobs, std::span<const int> kind, const Problem& problem);
  /// `problem`: max_sum_throughput of `jobs`. Deadlines that cannot all be met are all given up.
  const PackedAllocation& solve_sum(const Jobs& jobs, std::span<const int> kind, const Problem& problem);
  /// `times`: finish_times of `jobs`. The gap is that of rho.
  const PackedAllocation& finish_time_fairness(const Jobs& jobs, std::span<const int> kind, const FinishTimes& times);
  /// `problem`: max_min_fairness of `jobs`.
  const PackedAllocation& fill(const Jobs& jobs, std::span<const int> kind, const Problem& problem,
                               const Reweigh* reweigh = nullptr, Filling filling = Filling::exact);

  const Asked& asked() const;
  /// Problems that the simplex method had to answer, since the solver was made.
  long fallbacks() const { return asked().fallbacks; }

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace windrow::solve
