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

  /// All but rates and costs, of a solution with pairs or without.
  template <class Answer>
  void take(const Answer& solution, bool is_central) {
    status = solution.status;
    theta = solution.theta;
    bound = solution.bound;
    rounds = solution.rounds;
    fell_back = solution.fell_back;
    central = is_central;
    rate.clear();
    cost.clear();
  }
};

/// The levels as they would rise if time were the only limit: each row to its cap, what it gets if it is alone. An
/// event is a moment at which rows come to theirs.
class Unhindered {
 public:
  std::vector<double> level, weight;
  std::vector<char> frozen;
  std::vector<double> step;  ///< [events so far] how much they rose together before each

  void begin(const std::vector<double>& from, const std::vector<char>& is_frozen, const std::vector<double>& weights,
             const std::vector<double>& caps, const Reweigh* reweigh) {
    level = from;
    weight = weights;
    frozen = is_frozen;
    step.clear();
    caps_ = &caps;
    reweigh_ = reweigh;
  }

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

  const std::vector<double>* caps_ = nullptr;
  const Reweigh* reweigh_ = nullptr;
};

/// What a filling works on, kept from call to call.
struct FillingRoom {
  std::vector<double> weight, raised, least, wanted, floor;  ///< [rows]
  std::vector<double> attained;                              ///< [rows] by the last round's x; empty before it
  std::vector<char> frozen;
  Unhindered begin, at, on_the_way;
  RoundAnswer answer;
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
  LookAhead(FillingRoom& room, const std::vector<double>& caps, const Reweigh* reweigh, Foresee& foresee, Probe& probe)
      : room_(room), caps_(caps), reweigh_(reweigh), foresee_(foresee), probe_(probe) {}

  /// Moves levels and frozen rows ahead as far as that is safe, short of the last event, for which a round is to be
  /// solved, and sets `attained` to rates that some allocation reaches at these levels. False if it did not move.
  bool move(WaterFilling& filled) {
    constexpr std::size_t kWorthIt = 3;  // events
    Unhindered& at = room_.at;
    room_.begin.begin(filled.level, room_.frozen, room_.weight, caps_, reweigh_);
    at = room_.begin;
    while (at.advance()) {
    }
    const std::size_t events = at.step.size();
    if (events < kWorthIt) return false;
    RoundAnswer& answer = room_.answer;
    for (;;) {
      put(filled.level);
      foresee_(room_.wanted, room_.floor, answer);
      if (answer.status != Status::optimal || answer.bound >= kAttained) break;
      if (!go_back()) return false;
    }
    for (;; put(filled.level)) {
      probe_(room_.wanted, room_.floor, answer);
      filled.rounds += answer.rounds;
      if (answer.status != Status::optimal) return false;
      if (answer.theta >= kAttained) break;
      if (!go_back()) return false;
    }
    if (at.step.size() == events) replay(events - 1);  // all can be had: what is left is the round of the last event
    filled.level = at.level;
    room_.frozen = at.frozen;
    room_.attained = answer.rate;
    filled.increment.insert(filled.increment.end(), at.step.begin(), at.step.end());
    return true;
  }

 private:
  void put(const std::vector<double>& level) {
    room_.floor.assign(level.size(), 0);
    room_.wanted.assign(level.size(), 0);
    for (std::size_t i = 0; i < level.size(); ++i) {
      if (room_.frozen[i])
        room_.floor[i] =
            room_.attained.empty() ? level[i] * kAttained : std::min(level[i] * kAttained, room_.attained[i]);
      else
        room_.wanted[i] = room_.at.level[i];
    }
  }

  void replay(std::size_t events) {
    room_.at = room_.begin;
    while (room_.at.step.size() < events) room_.at.advance();
  }

  /// To the last event that the prices of the answer do not exclude; false if there is none.
  bool go_back() {
    const std::size_t possible = last_possible();
    if (possible > 0) replay(possible);
    return possible > 0;
  }

  std::size_t last_possible() {
    const std::vector<double>& asked = room_.at.level;
    const RoundAnswer& answer = room_.answer;
    Unhindered& from = room_.on_the_way;
    from = room_.begin;
    while (from.step.size() + 1 < room_.at.step.size()) {
      from.advance();
      double worth = 0;
      for (std::size_t i = 0; i < asked.size(); ++i)
        if (asked[i] > 0 && answer.cost[i] > 0) worth += answer.cost[i] * from.level[i] / asked[i];
      if (worth > answer.bound) return from.step.size() - 1;
    }
    return from.step.size();
  }

  FillingRoom& room_;
  const std::vector<double>& caps_;
  const Reweigh* reweigh_;
  Foresee& foresee_;
  Probe& probe_;
};

/// `solve(weight, floor, answer)` answers one round, `probe(weight, floor, answer)` another question of that kind, from
/// which nothing may be kept, and `foresee(weight, floor, answer)` has a bound of that and what it costs, or fails;
/// `freeze(frozen, level)` hears who is frozen after it, and at which levels (those of rows that came to their caps are
/// these, to the bit). `caps`: [rows] the largest rate that a row can ever have. `slack`: how far below the levels
/// floors are, in parts of them, or a frozen row would leave no interior; 0: they are the levels. The solution itself
/// stays with the caller.
template <class Solve, class Foresee, class Probe, class Freeze>
void fill_levels(FillingRoom& room, const std::vector<double>& floor, const std::vector<double>& weight,
                 const std::vector<double>& caps, const Reweigh* reweigh, Filling filling, double slack,
                 const Solve& solve, const Foresee& foresee, const Probe& probe, const Freeze& freeze,
                 WaterFilling& filled) {
  const std::size_t n = weight.size();
  filled.level.assign(n, 0.0);
  if (!floor.empty()) filled.level = floor;
  filled.increment.clear();
  filled.rounds = filled.fallbacks = 0;
  room.weight = weight;
  room.frozen.assign(n, 0);
  room.raised.resize(n);
  room.least.resize(n);
  room.attained.clear();
  std::vector<char>& frozen = room.frozen;
  RoundAnswer& answer = room.answer;
  LookAhead<const Foresee, const Probe> ahead(room, caps, reweigh, foresee, probe);
  for (std::size_t guard = 0; guard <= n; ++guard) {
    if (filling == Filling::exact && ahead.move(filled)) freeze(frozen, filled.level);
    if (reweigh != nullptr) (*reweigh)(frozen, room.weight);
    bool any = false;
    for (std::size_t i = 0; i < n; ++i) {
      room.raised[i] = frozen[i] ? 0 : room.weight[i];
      room.least[i] = filled.level[i] * (filled.level[i] > 0 ? 1 - slack : 1);
      if (!room.attained.empty() && slack > 0)
        room.least[i] = std::min(room.least[i], room.attained[i]);  // or rounding would leave nothing that is allowed
      any = any || room.raised[i] > 0;
    }
    if (!any) break;
    solve(room.raised, room.least, answer);
    filled.rounds += answer.rounds;
    filled.fallbacks += answer.fell_back ? 1 : 0;
    if (answer.status != Status::optimal) break;  // what was reached stands
    const double more = std::max(0.0, answer.theta);
    room.attained = answer.rate;
    filled.increment.push_back(more);
    // A row's share of the price against its slack: of a bottleneck the first is large, of any other row the second; at
    // the centre they are many orders of magnitude apart. Whoever pays is bottlenecked in every optimum, so that the
    // one who pays most may always be frozen. Away from the centre a small price may be an error of the method's; who
    // pays little waits for a round in which it pays more.
    const double dearest = *std::max_element(answer.cost.begin(), answer.cost.end());
    for (std::size_t i = 0; i < n; ++i) {
      if (room.raised[i] <= 0) continue;
      filled.level[i] += more * room.raised[i];
      const double left = (answer.rate[i] - filled.level[i]) / std::max(filled.level[i], 1e-300);
      if (filling == Filling::single_round || answer.cost[i] >= dearest ||
          answer.cost[i] > std::max(left, (answer.central ? 1e-7 : 1e-3) * dearest))
        frozen[i] = 1;
    }
    freeze(frozen, filled.level);
  }
}

}  // namespace windrow::solve
