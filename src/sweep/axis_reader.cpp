#include "sweep/axis_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "sweep/point_texts.hpp"
#include "windrow/kernel/text.hpp"

namespace windrow::sweep {
namespace {

using config::KeyInfo;
using config::Node;
using config::Problems;

constexpr double kMostValues = 1e7;

template <class Number>
struct Range {
  std::optional<Number> from, to, step;
  std::optional<double> log_from, log_to;
  std::optional<std::int64_t> count;

  template <class Keys>
  void visit(Keys& key) {
    key("from", from, "first value");
    key("to", to, "last value");
    key("step", step, "from one value to the next, where there is no `to`");
    key("log_from", log_from, config::above(0), "first value of equal ratios");
    key("log_to", log_to, config::above(0), "last value of equal ratios");
    key("count", count, config::within(1, kMostValues), "number of values");
  }
};

/// Keys of type `integer`, or `integer of any size`.
bool takes_integers(const KeyInfo& key) {
  return key.type.starts_with("integer");
}

/// Keys of type `number`, or `number or auto`.
bool takes_numbers(const KeyInfo& key) {
  return key.type.starts_with("number");
}

bool all_numbers(const std::vector<Node>& nodes) {
  return std::all_of(nodes.begin(), nodes.end(), [](const Node& node) { return parse_double(node.text).has_value(); });
}

/// Digits alone, with a sign perhaps: an integer, if not one of 64 bits.
bool is_whole(std::string_view text) {
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

/// A value in flow style, for axes over lists.
std::string flow_text(const Node& node) {
  if (node.kind != Node::Kind::list) return node.text;
  std::string text = "[";
  for (const Node& item : node.items) text += (text.size() > 1 ? ", " : "") + flow_text(item);
  return text + "]";
}

/// Fills in the written values by the key's type. What is not of that type is left to the schema, which says so better.
void take_values(AxisDraft& draft, Problems& problems) {
  const KeyInfo& key = *draft.key;
  const auto make = [&](auto parse) {
    using Value = typename decltype(parse(draft.nodes.front()))::value_type;
    std::vector<Value> column;
    column.reserve(draft.nodes.size());
    for (const Node& node : draft.nodes) {
      const std::optional<Value> value = parse(node);
      draft.all_typed = draft.all_typed && value;
      column.push_back(value.value_or(Value()));
    }
    draft.axis.values = AxisValues(std::move(column));
  };
  if (key.type == "number" || (takes_numbers(key) && all_numbers(draft.nodes))) {
    make([](const Node& node) { return parse_double(node.text); });
  } else if (takes_integers(key)) {
    make([&](const Node& node) {
      const std::optional<std::int64_t> value = parse_int64(node.text);
      const bool schema_accepts = key.type == "integer" ? parse_uint64(node.text).has_value() : is_whole(node.text);
      if (!value && !node.quoted && schema_accepts)
        problems.add(node.position, key.path,
                     node.text.starts_with('-') ? fmt::format("expected an integer of at least {} on an axis, found {}",
                                                              std::numeric_limits<std::int64_t>::min(), node.text)
                                                : fmt::format("expected an integer of at most {} on an axis, found {}",
                                                              std::numeric_limits<std::int64_t>::max(), node.text));
      return value;
    });
  } else if (key.type == "boolean") {
    make([](const Node& node) {
      return node.text == "true" || node.text == "false" ? std::optional(node.text == "true") : std::nullopt;
    });
  } else {
    make([](const Node& node) { return std::optional(flow_text(node)); });
  }
}

/// Equal ratios, rounded to 12 digits: 10 is then 10 whatever the C library's pow makes of it.
std::vector<double> logarithmic(double from, double to, std::int64_t count) {
  std::vector<double> values;
  for (std::int64_t i = 0; i < count; ++i) {
    const double share = count > 1 ? static_cast<double>(i) / static_cast<double>(count - 1) : 0;
    values.push_back(rounded_to_12_digits(from * std::pow(to / from, share)));
  }
  values.front() = from;
  if (count > 1) values.back() = to;
  return values;
}

class RangeReader {
 public:
  RangeReader(const Node& node, const KeyInfo& key, Problems& problems) : node_(node), key_(key), problems_(problems) {}

  AxisValues read() {
    if (takes_integers(key_)) return make<std::int64_t>();
    if (takes_numbers(key_)) return make<double>();
    fail(fmt::format("a range is made of numbers: expected a list of values ({})", key_.type));
    return {};
  }

 private:
  void fail(std::string text) { problems_.add(node_.position, key_.path, std::move(text)); }

  template <class Number>
  AxisValues make() {
    Problems own;
    const auto range = config::read<Range<Number>>(config::Tree(node_), own);
    for (const config::Problem& problem : own.list())
      problems_.add(problem.position, key_.path + "." + problem.key, problem.text);
    if (!own.empty()) return {};

    const bool is_log = range.log_from || range.log_to;
    if (is_log && (range.from || range.to || range.step)) {
      fail("is both linear and logarithmic: expected {from, to, count} or {log_from, log_to, count}");
      return {};
    }
    if (!range.count || (is_log ? !range.log_from || !range.log_to : !range.from)) {
      fail(fmt::format("expected {}", is_log ? "{log_from, log_to, count}" : "{from, to, count}"));
      return {};
    }
    if (range.to && range.step) {
      fail("has both 'to' and 'step': one follows from the other");
      return {};
    }
    if (*range.count == 1 && (is_log ? *range.log_from != *range.log_to : range.to && *range.to != *range.from)) {
      fail("one value cannot reach from the first to the last: expected a count of 2 or more");
      return {};
    }
    if (!is_log) return AxisValues(linear(range));
    const std::vector<double> values = logarithmic(*range.log_from, *range.log_to, *range.count);
    if constexpr (std::is_same_v<Number, double>) {
      return AxisValues(values);
    } else {
      std::vector<std::int64_t> whole;
      whole.reserve(values.size());
      for (const double value : values) whole.push_back(std::llround(std::min(value, 9e18)));
      return AxisValues(std::move(whole));
    }
  }

  /// numpy's linspace: from + i * ((to - from) / (count - 1)), the last one exactly `to`.
  std::vector<double> linear(const Range<double>& range) {
    std::vector<double> values;
    const std::int64_t count = *range.count;
    if (!range.to && !range.step && count > 1) {
      fail("expected {from, to, count} or {from, step, count}");
      return values;
    }
    const double step = range.step  ? *range.step
                        : count > 1 ? (*range.to - *range.from) / static_cast<double>(count - 1)
                                    : 0;
    for (std::int64_t i = 0; i < count; ++i) values.push_back(*range.from + static_cast<double>(i) * step);
    if (range.to) values.back() = *range.to;
    if (!std::isfinite(step) || !std::isfinite(values.back())) {
      fail("reaches beyond the range of numbers");
      values.clear();
    }
    return values;
  }

  /// Without `to` and `step`: from, from + 1, …
  std::vector<std::int64_t> linear(const Range<std::int64_t>& range) {
    std::vector<std::int64_t> values;
    const std::int64_t count = *range.count;
    std::int64_t step = range.step.value_or(1);
    std::int64_t span = 0, last = 0;
    bool overflow = false;
    if (range.to) {
      overflow = __builtin_sub_overflow(*range.to, *range.from, &span);
      if (!overflow && count > 1 && span % (count - 1) != 0) {
        fail(fmt::format("{} equal steps from {} to {} do not meet integers", count - 1, *range.from, *range.to));
        return values;
      }
      step = count > 1 ? span / (count - 1) : 0;
    }
    overflow =
        overflow || __builtin_mul_overflow(step, count - 1, &span) || __builtin_add_overflow(*range.from, span, &last);
    if (overflow) {
      fail("reaches beyond the range of integers");
      return values;
    }
    values.reserve(static_cast<std::size_t>(count));
    for (std::int64_t i = 0; i < count; ++i) values.push_back(*range.from + i * step);
    return values;
  }

  const Node& node_;
  const KeyInfo& key_;
  Problems& problems_;
};

}  // namespace

double rounded_to_12_digits(double value) {
  return parse_double(fmt::format("{:.11e}", value)).value_or(value);
}

bool AxisDraft::is_direct() const {
  return key->alternative_of.empty() && (key->type == "number" || takes_integers(*key) || key->type == "boolean");
}

void AxisDraft::put(Node& node, std::size_t which) const {
  if (!nodes.empty()) {
    node = nodes[which];
    return;
  }
  node.kind = Node::Kind::scalar;
  node.position = range_position;
  node.layer = kAxisLayer;
  node.text.clear();
  append_value(node.text, axis.values, which);
}

config::Position AxisDraft::position_of(std::size_t which) const {
  return nodes.empty() ? range_position : nodes[which].position;
}

AxisDraft read_axis(const Node::Member& member, const KeyInfo& key, Problems& problems) {
  AxisDraft draft;
  draft.key = &key;
  draft.position = member.position;
  draft.range_position = member.value.position;
  draft.axis.name = key.path;
  draft.axis.help = key.help;

  const Node* values = &member.value;
  if (values->kind == Node::Kind::map) {
    const Node* inner = values->find("values");
    if (inner == nullptr) {
      draft.axis.values = RangeReader(*values, key, problems).read();
      return draft;
    }
    for (const Node::Member& other : values->members)
      if (other.key != "values")
        problems.add(other.position, key.path + "." + other.key, "stands beside 'values', which says everything");
    values = inner;
  }
  if (values->kind != Node::Kind::list) {
    problems.add(values->position, key.path,
                 fmt::format("expected a list of values, {{from, to, count}} or {{log_from, log_to, count}}, found {}",
                             config::found(*values)));
    return draft;
  }
  if (values->items.empty()) {
    problems.add(values->position, key.path, "an axis without values: expected at least one");
    return draft;
  }
  draft.nodes = values->items;
  for (Node& node : draft.nodes) node.layer = kAxisLayer;
  take_values(draft, problems);
  return draft;
}

}  // namespace windrow::sweep
