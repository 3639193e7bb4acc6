// What solves problems without pairs, with memory that is kept from call to call.
#pragma once

#include "solve/class_finder.hpp"
#include "solve/embedding.hpp"
#include "solve/filling.hpp"
#include "solve/interior.hpp"
#include "solve/market.hpp"
#include "solve/memory.hpp"
#include "solve/prices.hpp"
#include "windrow/solve/finish_time.hpp"
#include "windrow/solve/policies.hpp"
#include "windrow/solve/problem.hpp"
#include "windrow/solve/water_filling.hpp"

namespace windrow::solve {

struct Rooms {
  explicit Rooms(std::size_t remembered = 0) : solutions(remembered), fillings(remembered) {}

  ClassFinder finder;
  Classes classes;
  InteriorSolver interior;
  EmbeddingSolver embedding;
  PriceSolver prices;
  Market market;
  Solution small, probe;
  std::vector<double> numbers, fastest;
  Problem scratch;
  Memory<Solution> solutions;
  Memory<WaterFilling> fillings;
  long hits = 0;

  /// As solve_any and solve.
  void any(const Problem& problem, Solution& whole);
  void solve(const Problem& problem, TieBreak tie_break, Solution& whole);
  /// As solve_welfare. `able` is then the rows that run somewhere, and `classes` are theirs.
  void welfare(const Problem& problem, Solution& solution);
  std::vector<std::size_t> able;
  Problem able_problem;
  Solution able_solution;
  std::vector<double> discounts;  ///< [classes of the able]
  void strategy_proof(const Jobs& jobs, StrategyProof& result);
  void sum(const Problem& problem, TieBreak tie_break, SumSolution& answer);
  void finish_times(const FinishTimes& times, TieBreak tie_break, FinishTimeSolution& result);
  FillingRoom filling_room;
  Problem round_problem;
  Solution round_solution;
  WaterFilling small_filling;
  std::vector<double> caps;    ///< [classes]
  std::vector<int> own_label;  ///< [rows]
  void fill(const Problem& problem, const Reweigh* reweigh, Filling filling, TieBreak tie_break, WaterFilling& filled);

  /// Finds classes; `method(problem of the classes, solution)` solves them. Nobody, or nothing to give, is answered
  /// here.
  template <class Method>
  void by_classes(const Problem& problem, Solution& whole, Method method) {
    check(problem);
    finder.find(problem, nullptr, classes);
    if (problem.rows() == 0 || classes.types.empty() || nobody_asks(problem)) {
      idle(problem, whole);
      return;
    }
    method(classes.problem, small);
    expand(problem, classes, small, whole);
  }
  /// Theta is all that counts, and nobody has a weight: there is nothing to give time for.
  static bool nobody_asks(const Problem& problem);
  static void idle(const Problem& problem, Solution& whole);
};

/// The rounds of water filling on rows that are classes already. `open`, if given, is set to where a row may have time
/// in some allocation of these levels, [rows x types]: what a round's prices forbid, all later rounds do. `published`:
/// each round is put as the published policy puts it, and its x is where that policy's solver stops.
void fill_rows(Rooms& rooms, const Problem& problem, const Reweigh* reweigh, Filling filling, bool published,
               WaterFilling& filled, std::vector<char>* open);

/// The simplex method where `solution` is not optimal.
void fall_back(const Problem& problem, Solution& solution);

}  // namespace windrow::solve
