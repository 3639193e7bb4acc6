#include "windrow/solve/packed.hpp"

#include <algorithm>
#include <cmath>

#include "solve/pair_program.hpp"
#include "windrow/kernel/error.hpp"

namespace windrow::solve {
namespace {

void name_ways(const PackedProblem& problem, Ways& ways) {
  const Problem& alone = problem.alone;
  const std::size_t types = alone.types();
  ways.clear();
  ways.add_alone(alone);
  for (std::size_t c = 0; c < problem.pairs.size(); ++c) {
    const Pair& pair = problem.pairs[c];
    for (std::size_t k = 0; k < types; ++k)
      ways.add_pair(alone, pair.first, pair.second, k, static_cast<int>(c), pair.rate[k], pair.rate[types + k],
                    problem.gain.empty() ? 0 : problem.gain[c * types + k]);
  }
  ways.measure(alone);
}

PackedSolution named(const PackedProblem& problem, const Ways& ways, WayAnswer&& answer) {
  PackedSolution solution;
  Solution& whole = solution.alone;
  whole.status = answer.status;
  whole.method = answer.method;
  whole.fell_back = answer.fell_back;
  whole.rounds = answer.rounds;
  const std::size_t types = problem.alone.types();
  whole.x.assign(problem.alone.rows() * types, 0.0);
  solution.together.assign(problem.pairs.size() * types, 0.0);
  solution.rate.assign(problem.alone.rows(), 0.0);
  if (answer.status != Status::optimal) return solution;  // nobody gets anything
  for (std::size_t j = 0; j < ways.list.size(); ++j) {
    const Way& way = ways.list[j];
    const auto first = static_cast<std::size_t>(way.first);
    const auto type = static_cast<std::size_t>(way.type);
    if (way.pair == kNobody)
      whole.x[first * types + type] = answer.time[j] / problem.alone.count_of(first);
    else
      solution.together[static_cast<std::size_t>(way.pair) * types + type] = answer.time[j];
  }
  whole.theta = answer.theta;
  whole.objective = answer.objective;
  whole.bound = answer.bound;
  whole.gap = answer.gap;
  whole.price = std::move(answer.price);
  whole.rate_price = std::move(answer.rate_price);
  solution.time_price = std::move(answer.time_price);
  solution.rate = std::move(answer.rate);
  return solution;
}

void check_packed(const PackedProblem& problem) {
  check(problem.alone);
  for (const Pair& pair : problem.pairs)
    WINDROW_CHECK(pair.first < problem.alone.rows() && pair.second < problem.alone.rows() &&
                      pair.rate.size() == 2 * problem.alone.types() &&
                      problem.alone.size[pair.first] == problem.alone.size[pair.second],
                  "pair {} {}", pair.first, pair.second);
}

/// Checked, its ways named, and handed to `use(program, answer)`.
template <class Use>
PackedSolution with_program(const PackedProblem& problem, Use use) {
  check_packed(problem);
  PairProgram program;
  WayAnswer answer;
  name_ways(problem, program.ways);
  use(program, answer);
  return named(problem, program.ways, std::move(answer));
}

}  // namespace

bool dominated(const Problem& alone, const Pair& pair, std::size_t type) {
  const double a = pair.rate[type];
  const double b = pair.rate[alone.types() + type];
  const double first = alone.rate_of(pair.first, type);
  const double second = alone.rate_of(pair.second, type);
  if ((a > 0 && first <= 0) || (b > 0 && second <= 0)) return false;
  return (a > 0 ? a / first : 0) + (b > 0 ? b / second : 0) <= 1;
}

double violation(const PackedProblem& problem, const PackedSolution& solution) {
  const Problem& alone = problem.alone;
  const std::size_t types = alone.types();
  double worst = 0;
  std::vector<double> time(alone.rows());
  std::vector<double> rate(alone.rows());
  std::vector<double> gpus(types);
  for (std::size_t i = 0; i < alone.rows(); ++i)
    for (std::size_t k = 0; k < types; ++k) {
      const double x = solution.alone.x[i * types + k];
      worst = std::max(worst, -x);
      time[i] += x * alone.count_of(i);
      rate[i] += x * alone.count_of(i) * alone.rate_of(i, k);
      gpus[k] += x * alone.count_of(i) * alone.size[i];
    }
  for (std::size_t c = 0; c < problem.pairs.size(); ++c)
    for (std::size_t k = 0; k < types; ++k) {
      const Pair& pair = problem.pairs[c];
      const double y = solution.together[c * types + k];
      worst = std::max(worst, -y);
      time[pair.first] += y;
      time[pair.second] += y;
      rate[pair.first] += y * pair.rate[k];
      rate[pair.second] += y * pair.rate[types + k];
      gpus[k] += y * alone.size[pair.first];
    }
  for (std::size_t i = 0; i < alone.rows(); ++i) {
    worst = std::max(worst, time[i] / alone.count_of(i) - 1);
    const double wanted = alone.weight[i] * solution.alone.theta + alone.floor_of(i);
    if (alone.demands(i)) worst = std::max(worst, 1 - rate[i] / alone.count_of(i) / std::max(wanted, 1e-300));
  }
  for (std::size_t k = 0; k < types; ++k)
    worst = std::max(worst, (gpus[k] - alone.capacity[k]) / std::max(alone.capacity[k], 1.0));
  return worst;
}

double upper_bound(const PackedProblem& problem, const PackedSolution& prices) {
  if (problem.alone.theta_gain > 0 && !problem.gain.empty()) return HUGE_VAL;
  Ways ways;
  name_ways(problem, ways);
  WayAnswer answer;
  answer.price = prices.alone.price;
  answer.rate_price = prices.alone.rate_price;
  answer.time_price = prices.time_price;
  return upper_bound(problem.alone, ways.list, answer);
}

PackedSolution solve_packed_simplex(const PackedProblem& problem) {
  return with_program(problem,
                      [&](PairProgram& program, WayAnswer& answer) { program.simplex(problem.alone, answer); });
}

PackedSolution solve_packed(const PackedProblem& problem, TieBreak tie_break) {
  return with_program(
      problem, [&](PairProgram& program, WayAnswer& answer) { program.solve(problem.alone, tie_break, answer); });
}

PackedFilling fill_packed(const PackedProblem& problem, const Reweigh* reweigh, Filling filling) {
  PackedFilling result;
  result.last = with_program(problem, [&](PairProgram& program, WayAnswer& answer) {
    result.levels = program.fill(problem.alone, reweigh, filling, answer);
  });
  return result;
}

PackedFinishTimes finish_time_fairness(const FinishTimes& times, const PackedProblem& packed, TieBreak tie_break) {
  PackedFinishTimes result;
  Problem alone = packed.alone;
  result.solution = with_program(packed, [&](PairProgram& program, WayAnswer& answer) {
    const PairProgram::Rho found = program.finish_time_fairness(alone, times, tie_break, answer);
    result.rho = found.rho;
    result.attained = found.attained;
    result.rounds = found.rounds;
  });
  return result;
}

}  // namespace windrow::solve
