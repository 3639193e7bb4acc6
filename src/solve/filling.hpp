// The rounds of water filling, whatever the linear problem of a round is.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "windrow/solve/water_filling.hpp"

namespace windrow::solve {

inline constexpr double kAttained = 1 - 1e-9;  ///< part of the levels asked for that counts as all of them
inline constexpr double kFloorSlack = 1e-9;    ///< what `fill_levels` is given where rounds are solved for the centre

struct RoundAnswer {
  Status status = Status::failed;
  double theta = 0;
  double bound = 0;          ///< no theta is larger
  std::vector<double> rate;  ///< [rows] reached
  std::vector<double> cost;  ///< [rows] part of the optimum's price that the row's rate pays: they sum to 1
  int rounds = 0;
  bool fell_back = false;
  bool central = false;  ///< strictly complementary, as the centre is and a vertex is not
};

/// The levels as they would rise if time were the only limit: each row to its cap, what it gets if it is alone. An
/// event is a moment at which rows come to theirs.
class Unhindered {
 public:
  std::vector<double> level, weight;
  std::vector<char> frozen;
  std::vector<double> step;  ///< [events so far] how much they rose together before each

  Unhindered(const std::vector<double>& from, const std::vector<char>& is_frozen, const std::vector<double>& weights,
             const std::vector<double>& caps, const Reweigh* reweigh)
      : level(from), weight(weights), frozen(is_frozen), caps_(&caps), reweigh_(reweigh) {}

  /// To the next event; false if there is none.
  bool advance() {
    constexpr double kTogether = 1e-12;
    if (reweigh_ != nullptr) (*reweigh_)(frozen, weight);
    double rise = HUGE_VAL;
    for (std::size_t i = 0; i < level.size(); ++i)
      if (rises(i)) rise = std::min(rise, std::max(0.0, (*caps_)[i] - level[i]) / weight[i]);
    if (rise == HUGE_VAL) return false;
    for (std::size_t i = 0; i < level.size(); ++i) {
      if (!rises(i)) continue;
      level[i] += rise * weight[i];
      if (level[i] < (*caps_)[i] * (1 - kTogether)) continue;
      level[i] = (*caps_)[i];
      frozen[i] = 1;
    }
    step.push_back(rise);
    return true;
  }

 private:
  bool rises(std::size_t i) const { return !frozen[i] && weight[i] > 0; }

  const std::vector<double>* caps_;
  const Reweigh* reweigh_;
};

/// Looks ahead. Most rounds of water filling only find that a row has all the time that there is for it. Which ones
/// these would be is known without any linear problem: the first event at which the levels of `Unhindered` cannot be
/// had is found by Newton's method. A problem "how large a part of these levels can everybody have" has prices, and
/// what the levels are worth at these prices must not exceed what the capacities are worth: later events are out of the
/// question. So the rounds before the last event that can be had need not be solved, and prices that are at hand spare
/// most of the problems that would say no.
template <class Foresee, class Probe>
class LookAhead {
 public:
  LookAhead(const std::vector<double>& caps, const Reweigh* reweigh, Foresee& foresee, Probe& probe)
      : caps_(caps), reweigh_(reweigh), foresee_(foresee), probe_(probe) {}

  /// Moves levels and frozen rows ahead as far as that is safe, short of the last event, for which a round is to be
  /// solved. `attained`: rates that some allocation reaches at these levels. False if it did not move.
  bool move(std::vector<double>& level, std::vector<char>& frozen, const std::vector<double>& weight,
            std::vector<double>& attained, WaterFilling& filled) {
    constexpr std::size_t kWorthIt = 3;  // events
    const Unhindered begin(level, frozen, weight, caps_, reweigh_);
    Unhindered end = begin;
    while (end.advance()) {
    }
    std::size_t events = end.step.size();
    if (events < kWorthIt) return false;
    std::size_t target = events;
    Unhindered at = std::move(end);
    const auto put = [&] {
      floor_.assign(level.size(), 0);
      wanted_.assign(level.size(), 0);
      for (std::size_t i = 0; i < level.size(); ++i) {
        if (frozen[i])
          floor_[i] = attained.empty() ? level[i] * kAttained : std::min(level[i] * kAttained, attained[i]);
        else
          wanted_[i] = at.level[i];
      }
    };
    const auto go_back = [&](const RoundAnswer& answer) {
      target = last_possible(begin, at.level, answer, target);
      if (target > 0) at = replay(begin, target);
      return target > 0;
    };
    for (;;) {
      put();
      const RoundAnswer known = foresee_(wanted_, floor_);
      if (known.status != Status::optimal || known.bound >= kAttained) break;
      if (!go_back(known)) return false;
    }
    for (;; put()) {
      const RoundAnswer answer = probe_(wanted_, floor_);
      filled.rounds += answer.rounds;
      if (answer.status != Status::optimal) return false;
      if (answer.theta >= kAttained) {
        if (target < events) return take(at, answer, level, frozen, attained, filled);
        // Everything can be had: what is left is the round of the last event.
        return take(replay(begin, events - 1), answer, level, frozen, attained, filled);
      }
      if (!go_back(answer)) return false;
    }
  }

 private:
  static Unhindered replay(Unhindered from, std::size_t events) {
    while (from.step.size() < events) from.advance();
    return from;
  }

  /// The last event before `target` that the prices of `answer` do not exclude.
  static std::size_t last_possible(Unhindered from, const std::vector<double>& asked, const RoundAnswer& answer,
                                   std::size_t target) {
    while (from.step.size() + 1 < target) {
      from.advance();
      double worth = 0;
      for (std::size_t i = 0; i < asked.size(); ++i)
        if (asked[i] > 0 && answer.cost[i] > 0) worth += answer.cost[i] * from.level[i] / asked[i];
      if (worth > answer.bound) return from.step.size() - 1;
    }
    return from.step.size();
  }

  static bool take(const Unhindered& at, const RoundAnswer& answer, std::vector<double>& level,
                   std::vector<char>& frozen, std::vector<double>& attained, WaterFilling& filled) {
    level = at.level;
    frozen = at.frozen;
    attained = answer.rate;
    filled.increment.insert(filled.increment.end(), at.step.begin(), at.step.end());
    return true;
  }

  const std::vector<double>& caps_;
  const Reweigh* reweigh_;
  Foresee& foresee_;
  Probe& probe_;
  std::vector<double> wanted_, floor_;
};

/// `solve(weight, floor)` answers one round, `probe(weight, floor)` another question of that kind, from which nothing
/// may be kept, and `foresee(weight, floor)` has a bound of that and what it costs, or fails; `freeze(frozen, level)`
/// hears who is frozen after it, and at which levels (those of rows that came to their caps are these, to the bit).
/// `caps`: [rows] the largest rate that a row can ever have. `slack`: how far below the levels floors are, in parts of
/// them, or a frozen row would leave no interior; 0: they are the levels. The solution itself stays with the caller.
template <class Solve, class Foresee, class Probe, class Freeze>
WaterFilling fill_levels(const std::vector<double>& floor, std::vector<double> weight, const std::vector<double>& caps,
                         const Reweigh* reweigh, Filling filling, double slack, Solve solve, Foresee foresee,
                         Probe probe, Freeze freeze) {
  const std::size_t n = weight.size();
  WaterFilling filled;
  filled.level.assign(n, 0.0);
  if (!floor.empty()) filled.level = floor;
  std::vector<char> frozen(n, 0);
  std::vector<double> raised(n);
  std::vector<double> least(n);
  std::vector<double> attained;  // by the last round's x
  LookAhead<Foresee, Probe> ahead(caps, reweigh, foresee, probe);
  for (std::size_t guard = 0; guard <= n; ++guard) {
    if (filling == Filling::exact && ahead.move(filled.level, frozen, weight, attained, filled))
      freeze(frozen, filled.level);
    if (reweigh != nullptr) (*reweigh)(frozen, weight);
    bool any = false;
    for (std::size_t i = 0; i < n; ++i) {
      raised[i] = frozen[i] ? 0 : weight[i];
      least[i] = filled.level[i] * (filled.level[i] > 0 ? 1 - slack : 1);
      if (!attained.empty() && slack > 0)
        least[i] = std::min(least[i], attained[i]);  // or rounding would leave nothing that is allowed
      any = any || raised[i] > 0;
    }
    if (!any) break;
    const RoundAnswer answer = solve(raised, least);
    filled.rounds += answer.rounds;
    filled.fallbacks += answer.fell_back ? 1 : 0;
    if (answer.status != Status::optimal) break;  // what was reached stands
    const double more = std::max(0.0, answer.theta);
    attained = answer.rate;
    filled.increment.push_back(more);
    // A row's share of the price against its slack: of a bottleneck the first is large, of any other row the second; at
    // the centre they are many orders of magnitude apart. Whoever pays is bottlenecked in every optimum, so that the
    // one who pays most may always be frozen. Away from the centre a small price may be an error of the method's; who
    // pays little waits for a round in which it pays more.
    const double dearest = *std::max_element(answer.cost.begin(), answer.cost.end());
    for (std::size_t i = 0; i < n; ++i) {
      if (raised[i] <= 0) continue;
      filled.level[i] += more * raised[i];
      const double room = (answer.rate[i] - filled.level[i]) / std::max(filled.level[i], 1e-300);
      if (filling == Filling::single_round || answer.cost[i] >= dearest ||
          answer.cost[i] > std::max(room, (answer.central ? 1e-7 : 1e-3) * dearest))
        frozen[i] = 1;
    }
    freeze(frozen, filled.level);
  }
  return filled;
}

}  // namespace windrow::solve
