// The parts of Reader and Describer that do not depend on the type of the config: what is said when something is wrong.
#include <fmt/format.h>

#include <cctype>

#include "windrow/config/keys.hpp"

namespace windrow::config {
namespace {

/// Whether `text` has `word` as a word of its own; `jobs.count` is one word.
bool mentions(std::string_view text, std::string_view word) {
  const auto in_word = [&](std::size_t i) {
    return std::isalnum(static_cast<unsigned char>(text[i])) != 0 || text[i] == '_';
  };
  for (std::size_t at = text.find(word); at != text.npos; at = text.find(word, at + 1)) {
    const std::size_t end = at + word.size();
    if ((at == 0 || !in_word(at - 1)) && (end == text.size() || !in_word(end))) return true;
  }
  return false;
}

std::string_view leaf_of(std::string_view path) {
  return path.substr(path.rfind('.') + 1);  // npos + 1 is 0
}

const KeyInfo* find_key(std::string_view path, const std::vector<KeyInfo>& keys) {
  for (const KeyInfo& key : keys)
    if (key.path == path) return &key;
  return nullptr;
}

bool is_section(std::string_view path, const std::vector<KeyInfo>& keys) {
  return std::any_of(keys.begin(), keys.end(), [&](const KeyInfo& key) {
    return key.path.size() > path.size() && key.path.starts_with(path) && key.path[path.size()] == '.';
  });
}

/// `path` is how messages name the node; `pattern` how the schema does (`stages[]` for `stages[2]`).
void report_unknown(const Node& map, const std::string& path, const std::string& pattern,
                    const std::vector<KeyInfo>& keys, Problems& problems) {
  for (const Node::Member& member : map.members) {
    const std::string member_path = path + member.key;
    const std::string member_pattern = pattern + member.key;
    if (const KeyInfo* key = find_key(member_pattern, keys)) {
      if (key->type != "list of maps") continue;
      for (std::size_t i = 0; i < member.value.items.size(); ++i)
        report_unknown(member.value.items[i], fmt::format("{}[{}].", member_path, i), member_pattern + "[].", keys,
                       problems);
    } else if (is_section(member_pattern, keys)) {
      report_unknown(member.value, member_path + ".", member_pattern + ".", keys, problems);
    } else {
      problems.add(member.position, member_path, detail::unknown_key_text(member_pattern, keys));
    }
  }
}

bool has_dotted_key(const Node& map) {
  return std::any_of(map.members.begin(), map.members.end(), [](const Node::Member& member) {
    return member.key.find('.') != std::string::npos ||
           (member.value.kind == Node::Kind::map && has_dotted_key(member.value));
  });
}

}  // namespace

namespace detail {

void report_unknown_keys(const Node& root, const std::vector<KeyInfo>& keys, Problems& problems) {
  report_unknown(root, "", "", keys, problems);
}

std::string unknown_key_text(std::string_view path, const std::vector<KeyInfo>& keys) {
  if (is_section(path, keys)) {
    const auto first = std::find_if(keys.begin(), keys.end(), [&](const KeyInfo& key) {
      return key.path.starts_with(path) && key.path.size() > path.size() && key.path[path.size()] == '.';
    });
    return fmt::format("is a section: name one of its keys, such as '{}'", first->path);
  }
  const std::string_view leaf = leaf_of(path);
  const std::string prefix(path.substr(0, path.size() - leaf.size()));
  std::vector<std::string> siblings, paths, leaves;
  for (const KeyInfo& key : keys) {
    if (key.path.starts_with(prefix)) {
      const std::string_view rest = std::string_view(key.path).substr(prefix.size());
      std::string sibling(rest.substr(0, rest.find_first_of(".[")));
      if (siblings.empty() || siblings.back() != sibling) siblings.push_back(std::move(sibling));
    }
    if (key.path.find('[') != std::string::npos) continue;
    paths.push_back(key.path);
    leaves.emplace_back(leaf_of(key.path));
  }
  std::string near = nearest(leaf, siblings);
  if (!near.empty()) {
    near = prefix + near;
  } else if (const auto same = std::find(leaves.begin(), leaves.end(), leaf); same != leaves.end()) {
    near = paths[static_cast<std::size_t>(same - leaves.begin())];  // the right key in the wrong section
  } else if (near = nearest(path, paths); near.empty()) {
    const std::string near_leaf = nearest(leaf, leaves);
    if (!near_leaf.empty())
      near = paths[static_cast<std::size_t>(std::find(leaves.begin(), leaves.end(), near_leaf) - leaves.begin())];
  }
  if (!near.empty()) return fmt::format("unknown key; did you mean '{}'?", near);
  return "unknown key" + did_you_mean_one_of(leaf, siblings);  // nothing is near: the few there are, or nothing
}

const Node& unfolded_root(const Tree& tree, Tree& storage, Problems& problems) {
  if (!has_dotted_key(tree.root())) return tree.root();
  storage = unfold(tree, problems);
  return storage.root();
}

}  // namespace detail

std::string Reader::path(std::string_view name) const {
  std::string text(name);
  for (const Reader* reader = this; reader->outer_ != nullptr; reader = reader->outer_) {
    const std::string item = reader->item_ >= 0 ? fmt::format("[{}]", reader->item_) : "";
    text.insert(0, fmt::format("{}{}.", reader->name_, item));
  }
  return text;
}

const Node* Reader::take_map(std::string_view name) {
  const Node* node = take(name);
  if (node == nullptr || node->kind == Node::Kind::null) return nullptr;  // `jobs:` with all its keys left out
  if (node->kind == Node::Kind::map) return node;
  report(name, {{node, "", "expected a map, found " + found(*node)}});
  return nullptr;
}

const Node* Reader::take_list(std::string_view name) {
  const Node* node = take(name);
  if (node == nullptr || node->kind == Node::Kind::list) return node;
  report(name, {{node, "", "expected a list of maps, found " + found(*node)}});
  return nullptr;
}

const Node* Reader::map_of_item(const Node& item, std::string_view name, std::size_t index) {
  if (item.kind == Node::Kind::map) return &item;
  report(name, {{&item, fmt::format("[{}]", index), "expected a map, found " + found(item)}});
  return nullptr;
}

void Reader::report(std::string_view name, const detail::Faults& faults) {
  const std::string key = path(name);
  for (const detail::Fault& fault : faults) log_.problems.add(fault.node->position, key + fault.where, fault.text);
  log_.bad.push_back(key);
}

bool Reader::outranks(std::string_view name, const Node& node, std::string_view target) {
  const Node* rival = map_->find(target);
  std::string_view rival_name = target;
  for (const Spelling& spelling : spellings_)
    if (spelling.target == target && (rival == nullptr || spelling.layer >= rival->layer)) {
      rival = map_->find(spelling.name);
      rival_name = spelling.name;
    }
  spellings_.push_back({target, name, node.layer});
  if (rival == nullptr || rival->layer < node.layer) return true;
  if (rival->layer > node.layer) return false;
  const bool has_line = rival->position.line > 0;
  Problem problem{node.position, path(name),
                  fmt::format("says the same as {}{}: leave one of them out", path(rival_name),
                              has_line ? fmt::format(" (line {})", rival->position.line) : ""),
                  true};
  log_.problems.add(std::move(problem));
  return false;
}

void Reader::broken(std::string_view name, std::string_view text) {
  const std::string key = path(name);
  for (const std::string& bad : log_.bad)
    if (bad == key || mentions(text, bad) || mentions(text, leaf_of(bad))) return;

  // Where to look: at the key itself, else at another key that the text names, else at the section.
  const Node* at = map_;
  if (map_ != nullptr) {
    const auto mentioned = std::find_if(map_->members.begin(), map_->members.end(),
                                        [&](const Node::Member& member) { return mentions(text, member.key); });
    if (const Node* own = map_->find(name))
      at = own;
    else if (mentioned != map_->members.end())
      at = &mentioned->value;
  } else {
    for (const Reader* outer = outer_; outer != nullptr && at == nullptr; outer = outer->outer_) at = outer->map_;
  }
  log_.problems.add(Problem{at != nullptr ? at->position : Position{}, key, std::string(text), true});
}

KeyInfo& Describer::add(std::string_view name, std::string type, const Limit& limit, std::string_view help) {
  WINDROW_CHECK(!name.empty() && name.find_first_of(".:[] ") == name.npos, "key name '{}' cannot be written", name);
  KeyInfo key;
  key.path = prefix_ + std::string(name);
  key.type = std::move(type);
  key.limit = limit.text();
  key.help = help;
  key.names = limit.names;
  WINDROW_CHECK(find_key(key.path, keys_) == nullptr, "key {} is declared twice", key.path);
  return keys_.emplace_back(std::move(key));
}

void Describer::add_alternative(std::string_view name, std::string_view target, const Limit& limit,
                                std::string_view help) {
  const std::string target_path = prefix_ + std::string(target);
  WINDROW_CHECK(find_key(target_path, keys_) != nullptr,
                "{} is another spelling of {}, which is not declared before it", name, target_path);
  add(name, "number", limit, help).alternative_of = target_path;
}

std::size_t Describer::enter(std::string_view name, std::string_view separator) {
  const std::size_t size = prefix_.size();
  prefix_ += name;
  prefix_ += separator;
  return size;
}

const KeyInfo* Schema::find(std::string_view path) const {
  return path.find('[') == path.npos ? find_key(path, keys_) : nullptr;
}

std::string Schema::unknown(std::string_view path) const {
  return detail::unknown_key_text(path, keys_);
}

std::string Schema::resolve(const Tree& tree, Problems& problems) const {
  WINDROW_CHECK(resolve_ != nullptr, "an empty schema resolves nothing");
  return resolve_(tree, problems);
}

std::string Schema::identity(std::string_view canonical) const {
  std::vector<std::string_view> file_lines;  // paths of the lines that may name files
  for (const KeyInfo& key : keys_)
    if (key.type == "file" || key.type == "list of files")
      file_lines.push_back(std::string_view(key.path).substr(0, key.path.find('[')));
  if (file_lines.empty()) return std::string(canonical);

  constexpr std::string_view kFile = "\"file:";
  constexpr std::size_t kDigits = 32;
  std::string text;
  text.reserve(canonical.size());
  while (!canonical.empty()) {
    std::string_view line = canonical.substr(0, canonical.find('\n') + 1);
    if (line.empty()) line = canonical;
    canonical.remove_prefix(line.size());
    const std::string_view path = line.substr(0, line.find(':'));
    const bool has_files = std::find(file_lines.begin(), file_lines.end(), path) != file_lines.end();
    for (std::size_t at = has_files ? line.find(kFile) : line.npos; at != line.npos; at = line.find(kFile)) {
      const std::size_t kept = std::min(at + kFile.size() + kDigits, line.size());
      text += line.substr(0, kept);
      line.remove_prefix(kept);
      // The path goes; it is part of a JSON string, so a quote within it has a backslash before it.
      std::size_t end = 0;
      while (end < line.size() && line[end] != '"') end += line[end] == '\\' ? 2 : 1;
      line.remove_prefix(std::min(end, line.size()));
    }
    text += line;
  }
  return text;
}

}  // namespace windrow::config
