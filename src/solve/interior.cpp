// A primal-dual interior point method (Mehrotra 1992) that eliminates each row's own block in closed form, so that one
// step costs O(rows types^3) and leaves a dense system in the price changes and theta. Every term of the inverse's
// diagonal is positive: nothing cancels, and gaps of 1e-10 are reached where updating formulas lose all digits near
// 1e-6.
//
// For one row, with x its shares, u and v the slacks of its time and rate, z their duals, D_k = x_k / zx_k, U = zu /
// su, V = zv / sv, the block is  B = diag(1 / D) + U 11' + V tt'.  Stationarity: a + zv t - zu + zx = size * price.
//
// Nash welfare, the sum of log rates, is the same with v the rate itself: its dual is 1 / rate, so that their product
// is held at 1 where all others go to 0. Four rows are worked on at a time: the lanes of one register where registers
// are that wide, of two elsewhere.
#include "solve/interior.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <tuple>
#include <vector>

#include "solve/lanes.hpp"

#if defined(__SANITIZE_ADDRESS__)
#define WINDROW_WIDE  // as without: all the checks in one function take the compiler minutes
#else
#define WINDROW_WIDE __attribute__((target("avx2"), flatten))
#endif

namespace windrow::solve {
namespace {

constexpr int kMaxSteps = 80;
constexpr int kCentringSteps = 8;   // at most: Newton's method is quadratic there
constexpr int kSettlingSteps = 40;  // the same without an objective, from far away
constexpr double kCentred = 1e-7;   // largest relative distance of a product from its target
constexpr double kWarmGap = 1e-2;   // of the iterate that welfare problems with a job less begin from
constexpr double kToBoundary = 0.9995;
constexpr double kTooShort = 0.1;  // of a step: then the direction is taken anew, without its second order ...
constexpr double kCautious = 0.3;  // ... to this part of the products
constexpr int kPatience = 2;  // steps without progress, after which it is taken so as well: rates may go in circles

template <std::size_t K>
using Vector = std::array<double, K>;

/// Where four rows are.
template <std::size_t K>
struct alignas(8 * kLanes) Iterate {
  std::array<Lane, K> x, zx;
  Lane su, zu, sv, zv;
};

/// Four rows. A lane without a row has multiplicity 0 and no type.
template <std::size_t K>
struct alignas(8 * kLanes) Block : Iterate<K> {
  using Lanes = std::array<Lane, K>;
  using Iterate<K>::x, Iterate<K>::zx, Iterate<K>::su, Iterate<K>::zu, Iterate<K>::sv, Iterate<K>::zv;
  // The problem, scaled: the fastest type has rate 1. `open`, `asks`: 1 or 0.
  Lanes t, a, open;
  Lane w, b, m, s, scale, asks;
  // The factors of B: its inverse, B^-1 V t, B^-1 U 1, V - V t'B^-1 V t, U - U 1'B^-1 U 1, U 1'B^-1 V t.
  std::array<Lane, K*(K + 1) / 2> upper;
  Lanes vt, u1;
  Lane kv, ku, kuv;
  Lanes per_x;          ///< 1 / x
  Lane per_zu, per_zv;  ///< 1 / zu, 1 / zv
  // Residuals, the right side and the direction.
  Lanes rx, h, dx, dzx;
  Lane ru, rv, alpha, beta, dsu, dzu, dsv, dzv;

  Lane& inverse(std::size_t k, std::size_t l) {
    const std::size_t low = std::min(k, l), high = std::max(k, l);
    return upper[high * (high + 1) / 2 + low];
  }

  void factor() {
    Lanes d;
    Lane d1{}, dt{}, dtt{}, cross{};
    for (std::size_t k = 0; k < K; ++k) {
      d[k] = x[k] / zx[k];
      per_x[k] = open[k] / (x[k] + (1 - open[k]));
    }
    per_zu = 1 / zu;
    per_zv = asks / (zv + (1 - asks));
    const Lane uu = zu / su;
    const Lane vv = zv / sv;
    for (std::size_t k = 0; k < K; ++k) {
      d1 += d[k];
      dt += d[k] * t[k];
      dtt += d[k] * t[k] * t[k];
      for (std::size_t l = k + 1; l < K; ++l) cross += d[k] * d[l] * (t[k] - t[l]) * (t[k] - t[l]);
    }
    const Lane per_det = 1 / (1 + uu * d1 + vv * dtt + uu * vv * cross);
    for (std::size_t k = 0; k < K; ++k) {
      Lane ones{}, squares{}, others{}, toward_t{}, toward_1{};
      for (std::size_t l = 0; l < K; ++l) {
        toward_t += d[l] * (t[k] - t[l]);
        toward_1 += d[l] * t[l] * (t[l] - t[k]);
        if (l == k) continue;
        ones += d[l];
        squares += d[l] * t[l] * t[l];
        Lane off{};
        for (std::size_t m2 = 0; m2 < K; ++m2) {
          if (m2 == k || m2 == l) continue;
          off += d[m2] * (t[k] - t[m2]) * (t[l] - t[m2]);
          if (m2 > l) others += d[l] * d[m2] * (t[l] - t[m2]) * (t[l] - t[m2]);
        }
        if (l > k) inverse(k, l) = -d[k] * d[l] * (uu + vv * t[k] * t[l] + uu * vv * off) * per_det;
      }
      inverse(k, k) = d[k] * (1 + uu * ones + vv * squares + uu * vv * others) * per_det;
      vt[k] = vv * d[k] * (t[k] + uu * toward_t) * per_det;
      u1[k] = uu * d[k] * (1 + vv * toward_1) * per_det;
    }
    kv = vv * (1 + uu * d1) * per_det;
    ku = uu * (1 + vv * dtt) * per_det;
    kuv = uu * vv * dt * per_det;
  }

  void move(double primal, double dual) {
    su += primal * dsu;
    zu += dual * dzu;
    sv += primal * dsv;
    zv += dual * dzv;
    for (std::size_t k = 0; k < K; ++k) {
      x[k] += primal * dx[k];
      zx[k] += dual * dzx[k];
    }
  }

  /// The right side: B dx = V t alpha - U 1 beta + h.
  template <bool Corrected>
  void targets(double mu, double rate_mu) {
    beta = (Corrected ? mu - dsu * dzu : lanes(mu)) * per_zu - su - ru;
    alpha = asks * ((Corrected ? rate_mu - dsv * dzv : lanes(rate_mu)) * per_zv - sv + rv);
    for (std::size_t k = 0; k < K; ++k)
      h[k] = open[k] * ((Corrected ? mu - dx[k] * dzx[k] : lanes(mu)) * per_x[k] - zx[k] - rx[k]);
  }
};

template <std::size_t K>
class Interior {
 public:
  using Goal = InteriorSolver::Goal;

  void run(const Problem& problem, double target_gap, Goal goal, Solution& solution) {
    problem_ = &problem;
    target_gap_ = target_gap;
    goal_ = goal;
    best_gap_ = HUGE_VAL;
    theta_ = 0;
    solution.status = Status::failed;
    solution.method = Method::interior;
    solution.fell_back = false;
    solution.rounds = 0;
    kept_.rows.clear();
    if (!scale()) return;
    begin();
    if (approach(goal_ == Goal::best ? kCentringSteps : kSettlingSteps, solution.rounds)) read(solution);
  }

  void narrow() { narrow_ = true; }

  std::optional<double> welfare_without(std::size_t i) {
    if (kept_.rows.empty()) return std::nullopt;
    for (std::size_t r = 0; r < rows_.size(); ++r) static_cast<Iterate<K>&>(rows_[r]) = kept_.rows[r];
    slack_ = kept_.slack;
    price_ = kept_.price;
    Block<K>& row = rows_[i / kLanes];
    const std::size_t lane = i % kLanes;
    products_ = kept_.products - 1;
    for (std::size_t k = 0; k < K; ++k) {
      products_ -= row.open[k][lane];
      slack_[k] += row.s[lane] * row.x[k][lane];  // what it had is free, so that nothing is violated
    }
    row.m[lane] -= 1;
    best_gap_ = HUGE_VAL;
    int steps = 0;
    std::optional<double> welfare;
    if (approach(0, steps)) welfare = log_rates();
    row.m[lane] += 1;
    return welfare;
  }

 private:
  double log_rates() const {
    double sum = 0;
    for (std::size_t r = 0; r < n_; ++r) {
      const Block<K>& other = rows_[r / kLanes];
      const std::size_t at = r % kLanes;
      if (other.m[at] <= 0) continue;
      double rate = 0;
      for (std::size_t k = 0; k < K; ++k) rate += other.t[k][at] * other.x[k][at];
      sum += other.m[at] * std::log(rate * other.scale[at]);
    }
    return sum;
  }

  void keep() {
    kept_.rows.assign(rows_.begin(), rows_.end());
    kept_.slack = slack_;
    kept_.price = price_;
    kept_.products = products_;
  }

  /// Steps to the target gap, and on towards the centre there for `most` steps at most. False where it does not get
  /// there. An iterate of a welfare problem is kept on the way.
  bool approach(int most, int& steps) {
    return has_wide_registers() && !narrow_ ? approach_wide(most, steps) : approach_plain(most, steps);
  }
  // The same operations in the same order, so the same bits.
  WINDROW_WIDE bool approach_wide(int most, int& steps) { return any_approach(most, steps); }
  bool approach_plain(int most, int& steps) { return any_approach(most, steps); }

  bool any_approach(int most, int& steps) {
    int left = -1;  // centring steps still to do, once the gap is reached
    int idle = 0;   // steps since the gap was at its smallest
    double forward = 0, back = 0;
    for (int step = 0; step < kMaxSteps; ++step) {
      residuals(forward, back);
      if (!std::isfinite(gap_) || (best_gap_ < 1e-6 && gap_ > 1000 * std::max(best_gap_, target_gap_))) return false;
      idle = gap_ < best_gap_ ? 0 : idle + 1;
      best_gap_ = std::min(best_gap_, gap_);
      if (goal_ == Goal::welfare && most > 0 && kept_.rows.empty() && gap_ < kWarmGap && primal_residual_ < kWarmGap)
        keep();
      if (left < 0 && gap_ <= 2 * target_gap_ && primal_residual_ < 1e-8 && dual_residual_ < 1e-8) left = most;
      steps = step;
      if (left > 0 && left < kSettlingSteps && off_centre() < kCentred) left = 0;
      if (left == 0 && primal_residual_ > 1e-8) left = 1;  // a row that floors leave no room for has drifted: once more
      if (left == 0) return true;
      assemble();
      if (left > 0) {
        --left;
        direction<false>(held_mu());
      } else if (goal_ == Goal::centre) {
        direction<false>(held_mu());
      } else if (idle > kPatience) {
        direction<false>(std::max(kCautious * mu_, held_mu()));
      } else {
        direction<false>(0);
        const auto [primal, dual] = lengths(1.0);
        const double left_over = mean_product(primal, dual) / mu_;
        direction<true>(std::max(left_over * left_over * left_over * mu_, held_mu()));
        std::tie(forward, back) = lengths(kToBoundary);
        if (std::min(forward, back) >= kTooShort) continue;
        direction<false>(std::max(kCautious * mu_, held_mu()));
      }
      std::tie(forward, back) = lengths(kToBoundary);
    }
    return false;
  }

  /// False where there is no interior, or nothing to optimise.
  bool scale() {
    const std::size_t n = problem_->rows();
    n_ = n;
    rows_.resize((n + kLanes - 1) / kLanes);
    const bool welfare = goal_ == Goal::welfare;
    double theta_unit = HUGE_VAL;
    double gain_unit = 0;
    for (std::size_t i = 0; i < rows_.size() * kLanes; ++i) {
      Block<K>& row = rows_[i / kLanes];
      const std::size_t lane = i % kLanes;
      if (i >= n) {
        for (std::size_t k = 0; k < K; ++k) row.open[k][lane] = row.t[k][lane] = row.a[k][lane] = 0;
        row.m[lane] = row.w[lane] = row.b[lane] = row.asks[lane] = 0;
        row.s[lane] = row.scale[lane] = 1;
        continue;
      }
      const bool asks = welfare || problem_->demands(i);
      row.m[lane] = problem_->count_of(i);
      row.s[lane] = problem_->size[i];
      double fastest = 0;
      for (std::size_t k = 0; k < K; ++k) {
        const bool open = problem_->allows(i, k);
        row.open[k][lane] = open;
        row.t[k][lane] = open && asks ? problem_->rate_of(i, k) : 0;
        row.a[k][lane] = open && !welfare ? problem_->gain_of(i, k) : 0;
        fastest = std::max(fastest, row.t[k][lane]);
        gain_unit = std::max(gain_unit, std::abs(row.a[k][lane]));
      }
      row.asks[lane] = asks;
      row.w[lane] = row.b[lane] = 0;
      row.scale[lane] = 1;
      if (!asks) continue;
      if (fastest <= 0) return false;
      row.scale[lane] = fastest;
      for (std::size_t k = 0; k < K; ++k) row.t[k][lane] /= fastest;
      if (welfare) continue;
      row.w[lane] = problem_->weight[i] / fastest;
      row.b[lane] = problem_->floor_of(i) / fastest;
      if (row.w[lane] > 0) theta_unit = std::min(theta_unit, 1 / row.w[lane]);
    }
    has_theta_ = theta_unit < HUGE_VAL;
    if (goal_ == Goal::best && (problem_->theta_gain > 0) != has_theta_) return false;  // theta would run away
    if (goal_ == Goal::centre && has_theta_) return false;
    theta_unit_ = has_theta_ ? theta_unit : 1;
    Lane weights{};
    for (auto& row : rows_) {
      row.w *= theta_unit_;
      weights += row.m * row.w;
    }
    gain_ = has_theta_ ? sum(weights) : 0;
    if (has_theta_)
      value_unit_ = problem_->theta_gain * theta_unit_ / gain_;  // then the duals of rates are 1 on average
    else if (goal_ != Goal::best)
      value_unit_ = 1;
    else if (gain_unit > 0)
      value_unit_ = gain_unit;
    else
      return false;
    for (auto& row : rows_)
      for (Lane& a : row.a) a /= value_unit_;
    return true;
  }

  void begin() {
    std::array<Lane, K> used{};
    Lane size{};
    for (const auto& row : rows_) size += row.m * row.s;
    const double gpus = sum(size);
    Vector<K> share;
    for (std::size_t k = 0; k < K; ++k)
      share[k] = std::max(1e-4, std::min(0.5 / static_cast<double>(K), problem_->capacity[k] / (2 * gpus)));
    for (auto& row : rows_) {
      Lane time{}, rate{};
      for (std::size_t k = 0; k < K; ++k) {
        row.x[k] = row.open[k] * share[k];
        row.zx[k] = lanes(1);
        used[k] += row.m * row.s * row.x[k];
        time += row.x[k];
        rate += row.t[k] * row.x[k];
      }
      row.su = max(lanes(0.1), 1 - time);
      row.zu = lanes(1);
      row.sv = row.asks * max(lanes(0.1), rate - row.b) + (1 - row.asks);
      row.zv = goal_ == Goal::welfare ? row.asks / row.sv : row.asks;
    }
    products_ = static_cast<double>(K);
    Lane count{};
    for (const auto& row : rows_) {
      count += row.m * (1 + (goal_ == Goal::welfare ? lanes(0) : row.asks));
      for (std::size_t k = 0; k < K; ++k) count += row.m * row.open[k];
    }
    products_ += sum(count);
    for (std::size_t k = 0; k < K; ++k) {
      slack_[k] = std::max(0.1 * problem_->capacity[k], problem_->capacity[k] - sum(used[k]));
      price_[k] = 1;
    }
  }

  /// Goes so far along the direction, and measures what is wrong there.
  void residuals(double forward, double back) {
    const bool moves = forward > 0 || back > 0;
    if (moves) {
      theta_ += forward * dtheta_;
      for (std::size_t k = 0; k < K; ++k) {
        slack_[k] += forward * dslack_[k];
        price_[k] += back * dprice_[k];
      }
    }
    std::array<Lane, K> used{};
    Lane primal{}, dual{}, weights{}, products{}, worst_primal{}, worst_dual{}, worst_rate{};
    for (auto& row : rows_) {
      if (moves) row.move(forward, back);
      Lane time{}, rate{}, own{};
      for (std::size_t k = 0; k < K; ++k) {
        time += row.x[k];
        rate += row.t[k] * row.x[k];
        used[k] += row.m * row.s * row.x[k];
        primal += row.m * row.a[k] * row.x[k];
        own += row.x[k] * row.zx[k];
        row.rx[k] = -row.open[k] * (row.a[k] + row.zv * row.t[k] - row.zu + row.zx[k] - row.s * price_[k]);
        worst_dual = max(worst_dual, magnitude(row.rx[k]));
      }
      row.ru = 1 - (time + row.su);
      worst_primal = max(worst_primal, magnitude(row.ru));
      own += row.su * row.zu;
      dual += row.m * (row.zu - row.b * row.zv);
      row.rv = row.asks * (row.b - (rate - row.w * theta_ - row.sv));
      worst_primal = max(worst_primal, magnitude(row.rv));
      if (goal_ == Goal::welfare)
        worst_rate = max(worst_rate, row.asks * magnitude(row.sv * row.zv - 1));
      else
        own += row.sv * row.zv;  // 0 where nothing is asked
      products += row.m * own;
      weights += row.m * row.w * row.zv;
    }
    double value = gain_ * theta_ + sum(primal);
    double bound = sum(dual);
    double product = sum(products);
    primal_residual_ = most(worst_primal);
    dual_residual_ = std::max(most(worst_dual), most(worst_rate));
    for (std::size_t k = 0; k < K; ++k) {
      rc_[k] = problem_->capacity[k] - (sum(used[k]) + slack_[k]);
      primal_residual_ = std::max(primal_residual_, std::abs(rc_[k]) / problem_->capacity[k]);
      product += slack_[k] * price_[k];
      bound += problem_->capacity[k] * price_[k];
    }
    rtheta_ = has_theta_ ? sum(weights) - gain_ : 0;
    dual_residual_ = std::max(dual_residual_, std::abs(rtheta_) / std::max(1.0, gain_));
    mu_ = product / products_;
    if (goal_ == Goal::best) {
      value_ = std::max(std::abs(value), std::abs(bound));
      gap_ = std::max(std::abs(bound - value), product) / std::max(value_, 1e-12);
    } else if (goal_ == Goal::welfare) {
      value_ = static_cast<double>(n_);  // prices and rates weighed by their prices add up to the number of rows
      gap_ = product / value_;
    } else {
      gap_ = 0;
    }
  }

  /// The barrier's weight at which the relative gap is the target.
  double held_mu() const { return goal_ == Goal::centre ? 1 : target_gap_ * std::max(value_, 1e-12) / products_; }
  double rate_mu(double mu) const { return goal_ == Goal::welfare ? 1 : mu; }

  double off_centre() const {
    const double mu = held_mu();
    Lane worst{};
    for (const auto& row : rows_) {
      worst = max(worst, magnitude(row.su * row.zu / mu - 1));
      worst = max(worst, row.asks * magnitude(row.sv * row.zv / rate_mu(mu) - 1));
      for (std::size_t k = 0; k < K; ++k) worst = max(worst, row.open[k] * magnitude(row.x[k] * row.zx[k] / mu - 1));
    }
    double result = most(worst);
    for (std::size_t k = 0; k < K; ++k) result = std::max(result, std::abs(slack_[k] * price_[k] / mu - 1));
    return result;
  }

  void assemble() {
    std::array<std::array<Lane, K>, K> prices{};
    std::array<Lane, K> toward{};
    Lane theta{};
    for (auto& row : rows_) {
      row.factor();
      const Lane ms = row.m * row.s;
      for (std::size_t k = 0; k < K; ++k) {
        for (std::size_t l = k; l < K; ++l) prices[k][l] += ms * row.s * row.inverse(k, l);
        toward[k] += ms * row.w * row.vt[k];
      }
      theta += row.m * row.w * row.w * row.kv;
    }
    for (std::size_t k = 0; k < K; ++k) {
      for (std::size_t l = k; l < K; ++l) system_[k][l] = system_[l][k] = sum(prices[k][l]);
      system_[K][k] = sum(toward[k]);
      system_[k][K] = -system_[K][k];
    }
    system_[K][K] = has_theta_ ? sum(theta) : 1;
    for (std::size_t k = 0; k < K; ++k) system_[k][k] += slack_[k] / price_[k];
    factor_system();
  }

  /// The Newton direction to products of `mu`; `Corrected`: by the direction that is there now.
  template <bool Corrected>
  void direction(double mu) {
    std::array<double, K + 1> right{};
    Vector<K> cc{};
    for (std::size_t k = 0; k < K; ++k) {
      cc[k] = mu - slack_[k] * price_[k] - (Corrected ? dslack_[k] * dprice_[k] : 0);
      right[k] = -rc_[k] + cc[k] / price_[k];
    }
    std::array<Lane, K> gpus{};
    Lane pulls{};
    for (auto& row : rows_) {
      row.template targets<Corrected>(mu, rate_mu(mu));
      const Lane ms = row.m * row.s;
      Lane pull = row.alpha * row.kv + row.beta * row.kuv;
      for (std::size_t k = 0; k < K; ++k) {
        Lane y = row.alpha * row.vt[k] - row.beta * row.u1[k];
        for (std::size_t l = 0; l < K; ++l) y += row.inverse(k, l) * row.h[l];
        gpus[k] += ms * y;
        pull -= row.vt[k] * row.h[k];
      }
      pulls += row.m * row.w * pull;
    }
    for (std::size_t k = 0; k < K; ++k) right[k] += sum(gpus[k]);
    right[K] = has_theta_ ? -rtheta_ - sum(pulls) : 0;
    std::array<double, K + 1> solved;
    eliminate(right, solved);
    const double dtheta = has_theta_ ? solved[K] : 0;
    double primal = 1 / kToBoundary, dual = 1 / kToBoundary;
    Lane of_primal{}, of_dual{}, of_both{};
    for (auto& row : rows_) {
      const Lane alpha = row.alpha + row.w * dtheta;
      const Lane& beta = row.beta;
      std::array<Lane, K> h;
      row.dzv = alpha * row.kv + beta * row.kuv;
      row.dzu = alpha * row.kuv + beta * row.ku;
      for (std::size_t k = 0; k < K; ++k) {
        h[k] = row.h[k] - row.s * solved[k];
        row.dzv -= row.vt[k] * h[k];
        row.dzu += row.u1[k] * h[k];
      }
      Lane time{}, rate{};
      for (std::size_t k = 0; k < K; ++k) {
        Lane dx = alpha * row.vt[k] - beta * row.u1[k];
        for (std::size_t l = 0; l < K; ++l) dx += row.inverse(k, l) * h[l];
        row.dx[k] = dx;
        time += dx;
        rate += row.t[k] * dx;
        const Lane by_dual = row.rx[k] - row.t[k] * row.dzv + row.dzu + row.s * solved[k];
        const Lane by_product = row.h[k] + row.rx[k] - row.zx[k] * row.per_x[k] * dx;
        row.dzx[k] = row.open[k] * (row.x[k] < row.zx[k] ? by_dual : by_product);
      }
      row.dsu = row.su < row.zu ? beta + row.ru - row.su * row.per_zu * row.dzu : row.ru - time;
      row.dsv = row.asks *
                (row.sv < row.zv ? row.alpha - row.rv - row.sv * row.per_zv * row.dzv : rate - row.w * dtheta - row.rv);
      shorten(row, primal, dual);
      if constexpr (Corrected) continue;
      Lane z_dx = row.dsu * row.zu, x_dz = row.su * row.dzu, dx_dz = row.dsu * row.dzu;
      if (goal_ != Goal::welfare) {
        z_dx += row.dsv * row.zv;
        x_dz += row.sv * row.dzv;
        dx_dz += row.dsv * row.dzv;
      }
      for (std::size_t k = 0; k < K; ++k) {
        z_dx += row.dx[k] * row.zx[k];
        x_dz += row.x[k] * row.dzx[k];
        dx_dz += row.dx[k] * row.dzx[k];
      }
      of_primal += row.m * z_dx;
      of_dual += row.m * x_dz;
      of_both += row.m * dx_dz;
    }
    by_primal_ = sum(of_primal);
    by_dual_ = sum(of_dual);
    by_both_ = sum(of_both);
    for (std::size_t k = 0; k < K; ++k) {
      dprice_[k] = solved[k];
      dslack_[k] = (cc[k] - slack_[k] * dprice_[k]) / price_[k];
      shorten(slack_[k], dslack_[k], primal);
      shorten(price_[k], dprice_[k], dual);
      by_primal_ += dslack_[k] * price_[k];
      by_dual_ += slack_[k] * dprice_[k];
      by_both_ += dslack_[k] * dprice_[k];
    }
    dtheta_ = dtheta;
    to_boundary_ = {primal, dual};
  }

  /// The system's factors, for all directions of a step. Prices that rows tie together, and nothing else holds, leave a
  /// pivot of rounding only: they do not move then.
  void factor_system() {
    double largest = 0;
    for (std::size_t k = 0; k < K; ++k) largest = std::max(largest, system_[k][k]);
    const double rounding = 1e-22 * largest;
    for (std::size_t c = 0; c <= K; ++c) {
      std::size_t pivot = c;
      for (std::size_t r = c + 1; r <= K; ++r)
        if (std::abs(system_[r][c]) > std::abs(system_[pivot][c])) pivot = r;
      pivot_[c] = pivot;
      if (pivot != c) std::swap(system_[c], system_[pivot]);
      moves_[c] = c == K || std::abs(system_[c][c]) > rounding;
      for (std::size_t r = c + 1; r <= K; ++r) {
        const double times = moves_[c] ? system_[r][c] / system_[c][c] : 0;
        system_[r][c] = times;
        for (std::size_t j = c + 1; j <= K && moves_[c]; ++j) system_[r][j] -= times * system_[c][j];
      }
    }
  }

  void eliminate(std::array<double, K + 1> right, std::array<double, K + 1>& solved) const {
    for (std::size_t c = 0; c <= K; ++c) std::swap(right[c], right[pivot_[c]]);
    for (std::size_t r = 1; r <= K; ++r)
      for (std::size_t c = 0; c < r; ++c) right[r] -= system_[r][c] * right[c];
    for (std::size_t c = K + 1; c-- > 0;) {
      double rest = right[c];
      for (std::size_t j = c + 1; j <= K; ++j) rest -= system_[c][j] * solved[j];
      solved[c] = moves_[c] ? rest / system_[c][c] : 0;
    }
  }

  /// How far the direction may be gone, if `limit` of the way to the boundary is allowed: of the iterate, of the duals.
  std::pair<double, double> lengths(double limit) const {
    double primal = to_boundary_.first, dual = to_boundary_.second;
    if (goal_ != Goal::best) primal = dual = std::min(primal, dual);  // rates and their prices hang together
    return {std::min(1.0, limit * primal), std::min(1.0, limit * dual)};
  }

  /// Shortens the ways to the boundary by those of a row's: few shorten what others have shortened.
  static void shorten(const Block<K>& row, double& primal, double& dual) {
    const auto each = [&](const Lane& value, const Lane& change, double& length) {
      for (std::size_t lane = 0; lane < kLanes; ++lane) shorten(value[lane], change[lane], length);
    };
    Mask below = (row.su + primal * row.dsu < 0) | (row.sv + primal * row.dsv < 0) | (row.zu + dual * row.dzu < 0) |
                 (row.zv + dual * row.dzv < 0);
    for (std::size_t k = 0; k < K; ++k)
      below |= (row.x[k] + primal * row.dx[k] < 0) | (row.zx[k] + dual * row.dzx[k] < 0);
    if (!any(below)) return;
    each(row.su, row.dsu, primal);
    each(row.zu, row.dzu, dual);
    each(row.sv, row.dsv, primal);
    each(row.zv, row.dzv, dual);
    for (std::size_t k = 0; k < K; ++k) {
      each(row.x[k], row.dx[k], primal);
      each(row.zx[k], row.dzx[k], dual);
    }
  }
  static void shorten(double value, double change, double& length) {
    if (value + length * change < 0) length = -value / change;
  }

  /// Of all products after such a step along the direction.
  double mean_product(double primal, double dual) const {
    return mu_ + (primal * by_primal_ + dual * by_dual_ + primal * dual * by_both_) / products_;
  }

  void read(Solution& solution) const {
    solution.x.resize(n_ * K);
    solution.rate_price.resize(n_);
    for (std::size_t i = 0; i < n_; ++i) {
      const Block<K>& row = rows_[i / kLanes];
      const std::size_t lane = i % kLanes;
      for (std::size_t k = 0; k < K; ++k) solution.x[i * K + k] = row.x[k][lane];
      solution.rate_price[i] = row.zv[lane] * value_unit_ / row.scale[lane];
    }
    solution.price.resize(K);
    for (std::size_t k = 0; k < K; ++k) solution.price[k] = price_[k] * value_unit_;
    finish(*problem_, solution);
    if (goal_ != Goal::best) {
      solution.status = Status::optimal;
      return;
    }
    // A bound that does not meet x is no proof: the caller then asks the simplex method.
    if (std::abs(solution.gap) <= std::max(1e-7, 100 * target_gap_) &&
        violation(*problem_, solution.x, solution.theta) <= 1e-8)
      solution.status = Status::optimal;
  }

  /// Where welfare problems with a job less begin.
  struct Kept {
    std::vector<Iterate<K>> rows;
    Vector<K> slack{}, price{};
    double products = 0;
  };

  Kept kept_;
  bool narrow_ = false;
  const Problem* problem_ = nullptr;
  double target_gap_ = 0;
  Goal goal_ = Goal::best;
  std::size_t n_ = 0;
  std::vector<Block<K>> rows_;
  bool has_theta_ = false;
  double theta_unit_ = 1, value_unit_ = 1, gain_ = 0, products_ = 0;
  double theta_ = 0, dtheta_ = 0, rtheta_ = 0;
  Vector<K> slack_{}, price_{}, dslack_{}, dprice_{}, rc_{};
  std::pair<double, double> to_boundary_{};
  double by_primal_ = 0, by_dual_ = 0, by_both_ = 0;  // what a step does to the sum of products
  std::array<std::array<double, K + 1>, K + 1> system_{};
  std::array<std::size_t, K + 1> pivot_{};
  std::array<bool, K + 1> moves_{};
  double mu_ = 0, gap_ = 0, value_ = 0, primal_residual_ = 0, dual_residual_ = 0, best_gap_ = HUGE_VAL;
};

}  // namespace

struct InteriorSolver::Rooms {
  std::tuple<Interior<1>, Interior<2>, Interior<3>, Interior<4>, Interior<5>, Interior<6>, Interior<7>, Interior<8>>
      by_types;
  std::size_t types = 0;  ///< of the last problem

  template <std::size_t K>
  void dispatch(const Problem& problem, double target_gap, Goal goal, Solution& solution) {
    if (problem.types() == K)
      std::get<K - 1>(by_types).run(problem, target_gap, goal, solution);
    else if constexpr (K < 8)
      dispatch<K + 1>(problem, target_gap, goal, solution);
    else
      solution = {};
    types = problem.types();
  }

  template <std::size_t K>
  std::optional<double> without(std::size_t row) {
    if (types == K) return std::get<K - 1>(by_types).welfare_without(row);
    if constexpr (K < 8) return without<K + 1>(row);
    return std::nullopt;
  }
};

void InteriorSolver::narrow() {
  std::apply([](auto&... each) { (each.narrow(), ...); }, rooms_->by_types);
}

std::optional<double> InteriorSolver::welfare_without(std::size_t row) {
  return rooms_->without<1>(row);
}

InteriorSolver::InteriorSolver() : rooms_(std::make_unique<Rooms>()) {}
InteriorSolver::~InteriorSolver() = default;
InteriorSolver::InteriorSolver(InteriorSolver&&) noexcept = default;
InteriorSolver& InteriorSolver::operator=(InteriorSolver&&) noexcept = default;

void InteriorSolver::solve(const Problem& problem, double target_gap, Goal goal, Solution& solution) {
  const bool empty =
      std::any_of(problem.capacity.begin(), problem.capacity.end(), [](double gpus) { return gpus <= 0; });
  if (problem.types() == 0 || problem.rows() == 0 || empty)
    solution = {};
  else
    rooms_->dispatch<1>(problem, target_gap, goal, solution);
}

Solution solve_interior(const Problem& problem, double target_gap) {
  InteriorSolver solver;
  Solution solution;
  solver.solve(problem, target_gap, InteriorSolver::Goal::best, solution);
  return solution;
}

}  // namespace windrow::solve
