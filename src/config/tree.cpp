#include "windrow/config/tree.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "windrow/kernel/error.hpp"
#include "windrow/kernel/text.hpp"

namespace windrow::config {
namespace {

Node* find_member(Node& map, std::string_view key) {
  return const_cast<Node*>(std::as_const(map).find(key));
}

Node empty_map(const Position& position, int layer) {
  Node map;
  map.kind = Node::Kind::map;
  map.position = position;
  map.layer = layer;
  return map;
}

/// `a.b.c` has a first part and a rest; `.a`, `a.` and `a..b` are no paths.
bool is_path(std::string_view key) {
  return !key.empty() && key.front() != '.' && key.back() != '.' && key.find("..") == key.npos;
}

std::string given_twice(const Position& first) {
  return first.line > 0 ? fmt::format("given twice; first in line {}", first.line) : "given twice";
}

void unfold_into(Node& target, const Node& source, const std::string& prefix, Problems& problems);

/// Puts the value of `member` at `path` below `target`, merging maps.
void unfold_member(Node& target, std::string_view path, const Node::Member& member, const std::string& prefix,
                   Problems& problems) {
  const std::size_t dot = is_path(path) ? path.find('.') : path.npos;
  const std::string_view head = path.substr(0, dot);
  const std::string full = prefix + std::string(head);
  const bool is_leaf = dot == path.npos && member.value.kind != Node::Kind::map;
  Node* there = find_member(target, head);
  if (there == nullptr) {
    target.members.push_back({std::string(head), member.position, {}});
    there = &target.members.back().value;
    if (is_leaf) {
      *there = member.value;
      return;
    }
    *there = empty_map(dot == path.npos ? member.value.position : member.position, member.value.layer);
  } else if (is_leaf || there->kind != Node::Kind::map) {
    problems.add(member.position, full, given_twice(there->position));
    return;
  }
  if (dot == path.npos)
    unfold_into(*there, member.value, full + ".", problems);
  else
    unfold_member(*there, path.substr(dot + 1), member, full + ".", problems);
}

void unfold_into(Node& target, const Node& source, const std::string& prefix, Problems& problems) {
  for (const Node::Member& member : source.members) unfold_member(target, member.key, member, prefix, problems);
}

}  // namespace

const Node* Node::find(std::string_view key) const {
  for (const Member& member : members)
    if (member.key == key) return &member.value;
  return nullptr;
}

Node Node::scalar(std::string text, Position position, int layer) {
  Node node;
  node.kind = Kind::scalar;
  node.text = std::move(text);
  node.position = std::move(position);
  node.layer = layer;
  return node;
}

const Node* Tree::find(std::string_view path) const {
  const Node* node = &root_;
  while (node != nullptr) {
    const std::size_t dot = path.find('.');
    node = node->find(path.substr(0, dot));
    if (dot == path.npos) break;
    path.remove_prefix(dot + 1);
  }
  return node;
}

double Tree::number(std::string_view path, double absent) const {
  const Node* node = find(path);
  return node == nullptr ? absent : parse_double(node->text).value_or(absent);
}

void Tree::set(std::string_view path, Node value, Problems& problems) {
  Node* map = &root_;
  std::size_t begin = 0;
  while (true) {
    const std::size_t dot = path.find('.', begin);
    const std::string_view key = path.substr(begin, dot == path.npos ? path.npos : dot - begin);
    Node* there = find_member(*map, key);
    if (there == nullptr) {
      map->members.push_back({std::string(key), value.position, {}});
      there = &map->members.back().value;
    }
    if (dot == path.npos) {
      *there = std::move(value);
      return;
    }
    if (there->kind == Node::Kind::null) *there = empty_map(value.position, value.layer);
    if (there->kind != Node::Kind::map) {
      problems.add(value.position, std::string(path),
                   fmt::format("cannot be set: {} is not a map{}", path.substr(0, dot),
                               there->position.source ? " at " + there->position.text() : ""));
      return;
    }
    map = there;
    begin = dot + 1;
  }
}

Tree unfold(const Tree& tree, Problems& problems) {
  Node root = empty_map(tree.root().position, tree.root().layer);
  unfold_into(root, tree.root(), "", problems);
  return Tree(std::move(root));
}

std::optional<Assignment> parse_set(const std::string& typed, int layer, Problems& problems) {
  const std::string source = "--set " + typed;
  const std::size_t equals = typed.find('=');
  Assignment assignment{typed.substr(0, equals), {}};
  if (equals == typed.npos || !is_path(assignment.path)) {
    problems.add({std::make_shared<const std::string>(source), 0, 0}, "", "expected path=value, such as --set seed=3");
    return std::nullopt;
  }
  const std::size_t before = problems.list().size();
  assignment.value = parse_value(std::string_view(typed).substr(equals + 1), source, layer, problems);
  if (problems.list().size() != before) return std::nullopt;
  return assignment;
}

}  // namespace windrow::config
