#include <algorithm>
#include <cmath>

#include "solve/rooms.hpp"
#include "windrow/solve/linear_program.hpp"
#include "windrow/solve/problem.hpp"

namespace windrow::solve {
namespace {

/// The problem for the simplex method: theta first, then the shares; rows scaled so that their fastest type has rate 1
/// and theta so that it is of order 1: Clp's tolerances are absolute.
struct General {
  LinearProgram program;
  double theta_unit = 1, value_unit = 1;
  std::vector<double> scale;    ///< [rows] 0 where a row has no demand
  std::vector<int> demand_row;  ///< [rows]
  std::vector<int> capacity_row;
};

General general_form(const Problem& problem) {
  General general;
  const std::size_t n = problem.rows();
  const std::size_t types = problem.types();
  LinearProgram& program = general.program;
  general.scale.resize(n);
  general.demand_row.resize(n, -1);
  double theta_unit = HUGE_VAL;
  for (std::size_t i = 0; i < n; ++i) {
    if (!problem.demands(i)) continue;
    double most = 0;
    for (std::size_t k = 0; k < types; ++k)
      if (problem.allows(i, k)) most = std::max(most, problem.rate_of(i, k));
    general.scale[i] = most > 0 ? most : std::max(problem.weight[i], problem.floor_of(i));
    if (problem.weight[i] > 0) theta_unit = std::min(theta_unit, general.scale[i] / problem.weight[i]);
  }
  general.theta_unit = theta_unit < HUGE_VAL ? theta_unit : 1;
  general.value_unit = problem.theta_gain * general.theta_unit;
  for (const double gain : problem.gain) general.value_unit = std::max(general.value_unit, std::abs(gain));
  if (general.value_unit <= 0) general.value_unit = 1;

  std::vector<std::pair<int, double>> entries;
  for (std::size_t k = 0; k < types; ++k)
    general.capacity_row.push_back(program.add_row(-kInfinity, problem.capacity[k]));
  std::vector<int> time_row(n);
  for (std::size_t i = 0; i < n; ++i) {
    time_row[i] = program.add_row(-kInfinity, 1);
    if (!problem.demands(i)) continue;
    general.demand_row[i] = program.add_row(problem.floor_of(i) / general.scale[i], kInfinity);
    entries.emplace_back(general.demand_row[i], -problem.weight[i] * general.theta_unit / general.scale[i]);
  }
  program.add_column(problem.theta_gain * general.theta_unit / general.value_unit, 0, kInfinity, entries);
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t k = 0; k < types; ++k) {
      entries.assign({{general.capacity_row[k], problem.count_of(i) * problem.size[i]}, {time_row[i], 1.0}});
      if (problem.demands(i)) entries.emplace_back(general.demand_row[i], problem.rate_of(i, k) / general.scale[i]);
      program.add_column(problem.count_of(i) * problem.gain_of(i, k) / general.value_unit, 0,
                         problem.allows(i, k) ? 1 : 0, entries);
    }
  return general;
}

/// The simplex method's tolerance is absolute: where a row asks for next to nothing, it may have got nothing. What it
/// lacks is added on its fastest type; `finish` takes it from all others there.
void top_up(const Problem& problem, double theta, std::vector<double>& x) {
  const std::size_t types = problem.types();
  for (std::size_t i = 0; i < problem.rows(); ++i) {
    if (!problem.demands(i)) continue;
    double lack = problem.weight[i] * theta + problem.floor_of(i);
    std::size_t fastest = types;
    for (std::size_t k = 0; k < types; ++k) {
      lack -= problem.rate_of(i, k) * x[i * types + k];
      if (!problem.allows(i, k) || problem.capacity[k] <= 0 || problem.rate_of(i, k) <= 0) continue;
      if (fastest == types || problem.rate_of(i, k) > problem.rate_of(i, fastest)) fastest = k;
    }
    if (lack > 0 && fastest < types) x[i * types + fastest] += lack / problem.rate_of(i, fastest);
  }
}

Solution from_general(const Problem& problem, const General& general, const LinearSolution& found) {
  Solution solution;
  solution.method = Method::simplex;
  solution.status = found.status;
  solution.rounds = found.rounds;
  if (found.status != Status::optimal) return solution;
  solution.x.assign(found.x.begin() + 1, found.x.end());
  top_up(problem, found.x[0] * general.theta_unit, solution.x);
  for (const int row : general.capacity_row)
    solution.price.push_back(std::max(0.0, found.price[static_cast<std::size_t>(row)]) * general.value_unit);
  for (std::size_t i = 0; i < problem.rows(); ++i) {
    const int row = general.demand_row[i];
    solution.rate_price.push_back(row < 0 ? 0.0
                                          : std::max(0.0, -found.price[static_cast<std::size_t>(row)]) *
                                                general.value_unit / general.scale[i] / problem.count_of(i));
  }
  finish(problem, solution);
  return solution;
}

std::vector<double> gpu_time(const Problem& problem, std::size_t columns) {
  std::vector<double> cost(columns);
  for (std::size_t i = 0; i < problem.rows(); ++i)
    for (std::size_t k = 0; k < problem.types(); ++k)
      cost[columns - problem.rows() * problem.types() + i * problem.types() + k] =
          problem.count_of(i) * problem.size[i];
  return cost;
}

constexpr double kCentralGap = 1e-9;
/// Room that rounding needs at the levels, so that what costs least is told apart from what is only just possible.
constexpr double kLevelSlack = 3e-9;

/// The least GPU time that gives every row the rate `wanted`, then the smallest x in order.
Solution least_time(const Problem& problem, const std::vector<double>& wanted, const std::vector<char>& open) {
  Problem least = problem;
  least.theta_gain = 0;
  least.weight.assign(problem.rows(), 0.0);
  least.floor = wanted;
  least.allowed = open;
  for (std::size_t j = 0; j < open.size(); ++j)
    if (!problem.allows(j / problem.types(), j % problem.types())) least.allowed[j] = 0;
  General general = general_form(least);
  general.program.cost = gpu_time(problem, static_cast<std::size_t>(general.program.columns()));
  for (double& cost : general.program.cost) cost = -cost;
  return from_general(least, general, maximise_lexicographically(general.program, {}));
}

/// The same, where most rows have one type left: what they need there is known, and a small program remains.
Solution least_time_of_few(const Problem& problem, const std::vector<double>& wanted, const std::vector<char>& open) {
  const std::size_t types = problem.types();
  Solution whole;
  whole.x.assign(problem.rate.size(), 0.0);
  Problem rest;
  rest.capacity = problem.capacity;
  std::vector<double> rest_wanted;
  std::vector<char> rest_open;
  std::vector<std::size_t> kept;
  for (std::size_t i = 0; i < problem.rows(); ++i) {
    if (wanted[i] <= 0) continue;
    std::size_t ways = 0;
    std::size_t only = 0;
    for (std::size_t k = 0; k < types; ++k)
      if (open[i * types + k] != 0 && problem.allows(i, k) && problem.rate_of(i, k) > 0) ++ways, only = k;
    if (ways == 1) {
      const double x = wanted[i] / problem.rate_of(i, only);
      if (x > 1) return whole;  // status failed
      whole.x[i * types + only] = x;
      rest.capacity[only] -= problem.count_of(i) * problem.size[i] * x;
      continue;
    }
    kept.push_back(i);
    rest_wanted.push_back(wanted[i]);
    for (std::size_t k = 0; k < types; ++k) {
      rest.rate.push_back(problem.rate_of(i, k));
      rest.allowed.push_back(problem.allows(i, k) ? 1 : 0);
      rest_open.push_back(open[i * types + k]);
    }
    rest.size.push_back(problem.size[i]);
    rest.count.push_back(problem.count_of(i));
  }
  for (double& gpus : rest.capacity) gpus = std::max(0.0, gpus);
  if (!kept.empty()) {
    const Solution found = least_time(rest, rest_wanted, rest_open);
    if (found.status != Status::optimal) return whole;
    whole.rounds = found.rounds;
    for (std::size_t c = 0; c < kept.size(); ++c)
      std::copy_n(found.x.begin() + static_cast<std::ptrdiff_t>(c * types), types,
                  whole.x.begin() + static_cast<std::ptrdiff_t>(kept[c] * types));
  }
  whole.status = Status::optimal;
  whole.method = Method::simplex;
  return whole;
}

/// Levels first: with each row's demand set to its level, what is left is to spend the least GPU time.
Solution lexicographic(Rooms& rooms, const Problem& problem) {
  if (problem.theta_gain <= 0) {
    const General general = general_form(problem);
    return from_general(problem, general,
                        maximise_lexicographically(
                            general.program, {gpu_time(problem, static_cast<std::size_t>(general.program.columns()))}));
  }
  std::vector<char> open;
  WaterFilling filled;
  fill_rows(rooms, problem, nullptr, Filling::exact, false, filled, &open);
  if (filled.last.status != Status::optimal) return {};
  std::vector<double> wanted(problem.rows());
  for (std::size_t i = 0; i < problem.rows(); ++i) {
    const double rate = rate_at(problem, filled.last.x, i);  // feasible; the levels are so to rounding
    wanted[i] = problem.weight[i] > 0 ? std::min(filled.level[i], rate) * (1 - kLevelSlack) : problem.floor_of(i);
  }
  Solution solution = least_time_of_few(problem, wanted, open);
  if (solution.status != Status::optimal)
    solution = least_time(problem, wanted, std::vector<char>(problem.rate.size(), 1));
  if (solution.status != Status::optimal) return {};
  // The proof of theta is that of the first filling.
  Solution& first = rooms.probe;
  rooms.prices.solve(problem, nullptr, first);
  fall_back(problem, first);
  solution.price = first.price;
  solution.rate_price = first.rate_price;
  solution.rounds += filled.rounds;
  solution.fell_back = filled.fallbacks > 0 || first.fell_back;
  finish(problem, solution);
  return solution;
}

/// Held further from the optimum where rounding does not let the method nearer.
void welfare_of(InteriorSolver& solver, const Problem& problem, Solution& solution) {
  for (const double target_gap : {1e-9, 1e-8, 1e-7}) {
    solver.solve(problem, target_gap, InteriorSolver::Goal::welfare, solution);
    if (solution.status == Status::optimal) break;
  }
}

}  // namespace

Solution solve_simplex(const Problem& problem) {
  const General general = general_form(problem);
  return from_general(problem, general, maximise(general.program));
}

void fall_back(const Problem& problem, Solution& solution) {
  if (solution.status == Status::optimal) return;
  solution = solve_simplex(problem);
  solution.fell_back = true;
}

bool Rooms::nobody_asks(const Problem& problem) {
  return problem.theta_gain > 0 && problem.gain.empty() &&
         std::none_of(problem.weight.begin(), problem.weight.end(), [](double weight) { return weight > 0; });
}

void Rooms::idle(const Problem& problem, Solution& whole) {
  whole.method = Method::none;
  whole.fell_back = false;
  whole.objective = whole.bound = whole.gap = 0;
  whole.rounds = 0;
  const bool met = std::all_of(problem.floor.begin(), problem.floor.end(), [](double floor) { return floor <= 0; });
  whole.status = met ? Status::optimal : Status::infeasible;
  whole.x.assign(problem.rows() * problem.types(), 0.0);
  whole.price.assign(problem.types(), 0.0);
  whole.rate_price.assign(problem.rows(), 0.0);
  whole.theta = theta_of(problem, whole.x);
}

void Rooms::any(const Problem& problem, Solution& whole) {
  by_classes(problem, whole, [this](const Problem& few, Solution& solution) {
    prices.solve(few, nullptr, solution);
    fall_back(few, solution);
  });
}

void Rooms::solve(const Problem& problem, TieBreak tie_break, Solution& whole) {
  by_classes(problem, whole, [&](const Problem& few, Solution& solution) {
    if (solutions.used()) {
      numbers_of(few, numbers);
      if (const Solution* known = solutions.find(numbers)) {
        ++hits;
        solution = *known;
        return;
      }
    }
    switch (tie_break) {
      case TieBreak::central:
        interior.solve(few, kCentralGap, InteriorSolver::Goal::best, solution);
        fall_back(few, solution);
        break;
      case TieBreak::lexicographic:
        solution = lexicographic(*this, few);
        fall_back(few, solution);
        break;
      case TieBreak::vertex:
        solution = solve_simplex(few);
        break;
      case TieBreak::ecos:
        embedding.solve(few, solution);
        if (solution.status != Status::optimal) {
          interior.solve(few, kCentralGap, InteriorSolver::Goal::best, solution);
          solution.fell_back = true;
        }
        fall_back(few, solution);
        break;
    }
    if (solutions.used()) solutions.keep(numbers, solution);
  });
}

Solution solve_any(const Problem& problem) {
  Rooms rooms;
  Solution solution;
  rooms.any(problem, solution);
  return solution;
}

Solution solve_centre(const Problem& problem) {
  Problem region = problem;
  region.theta_gain = 0;
  region.weight.assign(problem.rows(), 0.0);
  Rooms rooms;
  Solution centre;
  rooms.by_classes(region, centre, [&](const Problem& few, Solution& solution) {
    rooms.interior.solve(few, 1, InteriorSolver::Goal::centre, solution);
    if (solution.status == Status::optimal && violation(few, solution.x, 0) > 1e-8) solution.status = Status::failed;
  });
  return centre;
}

Solution solve_ecos(const Problem& problem) {
  Rooms rooms;
  Solution found;
  rooms.by_classes(problem, found,
                   [&](const Problem& few, Solution& solution) { rooms.embedding.solve(few, solution); });
  return found;
}

void Rooms::welfare(const Problem& problem, Solution& solution) {
  const std::size_t types = problem.types();
  const auto runs = [&](std::size_t i) {
    for (std::size_t k = 0; k < types; ++k)
      if (problem.capacity[k] > 0 && problem.allows(i, k) && problem.rate_of(i, k) > 0) return true;
    return false;
  };
  // Rows that run nowhere stand apart: nothing is allowed to them, and no logarithm is theirs.
  std::vector<std::size_t>& kept = able;
  kept.clear();
  for (std::size_t i = 0; i < problem.rows(); ++i)
    if (runs(i)) kept.push_back(i);
  Problem& own = able_problem;
  own.capacity = problem.capacity;
  for (auto* list : {&own.rate, &own.gain, &own.size, &own.count}) list->clear();
  own.allowed.clear();
  for (const std::size_t i : kept) {
    for (std::size_t k = 0; k < types; ++k) {
      own.rate.push_back(problem.rate_of(i, k));
      if (!problem.allowed.empty()) own.allowed.push_back(problem.allowed[i * types + k]);
    }
    own.size.push_back(problem.size[i]);
    if (!problem.count.empty()) own.count.push_back(problem.count[i]);
  }
  own.weight.assign(kept.size(), 0.0);
  Solution& found = able_solution;
  by_classes(own, found, [&](const Problem& few, Solution& few_found) { welfare_of(interior, few, few_found); });
  solution = found;
  solution.x.assign(problem.rows() * types, 0.0);
  solution.rate_price.assign(problem.rows(), 0.0);
  solution.theta = 0;
  solution.objective = 0;
  if (found.status != Status::optimal) return;
  // The sum of logarithms is concave: no allocation gains more over x than its rates are worth at 1 / rate each, and
  // they are worth no more than `upper_bound` says.
  own.gain.resize(own.rate.size());
  double jobs = 0;
  for (std::size_t c = 0; c < kept.size(); ++c) {
    const double rate = rate_at(own, found.x, c);
    for (std::size_t k = 0; k < types; ++k) {
      own.gain[c * types + k] = own.rate_of(c, k) / rate;
      solution.x[kept[c] * types + k] = found.x[c * types + k];
    }
    solution.rate_price[kept[c]] = 1 / rate;
    solution.objective += own.count_of(c) * std::log(rate);
    jobs += own.count_of(c);
  }
  solution.bound = kept.empty() ? 0 : solution.objective + upper_bound(own, solution.price, solution.rate_price) - jobs;
  solution.gap = (solution.bound - solution.objective) / std::max(jobs, 1.0);
  if (!(solution.gap <= 1e-6)) solution.status = Status::failed;
}

Solution solve_welfare(const Problem& problem) {
  Rooms rooms;
  Solution solution;
  rooms.welfare(problem, solution);
  return solution;
}

Solution solve(const Problem& problem, TieBreak tie_break) {
  Rooms rooms;
  Solution solution;
  rooms.solve(problem, tie_break, solution);
  return solution;
}

}  // namespace windrow::solve
