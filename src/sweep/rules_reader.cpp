#include "sweep/rules_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "windrow/kernel/text.hpp"

namespace windrow::sweep {
namespace {

using config::Node;
using config::Position;
using config::Problems;

constexpr double kMostSeeds = 1e7;
constexpr std::size_t kMostValues = 10'000;  ///< of a refined axis
constexpr std::size_t kDefaultMostSeeds = 30;

struct ReplicateKeys {
  std::optional<std::string> metric;
  double relative_ci = 0.05;
  std::optional<std::int64_t> min, max;

  template <class Keys>
  void visit(Keys& key) {
    config::Limit share;
    share.above = 0;
    share.below = 1;
    key("metric", metric, "whose mean is to be known that well");
    key("relative_ci", relative_ci, share, "half width of the 95 % interval over the mean");
    key("min", min, config::within(2, kMostSeeds), "seeds that every cell gets");
    key("max", max, config::within(2, kMostSeeds), "seeds that no cell gets more of");
  }
};

struct KneeKeys {
  std::optional<std::string> axis, metric;
  std::optional<double> at_most, at_least, within;

  template <class Keys>
  void visit(Keys& key) {
    key("axis", axis, "along which the knee is looked for");
    key("metric", metric, "whose mean has the target");
    key("at_most", at_most, "the target, or");
    key("at_least", at_least, "the target");
    key("within", within, config::above(0), "how exactly the knee is to be known, on the axis");
  }
};

struct UntilKeys {
  std::optional<std::string> axis;
  std::string status = "saturated", seeds = "all";

  template <class Keys>
  void visit(Keys& key) {
    key("axis", axis, "upwards which points are run");
    key("status", status, config::one_of({"saturated"}), "what ends the way up");
    key("seeds", seeds, config::one_of({"all", "any"}), "how many of a cell's seeds must be");
  }
};

bool is_seed(const std::string& name) {
  return name == "seed" || name.ends_with(".seed");
}

class RulesReader {
 public:
  RulesReader(const Node& root, SweepFile& file, bool axes_are_complete, Problems& problems)
      : root_(root), file_(file), axes_are_complete_(axes_are_complete), problems_(problems) {}

  void read() {
    read_knee();
    read_until();
    read_replicate();
    if (given("knee") != nullptr && given("until") != nullptr)
      problems_.add(position_of("until"), "until", "stands beside 'knee', which chooses the points of a line itself");
  }

 private:
  const Node* given(const std::string& rule) const {
    const Node* node = root_.find(rule);
    return node != nullptr && node->kind != Node::Kind::null ? node : nullptr;
  }
  Position position_of(const std::string& rule) const {
    for (const Node::Member& member : root_.members)
      if (member.key == rule) return member.position;
    return {};
  }
  /// Of a value within the rule, or of the rule where it is not written.
  Position position_of(const std::string& rule, const std::string& key) const {
    const Node* value = given(rule)->find(key);
    return value != nullptr ? value->position : given(rule)->position;
  }
  void fail(const std::string& rule, const std::string& key, std::string text) {
    problems_.add(position_of(rule, key), rule + "." + key, std::move(text));
  }

  template <class Keys>
  std::optional<Keys> keys_of(const std::string& rule, std::string_view example) {
    const Node* node = given(rule);
    if (node == nullptr) return std::nullopt;
    if (node->kind != Node::Kind::map) {
      problems_.add(node->position, rule,
                    fmt::format("expected a map such as {}, found {}", example, config::found(*node)));
      return std::nullopt;
    }
    Problems own;
    Keys keys = config::read<Keys>(config::Tree(*node), own);
    for (const config::Problem& problem : own.list())
      problems_.add(problem.position, rule + "." + problem.key, problem.text);
    return keys;
  }

  std::size_t metric_of(const std::string& rule, const std::optional<std::string>& name) {
    std::vector<std::string> known;
    for (const Metric* metric : file_.simulator->describe().metrics) known.emplace_back(metric->name);
    if (!name) {
      if (given(rule)->find("metric") == nullptr) fail(rule, "metric", "missing: expected the name of a metric");
      return 0;
    }
    const auto at = std::find(known.begin(), known.end(), *name);
    if (at == known.end())
      fail(rule, "metric",
           fmt::format("unknown metric '{}'{} (windrow list metrics)", *name, did_you_mean(*name, known)));
    return static_cast<std::size_t>(at - known.begin());
  }

  /// The axis that a rule goes along: numbers that ascend.
  std::optional<std::size_t> axis_of(const std::string& rule, const std::optional<std::string>& name) {
    if (!name) {
      if (given(rule)->find("axis") == nullptr) fail(rule, "axis", "missing: expected the name of an axis");
      return std::nullopt;
    }
    std::vector<std::string> names;
    for (const AxisDraft& draft : file_.axes) names.push_back(draft.axis.name);
    const auto at = std::find(names.begin(), names.end(), *name);
    if (at == names.end()) {
      if (axes_are_complete_) fail(rule, "axis", fmt::format("no axis '{}'{}", *name, did_you_mean(*name, names)));
      return std::nullopt;
    }
    const auto axis = static_cast<std::size_t>(at - names.begin());
    if (is_seed(*name)) {
      fail(rule, "axis", fmt::format("{} is the axis of seeds, over which means are taken", *name));
      return std::nullopt;
    }
    const bool ascends = std::visit(
        [](const auto& column) {
          using Value = typename std::decay_t<decltype(column)>::value_type;
          if constexpr (std::is_same_v<Value, double> || std::is_same_v<Value, std::int64_t>)
            return std::is_sorted(column.begin(), column.end());
          else
            return false;
        },
        file_.axes[axis].axis.values.column());
    if (!ascends) {
      if (file_.axes[axis].all_typed && file_.axes[axis].size() > 0)
        fail(rule, "axis", fmt::format("expected an axis of numbers that ascend, {} is none", *name));
      return std::nullopt;
    }
    return axis;
  }

  void read_knee() {
    const auto keys = keys_of<KneeKeys>("knee", "{axis: arrival_rate, metric: jct_mean, at_most: 360000}");
    if (!keys) return;
    KneeRule rule;
    rule.metric = metric_of("knee", keys->metric);
    rule.at_most = keys->at_most;
    rule.at_least = keys->at_least;
    if (given("knee")->find("at_most") == nullptr && given("knee")->find("at_least") == nullptr)
      fail("knee", "at_most", "missing: expected a target, at_most or at_least");
    if (keys->at_most && keys->at_least) fail("knee", "at_least", "stands beside 'at_most': expected one target");
    const auto axis = axis_of("knee", keys->axis);
    if (!axis) return;
    rule.axis = *axis;
    if (keys->within) refine(*axis, *keys->within);
    file_.rules.knee = rule;
  }

  /// Halves the gaps between the values of an axis until none is wider than `within`. Halving again gives the same
  /// values and more, so that a finer search goes on with what a coarser one has found.
  void refine(std::size_t axis, double within) {
    AxisDraft& draft = file_.axes[axis];
    Grid::Group& group = group_of(axis);
    if (group.axes.size() > 1)
      return fail(
          "knee", "within",
          fmt::format("{} moves together with another axis (zip): the values between are not known", draft.axis.name));
    const auto* written = std::get_if<std::vector<double>>(&draft.axis.values.column());
    if (written == nullptr)
      return fail("knee", "within",
                  fmt::format("{} has integers: write all that may be tried as {{from, to, count}}", draft.axis.name));
    std::vector<double> values;
    for (std::size_t i = 0; i + 1 < written->size(); ++i) {
      const double from = (*written)[i], gap = (*written)[i + 1] - from;
      double parts = 1;
      constexpr double kRounding = 1 + 1e-9;
      while (gap / parts > within * kRounding && parts <= kMostValues) parts *= 2;
      if (parts + static_cast<double>(values.size()) > kMostValues)
        return fail("knee", "within",
                    fmt::format("needs more than {} values of {} to choose from: expected a larger one", kMostValues,
                                draft.axis.name));
      values.push_back(from);
      for (double part = 1; part < parts; ++part) values.push_back(rounded_to_12_digits(from + gap * (part / parts)));
    }
    values.push_back(written->back());
    draft.axis.values = AxisValues(std::move(values));
    draft.nodes.clear();
    group.length = draft.size();
  }

  void read_until() {
    const auto keys = keys_of<UntilKeys>("until", "{axis: arrival_rate, status: saturated}");
    if (!keys) return;
    if (const auto axis = axis_of("until", keys->axis)) file_.rules.until = UntilRule{*axis, keys->seeds == "any"};
  }

  void read_replicate() {
    const auto keys = keys_of<ReplicateKeys>("replicate", "{metric: jct_mean, relative_ci: 0.05, max: 30}");
    if (!keys) return;
    ReplicateRule rule;
    rule.metric = metric_of("replicate", keys->metric);
    rule.relative_ci = keys->relative_ci;
    const auto group = seed_group(file_.axes, file_.groups);
    if (!group) {
      const bool moves_along = std::any_of(file_.axes.begin(), file_.axes.end(),
                                           [](const AxisDraft& draft) { return is_seed(draft.axis.name); });
      if (axes_are_complete_)
        problems_.add(position_of("replicate"), "replicate",
                      moves_along ? "the axis of seeds moves together with another one (zip): there are no more of them"
                                  : "there is no axis of seeds: add `seed: {from: 0, count: 3}` to the axes");
      return;
    }
    AxisDraft& draft = file_.axes[file_.groups[*group].axes[0]];
    const auto* written = std::get_if<std::vector<std::int64_t>>(&draft.axis.values.column());
    if (written == nullptr || written->empty() || !draft.all_typed) return;  // said already
    rule.first = std::max(written->size(), static_cast<std::size_t>(keys->min.value_or(2)));
    rule.most = static_cast<std::size_t>(keys->max.value_or(static_cast<std::int64_t>(kDefaultMostSeeds)));
    if (keys->min && keys->max && *keys->min > *keys->max)
      return fail("replicate", "min", fmt::format("{} is more than max, {}", *keys->min, *keys->max));
    if (rule.first > rule.most)
      return fail("replicate", "max",
                  fmt::format("{} is less than the {} seeds that every cell gets by axis {}", rule.most, rule.first,
                              draft.axis.name));
    if (continue_seeds(draft, *written, rule.most)) {
      file_.groups[*group].length = draft.size();
      file_.rules.replicate = rule;
    }
  }

  /// The seeds of all cells are the first ones of one progression: that makes any two of them comparable seed by seed.
  bool continue_seeds(AxisDraft& draft, const std::vector<std::int64_t>& written, std::size_t most) {
    const std::int64_t step = written.size() > 1 ? written[1] - written[0] : 1;
    bool equal_steps = step != 0;
    for (std::size_t i = 1; i < written.size(); ++i) equal_steps = equal_steps && written[i] - written[i - 1] == step;
    if (!equal_steps) {
      problems_.add(draft.range_position, draft.axis.name,
                    "expected seeds with equal steps, so that 'replicate' can go on with them: {from: 0, count: 3}");
      return false;
    }
    std::vector<std::int64_t> seeds = written;
    while (seeds.size() < most) {
      std::int64_t next = 0;
      if (__builtin_add_overflow(seeds.back(), step, &next)) {
        problems_.add(draft.range_position, draft.axis.name, "has no more seeds for 'replicate' within 64 bits");
        return false;
      }
      seeds.push_back(next);
    }
    draft.axis.values = AxisValues(std::move(seeds));
    draft.nodes.clear();
    return true;
  }

  Grid::Group& group_of(std::size_t axis) {
    return *std::find_if(file_.groups.begin(), file_.groups.end(), [&](const Grid::Group& group) {
      return std::find(group.axes.begin(), group.axes.end(), axis) != group.axes.end();
    });
  }

  const Node& root_;
  SweepFile& file_;
  const bool axes_are_complete_;
  Problems& problems_;
};

}  // namespace

std::optional<std::size_t> seed_group(const std::vector<AxisDraft>& axes, const std::vector<Grid::Group>& groups) {
  std::optional<std::size_t> seed;
  for (std::size_t g = 0; g < groups.size(); ++g)
    if (groups[g].axes.size() == 1 && is_seed(axes[groups[g].axes[0]].axis.name)) seed = g;
  return seed;
}

void read_rules(const config::Node& root, SweepFile& file, bool axes_are_complete, config::Problems& problems) {
  RulesReader(root, file, axes_are_complete, problems).read();
}

}  // namespace windrow::sweep
