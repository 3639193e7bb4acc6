#include "solve/pair_interior.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace windrow::solve {
namespace {

constexpr int kMaxSteps = 100;
constexpr int kPatience = 12;  // steps in which the distance to the optimum must shrink by a tenth
constexpr int kCentringSteps = 8;
constexpr double kCentred = 1e-6;   // largest relative distance of a product from its target ...
constexpr double kNear = 1e-3;      // ... from which one step without a second order leads there
constexpr double kFeasible = 1e-8;  // what a row may lack at the centre, if a step is left to mend it
constexpr double kToBoundary = 0.9995;
constexpr double kLeastPart = 1e-3;  // of the products that a step aims at: with less they end up far from each other
constexpr double kTooShort = 0.1;    // of a step: then the direction is taken anew, without its second order ...
constexpr double kCautious = 0.1;    // ... to this part of the products
constexpr double kWarmGap = 1e-1;    // of the iterate that the next run begins from
constexpr int kMaxRefinements = 6;
constexpr double kProximal = 1e-8;  // what keeps equalities that follow from each other from being singular
constexpr double kFar = 1e-3;       // gap above which nothing needs refinement
constexpr double kRefined = 1e-14;  // square of the relative error at which one refinement more is the last
constexpr std::size_t kPanel = 8;
constexpr auto kNone = Labels::kNone;

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

constexpr std::size_t whole_lanes(std::size_t count) {
  return (count + kLanes - 1) / kLanes * kLanes;
}

/// Rows of some columns at `right`, less `depth` columns at `left`, each as often as `times` says for each.
template <std::size_t Columns, std::size_t Rows>
WINDROW_ON_LANES inline void reduce_rows(const double* times, const double* left, double* right, std::size_t lead,
                                         std::size_t depth) {
  std::array<std::array<Lane, Rows>, Columns> rest;
  for (std::size_t c = 0; c < Columns; ++c)
    for (std::size_t r = 0; r < Rows; ++r) rest[c][r] = load(right + c * lead + r * kLanes);
  for (std::size_t q = 0; q < depth; ++q) {
    const double* const other = left + q * lead;
    std::array<Lane, Rows> rows;
    for (std::size_t r = 0; r < Rows; ++r) rows[r] = load(other + r * kLanes);
    for (std::size_t c = 0; c < Columns; ++c)
      for (std::size_t r = 0; r < Rows; ++r) rest[c][r] -= times[q * lead + c] * rows[r];
  }
  for (std::size_t c = 0; c < Columns; ++c)
    for (std::size_t r = 0; r < Rows; ++r) store(right + c * lead + r * kLanes, rest[c][r]);
}

/// From the multiple of four at or before row `column` on.
template <std::size_t Columns>
WINDROW_ON_LANES inline void reduce(double* a, std::size_t lead, std::size_t column, std::size_t before,
                                    std::size_t depth) {
  const double* const times = a + before * lead + column;
  std::size_t r = column / kLanes * kLanes;
  for (; r + 2 * kLanes <= lead; r += 2 * kLanes)
    reduce_rows<Columns, 2>(times, a + before * lead + r, a + column * lead + r, lead, depth);
  if (r < lead) reduce_rows<Columns, 1>(times, a + before * lead + r, a + column * lead + r, lead, depth);
}

/// The first `columns` columns of a symmetric matrix of `lead` rows; what is left below and right of them is reduced by
/// them, and what is above the diagonal is spoilt. Both numbers are multiples of four. `whole`: the diagonal before.
/// Panels of columns, so that what is far away is read once per panel, and pieces of it stay in registers meanwhile.
WINDROW_ON_LANES inline void factor_columns(double* a, std::size_t columns, std::size_t lead, const double* whole) {
  for (std::size_t p = 0; p < columns; p += kPanel) {
    const std::size_t end = std::min(columns, p + kPanel);
    for (std::size_t c = p; c < end; ++c) {
      reduce<1>(a, lead, c, p, c - p);
      double* const column = a + c * lead;
      const double per_pivot = 1 / std::sqrt(std::max(column[c], 1e-15 * whole[c]));
      for (std::size_t r = c / kLanes * kLanes; r < lead; ++r) column[r] *= per_pivot;
      column[c] = per_pivot;
    }
    for (std::size_t c = end; c < lead; c += kLanes) reduce<kLanes>(a, lead, c, p, end - p);
  }
}

}  // namespace

void BorderedCholesky::shape(const std::vector<std::size_t>& sizes, std::size_t border) {
  border_ = border;
  border_lead_ = whole_lanes(border + 1);
  blocks_.clear();
  std::size_t start = 0;
  rows_ = 0;
  for (const std::size_t size : sizes) {
    const std::size_t edge = whole_lanes(size);
    blocks_.push_back({start, rows_, size, edge, edge + border_lead_});
    start += blocks_.back().lead * blocks_.back().lead;
    rows_ += size;
  }
  values_.resize(start);
  corner_.resize((border + 1) * (border + 1));
}

void BorderedCholesky::clear() {
  std::fill(corner_.begin(), corner_.end(), 0.0);
  for (const Block& block : blocks_)
    for (std::size_t c = 0; c < block.lead; ++c) {
      double* const column = &values_[block.start + c * block.lead];
      std::fill(column + c / kLanes * kLanes, column + block.lead, 0.0);
      if (c >= block.size && c < block.edge) column[c] = 1;
    }
}

void BorderedCholesky::factor(bool wide) {
  const std::size_t corner = border_ + 1;
  std::array<double, kMostBorder> whole{};
  for (std::size_t c = 0; c < border_; ++c) whole[c] = border(c, c);
  for (const Block& block : blocks_) {
    double* const a = &values_[block.start];
    whole_.resize(block.edge);
    for (std::size_t c = 0; c < block.edge; ++c) whole_[c] = a[c * block.lead + c];
    on_lanes(wide, [&]() WINDROW_ON_LANES { factor_columns(a, block.edge, block.lead, whole_.data()); });
    for (std::size_t c = 0; c < corner; ++c)
      for (std::size_t r = c; r < corner; ++r) border(r, c) += a[(block.edge + c) * block.lead + block.edge + r];
  }
  // The free row before the rest of the border: it alone may hold what all others leave open, and after them nothing
  // of that would be left but rounding. Its pivot is negative, all others stay positive: nothing cancels.
  const double per_free = 1 / border(border_, border_);
  border(border_, border_) = per_free;
  for (std::size_t c = 0; c < border_; ++c)
    for (std::size_t r = c; r < border_; ++r) border(r, c) -= border(border_, r) * per_free * border(border_, c);
  for (std::size_t c = 0; c < border_; ++c) {
    double& pivot = border(c, c);
    pivot = 1 / std::max(pivot, 1e-15 * whole[c]);
    for (std::size_t d = c + 1; d < border_; ++d)
      for (std::size_t r = d; r < border_; ++r) border(r, d) -= border(r, c) * pivot * border(d, c);
  }
}

/// `part` becomes L^-1 of it: four columns at a time.
WINDROW_ON_LANES inline void BorderedCholesky::forwards(const Block& block, double* part) const {
  for (std::size_t c = 0; c < block.edge; c += kLanes) {
    const double* const a = values_.data() + block.start + c * block.lead;
    std::array<Lane, kLanes> times;
    for (std::size_t q = 0; q < kLanes; ++q) {
      double value = part[c + q];
      for (std::size_t r = 0; r < q; ++r) value -= part[c + r] * a[r * block.lead + c + q];
      part[c + q] = value * a[q * block.lead + c + q];
      times[q] = lanes(part[c + q]);
    }
    for (std::size_t r = c + kLanes; r < block.lead; r += kLanes) {
      const double* const row = a + r;
      store(part + r,
            load(part + r) - ((times[0] * load(row) + times[1] * load(row + block.lead)) +
                              (times[2] * load(row + 2 * block.lead) + times[3] * load(row + 3 * block.lead))));
    }
  }
}

/// `part` becomes L'^-1 of it, at what its border is.
WINDROW_ON_LANES inline void BorderedCholesky::backwards(const Block& block, double* part) const {
  for (std::size_t c = block.edge; c > 0;) {
    c -= kLanes;
    const double* const a = values_.data() + block.start + c * block.lead;
    std::array<Lane, kLanes> sums{};
    for (std::size_t r = c + kLanes; r < block.lead; r += kLanes)
      for (std::size_t q = 0; q < kLanes; ++q) sums[q] += load(a + q * block.lead + r) * load(part + r);
    for (std::size_t q = kLanes; q-- > 0;) {
      double value = part[c + q] - sum(sums[q]);
      for (std::size_t r = q + 1; r < kLanes; ++r) value -= part[c + r] * a[q * block.lead + c + r];
      part[c + q] = value * a[q * block.lead + c + q];
    }
  }
}

double BorderedCholesky::solve(std::vector<double>& right, double free, bool wide) {
  const std::size_t corner = border_ + 1;
  std::array<double, kMostBorder> tail{};
  std::copy_n(right.data() + rows_, border_, tail.data());
  tail[border_] = free;
  const auto with_part = [&](const Block& block, const auto& work) {  // in memory that has whole lanes
    double* const b = right.data() + block.first;
    part_.assign(block.lead, 0.0);
    std::copy(b, b + block.size, part_.begin());
    work(part_.data());
    std::copy(part_.data(), part_.data() + block.size, b);
  };
  for (const Block& block : blocks_)
    with_part(block, [&](double* part) {
      on_lanes(wide, [&]() WINDROW_ON_LANES { forwards(block, part); });
      for (std::size_t r = 0; r < corner; ++r) tail[r] += part[block.edge + r];
    });
  double& last = tail[border_];
  last *= border(border_, border_);
  for (std::size_t c = 0; c < border_; ++c) tail[c] -= last * border(border_, c);
  for (std::size_t c = 0; c < border_; ++c)
    for (std::size_t r = c + 1; r < border_; ++r) tail[r] -= tail[c] * border(c, c) * border(r, c);
  for (std::size_t c = border_; c-- > 0;) {
    tail[c] *= border(c, c);
    for (std::size_t r = c + 1; r < border_; ++r) tail[c] -= border(c, c) * border(r, c) * tail[r];
  }
  for (std::size_t c = 0; c < border_; ++c) last -= border(border_, border_) * border(border_, c) * tail[c];
  for (const Block& block : blocks_)
    with_part(block, [&](double* part) {
      std::copy_n(tail.data(), corner, part + block.edge);
      on_lanes(wide, [&]() WINDROW_ON_LANES { backwards(block, part); });
    });
  std::copy_n(tail.data(), border_, right.data() + rows_);
  return tail[border_];
}

bool PairInterior::run(const Problem& alone, const Ways& ways, const Aim& aim) {
  target_ = aim.gap;
  rounds_ = 0;
  if (!set_up(alone, ways, aim)) return false;
  wide_ = has_wide_registers() && !narrow_;
  const bool goes_on = aim.labels != nullptr && kept_.there;
  const bool there = by_types([&]<std::size_t K>(Types<K>) { return approach<K>(aim.labels); });
  if (!there) {
    if (aim.labels != nullptr) kept_.there = false;
    return goes_on && run(alone, ways, aim);  // from the beginning, then
  }
  theta_ = by_rho_ ? -theta_ * rho_unit_ : theta_ * theta_unit_;
  time_.resize(slot_.size());
  for (std::size_t j = 0; j < slot_.size(); ++j) time_[j] = x_[slot_[j]];
  return true;
}

/// Columns have room for so many types.
template <class Use>
bool PairInterior::by_types(Use use) {
  switch (types_) {
    case 1:
      return use(Types<1>{});
    case 2:
      return use(Types<2>{});
    case 3:
      return use(Types<3>{});
    case 4:
      return use(Types<4>{});
    default:
      return use(Types<8>{});
  }
}

void PairInterior::keep(const std::vector<std::size_t>& labels) {
  Kept& kept = kept_;
  kept.there = true;
  kept.types = types_;
  kept.nowhere = nowhere_;
  const std::size_t width = nowhere_ / kLanes;
  kept.chunk.assign((nowhere_ + 2) * width, -1);
  std::size_t chunk = 0;
  for (const Line& line : lines_)
    for (; chunk < line.end; ++chunk)
      kept.chunk[kept.line(line.first, line.u) * width + chunks_[chunk] / kLanes] = static_cast<int>(chunk);
  kept.x.resize(x_.size());
  kept.z.resize(x_.size());
  for (std::size_t j = 0; j < x_.size(); ++j) {
    const bool empty = copies_[j] <= 0;
    kept.x[j] = empty ? 0 : x_[j] / copies_[j];
    kept.z[j] = empty ? 0 : z_[j];
  }
  kept.labels.keep(labels);
  kept.position = position_;
  const auto row = [&](int r) {
    if (r < 0) return Kept::Row{};
    const auto at = static_cast<std::size_t>(r);
    return Kept::Row{s_[at] / row_size_[at], y_[at]};
  };
  const auto rows = [&](const std::vector<int>& numbers, std::vector<Kept::Row>& to) {
    to.clear();
    for (const int number : numbers) to.push_back(row(number));
  };
  rows(time_row_, kept.time);
  rows(rate_row_, kept.rate);
  rows(capacity_row_, kept.capacity);
  kept.theta = theta_ * theta_unit_;
  kept.value_unit = value_unit_;
}

/// What the kept iterate has no counterpart for stays as it is.
void PairInterior::begin_from_kept(const std::vector<std::size_t>& labels) {
  Kept& kept = kept_;
  if (!kept.there || kept.types != types_ || kept.capacity.size() != capacity_row_.size()) return;
  const double unit = kept.value_unit / value_unit_;
  const auto take = [&](int r, const Kept::Row& from) {
    if (r < 0 || !(from.y > 0) || !(from.s > 0)) return;
    const auto at = static_cast<std::size_t>(r);
    if (equal_[at] != 0) return;
    s_[at] = from.s * row_size_[at];
    y_[at] = from.y * unit;
  };
  std::vector<std::size_t>& position = kept_position_;
  position.assign(places_.size(), kNone);
  kept.labels.match(labels, [&](std::size_t i, std::size_t row) {
    take(time_row_[i], kept.time[row]);
    take(rate_row_[i], kept.rate[row]);
    position[position_[i]] = kept.position[row];
  });
  for (std::size_t k = 0; k < capacity_row_.size(); ++k) take(capacity_row_[k], kept.capacity[k]);
  theta_ = kept.theta / theta_unit_;
  const std::size_t width = kept.nowhere / kLanes;
  std::size_t chunk = 0;
  for (const Line& line : lines_)
    for (; chunk < line.end; ++chunk)
      for (std::size_t l = 0; l < kLanes; ++l) {
        std::size_t first = line.first == nowhere_ ? kept.nowhere : position[line.first];
        std::size_t second = position[chunks_[chunk] + l];
        if (first == kNone || second == kNone || first == second) continue;
        if (first != kept.nowhere && first > second) std::swap(first, second);
        const int from = kept.chunk[kept.line(first, line.u) * width + second / kLanes];
        if (from < 0) continue;
        for (std::size_t k = 0; k < types_; ++k) {
          const std::size_t old = (static_cast<std::size_t>(from) * types_ + k) * kLanes + second % kLanes;
          const std::size_t j = (chunk * types_ + k) * kLanes + l;
          if (copies_[j] <= 0 || !(kept.z[old] > 0) || !(kept.x[old] > 0)) continue;
          x_[j] = kept.x[old] * copies_[j];
          z_[j] = kept.z[old] * unit;
        }
      }
}

template <std::size_t K>
bool PairInterior::approach(const std::vector<std::size_t>* labels) {
  begin<K>();
  if (labels != nullptr) begin_from_kept(*labels);
  bool keeps = labels != nullptr;
  int left = -1;  // centring steps still to do, once the gap is reached
  double best = HUGE_VAL;
  int stuck = 0;
  double mark = HUGE_VAL;  // what was reached when it last got better
  int idle = 0;
  std::pair<double, double> length{0, 0};
  for (int step = 0; step < kMaxSteps; ++step) {
    demand();
    residuals<K>(length.first, length.second);
    rounds_ = step;
    if (keeps && step > 0 && gap_ < kWarmGap && primal_ < kWarmGap && dual_ < kWarmGap) {
      keep(*labels);
      keeps = false;
    }
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
    const double off = left > 0 ? off_centre() : HUGE_VAL;
    if (left > 0 && left < kCentringSteps && primal_ < kFeasible && off < kCentred) left = 0;
    if (left == 0) return primal_ < 1e-6;
    assemble<K>();
    double mu = held_mu();
    if (off < kNear) {
      direction<K, Toward::straight>(mu);
    } else {
      direction<K, Toward::ahead>(left < 0 ? 0 : mu);
      if (left < 0) {
        const auto [primal, dual] = lengths(1);
        const double sigma = std::max(kLeastPart, std::pow(products(primal, dual) / total_ / mu_, 3));
        mu = std::max(sigma * mu_, mu);
      }
      direction<K, Toward::corrected>(mu);
    }
    if (left > 0) --left;
    length = lengths(kToBoundary);
    if (std::min(length.first, length.second) < kTooShort) {
      direction<K, Toward::straight>(std::max(kCautious * mu_, held_mu()));
      length = lengths(kToBoundary);
    }
    theta_ += length.first * dtheta_;
    for (std::size_t r = 0; r < rows_; ++r) s_[r] += length.first * ds_[r], y_[r] += length.second * dy_[r];
  }
  return false;
}

/// Numbers the rows: by size, each row's time and then its demand; the types' capacities last.
bool PairInterior::set_up(const Problem& alone, const Ways& ways, const Aim& aim) {
  const FinishTimes* const times = aim.times;
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
  position_.assign(n, 0);
  blocks_.clear();
  first_.clear();
  places_.clear();
  begin_.clear();
  gpus_.clear();
  limit_.clear();
  row_size_.clear();
  row_copies_.clear();
  slope_.clear();
  finish_.clear();
  double weights = 0;
  for (std::size_t g = 0; g < sizes.size(); ++g) {
    first_.push_back(limit_.size());
    places_.resize(whole_lanes(places_.size()), {-1, -1});
    begin_.push_back(places_.size());
    gpus_.push_back(sizes[g]);
    for (std::size_t i = 0; i < n; ++i) {
      if (alone.size[i] != sizes[g]) continue;
      const double m = alone.count_of(i);
      block_of_[i] = static_cast<int>(g);
      time_row_[i] = static_cast<int>(limit_.size());
      limit_.push_back(m);
      slope_.push_back(0);
      row_size_.push_back(m);
      row_copies_.push_back(m);
      position_[i] = places_.size();
      places_.push_back({time_row_[i], -1});
      if (!demands(i)) continue;
      places_.back().rate = rate_row_[i] = static_cast<int>(limit_.size());
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
  for (Place& place : places_) {
    if (place.time < 0) place.time = nothing();
    if (place.rate < 0) place.rate = nothing();
  }
  level_.assign(rows_, 0.0);
  equal_.assign(rows_, 0);
  if (aim.tight != nullptr) {
    const auto mark = [&](const std::vector<char>& which, const std::vector<int>& rows) {
      for (std::size_t i = 0; i < which.size(); ++i)
        if (which[i] != 0 && rows[i] >= 0) equal_[static_cast<std::size_t>(rows[i])] = 1;
    };
    mark(aim.tight->time, time_row_);
    mark(aim.tight->rate, rate_row_);
    mark(aim.tight->capacity, capacity_row_);
  }
  normal_.shape(blocks_, border);
  border_ = border;

  theta_unit_ = ways.theta_unit;
  theta_ = 0;
  curve_ = 0;
  gain_ = 0;
  value_unit_ = ways.value_unit;
  if (by_rho_) {
    rho_unit_ = aim.rho;
    rho_least_ = 0;
    for (const Finish& one : finish_) rho_least_ = std::max(rho_least_, one.elapsed / one.fair / aim.rho);
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

  if (!place(ways)) return false;
  for (auto* list : {&s_, &ds_, &rp_, &cs_, &share_}) list->assign(rows_, 0.0);
  for (auto* list : {&dy_, &right_, &ax_}) list->assign(rows_ + 1, 0.0);
  y_.assign(rows_ + 1, 1.0);
  y_[rows_] = 0;
  return true;
}

/// Gives every way its slot. False where two ways are the same.
bool PairInterior::place(const Ways& ways) {
  const auto fill_up = [this] { places_.resize(whole_lanes(places_.size()), {nothing(), nothing()}); };
  fill_up();
  nowhere_ = places_.size();
  begin_.push_back(nowhere_);
  places_.push_back({nothing(), nothing()});
  fill_up();
  for (auto* list : {&yt_, &yr_, &at_, &ar_}) list->assign(places_.size(), 0.0);
  if (border_ > 8) return false;
  types_ = border_ <= 4 ? border_ : 8;
  lines_.clear();
  chunks_.clear();
  for (auto* list : {&a_, &b_, &gains_, &copies_}) list->clear();
  const auto add_chunk = [&](std::size_t position) {
    chunks_.push_back(position / kLanes * kLanes);
    for (auto* list : {&a_, &b_, &gains_, &copies_}) list->resize(chunks_.size() * types_ * kLanes, 0.0);
    lines_.back().end = chunks_.size();
  };
  // First all rows alone, then all with themselves, block by block.
  const bool selves =
      std::any_of(ways.list.begin(), ways.list.end(), [](const Way& way) { return way.first_time > 1; });
  for (const double u : {1.0, 2.0}) {
    if (u > 1 && !selves) break;
    for (std::size_t g = 0; g < blocks_.size(); ++g) {
      lines_.push_back({nowhere_, g, u, 0});
      for (std::size_t p = begin_[g]; p < begin_[g + 1]; p += kLanes) add_chunk(p);
    }
  }
  slot_.clear();
  const std::size_t all_rows = nowhere_ / kLanes;  // chunks
  const int inner = nothing() - static_cast<int>(border_);
  for (const Way& way : ways.list) {
    const auto i = static_cast<std::size_t>(way.first);
    std::size_t first = nowhere_;
    std::size_t second = position_[i];
    double a = 0;
    double b = rate_row_[i] < 0 ? 0 : way.first_rate / scale_[i];
    std::size_t chunk = second / kLanes + (way.first_time > 1 ? all_rows : 0);
    const auto type = static_cast<std::size_t>(capacity_row_[static_cast<std::size_t>(way.type)] - inner);
    const auto slot = [&] { return (chunk * types_ + type) * kLanes + second % kLanes; };
    if (way.second != kNobody) {
      const auto h = static_cast<std::size_t>(way.second);
      first = second;
      second = position_[h];
      a = b;
      b = rate_row_[h] < 0 ? 0 : way.second_rate / scale_[h];
      if (first > second) std::swap(first, second), std::swap(a, b);
      if (lines_.back().first != first) lines_.push_back({first, static_cast<std::size_t>(block_of_[i]), 1, 0});
      chunk = chunks_.size() - 1;
      if (lines_.back().end == 0 || chunks_.back() != second / kLanes * kLanes || copies_[slot()] > 0)
        add_chunk(second), chunk = chunks_.size() - 1;
    } else if (copies_[slot()] > 0) {
      return false;
    }
    slot_.push_back(slot());
    a_[slot()] = a;
    b_[slot()] = b;
    gains_[slot()] = way.gain / value_unit_;
    copies_[slot()] = way.copies;
  }
  for (auto* list : {&x_, &dx_, &dz_, &rd_, &per_z_}) list->assign(copies_.size(), 0.0);
  z_.assign(copies_.size(), 1.0);
  return true;
}

/// y by position: of times and of rates.
void PairInterior::spread(const std::vector<double>& y) {
  for (std::size_t p = 0; p < places_.size(); ++p) {
    yt_[p] = y[static_cast<std::size_t>(places_[p].time)];
    yr_[p] = y[static_cast<std::size_t>(places_[p].rate)];
  }
  std::fill(at_.begin(), at_.end(), 0.0);
  std::fill(ar_.begin(), ar_.end(), 0.0);
}

/// Visits every slot with (slot, A' y of it), four lanes at once; what `value` returns times the column is added to
/// `result`.
template <std::size_t K, class Value>
WINDROW_ON_LANES inline void PairInterior::sweep(const std::vector<double>& y, std::vector<double>& result,
                                                 const Value& value) {
  spread(y);
  const std::size_t inner = rows_ - border_;
  std::array<double, K> used{};
  std::array<double, K> price{};
  for (std::size_t k = 0; k < border_; ++k) price[k] = y[inner + k];
  const double* const yt = yt_.data();
  const double* const yr = yr_.data();
  double* const at = at_.data();
  double* const ar = ar_.data();
  std::size_t chunk = 0;
  for (const Line& line : lines_) {
    const double s = gpus_[line.block];
    const Lane first_price = lanes(yr[line.first]);
    std::array<Lane, K> cost;
    std::array<Lane, K> time{};
    for (std::size_t k = 0; k < K; ++k) cost[k] = lanes(yt[line.first] + s * price[k]);
    Lane rate{};
    for (; chunk < line.end; ++chunk) {
      const std::size_t p = chunks_[chunk];
      const Lane t = line.u * load(yt + p);
      const Lane r = load(yr + p);
      Lane second{};
      Lane pace{};
      for (std::size_t k = 0; k < K; ++k) {
        const std::size_t j = (chunk * K + k) * kLanes;
        const Lane a = load(a_.data() + j);
        const Lane b = load(b_.data() + j);
        const Lane v = value(j, (cost[k] + t) - (a * first_price + b * r));
        time[k] += v;
        second += v;
        rate += a * v;
        pace += b * v;
      }
      store(at + p, load(at + p) + line.u * second);
      store(ar + p, load(ar + p) + pace);
    }
    for (std::size_t k = 0; k < K; ++k) {
      const double all = sum(time[k]);
      at[line.first] += all;
      used[k] += s * all;
    }
    ar[line.first] += sum(rate);
  }
  for (std::size_t p = 0; p < places_.size(); ++p) {
    result[static_cast<std::size_t>(places_[p].time)] += at_[p];
    result[static_cast<std::size_t>(places_[p].rate)] -= ar_[p];
  }
  for (std::size_t k = 0; k < border_; ++k) result[inner + k] += used[k];
  result[rows_] = 0;
}

/// The columns, each as often as `times` says, are added to `result`.
template <std::size_t K>
void PairInterior::add_product(const std::vector<double>& times, std::vector<double>& result) {
  sweep<K>(y_, result, [&](std::size_t j, const Lane&) WINDROW_ON_LANES { return load(times.data() + j); });
}

template <std::size_t K>
void PairInterior::begin() {
  // Every column gets an equal part of what its scarcest row has, with room left.
  std::vector<double>& load_of = residual_;
  load_of.assign(rows_ + 1, 0.0);
  add_product<K>(copies_, load_of);
  std::vector<double>& part = right_;
  for (std::size_t r = 0; r < rows_; ++r) part[r] = load_of[r] > 0 ? std::min(1.0, 0.5 * limit_[r] / load_of[r]) : 1.0;
  part[rows_] = 1;
  spread(part);
  total_ = 0;
  std::size_t chunk = 0;
  for (const Line& line : lines_) {
    for (; chunk < line.end; ++chunk) {
      const Lane rows = min(load(&yt_[chunks_[chunk]]), lanes(yt_[line.first]));
      for (std::size_t k = 0; k < border_; ++k) {
        const std::size_t j = (chunk * K + k) * kLanes;
        const Lane copies = load(&copies_[j]);
        store(&x_[j], copies * max(min(rows, lanes(part[rows_ - border_ + k])), lanes(1e-4)));
        total_ += sum(copies);
      }
    }
  }
  right_[rows_] = 0;
  demand();
  std::fill(ax_.begin(), ax_.end(), 0.0);
  add_product<K>(x_, ax_);
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

/// The columns' part of a step, and their part of the residuals after it; returns the worth of their time.
template <std::size_t K>
WINDROW_ON_LANES inline double PairInterior::move_columns(double primal, double dual) {
  std::fill(ax_.begin(), ax_.end(), 0.0);
  Lane worth{};
  Lane products{};
  Lane worst{};
  sweep<K>(y_, ax_, [&](std::size_t j, const Lane& along) WINDROW_ON_LANES {
    const Lane x = load(x_.data() + j) + primal * load(dx_.data() + j);
    const Lane z = load(z_.data() + j) + dual * load(dz_.data() + j);
    const Lane gain = load(gains_.data() + j);
    const Lane rd = load(copies_.data() + j) > 0 ? gain + z - along : Lane{};
    store(x_.data() + j, x);
    store(z_.data() + j, z);
    store(rd_.data() + j, rd);
    worst = max(worst, magnitude(rd));
    worth += gain * x;
    products += x * z;
    return x;
  });
  dual_ = most(worst);
  product_ = sum(products);
  return sum(worth);
}

template <std::size_t K>
void PairInterior::residuals(double primal, double dual) {
  double objective = gain_ * theta_;
  on_lanes(wide_, [&]() WINDROW_ON_LANES { objective += move_columns<K>(primal, dual); });
  double bound = 0;
  primal_ = 0;
  double along_theta = gain_;
  for (std::size_t r = 0; r < rows_; ++r) {
    rp_[r] = limit_[r] - level_[r] - ax_[r] - s_[r];
    primal_ = std::max(primal_, std::abs(rp_[r]) / row_size_[r]);
    bound += limit_[r] * y_[r];
    along_theta -= slope_[r] * y_[r];
    product_ += s_[r] * y_[r];
  }
  rtheta_ = gain_ > 0 ? along_theta : 0;
  dual_ = std::max(dual_, std::abs(rtheta_) / std::max(1.0, gain_));
  mu_ = product_ / total_;
  value_ = std::max({std::abs(objective), by_rho_ ? 0 : std::abs(bound), 1e-12});
  gap_ = std::max(by_rho_ ? 0 : std::abs(bound - objective), product_) / value_;
}

double PairInterior::off_centre() const {
  const double mu = held_mu();
  double worst = 0;
  for (std::size_t j = 0; j < x_.size(); ++j)
    if (copies_[j] > 0) worst = std::max(worst, std::abs(x_[j] * z_[j] / (mu * copies_[j]) - 1));
  for (std::size_t r = 0; r < rows_; ++r) worst = std::max(worst, std::abs(s_[r] * y_[r] / (mu * row_copies_[r]) - 1));
  return worst;
}

/// A D A' of the columns: what couples two rows goes to `normal_`, all else to lists by position, and to `corner`.
template <std::size_t K>
WINDROW_ON_LANES inline void PairInterior::add_columns(std::array<double, K>& corner) {
  const std::size_t places = places_.size();
  for (auto* list : {&tt_, &tr_, &rr_}) list->assign(places, 0.0);
  for (auto* list : {&tc_, &rc_}) list->assign(K * places, 0.0);
  std::size_t chunk = 0;
  for (const Line& line : lines_) {
    const double s = gpus_[line.block];
    const auto from = static_cast<int>(first_[line.block]);
    const Place one = places_[line.first];
    const bool pairs = one.time != nothing();
    double* const time = pairs ? normal_.column(line.block, static_cast<std::size_t>(one.time - from)) : nullptr;
    double* const rate = pairs && one.rate != nothing()
                             ? normal_.column(line.block, static_cast<std::size_t>(one.rate - from))
                             : nullptr;
    std::array<Lane, K> d_all{};
    std::array<Lane, K> da_all{};
    Lane daa_all{};
    for (; chunk < line.end; ++chunk) {
      const std::size_t p = chunks_[chunk];
      Lane d_both{}, da_both{}, db_both{}, dab_both{}, dbb_both{};
      for (std::size_t k = 0; k < K; ++k) {
        const std::size_t j = (chunk * K + k) * kLanes;
        const Lane a = load(a_.data() + j);
        const Lane b = load(b_.data() + j);
        const Lane per_z = 1 / load(z_.data() + j);
        const Lane d = load(x_.data() + j) * per_z;
        store(per_z_.data() + j, per_z);
        const Lane da = d * a;
        const Lane db = d * b;
        d_all[k] += d;
        da_all[k] += da;
        daa_all += da * a;
        d_both += d;
        da_both += da;
        db_both += db;
        dab_both += da * b;
        dbb_both += db * b;
        double* const tc = tc_.data() + k * places + p;
        double* const rc = rc_.data() + k * places + p;
        store(tc, load(tc) + line.u * d);
        store(rc, load(rc) + db);
      }
      store(tt_.data() + p, load(tt_.data() + p) + line.u * line.u * d_both);
      store(tr_.data() + p, load(tr_.data() + p) + line.u * db_both);
      store(rr_.data() + p, load(rr_.data() + p) + dbb_both);
      if (!pairs) continue;
      for (std::size_t l = 0; l < kLanes; ++l) {
        const Place other = places_[p + l];
        if (other.time == nothing()) break;
        time[other.time - from] += d_both[l];
        if (rate != nullptr) rate[other.time - from] -= da_both[l];
        if (other.rate == nothing()) continue;
        time[other.rate - from] -= db_both[l];
        if (rate != nullptr) rate[other.rate - from] += dab_both[l];
      }
    }
    for (std::size_t k = 0; k < K; ++k) {
      const double d = sum(d_all[k]);
      const double da = sum(da_all[k]);
      corner[k] += s * s * d;
      tt_[line.first] += d;
      tr_[line.first] += da;
      tc_[k * places + line.first] += d;
      rc_[k * places + line.first] += da;
    }
    rr_[line.first] += sum(daa_all);
  }
}

template <std::size_t K>
void PairInterior::assemble() {
  normal_.clear();
  std::array<double, K> corner{};
  on_lanes(wide_, [&]() WINDROW_ON_LANES { add_columns<K>(corner); });
  const std::size_t inner = rows_ - border_;
  const std::size_t places = places_.size();
  for (std::size_t r = 0; r < rows_; ++r) share_[r] = equal_[r] != 0 ? kProximal : s_[r] / y_[r];
  for (std::size_t g = 0; g < blocks_.size(); ++g) {
    const std::size_t edge = normal_.edge(g);
    for (std::size_t p = begin_[g]; p < begin_[g + 1] && places_[p].time != nothing(); ++p) {
      const auto t = static_cast<std::size_t>(places_[p].time);
      const auto r = static_cast<std::size_t>(places_[p].rate);
      double* const time = normal_.column(g, t - first_[g]);
      time[t - first_[g]] += tt_[p] + share_[t];
      for (std::size_t k = 0; k < border_; ++k) time[edge + k] += gpus_[g] * tc_[k * places + p];
      if (r == rows_) continue;
      double* const rate = normal_.column(g, r - first_[g]);
      time[r - first_[g]] -= tr_[p];
      rate[r - first_[g]] += rr_[p] + share_[r];
      for (std::size_t k = 0; k < border_; ++k) rate[edge + k] -= gpus_[g] * rc_[k * places + p];
      rate[edge + border_] += slope_[r];
    }
  }
  for (std::size_t k = 0; k < border_; ++k) normal_.border(k, k) += corner[k] + share_[inner + k];
  normal_.border(border_, border_) -= gain_ > 0 ? curve_ : 1;  // without theta its row is one of the unit matrix
  normal_.factor(wide_);
}

template <std::size_t K>
void PairInterior::apply(const std::vector<double>& y, std::vector<double>& result) {
  for (std::size_t r = 0; r < rows_; ++r) result[r] = share_[r] * y[r];
  on_lanes(wide_, [&]() WINDROW_ON_LANES {
    sweep<K>(y, result, [&](std::size_t j, const Lane& along) WINDROW_ON_LANES {
      return load(x_.data() + j) * load(per_z_.data() + j) * along;
    });
  });
}

/// dy is left in `right`. Conjugate gradients on the equations as they are, with their factor as preconditioner: near
/// the optimum the factor alone has lost most digits of the small directions. The factor holds the last equation,
/// theta's, as it is, so that no path leaves it once the first answer meets it; on it the matrix is positive.
template <std::size_t K>
void PairInterior::solve_refined(std::vector<double>& right, double theta) {
  residual_ = right;
  image_.assign(rows_ + 1, 0.0);
  std::vector<double>& answer = right;
  double back = normal_.solve(answer, theta, wide_);  // here and below, `back` is -dtheta
  // Leaves the image of a path, and returns its energy.
  const auto energy_of = [&](const std::vector<double>& y, double y_back) {
    apply<K>(y, image_);
    const double energy = dot(y, image_) + curve_ * y_back * y_back;
    for (std::size_t r = 0; r < rows_; ++r) image_[r] += slope_[r] * y_back;
    return energy;
  };
  const auto go = [&](double step, const std::vector<double>& y, double y_back) {
    for (std::size_t r = 0; r < rows_; ++r) answer[r] += step * y[r];
    back += step * y_back;
  };
  const double energy = energy_of(answer, back);
  for (std::size_t r = 0; r < rows_; ++r) residual_[r] -= image_[r];
  double before = 0;
  double path_back = 0;
  for (int pass = 0; pass < kMaxRefinements; ++pass) {
    better_ = residual_;
    const double better_back = normal_.solve(better_, 0, wide_);
    const double now = dot(residual_, better_);
    if (!(now > kRefined * energy)) {
      if (now > 0) go(1, better_, better_back);
      break;
    }
    if (pass == 0) {
      path_ = better_;
      path_back = better_back;
    } else {
      for (std::size_t r = 0; r < rows_; ++r) path_[r] = better_[r] + now / before * path_[r];
      path_back = better_back + now / before * path_back;
    }
    before = now;
    const double curve = energy_of(path_, path_back);
    if (!(curve > 0)) break;
    const double step = now / curve;
    go(step, path_, path_back);
    for (std::size_t r = 0; r < rows_; ++r) residual_[r] -= step * image_[r];
  }
  dtheta_ = -back;
}

/// What products of `mu` ask of a column, apart from the change of its reduced cost. Made twice: what is kept is read
/// from far away. Ahead, dx holds the products of the second order.
template <PairInterior::Toward Kind>
WINDROW_ON_LANES inline Lane PairInterior::wanted(std::size_t j, double mu, const Lane& x, const Lane& per_z) const {
  Lane product = mu * load(copies_.data() + j);
  if constexpr (Kind == Toward::corrected) product -= load(dx_.data() + j);
  return product * per_z - x;
}

template <std::size_t K, PairInterior::Toward Kind>
WINDROW_ON_LANES inline void PairInterior::add_wanted(double mu) {
  sweep<K>(y_, right_, [&](std::size_t j, const Lane&) WINDROW_ON_LANES {
    const Lane x = load(x_.data() + j);
    const Lane per_z = load(per_z_.data() + j);
    return wanted<Kind>(j, mu, x, per_z) + x * per_z * load(rd_.data() + j);
  });
}

/// The columns' part of the direction, its sum, and what decides the length of the step.
template <std::size_t K, PairInterior::Toward Kind>
WINDROW_ON_LANES inline void PairInterior::direct_columns(double mu) {
  std::fill(ax_.begin(), ax_.end(), 0.0);
  Lane by_primal{}, by_dual{}, by_both{}, most_primal{}, most_dual{};
  sweep<K>(dy_, ax_, [&](std::size_t j, const Lane& along) WINDROW_ON_LANES {
    const Lane x = load(x_.data() + j);
    const Lane per_z = load(per_z_.data() + j);
    const Lane dz = load(copies_.data() + j) > 0 ? along - load(rd_.data() + j) : Lane{};
    const Lane dx = wanted<Kind>(j, mu, x, per_z) - x * per_z * dz;
    const Lane both = dx * dz;
    if constexpr (Kind == Toward::ahead) {
      store(dx_.data() + j, both);
    } else {
      store(dz_.data() + j, dz);
      store(dx_.data() + j, dx);
    }
    by_primal += dx * load(z_.data() + j);
    by_dual += x * dz;
    by_both += both;
    most_primal = max(-dx / x, most_primal);  // empty slots: not a number
    most_dual = max(-dz * per_z, most_dual);
    return dx;
  });
  by_primal_ = sum(by_primal);
  by_dual_ = sum(by_dual);
  by_both_ = sum(by_both);
  most_primal_ = most(most_primal);
  most_dual_ = most(most_dual);
}

/// The Newton direction to products of `mu`: ahead of it, for what it tells of the second order; corrected by that; or
/// straight.
template <std::size_t K, PairInterior::Toward Kind>
void PairInterior::direction(double mu) {
  for (std::size_t r = 0; r < rows_; ++r) {
    const double product = mu * row_copies_[r] - (Kind == Toward::corrected ? ds_[r] * dy_[r] : 0);
    cs_[r] = equal_[r] != 0 ? 0 : product / y_[r] - s_[r];
  }
  // (A D A' + S / Y) dy - h dtheta = A D (wanted / x + reduced cost) + cs / y - rp, and h dy + curve dtheta = what
  // theta lacks.
  for (std::size_t r = 0; r < rows_; ++r) right_[r] = cs_[r] - rp_[r];
  right_[rows_] = 0;
  on_lanes(wide_, [&]() WINDROW_ON_LANES { add_wanted<K, Kind>(mu); });
  if (Kind == Toward::ahead || gap_ > kFar) {  // the factor is all that is needed
    dtheta_ = -normal_.solve(right_, rtheta_, wide_);
  } else {
    solve_refined<K>(right_, rtheta_);
  }
  std::copy_n(right_.data(), rows_, dy_.data());
  on_lanes(wide_, [&]() WINDROW_ON_LANES { direct_columns<K, Kind>(mu); });
  double by_primal = 0;
  double by_dual = 0;
  double by_both = 0;
  double most_primal = most_primal_;
  double most_dual = most_dual_;
  for (std::size_t r = 0; r < rows_; ++r) {
    if (equal_[r] != 0) {
      ds_[r] = 0;
      continue;
    }
    const double s = s_[r];
    const double y = y_[r];
    const double dy = dy_[r];
    const double ds = s < y ? cs_[r] - share_[r] * dy : rp_[r] - ax_[r] - slope_[r] * dtheta_;
    ds_[r] = ds;
    by_primal += ds * y;
    by_dual += s * dy;
    by_both += ds * dy;
    most_primal = std::max(most_primal, -ds / s);
    most_dual = std::max(most_dual, -dy / y);
  }
  by_primal_ += by_primal;
  by_dual_ += by_dual;
  by_both_ += by_both;
  most_primal_ = most_primal;
  most_dual_ = most_dual;
}

double PairInterior::products(double primal, double dual) const {
  return product_ + primal * by_primal_ + dual * by_dual_ + primal * dual * by_both_;
}

/// Of the last direction, primal and dual: this part of the way to the boundary, 1 at most.
std::pair<double, double> PairInterior::lengths(double part) const {
  double primal = std::min(1 / part, 1 / most_primal_);
  double dual = std::min(1 / part, 1 / most_dual_);
  if (by_rho_) {
    if (dtheta_ > 0) primal = std::min(primal, 0.9 * (-theta_ - rho_least_) / dtheta_);
    primal = dual = std::min(primal, dual);  // the demands bend: one step for all
  }
  return {std::min(1.0, part * primal), std::min(1.0, part * dual)};
}

}  // namespace windrow::solve
