// The text of a configuration as a tree whose every value remembers where it was written. yaml-cpp stays inside
// src/config.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "windrow/config/problems.hpp"

namespace windrow::config {

/// One value: a scalar (still text: only the schema knows the type), a list or a map.
struct Node {
  enum class Kind { null, scalar, list, map };
  struct Member;

  Kind kind = Kind::null;
  Position position;
  /// Which layer of overrides it came from: a later layer beats an earlier one where two keys exclude each other
  /// (a base file's `interarrival_mean_s` and an axis `arrival_rate`).
  int layer = 0;
  std::string text;             ///< scalar: as written, without quotes
  bool quoted = false;          ///< scalar: was written in quotes, so it is a string whatever it looks like
  std::vector<Node> items;      ///< list
  std::vector<Member> members;  ///< map, in order of writing, keys unique

  const Node* find(std::string_view key) const;  ///< member of a map by its plain key; null if absent
  static Node scalar(std::string text, Position position = {}, int layer = 0);
};

struct Node::Member {
  std::string key;
  Position position;  ///< of the key
  Node value;
};

/// A map at the root, with access by dotted path.
class Tree {
 public:
  Tree() { root_.kind = Node::Kind::map; }
  explicit Tree(Node root) : root_(std::move(root)) {}

  const Node& root() const { return root_; }
  /// `jobs.multi_gpu`; null if there is no such value. Keys that themselves contain dots are not reached.
  const Node* find(std::string_view path) const;
  /// The number there, `absent` if there is none: for hints, where nothing was checked yet.
  double number(std::string_view path, double absent) const;
  /// Sets or replaces the value at a dotted path, making the maps on the way; the position and layer of `value` are
  /// kept. Reports a problem where a map on the way is something else.
  void set(std::string_view path, Node value, Problems& problems);

 private:
  Node root_;
};

/// Parses YAML (plain data: maps, lists, scalars). Reports, with positions: syntax errors, doubled keys, merge keys
/// (`<<`), tags, anchors and aliases, non-scalar keys, more than one document. A scalar is kept as text (`010` is not
/// octal here). `source` is the file name for messages. The empty text gives an empty map.
Tree parse_yaml(std::string_view text, std::string source, Problems& problems);

/// The content of a file; a file that cannot be read is a problem that names path and reason.
std::optional<std::string> read_text(const std::string& path, Problems& problems);

/// Both: a file of YAML.
Tree read_yaml(const std::string& path, Problems& problems);

/// One value in YAML flow style, as in `--set path=VALUE`: a scalar, `[1, 2]` or `{a: 1}`.
Node parse_value(std::string_view text, std::string source, int layer, Problems& problems);

/// The same tree with every key `jobs.count` taken for the key `count` of the map `jobs`, as canonical text and `set`
/// write them. Reports values that are given in both ways.
Tree unfold(const Tree& tree, Problems& problems);

/// A flag `--set jobs.count=3`.
struct Assignment {
  std::string path;
  Node value;  ///< its source is the flag as typed
};
/// None, with a problem, if the text has no such form.
std::optional<Assignment> parse_set(const std::string& typed, int layer, Problems& problems);

/// Parses canonical text (schema.hpp) without yaml-cpp: some hundred bytes per microsecond. The text is ours, so a
/// fault in it is a WINDROW_CHECK, not a problem of the user's.
Tree parse_canonical(std::string_view text);

}  // namespace windrow::config
