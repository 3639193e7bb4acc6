#include "solve/pair_program.hpp"

#include <algorithm>
#include <cmath>

#include "solve/filling.hpp"
#include "solve/newton.hpp"
#include "solve/rooms.hpp"

namespace windrow::solve {
namespace {

constexpr double kTargetGap = 1e-8;
constexpr double kSure = 1e-6;
constexpr double kProved = 1e-6;  // a larger gap is no proof

std::size_t at(int index) {
  return static_cast<std::size_t>(index);
}

/// Whether taking turns alone does as well, for any optimum. Exact; keeps the optimum, not its centre.
bool dominated(const Problem& alone, const Way& way) {
  if (way.pair == kNobody) return false;
  const std::size_t k = at(way.type);
  const double first = alone.rate_of(at(way.first), k);
  const double second = way.second == kNobody ? 1 : alone.rate_of(at(way.second), k);
  if ((way.first_rate > 0 && first <= 0) || (way.second_rate > 0 && second <= 0)) return false;
  return (way.first_rate > 0 ? way.first_rate / first : 0) + (way.second_rate > 0 ? way.second_rate / second : 0) <= 1;
}

/// What a unit of a way's time is worth at prices, less what it costs.
double worth(const Problem& alone, const Way& way, const WayAnswer& prices) {
  const std::size_t i = at(way.first);
  double value = way.gain - prices.price[at(way.type)] * alone.size[i] - prices.time_price[i] * way.first_time;
  if (alone.demands(i)) value += prices.rate_price[i] * way.first_rate;
  if (way.second == kNobody) return value;
  const std::size_t j = at(way.second);
  value -= prices.time_price[j];
  if (alone.demands(j)) value += prices.rate_price[j] * way.second_rate;
  return value;
}

/// The rate of the fastest type alone.
double fastest_alone(const Problem& alone, std::size_t i) {
  double most = 0;
  for (std::size_t k = 0; k < alone.types(); ++k)
    if (alone.allows(i, k) && alone.capacity[k] > 0) most = std::max(most, alone.rate_of(i, k));
  return most;
}

}  // namespace

void Ways::measure(const Problem& alone) {
  scale.assign(alone.rows(), 0.0);
  possible = true;
  double value = 0;
  for (const Way& way : list) {
    scale[at(way.first)] = std::max(scale[at(way.first)], way.first_rate);
    if (way.second != kNobody) scale[at(way.second)] = std::max(scale[at(way.second)], way.second_rate);
    value = std::max(value, std::abs(way.gain));
  }
  double least = HUGE_VAL;
  for (std::size_t i = 0; i < alone.rows(); ++i) {
    if (!alone.demands(i)) {
      scale[i] = 0;
      continue;
    }
    if (scale[i] <= 0) possible = false, scale[i] = 1;
    if (alone.weight[i] > 0) least = std::min(least, scale[i] / alone.weight[i]);
  }
  theta_unit = least < HUGE_VAL ? least : 1;
  value = std::max(value, alone.theta_gain * theta_unit);
  value_unit = value > 0 ? value : 1;
}

double upper_bound(const Problem& alone, const std::vector<Way>& ways, const WayAnswer& prices) {
  double scale = 1;
  const double gains = alone.theta_gain > 0 ? 0 : 1;  // what the ways gain is another question's
  if (alone.theta_gain > 0) {
    double total = 0;
    for (std::size_t i = 0; i < alone.rows(); ++i) total += alone.count_of(i) * alone.weight[i] * prices.rate_price[i];
    if (!(total > 0)) return HUGE_VAL;
    scale = alone.theta_gain / total;
  }
  std::vector<double> time(alone.rows());
  for (std::size_t i = 0; i < time.size(); ++i) time[i] = scale * prices.time_price[i];
  const auto rate_price = [&](std::size_t i) { return alone.demands(i) ? scale * prices.rate_price[i] : 0.0; };
  for (const Way& way : ways) {
    const std::size_t i = at(way.first);
    const std::size_t j = way.second == kNobody ? i : at(way.second);
    double lack = gains * way.gain + rate_price(i) * way.first_rate - way.first_time * time[i] -
                  scale * prices.price[at(way.type)] * alone.size[i];
    if (way.second != kNobody) lack += rate_price(j) * way.second_rate - time[j];
    if (lack <= 0) continue;
    time[i] += lack / 2;
    time[j] += lack / 2;
  }
  double bound = 0;
  for (std::size_t k = 0; k < alone.types(); ++k) bound += scale * prices.price[k] * alone.capacity[k];
  for (std::size_t i = 0; i < alone.rows(); ++i)
    bound += alone.count_of(i) * (time[i] - rate_price(i) * alone.floor_of(i));
  return bound;
}

void KnownPrices::keep(const std::vector<std::size_t>& labels, const WayAnswer& answer) {
  constexpr std::size_t kMost = 8;  // 1 leaves half of what could be spared, 32 spare hardly more
  if (kept_.size() < kMost) kept_.emplace_back();
  Kept& kept = kept_[std::exchange(next_, (next_ + 1) % kMost)];
  kept.labels.keep(labels);
  kept.price = answer.price;
  kept.time_price = answer.time_price;
  kept.rate_price = answer.rate_price;
}

void KnownPrices::recall(std::size_t age, const std::vector<std::size_t>& labels, WayAnswer& answer) {
  Kept& kept = kept_[(next_ + kept_.size() - 1 - age) % kept_.size()];
  answer.price = kept.price;
  answer.time_price.assign(labels.size(), 0.0);
  answer.rate_price.assign(labels.size(), 0.0);
  kept.labels.match(labels, [&](std::size_t i, std::size_t row) {
    answer.time_price[i] = kept.time_price[row];
    answer.rate_price[i] = kept.rate_price[row];
  });
}

/// Mends what rounding left over a limit; then rates, theta and proof from time and prices.
void PairProgram::settle(const Problem& alone, WayAnswer& answer) const {
  const std::size_t n = alone.rows();
  std::vector<double> used(n);
  std::vector<double> gpus(alone.types());
  for (std::size_t j = 0; j < ways.list.size(); ++j) {
    const Way& way = ways.list[j];
    double& time = answer.time[j];
    time = std::max(0.0, time);
    if (time == 0) continue;
    used[at(way.first)] += way.first_time * time;
    if (way.second != kNobody) used[at(way.second)] += time;
    gpus[at(way.type)] += alone.size[at(way.first)] * time;
  }
  for (std::size_t i = 0; i < n; ++i) used[i] = std::max(1.0, used[i] / alone.count_of(i));
  for (std::size_t k = 0; k < gpus.size(); ++k)
    gpus[k] = alone.capacity[k] > 0 ? std::max(1.0, gpus[k] / alone.capacity[k]) : 1;
  answer.rate.assign(n, 0.0);
  double sum = 0;
  for (std::size_t j = 0; j < ways.list.size(); ++j) {
    if (answer.time[j] == 0) continue;
    const Way& way = ways.list[j];
    double over = std::max(used[at(way.first)], gpus[at(way.type)]);
    if (way.second != kNobody) over = std::max(over, used[at(way.second)]);
    answer.time[j] /= over;
    answer.rate[at(way.first)] += way.first_rate * answer.time[j];
    if (way.second != kNobody) answer.rate[at(way.second)] += way.second_rate * answer.time[j];
    sum += way.gain * answer.time[j];
  }
  double theta = HUGE_VAL;
  for (std::size_t i = 0; i < n; ++i) {
    answer.rate[i] /= alone.count_of(i);
    if (alone.weight[i] > 0) theta = std::min(theta, (answer.rate[i] - alone.floor_of(i)) / alone.weight[i]);
  }
  answer.theta = theta < HUGE_VAL ? theta : 0;
  answer.objective = alone.theta_gain * answer.theta + sum;
  answer.bound = upper_bound(alone, ways.list, answer);
  answer.gap = (answer.bound - answer.objective) / std::max(std::abs(answer.bound), 1e-300);
  answer.status = Status::optimal;
}

void PairProgram::add_to(LinearProgram& program, const Problem& alone, const Way& way) {
  const std::size_t i = at(way.first);
  const int times = static_cast<int>(alone.types());
  entries_.assign({{way.type, alone.size[i]}, {times + way.first, way.first_time}});
  if (demand_[i] >= 0) entries_.emplace_back(demand_[i], -way.first_rate / ways.scale[i]);
  if (way.second != kNobody) {
    const std::size_t j = at(way.second);
    entries_.emplace_back(times + way.second, 1.0);
    if (demand_[j] >= 0) entries_.emplace_back(demand_[j], -way.second_rate / ways.scale[j]);
  }
  program.add_column(way.gain / ways.value_unit, 0, kInfinity, entries_);
}

/// Rows: types, the time of each row, demands counted downwards from what is wanted. Theta is the first column.
LinearProgram PairProgram::program_of(const Problem& alone, bool with_pairs) {
  LinearProgram program;
  for (const double gpus : alone.capacity) program.add_row(-kInfinity, gpus);
  for (std::size_t i = 0; i < alone.rows(); ++i) program.add_row(-kInfinity, alone.count_of(i));
  demand_.assign(alone.rows(), -1);
  std::vector<std::pair<int, double>> theta;
  for (std::size_t i = 0; i < alone.rows(); ++i) {
    if (!alone.demands(i)) continue;
    demand_[i] = program.add_row(-kInfinity, -alone.count_of(i) * alone.floor_of(i) / ways.scale[i]);
    theta.emplace_back(demand_[i], alone.count_of(i) * alone.weight[i] * ways.theta_unit / ways.scale[i]);
  }
  program.add_column(alone.theta_gain * ways.theta_unit / ways.value_unit, 0, kInfinity, theta);
  for (const Way& way : ways.list)
    if (with_pairs || way.pair == kNobody) add_to(program, alone, way);
  return program;
}

/// Prices from the program's rows, in its units.
void PairProgram::read(const Problem& alone, const LinearSolution& found, WayAnswer& answer) const {
  answer.method = Method::simplex;
  answer.rounds = found.rounds;
  answer.status = found.status;
  if (found.status != Status::optimal) return;
  const auto value = [&](std::size_t row) { return std::max(0.0, found.price[row]) * ways.value_unit; };
  const std::size_t types = alone.types();
  answer.price.resize(types);
  answer.time_price.resize(alone.rows());
  answer.rate_price.assign(alone.rows(), 0.0);
  for (std::size_t k = 0; k < types; ++k) answer.price[k] = value(k);
  for (std::size_t i = 0; i < alone.rows(); ++i) {
    answer.time_price[i] = value(types + i);
    if (demand_[i] >= 0) answer.rate_price[i] = value(at(demand_[i])) / ways.scale[i];
  }
  // The simplex method's tolerance is absolute: where a row asks for next to nothing, it may have got nothing.
  const double theta = found.x[0] * ways.theta_unit;
  std::vector<double> lack(alone.rows());
  for (std::size_t i = 0; i < lack.size(); ++i)
    if (demand_[i] >= 0) lack[i] = alone.count_of(i) * (alone.weight[i] * theta + alone.floor_of(i));
  for (std::size_t j = 0; j < ways.list.size(); ++j) {
    if (answer.time[j] == 0) continue;
    const Way& way = ways.list[j];
    lack[at(way.first)] -= way.first_rate * answer.time[j];
    if (way.second != kNobody) lack[at(way.second)] -= way.second_rate * answer.time[j];
  }
  for (std::size_t j = 0; j < ways.list.size(); ++j) {
    const Way& way = ways.list[j];
    if (way.pair != kNobody) break;  // those alone come first
    const std::size_t i = at(way.first);
    if (!(lack[i] > 0) || !(way.first_rate > 0)) continue;
    if (way.first_rate < fastest_alone(alone, i)) continue;
    answer.time[j] += lack[i] / way.first_rate;
    lack[i] = 0;
  }
  settle(alone, answer);
}

void PairProgram::by_simplex(const Problem& alone, bool lexicographically, WayAnswer& answer) {
  const LinearProgram program = program_of(alone, true);
  std::vector<double> gpu_time{0.0};
  for (const Way& way : ways.list) gpu_time.push_back(alone.size[at(way.first)]);
  const LinearSolution found = lexicographically ? maximise_lexicographically(program, {gpu_time}) : maximise(program);
  answer = {};
  if (found.status == Status::optimal) answer.time.assign(found.x.begin() + 1, found.x.end());
  read(alone, found, answer);
}

void PairProgram::simplex(const Problem& alone, WayAnswer& answer) {
  by_simplex(alone, false, answer);
}

/// Column generation first: all ways at once are many.
void PairProgram::fall_back(const Problem& alone, WayAnswer& answer) {
  if (answer.status == Status::optimal) return;
  generate(alone, answer);
  if (answer.status != Status::optimal) simplex(alone, answer);
  answer.fell_back = true;
}

/// All floors can be met if and only if all rates can be had at once: a max-min problem with the floors as weights.
bool PairProgram::can_meet_floors(const Problem& alone, const RowNames* names) {
  Problem met = alone;
  met.theta_gain = 1;
  met.gain.clear();
  met.floor.clear();
  for (std::size_t i = 0; i < met.rows(); ++i) met.weight[i] = std::max(0.0, alone.floor_of(i));
  WayAnswer answer;
  if (names != nullptr && foresee(met, *names, kAttained, answer) && answer.bound < kAttained) return false;
  const Ways asked = ways;
  for (Way& way : ways.list) way.gain = 0;
  ways.measure(met);
  generate(met, answer, {names, &floors_});
  if (answer.status != Status::optimal) simplex(met, answer);
  ways = asked;
  if (names != nullptr && answer.status == Status::optimal) known_.keep(names->kind, answer);
  return answer.status == Status::optimal && answer.bound >= kAttained;
}

void PairProgram::read(const Problem& alone, const PairInterior& found, WayAnswer& answer) const {
  answer.time = found.time();
  answer.price.resize(alone.types());
  answer.time_price.resize(alone.rows());
  answer.rate_price.resize(alone.rows());
  for (std::size_t k = 0; k < alone.types(); ++k) answer.price[k] = found.capacity_price(k);
  for (std::size_t i = 0; i < alone.rows(); ++i) {
    answer.time_price[i] = found.time_price(i);
    answer.rate_price[i] = found.rate_price(i);
  }
  settle(alone, answer);
}

void PairProgram::interior(const Problem& alone, double target_gap, WayAnswer& answer, const Tight* tight,
                           const RowNames* names) {
  answer.status = Status::failed;
  answer.method = Method::interior;
  answer.fell_back = false;
  const bool there = interior_.run(
      alone, ways, {.gap = target_gap, .tight = tight, .labels = names != nullptr ? &names->kind : nullptr});
  answer.rounds = interior_.rounds();
  if (!there) return;
  read(alone, interior_, answer);
  if (!(answer.gap <= kProved)) answer.status = Status::failed;
  for (std::size_t i = 0; i < alone.rows(); ++i)  // where theta is asked for, it is already what x attains
    if (answer.rate[i] < alone.floor_of(i) * (1 - 2e-8)) answer.status = Status::failed;
}

/// The first program: jobs alone, and the pairs of the basis that is known, from which it goes on. `held`: the ways of
/// its columns but the first.
GrowingProgram PairProgram::begin(const Problem& alone, const Vertex& vertex, std::vector<std::size_t>& held) {
  while (held.size() < ways.list.size() && ways.list[held.size()].pair == kNobody) held.push_back(held.size());
  GrowingProgram growing(program_of(alone, false));
  if (vertex.names == nullptr || !vertex.known->recall(*vertex.names, ways.list, alone.types(), basis_)) return growing;
  std::vector<char> column(1 + held.size());
  column[0] = basis_.theta;
  LinearProgram pairs;
  for (const std::size_t j : basis_.ways) {
    if (ways.list[j].pair == kNobody) {
      column[1 + j] = 1;
      continue;
    }
    column.push_back(1);
    held.push_back(j);
    add_to(pairs, alone, ways.list[j]);
  }
  growing.add_columns(pairs);
  std::vector<char> row = basis_.type;
  row.insert(row.end(), basis_.time.begin(), basis_.time.end());
  for (std::size_t i = 0; i < alone.rows(); ++i)
    if (demand_[i] >= 0) row.push_back(basis_.demand[i]);
  growing.begin(column, row);
  return growing;
}

void PairProgram::keep(const Problem& alone, const Vertex& vertex, const GrowingProgram& growing,
                       const std::vector<std::size_t>& held) {
  const auto basic = [&](std::size_t row) { return growing.basic_row(static_cast<int>(row)) ? char{1} : char{0}; };
  basis_ = {};
  basis_.theta = growing.basic_column(0) ? 1 : 0;
  for (std::size_t k = 0; k < alone.types(); ++k) basis_.type.push_back(basic(k));
  for (std::size_t i = 0; i < alone.rows(); ++i) {
    basis_.time.push_back(basic(alone.types() + i));
    basis_.demand.push_back(demand_[i] >= 0 ? basic(at(demand_[i])) : char{1});
  }
  for (std::size_t c = 0; c < held.size(); ++c)
    if (growing.basic_column(static_cast<int>(c + 1))) basis_.ways.push_back(held[c]);
  vertex.known->keep(*vertex.names, ways.list, basis_);
}

/// Of all optima of the ways in the program, one that gives the rows most, each by what it could have at most.
void PairProgram::give_most(GrowingProgram& growing, const std::vector<std::size_t>& held,
                            LinearSolution& found) const {
  std::vector<double> gain{0.0};
  for (const std::size_t j : held) {
    const Way& way = ways.list[j];
    const auto part = [&](int row, double rate) {
      return row != kNobody && ways.scale[at(row)] > 0 ? rate / ways.scale[at(row)] : 0.0;
    };
    gain.push_back(part(way.first, way.first_rate) + part(way.second, way.second_rate));
  }
  growing.then_maximise(gain, found);
}

/// Column generation: ways that are worth more than they cost at the prices join until there are none; of a row's pairs
/// the best on each type first. Pairs that no optimum needs are never asked.
void PairProgram::generate(const Problem& alone, WayAnswer& answer, const Vertex& vertex) {
  constexpr double kWorthIt = 1e-9;
  const bool prune = std::all_of(ways.list.begin(), ways.list.end(), [](const Way& way) { return way.gain == 0; });
  std::vector<std::size_t> held;
  GrowingProgram growing = begin(alone, vertex, held);
  std::vector<char> joined(ways.list.size());
  for (const std::size_t j : held) joined[j] = 1;
  const auto pairs = static_cast<std::size_t>(
      std::find_if(ways.list.begin(), ways.list.end(), [](const Way& way) { return way.pair != kNobody; }) -
      ways.list.begin());
  const std::size_t types = alone.types();
  std::vector<std::size_t> best(alone.rows() * types);
  std::vector<double> worth(alone.rows() * types);
  answer = {};
  LinearSolution found;
  for (;;) {
    found = growing.solve();
    if (found.status != Status::optimal) break;
    worth.assign(worth.size(), kWorthIt);
    best.assign(best.size(), ways.list.size());
    for (std::size_t j = pairs; j < ways.list.size(); ++j) {
      if (joined[j] != 0) continue;
      const Way& way = ways.list[j];
      const std::size_t i = at(way.first);
      const auto price = [&](std::size_t row) { return std::max(0.0, found.price[row]); };
      double value =
          way.gain / ways.value_unit - price(at(way.type)) * alone.size[i] - price(types + i) * way.first_time;
      if (demand_[i] >= 0) value += price(at(demand_[i])) * way.first_rate / ways.scale[i];
      if (way.second != kNobody) {
        const std::size_t h = at(way.second);
        value -= price(types + h);
        if (demand_[h] >= 0) value += price(at(demand_[h])) * way.second_rate / ways.scale[h];
      }
      if (!(value > kWorthIt) || (prune && dominated(alone, way))) continue;
      for (const int row : {way.first, way.second}) {
        if (row == kNobody) continue;
        const std::size_t cell = at(row) * types + at(way.type);
        if (value > worth[cell]) worth[cell] = value, best[cell] = j;
      }
    }
    std::sort(best.begin(), best.end());
    best.erase(std::unique(best.begin(), best.end()), best.end());
    if (!best.empty() && best.back() == ways.list.size()) best.pop_back();
    if (best.empty()) break;
    LinearProgram more;
    for (const std::size_t j : best) add_to(more, alone, ways.list[j]);
    growing.add_columns(more);
    held.insert(held.end(), best.begin(), best.end());
    for (const std::size_t j : best) joined[j] = 1;
    best.resize(alone.rows() * types);
  }
  if (found.status != Status::optimal && vertex.names != nullptr && vertex.known->there()) {
    *vertex.known = {};  // not from there, then
    return generate(alone, answer, vertex);
  }
  if (found.status == Status::optimal && vertex.gives_most) give_most(growing, held, found);
  if (found.status == Status::optimal && vertex.names != nullptr) keep(alone, vertex, growing, held);
  if (found.status == Status::optimal) {
    answer.time.assign(ways.list.size(), 0.0);
    for (std::size_t c = 0; c < held.size(); ++c) answer.time[held[c]] = found.x[c + 1];
  }
  read(alone, found, answer);
}

void PairProgram::lexicographic(const Problem& alone, WayAnswer& answer) {
  if (alone.theta_gain <= 0) return by_simplex(alone, true, answer);
  WayAnswer filled;
  const WaterFilling levels = fill(alone, nullptr, Filling::exact, filled);
  answer = {};
  if (filled.status != Status::optimal) return;
  Problem least = alone;
  least.theta_gain = 0;
  least.floor.assign(alone.rows(), 0.0);
  for (std::size_t i = 0; i < alone.rows(); ++i) {
    if (alone.weight[i] > 0) least.floor[i] = std::min(levels.level[i], filled.rate[i]) * (1 - kTargetGap);
    least.weight[i] = 0;
  }
  WayAnswer first;
  generate(alone, first);
  fall_back(alone, first);
  // Of the ways that the filling left open alone; of all, should rounding have closed one too many.
  const double unit = ways.value_unit;
  const std::vector<Way> all = ways.list;
  std::vector<Way> few;
  for (const std::size_t j : open_) few.push_back(all[j]);
  ways.value_unit = 1;
  ways.list = few;
  by_simplex(least, true, answer);
  ways.list = all;
  if (answer.status == Status::optimal) {
    std::vector<double> time(all.size());
    for (std::size_t c = 0; c < open_.size(); ++c) time[open_[c]] = answer.time[c];
    answer.time = std::move(time);
  } else {
    by_simplex(least, true, answer);
  }
  ways.value_unit = unit;
  if (answer.status != Status::optimal) return;
  answer.theta = HUGE_VAL;
  for (std::size_t i = 0; i < alone.rows(); ++i)
    if (alone.weight[i] > 0)
      answer.theta = std::min(answer.theta, (answer.rate[i] - alone.floor_of(i)) / alone.weight[i]);
  answer.objective = alone.theta_gain * answer.theta;
  answer.price = first.price;
  answer.rate_price = first.rate_price;
  answer.time_price = first.time_price;
  answer.bound = first.bound;
  answer.gap = (answer.bound - answer.objective) / std::max(answer.bound, 1e-300);
  answer.rounds += levels.rounds;
}

/// Nobody gets anything, which is as good as anything where theta alone counts and nobody has a weight.
void PairProgram::idle(const Problem& alone, WayAnswer& answer) const {
  answer = {};
  answer.time.assign(ways.list.size(), 0.0);
  answer.price.assign(alone.types(), 0.0);
  answer.time_price.assign(alone.rows(), 0.0);
  answer.rate_price.assign(alone.rows(), 0.0);
  settle(alone, answer);
  answer.bound = answer.gap = 0;
}

void PairProgram::solve(const Problem& alone, TieBreak tie_break, WayAnswer& answer, const RowNames* names) {
  if (Rooms::nobody_asks(alone)) return idle(alone, answer);
  switch (tie_break) {
    case TieBreak::central:
    case TieBreak::ecos:
      interior(alone, kTargetGap, answer, nullptr, names);
      if (answer.status != Status::optimal) interior(alone, 10 * kTargetGap, answer);
      break;
    case TieBreak::lexicographic:
      lexicographic(alone, answer);
      break;
    case TieBreak::vertex:
      generate(alone, answer, {names, &optimum_, alone.theta_gain > 0});
      break;
  }
  fall_back(alone, answer);
}

/// The least bound of theta that known prices prove, or the first below `enough`, with these prices. False where
/// nothing is known.
bool PairProgram::foresee(const Problem& alone, const RowNames& names, double enough, WayAnswer& best) {
  best.bound = HUGE_VAL;
  WayAnswer prices;
  for (std::size_t age = 0; age < known_.size() && best.bound >= enough; ++age) {
    known_.recall(age, names.kind, prices);
    double worth = 0;
    for (std::size_t i = 0; i < alone.rows(); ++i) worth += alone.count_of(i) * alone.weight[i] * prices.rate_price[i];
    if (!(worth > 0)) continue;
    for (auto* list : {&prices.price, &prices.time_price, &prices.rate_price})
      for (double& price : *list) price /= worth;
    prices.bound = upper_bound(alone, ways.list, prices);
    if (prices.bound < best.bound) best = prices;
  }
  return best.bound < HUGE_VAL;
}

/// Every round's allocations are optima of all rounds before. So a way that has no time in any optimum of one round has
/// none later, a row without slack keeps none, and whoever is frozen has its level exactly: what would leave ever less
/// of an interior is taken out as it becomes known. Where the interior point method gives up all the same, vertices
/// finish the levels, and it is asked once more at the end, for the centre.
WaterFilling PairProgram::fill(const Problem& alone, const Reweigh* reweigh, Filling filling, WayAnswer& last,
                               const RowNames* names) {
  const std::size_t n = alone.rows();
  const std::vector<Way> all = ways.list;
  std::vector<std::size_t> held(all.size());  // ways that are left
  for (std::size_t j = 0; j < held.size(); ++j) held[j] = j;
  Tight tight{std::vector<char>(n), std::vector<char>(n), std::vector<char>(alone.types())};
  Problem round = alone;
  round.theta_gain = 1;
  WayAnswer solution;
  bool by_vertices = false;
  const auto keep = [&] {
    last = solution;
    last.time.assign(all.size(), 0.0);
    for (std::size_t j = 0; j < held.size(); ++j) last.time[held[j]] = solution.time[j];
  };
  const auto drop = [&](auto dead) {
    std::size_t kept = 0;
    for (std::size_t j = 0; j < held.size(); ++j) {
      if (dead(j)) continue;
      held[kept] = held[j];
      ways.list[kept++] = ways.list[j];
    }
    held.resize(kept);
    ways.list.resize(kept);
  };
  Tight before;
  std::vector<double> caps(n, 0.0);
  for (const Way& way : ways.list) {
    double& first = caps[static_cast<std::size_t>(way.first)];
    first = std::max(first, way.first_rate / way.first_time);
    if (way.second == kNobody) continue;
    double& second = caps[static_cast<std::size_t>(way.second)];
    second = std::max(second, way.second_rate);
  }
  bool held_back = false;  // some rows by others, that is, not by their own time alone
  const auto tell = [&](bool central, RoundAnswer& answer) {
    answer.take(solution, central);
    answer.rate = solution.rate;
    if (answer.status != Status::optimal) return;
    for (std::size_t i = 0; i < n; ++i)
      answer.cost.push_back(alone.count_of(i) * round.weight[i] * solution.rate_price[i]);
  };
  const auto ask = [&](const std::vector<double>& weight, const std::vector<double>& floor) {
    round.weight = weight;
    round.floor = floor;
    ways.measure(round);
  };
  // Whoever has all of its time where it is fastest needs no floor: a second equation would say the same, and rounding
  // would make the two contradict each other.
  std::vector<char> capped(n, 0);
  const auto ask_interior = [&](const std::vector<double>& weight, std::vector<double> floor, const Tight& known) {
    for (std::size_t i = 0; i < n; ++i)
      if (capped[i]) floor[i] = 0;
    ask(weight, floor);
    interior(round, kTargetGap, solution, &known);
  };
  WaterFilling filled;
  fill_levels(
      filling_, alone.floor, alone.weight, caps, reweigh, filling, kFloorSlack,
      [&](const std::vector<double>& weight, const std::vector<double>& floor, RoundAnswer& answer) {
        if (!by_vertices) ask_interior(weight, floor, tight);
        by_vertices = by_vertices || solution.status != Status::optimal;
        if (by_vertices) {
          ask(weight, floor);
          generate(round, solution);
          fall_back(round, solution);
          solution.fell_back = true;
        }
        tell(!by_vertices, answer);
        if (answer.status != Status::optimal) return;
        keep();
        if (names != nullptr && !held_back) {
          for (const Way& way : ways.list) {  // whoever has its cap has a price of its time alone: as one of its rate
            const std::size_t i = at(way.first);
            if (capped[i] && way.pair == kNobody)
              solution.rate_price[i] =
                  (solution.price[at(way.type)] * alone.size[i] + std::max(0.0, solution.time_price[i])) /
                  way.first_rate;
          }
          known_.keep(names->kind, solution);
        }
        held_back = true;
        const double sure = kSure * ways.value_unit;  // a price or a loss above this is not rounding
        before = tight;
        for (std::size_t i = 0; i < n; ++i)
          if (by_vertices ? solution.time_price[i] > sure : interior_.full_time(i)) tight.time[i] = 1;
        for (std::size_t k = 0; k < alone.types(); ++k)
          if (by_vertices ? solution.price[k] > sure : interior_.full_capacity(k)) tight.capacity[k] = 1;
        drop([&](std::size_t j) {
          return by_vertices ? worth(round, ways.list[j], solution) < -sure : interior_.dead(j);
        });
      },
      [&](const std::vector<double>& weight, const std::vector<double>& floor, RoundAnswer& answer) {
        solution = {};
        ask(weight, floor);
        if (names != nullptr && !held_back && foresee(round, *names, 0, solution)) solution.status = Status::optimal;
        tell(false, answer);
      },
      [&](const std::vector<double>& weight, const std::vector<double>& floor,
          RoundAnswer& answer) {  // a vertex will do
        ask(weight, floor);
        generate(round, solution, {names, &levels_});
        if (names != nullptr && !held_back && solution.status == Status::optimal) known_.keep(names->kind, solution);
        tell(false, answer);
      },
      [&](const std::vector<char>& frozen, const std::vector<double>& level) {
        // Who has its cap has no time but where it is fastest.
        for (std::size_t i = 0; i < n; ++i)
          if (frozen[i] && !tight.rate[i] && level[i] == caps[i]) capped[i] = tight.time[i] = 1;
        const auto slow = [&](int row, double rate) {
          constexpr double kEqual = 1 - 1e-12;
          const auto i = static_cast<std::size_t>(row);
          return capped[i] && rate < caps[i] * kEqual;
        };
        drop([&](std::size_t j) {
          const Way& way = ways.list[j];
          return slow(way.first, way.first_rate / way.first_time) ||
                 (way.second != kNobody && slow(way.second, way.second_rate));
        });
        tight.rate = frozen;
      },
      filled);
  if (by_vertices && last.status == Status::optimal) {
    before.time = tight.time;
    before.capacity = tight.capacity;
    const int rounds = solution.rounds;
    ask_interior(std::vector<double>(round.weight), std::vector<double>(round.floor), before);
    if (solution.status == Status::optimal) {
      keep();
      filled.rounds += solution.rounds;
    }
    last.rounds += rounds;
    last.fell_back = true;
  }
  ways.list = all;
  ways.measure(alone);
  open_ = held;
  return filled;
}

PairProgram::Rho PairProgram::finish_time_fairness(Problem& alone, const FinishTimes& times, TieBreak tie_break,
                                                   WayAnswer& answer, const RowNames* names) {
  const std::size_t n = alone.rows();
  alone.theta_gain = 1;
  alone.gain.clear();
  alone.floor.clear();
  answer = {};
  Rho result;
  RowNames of_this_call;
  if (names == nullptr) {  // at least every round goes on from the one before
    for (std::size_t i = 0; i < n; ++i) of_this_call.kind.push_back(i);
    of_this_call.job = of_this_call.kind;
    names = &of_this_call;
    rates_ = {};
  }
  // No rate is above what the fastest way gives: of a pair a member may be faster than alone only by a mistake in the
  // data.
  std::vector<double> fastest(n);
  for (Way& way : ways.list) {
    way.gain = 0;
    const double pairs = way.pair != kNobody && way.second == kNobody ? 2 : 1;  // of a class both members' rates add up
    fastest[at(way.first)] = std::max(fastest[at(way.first)], way.first_rate / pairs);
    if (way.second != kNobody) fastest[at(way.second)] = std::max(fastest[at(way.second)], way.second_rate);
  }
  for (std::size_t i = 0; i < n; ++i) {
    if (times.steps[i] <= 0) continue;
    if (fastest[i] <= 0) return result;
    result.rho = std::max(result.rho, (times.elapsed_s[i] + times.steps[i] / fastest[i]) / times.fair_s[i]);
  }
  const auto demand = [&] {
    wanted_rates(times, fastest, result.rho, alone.weight);
    ways.measure(alone);
  };
  // What the rates that rho asks for cost at prices of rates: linear in them. No allocation has rates worth more than
  // `worth`: rho is raised until those it asks for cost no more, which leaves it a lower bound.
  const auto raise = [&](const std::vector<double>& rate_price, double worth) {
    double scale = 0;
    for (std::size_t i = 0; i < n; ++i) scale += alone.count_of(i) * alone.weight[i] * rate_price[i];
    return newton_root(times, fastest, result.rho, worth,
                       [&](const std::vector<double>& wanted, std::vector<double>& rise) {
                         double total = 0;
                         rise.resize(n);
                         for (std::size_t i = 0; i < n; ++i) {
                           rise[i] = alone.count_of(i) * rate_price[i] / scale;
                           total += rise[i] * wanted[i];
                         }
                         return total;
                       });
  };
  const auto attained = [&] {
    double most = 0;
    for (std::size_t i = 0; i < n; ++i)
      if (times.steps[i] > 0)
        most = std::max(most, (times.elapsed_s[i] + times.steps[i] / answer.rate[i]) / times.fair_s[i]);
    return most;
  };
  demand();
  if (Rooms::nobody_asks(alone)) {
    idle(alone, answer);
    return result;
  }
  if ((tie_break == TieBreak::central || tie_break == TieBreak::ecos) && result.rho > 0 &&
      interior_.run(alone, ways, {.gap = kTargetGap, .times = &times, .rho = result.rho})) {
    answer.method = Method::interior;
    answer.rounds = result.rounds = interior_.rounds();
    read(alone, interior_, answer);
    const double bound = raise(answer.rate_price, answer.bound);
    result.attained = attained();
    if (result.attained - bound <= kProved * bound) {
      result.rho = bound;
      demand();
      settle(alone, answer);
      answer.gap = (result.attained - result.rho) / result.attained;
      return result;
    }
    result.rounds = 0;
  }
  for (int round = 1; round <= kMaxNewtonRounds; ++round) {
    result.rounds = round;
    generate(alone, answer, {names, &rates_});
    fall_back(alone, answer);
    if (answer.status != Status::optimal) return result;
    if (answer.bound >= 1 - 1e-10) break;
    const double before = result.rho;
    result.rho = raise(answer.rate_price, answer.bound);
    if (!(result.rho > before * (1 + 1e-14))) break;
    demand();
  }
  WayAnswer chosen;
  if (tie_break == TieBreak::vertex)
    generate(alone, chosen, {names, &rates_, true});
  else
    solve(alone, tie_break, chosen);
  if (chosen.status == Status::optimal) std::swap(answer, chosen);
  result.attained = attained();
  answer.gap = (result.attained - result.rho) / result.attained;
  return result;
}

}  // namespace windrow::solve
