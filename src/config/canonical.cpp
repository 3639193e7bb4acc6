// Canonical text: written by CanonicalWriter, read back here. One line `dotted.path: value` per key, sorted; a value is
// a number, true or false, a JSON string, `[...]` or `{...}` of these.
#include <algorithm>

#include "windrow/config/keys.hpp"
#include "windrow/config/tree.hpp"
#include "windrow/kernel/error.hpp"

namespace windrow::config {

std::string CanonicalWriter::text() {
  const auto path_of = [this](const Line& line) {
    return std::string_view(buffer_).substr(line.begin, line.path_end - line.begin);
  };
  std::sort(lines_.begin(), lines_.end(), [&](const Line& a, const Line& b) { return path_of(a) < path_of(b); });
  std::string text;
  text.reserve(buffer_.size());
  for (const Line& line : lines_) text.append(buffer_, line.begin, line.end - line.begin);
  return text;
}

namespace {

class CanonicalParser {
 public:
  explicit CanonicalParser(std::string_view text) : text_(text) {}

  Node parse() {
    Node root;
    root.kind = Node::Kind::map;
    root.members.reserve(static_cast<std::size_t>(std::count(text_.begin(), text_.end(), '\n')));
    std::string_view section;  // with its dot
    Node* map = &root;
    while (at_ < text_.size()) {
      const std::size_t colon = text_.find(':', at_);
      if (colon == text_.npos) fail("a line without a colon");
      const std::string_view path = text_.substr(at_, colon - at_);
      const std::size_t dot = path.rfind('.');
      const std::string_view prefix = path.substr(0, dot == path.npos ? 0 : dot + 1);
      if (prefix != section) {  // sections are contiguous, since the lines are sorted
        map = descend(root, prefix);
        section = prefix;
      }
      at_ = colon;
      skip(": ");
      Node::Member& member = map->members.emplace_back();
      member.key = path.substr(prefix.size());
      parse_value(member.value, "\n");
      skip("\n");
    }
    return root;
  }

 private:
  [[noreturn]] void fail(std::string_view what) const {
    WINDROW_CHECK(false, "canonical text has {} at byte {}:\n{}", what, at_, text_);
  }

  void skip(std::string_view expected) {
    if (text_.compare(at_, expected.size(), expected) != 0) fail("an unexpected character");
    at_ += expected.size();
  }
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }

  Node* descend(Node& root, std::string_view prefix) const {
    Node* map = &root;
    while (!prefix.empty()) {
      const std::size_t dot = prefix.find('.');
      const std::string_view key = prefix.substr(0, dot);
      prefix.remove_prefix(dot + 1);
      Node* inner = const_cast<Node*>(map->find(key));
      if (inner == nullptr) {
        Node::Member& member = map->members.emplace_back();
        member.key = key;
        inner = &member.value;
        inner->kind = Node::Kind::map;
        inner->members.reserve(16);
      }
      if (inner->kind != Node::Kind::map) fail("a key that is a value and a section");
      map = inner;
    }
    return map;
  }

  /// `stops`: the characters that end a plain scalar.
  void parse_value(Node& node, const char* stops) {
    if (++depth_ > 64) fail("too deep a value");
    switch (peek()) {
      case '"':
        node.kind = Node::Kind::scalar;
        node.quoted = true;
        parse_string(node.text);
        break;
      case '[':
        node.kind = Node::Kind::list;
        parse_items("]", [&] { parse_value(node.items.emplace_back(), ",]"); });
        break;
      case '{':
        node.kind = Node::Kind::map;
        parse_items("}", [&] {
          const std::size_t colon = text_.find(':', at_);
          if (colon == text_.npos) fail("a member without a colon");
          Node::Member& member = node.members.emplace_back();
          member.key = text_.substr(at_, colon - at_);
          at_ = colon;
          skip(": ");
          parse_value(member.value, ",}");
        });
        break;
      default: {
        node.kind = Node::Kind::scalar;
        const std::size_t end = std::min(text_.find_first_of(stops, at_), text_.size());
        if (end == at_) fail("an empty value");
        node.text = text_.substr(at_, end - at_);
        at_ = end;
      }
    }
    --depth_;
  }

  template <class Item>
  void parse_items(std::string_view close, Item&& item) {
    ++at_;
    if (peek() != close[0]) {
      item();
      while (peek() == ',') {
        skip(", ");
        item();
      }
    }
    skip(close);
  }

  void parse_string(std::string& out) {
    ++at_;
    while (true) {
      const std::size_t end = text_.find_first_of("\"\\\n", at_);
      if (end == text_.npos || text_[end] == '\n') fail("a string without an end");
      out.append(text_, at_, end - at_);
      at_ = end + 1;
      if (text_[end] == '"') return;
      parse_escape(out);
    }
  }

  void parse_escape(std::string& out) {
    const char letter = peek();
    ++at_;
    switch (letter) {
      case '"':
      case '\\':
      case '/':
        out += letter;
        return;
      case 'b':
        out += '\b';
        return;
      case 'f':
        out += '\f';
        return;
      case 'n':
        out += '\n';
        return;
      case 'r':
        out += '\r';
        return;
      case 't':
        out += '\t';
        return;
      case 'u':
        break;
      default:
        fail("an unknown escape");
    }
    unsigned code = 0;
    for (int digit = 0; digit < 4; ++digit, ++at_) {
      const char c = peek();
      const bool is_number = c >= '0' && c <= '9';
      if (!is_number && !(c >= 'a' && c <= 'f')) fail("a bad escape");
      code = code * 16 + static_cast<unsigned>(is_number ? c - '0' : c - 'a' + 10);
    }
    // UTF-8. Surrogates do not occur: what lies beyond 16 bits is never escaped.
    if (code < 0x80) {
      out += static_cast<char>(code);
    } else if (code < 0x800) {
      out += static_cast<char>(0xC0 | (code >> 6));
      out += static_cast<char>(0x80 | (code & 0x3F));
    } else {
      out += static_cast<char>(0xE0 | (code >> 12));
      out += static_cast<char>(0x80 | ((code >> 6) & 0x3F));
      out += static_cast<char>(0x80 | (code & 0x3F));
    }
  }

  std::string_view text_;
  std::size_t at_ = 0;
  int depth_ = 0;
};

}  // namespace

Tree parse_canonical(std::string_view text) {
  return Tree(CanonicalParser(text).parse());
}

}  // namespace windrow::config
