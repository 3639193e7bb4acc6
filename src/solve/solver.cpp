#include "windrow/solve/solver.hpp"

#include "solve/rooms.hpp"

namespace windrow::solve {

struct Solver::State {
  State(TieBreak mode, std::size_t remembered) : rooms(remembered), tie_break(mode) {}

  Rooms rooms;
  TieBreak tie_break;
  Asked asked;
  Solution solution;
  SumSolution sum;
  FinishTimeSolution finish;
  WaterFilling filling;
  StrategyProof proof;

  void count(const Solution& answer, long fallbacks) {
    ++asked.problems;
    asked.remembered = rooms.hits;
    asked.fallbacks += fallbacks > 0 ? 1 : 0;
    asked.failures += answer.status == Status::failed ? 1 : 0;
  }
};

Solver::Solver(TieBreak tie_break, std::size_t remembered) : state_(std::make_unique<State>(tie_break, remembered)) {}
Solver::~Solver() = default;
Solver::Solver(Solver&&) noexcept = default;
Solver& Solver::operator=(Solver&&) noexcept = default;

const Solution& Solver::solve(const Problem& problem) {
  State& s = *state_;
  s.rooms.solve(problem, s.tie_break, s.solution);
  s.count(s.solution, s.solution.fell_back);
  return s.solution;
}

const SumSolution& Solver::solve_sum(const Problem& problem) {
  State& s = *state_;
  s.rooms.sum(problem, s.tie_break, s.sum);
  s.count(s.sum.solution, s.sum.solution.fell_back);
  return s.sum;
}

const FinishTimeSolution& Solver::finish_time_fairness(const FinishTimes& times) {
  State& s = *state_;
  s.rooms.finish_times(times, s.tie_break, s.finish);
  s.count(s.finish.solution, s.finish.solution.fell_back);
  return s.finish;
}

const WaterFilling& Solver::fill(const Problem& problem, const Reweigh* reweigh, Filling filling) {
  State& s = *state_;
  s.rooms.fill(problem, reweigh, filling, s.tie_break, s.filling);
  s.count(s.filling.last, s.filling.fallbacks);
  return s.filling;
}

const StrategyProof& Solver::strategy_proof_fairness(const Jobs& jobs) {
  State& s = *state_;
  s.rooms.strategy_proof(jobs, s.proof);
  s.count(s.proof.welfare, s.proof.welfare.fell_back);
  return s.proof;
}

const Asked& Solver::asked() const {
  return state_->asked;
}

}  // namespace windrow::solve
