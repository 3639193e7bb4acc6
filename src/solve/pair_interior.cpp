#include "solve/pair_interior.hpp"

#include <algorithm>
#include <cmath>

namespace windrow::solve {
namespace {

constexpr int kMaxSteps = 100;
constexpr int kPatience = 12;  // steps in which the distance to the optimum must shrink by a tenth
constexpr int kCentringSteps = 8;
constexpr double kCentred = 1e-6;  // largest relative distance of a product from its target
constexpr double kToBoundary = 0.9995;
constexpr double kTooShort = 0.1;  // of a step: then the direction is taken anew, without its second order ...
constexpr double kCautious = 0.3;  // ... to this part of the products
constexpr int kMaxRefinements = 6;
constexpr double kProximal = 1e-8;  // what keeps equalities that follow from each other from being singular
constexpr double kFar = 1e-3;       // gap above which nothing needs refinement
constexpr double kRefined = 1e-20;  // square of the relative error at which refinement ends
constexpr std::size_t kPanel = 8;

double dot(const double* a, const double* b, std::size_t n) {
  double s0 = 0, s1 = 0, s2 = 0, s3 = 0;
  std::size_t i = 0;
  for (; i + 4 <= n; i += 4) {
    s0 += a[i] * b[i];
    s1 += a[i + 1] * b[i + 1];
    s2 += a[i + 2] * b[i + 2];
    s3 += a[i + 3] * b[i + 3];
  }
  for (; i < n; ++i) s0 += a[i] * b[i];
  return (s0 + s1) + (s2 + s3);
}

double dot(const std::vector<double>& a, const std::vector<double>& b) {
  return dot(a.data(), b.data(), std::min(a.size(), b.size()));
}

/// The first `columns` columns of a symmetric matrix of `lead` rows; what is left below and right of them is reduced by
/// them. `whole`: the diagonal before. Panels of columns, so that what is far away is read once per panel.
void factor_columns(double* a, std::size_t columns, std::size_t lead, const double* whole) {
  for (std::size_t p = 0; p < columns; p += kPanel) {
    const std::size_t end = std::min(columns, p + kPanel);
    for (std::size_t c = p; c < end; ++c) {
      double* const column = a + c * lead;
      for (std::size_t q = p; q < c; ++q) {
        const double* const other = a + q * lead;
        const double times = other[c];
        for (std::size_t r = c; r < lead; ++r) column[r] -= times * other[r];
      }
      const double pivot = std::sqrt(std::max(column[c], 1e-15 * whole[c]));
      column[c] = pivot;
      for (std::size_t r = c + 1; r < lead; ++r) column[r] /= pivot;
    }
    if (end - p == kPanel) {
      const double* const b = a + p * lead;
      for (std::size_t c = end; c < lead; ++c) {
        double* const column = a + c * lead;
        const double t0 = b[c], t1 = b[c + lead], t2 = b[c + 2 * lead], t3 = b[c + 3 * lead];
        const double t4 = b[c + 4 * lead], t5 = b[c + 5 * lead], t6 = b[c + 6 * lead], t7 = b[c + 7 * lead];
        for (std::size_t r = c; r < lead; ++r)
          column[r] -= ((t0 * b[r] + t1 * b[r + lead]) + (t2 * b[r + 2 * lead] + t3 * b[r + 3 * lead])) +
                       ((t4 * b[r + 4 * lead] + t5 * b[r + 5 * lead]) + (t6 * b[r + 6 * lead] + t7 * b[r + 7 * lead]));
      }
      continue;
    }
    for (std::size_t q = p; q < end; ++q) {
      const double* const other = a + q * lead;
      for (std::size_t c = end; c < lead; ++c) {
        double* const column = a + c * lead;
        const double times = other[c];
        for (std::size_t r = c; r < lead; ++r) column[r] -= times * other[r];
      }
    }
  }
}

}  // namespace

void BorderedCholesky::shape(const std::vector<std::size_t>& sizes, std::size_t border) {
  border_ = border;
  blocks_.clear();
  std::size_t start = 0;
  rows_ = 0;
  for (const std::size_t size : sizes) {
    blocks_.push_back({start, rows_, size, size + border});
    start += (size + border) * (size + border);
    rows_ += size;
  }
  values_.assign(start, 0.0);
  corner_.assign(border * border, 0.0);
}

void BorderedCholesky::clear() {
  std::fill(values_.begin(), values_.end(), 0.0);
  std::fill(corner_.begin(), corner_.end(), 0.0);
}

void BorderedCholesky::factor() {
  for (const Block& block : blocks_) {
    double* const a = &values_[block.start];
    whole_.resize(block.size);
    for (std::size_t c = 0; c < block.size; ++c) whole_[c] = a[c * block.lead + c];
    factor_columns(a, block.size, block.lead, whole_.data());
  }
  whole_.resize(border_);
  for (std::size_t c = 0; c < border_; ++c) whole_[c] = corner_[c * border_ + c];
  for (const Block& block : blocks_)
    for (std::size_t c = 0; c < border_; ++c)
      for (std::size_t r = c; r < border_; ++r)
        corner_[c * border_ + r] += values_[block.start + (block.size + c) * block.lead + block.size + r];
  factor_columns(corner_.data(), border_, border_, whole_.data());
}

void BorderedCholesky::solve(std::vector<double>& right) const {
  double* const tail = right.data() + rows_;
  for (const Block& block : blocks_) {
    double* const b = right.data() + block.first;
    for (std::size_t c = 0; c < block.size; ++c) {
      const double* const column = &values_[block.start + c * block.lead];
      const double value = b[c] /= column[c];
      for (std::size_t r = c + 1; r < block.size; ++r) b[r] -= value * column[r];
      for (std::size_t r = 0; r < border_; ++r) tail[r] -= value * column[block.size + r];
    }
  }
  for (std::size_t c = 0; c < border_; ++c) {
    tail[c] /= corner_[c * border_ + c];
    for (std::size_t r = c + 1; r < border_; ++r) tail[r] -= tail[c] * corner_[c * border_ + r];
  }
  for (std::size_t c = border_; c-- > 0;) {
    for (std::size_t r = c + 1; r < border_; ++r) tail[c] -= tail[r] * corner_[c * border_ + r];
    tail[c] /= corner_[c * border_ + c];
  }
  for (const Block& block : blocks_) {
    double* const b = right.data() + block.first;
    for (std::size_t c = block.size; c-- > 0;) {
      const double* const column = &values_[block.start + c * block.lead];
      double sum = b[c] - dot(column + c + 1, b + c + 1, block.size - c - 1);
      for (std::size_t r = 0; r < border_; ++r) sum -= tail[r] * column[block.size + r];
      b[c] = sum / column[c];
    }
  }
}

bool PairInterior::run(const Problem& alone, const Ways& ways, double target_gap, const FinishTimes* times, double rho,
                       const Tight* tight) {
  target_ = target_gap;
  rounds_ = 0;
  if (!set_up(alone, ways, times, rho, tight)) return false;
  begin();
  int left = -1;  // centring steps still to do, once the gap is reached
  double best = HUGE_VAL;
  int stuck = 0;
  double mark = HUGE_VAL;  // what was reached when it last got better
  int idle = 0;
  for (int step = 0; step < kMaxSteps; ++step) {
    demand();
    residuals();
    rounds_ = step;
    if (!std::isfinite(gap_) || (best < 1e-6 && gap_ > 1e4 * std::max(best, target_))) return false;
    // Where rounding stops the gap short of the target, it is held there.
    stuck = gap_ > 0.9 * best ? stuck + 1 : 0;
    best = std::min(best, gap_);
    if (stuck >= 3 && left < 0 && gap_ < 5e-7) target_ = gap_;
    const double merit = std::max({gap_, primal_, dual_});
    ++idle;
    if (merit < 0.9 * mark) mark = merit, idle = 0;
    if (left < 0 && idle > kPatience) return false;
    if (left < 0 && gap_ <= 2 * target_ && primal_ < 1e-7 && dual_ < 1e-7) left = kCentringSteps;
    if (left > 0 && left < kCentringSteps && off_centre() < kCentred) left = 0;
    if (left == 0) {
      if (!(primal_ < 1e-6)) return false;
      theta_ = by_rho_ ? -theta_ * rho_unit_ : theta_ * theta_unit_;
      return true;
    }
    assemble();
    std::pair<double, double> length{0, 0};
    if (left > 0) {
      --left;
      direction<false>(held_mu());
    } else {
      direction<false>(0);
      const auto [primal, dual] = lengths(1);
      const double sigma = std::pow(products(primal, dual) / total_ / mu_, 3);
      direction<true>(std::max(sigma * mu_, held_mu()));
      length = lengths(kToBoundary);
      if (std::min(length.first, length.second) < kTooShort) {
        direction<false>(std::max(kCautious * mu_, held_mu()));
        length = {0, 0};
      }
    }
    if (length.first == 0) length = lengths(kToBoundary);
    const auto [primal, dual] = length;
    theta_ += primal * dtheta_;
    for (std::size_t j = 0; j < columns_; ++j) x_[j] += primal * dx_[j], z_[j] += dual * dz_[j];
    for (std::size_t r = 0; r < rows_; ++r) s_[r] += primal * ds_[r], y_[r] += dual * dy_[r];
  }
  return false;
}

/// Numbers the rows: by size, each row's time and then its demand; the types' capacities last.
bool PairInterior::set_up(const Problem& alone, const Ways& ways, const FinishTimes* times, double rho,
                          const Tight* tight) {
  const std::size_t n = alone.rows();
  if (!ways.possible || ways.list.empty()) return false;
  by_rho_ = times != nullptr;
  scale_ = ways.scale;
  std::vector<double>& sizes = residual_;
  sizes.assign(alone.size.begin(), alone.size.end());
  std::sort(sizes.begin(), sizes.end());
  sizes.erase(std::unique(sizes.begin(), sizes.end()), sizes.end());
  const auto demands = [&](std::size_t i) { return by_rho_ ? times->steps[i] > 0 : alone.demands(i); };
  time_row_.assign(n, -1);
  rate_row_.assign(n, -1);
  block_of_.assign(n, 0);
  blocks_.clear();
  first_.clear();
  limit_.clear();
  row_size_.clear();
  row_copies_.clear();
  slope_.clear();
  finish_.clear();
  double weights = 0;
  for (std::size_t g = 0; g < sizes.size(); ++g) {
    first_.push_back(limit_.size());
    for (std::size_t i = 0; i < n; ++i) {
      if (alone.size[i] != sizes[g]) continue;
      const double m = alone.count_of(i);
      block_of_[i] = static_cast<int>(g);
      time_row_[i] = static_cast<int>(limit_.size());
      limit_.push_back(m);
      slope_.push_back(0);
      row_size_.push_back(m);
      row_copies_.push_back(m);
      if (!demands(i)) continue;
      rate_row_[i] = static_cast<int>(limit_.size());
      if (by_rho_) {
        finish_.push_back({limit_.size(), times->steps[i], times->elapsed_s[i], times->fair_s[i], m / scale_[i]});
        limit_.push_back(0);
        slope_.push_back(0);
      } else {
        limit_.push_back(-m * alone.floor_of(i) / scale_[i]);
        slope_.push_back(m * alone.weight[i] * ways.theta_unit / scale_[i]);
        weights += slope_.back();
      }
      row_size_.push_back(m);
      row_copies_.push_back(m);
    }
    blocks_.push_back(limit_.size() - first_.back());
  }
  capacity_row_.assign(alone.types(), -1);
  std::size_t border = 0;
  for (std::size_t k = 0; k < alone.types(); ++k) {
    if (alone.capacity[k] <= 0) continue;
    capacity_row_[k] = static_cast<int>(limit_.size());
    ++border;
    limit_.push_back(alone.capacity[k]);
    slope_.push_back(0);
    row_size_.push_back(std::max(alone.capacity[k], 1.0));
    row_copies_.push_back(1);
  }
  rows_ = limit_.size();
  level_.assign(rows_, 0.0);
  equal_.assign(rows_, 0);
  if (tight != nullptr) {
    const auto mark = [&](const std::vector<char>& which, const std::vector<int>& rows) {
      for (std::size_t i = 0; i < which.size(); ++i)
        if (which[i] != 0 && rows[i] >= 0) equal_[static_cast<std::size_t>(rows[i])] = 1;
    };
    mark(tight->time, time_row_);
    mark(tight->rate, rate_row_);
    mark(tight->capacity, capacity_row_);
  }
  normal_.shape(blocks_, border);

  theta_unit_ = ways.theta_unit;
  theta_ = 0;
  curve_ = 0;
  gain_ = 0;
  value_unit_ = ways.value_unit;
  if (by_rho_) {
    rho_unit_ = rho;
    rho_least_ = 0;
    for (const Finish& one : finish_) rho_least_ = std::max(rho_least_, one.elapsed / one.fair / rho);
    theta_ = -1.5;
    demand();
    for (const double slope : slope_) gain_ += slope;  // then the duals of rates are 1 on average
    if (!(gain_ > 0)) return false;
    value_unit_ = 1;
  } else {
    if ((alone.theta_gain > 0) != (weights > 0)) return false;
    if (weights > 0) value_unit_ = alone.theta_gain * theta_unit_ / weights;
    gain_ = weights;
  }

  columns_ = ways.list.size();
  ways_.clear();
  cells_.clear();
  runs_.clear();
  copies_.clear();
  const int nothing = static_cast<int>(rows_);
  const auto known = [nothing](int row) { return row < 0 ? nothing : row; };
  for (const Way& way : ways.list) {
    const auto i = static_cast<std::size_t>(way.first);
    const int t1 = time_row_[i];
    const int t2 = way.second == kNobody ? nothing : time_row_[static_cast<std::size_t>(way.second)];
    const bool same_run = !runs_.empty() && runs_.back().t1 == t1 && runs_.back().u == way.first_time;
    if (!same_run) runs_.push_back({t1, known(rate_row_[i]), block_of_[i], 0, way.first_time, alone.size[i]});
    if (!same_run || cells_.back().t2 != t2)
      cells_.push_back(
          {t2, way.second == kNobody ? nothing : known(rate_row_[static_cast<std::size_t>(way.second)]), 0});
    runs_.back().end = cells_.size();
    Column column{capacity_row_[static_cast<std::size_t>(way.type)], 0, 0, way.gain / value_unit_};
    if (rate_row_[i] >= 0) column.a = way.first_rate / scale_[i];
    if (cells_.back().r2 != nothing) column.b = way.second_rate / scale_[static_cast<std::size_t>(way.second)];
    ways_.push_back(column);
    copies_.push_back(way.copies);
    cells_.back().end = ways_.size();
  }
  for (auto* list : {&x_, &dx_, &dz_, &rd_, &cx_, &ratio_}) list->assign(columns_, 0.0);
  z_.assign(columns_, 1.0);
  for (auto* list : {&s_, &ds_, &rp_, &cs_, &share_}) list->assign(rows_, 0.0);
  for (auto* list : {&dy_, &right_, &ax_}) list->assign(rows_ + 1, 0.0);
  y_.assign(rows_ + 1, 1.0);
  y_[rows_] = 0;
  return true;
}

/// Visits every column with (j, A' y of it); what `value` returns times the column is added to `result`.
template <class Value>
void PairInterior::sweep(const std::vector<double>& y, std::vector<double>& result, Value value) const {
  const double* const from = y.data();
  double* const to = result.data();
  std::size_t j = 0;
  std::size_t cell = 0;
  for (const Run& run : runs_) {
    const double yt = run.u * from[run.t1];
    const double yr = from[run.r1];
    double time = 0;
    double rate = 0;
    for (; cell < run.end; ++cell) {
      const Cell& other = cells_[cell];
      const double both = yt + from[other.t2];
      const double y2 = from[other.r2];
      double second = 0;
      double pace = 0;
      for (; j < other.end; ++j) {
        const Column& way = ways_[j];
        const double v = value(j, both + run.s * from[way.c] - (way.a * yr + way.b * y2));
        second += v;
        pace += way.b * v;
        rate += way.a * v;
        to[way.c] += run.s * v;
      }
      time += second;
      to[other.t2] += second;
      to[other.r2] -= pace;
    }
    to[run.t1] += run.u * time;
    to[run.r1] -= rate;
  }
  result[rows_] = 0;
}

void PairInterior::begin() {
  // Every column gets an equal part of what its scarcest row has, with room left.
  std::vector<double>& load = residual_;
  load.assign(rows_ + 1, 0.0);
  const auto visit = [&](auto use) {
    std::size_t j = 0;
    std::size_t cell = 0;
    for (const Run& run : runs_)
      for (; cell < run.end; ++cell)
        for (; j < cells_[cell].end; ++j) {
          use(j, static_cast<std::size_t>(run.t1), run.u);
          use(j, static_cast<std::size_t>(cells_[cell].t2), 1.0);
          use(j, static_cast<std::size_t>(ways_[j].c), run.s);
        }
  };
  visit([&](std::size_t j, std::size_t r, double v) { load[r] += v * copies_[j]; });
  x_ = copies_;
  visit([&](std::size_t j, std::size_t r, double) {
    if (r < rows_) x_[j] = std::min(x_[j], 0.5 * limit_[r] / load[r] * copies_[j]);
  });
  total_ = 0;
  for (std::size_t j = 0; j < columns_; ++j) {
    x_[j] = std::max(x_[j], 1e-4 * copies_[j]);
    total_ += copies_[j];
  }
  demand();
  std::fill(ax_.begin(), ax_.end(), 0.0);
  sweep(y_, ax_, [&](std::size_t j, double) { return x_[j]; });
  for (std::size_t r = 0; r < rows_; ++r) {
    if (equal_[r] != 0) {
      s_[r] = y_[r] = 0;
      continue;
    }
    s_[r] = std::max(0.1 * row_size_[r], limit_[r] - level_[r] - ax_[r]);
    total_ += row_copies_[r];
  }
}

/// What theta asks of each row: its level, slope and, for finish times, the curvature weighed by the prices.
void PairInterior::demand() {
  if (!by_rho_) {
    for (std::size_t r = 0; r < rows_; ++r) level_[r] = slope_[r] * theta_;
    return;
  }
  curve_ = 0;
  for (const Finish& one : finish_) {
    const double room = -theta_ * rho_unit_ * one.fair - one.elapsed;
    const double fair = rho_unit_ * one.fair;
    level_[one.row] = one.unit * one.steps / room;
    slope_[one.row] = level_[one.row] * fair / room;
    curve_ += (one.row < y_.size() ? y_[one.row] : 1.0) * 2 * slope_[one.row] * fair / room;
  }
}

void PairInterior::residuals() {
  std::fill(ax_.begin(), ax_.end(), 0.0);
  double objective = gain_ * theta_;
  double product = 0;
  dual_ = 0;
  sweep(y_, ax_, [&](std::size_t j, double along) {
    rd_[j] = ways_[j].gain + z_[j] - along;
    dual_ = std::max(dual_, std::abs(rd_[j]));
    objective += ways_[j].gain * x_[j];
    product += x_[j] * z_[j];
    return x_[j];
  });
  double bound = 0;
  primal_ = 0;
  double along_theta = gain_;
  for (std::size_t r = 0; r < rows_; ++r) {
    rp_[r] = limit_[r] - level_[r] - ax_[r] - s_[r];
    primal_ = std::max(primal_, std::abs(rp_[r]) / row_size_[r]);
    bound += limit_[r] * y_[r];
    along_theta -= slope_[r] * y_[r];
    product += s_[r] * y_[r];
  }
  rtheta_ = gain_ > 0 ? along_theta : 0;
  dual_ = std::max(dual_, std::abs(rtheta_) / std::max(1.0, gain_));
  mu_ = product / total_;
  value_ = std::max({std::abs(objective), by_rho_ ? 0 : std::abs(bound), 1e-12});
  gap_ = std::max(by_rho_ ? 0 : std::abs(bound - objective), product) / value_;
}

double PairInterior::products(double primal, double dual) const {
  double sum = 0;
  for (std::size_t j = 0; j < columns_; ++j) sum += (x_[j] + primal * dx_[j]) * (z_[j] + dual * dz_[j]);
  for (std::size_t r = 0; r < rows_; ++r) sum += (s_[r] + primal * ds_[r]) * (y_[r] + dual * dy_[r]);
  return sum;
}

double PairInterior::off_centre() const {
  const double mu = held_mu();
  double worst = 0;
  for (std::size_t j = 0; j < columns_; ++j) worst = std::max(worst, std::abs(x_[j] * z_[j] / (mu * copies_[j]) - 1));
  for (std::size_t r = 0; r < rows_; ++r) worst = std::max(worst, std::abs(s_[r] * y_[r] / (mu * row_copies_[r]) - 1));
  return worst;
}

void PairInterior::assemble() {
  normal_.clear();
  const auto nothing = static_cast<int>(rows_);
  const auto inner = static_cast<int>(first_.back() + blocks_.back());
  std::size_t j = 0;
  std::size_t cell = 0;
  for (const Run& run : runs_) {
    const auto block = static_cast<std::size_t>(run.block);
    const auto from = static_cast<int>(first_[block]);
    const auto edge = static_cast<int>(blocks_[block]) - inner;  // where the types' rows are in this block's columns
    double* const time = normal_.column(block, static_cast<std::size_t>(run.t1 - from));
    double* const rate = run.r1 == nothing ? nullptr : normal_.column(block, static_cast<std::size_t>(run.r1 - from));
    double tt = 0, tr = 0, rr = 0;
    for (; cell < run.end; ++cell) {
      const Cell& other = cells_[cell];
      const bool pair = other.t2 != nothing;
      double* const second = pair ? normal_.column(block, static_cast<std::size_t>(other.t2 - from)) : nullptr;
      double* const pace =
          other.r2 == nothing ? nullptr : normal_.column(block, static_cast<std::size_t>(other.r2 - from));
      double d0 = 0, da = 0, db = 0, daa = 0, dab = 0, dbb = 0;
      for (; j < other.end; ++j) {
        const Column& way = ways_[j];
        const double d = ratio_[j] = x_[j] / z_[j];
        const double ds = d * run.s;
        const auto c = static_cast<std::size_t>(way.c - inner);
        const int at = edge + way.c;
        d0 += d;
        da += d * way.a;
        daa += d * way.a * way.a;
        time[at] += run.u * ds;
        if (rate != nullptr) rate[at] -= way.a * ds;
        normal_.border(c, c) += ds * run.s;
        if (!pair) continue;
        db += d * way.b;
        dab += d * way.a * way.b;
        dbb += d * way.b * way.b;
        second[at] += ds;
        if (pace != nullptr) pace[at] -= way.b * ds;
      }
      tt += d0;
      tr += da;
      rr += daa;
      if (!pair) continue;
      const int t2 = other.t2 - from;
      const int r2 = other.r2 - from;
      time[t2] += run.u * d0;
      second[t2] += d0;
      if (rate != nullptr) rate[t2] -= da;
      if (pace == nullptr) continue;
      time[r2] -= run.u * db;
      second[r2] -= db;
      pace[r2] += dbb;
      if (rate != nullptr) rate[r2] += dab;
    }
    time[run.t1 - from] += run.u * run.u * tt;
    if (rate == nullptr) continue;
    time[run.r1 - from] -= run.u * tr;
    rate[run.r1 - from] += rr;
  }
  for (std::size_t r = 0; r < rows_; ++r) share_[r] = equal_[r] != 0 ? kProximal : s_[r] / y_[r];
  for (std::size_t g = 0; g < blocks_.size(); ++g)
    for (std::size_t r = 0; r < blocks_[g]; ++r) normal_.column(g, r)[r] += share_[first_[g] + r];
  for (auto r = static_cast<std::size_t>(inner); r < rows_; ++r) {
    const std::size_t k = r - static_cast<std::size_t>(inner);
    normal_.border(k, k) += share_[r];
  }
  normal_.factor();
  if (gain_ > 0) {
    toward_theta_ = slope_;
    toward_theta_.push_back(0);
    solve_refined(toward_theta_);
  }
}

void PairInterior::apply(const std::vector<double>& y, std::vector<double>& result) const {
  for (std::size_t r = 0; r < rows_; ++r) result[r] = share_[r] * y[r];
  sweep(y, result, [&](std::size_t j, double along) { return ratio_[j] * along; });
}

/// Conjugate gradients on the matrix as it is, with its factor as preconditioner: near the optimum the factor alone
/// has lost most digits of the small directions. Far from it, the factor is all that is needed.
void PairInterior::solve_refined(std::vector<double>& right) {
  if (gap_ > kFar) {
    normal_.solve(right);
    return;
  }
  residual_ = right;
  answer_.assign(rows_ + 1, 0.0);
  image_.assign(rows_ + 1, 0.0);
  double before = 0;
  double first = 0;
  for (int pass = 0; pass < kMaxRefinements; ++pass) {
    better_ = residual_;
    normal_.solve(better_);
    const double now = dot(residual_, better_);
    if (pass == 0) first = now;
    if (!(now > kRefined * first)) break;
    if (pass == 0) {
      path_ = better_;
    } else {
      for (std::size_t r = 0; r < rows_; ++r) path_[r] = better_[r] + now / before * path_[r];
    }
    before = now;
    apply(path_, image_);
    const double curve = dot(path_, image_);
    if (!(curve > 0)) break;
    for (std::size_t r = 0; r < rows_; ++r) {
      answer_[r] += now / curve * path_[r];
      residual_[r] -= now / curve * image_[r];
    }
  }
  right = answer_;
}

/// The Newton direction to products of `mu`; `Corrected`: corrected by the direction that is there now.
template <bool Corrected>
void PairInterior::direction(double mu) {
  for (std::size_t r = 0; r < rows_; ++r)
    cs_[r] = equal_[r] != 0 ? 0 : (mu * row_copies_[r] - (Corrected ? ds_[r] * dy_[r] : 0)) / y_[r] - s_[r];
  // (A D A' + S / Y) dy - h dtheta = A D (cx / x + reduced cost) + cs / y - rp, and h dy + curve dtheta = what theta
  // lacks.
  for (std::size_t r = 0; r < rows_; ++r) right_[r] = cs_[r] - rp_[r];
  right_[rows_] = 0;
  for (std::size_t j = 0; j < columns_; ++j)
    cx_[j] = (mu * copies_[j] - (Corrected ? dx_[j] * dz_[j] : 0)) / z_[j] - x_[j];
  sweep(y_, right_, [&](std::size_t j, double) { return cx_[j] + ratio_[j] * rd_[j]; });
  solve_refined(right_);
  dtheta_ = gain_ > 0 ? (rtheta_ - dot(slope_, right_)) / (dot(slope_, toward_theta_) + curve_) : 0;
  for (std::size_t r = 0; r < rows_; ++r) dy_[r] = right_[r] + (gain_ > 0 ? dtheta_ * toward_theta_[r] : 0.0);
  std::fill(ax_.begin(), ax_.end(), 0.0);
  sweep(dy_, ax_, [&](std::size_t j, double along) {
    dz_[j] = along - rd_[j];
    return dx_[j] = cx_[j] - ratio_[j] * dz_[j];
  });
  for (std::size_t r = 0; r < rows_; ++r)
    ds_[r] = equal_[r] != 0 ? 0 : s_[r] < y_[r] ? cs_[r] - share_[r] * dy_[r] : rp_[r] - ax_[r] - slope_[r] * dtheta_;
}

std::pair<double, double> PairInterior::lengths(double limit) const {
  double primal = 1 / limit;
  double dual = 1 / limit;
  const auto shorten = [](double value, double change, double& length) {
    if (value + length * change < 0) length = -value / change;
  };
  for (std::size_t j = 0; j < columns_; ++j) shorten(x_[j], dx_[j], primal), shorten(z_[j], dz_[j], dual);
  for (std::size_t r = 0; r < rows_; ++r)
    if (equal_[r] == 0) shorten(s_[r], ds_[r], primal), shorten(y_[r], dy_[r], dual);
  if (by_rho_) {
    if (dtheta_ > 0) primal = std::min(primal, 0.9 * (-theta_ - rho_least_) / dtheta_);
    primal = dual = std::min(primal, dual);  // the demands bend: one step for all
  }
  return {std::min(1.0, limit * primal), std::min(1.0, limit * dual)};
}

}  // namespace windrow::solve
