#include "sweep/comparison.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include "windrow/kernel/text.hpp"
#include "windrow/sweep/plan.hpp"

namespace windrow::sweep {
namespace {

enum class Relation { equal, unequal, less, at_most, greater, at_least };

struct Comparison {
  std::string_view axis;
  Relation relation = Relation::equal;
  std::vector<std::string> values;
};

constexpr std::string_view kSpaces = " \t";
constexpr std::string_view kOperators = "=!<>";

void skip_spaces(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(kSpaces), text.size()));
}

std::optional<Relation> take_relation(std::string_view& text) {
  constexpr std::array<std::pair<std::string_view, Relation>, 7> kSpellings = {{{"==", Relation::equal},
                                                                                {"!=", Relation::unequal},
                                                                                {"<=", Relation::at_most},
                                                                                {">=", Relation::at_least},
                                                                                {"=", Relation::equal},
                                                                                {"<", Relation::less},
                                                                                {">", Relation::greater}}};
  for (const auto& [spelling, relation] : kSpellings)
    if (text.starts_with(spelling)) {
      text.remove_prefix(spelling.size());
      return relation;
    }
  return std::nullopt;
}

/// `a,'b c',d`: commas between values, quotes around what has spaces or commas.
std::vector<std::string> take_values(std::string_view& text) {
  std::vector<std::string> values;
  while (true) {
    std::string value;
    if (!text.empty() && (text[0] == '\'' || text[0] == '"')) {
      const std::size_t end = text.find(text[0], 1);
      if (end == text.npos) return {};
      value = text.substr(1, end - 1);
      text.remove_prefix(end + 1);
    } else {
      const std::size_t end = std::min(text.find_first_of(" \t,"), text.size());
      if (end == 0) return {};
      value = text.substr(0, end);
      text.remove_prefix(end);
    }
    values.push_back(std::move(value));
    if (!text.starts_with(',')) return values;
    text.remove_prefix(1);
  }
}

std::optional<Comparison> take_comparison(std::string_view& text) {
  Comparison comparison;
  const std::size_t end = text.find_first_of(" \t=!<>");
  if (end == text.npos || end == 0) return std::nullopt;
  comparison.axis = text.substr(0, end);
  text.remove_prefix(end);
  skip_spaces(text);
  const std::optional<Relation> relation = take_relation(text);
  if (!relation) return std::nullopt;
  comparison.relation = *relation;
  skip_spaces(text);
  if (!text.empty() && kOperators.find(text[0]) != kOperators.npos) return std::nullopt;
  comparison.values = take_values(text);
  if (comparison.values.empty()) return std::nullopt;
  skip_spaces(text);
  return comparison;
}

template <class T>
bool compare(const T& value, Relation relation, const T& bound) {
  switch (relation) {
    case Relation::equal:
      return value == bound;
    case Relation::unequal:
      return value != bound;
    case Relation::less:
      return value < bound;
    case Relation::at_most:
      return value <= bound;
    case Relation::greater:
      return value > bound;
    case Relation::at_least:
      return value >= bound;
  }
  return false;
}

bool compare_reals(double value, Relation relation, double bound) {
  return compare(nearly_equal(value, bound) ? bound : value, relation, bound);
}

bool is_order(Relation relation) {
  return relation != Relation::equal && relation != Relation::unequal;
}

/// For each value of the axis whether it compares so with `bound`; what is wrong in `why`.
std::vector<bool> evaluate(const AxisValues& values, Relation relation, const std::string& bound, std::string& why) {
  std::vector<bool> holds(values.size());
  const auto fill = [&](const auto& column, const auto& typed) {
    for (std::size_t i = 0; i < column.size(); ++i) holds[i] = compare(column[i], relation, typed);
  };
  const auto fill_reals = [&](const auto& column) {
    const std::optional<double> number = parse_double(bound);
    if (!number) {
      why = fmt::format("expected a number, found '{}'", bound);
      return;
    }
    for (std::size_t i = 0; i < column.size(); ++i)
      holds[i] = compare_reals(static_cast<double>(column[i]), relation, *number);
  };
  if (const auto* integers = std::get_if<std::vector<std::int64_t>>(&values.column())) {
    if (const std::optional<std::int64_t> exact = parse_int64(bound))
      fill(*integers, *exact);
    else
      fill_reals(*integers);
  } else if (const auto* reals = std::get_if<std::vector<double>>(&values.column())) {
    fill_reals(*reals);
  } else if (is_order(relation)) {
    why = "has no order: only = and != apply";
  } else {
    for (std::size_t i = 0; i < values.size(); ++i) holds[i] = compare(to_text(values[i]), relation, bound);
  }
  return holds;
}

/// Nothing if the value occurs.
std::string never_occurs(const Axis& axis, const std::string& value) {
  std::string why;
  const std::vector<bool> equal = evaluate(axis.values, Relation::equal, value, why);
  if (!why.empty()) return why;
  if (std::find(equal.begin(), equal.end(), true) != equal.end()) return "";
  constexpr std::size_t kMostCandidates = 1000;
  std::vector<std::string> candidates;
  for (std::size_t i = 0; i < std::min(axis.values.size(), kMostCandidates); ++i)
    candidates.push_back(to_text(axis.values[i]));
  const bool is_name = std::holds_alternative<std::vector<std::string>>(axis.values.column());
  return fmt::format("no value '{}' on this axis{}", value, is_name ? did_you_mean(value, candidates) : "");
}

}  // namespace

bool nearly_equal(double a, double b) {
  constexpr double kTolerance = 1e-9;
  return std::abs(a - b) <= kTolerance * std::max(std::abs(a), std::abs(b));
}

Condition Condition::parse(std::string_view text, const std::vector<Axis>& axes, const config::Position& position,
                           const std::string& key, config::Problems& problems) {
  Condition condition;
  std::string_view rest = text;
  skip_spaces(rest);
  do {
    const std::optional<Comparison> comparison = take_comparison(rest);
    if (!comparison) {
      problems.add(position, key,
                   fmt::format("expected comparisons such as 'policy=fifo arrival_rate>3', found '{}'", text));
      return condition;
    }
    const auto axis = std::find_if(axes.begin(), axes.end(), [&](const Axis& a) { return a.name == comparison->axis; });
    if (axis == axes.end()) {
      std::vector<std::string> names;
      names.reserve(axes.size());
      for (const Axis& a : axes) names.push_back(a.name);
      problems.add(position, key,
                   fmt::format("no axis '{}'{}", comparison->axis, did_you_mean_one_of(comparison->axis, names)));
      continue;
    }
    if (is_order(comparison->relation) && comparison->values.size() > 1) {
      problems.add(position, key, fmt::format("{}: several values go with = and != only", axis->name));
      continue;
    }
    Term term{static_cast<std::size_t>(axis - axes.begin()), {}};
    for (const std::string& value : comparison->values) {
      std::string why = is_order(comparison->relation) ? "" : never_occurs(*axis, value);
      std::vector<bool> holds = evaluate(axis->values, comparison->relation, value, why);
      if (!why.empty()) {
        problems.add(position, key, fmt::format("{}: {}", axis->name, why));
      } else if (term.holds_for.empty()) {
        term.holds_for = std::move(holds);
      } else {  // any of several values, or none of them
        for (std::size_t i = 0; i < holds.size(); ++i)
          term.holds_for[i] =
              comparison->relation == Relation::equal ? term.holds_for[i] || holds[i] : term.holds_for[i] && holds[i];
      }
    }
    condition.terms_.push_back(std::move(term));
  } while (!rest.empty());
  return condition;
}

bool Condition::holds(const Choice& choice) const {
  return std::all_of(terms_.begin(), terms_.end(), [&](const Term& term) { return term.holds_for[choice[term.axis]]; });
}

}  // namespace windrow::sweep
