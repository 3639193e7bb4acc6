#include "sweep/sweep_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "sweep/rules_reader.hpp"
#include "windrow/kernel/error.hpp"
#include "windrow/kernel/text.hpp"

namespace windrow::sweep {
namespace {

using config::KeyInfo;
using config::Node;
using config::Position;
using config::Problems;
using config::Tree;

constexpr int kSetLayer = 1;
constexpr int kFlagLayer = 3;

/// The key whose line a key writes: another spelling writes that of its target.
const std::string& target_of(const KeyInfo& key) {
  return key.alternative_of.empty() ? key.path : key.alternative_of;
}

/// As the user would write it: relative to the working directory if it lies below.
std::string display_path(const std::string& absolute) {
  std::error_code error;
  const std::string relative = std::filesystem::path(absolute).lexically_relative(std::filesystem::current_path(error));
  return error || relative.empty() || relative.starts_with("..") ? absolute : relative;
}

class SweepFileReader {
 public:
  SweepFileReader(const std::string& path, const Catalog& catalog, const Overrides& overrides, Problems& problems)
      : path_(path), catalog_(catalog), overrides_(overrides), problems_(problems) {}

  SweepFile read() {
    const std::optional<std::string> text = config::read_text(path_, problems_);
    if (!text) return std::move(file_);
    file_.text = *text;
    const std::size_t before = problems_.list().size();
    tree_ = config::parse_yaml(*text, path_, problems_);
    if (problems_.list().size() != before) return std::move(file_);  // there may be no end to what would follow

    check_keys();
    read_name();
    read_simulator();
    if (file_.simulator == nullptr) return std::move(file_);
    read_base();
    read_axes();
    read_set();
    read_flags();
    read_zip();
    read_rules(tree_.root(), file_, axes_are_complete_, problems_);
    read_conditions();
    read_output();
    return std::move(file_);
  }

 private:
  const config::Schema& schema() const { return file_.simulator->describe().config; }
  Position whole_file() const { return {std::make_shared<const std::string>(path_), 0, 0}; }
  /// A key with something in it.
  const Node* given(std::string_view key) const {
    const Node* node = tree_.root().find(key);
    return node != nullptr && node->kind != Node::Kind::null ? node : nullptr;
  }

  void check_keys() {
    const std::vector<std::string> known = {"name", "simulator", "config", "set",   "axes",  "zip",
                                            "skip", "replicate", "knee",   "until", "output"};
    for (const Node::Member& member : tree_.root().members)
      if (std::find(known.begin(), known.end(), member.key) == known.end())
        problems_.add(member.position, member.key, "unknown key" + did_you_mean_one_of(member.key, known));
  }

  void read_name() {
    const Node* node = given("name");
    if (node == nullptr) return problems_.add(whole_file(), "name", "missing: every sweep has a name");
    if (!config::read_value(*node, "name", file_.name, {}, problems_)) return;
    const auto is_plain = [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
             c == '.';
    };
    if (file_.name.empty() || file_.name.front() == '.' || !std::all_of(file_.name.begin(), file_.name.end(), is_plain))
      problems_.add(
          node->position, "name",
          "expected letters, digits, '-', '_' and '.', since files are named so; found " + config::found(*node));
  }

  void read_simulator() {
    const Node* node = given("simulator");
    if (node == nullptr) {
      const std::vector<std::string> names = catalog_.names();
      problems_.add(whole_file(), "simulator", fmt::format("missing: expected one of {}", fmt::join(names, ", ")));
      return;
    }
    std::string name;
    if (config::read_value(*node, "simulator", name, config::one_of(catalog_.names(), "simulators"), problems_))
      file_.simulator = catalog_.find(name);
  }

  void read_base() {
    const Node* node = given("config");
    if (node == nullptr) return;
    std::string name, why;
    if (!config::read_value(*node, "config", name, {}, problems_)) return;
    const std::optional<std::string> path = config::find_file(name, node->position, why);
    if (!path)
      return problems_.add(node->position, "config",
                           fmt::format("no file {} (looked for {})", config::found(*node), why));
    Node root = config::unfold(config::read_yaml(display_path(*path), problems_), problems_).root();
    const auto own = std::find_if(root.members.begin(), root.members.end(),
                                  [](const Node::Member& member) { return member.key == "simulator"; });
    if (own != root.members.end()) {  // `windrow simulate` takes the same file, and must be told
      if (own->value.text != file_.simulator->describe().name)
        problems_.add(own->value.position, "simulator",
                      fmt::format("expected '{}' as in {}, found {}", file_.simulator->describe().name, path_,
                                  config::found(own->value)));
      root.members.erase(own);
    }
    file_.base = Tree(std::move(root));
  }

  void read_axes() {
    const Node* node = given("axes");
    if (node == nullptr) return problems_.add(whole_file(), "axes", "missing: expected at least one axis");
    file_.axes_position = node->position;
    if (node->kind != Node::Kind::map || node->members.empty())
      return problems_.add(
          node->position, "axes",
          "expected a map of axes, found " +
              (node->members.empty() && node->kind == Node::Kind::map ? std::string("none") : config::found(*node)));
    for (const Node::Member& member : node->members) {
      const KeyInfo* key = schema().find(member.key);
      if (key == nullptr) {
        problems_.add(member.position, member.key, schema().unknown(member.key));
        axes_are_complete_ = false;
      } else if (key->type == "list of maps") {
        problems_.add(member.position, member.key, "a list of maps cannot be an axis");
      } else {
        add_axis(member, *key);
      }
    }
  }

  void add_axis(const Node::Member& member, const KeyInfo& key) {
    if (const AxisDraft* rival = axis_writing(target_of(key))) {
      problems_.add(member.position, member.key,
                    fmt::format("says the same as axis {}: leave one of them out", rival->axis.name));
      axes_are_complete_ = false;
      return;
    }
    file_.axes.push_back(read_axis(member, key, problems_));
    axes_are_complete_ = axes_are_complete_ && file_.axes.back().size() > 0;
  }

  const AxisDraft* axis_writing(const std::string& target) const {
    for (const AxisDraft& axis : file_.axes)
      if (target_of(*axis.key) == target) return &axis;
    return nullptr;
  }

  void read_set() {
    const Node* node = given("set");
    if (node == nullptr) return;
    if (node->kind != Node::Kind::map)
      return problems_.add(node->position, "set", "expected a map of keys and values, found " + config::found(*node));
    apply_set(config::unfold(Tree(*node), problems_).root(), "");
  }

  void apply_set(const Node& map, const std::string& prefix) {
    for (const Node::Member& member : map.members) {
      const std::string path = prefix + member.key;
      if (const KeyInfo* key = schema().find(path)) {
        if (const AxisDraft* axis = axis_writing(target_of(*key))) {
          problems_.add(member.position, path,
                        fmt::format("is set, but {} is an axis (line {}): leave one of them out", axis->axis.name,
                                    axis->position.line));
          continue;
        }
        Node value = member.value;
        value.layer = kSetLayer;
        file_.base.set(path, std::move(value), problems_);
      } else if (member.value.kind == Node::Kind::map) {
        apply_set(member.value, path + ".");
      } else {
        problems_.add(member.position, path, schema().unknown(path));
      }
    }
  }

  void read_flags() {
    for (const std::string& typed : overrides_.set) {
      std::optional<config::Assignment> assignment = config::parse_set(typed, kFlagLayer, problems_);
      if (!assignment) continue;
      const Position& position = assignment->value.position;
      const KeyInfo* key = schema().find(assignment->path);
      if (key == nullptr) {
        problems_.add(position, assignment->path, schema().unknown(assignment->path));
      } else if (const AxisDraft* axis = axis_writing(target_of(*key))) {
        problems_.add(position, assignment->path,
                      fmt::format("{} is an axis of this sweep; --only chooses among its values", axis->axis.name));
      } else {
        file_.base.set(assignment->path, std::move(assignment->value), problems_);
      }
    }
  }

  std::optional<std::size_t> find_axis(const std::string& name) const {
    for (std::size_t a = 0; a < file_.axes.size(); ++a)
      if (file_.axes[a].axis.name == name) return a;
    return std::nullopt;
  }

  std::vector<std::string> axis_names() const {
    std::vector<std::string> names;
    for (const AxisDraft& draft : file_.axes) names.push_back(draft.axis.name);
    return names;
  }

  void read_zip() {
    std::vector<std::vector<std::size_t>> zips;
    std::vector<std::vector<std::string>> lists;
    const Node* node = given("zip");
    if (node != nullptr && axes_are_complete_ && config::read_value(*node, "zip", lists, {}, problems_))
      for (std::size_t i = 0; i < lists.size(); ++i) read_one_zip(node->items[i], lists[i], zips);

    std::vector<bool> placed(file_.axes.size());
    for (std::size_t a = 0; a < file_.axes.size(); ++a) {
      if (placed[a]) continue;
      Grid::Group group{{a}, file_.axes[a].size()};
      for (const std::vector<std::size_t>& zip : zips)
        if (std::find(zip.begin(), zip.end(), a) != zip.end()) group.axes = zip;
      for (const std::size_t axis : group.axes) placed[axis] = true;
      file_.groups.push_back(std::move(group));
    }
  }

  void read_one_zip(const Node& node, const std::vector<std::string>& names,
                    std::vector<std::vector<std::size_t>>& zips) {
    std::vector<std::size_t> zip;
    if (names.size() < 2)
      return problems_.add(node.position, "zip", "expected the names of two or more axes that move together");
    for (std::size_t i = 0; i < names.size(); ++i) {
      const std::optional<std::size_t> axis = find_axis(names[i]);
      if (!axis) {
        problems_.add(node.items[i].position, "zip",
                      fmt::format("no axis '{}'{}", names[i], did_you_mean_one_of(names[i], axis_names())));
        return;
      }
      const bool taken = std::find(zip.begin(), zip.end(), *axis) != zip.end() ||
                         std::any_of(zips.begin(), zips.end(), [&](const auto& other) {
                           return std::find(other.begin(), other.end(), *axis) != other.end();
                         });
      if (taken) return problems_.add(node.items[i].position, "zip", names[i] + " is zipped twice");
      zip.push_back(*axis);
    }
    for (const std::size_t axis : zip)
      if (file_.axes[axis].size() != file_.axes[zip[0]].size() && file_.axes[axis].size() > 0 &&
          file_.axes[zip[0]].size() > 0)
        return problems_.add(node.position, "zip",
                             fmt::format("{} has {} values, {} has {}: axes that move together have equally many",
                                         file_.axes[zip[0]].axis.name, file_.axes[zip[0]].size(),
                                         file_.axes[axis].axis.name, file_.axes[axis].size()));
    zips.push_back(std::move(zip));
  }

  void read_conditions() {
    if (!axes_are_complete_) return;
    std::vector<Axis> axes;
    for (const AxisDraft& draft : file_.axes) axes.push_back(draft.axis);
    std::vector<std::string> skips;
    const Node* node = given("skip");
    if (node != nullptr) file_.skip_position = node->position;
    if (node != nullptr && config::read_value(*node, "skip", skips, {}, problems_))
      for (std::size_t i = 0; i < skips.size(); ++i)
        file_.skip.push_back(Condition::parse(skips[i], axes, node->items[i].position, "skip", problems_));
    file_.shard = overrides_.shard;
    if (file_.shard && file_.rules.any())
      problems_.add(
          {std::make_shared<const std::string>("--shard"), 0, 0}, "",
          "cannot be combined with replicate, knee or until: what they ask for depends on all points of a line");
    for (const std::string& typed : overrides_.only) {
      const Position position{std::make_shared<const std::string>(fmt::format("--only {}", typed)), 0, 0};
      file_.only.push_back(Condition::parse(typed, axes, position, "", problems_));
    }
  }

  void read_output() {
    const Node* node = given("output");
    if (node == nullptr) return;
    if (node->kind != Node::Kind::map)
      return problems_.add(node->position, "output",
                           "expected a map such as {tables: [jobs]}, found " + config::found(*node));
    const Description& description = file_.simulator->describe();
    for (const Node::Member& member : node->members) {
      if (member.key == "tables")
        file_.keep.tables = read_names(member.value, "table", description.tables);
      else if (member.key == "series")
        file_.keep.series = read_names(member.value, "series", description.series);
      else
        problems_.add(member.position, fmt::format("output.{}", member.key),
                      "unknown key" + did_you_mean_one_of(member.key, std::vector<std::string>{"tables", "series"}));
    }
  }

  /// A bit for each declared table (or series) that is named.
  template <class Declared>
  std::uint64_t read_names(const Node& node, std::string_view kind, const std::vector<Declared>& declared) {
    const std::string key = kind == "table" ? "output.tables" : "output.series";
    std::vector<std::string> names, known;
    for (const auto* table : declared) known.emplace_back(table->name);
    std::uint64_t bits = 0;
    if (node.kind == Node::Kind::null || !config::read_value(node, key, names, {}, problems_)) return bits;
    for (std::size_t i = 0; i < names.size(); ++i) {
      const auto at = std::find(known.begin(), known.end(), names[i]);
      if (at != known.end()) {
        bits |= std::uint64_t{1} << (at - known.begin());
        continue;
      }
      problems_.add(node.items[i].position, key,
                    fmt::format("unknown {} '{}'{} ({} has {})", kind, names[i], did_you_mean(names[i], known),
                                file_.simulator->describe().name,
                                known.empty() ? std::string("none") : fmt::format("{}", fmt::join(known, ", "))));
    }
    return bits;
  }

  const std::string& path_;
  const Catalog& catalog_;
  const Overrides& overrides_;
  Problems& problems_;
  Tree tree_;
  SweepFile file_;
  bool axes_are_complete_ = true;  // otherwise a name that is missing has been reported already
};

}  // namespace

SweepFile read_sweep_file(const std::string& path, const Catalog& catalog, const Overrides& overrides,
                          config::Problems& problems) {
  return SweepFileReader(path, catalog, overrides, problems).read();
}

}  // namespace windrow::sweep
