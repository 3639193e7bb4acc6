#include "cli/one_config.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "windrow/kernel/error.hpp"
#include "windrow/kernel/text.hpp"

namespace windrow::cli {

namespace {

constexpr int kSetLayer = 3;

/// The simulator that knows most of the file's top-level keys; the first of the catalog wins ties.
const Simulator* best_match(const Catalog& catalog, const config::Node& root) {
  const Simulator* best = nullptr;
  std::ptrdiff_t best_count = -1;
  for (const auto& simulator : catalog.all()) {
    const auto& schema = simulator->describe().config;
    const auto& keys = schema.keys();
    const auto known = std::count_if(root.members.begin(), root.members.end(), [&](const config::Node::Member& member) {
      return std::any_of(keys.begin(), keys.end(), [&](const config::KeyInfo& key) {
        return key.path == member.key || key.path.starts_with(member.key + ".");
      });
    });
    if (known > best_count) {
      best = simulator.get();
      best_count = known;
    }
  }
  return best;
}

}  // namespace

OneConfig read_one_config(const Catalog& catalog, const std::string& path, const std::vector<std::string>& sets,
                          const std::string& simulator_name) {
  config::Problems problems;
  config::Tree tree = config::unfold(config::read_yaml(path, problems), problems);
  problems.throw_if_any();
  for (const std::string& typed : sets)
    if (auto set = config::parse_set(typed, kSetLayer, problems)) tree.set(set->path, std::move(set->value), problems);

  config::Node root = tree.root();
  OneConfig result;
  std::string name = simulator_name;
  config::Position position{std::make_shared<const std::string>("--simulator " + simulator_name), 0, 0};
  const auto member =
      std::find_if(root.members.begin(), root.members.end(), [](const auto& m) { return m.key == "simulator"; });
  if (member != root.members.end()) {
    if (name.empty()) {
      name = member->value.text;
      position = member->value.position;
    } else if (name != member->value.text) {
      problems.add(member->value.position, "simulator",
                   fmt::format("expected {}, found {}", name, config::found(member->value)));
      problems.throw_if_any();
    }
    root.members.erase(member);
  }
  if (const config::Node* axes = root.find("axes")) {
    problems.add(axes->position, "axes",
                 "this is a sweep file; expected the configuration of one simulation (windrow run runs sweeps)");
    problems.throw_if_any();
  }
  result.simulator = name.empty() ? best_match(catalog, root) : catalog.find(name);
  if (result.simulator == nullptr) {
    problems.add(
        position, "simulator",
        fmt::format("unknown simulator '{}'{} (windrow list simulators)", name, did_you_mean(name, catalog.names())));
    problems.throw_if_any();
  }
  result.text = result.simulator->describe().config.resolve(config::Tree(std::move(root)), problems);
  problems.throw_if_any();
  result.simulator->check(config::parse_canonical(result.text));
  return result;
}

}  // namespace windrow::cli
