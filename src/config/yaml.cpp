// YAML text to Tree. yaml-cpp finds the structure; its own reading of scalars, of doubled keys and of merge keys is not
// used: it takes `010` for 8, the first of two equal keys, and ignores `<<`.
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/node/node.h>
#include <yaml-cpp/parser.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "windrow/config/tree.hpp"
#include "windrow/kernel/error.hpp"

namespace windrow::config {
namespace {

using Source = std::shared_ptr<const std::string>;

/// Builds nodes from yaml-cpp's events. What plain data has no use for is reported where it stands.
class Builder final : public YAML::EventHandler {
 public:
  Builder(Source source, bool has_lines, int layer, Problems& problems)
      : source_(std::move(source)), has_lines_(has_lines), layer_(layer), problems_(problems) {}

  /// The document; null if there was none. `is_block`: it is a list or map that was not written in brackets.
  Node root;
  bool is_block = false;

  void OnDocumentStart(const YAML::Mark& mark) override { document_ = mark; }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Node node = make(Node::Kind::null, mark, "?", anchor);
    // An absent value has no place of its own: yaml-cpp points at whatever comes next.
    if (!stack_.empty() && stack_.back().has_key) node.position = stack_.back().key_position;
    complete(std::move(node));
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    Node node = make(Node::Kind::null, mark, "?", 0);
    problems_.add(node.position, path(), "aliases (*name) are not supported: write the value out");
    complete(std::move(node));
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    Node node = make(Node::Kind::scalar, mark, tag, anchor);
    node.text = value;
    node.quoted = tag == "!";
    complete(std::move(node));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value style) override {
    begin(make(Node::Kind::list, mark, tag, anchor), style);
  }
  void OnSequenceEnd() override { end(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value style) override {
    begin(make(Node::Kind::map, mark, tag, anchor), style);
  }
  void OnMapEnd() override { end(); }

  Position position(const YAML::Mark& mark) const {
    if (!has_lines_ || mark.is_null()) return {source_, 0, 0};
    return {source_, mark.line + 1, mark.column + 1};
  }
  Position document() const { return position(document_); }
  /// Where the last value or key began that was read well.
  Position last() const { return position(last_); }

 private:
  struct Frame {
    Node node;
    std::string key;  ///< of the map's next value, if has_key
    Position key_position;
    bool has_key = false;
    bool drop_value = false;  ///< the key was wrong, and is reported
  };

  Node make(Node::Kind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    last_ = mark;
    Node node;
    node.kind = kind;
    node.position = position(mark);
    node.layer = layer_;
    if (anchor != 0) problems_.add(node.position, path(), "anchors (&name) are not supported: write the value out");
    if (tag != "?" && tag != "!") problems_.add(node.position, path(), "tags (" + tag + ") are not supported");
    return node;
  }

  void begin(Node node, YAML::EmitterStyle::value style) {
    if (stack_.empty()) is_block = style == YAML::EmitterStyle::Block;
    stack_.push_back({std::move(node), "", {}, false, false});
  }
  void end() {
    Node node = std::move(stack_.back().node);
    stack_.pop_back();
    complete(std::move(node));
  }

  void complete(Node node) {
    if (stack_.empty()) {
      root = std::move(node);
      return;
    }
    Frame& frame = stack_.back();
    if (frame.node.kind == Node::Kind::list) {
      frame.node.items.push_back(std::move(node));
    } else if (!frame.has_key) {
      take_key(frame, node);
    } else {
      if (!frame.drop_value) frame.node.members.push_back({frame.key, frame.key_position, std::move(node)});
      frame.has_key = false;
    }
  }

  void take_key(Frame& frame, Node& node) {
    frame.has_key = frame.drop_value = true;
    frame.key.clear();
    frame.key_position = node.position;
    if (node.kind != Node::Kind::scalar) {
      problems_.add(node.position, path(), "a key must be plain text");
      return;
    }
    frame.key = std::move(node.text);
    if (frame.key == "<<" && !node.quoted) {
      problems_.add(node.position, path(), "merge keys are not supported: write the keys out");
      return;
    }
    for (const Node::Member& member : frame.node.members)
      if (member.key == frame.key) {
        problems_.add(node.position, path(),
                      has_lines_ ? fmt::format("given twice; first in line {}", member.position.line) : "given twice");
        return;
      }
    frame.drop_value = false;
  }

  /// Of what is being read: `jobs.count`, `stages[2].rate`.
  std::string path() const {
    std::string text;
    for (const Frame& frame : stack_) {
      if (frame.node.kind == Node::Kind::list)
        text += fmt::format("[{}]", frame.node.items.size());
      else if (frame.has_key && !frame.key.empty())
        text += (text.empty() ? "" : ".") + frame.key;
    }
    return text;
  }

  Source source_;
  bool has_lines_;
  int layer_;
  Problems& problems_;
  std::vector<Frame> stack_;
  YAML::Mark document_, last_;
};

/// yaml-cpp takes byte 4 for the end of the file, and replaces what is not UTF-8: neither may pass unnoticed. False if
/// there is such a byte.
bool check_characters(std::string_view text, const Source& source, bool has_lines, Problems& problems) {
  int line = 1;
  std::size_t line_begin = 0;
  const auto report = [&](std::size_t at, std::string what) {
    const int column = static_cast<int>(at - line_begin) + 1;
    problems.add({source, has_lines ? line : 0, has_lines ? column : 0}, "", std::move(what));
    return false;
  };
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto c = static_cast<unsigned char>(text[at]);
    if (c == '\n') {
      ++line;
      line_begin = at + 1;
    } else if ((c < 0x20 && c != '\t' && c != '\r') || c == 0x7F) {
      return report(at, fmt::format("a control character (byte 0x{:02x}) cannot stand in YAML", c));
    } else if (c >= 0x80) {
      const int following = c >= 0xF0 && c < 0xF5 ? 3 : c >= 0xE0 && c < 0xF0 ? 2 : c >= 0xC2 && c < 0xE0 ? 1 : 0;
      int seen = 0;
      while (seen < following && at + 1 < text.size() && (static_cast<unsigned char>(text[at + 1]) & 0xC0) == 0x80)
        ++seen, ++at;
      if (following == 0 || seen < following) return report(at, fmt::format("not UTF-8 (byte 0x{:02x})", c));
    }
  }
  return true;
}

/// Line `number`, counted from 0.
std::string_view line_of(std::string_view text, int number) {
  for (; number > 0; --number) {
    const std::size_t end = text.find('\n');
    if (end == text.npos) return {};
    text.remove_prefix(end + 1);
  }
  return text.substr(0, text.find('\n'));
}

/// What yaml-cpp found, said to somebody who wrote a file.
std::string in_our_words(const YAML::Exception& error, std::string_view text) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kWords = {{
      {"illegal map value", "no ':' is expected here; check the indentation, and quote texts that contain ': '"},
      {"end of map not found", "expected a `key: value` line; check indentation, quotes and brackets"},
      {"end of sequence not found", "expected a `- value` line; check the indentation"},
      {"end of map flow not found", "a '{' before this is not closed"},
      {"end of sequence flow not found", "a '[' before this is not closed"},
      {"unknown token", "a text that begins so must be quoted"},
  }};
  const std::string_view line = line_of(text, error.mark.line);
  const std::string_view indentation = line.substr(0, line.find_first_not_of(" \t"));
  if (indentation.find('\t') != indentation.npos) return "a tab indents this line: YAML wants spaces";
  for (const auto& [theirs, ours] : kWords)
    if (error.msg == theirs) return fmt::format("not valid YAML: {}", ours);
  return "not valid YAML: " + error.msg;
}

/// One document. False if the text could not be read to its end.
bool parse(std::string_view text, const Source& source, bool has_lines, Builder& builder, Problems& problems) {
  if (!check_characters(text, source, has_lines, problems)) return false;
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  // yaml-cpp closes an open quote at the end of a file, and so would take half of it for one text; not so at the end of
  // a document.
  std::istringstream stream(fmt::format("{}{}...\n", text, text.empty() || text.ends_with('\n') ? "" : "\n"));
  try {
    YAML::Parser parser(stream);
    if (!parser.HandleNextDocument(builder)) return true;
    Problems ignored;
    Builder second(source, has_lines, 0, ignored);
    if (!parser.HandleNextDocument(second)) return true;
    problems.add(second.document(), "", "a second document begins here: only one is expected");
  } catch (const YAML::Exception& error) {
    if (error.msg == YAML::ErrorMsg::DOC_IN_SCALAR || error.msg == YAML::ErrorMsg::EOF_IN_SCALAR)
      problems.add(builder.last(), "", "not valid YAML: a quote after this is not closed");
    else
      problems.add(builder.position(error.mark), "", in_our_words(error, text));
  }
  return false;
}

}  // namespace

Tree parse_yaml(std::string_view text, std::string source, Problems& problems) {
  const auto shared = std::make_shared<const std::string>(std::move(source));
  Builder builder(shared, true, 0, problems);
  if (!parse(text, shared, true, builder, problems)) return {};
  if (builder.root.kind == Node::Kind::map) return Tree(std::move(builder.root));
  if (builder.root.kind != Node::Kind::null)
    problems.add(builder.root.position, "",
                 fmt::format("expected a map (`key: value` lines), found {}",
                             builder.root.kind == Node::Kind::list ? "a list" : "a single value"));
  return {};
}

std::optional<std::string> read_text(const std::string& path, Problems& problems) {
  const auto complain = [&](const std::string& reason) {
    problems.add({std::make_shared<const std::string>(path), 0, 0}, "", "cannot read: " + reason);
    return std::nullopt;
  };
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) return complain("is a folder");
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file) return complain(std::strerror(errno));
  std::ostringstream text;
  if (file.peek() != std::ifstream::traits_type::eof()) text << file.rdbuf();
  if (file.bad() || !text) return complain(std::strerror(errno));
  return std::move(text).str();
}

Tree read_yaml(const std::string& path, Problems& problems) {
  const std::optional<std::string> text = read_text(path, problems);
  return text ? parse_yaml(*text, path, problems) : Tree();
}

Node parse_value(std::string_view text, std::string source, int layer, Problems& problems) {
  const auto shared = std::make_shared<const std::string>(std::move(source));
  Builder builder(shared, false, layer, problems);
  // `a: b` and `- 1` are lists and maps in a file only; in a flag they are text.
  if (parse(text, shared, false, builder, problems) && builder.is_block)
    return Node::scalar(std::string(text), {shared, 0, 0}, layer);
  builder.root.position = {shared, 0, 0};
  builder.root.layer = layer;
  return std::move(builder.root);
}

}  // namespace windrow::config
