// The one linear problem behind the allocation policies of training clusters, and how an answer to it is judged. Plain
// numbers in, plain numbers out: no jobs, no clusters, no configuration.
#pragma once

#include <cstddef>
#include <vector>

namespace windrow::solve {

/// How one of many optimal allocations is chosen.
enum class TieBreak {
  central,        ///< the analytic centre of the optimal face: what interior-point codes tend to
  lexicographic,  ///< the levels of water filling, then the least GPU time, then the smallest x in order of (row, type)
  vertex,         ///< a vertex, as the simplex method finds it; with pairs, of max-min problems, one that gives most
  ecos,           ///< where ECOS, the published simulator's solver, stops; with pairs: central
};

/// maximise    theta_gain * theta + sum_ik count_i gain_ik x_ik
/// subject to  sum_k rate_ik x_ik >= weight_i theta + floor_i     for each row i with weight_i > 0 or floor_i > 0
///             sum_k x_ik <= 1                                    for each row i
///             sum_i count_i size_i x_ik <= capacity_k            for each type k
///             x >= 0, and x_ik = 0 where allowed_ik is 0.
/// A row is `count` jobs that are alike and share alike. Matrices are [rows x types], row by row.
struct Problem {
  std::vector<double> capacity;  ///< [types] GPUs
  double theta_gain = 0;         ///< 1 for max-min problems, 0 where only the sum counts
  std::vector<double> rate;      ///< [rows x types], >= 0
  std::vector<double> gain;      ///< [rows x types], or empty for none
  std::vector<double> weight;    ///< [rows], >= 0
  std::vector<double> floor;     ///< [rows], or empty for none
  std::vector<double> size;      ///< [rows] GPUs at a time, > 0
  std::vector<double> count;     ///< [rows], or empty: 1 each
  std::vector<char> allowed;     ///< [rows x types], or empty: all

  std::size_t types() const { return capacity.size(); }
  std::size_t rows() const { return size.size(); }
  double floor_of(std::size_t i) const { return floor.empty() ? 0.0 : floor[i]; }
  double count_of(std::size_t i) const { return count.empty() ? 1.0 : count[i]; }
  double gain_of(std::size_t i, std::size_t k) const { return gain.empty() ? 0.0 : gain[i * types() + k]; }
  double rate_of(std::size_t i, std::size_t k) const { return rate[i * types() + k]; }
  bool allows(std::size_t i, std::size_t k) const { return allowed.empty() || allowed[i * types() + k] != 0; }
  /// Whether row i has a constraint on its rate.
  bool demands(std::size_t i) const { return weight[i] > 0 || floor_of(i) > 0; }
};

enum class Status { optimal, infeasible, failed };
enum class Method { none, prices, interior, simplex, embedding };

/// An allocation with its proof: `bound` follows from the prices alone (`upper_bound`), so `gap` needs no trust.
struct Solution {
  Status status = Status::failed;
  Method method = Method::none;
  bool fell_back = false;          ///< the method meant for this problem gave up, the simplex method answered
  std::vector<double> x;           ///< [rows x types] share of time, feasible to rounding
  double theta = 0;                ///< of x, where the problem has one
  double objective = 0;            ///< of x
  double bound = 0;                ///< no allocation is better than this
  double gap = 0;                  ///< (bound - objective) / |bound|
  int rounds = 0;                  ///< columns, Newton steps or pivots: what the method counts
  std::vector<double> price;       ///< [types] of one GPU
  std::vector<double> rate_price;  ///< [rows] of one unit of rate
};

/// What a solver has been asked so far.
struct Asked {
  long problems = 0;
  long remembered = 0;  ///< answered from memory
  long fallbacks = 0;   ///< answered by the simplex method, as the intended one gave up
  long failures = 0;    ///< not answered: status failed, nobody gets anything
};

/// Throws InvariantError where the shapes do not fit or a number is not finite.
void check(const Problem& problem);

/// What row i gets: sum_k rate_ik x_ik.
double rate_at(const Problem& problem, const std::vector<double>& x, std::size_t i);

/// The largest theta for which `x` meets all rows with a weight; 0 where there is none.
double theta_of(const Problem& problem, const std::vector<double>& x);
double objective_of(const Problem& problem, const std::vector<double>& x, double theta);

/// The largest violation of a constraint by (x, theta), in the units of its row divided by the row's scale.
double violation(const Problem& problem, const std::vector<double>& x, double theta);

/// An upper bound of the objective by weak duality from any prices >= 0. They are scaled first, so that
/// sum_i count_i weight_i rate_price_i = theta_gain; infinite where that cannot be.
double upper_bound(const Problem& problem, const std::vector<double>& price, const std::vector<double>& rate_price);

/// Sets theta, objective, bound and gap from x and the prices.
void judge(const Problem& problem, Solution& solution);

/// Clips x to 0..1, scales rows and types that are over their limit by rounding, then judges.
void finish(const Problem& problem, Solution& solution);

/// The optimum by prices alone, exact to 1e-10 (Dantzig and Wolfe's decomposition, types + 1 master rows): a vertex of
/// few mixtures, no particular one. `start`: a feasible x, needed where floors exclude x = 0. Status failed for more
/// than 8 types, for problems that have both a theta and gains, and where it does not converge.
Solution solve_prices(const Problem& problem, const std::vector<double>* start = nullptr);

/// What it costs all rows at these prices to reach `wanted` rates, each by its cheapest mixture of types: convex and
/// piecewise linear in each rate. `slope`, if given, is set to the cost of one more unit of each. Rates above the
/// fastest type's are taken as that.
double least_cost(const Problem& problem, const std::vector<double>& price, const std::vector<double>& wanted,
                  std::vector<double>* slope = nullptr);

/// The analytic centre of the optimal face by a primal-dual interior point method, O(rows types^3) a step, held at a
/// relative gap of `target_gap`. Status failed where it does not get there: no interior, infeasible, over 8 types.
Solution solve_interior(const Problem& problem, double target_gap = 1e-9);

/// The analytic centre of all that the constraints allow, floors included, pulled towards the gains, if there are any:
/// where the sum of the logarithms of all slacks and of gain x is largest. Weights are not looked at. Status failed
/// where nothing is strictly inside.
Solution solve_centre(const Problem& problem);

/// maximise sum_i count_i log rate_i(x), by the same method. objective: of x; bound: it plus what any allocation could
/// add at the gradient, by `upper_bound`. Rows that have no rate are left out and get nothing.
Solution solve_welfare(const Problem& problem);

/// The point at which ECOS stops, followed step by step: what an optimum is not unique in depends on its path. Rows
/// with a weight are put as rate / weight >= theta + floor / weight. Feasible to that solver's 1e-8, and optimal to as
/// much; an objective is not needed. Status failed where it does not converge, has a part of a row forbidden, or over 8
/// types.
Solution solve_ecos(const Problem& problem);

/// A vertex by the dual simplex method of the general solver. Finds infeasible problems so.
Solution solve_simplex(const Problem& problem);

/// Any optimum, the fastest way: rows that are alike are solved as one; prices, then simplex if they fail.
Solution solve_any(const Problem& problem);

/// The optimum that `tie_break` singles out, rows that are alike solved as one, the simplex method where the intended
/// one fails. Independent of the order of rows but for rounding; equal input gives equal bits.
Solution solve(const Problem& problem, TieBreak tie_break);

}  // namespace windrow::solve
