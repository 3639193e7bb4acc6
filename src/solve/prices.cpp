// Prices on the capacity rows only (Dantzig and Wolfe 1960): given the price of a GPU of each type, each row of the
// problem decides for itself along the lower hull of (rate, cost), and a master problem with types + 1 rows mixes the
// decisions. O(rows types) a round, 1 round where capacity does not bind, some 30 to 45 otherwise, whatever the size.
#include "solve/prices.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <tuple>

#include "solve/master.hpp"
#include "windrow/solve/problem.hpp"

namespace windrow::solve {
namespace {

constexpr double kTolerance = 1e-10;
constexpr double kProved = 1e-7;
constexpr int kMaxRounds = 2000;
constexpr int kMaxStalled = 100;

/// One row of the problem, its usable types in order of rate.
template <std::size_t K>
struct Row {
  std::array<double, K> rate, gain;
  std::array<unsigned char, K> order;  ///< usable types by ascending rate
  unsigned char usable;
  double weight, floor, size, count;
};

/// The cheapest way to each rate: vertices from (0, 0) on, slopes ascending. Type K is to idle.
template <std::size_t K>
struct Hull {
  int points;
  std::array<double, K + 1> rate, cost;
  std::array<std::size_t, K + 1> type;

  void build(const Row<K>& row, const std::array<double, K>& price) {
    rate[0] = cost[0] = 0;
    type[0] = K;
    points = 1;
    for (unsigned o = 0; o < row.usable; ++o) {
      const auto k = row.order[o];
      const double t = row.rate[k];
      const double c = row.size * price[k];
      auto last = static_cast<std::size_t>(points - 1);
      if (t == rate[last]) {
        if (c >= cost[last]) continue;
        --last;
      }
      while (last > 0 && (cost[last] - cost[last - 1]) * (t - rate[last - 1]) >=
                             (c - cost[last - 1]) * (rate[last] - rate[last - 1]))
        --last;
      ++last;
      rate[last] = t;
      cost[last] = c;
      type[last] = k;
      points = static_cast<int>(last) + 1;
    }
  }
  std::size_t size() const { return static_cast<std::size_t>(points); }
  double slope(std::size_t h) const { return (cost[h + 1] - cost[h]) / (rate[h + 1] - rate[h]); }
};

template <std::size_t K>
class PriceSearch {
 public:
  void run(const Problem& problem, const std::vector<double>* start, Solution& solution) {
    problem_ = &problem;
    start_ = start;
    by_theta_ = problem.theta_gain > 0;
    impossible_ = false;
    cap_ = HUGE_VAL;
    unit_ = 0;
    rows_.resize(problem.rows());
    for (std::size_t i = 0; i < rows_.size(); ++i) read(i);
    hulls_.resize(by_theta_ ? rows_.size() : 0);
    solution.status = Status::failed;
    solution.method = Method::prices;
    solution.fell_back = false;
    solution.rounds = 0;
    if (!impossible_) search(solution);
  }

 private:
  void search(Solution& solution) {
    Master<K>& master = master_;
    master.begin(problem_->capacity);
    if (start_ != nullptr) {
      Column<K> first{};
      first.theta = theta_of(*problem_, *start_);
      first.value = objective_of(*problem_, *start_, first.theta);
      for (std::size_t i = 0; i < rows_.size(); ++i)
        for (std::size_t k = 0; k < K; ++k) first.used[k] += rows_[i].count * rows_[i].size * (*start_)[i * K + k];
      master.add(first);
    } else {
      master.add(Column<K>{});
    }
    double best_bound = HUGE_VAL;
    std::array<double, K> best_price{};
    double best_theta = 0;
    int stalled = 0;  // rounds in a row in which neither bound moved: the master is degenerate there
    for (int round = 0; round < kMaxRounds; ++round) {
      if (!master.solve()) return;
      std::array<double, K> price = master.price();
      // The master's own prices swing; half way to the best so far they settle. Stalled, only the master's can help.
      if (round >= 2 && stalled == 0)
        for (std::size_t k = 0; k < K; ++k) price[k] = 0.5 * (price[k] + best_price[k]);
      Column<K> column = by_theta_ ? answer_theta(price) : answer_sum(price);
      double bound = column.value - column.cost;
      for (std::size_t k = 0; k < K; ++k) bound += price[k] * problem_->capacity[k];
      solution.rounds = round + 1;
      const double before = master.value();
      const bool better = bound < best_bound;
      if (better) {
        best_bound = bound;
        best_price = price;
        best_theta = column.theta;
      }
      master.add(column);
      if (!master.solve()) return;
      if (best_bound - master.value() <= kTolerance * std::abs(best_bound)) {
        mix(master, solution);
        solution.price.assign(best_price.begin(), best_price.end());
        if (by_theta_)
          rate_prices(best_price, best_theta, solution.rate_price);
        else
          floor_prices(best_price, solution.rate_price);
        finish(*problem_, solution);
        // A start that is not quite feasible is found out here. What floors leave of theta may be next to nothing.
        if (std::abs(solution.bound - solution.objective) <= kProved * std::max(std::abs(solution.bound), unit_))
          solution.status = Status::optimal;
        return;
      }
      const bool nothing = !better && master.value() <= before;
      if (stalled >= kMaxStalled) return;
      stalled = nothing ? stalled + 1 : 0;
    }
  }

  void read(std::size_t i) {
    Row<K>& row = rows_[i];
    row.weight = problem_->weight[i];
    row.floor = problem_->floor_of(i);
    row.size = problem_->size[i];
    row.count = problem_->count_of(i);
    row.usable = 0;
    for (std::size_t k = 0; k < K; ++k) {
      row.rate[k] = problem_->rate_of(i, k);
      row.gain[k] = problem_->gain_of(i, k);
      const bool useful = by_theta_ ? row.rate[k] > 0 : row.rate[k] > 0 || row.gain[k] > 0;
      if (!problem_->allows(i, k) || !useful) continue;
      unsigned at = row.usable++;
      for (; at > 0 && row.rate[row.order[at - 1]] > row.rate[k]; --at) row.order[at] = row.order[at - 1];
      row.order[at] = static_cast<unsigned char>(k);
    }
    if (!problem_->demands(i)) return;
    const double most = row.usable == 0 ? 0.0 : row.rate[row.order[row.usable - 1U]];
    if (row.floor > 0 && start_ == nullptr) impossible_ = true;
    if (row.floor > most) impossible_ = true;
    if (!by_theta_ || row.weight <= 0) return;
    cap_ = std::min(cap_, (most - row.floor) / row.weight);
    unit_ = unit_ > 0 ? std::min(unit_, problem_->theta_gain * most / row.weight)
                      : problem_->theta_gain * most / row.weight;
  }

  /// The theta at which the gain of more no longer pays for what it costs, and what all rows then use.
  Column<K> answer_theta(const std::array<double, K>& price) {
    double left = problem_->theta_gain;
    kinks_.clear();
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      const Row<K>& row = rows_[i];
      if (row.weight <= 0 && row.floor <= 0) continue;
      Hull<K>& hull = hulls_[i];
      hull.build(row, price);
      if (row.weight <= 0) continue;
      double before = 0;
      for (std::size_t h = 0; h + 1 < hull.size(); ++h) {
        const double slope = hull.slope(h);
        const double theta = (hull.rate[h] - row.floor) / row.weight;
        const double more = row.count * row.weight * (slope - before);
        before = slope;
        if (theta <= 0)
          left -= more;
        else if (theta < cap_)
          kinks_.push_back({theta, more});
      }
    }
    Column<K> column{};
    column.theta = left < 0 ? 0.0 : select(left);
    column.price = price;
    column.value = problem_->theta_gain * column.theta;
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      std::array<double, K> x{};
      decide_theta(i, hulls_[i], column.theta, x);
      for (std::size_t k = 0; k < K; ++k) {
        const double gpus = rows_[i].count * rows_[i].size * x[k];
        column.used[k] += gpus;
        column.cost += gpus * price[k];
      }
    }
    return column;
  }

  void decide_theta(std::size_t i, const Hull<K>& hull, double theta, std::array<double, K>& x) const {
    const Row<K>& row = rows_[i];
    if (row.weight <= 0 && row.floor <= 0) return;
    const double wanted = row.weight * theta + row.floor;
    if (wanted <= 0) return;
    std::size_t h = 0;
    while (h + 2 < hull.size() && hull.rate[h + 1] < wanted) ++h;
    const double share = std::min(1.0, (wanted - hull.rate[h]) / (hull.rate[h + 1] - hull.rate[h]));
    x[hull.type[h + 1]] += share;
    if (h > 0) x[hull.type[h]] += 1 - share;
  }

  struct Kink {
    double theta, more;
  };
  /// The first kink at which the slopes up to it sum to more than `left`; the cap if none. Weighted selection,
  /// O(kinks).
  double select(double left) {
    const auto before = [](const Kink& a, const Kink& b) {
      return a.theta < b.theta || (a.theta == b.theta && a.more > b.more);
    };
    auto low = kinks_.begin();
    auto high = kinks_.end();
    while (high - low > 1) {
      const auto middle = low + (high - low) / 2;
      std::nth_element(low, middle, high, before);
      double sum = 0;
      for (auto it = low; it != middle; ++it) sum += it->more;
      if (sum > left) {
        high = middle;
      } else {
        left -= sum;
        low = middle;
      }
    }
    return low != high && low->more > left ? low->theta : cap_;
  }

  /// Each row takes what is worth most at these prices, its floor met.
  Column<K> answer_sum(const std::array<double, K>& price) const {
    Column<K> column{};
    column.price = price;
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      std::array<double, K> x{};
      decide_sum(rows_[i], price, x);
      for (std::size_t k = 0; k < K; ++k) {
        const double gpus = rows_[i].count * rows_[i].size * x[k];
        column.used[k] += gpus;
        column.cost += gpus * price[k];
        column.value += rows_[i].count * rows_[i].gain[k] * x[k];
      }
    }
    return column;
  }

  static void decide_sum(const Row<K>& row, const std::array<double, K>& price, std::array<double, K>& x) {
    std::array<double, K> worth;
    for (std::size_t k = 0; k < K; ++k) worth[k] = row.gain[k] - row.size * price[k];
    double best = row.floor > 0 ? -HUGE_VAL : 0.0;
    const auto offer = [&](double value, std::size_t k, double share, std::size_t other) {
      if (!(value > best)) return;
      best = value;
      x.fill(0);
      x[other] = 1 - share;
      if (other == k) x[k] = 0;
      x[k] += share;
    };
    for (unsigned o = row.usable; o-- > 0;) {
      const std::size_t k = row.order[o];
      if (row.rate[k] < row.floor) break;
      offer(worth[k], k, 1, k);
      if (row.floor <= 0) continue;
      offer(worth[k] * row.floor / row.rate[k], k, row.floor / row.rate[k], k);
      for (unsigned slower = 0; slower < o; ++slower) {  // both, just fast enough together
        const std::size_t l = row.order[slower];
        if (row.rate[l] >= row.floor) break;
        const double share = (row.floor - row.rate[l]) / (row.rate[k] - row.rate[l]);
        offer(share * worth[k] + (1 - share) * worth[l], k, share, l);
      }
    }
  }

  void mix(const Master<K>& master, Solution& solution) {
    solution.x.assign(rows_.size() * K, 0.0);
    for (const auto& [column, part] : master.mixture()) {
      if (start_ != nullptr && column == 0) {
        for (std::size_t j = 0; j < solution.x.size(); ++j) solution.x[j] += part * (*start_)[j];
        continue;
      }
      const Column<K>& chosen = master.column(column);
      Hull<K> hull;
      for (std::size_t i = 0; i < rows_.size(); ++i) {
        std::array<double, K> x{};
        if (by_theta_) {
          if (column == 0) break;  // the idle start
          hull.build(rows_[i], chosen.price);
          decide_theta(i, hull, chosen.theta, x);
        } else {
          if (column == 0) break;
          decide_sum(rows_[i], chosen.price, x);
        }
        for (std::size_t k = 0; k < K; ++k) solution.x[i * K + k] += part * x[k];
      }
    }
  }

  /// What one more unit of rate costs each row: the slope of its hull; rows with a kink at theta share what is left.
  void rate_prices(const std::array<double, K>& price, double theta, std::vector<double>& low) {
    low.assign(rows_.size(), 0.0);
    std::vector<double>& high = high_;
    high.assign(rows_.size(), 0.0);
    double left = problem_->theta_gain;
    double span = 0;
    double at_cap = 0;
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      const Row<K>& row = rows_[i];
      if (row.weight <= 0 && row.floor <= 0) continue;
      Hull<K> hull;
      hull.build(row, price);
      const double wanted = row.weight * theta + row.floor;
      const double near = 1e-12 * hull.rate[hull.size() - 1];
      for (std::size_t h = 0; h + 1 < hull.size(); ++h) {
        if (hull.rate[h] < wanted - near) low[i] = hull.slope(h);
        if (hull.rate[h] <= wanted + near) high[i] = hull.slope(h);
      }
      if (wanted >= hull.rate[hull.size() - 1] - near) {
        high[i] = HUGE_VAL;
        at_cap += row.count * row.weight;
      }
      left -= row.count * row.weight * low[i];
      if (high[i] < HUGE_VAL) span += row.count * row.weight * (high[i] - low[i]);
    }
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      if (high[i] == HUGE_VAL) {
        if (rows_[i].weight > 0) low[i] += std::max(0.0, left) / at_cap;
      } else if (at_cap <= 0 && span > 0) {
        low[i] += std::clamp(left / span, 0.0, 1.0) * (high[i] - low[i]);
      }
    }
  }

  /// Price of the rate where a floor binds: the smallest at which a mixture that meets it is worth the most.
  void floor_prices(const std::array<double, K>& price, std::vector<double>& result) const {
    result.assign(rows_.size(), 0.0);
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      const Row<K>& row = rows_[i];
      if (row.floor <= 0) continue;
      std::array<double, K> x{};
      decide_sum(row, price, x);
      double rate = 0;
      for (std::size_t k = 0; k < K; ++k) rate += row.rate[k] * x[k];
      if (rate > row.floor * (1 + 1e-12)) continue;
      // The multiplier of the row's own small problem: its dual is max(0, max_k worth_k + z rate_k) - z floor, convex
      // and piecewise linear in z, so its least value is at a crossing of two lines.
      std::array<double, K + 1> level{};
      std::array<double, K + 1> slope{};
      unsigned lines = 1;  // idle
      for (unsigned o = 0; o < row.usable; ++o, ++lines) {
        slope[lines] = row.rate[row.order[o]];
        level[lines] = row.gain[row.order[o]] - row.size * price[row.order[o]];
      }
      const auto dual = [&](double z) {
        double most = 0;
        for (unsigned l = 1; l < lines; ++l) most = std::max(most, level[l] + z * slope[l]);
        return most - z * row.floor;
      };
      double best = dual(0);
      for (unsigned a = 0; a < lines; ++a) {
        for (unsigned b = a + 1; b < lines; ++b) {
          if (slope[a] == slope[b]) continue;
          const double z = (level[a] - level[b]) / (slope[b] - slope[a]);
          if (z <= 0 || dual(z) >= best) continue;
          best = dual(z);
          result[i] = z;
        }
      }
    }
  }

  const Problem* problem_ = nullptr;
  const std::vector<double>* start_ = nullptr;
  bool by_theta_ = false;
  bool impossible_ = false;
  double cap_ = HUGE_VAL;  ///< no theta above: some row would need more than its fastest type
  double unit_ = 0;        ///< what theta could be without floors, at the most
  std::vector<Row<K>> rows_;
  std::vector<Hull<K>> hulls_;
  std::vector<Kink> kinks_;
  std::vector<double> high_;
  Master<K> master_;
};

/// Row by row as above, without a search.
double cost_of_rate(const Problem& problem, std::size_t i, const std::vector<double>& price, double wanted,
                    double& slope) {
  // The cheapest mixture that reaches a rate mixes at most two ways of running; to idle is one of them.
  struct Way {
    double rate, cost;
  };
  std::array<Way, 65> ways;
  std::size_t count = 1;
  ways[0] = {0, 0};
  double most = 0;
  for (std::size_t k = 0; k < problem.types() && count < ways.size(); ++k) {
    if (!problem.allows(i, k) || problem.rate_of(i, k) <= 0) continue;
    ways[count++] = {problem.rate_of(i, k), problem.size[i] * price[k]};
    most = std::max(most, problem.rate_of(i, k));
  }
  wanted = std::min(wanted, most);
  slope = 0;
  if (wanted <= 0) return 0;
  double best = HUGE_VAL;
  for (std::size_t a = 0; a < count; ++a) {
    for (std::size_t b = 0; b < count; ++b) {
      if (ways[a].rate >= wanted || ways[b].rate < wanted) continue;
      const double rise = (ways[b].cost - ways[a].cost) / (ways[b].rate - ways[a].rate);
      const double cost = ways[a].cost + rise * (wanted - ways[a].rate);
      // At a kink several chords meet: the steepest is the hull's own.
      const double rounding = 1e-13 * std::abs(cost);
      if (cost < best - rounding || (cost <= best + rounding && rise > slope)) {
        best = std::min(best, cost);
        slope = std::max(0.0, rise);
      }
    }
  }
  return best;
}

}  // namespace

struct PriceSolver::Rooms {
  std::tuple<PriceSearch<1>, PriceSearch<2>, PriceSearch<3>, PriceSearch<4>, PriceSearch<5>, PriceSearch<6>,
             PriceSearch<7>, PriceSearch<8>>
      by_types;

  template <std::size_t K>
  void dispatch(const Problem& problem, const std::vector<double>* start, Solution& solution) {
    if (problem.types() == K)
      std::get<K - 1>(by_types).run(problem, start, solution);
    else if constexpr (K < 8)
      dispatch<K + 1>(problem, start, solution);
    else
      solution = {};
  }
};

PriceSolver::PriceSolver() : rooms_(std::make_unique<Rooms>()) {}
PriceSolver::~PriceSolver() = default;
PriceSolver::PriceSolver(PriceSolver&&) noexcept = default;
PriceSolver& PriceSolver::operator=(PriceSolver&&) noexcept = default;

void PriceSolver::solve(const Problem& problem, const std::vector<double>* start, Solution& solution) {
  const bool both = problem.theta_gain > 0 && !problem.gain.empty();
  const bool neither = problem.theta_gain <= 0 && problem.gain.empty();
  const bool empty =
      std::any_of(problem.capacity.begin(), problem.capacity.end(), [](double gpus) { return gpus <= 0; });
  if (both || neither || empty || problem.types() == 0 || problem.rows() == 0)
    solution = {};
  else
    rooms_->dispatch<1>(problem, start, solution);
}

Solution solve_prices(const Problem& problem, const std::vector<double>* start) {
  PriceSolver solver;
  Solution solution;
  solver.solve(problem, start, solution);
  return solution;
}

double least_cost(const Problem& problem, const std::vector<double>& price, const std::vector<double>& wanted,
                  std::vector<double>* slope) {
  double total = 0;
  if (slope != nullptr) slope->assign(problem.rows(), 0.0);
  for (std::size_t i = 0; i < problem.rows(); ++i) {
    double own = 0;
    total += problem.count_of(i) * cost_of_rate(problem, i, price, wanted[i], own);
    if (slope != nullptr) (*slope)[i] = problem.count_of(i) * own;
  }
  return total;
}

}  // namespace windrow::solve
