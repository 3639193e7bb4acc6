#include "windrow/sweep/adaptive.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "sweep/grid.hpp"
#include "windrow/kernel/error.hpp"

namespace windrow::sweep {

/// What the rules make of a line.
struct Adaptive::Decision {
  struct Cell {
    std::size_t value;
    SeedsAsked seeds;
  };
  std::vector<Cell> cells;            ///< those that are asked for
  std::vector<std::uint64_t> points;  ///< in them
  bool settled = false;
  std::optional<std::size_t> found;  ///< value of the knee, or where the way up ends
};

namespace {

Known::State state_of(PointStatus status) {
  switch (status) {
    case PointStatus::ok:
      return Known::State::ok;
    case PointStatus::saturated:
      return Known::State::saturated;
    case PointStatus::failed:
      return Known::State::failed;
    default:
      return Known::State::nothing;
  }
}

}  // namespace

Adaptive::Adaptive(const Plan& plan)
    : plan_(plan), grid_(*plan.grid_), asked_(plan.size()), states_(plan.size(), Known::State::nothing) {
  const Rules& rules = plan.rules();
  WINDROW_CHECK(rules.any(), "sweep {} has no rules", plan.name());
  if (rules.replicate) metrics_.push_back(rules.replicate->metric);
  if (rules.knee && (metrics_.empty() || metrics_[0] != rules.knee->metric)) metrics_.push_back(rules.knee->metric);
  numbers_.assign(metrics_.size(), std::vector<double>(plan.size(), std::nan("")));

  if (rules.knee || rules.until) {
    const std::size_t axis = rules.knee ? rules.knee->axis : rules.until->axis;
    for (std::size_t g = 0; g < grid_.groups().size(); ++g) {
      const auto& axes = grid_.groups()[g].axes;
      if (std::find(axes.begin(), axes.end(), axis) != axes.end()) along_ = g;
    }
    values_ = grid_.groups().at(*along_).length;
  }
  if (grid_.seeds()) seeds_ = grid_.groups()[*grid_.seeds()].length;
  for (const auto& group : {along_, grid_.seeds()})
    if (group)
      free_axes_.insert(free_axes_.end(), grid_.groups()[*group].axes.begin(), grid_.groups()[*group].axes.end());

  std::vector<std::uint64_t> keys;
  for (std::uint64_t index = 0; index < plan.size(); ++index) {
    const std::uint64_t key = key_of(index);
    if (keys.empty() || keys.back() != key) keys.push_back(key);
  }
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  lines_.reserve(keys.size());
  for (const std::uint64_t key : keys) lines_.push_back({.key = key});
}

std::uint64_t Adaptive::key_of(std::uint64_t index) const {
  std::uint64_t key = grid_.combination(index);
  for (const auto& group : {along_, grid_.seeds()})
    if (group) key -= grid_.value_of(key, *group) * grid_.stride(*group);
  return key;
}

std::size_t Adaptive::line_of(std::uint64_t index) const {
  const std::uint64_t key = key_of(index);
  const auto line = std::lower_bound(lines_.begin(), lines_.end(), key,
                                     [](const Line& one, std::uint64_t wanted) { return one.key < wanted; });
  return static_cast<std::size_t>(line - lines_.begin());
}

/// In the order of their seeds; fewer where `skip` leaves some out.
std::vector<std::uint64_t> Adaptive::cell(const Line& line, std::size_t value) const {
  std::vector<std::uint64_t> points;
  const std::uint64_t first = line.key + (along_ ? value * grid_.stride(*along_) : 0);
  for (std::size_t seed = 0; seed < seeds_; ++seed) {
    const auto point = grid_.index_of(first + (grid_.seeds() ? seed * grid_.stride(*grid_.seeds()) : 0));
    if (point) points.push_back(*point);
  }
  return points;
}

/// Those at which the line has points.
std::vector<std::size_t> Adaptive::values_of(const Line& line) const {
  std::vector<std::size_t> values;
  for (std::size_t value = 0; value < values_; ++value)
    if (!cell(line, value).empty()) values.push_back(value);
  return values;
}

Known Adaptive::known(std::uint64_t index, std::size_t metric) const {
  const auto slot = std::find(metrics_.begin(), metrics_.end(), metric) - metrics_.begin();
  return {states_[index], numbers_[static_cast<std::size_t>(slot)][index]};
}

Verdict Adaptive::verdict(std::span<const std::uint64_t> points) const {
  const Rules& rules = plan_.rules();
  const auto count = [&](Known::State state) {
    return std::count_if(points.begin(), points.end(), [&](std::uint64_t p) { return states_[p] == state; });
  };
  if (rules.until) {
    const auto saturated = count(Known::State::saturated), failed = count(Known::State::failed);
    const bool ends = rules.until->any_seed ? saturated > 0 : saturated > 0 && saturated + failed == std::ssize(points);
    return ends ? Verdict::high : Verdict::low;
  }
  if (!rules.knee) return Verdict::low;
  const Mean mean = mean_of(points, rules.knee->metric);
  const bool all = mean.count() == points.size() && count(Known::State::ok) == std::ssize(points);
  return all && rules.knee->meets(mean.mean()) ? Verdict::low : Verdict::high;
}

Mean Adaptive::mean_of(std::span<const std::uint64_t> points, std::size_t metric) const {
  Mean mean;
  for (const std::uint64_t point : points) {
    const Known one = known(point, metric);
    if (one.state == Known::State::ok && !std::isnan(one.value)) mean.add(one.value);
  }
  return mean;
}

Adaptive::Decision Adaptive::decide(const Line& line) const {
  const Rules& rules = plan_.rules();
  const std::vector<std::size_t> values = values_of(line);
  Decision decision;
  const auto look_at = [&](std::size_t which) {
    const std::vector<std::uint64_t> points = cell(line, values[which]);
    SeedsAsked seeds{points.size(), true, std::nan("")};
    if (rules.replicate) {
      std::vector<Known> of_seeds;
      of_seeds.reserve(points.size());
      for (const std::uint64_t point : points) of_seeds.push_back(known(point, rules.replicate->metric));
      seeds = ask_seeds(*rules.replicate, of_seeds);
    } else {
      for (const std::uint64_t point : points) seeds.settled = seeds.settled && states_[point] != Known::State::nothing;
    }
    const std::span<const std::uint64_t> asked = std::span(points).first(seeds.count);
    decision.cells.push_back({values[which], seeds});
    decision.points.insert(decision.points.end(), asked.begin(), asked.end());
    return seeds.settled ? verdict(asked) : Verdict::unknown;
  };
  const ValuesAsked asked = rules.knee ? bisect(values.size(), look_at) : ascend(values.size(), look_at);
  decision.settled = asked.settled;
  if (asked.found) decision.found = values[*asked.found];
  return decision;
}

void Adaptive::ask(Line& line, std::vector<std::uint64_t>& more) {
  const Decision decision = decide(line);
  line.settled = decision.settled;
  for (const std::uint64_t point : decision.points) {
    if (asked_[point]) continue;
    asked_[point] = true;
    ++asked_count_;
    if (states_[point] != Known::State::nothing) continue;
    ++line.unknown;
    more.push_back(point);
  }
}

void Adaptive::know(std::uint64_t index, PointStatus status, std::span<const double> values) {
  states_[index] = state_of(status);
  for (std::size_t m = 0; m < numbers_.size() && m < values.size(); ++m) numbers_[m][index] = values[m];
}

void Adaptive::begin() {
  std::vector<std::uint64_t> more;
  for (Line& line : lines_) ask(line, more);
}

std::vector<std::uint64_t> Adaptive::learn(std::uint64_t index, PointStatus status, std::span<const double> values) {
  Line& line = lines_[line_of(index)];
  if (asked_[index] && states_[index] == Known::State::nothing) --line.unknown;
  know(index, status, values);
  std::vector<std::uint64_t> more;
  if (line.unknown == 0) ask(line, more);
  return more;
}

std::string Adaptive::text_of(const Line& line, std::size_t value) const {
  const std::size_t axis = plan_.rules().knee ? plan_.rules().knee->axis : plan_.rules().until->axis;
  return plan_.axes()[axis].name + "=" + to_text(plan_.axes_of(cell(line, value).front())[axis]);
}

void Adaptive::for_each_skipped(std::size_t number,
                                const std::function<void(std::uint64_t, const std::string&)>& visit) const {
  const Line& line = lines_[number];
  if (!line.settled) return;
  const Rules& rules = plan_.rules();
  const Decision decision = decide(line);
  for (const std::size_t value : values_of(line)) {
    const auto of_value = std::find_if(decision.cells.begin(), decision.cells.end(),
                                       [&](const Decision::Cell& one) { return one.value == value; });
    std::string why;
    if (of_value != decision.cells.end())
      why = std::isnan(of_value->seeds.relative_ci) || of_value->seeds.relative_ci > rules.replicate->relative_ci
                ? "not needed: seeds before this one are saturated"
                : fmt::format("not needed: {} seeds give a 95 % interval of {:.2g} of the mean", of_value->seeds.count,
                              of_value->seeds.relative_ci);
    else if (rules.until)
      why = fmt::format("not run: saturated at {}", text_of(line, *decision.found));
    else
      why = decision.found ? fmt::format("not needed: the knee is at {}", text_of(line, *decision.found))
                           : fmt::format("not needed: {} misses the target", text_of(line, values_of(line).front()));
    for (const std::uint64_t point : cell(line, value))
      if (!asked_[point] && states_[point] == Known::State::nothing) visit(point, why);
  }
}

std::vector<Adaptive::Knee> Adaptive::knees() const {
  std::vector<Knee> knees;
  const Rules& rules = plan_.rules();
  if (!rules.knee) return knees;
  for (const Line& line : lines_) {
    const Decision decision = decide(line);
    if (!decision.settled) continue;
    Knee knee;
    const std::uint64_t first = cell(line, values_of(line).front()).front();
    const std::vector<AxisValue> values = plan_.axes_of(first);
    for (std::size_t a = 0; a < plan_.axes().size(); ++a) {
      if (std::find(free_axes_.begin(), free_axes_.end(), a) != free_axes_.end()) continue;
      knee.line += (knee.line.empty() ? "" : " ") + plan_.axes()[a].name + "=" + to_text(values[a]);
    }
    if (decision.found) {
      const std::vector<std::uint64_t> points = cell(line, *decision.found);
      const auto of_value = std::find_if(decision.cells.begin(), decision.cells.end(),
                                         [&](const Decision::Cell& one) { return one.value == *decision.found; });
      knee.value = plan_.axes_of(points.front())[rules.knee->axis];
      knee.mean = mean_of(std::span(points).first(of_value->seeds.count), rules.knee->metric).mean();
    }
    knees.push_back(std::move(knee));
  }
  return knees;
}

}  // namespace windrow::sweep
