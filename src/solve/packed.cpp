#include "windrow/solve/packed.hpp"

#include <algorithm>
#include <cmath>

#include "solve/dense_interior.hpp"
#include "solve/filling.hpp"
#include "solve/newton.hpp"
#include "windrow/kernel/error.hpp"
#include "windrow/solve/linear_program.hpp"

namespace windrow::solve {
namespace {

constexpr double kTargetGap = 1e-8;
constexpr std::size_t kNobody = static_cast<std::size_t>(-1);

/// One column: a row alone, or a pair, on one type. Rates are what a unit of its time adds to the sums of its rows.
struct Way {
  std::size_t first, second;  ///< kNobody where there is no second row to account to
  std::size_t type, pair;     ///< kNobody: alone
  double first_rate, second_rate, gain;
  double copies;      ///< pairs of jobs that the column stands for
  double first_time;  ///< 2 where both members are of one class
};

struct Layout {
  std::vector<Way> ways;
  std::vector<double> scale;        ///< [rows] the largest rate of a demand; 0 where there is none
  std::vector<std::size_t> demand;  ///< [rows] which row of the program, or kNobody
  std::size_t rows = 0;             ///< types, then the time of each row, then demands
  double theta_unit = 1, value_unit = 1;
  bool possible = true;
};

Layout layout_of(const PackedProblem& problem, bool prune) {
  const Problem& alone = problem.alone;
  const std::size_t n = alone.rows();
  const std::size_t types = alone.types();
  Layout layout;
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t k = 0; k < types; ++k)
      if (alone.capacity[k] > 0 && alone.allows(i, k))
        layout.ways.push_back(
            {i, kNobody, k, kNobody, alone.rate_of(i, k), 0, alone.gain_of(i, k), alone.count_of(i), 1});
  for (std::size_t c = 0; c < problem.pairs.size(); ++c) {
    const Pair& pair = problem.pairs[c];
    const double m = alone.count_of(pair.first);
    const bool one_class = pair.first == pair.second;
    const double copies = one_class ? m * (m - 1) / 2 : m * alone.count_of(pair.second);
    if (copies <= 0) continue;
    for (std::size_t k = 0; k < types; ++k) {
      if (alone.capacity[k] <= 0 || !alone.allows(pair.first, k) || !alone.allows(pair.second, k)) continue;
      const double a = pair.rate[k];
      const double b = pair.rate[types + k];
      const double gain = problem.gain.empty() ? 0 : problem.gain[c * types + k];
      if ((a <= 0 && b <= 0) || (prune && dominated(alone, pair, k))) continue;
      if (one_class)
        layout.ways.push_back({pair.first, kNobody, k, c, a + b, 0, gain, copies, 2});
      else
        layout.ways.push_back({pair.first, pair.second, k, c, a, b, gain, copies, 1});
    }
  }
  layout.scale.assign(n, 0.0);
  for (const Way& way : layout.ways) {
    layout.scale[way.first] = std::max(layout.scale[way.first], way.first_rate);
    if (way.second != kNobody) layout.scale[way.second] = std::max(layout.scale[way.second], way.second_rate);
  }
  layout.demand.assign(n, kNobody);
  layout.rows = types + n;
  double theta_unit = HUGE_VAL;
  for (std::size_t i = 0; i < n; ++i) {
    if (!alone.demands(i)) {
      layout.scale[i] = 0;
      continue;
    }
    if (layout.scale[i] <= 0) {
      layout.possible = false;
      layout.scale[i] = 1;
    }
    layout.demand[i] = layout.rows++;
    if (alone.weight[i] > 0) theta_unit = std::min(theta_unit, layout.scale[i] / alone.weight[i]);
  }
  if (theta_unit < HUGE_VAL) layout.theta_unit = theta_unit;
  double value = alone.theta_gain * layout.theta_unit;
  for (const Way& way : layout.ways) value = std::max(value, std::abs(way.gain));
  layout.value_unit = value > 0 ? value : 1;
  return layout;
}

/// The entries of a column: (row of the program, value), demands counted downwards from what is wanted.
template <class Visit>
void entries_of(const Problem& alone, const Layout& layout, const Way& way, Visit visit) {
  visit(way.type, alone.size[way.first]);
  visit(alone.types() + way.first, way.first_time);
  if (way.second != kNobody) visit(alone.types() + way.second, 1.0);
  if (layout.demand[way.first] != kNobody) visit(layout.demand[way.first], -way.first_rate / layout.scale[way.first]);
  if (way.second != kNobody && layout.demand[way.second] != kNobody)
    visit(layout.demand[way.second], -way.second_rate / layout.scale[way.second]);
}

double limit_of(const Problem& alone, const Layout& layout, std::size_t row, std::size_t i) {
  if (row < alone.types()) return alone.capacity[row];
  if (row < alone.types() + alone.rows()) return alone.count_of(i);
  return -alone.count_of(i) * alone.floor_of(i) / layout.scale[i];
}

/// Which row of the problem each row of the program belongs to.
std::vector<std::size_t> owners(const Problem& alone, const Layout& layout) {
  std::vector<std::size_t> owner(layout.rows, 0);
  for (std::size_t i = 0; i < alone.rows(); ++i) {
    owner[alone.types() + i] = i;
    if (layout.demand[i] != kNobody) owner[layout.demand[i]] = i;
  }
  return owner;
}

/// Fills in everything from the time of each way and the prices of the program's rows, in its units.
void read(const PackedProblem& problem, const Layout& layout, std::vector<double> time,
          const std::vector<double>& price, PackedSolution& solution) {
  const Problem& alone = problem.alone;
  const std::size_t types = alone.types();
  const std::vector<std::size_t> owner = owners(alone, layout);
  std::vector<double> used(types + alone.rows());
  const auto account = [&] {
    std::fill(used.begin(), used.end(), 0.0);
    for (std::size_t j = 0; j < time.size(); ++j)
      entries_of(alone, layout, layout.ways[j], [&](std::size_t row, double v) {
        if (row < used.size()) used[row] += v * time[j];
      });
  };
  for (double& t : time) t = std::max(0.0, t);
  account();
  for (std::size_t j = 0; j < time.size(); ++j) {  // over a limit by rounding
    double excess = 1;
    entries_of(alone, layout, layout.ways[j], [&](std::size_t row, double) {
      if (row < used.size()) excess = std::max(excess, used[row] / limit_of(alone, layout, row, owner[row]));
    });
    time[j] /= excess;
  }
  Solution& whole = solution.alone;
  whole.x.assign(alone.rows() * types, 0.0);
  solution.together.assign(problem.pairs.size() * types, 0.0);
  solution.rate.assign(alone.rows(), 0.0);
  double sum = 0;
  for (std::size_t j = 0; j < time.size(); ++j) {
    const Way& way = layout.ways[j];
    if (way.pair == kNobody)
      whole.x[way.first * types + way.type] = time[j] / alone.count_of(way.first);
    else
      solution.together[way.pair * types + way.type] = time[j];
    solution.rate[way.first] += way.first_rate * time[j] / alone.count_of(way.first);
    if (way.second != kNobody) solution.rate[way.second] += way.second_rate * time[j] / alone.count_of(way.second);
    sum += way.gain * time[j];
  }
  double theta = HUGE_VAL;
  for (std::size_t i = 0; i < alone.rows(); ++i)
    if (alone.weight[i] > 0) theta = std::min(theta, (solution.rate[i] - alone.floor_of(i)) / alone.weight[i]);
  whole.theta = theta < HUGE_VAL ? theta : 0;
  whole.objective = alone.theta_gain * whole.theta + sum;
  whole.price.assign(types, 0.0);
  whole.rate_price.assign(alone.rows(), 0.0);
  solution.time_price.assign(alone.rows(), 0.0);
  for (std::size_t r = 0; r < price.size(); ++r) {
    const double value = std::max(0.0, price[r]) * layout.value_unit;
    if (r < types)
      whole.price[r] = value;
    else if (r < types + alone.rows())
      solution.time_price[owner[r]] = value;
    else
      whole.rate_price[owner[r]] = value / layout.scale[owner[r]];
  }
  whole.bound = upper_bound(problem, solution);
  whole.gap = (whole.bound - whole.objective) / std::max(std::abs(whole.bound), 1e-300);
  whole.status = Status::optimal;
}

PackedSolution by_simplex(const PackedProblem& problem, bool prune, bool lexicographically) {
  const Problem& alone = problem.alone;
  const Layout layout = layout_of(problem, prune);
  const std::vector<std::size_t> owner = owners(alone, layout);
  LinearProgram program;
  std::vector<std::pair<int, double>> entries;
  for (std::size_t r = 0; r < layout.rows; ++r) {
    program.add_row(-kInfinity, limit_of(alone, layout, r, owner[r]));
    if (r >= alone.types() + alone.rows()) {
      const std::size_t i = owner[r];
      entries.emplace_back(static_cast<int>(r),
                           alone.count_of(i) * alone.weight[i] * layout.theta_unit / layout.scale[i]);
    }
  }
  program.add_column(alone.theta_gain * layout.theta_unit / layout.value_unit, 0, kInfinity, entries);
  std::vector<double> gpu_time{0.0};
  for (const Way& way : layout.ways) {
    entries.clear();
    entries_of(alone, layout, way, [&](std::size_t row, double v) { entries.emplace_back(static_cast<int>(row), v); });
    program.add_column(way.gain / layout.value_unit, 0, kInfinity, entries);
    gpu_time.push_back(alone.size[way.first]);
  }
  const LinearSolution found = lexicographically ? maximise_lexicographically(program, {gpu_time}) : maximise(program);
  PackedSolution solution;
  solution.alone.method = Method::simplex;
  solution.alone.rounds = found.rounds;
  solution.alone.status = found.status;
  if (found.status == Status::optimal)
    read(problem, layout, {found.x.begin() + 1, found.x.end()}, found.price, solution);
  return solution;
}

PackedSolution by_interior(const PackedProblem& problem, double target_gap) {
  const Problem& alone = problem.alone;
  PackedSolution solution;
  solution.alone.method = Method::interior;
  Layout layout = layout_of(problem, false);
  if (!layout.possible || layout.ways.empty()) return solution;
  const std::vector<std::size_t> owner = owners(alone, layout);
  DenseProgram program;
  double weights = 0;
  for (std::size_t r = 0; r < layout.rows; ++r) {
    const std::size_t i = owner[r];
    const bool demand = r >= alone.types() + alone.rows();
    program.limit.push_back(limit_of(alone, layout, r, i));
    const double weight = demand ? alone.count_of(i) * alone.weight[i] * layout.theta_unit / layout.scale[i] : 0.0;
    program.theta_entry.push_back(weight);
    weights += weight;
    program.multiplicity_of_row.push_back(r < alone.types() ? 1 : alone.count_of(i));
    program.row_size.push_back(r < alone.types() ? std::max(alone.capacity[r], 1.0) : alone.count_of(i));
  }
  if ((alone.theta_gain > 0) != (weights > 0)) return solution;
  if (weights > 0)
    layout.value_unit = alone.theta_gain * layout.theta_unit / weights;  // duals of rates are 1 on average
  program.theta_gain = weights;
  for (const Way& way : layout.ways) {
    entries_of(alone, layout, way, [&](std::size_t row, double v) {
      program.entries.push_back({static_cast<int>(row), v});
    });
    program.start.push_back(static_cast<int>(program.entries.size()));
    program.gain.push_back(way.gain / layout.value_unit);
    program.multiplicity_of_column.push_back(way.copies);
  }
  const DenseSolution found = maximise_dense(program, target_gap);
  solution.alone.rounds = found.rounds;
  if (!found.ok) return solution;
  read(problem, layout, found.x, found.price, solution);
  if (!(solution.alone.gap <= 1e-6)) solution.alone.status = Status::failed;
  for (std::size_t i = 0; i < alone.rows(); ++i)  // where theta is asked for, it is already what x attains
    if (solution.rate[i] < alone.floor_of(i) * (1 - 1e-7)) solution.alone.status = Status::failed;
  return solution;
}

PackedSolution with_fallback(const PackedProblem& problem, PackedSolution solution) {
  if (solution.alone.status == Status::optimal) return solution;
  solution = solve_packed_simplex(problem);
  solution.alone.fell_back = true;
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
  const Problem& alone = problem.alone;
  double scale = 1;
  if (alone.theta_gain > 0) {
    double total = 0;
    for (std::size_t i = 0; i < alone.rows(); ++i)
      total += alone.count_of(i) * alone.weight[i] * prices.alone.rate_price[i];
    if (!(total > 0) || !problem.gain.empty()) return HUGE_VAL;
    scale = alone.theta_gain / total;
  }
  // Time prices that pay for every way to run: those given, raised where one does not.
  std::vector<double> time(alone.rows());
  for (std::size_t i = 0; i < time.size(); ++i) time[i] = scale * prices.time_price[i];
  const auto rate_price = [&](std::size_t i) { return alone.demands(i) ? scale * prices.alone.rate_price[i] : 0.0; };
  const Layout layout = layout_of(problem, false);
  for (const Way& way : layout.ways) {
    double lack = way.gain + rate_price(way.first) * way.first_rate - way.first_time * time[way.first] -
                  scale * prices.alone.price[way.type] * alone.size[way.first];
    if (way.second != kNobody) lack += rate_price(way.second) * way.second_rate - time[way.second];
    if (lack <= 0) continue;
    time[way.first] += lack / 2;
    time[way.second == kNobody ? way.first : way.second] += lack / 2;
  }
  double bound = 0;
  for (std::size_t k = 0; k < alone.types(); ++k) bound += scale * prices.alone.price[k] * alone.capacity[k];
  for (std::size_t i = 0; i < alone.rows(); ++i)
    bound += alone.count_of(i) * (time[i] - rate_price(i) * alone.floor_of(i));
  return bound;
}

PackedSolution solve_packed_simplex(const PackedProblem& problem) {
  return by_simplex(problem, false, false);
}

PackedSolution solve_packed(const PackedProblem& problem, TieBreak tie_break) {
  check_packed(problem);
  switch (tie_break) {
    case TieBreak::central:
      return with_fallback(problem, by_interior(problem, kTargetGap));
    case TieBreak::lexicographic: {
      if (problem.alone.theta_gain <= 0) return with_fallback(problem, by_simplex(problem, false, true));
      const PackedFilling filled = fill_packed(problem);
      if (filled.last.alone.status != Status::optimal) return with_fallback(problem, {});
      PackedProblem least = problem;
      least.alone.theta_gain = 0;
      least.alone.floor.assign(problem.alone.rows(), 0.0);
      for (std::size_t i = 0; i < problem.alone.rows(); ++i) {
        if (problem.alone.weight[i] > 0)
          least.alone.floor[i] = std::min(filled.levels.level[i], filled.last.rate[i]) * (1 - kTargetGap);
        least.alone.weight[i] = 0;
      }
      PackedSolution lean = by_simplex(least, false, true);
      if (lean.alone.status != Status::optimal) return with_fallback(problem, {});
      const PackedSolution first = with_fallback(problem, by_simplex(problem, true, false));
      lean.alone.theta = HUGE_VAL;
      for (std::size_t i = 0; i < problem.alone.rows(); ++i)
        if (problem.alone.weight[i] > 0)
          lean.alone.theta =
              std::min(lean.alone.theta, (lean.rate[i] - problem.alone.floor_of(i)) / problem.alone.weight[i]);
      lean.alone.objective = problem.alone.theta_gain * lean.alone.theta;
      lean.alone.price = first.alone.price;
      lean.alone.rate_price = first.alone.rate_price;
      lean.time_price = first.time_price;
      lean.alone.bound = upper_bound(problem, lean);
      lean.alone.gap = (lean.alone.bound - lean.alone.objective) / std::max(lean.alone.bound, 1e-300);
      lean.alone.rounds += filled.levels.rounds;
      return lean;
    }
    case TieBreak::vertex:
      break;
  }
  return with_fallback(problem, by_simplex(problem, problem.gain.empty(), false));
}

PackedFilling fill_packed(const PackedProblem& problem, const Reweigh* reweigh, Filling filling) {
  check_packed(problem);
  PackedFilling result;
  PackedProblem round = problem;
  round.alone.theta_gain = 1;
  result.levels =
      fill_levels(problem.alone.floor, problem.alone.weight, reweigh, filling,
                  [&](const std::vector<double>& weight, const std::vector<double>& floor) {
                    round.alone.weight = weight;
                    round.alone.floor = floor;
                    PackedSolution solution = with_fallback(round, by_interior(round, kTargetGap));
                    RoundAnswer answer{solution.alone.status, solution.alone.theta,    solution.rate, {},
                                       solution.alone.rounds, solution.alone.fell_back};
                    if (answer.status != Status::optimal) return answer;
                    for (std::size_t i = 0; i < weight.size(); ++i)
                      answer.cost.push_back(problem.alone.count_of(i) * weight[i] * solution.alone.rate_price[i]);
                    result.last = std::move(solution);
                    return answer;
                  });
  return result;
}

PackedFinishTimes finish_time_fairness(const FinishTimes& times, const PackedProblem& packed, TieBreak tie_break) {
  PackedProblem problem = packed;
  const std::size_t n = problem.alone.rows();
  problem.alone.theta_gain = 1;
  problem.alone.gain.clear();
  problem.alone.floor.clear();
  problem.gain.clear();
  PackedFinishTimes result;
  // No rate is above what the fastest way gives: of a pair a member may be faster than alone only by a mistake in the
  // data.
  std::vector<double> fastest(n);
  for (const Way& way : layout_of(problem, false).ways) {
    fastest[way.first] = std::max(fastest[way.first], way.first_rate);
    if (way.second != kNobody) fastest[way.second] = std::max(fastest[way.second], way.second_rate);
  }
  for (std::size_t i = 0; i < n; ++i) {
    if (times.steps[i] <= 0) continue;
    if (fastest[i] <= 0) return result;
    result.rho = std::max(result.rho, (times.elapsed_s[i] + times.steps[i] / fastest[i]) / times.fair_s[i]);
  }
  PackedSolution solution;
  for (int round = 1; round <= kMaxNewtonRounds; ++round) {
    result.rounds = round;
    problem.alone.weight = wanted_rates(times, result.rho);
    solution = with_fallback(problem, by_simplex(problem, true, false));
    if (solution.alone.status != Status::optimal) return result;
    if (solution.alone.bound >= 1 - 1e-10) break;
    const double worth = solution.alone.bound;  // of all rates together at these prices, at the most
    const double before = result.rho;
    result.rho =
        newton_root(times, result.rho, worth, [&](const std::vector<double>& wanted, std::vector<double>& rise) {
          double total = 0;
          rise.resize(n);
          double scale = 0;
          for (std::size_t i = 0; i < n; ++i) scale += problem.alone.weight[i] * solution.alone.rate_price[i];
          for (std::size_t i = 0; i < n; ++i) {
            rise[i] = solution.alone.rate_price[i] / scale;
            total += rise[i] * wanted[i];
          }
          return total;
        });
    if (!(result.rho > before * (1 + 1e-14))) break;
  }
  result.solution = solution;
  PackedSolution chosen = solve_packed(problem, tie_break);
  if (chosen.alone.status == Status::optimal) result.solution = std::move(chosen);
  return result;
}

}  // namespace windrow::solve
