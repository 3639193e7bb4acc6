#include "solve/market.hpp"

#include <algorithm>
#include <cmath>

#include "solve/lanes.hpp"

namespace windrow::solve {
namespace {

constexpr int kMostSteps = 12;
constexpr double kBoldest = 0.1;    // change of a price in a step, or demand jumps to and fro
constexpr double kUsed = 1e-5;      // share of time that is no rounding of the interior point method's
constexpr double kOver = 1e-11;     // part of a type's GPUs that may be missing
constexpr double kCleared = 1e-11;  // worth of all that is missing or left over, of each job
constexpr double kStraight = 1e-11;
// What keeps Newton's equations from being singular: demand that falls a little at any price, kinks that yield.
constexpr double kElastic = 1e-7, kYielding = 1e-9;

}  // namespace

double Market::rate_at(const Row& row, const Place& place) const {
  const double* const rate = rates(row);
  if (place.low == place.high) return rate[place.low];
  return (rate[place.high] - rate[place.low]) / (row.size * (now_.price[place.high] - now_.price[place.low]));
}

/// Whether nothing is worth more than where the row stands, but for rounding.
bool Market::stands(const Row& row, const Place& place) const {
  const double* const rate = rates(row);
  const double here = rate_at(row, place);
  if (!(here >= rate[place.low] && here <= rate[place.high])) return false;
  const double times = here * row.size;
  const Lane limit = lanes(rate[place.low] - times * now_.price[place.low] + kStraight * here);
  for (std::size_t p = 0; p < width_; p += kLanes)
    if (any(load(rate + p) - times * load(&now_.price[p]) > limit)) return false;
  return true;
}

/// What the row gains most from: along the hull for as long as its rate rises by more than that costs.
Market::Place Market::best(const Row& row) const {
  const double* const rate = rates(row);
  std::size_t at = types_;
  for (;;) {
    std::size_t next = at;
    double dearer = 0, faster = 1;
    for (std::size_t k = 0; k < types_; ++k) {
      const double more = rate[k] - rate[at];
      const double cost = row.size * (now_.price[k] - now_.price[at]);
      if (more > 0 && (next == at || cost * faster <= dearer * more)) next = k, dearer = cost, faster = more;
    }
    if (next == at || rate[at] * dearer >= faster) return {at, at};
    if (rate[next] * dearer >= faster) return {at, next};
    at = next;
  }
}

/// The demand of so many jobs of a row there, and its slope.
void Market::add(const Row& row, const Place& place, double count) {
  const double gpus = count * row.size;
  if (place.low == place.high) {
    now_.demand[place.low] += gpus;
    return;
  }
  const double* const rate = rates(row);
  const double apart = rate[place.high] - rate[place.low];
  const double here = rate_at(row, place);
  const double part = (here - rate[place.low]) / apart;
  now_.demand[place.high] += gpus * part;
  now_.demand[place.low] += gpus * (1 - part);
  const double fall = gpus * row.size * (here / apart) * (here / apart);
  now_.slope[place.high][place.high] -= fall;
  now_.slope[place.low][place.low] -= fall;
  now_.slope[place.high][place.low] += fall;
  now_.slope[place.low][place.high] += fall;
}

/// What time at the middle point takes from the low, the middle and the high one, so that the rate stays.
std::array<double, 3> Market::straight(const Kink& kink) const {
  const double* const rate = rates(rows_[kink.row]);
  const double far = (rate[kink.middle] - rate[kink.low]) / (rate[kink.high] - rate[kink.low]);
  return {far - 1, 1, -far};
}

/// Where prices have put a third point in line with a row's two, it may use all three. False where there are too many.
bool Market::add_kink(std::size_t i, const Place& was, const Place& is) {
  const double* const rate = rates(rows_[i]);
  const Place outer{rate[was.low] <= rate[is.low] ? was.low : is.low,
                    rate[was.high] >= rate[is.high] ? was.high : is.high};
  if (was != outer && is != outer) return true;
  const Place& inner = was == outer ? is : was;
  const std::size_t middle = inner.low != outer.low ? inner.low : inner.high;
  if (middle == outer.low || middle == outer.high) return true;
  if (inner.low != outer.low && inner.high != outer.high && inner.low != inner.high) return true;
  if (now_.kinks.size() == kMostKinks) return false;
  now_.kinks.push_back({i, outer.low, middle, outer.high, 0.0});
  now_.kink_of[i] = now_.kinks.size();
  return true;
}

void Market::take_out(std::size_t kink) {
  now_.kink_of[now_.kinks[kink].row] = 0;
  now_.kinks.erase(now_.kinks.begin() + static_cast<std::ptrdiff_t>(kink));
  for (std::size_t c = kink; c < now_.kinks.size(); ++c) now_.kink_of[now_.kinks[c].row] = c + 1;
}

/// Those of which a point would be used for less than no time.
void Market::drop_kinks() {
  for (std::size_t c = now_.kinks.size(); c-- > 0;) {
    const Kink kink = now_.kinks[c];
    const Row& row = rows_[kink.row];
    const double* const rate = rates(row);
    const auto per = straight(kink);
    const double beyond = (rate_at(row, {kink.low, kink.high}) - rate[kink.low]) / (rate[kink.high] - rate[kink.low]);
    const double low = 1 - beyond + per[0] * kink.part, high = beyond + per[2] * kink.part;
    const double least = std::min({low, kink.part, high});
    if (!(least < -1e-12)) continue;
    take_out(c);
    now_.place[kink.row] = least == kink.part ? Place{kink.low, kink.high}
                           : least == high    ? Place{kink.low, kink.middle}
                                              : Place{kink.middle, kink.high};
    held_.push_back(kink.row);
  }
}

/// The demand at the prices, every row where it stands best.
bool Market::count() {
  now_.demand.fill(0);
  for (auto& row : now_.slope) row.fill(0);
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    const Row& row = rows_[i];
    if (row.count <= 0 || now_.kink_of[i] != 0) continue;
    if (!stands(row, now_.place[i]) && std::find(held_.begin(), held_.end(), i) == held_.end()) {
      const Place place = best(row);
      if (!add_kink(i, now_.place[i], place)) return false;
      now_.place[i] = place;
    }
    if (now_.kink_of[i] == 0) add(row, now_.place[i], row.count);
  }
  for (const Kink& kink : now_.kinks) {
    const Row& row = rows_[kink.row];
    add(row, {kink.low, kink.high}, row.count);
    const auto per = straight(kink);
    const double gpus = row.count * row.size * kink.part;
    now_.demand[kink.low] += per[0] * gpus;
    now_.demand[kink.middle] += per[1] * gpus;
    now_.demand[kink.high] += per[2] * gpus;
  }
  return true;
}

/// Newton's step to where all GPUs are rented and the points of kinks are in line. False where nothing says how.
bool Market::step() {
  State& s = now_;
  const std::size_t n = types_ + s.kinks.size();
  std::array<std::array<double, kMostUnknown + 1>, kMostUnknown> a;
  for (std::size_t r = 0; r < n; ++r) std::fill_n(a[r].begin(), n + 1, 0.0);
  for (std::size_t k = 0; k < types_; ++k) {
    if (idle_[k]) {
      a[k][k] = 1;  // its price stays 0
      continue;
    }
    for (std::size_t l = 0; l < types_; ++l) a[k][l] = s.slope[k][l];
    a[k][k] -= kElastic * capacity_[k] / s.price[k];
    a[k][n] = capacity_[k] - s.demand[k];
  }
  for (std::size_t c = 0; c < s.kinks.size(); ++c) {
    const Kink& kink = s.kinks[c];
    const Row& row = rows_[kink.row];
    const auto per = straight(kink);
    auto& line = a[types_ + c];
    line[types_ + c] = -kYielding;
    const std::array<std::size_t, 3> points{kink.low, kink.middle, kink.high};
    for (std::size_t p = 0; p < 3; ++p) {
      const std::size_t k = points[p];
      if (k == types_) continue;
      line[k] = per[p];
      line[n] -= per[p] * s.price[k];
      if (!idle_[k]) a[k][types_ + c] = per[p] * row.count * row.size;
    }
  }
  for (std::size_t c = 0; c < n; ++c) {
    std::size_t pivot = c;
    for (std::size_t r = c + 1; r < n; ++r)
      if (std::abs(a[r][c]) > std::abs(a[pivot][c])) pivot = r;
    if (!(std::abs(a[pivot][c]) > 1e-12)) return false;
    std::swap(a[c], a[pivot]);
    for (std::size_t r = c + 1; r < n; ++r) {
      const double times = a[r][c] / a[c][c];
      if (times == 0) continue;
      for (std::size_t j = c + 1; j <= n; ++j) a[r][j] -= times * a[c][j];
    }
  }
  for (std::size_t c = n; c-- > 0;) {
    double rest = a[c][n];
    for (std::size_t j = c + 1; j < n; ++j) rest -= a[c][j] * a[j][n];
    a[c][n] = rest / a[c][c];
  }
  double part = 1;
  for (std::size_t k = 0; k < types_; ++k)
    if (!idle_[k]) part = std::min(part, kBoldest * s.price[k] / std::abs(a[k][n]));
  for (std::size_t k = 0; k < types_; ++k) s.price[k] += part * a[k][n];
  for (std::size_t c = 0; c < s.kinks.size(); ++c) s.kinks[c].part += part * a[types_ + c][n];
  drop_kinks();
  return true;
}

/// Whether these are the prices.
bool Market::cleared() const {
  const State& s = now_;
  double jobs = 0, wrong = 0;
  for (const Row& row : rows_) jobs += row.count;
  for (std::size_t k = 0; k < types_; ++k) {
    const double over = s.demand[k] - capacity_[k];
    if (over > kOver * capacity_[k]) return false;
    wrong += s.price[k] * -over;
  }
  if (!(wrong <= kCleared * jobs) || !held_.empty()) return false;
  for (const Kink& kink : s.kinks) {
    const Row& row = rows_[kink.row];
    const auto per = straight(kink);
    const double bent = per[0] * s.price[kink.low] + s.price[kink.middle] + per[2] * s.price[kink.high];
    if (!(std::abs(bent) * row.size <= kStraight) || !stands(row, {kink.low, kink.high})) return false;
  }
  return true;
}

bool Market::settle(bool counted) {
  held_.clear();
  for (int steps = 0; steps < kMostSteps; ++steps) {
    if (!counted && !count()) return false;
    if (cleared()) return true;
    held_.clear();
    if (!step()) return false;
    counted = false;
  }
  return false;
}

double Market::welfare() const {
  double sum = 0;
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    const Row& row = rows_[i];
    if (row.count <= 0) continue;
    Place place = now_.place[i];
    if (now_.kink_of[i] != 0) {
      const Kink& kink = now_.kinks[now_.kink_of[i] - 1];
      place = {kink.low, kink.high};
    }
    sum += row.count * std::log(rate_at(row, place));
  }
  return sum;
}

void Market::open(const Problem& problem, const Solution& whole) {
  types_ = problem.types();
  width_ = (types_ + kLanes) / kLanes * kLanes;  // one more than types, at least
  open_ = false;
  if (types_ > kMostTypes) return;
  const std::size_t n = problem.rows();
  capacity_ = problem.capacity;
  rows_.clear();
  rates_.assign(n * width_, 0.0);
  State& s = now_;
  s.place.clear();
  s.kinks.clear();
  s.kink_of.assign(n, 0);
  s.price.fill(0);
  std::array<double, kMostTypes> used{};
  for (std::size_t i = 0; i < n; ++i) {
    const Row row{problem.count_of(i), problem.size[i], i * width_};
    rows_.push_back(row);
    std::array<std::size_t, kMostTypes + 1> points;
    std::size_t found = 0;
    double rest = 1;
    for (std::size_t k = 0; k < types_; ++k) {
      const double x = whole.x[i * types_ + k];
      if (problem.allows(i, k)) rates_[row.rates + k] = problem.rate_of(i, k);
      if (x > kUsed) points[found++] = k;
      used[k] += row.count * row.size * x;
      rest -= x;
    }
    if (rest > kUsed) points[found++] = types_;
    const double* const rate = rates(row);
    std::sort(points.data(), points.data() + found, [&](std::size_t a, std::size_t b) { return rate[a] < rate[b]; });
    if (found == 0 || found > 3) return;
    s.place.push_back({points[0], points[found - 1]});
    if (found < 3) continue;
    if (s.kinks.size() == kMostKinks) return;
    s.kinks.push_back(
        {i, points[0], points[1], points[2], points[1] == types_ ? rest : whole.x[i * types_ + points[1]]});
    s.kink_of[i] = s.kinks.size();
  }
  for (std::size_t k = 0; k < types_; ++k) {
    idle_[k] = used[k] < capacity_[k] * (1 - kUsed);
    s.price[k] = idle_[k] ? 0 : whole.price[k];
  }
  if (!settle(false)) return;
  open_ = true;
  whole_ = now_;
}

std::optional<double> Market::welfare_without(std::size_t i) {
  if (!open_) return std::nullopt;
  now_ = whole_;
  Row& row = rows_[i];
  const std::size_t kink = now_.kink_of[i];
  if (kink == 0) add(row, now_.place[i], -1);
  row.count -= 1;
  if (row.count <= 0 && kink != 0) take_out(kink - 1);
  std::optional<double> found;
  if (settle(kink == 0)) found = welfare();
  row.count += 1;
  return found;
}

}  // namespace windrow::solve
