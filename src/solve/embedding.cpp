// A primal-dual interior point method for the homogeneous self-dual embedding of
//     minimise c'v  subject to  G v + s = h,  s in a product of half-lines and second-order cones,
// with Nesterov and Todd's scaling and Mehrotra's corrector, after Domahidi, Chu and Boyd, "ECOS: an SOCP solver for
// embedded systems" (ECC 2013), and Vandenberghe's "The CVXOPT linear and quadratic cone program solvers" (2010). The
// published simulator uses ECOS: what it returns of an optimal face depends on its starting point, on its scaling, on
// its steps and on the numbers below, all of which are facts about that solver. Followed step by step, they give its
// allocations to 1e-9 or better.
//
// What is ours is the algebra. Each row's variables (shares, and for finish-time fairness a bound on 1 / rate) meet
// those of other rows only in theta and in the types' capacities, so that a step costs O(rows types^3): rows are
// eliminated one by one, and types + 1 equations remain. With the solver's own regularisation that loses so few digits
// that there is nothing to refine. Rows that are alike are followed as one.
#include "solve/embedding.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "solve/lanes.hpp"

namespace windrow::solve {
namespace {

constexpr int kMaxSteps = 100;
constexpr int kScalingRounds = 3;                           // of Ruiz's equilibration
constexpr double kTolerance = 1e-8;                         // of both residuals, of the gap, of the relative gap
constexpr double kInaccurate = 5e-5;                        // is taken where it does not get so far
constexpr double kWorstGap = 1e-5, kWorstViolation = 1e-6;  // of an answer, relative: worse is none
constexpr double kRegularisation = 7e-8;                    // of the system of equations: it is solved exactly with it
constexpr double kOfStep = 0.99;                            // part of the way to the boundary that is gone
constexpr double kLeastStep = 1e-6, kMostStep = 0.999;
constexpr double kLeastCentring = 1e-4;
constexpr std::size_t kMaxTypes = 8;
constexpr std::size_t kMaxOwn = kMaxTypes + 1;  // variables of a row
constexpr std::size_t kCone = 3;
constexpr std::size_t kMaxBlock = kMaxOwn + 3 + kCone;  // and its constraints but for the shares

struct Primal {
  std::vector<double> own;  ///< [rows x variables of a row]
  double theta = 0;
};
struct Dual {
  std::vector<double> own;       ///< [rows x constraints of a row]
  std::vector<double> capacity;  ///< [types]
};

void add(Primal& to, double part, const Primal& of) {
  for (std::size_t j = 0; j < to.own.size(); ++j) to.own[j] += part * of.own[j];
  to.theta += part * of.theta;
}
void add(Dual& to, double part, const Dual& of) {
  for (std::size_t r = 0; r < to.own.size(); ++r) to.own[r] += part * of.own[r];
  for (std::size_t k = 0; k < to.capacity.size(); ++k) to.capacity[k] += part * of.capacity[k];
}
void multiply(Primal& v, double factor) {
  for (double& value : v.own) value *= factor;
  v.theta *= factor;
}
void multiply(Dual& v, double factor) {
  for (double& value : v.own) value *= factor;
  for (double& value : v.capacity) value *= factor;
}

/// Small systems of equations, one in each lane, by Gauss's elimination with pivoting: rows of a program have blocks of
/// very different size, and the squares of a normal equation would lose them.
class Equations {
 public:
  void clear(std::size_t n) {
    n_ = n;
    a_.assign(n * n, Lane{});
    pivot_.resize(n);
  }
  Lane& at(std::size_t r, std::size_t c) { return a_[r * n_ + c]; }
  /// False where a lane has no answer.
  WINDROW_ON_LANES bool factorise() {
    if (n_ == 5) return factorise_for<5>();  // three types, without and with a cone
    if (n_ == 9) return factorise_for<9>();
    return factorise_for<0>();
  }
  WINDROW_ON_LANES void solve(Lane* b) const {
    if (n_ == 5) return solve_for<5>(b);
    if (n_ == 9) return solve_for<9>(b);
    solve_for<0>(b);
  }

 private:
  WINDROW_ON_LANES static void swap(const Mask& where, Lane& a, Lane& b) {
    const Lane was = a;
    a = where ? b : a;
    b = where ? was : b;
  }
  template <std::size_t N>  // 0: any
  WINDROW_ON_LANES bool factorise_for() {
    const std::size_t n = N > 0 ? N : n_;
    Lane* const a = a_.data();
    for (std::size_t c = 0; c < n; ++c) {
      Lane most = magnitude(a[c * n + c]);
      Mask best = Mask{} + static_cast<long long>(c);
      for (std::size_t r = c + 1; r < n; ++r) {
        const Lane size = magnitude(a[r * n + c]);
        const Mask more = size > most;
        most = more ? size : most;
        best = more ? Mask{} + static_cast<long long>(r) : best;
      }
      pivot_[c] = best;
      for (std::size_t r = c + 1; r < n; ++r) {
        const Mask here = best == static_cast<long long>(r);
        if (!any(here)) continue;
        for (std::size_t j = 0; j < n; ++j) swap(here, a[c * n + j], a[r * n + j]);
      }
      if (any(~(most > 0))) return false;
      const Lane inverse = a[c * n + c] = 1 / a[c * n + c];
      for (std::size_t r = c + 1; r < n; ++r) {
        const Lane factor = a[r * n + c] *= inverse;
        for (std::size_t j = c + 1; j < n; ++j) a[r * n + j] -= factor * a[c * n + j];
      }
    }
    return true;
  }
  template <std::size_t N>
  WINDROW_ON_LANES void solve_for(Lane* b) const {
    const std::size_t n = N > 0 ? N : n_;
    const Lane* const a = a_.data();
    for (std::size_t c = 0; c < n; ++c)
      for (std::size_t r = c + 1; r < n; ++r) {
        const Mask here = pivot_[c] == static_cast<long long>(r);
        if (any(here)) swap(here, b[c], b[r]);
      }
    for (std::size_t r = 1; r < n; ++r)
      for (std::size_t c = 0; c < r; ++c) b[r] -= a[r * n + c] * b[c];
    for (std::size_t r = n; r-- > 0;) {
      for (std::size_t c = r + 1; c < n; ++c) b[r] -= a[r * n + c] * b[c];
      b[r] *= a[r * n + r];
    }
  }

  std::size_t n_ = 0;
  LaneVector a_;  // on the diagonal: one over the pivots
  MaskVector pivot_;
};

using Triple = std::array<double, kCone>;

double length(double a, double b) {
  return std::sqrt(a * a + b * b);
}

/// Nesterov and Todd's scaling of a cone of three, W = eta (2 bar bar' - J)^1/2, is diagonal in the basis (1, u) / sqrt
/// 2, across, (1, -u) / sqrt 2 with u = bar_1 / |bar_1|. Near the boundary its eigenvalues are so far apart that sums
/// of them say nothing of the smaller: so a step is computed in these coordinates, where a cone is three lines.
struct Basis {
  double u1 = 1, u2 = 0;

  static constexpr double kRoot = 0.70710678118654752440;
  Triple in(const double* v) const {
    const double along = u1 * v[1] + u2 * v[2];
    return {kRoot * (v[0] + along), u1 * v[2] - u2 * v[1], kRoot * (v[0] - along)};
  }
  Triple out(const double* v) const {
    const double along = kRoot * (v[0] - v[2]);
    return {kRoot * (v[0] + v[2]), along * u1 - v[1] * u2, along * u2 + v[1] * u1};
  }
  /// diag(1, 1, -1) v: the regularisation is added to a cone's first two entries and taken from the last.
  Triple signs(const double* v) const {
    const double mixed = u1 * u2 / kRoot;
    return {u1 * u1 * v[0] - mixed * v[1] + u2 * u2 * v[2], mixed * (v[2] - v[0]) + (u2 * u2 - u1 * u1) * v[1],
            u2 * u2 * v[0] + mixed * v[1] + u1 * u1 * v[2]};
  }
};

/// minimise cost'v subject to `limit` - matrix v in the cones. Constraints of a row: its shares >= 0, its time, and
/// others up to constraints[i]; with `cones` the last three of each are one second-order cone. Only theta and the
/// capacities are common to rows.
struct Program {
  std::size_t rows = 0, types = 0;
  std::size_t variables = 0;  ///< of a row: its shares first
  std::size_t stride = 0;     ///< the most constraints of a row
  bool cones = false;
  std::vector<double> matrix;            ///< [rows x stride x variables]
  std::vector<double> theta_column;      ///< [rows x stride]
  std::vector<double> uses;              ///< [rows x types] of a type's capacity by a share
  std::vector<double> count;             ///< [rows] that are alike
  std::vector<std::size_t> constraints;  ///< [rows]
  Primal cost;
  Dual limit;

  void shape(std::size_t n, std::size_t k, std::size_t of_a_row, std::size_t most, bool with_cones) {
    rows = n;
    types = k;
    variables = of_a_row;
    stride = most;
    cones = with_cones;
    matrix.assign(rows * stride * variables, 0.0);
    theta_column.assign(rows * stride, 0.0);
    uses.assign(rows * types, 0.0);
    count.assign(rows, 1.0);
    constraints.assign(rows, stride);
    cost.own.assign(rows * variables, 0.0);
    cost.theta = 0;
    limit.own.assign(rows * stride, 0.0);
    limit.capacity.assign(types, 0.0);
  }
  double& g(std::size_t i, std::size_t r, std::size_t j) { return matrix[(i * stride + r) * variables + j]; }
  double g(std::size_t i, std::size_t r, std::size_t j) const { return matrix[(i * stride + r) * variables + j]; }
  void share_and_time(std::size_t i, double size) {
    for (std::size_t k = 0; k < types; ++k) {
      g(i, k, k) = -1;
      g(i, types, k) = 1;
      uses[i * types + k] = size;
    }
    limit.own[i * stride + types] = 1;
  }
};

/// The solver's way through a program, which is changed on it: scaled, and turned into the cones' coordinates.
class Path : public Program {
 public:
  /// False where it does not get near an optimum.
  bool run();
  // Where it ended, in units of the program as it was given.
  const Primal& found() const { return found_; }
  const Dual& prices() const { return price_; }
  int steps() const { return steps_; }
  bool narrow = false;  ///< does without wide registers

 private:
  std::size_t cone_at(std::size_t i) const { return i * stride + stride - kCone; }
  std::size_t lines(std::size_t i) const { return constraints[i] - (cones ? kCone : 0); }

  void equilibrate();
  void times(const Primal& v, Dual& out) const;             // G v
  void transposed_times(const Dual& z, Primal& out) const;  // G' z
  double dot(const Primal& a, const Primal& b) const;
  double dot(const Dual& a, const Dual& b) const;
  bool factorise();
  bool factorise_blocks();
  void set_up(std::size_t i, Equations& block, std::size_t lane) const;
  template <class Border>
  void take_from_border(std::size_t group, const Lane* block, const Border& border) const;
  void eliminate(const Primal& bx, const Dual& bz, Primal& x, Dual& z);
  void eliminate_blocks(const Primal& bx, const Dual& bz, Primal& x, Dual& z);
  void into_cone(Dual& r) const;
  void scalings();
  void turn_program(std::size_t i);
  void scale(const Dual& z, Dual& out) const;  // W z
  void product(const Dual& a, const Dual& b, Dual& out) const;
  void quotient(const Dual& b, Dual& out) const;  // lambda \ b
  double room(const Dual& ds, const Dual& dz, double dtau, double dkappa) const;
  double degree() const;
  void take_lanes();
  /// Calls `use(row, lane)` for each row of a group.
  template <class Use>
  void for_rows(std::size_t group, Use use) const {
    for (std::size_t i = group * kLanes; i < std::min(rows, (group + 1) * kLanes); ++i) use(i, i % kLanes);
  }
  void keep();

  Primal found_;
  Dual price_;
  int steps_ = 0;
  std::vector<double> variable_scale_;
  double theta_scale_ = 1;
  Dual row_scale_;

  Primal x_, dx_, dx1_, rx_, b_;
  Dual s_, z_, w_, lambda_, dz_, dz1_, rz_, bz_, ds_, product_, wdz_, squares_;
  double tau_ = 1, kappa_ = 1;
  std::vector<Basis> basis_;     ///< [rows]
  std::vector<double> upright_;  ///< [rows x 3 x own + 1] the cones' part of G and h in no basis
  Dual v_;                       ///< w^2 + regularisation
  // Rows four at a time, in groups; lanes without a row are those of the unit matrix.
  std::vector<Equations> block_;  ///< [groups]
  std::vector<char> whole_;       ///< [groups] four rows, each with all constraints
  LaneVector column_, solved_;    ///< [groups x types + 1 x block] theta's and the capacities'; [groups x block]
  LaneVector count_lane_, share_, theta_lane_, use_;  ///< [groups x ...] the program's numbers
  Equations border_;
  bool wide_ = false;
};

double Path::dot(const Primal& a, const Primal& b) const {
  double sum = a.theta * b.theta;
  for (std::size_t i = 0; i < rows; ++i) {
    double own = 0;
    for (std::size_t j = i * variables; j < (i + 1) * variables; ++j) own += a.own[j] * b.own[j];
    sum += count[i] * own;
  }
  return sum;
}

double Path::dot(const Dual& a, const Dual& b) const {
  double sum = 0;
  for (std::size_t k = 0; k < types; ++k) sum += a.capacity[k] * b.capacity[k];
  for (std::size_t i = 0; i < rows; ++i) {
    double own = 0;
    for (std::size_t r = i * stride; r < i * stride + constraints[i]; ++r) own += a.own[r] * b.own[r];
    sum += count[i] * own;
  }
  return sum;
}

double Path::degree() const {
  auto sum = static_cast<double>(types);
  for (std::size_t i = 0; i < rows; ++i) sum += count[i] * static_cast<double>(lines(i) + (cones ? 1 : 0));
  return sum;
}

void Path::times(const Primal& v, Dual& out) const {
  out.own.resize(rows * stride);
  out.capacity.assign(types, 0.0);
  for (std::size_t i = 0; i < rows; ++i) {
    const double* const own = &v.own[i * variables];
    for (std::size_t r = 0; r < constraints[i]; ++r) {
      const double* const row = &matrix[(i * stride + r) * variables];
      double sum = theta_column[i * stride + r] * v.theta;
      for (std::size_t j = 0; j < variables; ++j) sum += row[j] * own[j];
      out.own[i * stride + r] = sum;
    }
    for (std::size_t k = 0; k < types; ++k) out.capacity[k] += count[i] * uses[i * types + k] * own[k];
  }
}

void Path::transposed_times(const Dual& z, Primal& out) const {
  out.own.resize(rows * variables);
  out.theta = 0;
  for (std::size_t i = 0; i < rows; ++i) {
    double* const own = &out.own[i * variables];
    std::fill_n(own, variables, 0.0);
    double theta = 0;
    for (std::size_t r = 0; r < constraints[i]; ++r) {
      const double* const row = &matrix[(i * stride + r) * variables];
      const double value = z.own[i * stride + r];
      for (std::size_t j = 0; j < variables; ++j) own[j] += row[j] * value;
      theta += theta_column[i * stride + r] * value;
    }
    for (std::size_t k = 0; k < types; ++k) own[k] += uses[i * types + k] * z.capacity[k];
    out.theta += count[i] * theta;
  }
}

/// Ruiz's equilibration in the largest norm; the constraints of a cone keep one scale, from the sum of theirs.
void Path::equilibrate() {
  constexpr double kNothing = 1e-6;
  const auto root = [](double most) { return most < kNothing ? 1 : std::sqrt(most); };
  variable_scale_.assign(rows * variables, 1.0);
  theta_scale_ = 1;
  row_scale_.own.assign(rows * stride, 1.0);
  row_scale_.capacity.assign(types, 1.0);
  std::vector<double>&variable = b_.own, &constraint = bz_.own;
  for (int round = 0; round < kScalingRounds; ++round) {
    variable.assign(rows * variables, 0.0);
    constraint.assign(rows * stride, 0.0);
    std::array<double, kMaxTypes> capacity{};
    double theta = 0;
    for (std::size_t i = 0; i < rows; ++i) {
      for (std::size_t r = 0; r < constraints[i]; ++r) {
        double& most = constraint[i * stride + r];
        for (std::size_t j = 0; j < variables; ++j) {
          const double value = std::abs(g(i, r, j));
          most = std::max(most, value);
          variable[i * variables + j] = std::max(variable[i * variables + j], value);
        }
        most = std::max(most, std::abs(theta_column[i * stride + r]));
        theta = std::max(theta, std::abs(theta_column[i * stride + r]));
      }
      for (std::size_t k = 0; k < types; ++k) {
        variable[i * variables + k] = std::max(variable[i * variables + k], uses[i * types + k]);
        capacity[k] = std::max(capacity[k], uses[i * types + k]);
      }
      if (cones) {
        double* const cone = &constraint[cone_at(i)];
        const double sum = cone[0] + cone[1] + cone[2];
        std::fill_n(cone, kCone, sum);
      }
    }
    for (double& value : variable) value = root(value);
    for (double& value : constraint) value = root(value);
    theta = root(theta);
    for (double& value : capacity) value = root(value);
    for (std::size_t i = 0; i < rows; ++i) {
      for (std::size_t r = 0; r < constraints[i]; ++r) {
        const double scale = constraint[i * stride + r];
        for (std::size_t j = 0; j < variables; ++j) g(i, r, j) /= scale * variable[i * variables + j];
        theta_column[i * stride + r] /= scale * theta;
        row_scale_.own[i * stride + r] *= scale;
      }
      for (std::size_t k = 0; k < types; ++k) uses[i * types + k] /= capacity[k] * variable[i * variables + k];
      for (std::size_t j = 0; j < variables; ++j) variable_scale_[i * variables + j] *= variable[i * variables + j];
    }
    theta_scale_ *= theta;
    for (std::size_t k = 0; k < types; ++k) row_scale_.capacity[k] *= capacity[k];
  }
  for (std::size_t j = 0; j < rows * variables; ++j) cost.own[j] /= variable_scale_[j];
  cost.theta /= theta_scale_;
  for (std::size_t r = 0; r < rows * stride; ++r) limit.own[r] /= row_scale_.own[r];
  for (std::size_t k = 0; k < types; ++k) limit.capacity[k] /= row_scale_.capacity[k];
}

/// From the scalings: each row's block, of its variables and its constraints other than the shares', and the border of
/// theta and the capacities' prices.
bool Path::factorise() {
  bool there = true;
  on_lanes(wide_, [&]() WINDROW_ON_LANES { there = factorise_blocks(); });
  return there;
}

WINDROW_ON_LANES inline bool Path::factorise_blocks() {
  for (std::size_t r = 0; r < rows * stride; ++r) v_.own[r] = w_.own[r] * w_.own[r] + kRegularisation;
  for (std::size_t k = 0; k < types; ++k) v_.capacity[k] = w_.capacity[k] * w_.capacity[k] + kRegularisation;
  border_.clear(types + 1);
  border_.at(0, 0) = lanes(kRegularisation);
  for (std::size_t k = 0; k < types; ++k) border_.at(k + 1, k + 1) = lanes(-v_.capacity[k]);
  const std::size_t first = types, kept = stride - first;  // constraints in the block
  for (std::size_t group = 0; group < block_.size(); ++group) {
    Equations& block = block_[group];
    block.clear(variables + kept);
    for (std::size_t lane = 0; lane < kLanes; ++lane) set_up(group * kLanes + lane, block, lane);
    if (!block.factorise()) return false;
    for (std::size_t c = 0; c <= types; ++c) {
      Lane* const column = &column_[(group * (types + 1) + c) * kMaxBlock];
      std::fill_n(column, variables + kept, Lane{});
      if (c == 0)
        std::copy_n(&theta_lane_[group * kept], kept, column + variables);
      else
        column[c - 1] = use_[group * types + c - 1];
      block.solve(column);
      take_from_border(group, column, [&](std::size_t r) -> Lane& { return border_.at(r, c); });
    }
  }
  return border_.factorise();
}

/// A row's block in its lane.
void Path::set_up(std::size_t i, Equations& block, std::size_t lane) const {
  const std::size_t first = types, most = stride - first;
  const std::size_t kept = i < rows ? constraints[i] - first : 0;
  for (std::size_t r = kept; r < most; ++r) block.at(variables + r, variables + r)[lane] = 1;
  if (i >= rows) {
    for (std::size_t j = 0; j < variables; ++j) block.at(j, j)[lane] = 1;
    return;
  }
  for (std::size_t j = 0; j < variables; ++j) block.at(j, j)[lane] = kRegularisation;
  for (std::size_t k = 0; k < types; ++k) block.at(k, k)[lane] += g(i, k, k) * g(i, k, k) / v_.own[i * stride + k];
  for (std::size_t r = 0; r < kept; ++r) {
    for (std::size_t j = 0; j < variables; ++j)
      block.at(variables + r, j)[lane] = block.at(j, variables + r)[lane] = g(i, first + r, j);
    block.at(variables + r, variables + r)[lane] = -v_.own[i * stride + first + r];
  }
  for (std::size_t a = 0; a < kCone && cones; ++a) {
    Triple unit{};
    unit[a] = 1;
    const Triple signs = basis_[i].signs(unit.data());
    const std::size_t at = variables + kept - kCone;
    const double w = w_.own[cone_at(i) + a];
    for (std::size_t b = 0; b < kCone; ++b)
      block.at(at + a, at + b)[lane] = -kRegularisation * signs[b] - (a == b ? w * w : 0);
  }
}

/// What the rows of a group, at `block`, take of theta's equation and of the capacities', one row after the other.
template <class Border>
WINDROW_ON_LANES inline void Path::take_from_border(std::size_t group, const Lane* block, const Border& border) const {
  const std::size_t kept = stride - types;
  const std::size_t some = std::min(kLanes, rows - group * kLanes);
  const auto take = [&](std::size_t r, const Lane& part) WINDROW_ON_LANES {
    Lane& all = border(r);
    double left = all[0];
    for (std::size_t lane = 0; lane < some; ++lane) left -= part[lane];
    all = lanes(left);
  };
  Lane along{};
  for (std::size_t r = 0; r < kept; ++r) along += theta_lane_[group * kept + r] * block[variables + r];
  take(0, count_lane_[group] * along);
  for (std::size_t k = 0; k < types; ++k) take(k + 1, count_lane_[group] * use_[group * types + k] * block[k]);
}

/// [d I, G'; G, -W^2 - d I] (x, z) = (bx, bz).
void Path::eliminate(const Primal& bx, const Dual& bz, Primal& x, Dual& z) {
  on_lanes(wide_, [&]() WINDROW_ON_LANES { eliminate_blocks(bx, bz, x, z); });
}

WINDROW_ON_LANES inline void Path::eliminate_blocks(const Primal& bx, const Dual& bz, Primal& x, Dual& z) {
  x.own.resize(rows * variables);
  z.own.resize(rows * stride);
  z.capacity.resize(types);
  alignas(sizeof(Lane)) std::array<Lane, kMaxTypes + 1> border{};
  border[0] = lanes(bx.theta);
  for (std::size_t k = 0; k < types; ++k) border[k + 1] = lanes(bz.capacity[k]);
  const std::size_t first = types, most = stride - first;
  for (std::size_t group = 0; group < block_.size(); ++group) {
    Lane* const block = &solved_[group * kMaxBlock];
    const std::size_t i = group * kLanes;
    if (whole_[group] != 0) {
      for (std::size_t j = 0; j < variables; ++j) block[j] = gather(&bx.own[i * variables + j], variables);
      for (std::size_t k = 0; k < types; ++k)
        block[k] += share_[group * types + k] * gather(&bz.own[i * stride + k], stride) /
                    gather(&v_.own[i * stride + k], stride);
      for (std::size_t r = 0; r < most; ++r) block[variables + r] = gather(&bz.own[i * stride + first + r], stride);
    } else {
      std::fill_n(block, variables + most, Lane{});
      for_rows(group, [&](std::size_t row, std::size_t lane) {
        for (std::size_t j = 0; j < variables; ++j) block[j][lane] = bx.own[row * variables + j];
        for (std::size_t k = 0; k < types; ++k)
          block[k][lane] += g(row, k, k) * bz.own[row * stride + k] / v_.own[row * stride + k];
        for (std::size_t r = 0; r < constraints[row] - first; ++r)
          block[variables + r][lane] = bz.own[row * stride + first + r];
      });
    }
    block_[group].solve(block);
    take_from_border(group, block, [&](std::size_t r) -> Lane& { return border[r]; });
  }
  border_.solve(border.data());
  x.theta = border[0][0];
  for (std::size_t k = 0; k < types; ++k) z.capacity[k] = border[k + 1][0];
  for (std::size_t group = 0; group < block_.size(); ++group) {
    Lane* const block = &solved_[group * kMaxBlock];
    for (std::size_t c = 0; c <= types; ++c) {
      const Lane* const column = &column_[(group * (types + 1) + c) * kMaxBlock];
      for (std::size_t a = 0; a < variables + most; ++a) block[a] -= border[c] * column[a];
    }
    const std::size_t i = group * kLanes;
    if (whole_[group] != 0) {
      for (std::size_t j = 0; j < variables; ++j) scatter(block[j], &x.own[i * variables + j], variables);
      for (std::size_t r = 0; r < most; ++r) scatter(block[variables + r], &z.own[i * stride + first + r], stride);
      for (std::size_t k = 0; k < types; ++k) {
        const Lane lack = share_[group * types + k] * block[k] - gather(&bz.own[i * stride + k], stride);
        scatter(lack / gather(&v_.own[i * stride + k], stride), &z.own[i * stride + k], stride);
      }
      continue;
    }
    for_rows(group, [&](std::size_t row, std::size_t lane) {
      for (std::size_t j = 0; j < variables; ++j) x.own[row * variables + j] = block[j][lane];
      for (std::size_t r = 0; r < constraints[row] - first; ++r)
        z.own[row * stride + first + r] = block[variables + r][lane];
      for (std::size_t k = 0; k < types; ++k)
        z.own[row * stride + k] = (g(row, k, k) * block[k][lane] - bz.own[row * stride + k]) / v_.own[row * stride + k];
    });
  }
}

/// Moves a point along the cones' units until it is inside by more than 0.01, as far as it takes.
void Path::into_cone(Dual& r) const {
  double most = -kOfStep;
  const auto look = [&](double value) {
    if (value <= 0) most = std::max(most, -value);
  };
  for (std::size_t i = 0; i < rows; ++i) {
    for (std::size_t at = i * stride; at < i * stride + lines(i); ++at) look(r.own[at]);
    if (cones) look(r.own[cone_at(i)] - length(r.own[cone_at(i) + 1], r.own[cone_at(i) + 2]));
  }
  for (const double value : r.capacity) look(value);
  most += 1;
  for (std::size_t i = 0; i < rows; ++i) {
    for (std::size_t at = i * stride; at < i * stride + lines(i); ++at) r.own[at] += most;
    if (cones) r.own[cone_at(i)] += most;
  }
  for (double& value : r.capacity) value += most;
}

/// Nesterov and Todd's, with the cones' bases, in which the program, s and z are from here on.
void Path::scalings() {
  for (std::size_t i = 0; i < rows; ++i) {
    for (std::size_t r = i * stride; r < i * stride + lines(i); ++r) w_.own[r] = std::sqrt(s_.own[r] / z_.own[r]);
    if (!cones) continue;
    double* const s = &s_.own[cone_at(i)];
    double* const z = &z_.own[cone_at(i)];
    const auto norm = [](const double* v) {
      const double side = length(v[1], v[2]);
      return std::sqrt((v[0] - side) * (v[0] + side));
    };
    const double sn = norm(s), zn = norm(z);
    const double gamma = std::sqrt(0.5 * (1 + (s[0] * z[0] + s[1] * z[1] + s[2] * z[2]) / (sn * zn)));
    Triple bar{};
    for (std::size_t a = 0; a < kCone; ++a) bar[a] = (s[a] / sn + (a == 0 ? 1 : -1) * z[a] / zn) / (2 * gamma);
    const double side = length(bar[1], bar[2]);
    const double eta = std::sqrt(sn / zn), far = bar[0] + side;
    Basis& basis = basis_[i];
    basis = side > 0 ? Basis{bar[1] / side, bar[2] / side} : Basis{};
    w_.own[cone_at(i)] = eta * far;
    w_.own[cone_at(i) + 1] = eta;
    w_.own[cone_at(i) + 2] = eta / far;
    turn_program(i);
    for (double* const v : {s, z}) {
      const Triple turned = basis.in(v);
      std::copy_n(turned.begin(), kCone, v);
    }
  }
  for (std::size_t k = 0; k < types; ++k) w_.capacity[k] = std::sqrt(s_.capacity[k] / z_.capacity[k]);
  scale(z_, lambda_);
}

/// The cone's rows in its basis.
void Path::turn_program(std::size_t i) {
  Triple column{};
  for (std::size_t j = 0; j < variables; ++j) {
    for (std::size_t a = 0; a < kCone; ++a) column[a] = upright_[(i * kCone + a) * (variables + 1) + j];
    const Triple turned = basis_[i].in(column.data());
    for (std::size_t a = 0; a < kCone; ++a) matrix[(cone_at(i) + a) * variables + j] = turned[a];
  }
  for (std::size_t a = 0; a < kCone; ++a) column[a] = upright_[(i * kCone + a) * (variables + 1) + variables];
  const Triple turned = basis_[i].in(column.data());
  std::copy_n(turned.begin(), kCone, &limit.own[cone_at(i)]);
}

/// W z
void Path::scale(const Dual& z, Dual& out) const {
  out.own.resize(rows * stride);
  out.capacity.resize(types);
  for (std::size_t r = 0; r < rows * stride; ++r) out.own[r] = w_.own[r] * z.own[r];
  for (std::size_t k = 0; k < types; ++k) out.capacity[k] = w_.capacity[k] * z.capacity[k];
}

void Path::product(const Dual& a, const Dual& b, Dual& out) const {
  out.own.resize(rows * stride);
  out.capacity.resize(types);
  for (std::size_t i = 0; i < rows; ++i) {
    for (std::size_t r = i * stride; r < i * stride + lines(i); ++r) out.own[r] = a.own[r] * b.own[r];
    if (!cones) continue;
    const Triple u = basis_[i].out(&a.own[cone_at(i)]), v = basis_[i].out(&b.own[cone_at(i)]);
    const Triple upright{u[0] * v[0] + u[1] * v[1] + u[2] * v[2], u[0] * v[1] + v[0] * u[1], u[0] * v[2] + v[0] * u[2]};
    const Triple result = basis_[i].in(upright.data());
    std::copy_n(result.begin(), kCone, &out.own[cone_at(i)]);
  }
  for (std::size_t k = 0; k < types; ++k) out.capacity[k] = a.capacity[k] * b.capacity[k];
}

void Path::quotient(const Dual& b, Dual& out) const {
  out.own.resize(rows * stride);
  out.capacity.resize(types);
  for (std::size_t i = 0; i < rows; ++i) {
    for (std::size_t r = i * stride; r < i * stride + lines(i); ++r) out.own[r] = b.own[r] / lambda_.own[r];
    if (!cones) continue;
    const Triple u = basis_[i].out(&lambda_.own[cone_at(i)]), w = basis_[i].out(&b.own[cone_at(i)]);
    const double rho = u[0] * u[0] - u[1] * u[1] - u[2] * u[2];
    const double zeta = u[1] * w[1] + u[2] * w[2];
    const double factor = (zeta / u[0] - w[0]) / rho;
    const Triple upright{(u[0] * w[0] - zeta) / rho, factor * u[1] + w[1] / u[0], factor * u[2] + w[2] / u[0]};
    const Triple result = basis_[i].in(upright.data());
    std::copy_n(result.begin(), kCone, &out.own[cone_at(i)]);
  }
  for (std::size_t k = 0; k < types; ++k) out.capacity[k] = b.capacity[k] / lambda_.capacity[k];
}

/// How far a step may go, ds and dz scaled as lambda is.
double Path::room(const Dual& ds, const Dual& dz, double dtau, double dkappa) const {
  constexpr double kFar = 1e13;
  double least = 0;  // what rises is no limit
  Lane lowest{};
  const auto look = [&](double step, double from) { least = std::min(least, step / from); };
  for (std::size_t i = 0; i < rows; ++i) {
    std::size_t r = i * stride;
    for (; r + kLanes <= i * stride + lines(i); r += kLanes) {
      const Lane from = load(&lambda_.own[r]);
      lowest = min(min(load(&ds.own[r]) / from, load(&dz.own[r]) / from), lowest);
    }
    for (; r < i * stride + lines(i); ++r) {
      look(ds.own[r], lambda_.own[r]);
      look(dz.own[r], lambda_.own[r]);
    }
  }
  for (std::size_t lane = 0; lane < kLanes; ++lane) least = std::min(least, lowest[lane]);
  for (std::size_t k = 0; k < types; ++k) {
    look(ds.capacity[k], lambda_.capacity[k]);
    look(dz.capacity[k], lambda_.capacity[k]);
  }
  double step = least < 0 ? -1 / least : kFar;
  for (const double reach : {-tau_ / dtau, -kappa_ / dkappa})
    if (reach > 0) step = std::min(step, reach);
  for (std::size_t i = 0; i < rows && cones; ++i) {
    const Triple u = basis_[i].out(&lambda_.own[cone_at(i)]);
    const double norm = std::sqrt(u[0] * u[0] - u[1] * u[1] - u[2] * u[2]);
    const Triple bar{u[0] / norm, u[1] / norm, u[2] / norm};
    const auto depth = [&](const double* turned) {
      const Triple d = basis_[i].out(turned);
      const double along = (bar[0] * d[0] - bar[1] * d[1] - bar[2] * d[2]) / norm;
      const double factor = (along + d[0] / norm) / (bar[0] + 1);
      return length(d[1] / norm - factor * bar[1], d[2] / norm - factor * bar[2]) - along;
    };
    const double most = std::max(depth(&ds.own[cone_at(i)]), depth(&dz.own[cone_at(i)]));
    if (most > 0) step = std::min(step, 1 / most);
  }
  return std::clamp(step, kLeastStep, kMostStep);
}

/// The iterate as an answer, in units of the program as it was given.
void Path::keep() {
  found_ = x_;
  for (std::size_t j = 0; j < found_.own.size(); ++j) found_.own[j] /= tau_ * variable_scale_[j];
  found_.theta /= tau_ * theta_scale_;
  price_ = z_;
  for (std::size_t r = 0; r < price_.own.size(); ++r) price_.own[r] /= tau_ * row_scale_.own[r];
  for (std::size_t k = 0; k < types; ++k) price_.capacity[k] /= tau_ * row_scale_.capacity[k];
}

/// The program as blocks see it. Rows with fewer constraints than others have zeros in what is left.
void Path::take_lanes() {
  wide_ = has_wide_registers() && !narrow;
  const std::size_t groups = (rows + kLanes - 1) / kLanes, kept = stride - types;
  block_.resize(groups);
  column_.resize(groups * (types + 1) * kMaxBlock);
  solved_.resize(groups * kMaxBlock);
  count_lane_.assign(groups, Lane{});
  theta_lane_.assign(groups * kept, Lane{});
  use_.assign(groups * types, Lane{});
  share_.assign(groups * types, Lane{});
  whole_.assign(groups, 1);
  if (rows % kLanes != 0) whole_.back() = 0;
  for (std::size_t i = 0; i < rows; ++i) {
    const std::size_t group = i / kLanes, lane = i % kLanes;
    count_lane_[group][lane] = count[i];
    for (std::size_t r = 0; r < constraints[i] - types; ++r)
      theta_lane_[group * kept + r][lane] = theta_column[i * stride + types + r];
    if (constraints[i] < stride) whole_[group] = 0;
    for (std::size_t k = 0; k < types; ++k) {
      use_[group * types + k][lane] = uses[i * types + k];
      share_[group * types + k][lane] = g(i, k, k);
    }
  }
}

bool Path::run() {
  equilibrate();
  const auto zero = [&](Primal& v) {
    v.own.assign(rows * variables, 0.0);
    v.theta = 0;
  };
  const auto fill = [&](Dual& v, double value) {
    v.own.assign(rows * stride, value);
    v.capacity.assign(types, value);
  };
  basis_.assign(cones ? rows : 0, Basis{});
  upright_.resize(cones ? rows * kCone * (variables + 1) : 0);
  for (std::size_t i = 0; i < rows && cones; ++i)
    for (std::size_t a = 0; a < kCone; ++a) {
      double* const row = &upright_[(i * kCone + a) * (variables + 1)];
      std::copy_n(&matrix[(cone_at(i) + a) * variables], variables, row);
      row[variables] = limit.own[cone_at(i) + a];
    }
  fill(w_, 1);
  fill(v_, 1);
  take_lanes();
  if (!factorise()) return false;
  zero(b_);
  eliminate(b_, limit, x_, s_);
  multiply(s_, -1);
  into_cone(s_);
  Primal minus_c = cost;
  multiply(minus_c, -1);
  fill(bz_, 0);
  eliminate(minus_c, bz_, dx_, z_);
  into_cone(z_);
  tau_ = kappa_ = 1;

  const double norm_c = std::max(1.0, std::sqrt(dot(cost, cost))), norm_h = std::max(1.0, std::sqrt(dot(limit, limit)));
  const double all = degree() + 1;
  double best = HUGE_VAL;
  for (steps_ = 0; steps_ < kMaxSteps; ++steps_) {
    scalings();
    transposed_times(z_, rx_);
    for (std::size_t j = 0; j < rx_.own.size(); ++j) rx_.own[j] = -rx_.own[j] - tau_ * cost.own[j];
    rx_.theta = -rx_.theta - tau_ * cost.theta;
    times(x_, rz_);
    for (std::size_t r = 0; r < rz_.own.size(); ++r) rz_.own[r] += s_.own[r] - tau_ * limit.own[r];
    for (std::size_t k = 0; k < types; ++k) rz_.capacity[k] += s_.capacity[k] - tau_ * limit.capacity[k];
    const double cx = dot(cost, x_), hz = dot(limit, z_);
    const double rt = kappa_ + cx + hz;
    const double gap = dot(s_, z_);
    const double mu = (gap + kappa_ * tau_) / all;
    if (!std::isfinite(mu) || !(gap > 0)) break;
    const double norm_x = std::sqrt(dot(x_, x_)), norm_z = std::sqrt(dot(z_, z_)), norm_s = std::sqrt(dot(s_, s_));
    const double primal = std::sqrt(dot(rz_, rz_)) / std::max(norm_h + norm_x + norm_s, 1.0) / tau_;
    const double dual = std::sqrt(dot(rx_, rx_)) / std::max(norm_c + norm_z, 1.0) / tau_;
    const double relative = cx < 0 ? gap * tau_ / -cx : hz < 0 ? gap * tau_ / -hz : HUGE_VAL;
    const double distance = std::max({primal, dual, std::min(gap, relative)});
    if (distance < best) {
      best = distance;
      keep();
    }
    if ((cx < 0 || -hz >= -kTolerance) && distance < kTolerance) return true;

    if (!factorise()) break;
    eliminate(minus_c, limit, dx1_, dz1_);
    // Straight to the optimum, to see how far that goes.
    bz_ = s_;
    add(bz_, -1, rz_);
    eliminate(rx_, bz_, dx_, dz_);
    const double denominator = kappa_ / tau_ - dot(cost, dx1_) - dot(limit, dz1_);
    double dtau = (rt - kappa_ + dot(cost, dx_) + dot(limit, dz_)) / denominator;
    add(dz_, dtau, dz1_);
    scale(dz_, wdz_);
    ds_ = wdz_;
    multiply(ds_, -1);
    add(ds_, -1, lambda_);
    double dkappa = -kappa_ - kappa_ / tau_ * dtau;
    const double free = 1 - room(ds_, wdz_, dtau, dkappa);
    const double centring = std::clamp(free * free * free, kLeastCentring, 1.0);
    // The step itself, corrected by what the first one leaves out.
    product(lambda_, lambda_, squares_);
    product(ds_, wdz_, product_);
    add(squares_, 1, product_);
    for (std::size_t i = 0; i < rows; ++i) {
      for (std::size_t r = i * stride; r < i * stride + lines(i); ++r) squares_.own[r] -= centring * mu;
      for (std::size_t a = 0; a < kCone && cones; a += 2) squares_.own[cone_at(i) + a] -= Basis::kRoot * centring * mu;
    }
    for (double& value : squares_.capacity) value -= centring * mu;
    quotient(squares_, ds_);
    scale(ds_, bz_);
    add(bz_, -(1 - centring), rz_);
    b_ = rx_;
    multiply(b_, 1 - centring);
    eliminate(b_, bz_, dx_, dz_);
    const double both = kappa_ * tau_ + dkappa * dtau - centring * mu;
    dtau = ((1 - centring) * rt - both / tau_ + dot(cost, dx_) + dot(limit, dz_)) / denominator;
    add(dx_, dtau, dx1_);
    add(dz_, dtau, dz1_);
    scale(dz_, wdz_);
    add(ds_, 1, wdz_);
    multiply(ds_, -1);
    dkappa = -(both + kappa_ * dtau) / tau_;
    const double step = kOfStep * room(ds_, wdz_, dtau, dkappa);
    scale(ds_, bz_);
    add(x_, step, dx_);
    add(z_, step, dz_);
    add(s_, step, bz_);
    for (std::size_t i = 0; i < rows && cones; ++i)
      for (Dual* const v : {&s_, &z_}) {
        const Triple upright = basis_[i].out(&v->own[cone_at(i)]);
        std::copy_n(upright.begin(), kCone, &v->own[cone_at(i)]);
      }
    tau_ += step * dtau;
    kappa_ += step * dkappa;
  }
  return best < kInaccurate;
}

}  // namespace

struct EmbeddingSolver::Rooms {
  Path path;
};

EmbeddingSolver::EmbeddingSolver() : rooms_(std::make_unique<Rooms>()) {}
EmbeddingSolver::~EmbeddingSolver() = default;
EmbeddingSolver::EmbeddingSolver(EmbeddingSolver&&) noexcept = default;
EmbeddingSolver& EmbeddingSolver::operator=(EmbeddingSolver&&) noexcept = default;

void EmbeddingSolver::narrow() {
  rooms_->path.narrow = true;
}

void EmbeddingSolver::solve(const Problem& problem, Solution& solution) {
  solve(problem, false, solution);
}

void EmbeddingSolver::solve_round(const Problem& problem, Solution& solution) {
  solve(problem, true, solution);
}

void EmbeddingSolver::solve(const Problem& problem, bool round, Solution& solution) {
  Path& path = rooms_->path;
  const std::size_t n = problem.rows(), types = problem.types();
  solution = {};
  solution.method = Method::embedding;
  if (types > kMaxTypes) return;
  // Rows to which nothing is allowed stand apart; a part of a row cannot be forbidden to that solver.
  std::vector<std::size_t> kept;
  double most = 0;
  for (std::size_t i = 0; i < n; ++i) {
    std::size_t open = 0;
    for (std::size_t k = 0; k < types; ++k) {
      open += problem.allows(i, k) ? 1 : 0;
      most = std::max(most, problem.size[i] * problem.rate_of(i, k));
    }
    if (open == types) kept.push_back(i);
    if (open != types && (open > 0 || problem.demands(i))) return;
  }
  path.shape(kept.size(), types, types, types + (round ? 3 : 2), false);
  path.limit.capacity = problem.capacity;
  path.cost.theta = -problem.theta_gain;
  const std::size_t raised = types + (round ? 2 : 1);  // which constraint has theta
  for (std::size_t c = 0; c < kept.size(); ++c) {
    const std::size_t i = kept[c];
    path.share_and_time(c, problem.size[i]);
    path.count[c] = problem.count_of(i);
    double* const theta = &path.theta_column[c * path.stride];
    double* const h = &path.limit.own[c * path.stride];
    for (std::size_t k = 0; k < types; ++k) path.cost.own[c * types + k] = -problem.gain_of(i, k);
    if (round) {
      for (std::size_t k = 0; k < types; ++k) path.g(c, types + 1, k) = -problem.rate_of(i, k);
      h[types + 1] = -problem.floor_of(i);
      theta[raised] = 1;
      if (problem.weight[i] <= 0) {
        h[raised] = most;
        continue;
      }
    } else if (!problem.demands(i)) {
      path.constraints[c] = types + 1;
      continue;
    }
    const double unit = problem.weight[i] > 0 ? problem.weight[i] : 1;
    for (std::size_t k = 0; k < types; ++k) path.g(c, raised, k) = -problem.rate_of(i, k) / unit;
    if (problem.weight[i] > 0) theta[raised] = 1;
    h[raised] = -problem.floor_of(i) / unit;
  }
  const bool found = path.run();
  solution.rounds = path.steps();
  if (!found) return;
  solution.status = Status::optimal;
  solution.x.assign(n * types, 0.0);
  solution.rate_price.assign(n, 0.0);
  for (std::size_t c = 0; c < kept.size(); ++c) {
    const std::size_t i = kept[c];
    for (std::size_t k = 0; k < types; ++k)
      solution.x[i * types + k] = std::clamp(path.found().own[c * types + k], 0.0, 1.0);
    const double* const price = &path.prices().own[c * path.stride];
    if (round || problem.demands(i))
      solution.rate_price[i] = std::max(0.0, price[raised]) / (problem.weight[i] > 0 ? problem.weight[i] : 1) +
                               (round ? std::max(0.0, price[types + 1]) : 0);
  }
  for (const double price : path.prices().capacity) solution.price.push_back(std::max(0.0, price));
  judge(problem, solution);
  // That solver's tolerances are absolute: where numbers are small, anything is within them.
  // A round may raise nobody, which is nothing in relative terms.
  const bool asks = !round && (problem.theta_gain > 0 || !problem.gain.empty());
  if ((asks && !(solution.gap <= kWorstGap)) || violation(problem, solution.x, solution.theta) > kWorstViolation)
    solution.status = Status::failed;
}

void EmbeddingSolver::solve(const FinishTimes& times, Solution& solution) {
  Path& path = rooms_->path;
  const Problem& region = times.region;
  solution = {};
  solution.method = Method::embedding;
  const std::size_t types = region.types();
  if (types > kMaxTypes) return;
  std::vector<std::size_t> kept;
  for (std::size_t i = 0; i < region.rows(); ++i) {
    if (times.steps[i] <= 0) continue;
    for (std::size_t k = 0; k < types; ++k)
      if (!region.allows(i, k)) return;
    kept.push_back(i);
  }
  path.shape(kept.size(), types, types + 1, types + 2 + kCone, true);
  path.cost.theta = 1;
  path.limit.capacity = region.capacity;
  for (std::size_t c = 0; c < kept.size(); ++c) {
    const std::size_t i = kept[c];
    path.share_and_time(c, region.size[i]);
    double* const h = &path.limit.own[c * path.stride];
    // elapsed / fair + steps / fair u <= rho
    path.g(c, types + 1, types) = times.steps[i] / times.fair_s[i];
    path.theta_column[c * path.stride + types + 1] = -1;
    h[types + 1] = -times.elapsed_s[i] / times.fair_s[i];
    // u rate >= 1: (rate + u, rate - u, 2) in the cone
    for (std::size_t k = 0; k < types; ++k) path.g(c, types + 2, k) = path.g(c, types + 3, k) = -region.rate_of(i, k);
    path.g(c, types + 2, types) = -1;
    path.g(c, types + 3, types) = 1;
    h[types + 4] = 2;
  }
  const bool found = path.run();
  solution.rounds = path.steps();
  if (!found) return;
  solution.status = Status::optimal;
  solution.theta = path.found().theta;
  solution.x.assign(region.rows() * types, 0.0);
  for (std::size_t c = 0; c < kept.size(); ++c)
    for (std::size_t k = 0; k < types; ++k)
      solution.x[kept[c] * types + k] = std::clamp(path.found().own[c * (types + 1) + k], 0.0, 1.0);
}

}  // namespace windrow::solve
