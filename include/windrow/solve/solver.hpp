// The problems of allocation policies, one after the other: memory is kept from call to call, and answers may be.
#pragma once

#include <cstddef>
#include <memory>

#include "windrow/solve/finish_time.hpp"
#include "windrow/solve/policies.hpp"
#include "windrow/solve/problem.hpp"
#include "windrow/solve/water_filling.hpp"

namespace windrow::solve {

/// For a policy object to own. Answers are those of the functions of the same names, to the bit, whatever was asked
/// before; they are valid until the next call. No call throws for numbers that are hard, and none gives a NaN: where
/// the intended method does not converge the simplex method answers, and where that fails the status says so.
class Solver {
 public:
  /// `remembered`: how many answers of `solve` and `fill` are kept for problems whose classes and their counts come
  /// again, as they do where jobs have no state of their own (max-min fairness). When there are more, all are
  /// forgotten.
  explicit Solver(TieBreak tie_break, std::size_t remembered = 0);
  ~Solver();
  Solver(Solver&&) noexcept;
  Solver& operator=(Solver&&) noexcept;

  const Solution& solve(const Problem& problem);
  const SumSolution& solve_sum(const Problem& problem);
  const FinishTimeSolution& finish_time_fairness(const FinishTimes& times);
  const WaterFilling& fill(const Problem& problem, const Reweigh* reweigh = nullptr, Filling filling = Filling::exact);
  /// Not remembered: most of the time is in the problems without a job, which are not the solver's to keep.
  const StrategyProof& strategy_proof_fairness(const Jobs& jobs);
  const Asked& asked() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace windrow::solve
