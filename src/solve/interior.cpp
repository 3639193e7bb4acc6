// A primal-dual interior point method (Mehrotra 1992) that eliminates each row's own block in closed form, so that one
// step costs O(rows types^3) and leaves a dense system in the price changes and theta. Every term of the inverse's
// diagonal is positive: nothing cancels, and gaps of 1e-10 are reached where updating formulas lose all digits near
// 1e-6.
//
// For one row, with x its shares, u and v the slacks of its time and rate, z their duals, D_k = x_k / zx_k, U = zu /
// su, V = zv / sv, the block is  B = diag(1 / D) + U 11' + V tt'.  Stationarity: a + zv t - zu + zx = size * price.
#include <algorithm>
#include <array>
#include <cmath>

#include "windrow/solve/problem.hpp"

namespace windrow::solve {
namespace {

constexpr int kMaxSteps = 80;
constexpr int kCentringSteps = 8;  // at most: Newton's method is quadratic there
constexpr double kCentred = 1e-7;  // largest relative distance of a product from its target
constexpr double kToBoundary = 0.9995;

template <std::size_t K>
using Vector = std::array<double, K>;

template <std::size_t K>
struct Block {
  // The problem, scaled: the fastest type has rate 1.
  Vector<K> t{}, a{};
  std::array<bool, K> open{};
  double w = 0, b = 0, m = 1, s = 1, scale = 1;
  bool demands = false;
  // The iterate.
  Vector<K> x{}, zx{};
  double su = 1, zu = 1, sv = 1, zv = 0;
  // The factors of B: its inverse, B^-1 V t, B^-1 U 1, V - V t'B^-1 V t, U - U 1'B^-1 U 1, U 1'B^-1 V t.
  std::array<Vector<K>, K> inverse{};
  Vector<K> vt{}, u1{};
  double kv = 0, ku = 0, kuv = 0;
  // Residuals and the direction.
  Vector<K> rx{}, dx{}, dzx{};
  double ru = 0, rv = 0, dsu = 0, dzu = 0, dsv = 0, dzv = 0;

  void factor() {
    Vector<K> d{};
    for (std::size_t k = 0; k < K; ++k) d[k] = open[k] ? x[k] / zx[k] : 0;
    const double uu = zu / su;
    const double vv = demands ? zv / sv : 0;
    double d1 = 0, dt = 0, dtt = 0, cross = 0;
    for (std::size_t k = 0; k < K; ++k) {
      d1 += d[k];
      dt += d[k] * t[k];
      dtt += d[k] * t[k] * t[k];
      for (std::size_t l = k + 1; l < K; ++l) cross += d[k] * d[l] * (t[k] - t[l]) * (t[k] - t[l]);
    }
    const double det = 1 + uu * d1 + vv * dtt + uu * vv * cross;
    for (std::size_t k = 0; k < K; ++k) {
      double ones = 0, squares = 0, others = 0, toward_t = 0, toward_1 = 0;
      for (std::size_t l = 0; l < K; ++l) {
        toward_t += d[l] * (t[k] - t[l]);
        toward_1 += d[l] * t[l] * (t[l] - t[k]);
        if (l == k) continue;
        ones += d[l];
        squares += d[l] * t[l] * t[l];
        double off = 0;
        for (std::size_t m2 = 0; m2 < K; ++m2) {
          if (m2 == k || m2 == l) continue;
          off += d[m2] * (t[k] - t[m2]) * (t[l] - t[m2]);
          if (m2 > l) others += d[l] * d[m2] * (t[l] - t[m2]) * (t[l] - t[m2]);
        }
        inverse[k][l] = -d[k] * d[l] * (uu + vv * t[k] * t[l] + uu * vv * off) / det;
      }
      inverse[k][k] = d[k] * (1 + uu * ones + vv * squares + uu * vv * others) / det;
      vt[k] = vv * d[k] * (t[k] + uu * toward_t) / det;
      u1[k] = uu * d[k] * (1 + vv * toward_1) / det;
    }
    kv = vv * (1 + uu * d1) / det;
    ku = uu * (1 + vv * dtt) / det;
    kuv = uu * vv * dt / det;
  }
};

double step_to_zero(double value, double change, double limit) {
  return change < 0 ? std::min(limit, -value / change) : limit;
}

template <std::size_t K>
class Interior {
 public:
  Interior(const Problem& problem, double target_gap) : problem_(problem), target_gap_(target_gap) {}

  Solution run() {
    Solution solution;
    solution.method = Method::interior;
    if (!scale()) return solution;
    begin();
    int left = -1;  // centring steps still to do, once the gap is reached
    for (int step = 0; step < kMaxSteps; ++step) {
      residuals();
      if (!std::isfinite(gap_) || (best_gap_ < 1e-6 && gap_ > 1000 * std::max(best_gap_, target_gap_))) return solution;
      best_gap_ = std::min(best_gap_, gap_);
      if (left < 0 && gap_ <= 2 * target_gap_ && primal_residual_ < 1e-8 && dual_residual_ < 1e-8)
        left = kCentringSteps;
      solution.rounds = step;
      if (left > 0 && left < kCentringSteps && off_centre() < kCentred) left = 0;
      if (left == 0 && primal_residual_ > 1e-8) left = 1;  // a row that floors leave no room for has drifted: once more
      if (left == 0) {
        read(solution);
        finish(problem_, solution);
        // A bound that does not meet x is no proof: the caller then asks the simplex method.
        if (std::abs(solution.gap) <= std::max(1e-7, 100 * target_gap_) &&
            violation(problem_, solution.x, solution.theta) <= 1e-8)
          solution.status = Status::optimal;
        return solution;
      }
      for (auto& row : rows_) row.factor();
      assemble();
      if (left > 0) {
        --left;
        direction(held_mu(), false);
        move(kToBoundary);
        continue;
      }
      direction(0, false);
      const auto [primal, dual] = lengths(1.0);
      const double affine = mean_product(primal, dual);
      const double sigma = std::pow(affine / mu_, 3);
      direction(std::max(sigma * mu_, held_mu()), true);
      move(kToBoundary);
    }
    return solution;
  }

 private:
  /// False where there is no interior, or nothing to optimise.
  bool scale() {
    const std::size_t n = problem_.rows();
    rows_.resize(n);
    double theta_unit = HUGE_VAL;
    double gain_unit = 0;
    for (std::size_t i = 0; i < n; ++i) {
      Block<K>& row = rows_[i];
      row.demands = problem_.demands(i);
      row.m = problem_.count_of(i);
      row.s = problem_.size[i];
      double most = 0;
      for (std::size_t k = 0; k < K; ++k) {
        row.open[k] = problem_.allows(i, k);
        row.t[k] = row.open[k] ? problem_.rate_of(i, k) : 0;
        row.a[k] = row.open[k] ? problem_.gain_of(i, k) : 0;
        most = std::max(most, row.t[k]);
        gain_unit = std::max(gain_unit, std::abs(row.a[k]));
      }
      if (!row.demands) {
        row.t.fill(0);
        continue;
      }
      if (most <= 0) return false;
      row.scale = most;
      for (double& t : row.t) t /= most;
      row.w = problem_.weight[i] / most;
      row.b = problem_.floor_of(i) / most;
      if (row.w > 0) theta_unit = std::min(theta_unit, 1 / row.w);
    }
    has_theta_ = theta_unit < HUGE_VAL;
    if (problem_.theta_gain > 0 && !has_theta_) return false;
    if (problem_.theta_gain <= 0 && has_theta_) return false;  // theta would run away
    theta_unit_ = has_theta_ ? theta_unit : 1;
    double weights = 0;
    for (auto& row : rows_) {
      row.w *= theta_unit_;
      weights += row.m * row.w;
    }
    if (has_theta_)
      value_unit_ = problem_.theta_gain * theta_unit_ / weights;  // then the duals of rates are 1 on average
    else if (gain_unit > 0)
      value_unit_ = gain_unit;
    else
      return false;
    gain_ = has_theta_ ? weights : 0;
    for (auto& row : rows_)
      for (double& a : row.a) a /= value_unit_;
    return true;
  }

  void begin() {
    Vector<K> used{};
    double size = 0;
    for (const auto& row : rows_) size += row.m * row.s;
    for (auto& row : rows_) {
      double time = 0;
      double rate = 0;
      for (std::size_t k = 0; k < K; ++k) {
        row.x[k] =
            row.open[k] ? std::max(1e-4, std::min(0.5 / static_cast<double>(K), problem_.capacity[k] / (2 * size))) : 0;
        row.zx[k] = row.open[k] ? 1 : 0;
        used[k] += row.m * row.s * row.x[k];
        time += row.x[k];
        rate += row.t[k] * row.x[k];
      }
      row.su = std::max(0.1, 1 - time);
      row.zu = 1;
      if (row.demands) row.sv = std::max(0.1, rate - row.b), row.zv = 1;
    }
    for (std::size_t k = 0; k < K; ++k) {
      slack_[k] = std::max(0.1 * problem_.capacity[k], problem_.capacity[k] - used[k]);
      price_[k] = 1;
    }
    products_ = static_cast<double>(K);
    for (const auto& row : rows_) {
      products_ += row.m * (1 + (row.demands ? 1 : 0));
      for (std::size_t k = 0; k < K; ++k) products_ += row.open[k] ? row.m : 0;
    }
  }

  void residuals() {
    Vector<K> used{};
    double primal = gain_ * theta_;
    double dual = 0;
    double weights = 0;
    double products = 0;
    primal_residual_ = dual_residual_ = 0;
    for (auto& row : rows_) {
      double time = 0;
      double rate = 0;
      for (std::size_t k = 0; k < K; ++k) {
        if (!row.open[k]) continue;
        time += row.x[k];
        rate += row.t[k] * row.x[k];
        used[k] += row.m * row.s * row.x[k];
        primal += row.m * row.a[k] * row.x[k];
        products += row.m * row.x[k] * row.zx[k];
        row.rx[k] = -(row.a[k] + row.zv * row.t[k] - row.zu + row.zx[k] - row.s * price_[k]);
        dual_residual_ = std::max(dual_residual_, std::abs(row.rx[k]));
      }
      row.ru = 1 - (time + row.su);
      primal_residual_ = std::max(primal_residual_, std::abs(row.ru));
      products += row.m * row.su * row.zu;
      dual += row.m * row.zu;
      if (!row.demands) continue;
      row.rv = row.b - (rate - row.w * theta_ - row.sv);
      primal_residual_ = std::max(primal_residual_, std::abs(row.rv));
      products += row.m * row.sv * row.zv;
      dual -= row.m * row.b * row.zv;
      weights += row.m * row.w * row.zv;
    }
    for (std::size_t k = 0; k < K; ++k) {
      rc_[k] = problem_.capacity[k] - (used[k] + slack_[k]);
      primal_residual_ = std::max(primal_residual_, std::abs(rc_[k]) / problem_.capacity[k]);
      products += slack_[k] * price_[k];
      dual += problem_.capacity[k] * price_[k];
    }
    rtheta_ = has_theta_ ? weights - gain_ : 0;
    dual_residual_ = std::max(dual_residual_, std::abs(rtheta_) / std::max(1.0, gain_));
    mu_ = products / products_;
    value_ = std::max(std::abs(primal), std::abs(dual));
    gap_ = std::max(std::abs(dual - primal), products) / std::max(value_, 1e-12);
  }

  /// The barrier's weight at which the relative gap is the target.
  double held_mu() const { return target_gap_ * std::max(value_, 1e-12) / products_; }

  double off_centre() const {
    const double mu = held_mu();
    double worst = 0;
    const auto look = [&](double slack, double dual) { worst = std::max(worst, std::abs(slack * dual / mu - 1)); };
    for (std::size_t k = 0; k < K; ++k) look(slack_[k], price_[k]);
    for (const auto& row : rows_) {
      look(row.su, row.zu);
      if (row.demands) look(row.sv, row.zv);
      for (std::size_t k = 0; k < K; ++k)
        if (row.open[k]) look(row.x[k], row.zx[k]);
    }
    return worst;
  }

  void assemble() {
    for (auto& line : system_) line.fill(0);
    for (const auto& row : rows_) {
      const double ms = row.m * row.s;
      for (std::size_t k = 0; k < K; ++k) {
        for (std::size_t l = 0; l < K; ++l) system_[k][l] += ms * row.s * row.inverse[k][l];
        system_[k][K] -= ms * row.w * row.vt[k];
        system_[K][k] += ms * row.w * row.vt[k];
      }
      system_[K][K] += row.m * row.w * row.w * row.kv;
    }
    for (std::size_t k = 0; k < K; ++k) system_[k][k] += slack_[k] / price_[k];
    if (!has_theta_) system_[K][K] = 1;
  }

  /// The Newton direction to products of `mu`; with `second`, corrected by the direction that is there now.
  void direction(double mu, bool second) {
    std::array<double, K + 1> right{};
    Vector<K> cc{};
    for (std::size_t k = 0; k < K; ++k) {
      cc[k] = mu - slack_[k] * price_[k] - (second ? dslack_[k] * dprice_[k] : 0);
      right[k] = -rc_[k] + cc[k] / price_[k];
    }
    right[K] = has_theta_ ? -rtheta_ : 0;
    for (auto& row : rows_) {
      Vector<K> h;
      double alpha, beta;
      targets(row, mu, second, h, alpha, beta);
      double pull = alpha * row.kv + beta * row.kuv;
      for (std::size_t k = 0; k < K; ++k) {
        double y = alpha * row.vt[k] - beta * row.u1[k];
        for (std::size_t l = 0; l < K; ++l) y += row.inverse[k][l] * h[l];
        right[k] += row.m * row.s * y;
        pull -= row.vt[k] * h[k];
      }
      right[K] -= row.m * row.w * pull;
    }
    std::array<double, K + 1> solved;
    eliminate(right, solved);
    const double dtheta = has_theta_ ? solved[K] : 0;
    for (auto& row : rows_) {
      Vector<K> h;
      double alpha, beta;
      targets(row, mu, second, h, alpha, beta);
      const double cu = mu - row.su * row.zu - (second ? row.dsu * row.dzu : 0);
      const double cv = mu - row.sv * row.zv - (second ? row.dsv * row.dzv : 0);
      Vector<K> cx;
      for (std::size_t k = 0; k < K; ++k) cx[k] = mu - row.x[k] * row.zx[k] - (second ? row.dx[k] * row.dzx[k] : 0);
      alpha += row.w * dtheta;
      double time = 0;
      double rate = 0;
      row.dzv = alpha * row.kv + beta * row.kuv;
      row.dzu = alpha * row.kuv + beta * row.ku;
      for (std::size_t k = 0; k < K; ++k) {
        h[k] -= row.s * solved[k];
        row.dzv -= row.vt[k] * h[k];
        row.dzu += row.u1[k] * h[k];
      }
      for (std::size_t k = 0; k < K; ++k) {
        row.dx[k] = alpha * row.vt[k] - beta * row.u1[k];
        for (std::size_t l = 0; l < K; ++l) row.dx[k] += row.inverse[k][l] * h[l];
        time += row.dx[k];
        rate += row.t[k] * row.dx[k];
        if (!row.open[k]) continue;
        row.dzx[k] = row.x[k] < row.zx[k] ? row.rx[k] - row.t[k] * row.dzv + row.dzu + row.s * solved[k]
                                          : (cx[k] - row.zx[k] * row.dx[k]) / row.x[k];
      }
      row.dsu = row.su < row.zu ? (cu - row.su * row.dzu) / row.zu : row.ru - time;
      if (row.demands) row.dsv = row.sv < row.zv ? (cv - row.sv * row.dzv) / row.zv : rate - row.w * dtheta - row.rv;
    }
    for (std::size_t k = 0; k < K; ++k) {
      dprice_[k] = solved[k];
      dslack_[k] = (cc[k] - slack_[k] * dprice_[k]) / price_[k];
    }
    dtheta_ = dtheta;
  }

  /// The right side of one row: B dx = V t alpha - U 1 beta + h.
  void targets(const Block<K>& row, double mu, bool second, Vector<K>& h, double& alpha, double& beta) const {
    beta = (mu - row.su * row.zu - (second ? row.dsu * row.dzu : 0)) / row.zu - row.ru;
    alpha = row.demands ? (mu - row.sv * row.zv - (second ? row.dsv * row.dzv : 0)) / row.zv + row.rv : 0;
    for (std::size_t k = 0; k < K; ++k)
      h[k] =
          row.open[k] ? (mu - row.x[k] * row.zx[k] - (second ? row.dx[k] * row.dzx[k] : 0)) / row.x[k] - row.rx[k] : 0;
  }

  /// Prices that rows tie together, and nothing else holds, leave a pivot of rounding only: they do not move then.
  void eliminate(std::array<double, K + 1> right, std::array<double, K + 1>& solved) const {
    auto matrix = system_;
    double largest = 0;
    for (std::size_t k = 0; k < K; ++k) largest = std::max(largest, matrix[k][k]);
    const double rounding = 1e-22 * largest;
    for (std::size_t c = 0; c <= K; ++c) {
      std::size_t pivot = c;
      for (std::size_t r = c + 1; r <= K; ++r)
        if (std::abs(matrix[r][c]) > std::abs(matrix[pivot][c])) pivot = r;
      std::swap(matrix[c], matrix[pivot]);
      std::swap(right[c], right[pivot]);
      if (c < K && !(std::abs(matrix[c][c]) > rounding)) continue;
      for (std::size_t r = c + 1; r <= K; ++r) {
        const double times = matrix[r][c] / matrix[c][c];
        for (std::size_t j = c; j <= K; ++j) matrix[r][j] -= times * matrix[c][j];
        right[r] -= times * right[c];
      }
    }
    for (std::size_t c = K + 1; c-- > 0;) {
      double sum = right[c];
      for (std::size_t j = c + 1; j <= K; ++j) sum -= matrix[c][j] * solved[j];
      solved[c] = c < K && !(std::abs(matrix[c][c]) > rounding) ? 0 : sum / matrix[c][c];
    }
  }

  std::pair<double, double> lengths(double limit) const {
    double primal = 1 / limit;
    double dual = 1 / limit;
    for (std::size_t k = 0; k < K; ++k) {
      primal = step_to_zero(slack_[k], dslack_[k], primal);
      dual = step_to_zero(price_[k], dprice_[k], dual);
    }
    for (const auto& row : rows_) {
      primal = step_to_zero(row.su, row.dsu, primal);
      dual = step_to_zero(row.zu, row.dzu, dual);
      if (row.demands) {
        primal = step_to_zero(row.sv, row.dsv, primal);
        dual = step_to_zero(row.zv, row.dzv, dual);
      }
      for (std::size_t k = 0; k < K; ++k) {
        if (!row.open[k]) continue;
        primal = step_to_zero(row.x[k], row.dx[k], primal);
        dual = step_to_zero(row.zx[k], row.dzx[k], dual);
      }
    }
    return {std::min(1.0, limit * primal), std::min(1.0, limit * dual)};
  }

  double mean_product(double primal, double dual) const {
    double sum = 0;
    for (std::size_t k = 0; k < K; ++k) sum += (slack_[k] + primal * dslack_[k]) * (price_[k] + dual * dprice_[k]);
    for (const auto& row : rows_) {
      double own = (row.su + primal * row.dsu) * (row.zu + dual * row.dzu);
      if (row.demands) own += (row.sv + primal * row.dsv) * (row.zv + dual * row.dzv);
      for (std::size_t k = 0; k < K; ++k)
        if (row.open[k]) own += (row.x[k] + primal * row.dx[k]) * (row.zx[k] + dual * row.dzx[k]);
      sum += row.m * own;
    }
    return sum / products_;
  }

  void move(double limit) {
    const auto [primal, dual] = lengths(limit);
    theta_ += primal * dtheta_;
    for (std::size_t k = 0; k < K; ++k) {
      slack_[k] += primal * dslack_[k];
      price_[k] += dual * dprice_[k];
    }
    for (auto& row : rows_) {
      row.su += primal * row.dsu;
      row.zu += dual * row.dzu;
      if (row.demands) row.sv += primal * row.dsv, row.zv += dual * row.dzv;
      for (std::size_t k = 0; k < K; ++k) {
        if (!row.open[k]) continue;
        row.x[k] += primal * row.dx[k];
        row.zx[k] += dual * row.dzx[k];
      }
    }
  }

  void read(Solution& solution) const {
    solution.x.resize(rows_.size() * K);
    solution.rate_price.resize(rows_.size());
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      for (std::size_t k = 0; k < K; ++k) solution.x[i * K + k] = rows_[i].x[k];
      solution.rate_price[i] = rows_[i].demands ? rows_[i].zv * value_unit_ / rows_[i].scale : 0;
    }
    for (const double price : price_) solution.price.push_back(price * value_unit_);
  }

  const Problem& problem_;
  double target_gap_;
  std::vector<Block<K>> rows_;
  bool has_theta_ = false;
  double theta_unit_ = 1, value_unit_ = 1, gain_ = 0, products_ = 0;
  double theta_ = 0, dtheta_ = 0, rtheta_ = 0;
  Vector<K> slack_{}, price_{}, dslack_{}, dprice_{}, rc_{};
  std::array<std::array<double, K + 1>, K + 1> system_{};
  double mu_ = 0, gap_ = 0, value_ = 0, primal_residual_ = 0, dual_residual_ = 0, best_gap_ = HUGE_VAL;
};

template <std::size_t K>
Solution dispatch(const Problem& problem, double target_gap) {
  if (problem.types() == K) return Interior<K>(problem, target_gap).run();
  if constexpr (K < 8) return dispatch<K + 1>(problem, target_gap);
  return {};
}

}  // namespace

Solution solve_interior(const Problem& problem, double target_gap) {
  if (problem.types() == 0 || problem.rows() == 0) return {};
  if (std::any_of(problem.capacity.begin(), problem.capacity.end(), [](double gpus) { return gpus <= 0; })) return {};
  return dispatch<1>(problem, target_gap);
}

}  // namespace windrow::solve
