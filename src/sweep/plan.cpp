#include "windrow/sweep/plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>
#include <utility>

#include "sweep/grid.hpp"
#include "sweep/point_texts.hpp"
#include "sweep/rules_reader.hpp"
#include "sweep/sweep_file.hpp"
#include "windrow/kernel/error.hpp"
#include "windrow/kernel/text.hpp"

namespace windrow::sweep {

using config::Node;
using config::Problem;
using config::Problems;
using config::Tree;

namespace {

/// A base configuration whose axes are set in place.
class AxisTree {
 public:
  AxisTree(const Tree& base, const std::vector<AxisDraft>& axes) : axes_(axes), tree_(base), now_(axes.size()) {
    Problems problems;
    for (const AxisDraft& draft : axes) {
      Node node;
      draft.put(node, 0);
      tree_.set(draft.axis.name, std::move(node), problems);
    }
    WINDROW_CHECK(problems.empty(), "an axis has no place in the base configuration: {}", problems.text());
    for (const AxisDraft& draft : axes) nodes_.push_back(const_cast<Node*>(tree_.find(draft.axis.name)));
  }
  AxisTree(const AxisTree&) = delete;
  AxisTree& operator=(const AxisTree&) = delete;

  void put(std::size_t axis, std::size_t value) {
    if (now_[axis] == value) return;
    axes_[axis].put(*nodes_[axis], value);
    now_[axis] = value;
  }
  const Tree& tree() const { return tree_; }

 private:
  const std::vector<AxisDraft>& axes_;
  Tree tree_;
  std::vector<Node*> nodes_;
  Choice now_;
};

/// For each value the first one that says the same.
std::vector<std::size_t> first_equals(const AxisDraft& draft, const config::Schema& schema,
                                      const std::vector<Lines>& lines) {
  std::vector<std::size_t> first(draft.size());
  if (!draft.is_direct()) {
    std::map<std::string, std::size_t> seen;
    for (std::size_t i = 0; i < draft.size(); ++i) {
      std::string text;
      for (const auto& [_, line] : lines[i]) text += line;
      first[i] = seen.try_emplace(schema.identity(text), i).first->second;
    }
    return first;
  }
  std::visit(
      [&](const auto& column) {
        std::vector<std::size_t> order(column.size());
        for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
        const auto less = [&](std::size_t a, std::size_t b) { return column[a] < column[b]; };
        if (!std::is_sorted(order.begin(), order.end(), less)) std::stable_sort(order.begin(), order.end(), less);
        for (std::size_t i = 0; i < order.size(); ++i)
          first[order[i]] = i > 0 && column[order[i - 1]] == column[order[i]] ? first[order[i - 1]] : order[i];
      },
      draft.axis.values.column());
  return first;
}

std::string label_of(const std::vector<Axis>& axes, const Choice& choice) {
  std::string label;
  for (std::size_t a = 0; a < axes.size(); ++a)
    label += (a > 0 ? " " : "") + axes[a].name + "=" + to_text(axes[a].values[choice[a]]);
  return label;
}

}  // namespace

/// Turns a sweep file into a plan. The steps report all they can; each needs what the ones before it have found sound.
class PlanLoader {
 public:
  PlanLoader(SweepFile file, Problems& problems)
      : file_(std::move(file)), schema_(file_.simulator->describe().config), problems_(problems) {}

  Plan load() {
    check_base();
    // Numbers that are written as they are need no table of texts, and are checked with the points where nothing else
    // is wrong: there may be a million of them.
    const auto can_wait = [](const AxisDraft& draft) { return draft.is_direct() && draft.all_typed; };
    for (std::size_t a = 0; a < file_.axes.size(); ++a)
      if (!can_wait(file_.axes[a])) check_values(a);
    const bool fits = check_size();
    if (fits)
      for (const Grid::Group& group : file_.groups) check_duplicates(group);
    if (problems_.empty() && make_grid()) check_points();
    if (fits && !problems_.empty())
      for (std::size_t a = 0; a < file_.axes.size(); ++a)
        if (can_wait(file_.axes[a])) check_values(a);
    return std::move(plan_);
  }

 private:
  static constexpr std::size_t kMostOfAKind = 100;  ///< problems shown before "and N more"
  static constexpr std::size_t kMostContents = 16;  ///< values of an axis for which files are looked into

  /// The base configuration for itself. Relations between its keys do not matter: an axis may mend them.
  void check_base() {
    Problems found;
    plan_.base_text_ = schema_.resolve(file_.base, found);
    for (const Problem& problem : found.list())
      if (!problem.relation) {
        base_problems_.insert(problem.line());
        problems_.add(problem);
      }
    plan_.name_ = file_.name;
    plan_.sweep_text_ = file_.text;
    plan_.simulator_ = file_.simulator;
    plan_.keep_ = file_.keep;
    plan_.rules_ = file_.rules;
    lines_.resize(file_.axes.size());
  }

  /// Each value of an axis over the base configuration; keeps the lines that come of it.
  void check_values(std::size_t a) {
    const std::vector<AxisDraft> alone{file_.axes[a]};
    if (alone[0].size() == 0) return;
    AxisTree tree(file_.base, alone);
    std::size_t wrong = 0;
    for (std::size_t value = 0; value < alone[0].size(); ++value) {
      tree.put(0, value);
      Problems found;
      const std::string text = schema_.resolve(tree.tree(), found);
      bool is_wrong = false;
      for (const Problem& problem : found.list()) {
        if (problem.relation || base_problems_.contains(problem.line())) continue;
        is_wrong = true;
        if (wrong < kMostOfAKind) problems_.add(problem);
      }
      wrong += is_wrong ? 1 : 0;
      if (!alone[0].is_direct()) lines_[a].push_back(lines_of(text));
    }
    if (wrong > 0) wrong_axes_.insert(a);
    if (wrong > kMostOfAKind)
      problems_.add(alone[0].position, alone[0].axis.name,
                    fmt::format("… and {} more such values", wrong - kMostOfAKind));
  }

  bool check_size() {
    if (Grid::product(file_.groups)) return true;
    double points = 1;
    for (const Grid::Group& group : file_.groups) points *= static_cast<double>(group.length);
    problems_.add(file_.axes_position, "axes",
                  fmt::format("{:.3g} points are more than a sweep can have ({:g})", points,
                              static_cast<double>(Grid::kMostPoints)));
    return false;
  }

  /// False if there is no grid to speak of.
  bool make_grid() {
    for (AxisDraft& draft : file_.axes) plan_.axes_.push_back(draft.axis);
    const auto seed = seed_group(file_.axes, file_.groups);  // of no matter for the cost
    auto grid = std::make_shared<Grid>(file_.groups, file_.axes.size(), seed);
    leave_out(*grid);
    plan_.grid_ = grid;
    plan_.size_ = grid->size();
    select();
    return problems_.empty();
  }

  void check_duplicates(const Grid::Group& group) {
    if (std::any_of(group.axes.begin(), group.axes.end(), [&](std::size_t a) { return wrong_axes_.contains(a); }))
      return;
    std::vector<std::vector<std::size_t>> first;
    for (const std::size_t a : group.axes) first.push_back(first_equals(file_.axes[a], schema_, lines_[a]));
    std::map<std::vector<std::size_t>, std::size_t> seen;
    std::size_t doubled = 0;
    for (std::size_t i = 0; i < group.length; ++i) {
      std::size_t other = first[0][i];
      if (first.size() > 1) {
        std::vector<std::size_t> key;
        key.reserve(first.size());
        for (const auto& axis : first) key.push_back(axis[i]);
        other = seen.try_emplace(std::move(key), i).first->second;
      }
      if (other == i || ++doubled > kMostOfAKind) continue;
      const AxisDraft& draft = file_.axes[group.axes[0]];
      problems_.add(draft.position_of(i), draft.axis.name, duplicate_text(group, i, other));
    }
  }

  std::string duplicate_text(const Grid::Group& group, std::size_t value, std::size_t other) const {
    const auto text = [&](std::size_t i) {
      std::string all;
      for (const std::size_t a : group.axes) {
        const Axis& axis = file_.axes[a].axis;
        if (group.axes.size() > 1) all += (all.empty() ? "" : " ") + axis.name + "=";
        all += to_text(axis.values[i]);
      }
      return all;
    };
    if (text(value) == text(other)) return fmt::format("{} is given twice", text(value));
    return fmt::format("{} is the same as {}", text(value), text(other));
  }

  void leave_out(Grid& grid) {
    if (file_.skip.empty()) return;
    std::vector<std::uint32_t> kept;
    for (std::uint64_t index = 0; index < grid.size(); ++index) {
      const Choice choice = grid.choice(index);
      if (std::none_of(file_.skip.begin(), file_.skip.end(), [&](const Condition& c) { return c.holds(choice); }))
        kept.push_back(static_cast<std::uint32_t>(index));
    }
    if (kept.empty()) problems_.add(file_.skip_position, "skip", "leaves no point of the sweep");
    kept.shrink_to_fit();
    if (kept.size() < grid.size()) grid.keep_only(std::move(kept));
  }

  void select() {
    if (file_.only.empty() && !file_.shard) return;
    auto selected = std::make_shared<std::vector<bool>>(plan_.size_);
    bool any = false;
    for (std::uint64_t index = 0; index < plan_.size_; ++index) {
      const Choice choice = plan_.grid_->choice(index);
      const bool chosen =
          std::all_of(file_.only.begin(), file_.only.end(), [&](const Condition& c) { return c.holds(choice); });
      any = any || chosen;
      const bool in_shard = !file_.shard || index % file_.shard->of == file_.shard->number - 1;
      (*selected)[index] = chosen && in_shard;
    }
    if (!any && plan_.size_ > 0)
      problems_.add({std::make_shared<const std::string>("--only"), 0, 0}, "", "chooses no point of the sweep");
    plan_.selected_ = std::move(selected);
  }

  /// Every point against the schema. A relation that fails in many points is told once, with their number.
  void check_points() {
    struct Failure {
      Problem problem;
      std::uint64_t points = 0;
      std::string first;
    };
    std::map<std::string, Failure> failures;
    std::uint64_t untold = 0;
    AxisTree tree(file_.base, file_.axes);
    make_texts(tree);
    std::vector<std::size_t> contents_checked(file_.axes.size());  // so many values of each axis
    bool contents_untouched = true;
    for (std::uint64_t index = 0; index < plan_.size_; ++index) {
      const Choice choice = plan_.grid_->choice(index);
      for (std::size_t a = 0; a < choice.size(); ++a) tree.put(a, choice[a]);
      Problems found;
      const std::string text = schema_.resolve(tree.tree(), found);
      if (found.empty()) {
        WINDROW_CHECK(plan_.texts_->text(choice, plan_.axes_) == text,
                      "the keys of simulator {} depend on each other's values at {}", file_.simulator->describe().name,
                      label_of(plan_.axes_, choice));
        bool is_new = std::exchange(contents_untouched, false);
        for (std::size_t a = 0; a < choice.size(); ++a) {
          if (choice[a] < contents_checked[a] || choice[a] >= kMostContents) continue;
          contents_checked[a] = choice[a] + 1;
          is_new = true;
        }
        if (is_new) check_contents(text);
        continue;
      }
      for (const Problem& problem : found.list()) {
        if (!problem.relation) {  // a value is wrong for itself: check_values says which ones are
          problems_.add(problem);
          return;
        }
        const std::string line = problem.line();
        if (failures.size() >= kMostOfAKind && !failures.contains(line)) {
          ++untold;
          continue;
        }
        Failure& failure = failures.try_emplace(line, Failure{problem, 0, label_of(plan_.axes_, choice)}).first->second;
        ++failure.points;
      }
    }
    for (auto& [_, failure] : failures) {
      if (failure.points < plan_.size_)
        failure.problem.text +=
            fmt::format(" (in {} of {} points, first {})", failure.points, plan_.size_, failure.first);
      problems_.add(std::move(failure.problem));
    }
    if (untold > 0) problems_.add(file_.axes_position, "", fmt::format("… and {} more such problems", untold));
  }

  void check_contents(const std::string& text) {
    try {
      file_.simulator->check(config::parse_canonical(text));
    } catch (const InputError& error) {
      problems_.add({}, "", error.what());
    }
  }

  void make_texts(AxisTree& tree) {
    Problems ignored;  // the first combination need not be a point
    const std::string reference = schema_.resolve(tree.tree(), ignored);
    std::vector<PointTexts::AxisLines> axes(file_.axes.size());
    for (std::size_t a = 0; a < axes.size(); ++a) {
      if (file_.axes[a].is_direct())
        axes[a].path = file_.axes[a].axis.name;
      else
        axes[a].by_value = std::move(lines_[a]);
    }
    plan_.texts_ = std::make_shared<const PointTexts>(reference, axes);
  }

  SweepFile file_;
  const config::Schema& schema_;
  Problems& problems_;
  Plan plan_;
  std::set<std::string> base_problems_;
  std::set<std::size_t> wrong_axes_;       // with values that cannot be read, hence not compared
  std::vector<std::vector<Lines>> lines_;  // of each axis that is not direct, for each value
};

std::string to_text(const AxisValue& value) {
  return std::visit(
      [](const auto& v) -> std::string {
        using T = std::decay_t<decltype(v)>;
        if constexpr (std::is_same_v<T, std::string>) {
          return v;
        } else if constexpr (std::is_same_v<T, bool>) {
          return v ? "true" : "false";
        } else if constexpr (std::is_same_v<T, double>) {
          return windrow::to_text(v);
        } else {
          return std::to_string(v);
        }
      },
      value);
}

Digest128 point_id(const Description& description, std::string_view canonical_text) {
  Sha512 hash;
  hash.update(fmt::format("{}\n{}\n", description.name, description.version));
  hash.update(description.config.identity(canonical_text));
  return hash.finish128();
}

Plan Plan::load(const std::string& path, const Catalog& catalog, const Overrides& overrides, Problems& problems) {
  SweepFile file = read_sweep_file(path, catalog, overrides, problems);
  if (file.simulator == nullptr || file.axes.empty()) return {};
  return PlanLoader(std::move(file), problems).load();
}

Plan Plan::of_one_point(const std::string& name, const Simulator& simulator, const std::string& canonical) {
  Plan plan;
  plan.name_ = name;
  plan.simulator_ = &simulator;
  plan.base_text_ = canonical;
  plan.size_ = 1;
  plan.keep_ = Keep::all();
  plan.grid_ = std::make_shared<const Grid>(std::vector<Grid::Group>{}, 0, std::nullopt);
  plan.texts_ = std::make_shared<const PointTexts>(canonical, std::vector<PointTexts::AxisLines>{});
  return plan;
}

std::string Plan::text_of(std::uint64_t index) const {
  return texts_->text(grid_->choice(index), axes_);
}

Point Plan::point(std::uint64_t index) const {
  Point point;
  point.index = index;
  point.axes = axes_of(index);
  point.text = text_of(index);
  point.id = point_id(simulator_->describe(), point.text);
  return point;
}

bool Plan::selected(std::uint64_t index) const {
  return !selected_ || (*selected_)[index];
}

std::vector<AxisValue> Plan::axes_of(std::uint64_t index) const {
  const Choice choice = grid_->choice(index);
  std::vector<AxisValue> values;
  values.reserve(axes_.size());
  for (std::size_t a = 0; a < axes_.size(); ++a) values.push_back(axes_[a].values[choice[a]]);
  return values;
}

std::string Plan::label(std::uint64_t index) const {
  return label_of(axes_, grid_->choice(index));
}

double Plan::cost_hint(std::uint64_t index) const {
  return simulator_->cost_hint(config::parse_canonical(text_of(index)));
}

std::uint64_t Plan::cost_group(std::uint64_t index) const {
  return grid_->cost_group(index);
}

}  // namespace windrow::sweep
