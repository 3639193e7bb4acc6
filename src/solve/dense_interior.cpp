#include "solve/dense_interior.hpp"

#include <algorithm>
#include <cmath>

namespace windrow::solve {
namespace {

constexpr int kMaxSteps = 100;
constexpr int kCentringSteps = 8;
constexpr int kMaxRefinements = 6;

/// Cholesky's factor of a symmetric matrix, row by row, lower part.
class Cholesky {
 public:
  explicit Cholesky(std::size_t n) : n_(n), a_(n * n) {}
  double& at(std::size_t r, std::size_t c) { return a_[r * n_ + c]; }
  void clear() { std::fill(a_.begin(), a_.end(), 0.0); }
  /// A pivot of rounding only is raised to it; conjugate gradients mend what that does.
  void factor() {
    for (std::size_t r = 0; r < n_; ++r) {
      double* const row = &a_[r * n_];
      const double whole = row[r];
      for (std::size_t c = 0; c <= r; ++c) {
        const double* const other = &a_[c * n_];
        double sum = row[c];
        for (std::size_t j = 0; j < c; ++j) sum -= row[j] * other[j];
        row[c] = c < r ? sum / other[c] : std::sqrt(std::max(sum, 1e-15 * whole));
      }
    }
  }
  void solve(std::vector<double>& b) const {
    for (std::size_t r = 0; r < n_; ++r) {
      double sum = b[r];
      for (std::size_t j = 0; j < r; ++j) sum -= a_[r * n_ + j] * b[j];
      b[r] = sum / a_[r * n_ + r];
    }
    for (std::size_t r = n_; r-- > 0;) {
      b[r] /= a_[r * n_ + r];
      for (std::size_t j = 0; j < r; ++j) b[j] -= a_[r * n_ + j] * b[r];
    }
  }

 private:
  std::size_t n_;
  std::vector<double> a_;
};

class DenseInterior {
 public:
  DenseInterior(const DenseProgram& program, double target_gap)
      : p_(program),
        target_(target_gap),
        rows_(program.limit.size()),
        columns_(program.gain.size()),
        normal_(rows_),
        x_(columns_),
        z_(columns_, 1.0),
        dx_(columns_),
        dz_(columns_),
        rd_(columns_),
        s_(rows_),
        y_(rows_, 1.0),
        ds_(rows_),
        dy_(rows_),
        rp_(rows_) {}

  DenseSolution run() {
    DenseSolution found;
    begin();
    int left = -1;
    double best = HUGE_VAL;
    int stuck = 0;
    for (int step = 0; step < kMaxSteps; ++step) {
      residuals();
      found.rounds = step;
      if (!std::isfinite(gap_) || (best < 1e-6 && gap_ > 1e4 * std::max(best, target_))) return found;
      // Where rounding stops the gap short of the target, it is held there.
      stuck = gap_ > 0.9 * best ? stuck + 1 : 0;
      best = std::min(best, gap_);
      if (stuck >= 3 && left < 0 && gap_ < 5e-7) target_ = gap_;
      if (left < 0 && gap_ <= 2 * target_ && primal_ < 1e-7 && dual_ < 1e-7) left = kCentringSteps;
      if (left == 0) {
        found.ok = primal_ < 1e-6;
        found.x = x_;
        found.price = y_;
        found.theta = theta_;
        return found;
      }
      assemble();
      if (left > 0) {
        --left;
        direction(held_mu(), false);
      } else {
        direction(0, false);
        const auto [primal, dual] = lengths(1);
        const double sigma = std::pow(products(primal, dual) / total_ / mu_, 3);
        direction(std::max(sigma * mu_, held_mu()), true);
      }
      const auto [primal, dual] = lengths(0.9995);
      theta_ += primal * dtheta_;
      for (std::size_t j = 0; j < columns_; ++j) x_[j] += primal * dx_[j], z_[j] += dual * dz_[j];
      for (std::size_t r = 0; r < rows_; ++r) s_[r] += primal * ds_[r], y_[r] += dual * dy_[r];
    }
    return found;
  }

 private:
  template <class Visit>
  void each(std::size_t column, Visit visit) const {
    for (int e = p_.start[column]; e < p_.start[column + 1]; ++e) {
      const auto& entry = p_.entries[static_cast<std::size_t>(e)];
      visit(static_cast<std::size_t>(entry.row), entry.value);
    }
  }
  std::vector<double> times(const std::vector<double>& x, double theta) const {
    std::vector<double> result(rows_);
    for (std::size_t r = 0; r < rows_; ++r) result[r] = p_.theta_entry[r] * theta;
    for (std::size_t j = 0; j < columns_; ++j) each(j, [&](std::size_t r, double v) { result[r] += v * x[j]; });
    return result;
  }

  void begin() {
    // Every column gets an equal part of what its scarcest row has, with room left.
    std::vector<double> load(rows_);
    for (std::size_t j = 0; j < columns_; ++j)
      each(j, [&](std::size_t r, double v) { load[r] += std::max(0.0, v) * p_.multiplicity_of_column[j]; });
    for (std::size_t j = 0; j < columns_; ++j) {
      double most = p_.multiplicity_of_column[j];
      each(j, [&](std::size_t r, double v) {
        if (v > 0 && p_.limit[r] > 0) most = std::min(most, 0.5 * p_.limit[r] / load[r] * p_.multiplicity_of_column[j]);
      });
      x_[j] = std::max(most, 1e-4 * p_.multiplicity_of_column[j]);
    }
    const std::vector<double> ax = times(x_, 0);
    for (std::size_t r = 0; r < rows_; ++r) s_[r] = std::max(0.1 * p_.row_size[r], p_.limit[r] - ax[r]);
    for (const double m : p_.multiplicity_of_column) total_ += m;
    for (const double m : p_.multiplicity_of_row) total_ += m;
  }

  void residuals() {
    const std::vector<double> ax = times(x_, theta_);
    double objective = p_.theta_gain * theta_;
    double bound = 0;
    primal_ = dual_ = 0;
    double along_theta = p_.theta_gain;
    for (std::size_t r = 0; r < rows_; ++r) {
      rp_[r] = p_.limit[r] - ax[r] - s_[r];
      primal_ = std::max(primal_, std::abs(rp_[r]) / p_.row_size[r]);
      bound += p_.limit[r] * y_[r];
      along_theta -= p_.theta_entry[r] * y_[r];
    }
    rtheta_ = p_.theta_gain > 0 ? along_theta : 0;
    dual_ = std::abs(rtheta_) / std::max(1.0, p_.theta_gain);
    for (std::size_t j = 0; j < columns_; ++j) {
      double reduced = p_.gain[j] + z_[j];
      each(j, [&](std::size_t r, double v) { reduced -= v * y_[r]; });
      rd_[j] = reduced;
      dual_ = std::max(dual_, std::abs(reduced));
      objective += p_.gain[j] * x_[j];
    }
    const double product = products(0, 0);
    mu_ = product / total_;
    value_ = std::max({std::abs(objective), std::abs(bound), 1e-12});
    gap_ = std::max(std::abs(bound - objective), product) / value_;
  }

  double held_mu() const { return target_ * value_ / total_; }

  double products(double primal, double dual) const {
    double sum = 0;
    for (std::size_t j = 0; j < columns_; ++j) sum += (x_[j] + primal * dx_[j]) * (z_[j] + dual * dz_[j]);
    for (std::size_t r = 0; r < rows_; ++r) sum += (s_[r] + primal * ds_[r]) * (y_[r] + dual * dy_[r]);
    return sum;
  }

  void assemble() {
    normal_.clear();
    for (std::size_t j = 0; j < columns_; ++j) {
      const double d = x_[j] / z_[j];
      each(j, [&](std::size_t r, double v) {
        each(j, [&](std::size_t c, double u) {
          if (c <= r) normal_.at(r, c) += d * v * u;
        });
      });
    }
    for (std::size_t r = 0; r < rows_; ++r) normal_.at(r, r) += s_[r] / y_[r];
    normal_.factor();
    toward_theta_ = p_.theta_entry;
    if (p_.theta_gain > 0) solve_refined(toward_theta_);
  }

  std::vector<double> apply(const std::vector<double>& y) const {
    std::vector<double> result(rows_);
    for (std::size_t r = 0; r < rows_; ++r) result[r] = s_[r] / y_[r] * y[r];
    for (std::size_t j = 0; j < columns_; ++j) {
      double sum = 0;
      each(j, [&](std::size_t r, double v) { sum += v * y[r]; });
      sum *= x_[j] / z_[j];
      each(j, [&](std::size_t r, double v) { result[r] += v * sum; });
    }
    return result;
  }

  /// Conjugate gradients on the matrix as it is, with its factor as preconditioner: near the optimum the factor alone
  /// has lost most digits of the small directions.
  void solve_refined(std::vector<double>& right) const {
    const auto dot = [](const std::vector<double>& a, const std::vector<double>& b) {
      double sum = 0;
      for (std::size_t r = 0; r < a.size(); ++r) sum += a[r] * b[r];
      return sum;
    };
    std::vector<double> residual = right;
    std::vector<double> answer(rows_);
    std::vector<double> along;
    double before = 0;
    double first = 0;
    for (int pass = 0; pass < kMaxRefinements; ++pass) {
      std::vector<double> better = residual;
      normal_.solve(better);
      const double now = dot(residual, better);
      if (pass == 0) first = now;
      if (!(now > 1e-28 * first)) break;
      if (pass == 0) {
        along = better;
      } else {
        for (std::size_t r = 0; r < rows_; ++r) along[r] = better[r] + now / before * along[r];
      }
      before = now;
      const std::vector<double> image = apply(along);
      const double curve = dot(along, image);
      if (!(curve > 0)) break;
      for (std::size_t r = 0; r < rows_; ++r) {
        answer[r] += now / curve * along[r];
        residual[r] -= now / curve * image[r];
      }
    }
    right = answer;
  }

  void direction(double mu, bool second) {
    std::vector<double> cx(columns_);
    std::vector<double> cs(rows_);
    for (std::size_t j = 0; j < columns_; ++j)
      cx[j] = mu * p_.multiplicity_of_column[j] - x_[j] * z_[j] - (second ? dx_[j] * dz_[j] : 0);
    for (std::size_t r = 0; r < rows_; ++r)
      cs[r] = mu * p_.multiplicity_of_row[r] - s_[r] * y_[r] - (second ? ds_[r] * dy_[r] : 0);
    // (A D A' + S / Y) dy - h dtheta = A D (cx / x + reduced cost) + cs / y - rp, and h dy = what theta lacks.
    std::vector<double> right(rows_);
    for (std::size_t r = 0; r < rows_; ++r) right[r] = cs[r] / y_[r] - rp_[r];
    for (std::size_t j = 0; j < columns_; ++j) {
      const double d = (cx[j] + x_[j] * rd_[j]) / z_[j];
      each(j, [&](std::size_t r, double v) { right[r] += v * d; });
    }
    solve_refined(right);
    dtheta_ = 0;
    if (p_.theta_gain > 0) {
      double have = 0;
      double per_theta = 0;
      for (std::size_t r = 0; r < rows_; ++r) {
        have += p_.theta_entry[r] * right[r];
        per_theta += p_.theta_entry[r] * toward_theta_[r];
      }
      dtheta_ = (rtheta_ - have) / per_theta;
    }
    for (std::size_t r = 0; r < rows_; ++r) dy_[r] = right[r] + dtheta_ * toward_theta_[r];
    for (std::size_t j = 0; j < columns_; ++j) {
      double price = 0;
      each(j, [&](std::size_t r, double v) { price += v * dy_[r]; });
      dz_[j] = price - rd_[j];
      dx_[j] = (cx[j] - x_[j] * dz_[j]) / z_[j];
    }
    const std::vector<double> adx = times(dx_, dtheta_);
    for (std::size_t r = 0; r < rows_; ++r) ds_[r] = s_[r] < y_[r] ? (cs[r] - s_[r] * dy_[r]) / y_[r] : rp_[r] - adx[r];
  }

  std::pair<double, double> lengths(double limit) const {
    double primal = 1 / limit;
    double dual = 1 / limit;
    const auto shorten = [](double value, double change, double& length) {
      if (change < 0) length = std::min(length, -value / change);
    };
    for (std::size_t j = 0; j < columns_; ++j) shorten(x_[j], dx_[j], primal), shorten(z_[j], dz_[j], dual);
    for (std::size_t r = 0; r < rows_; ++r) shorten(s_[r], ds_[r], primal), shorten(y_[r], dy_[r], dual);
    return {std::min(1.0, limit * primal), std::min(1.0, limit * dual)};
  }

  const DenseProgram& p_;
  double target_;
  std::size_t rows_, columns_;
  Cholesky normal_;
  std::vector<double> x_, z_, dx_, dz_, rd_;                 // columns
  std::vector<double> s_, y_, ds_, dy_, rp_, toward_theta_;  // rows
  double theta_ = 0, dtheta_ = 0, rtheta_ = 0;
  double total_ = 0, mu_ = 0, gap_ = 0, value_ = 0, primal_ = 0, dual_ = 0;
};

}  // namespace

DenseSolution maximise_dense(const DenseProgram& program, double target_gap) {
  return DenseInterior(program, target_gap).run();
}

}  // namespace windrow::solve
