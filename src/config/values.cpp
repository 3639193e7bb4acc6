// How each plain type of value is read, written, drawn, and what is said when it does not fit.
#include <fmt/format.h>

#include <charconv>
#include <limits>

#include "windrow/config/keys.hpp"
#include "windrow/kernel/text.hpp"

namespace windrow::config {

Limit any() {
  return {};
}

Limit above(double bound) {
  Limit limit;
  limit.above = bound;
  return limit;
}

Limit at_least(double bound) {
  Limit limit;
  limit.at_least = bound;
  return limit;
}

Limit within(double low, double high) {
  Limit limit;
  limit.at_least = low;
  limit.at_most = high;
  return limit;
}

Limit one_of(std::vector<std::string> names, std::string kind) {
  Limit limit;
  limit.names = std::move(names);
  limit.kind = std::move(kind);
  return limit;
}

namespace {
/// The shortest form: `1e+06`.
std::string bound_text(double bound) {
  std::array<char, 32> text{};
  return {text.data(), std::to_chars(text.data(), text.data() + text.size(), bound).ptr};
}
}  // namespace

std::string Limit::text() const {
  if (!names.empty()) {
    std::string list = "one of ";
    for (std::size_t i = 0; i < names.size(); ++i) list += (i > 0 ? ", " : "") + names[i];
    return list;
  }
  if (at_least && at_most && !above && !below) return bound_text(*at_least) + " .. " + bound_text(*at_most);
  std::string list;
  const auto add = [&list](std::string_view words, const std::optional<double>& bound) {
    if (!bound) return;
    if (!list.empty()) list += " and ";
    list += words;
    list += bound_text(*bound);
  };
  add("above ", above);
  add("at least ", at_least);
  add("below ", below);
  add("at most ", at_most);
  return list;
}

std::string found(const Node& node) {
  switch (node.kind) {
    case Node::Kind::null:
      return "nothing";
    case Node::Kind::list:
      return "a list";
    case Node::Kind::map:
      return "a map";
    case Node::Kind::scalar:
      break;
  }
  constexpr std::size_t kLongestQuote = 60;
  std::string text = node.text;
  if (text.size() > kLongestQuote) {
    std::size_t end = kLongestQuote;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;  // whole UTF-8 characters
    text = text.substr(0, end) + "…";
  }
  if (node.quoted || text.find('\n') != text.npos) return windrow::quoted(text);
  return parse_double(node.text) ? text : "'" + text + "'";
}

namespace detail {
namespace {

bool fits(double value, const Limit& limit) {
  return !(limit.above && !(value > *limit.above)) && !(limit.at_least && !(value >= *limit.at_least)) &&
         !(limit.below && !(value < *limit.below)) && !(limit.at_most && !(value <= *limit.at_most));
}

bool fault(Faults& faults, const Node& node, std::string text) {
  faults.push_back({&node, "", std::move(text)});
  return false;
}

bool is_plain(const Node& node) {
  return node.kind == Node::Kind::scalar && !node.quoted;
}

/// `policies` → `policy`, `workloads` → `workload`.
std::string singular(std::string_view plural) {
  if (plural.ends_with("ies")) return std::string(plural.substr(0, plural.size() - 3)) + "y";
  if (plural.ends_with("s")) plural.remove_suffix(1);
  return std::string(plural);
}

template <class Integer>
std::optional<Integer> parse_integer(std::string_view text) {
  if constexpr (std::is_same_v<Integer, std::uint64_t>) {
    return parse_uint64(text);
  } else {
    const std::optional<std::int64_t> value = parse_int64(text);
    if (!value || *value < std::numeric_limits<Integer>::min() || *value > std::numeric_limits<Integer>::max())
      return std::nullopt;
    return static_cast<Integer>(*value);
  }
}

template <class Integer>
bool read_integer(const Node& node, Integer& value, const Limit& limit, Faults& faults) {
  const std::optional<Integer> parsed = is_plain(node) ? parse_integer<Integer>(node.text) : std::nullopt;
  if (parsed && fits(static_cast<double>(*parsed), limit)) {
    value = *parsed;
    return true;
  }
  // A number of the wrong size where the limit says nothing: the type's own range is what was expected.
  const std::optional<double> number = is_plain(node) ? parse_double(node.text) : std::nullopt;
  if (!parsed && number && fits(*number, limit) && *number == std::floor(*number) &&
      node.text.find_first_of(".eE") == std::string::npos) {
    if (*number < 0) return fault(faults, node, "expected an integer at least 0, found " + found(node));
    return fault(faults, node,
                 fmt::format("expected an integer within {} .. {}, found {}", std::numeric_limits<Integer>::min(),
                             std::numeric_limits<Integer>::max(), found(node)));
  }
  return fault(faults, node, expected("integer", limit, node));
}

template <class Integer>
void write_integer(std::string& out, Integer value) {
  char digits[24];
  out.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
}

/// The bounds to draw a number from, given its default.
std::pair<double, double> range(double value, const Limit& limit) {
  const double span = std::max(1.0, 10 * std::abs(value));
  const auto least = [&](double otherwise) {
    return limit.above ? *limit.above : limit.at_least ? *limit.at_least : otherwise;
  };
  const auto most = [&](double otherwise) {
    return limit.below ? *limit.below : limit.at_most ? *limit.at_most : otherwise;
  };
  const double high = most(std::max(span, least(0) + span));
  return {least(std::min(0.0, high - span)), high};
}

template <class Integer>
void draw_integer(Draws& draws, Integer& value, const Limit& limit) {
  const auto [low, high] = range(static_cast<double>(value), limit);
  const double first = limit.above && std::floor(low) == low ? low + 1 : std::ceil(low);
  const double last = limit.below && std::floor(high) == high ? high - 1 : std::floor(high);
  const double drawn = first + std::floor(draws.unit() * (last - first + 1));
  value = static_cast<Integer>(std::min(drawn, last));
}

}  // namespace

std::uint64_t Draws::bits() {
  state_ += 0x9e3779b97f4a7c15ULL;
  std::uint64_t z = state_;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

std::string with_article(std::string_view type) {
  if (type == "text") return "text";
  const bool vowel = std::string_view("aeiou").find(type.substr(0, 1)) != std::string_view::npos;
  return (vowel ? "an " : "a ") + std::string(type);
}

std::string expected(std::string_view what, const Limit& limit, const Node& node) {
  const bool is_type = what.starts_with("number") || what == "integer" || what == "text";
  std::string text = is_type ? with_article(what) : std::string(what);
  if (!limit.names.empty()) {
    if (node.kind == Node::Kind::scalar) {
      const std::string hint = did_you_mean(node.text, limit.names);
      if (!limit.kind.empty())
        return fmt::format("unknown {} {}{} (windrow list {})", singular(limit.kind), found(node), hint, limit.kind);
      return fmt::format("expected {}, found {}{}", limit.text(), found(node), hint);
    }
    text = limit.kind.empty() ? limit.text() : fmt::format("the name of a {}", singular(limit.kind));
  } else if (const std::string bounds = limit.text(); !bounds.empty()) {
    text += (limit.at_least && limit.at_most && !limit.above && !limit.below ? " within " : " ") + bounds;
  }
  return fmt::format("expected {}, found {}", text, found(node));
}

std::string expected_list(std::string_view types, const Limit& limit, const Node& node) {
  const std::string length = limit.length ? fmt::format("{} ", *limit.length) : "";
  const std::string what = node.kind == Node::Kind::list ? fmt::format("{} of them", node.items.size()) : found(node);
  return fmt::format("expected a list of {}{}, found {}", length, types, what);
}

std::string Value<bool>::type() {
  return "boolean";
}
std::string Value<bool>::types() {
  return "booleans";
}
bool Value<bool>::read(const Node& node, bool& value, const Limit&, Faults& faults) {
  if (is_plain(node) && (node.text == "true" || node.text == "false")) {
    value = node.text == "true";
    return true;
  }
  std::string hint;
  if (node.kind == Node::Kind::scalar) {
    std::string lower = node.text;
    for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    if (lower == "yes" || lower == "on" || lower == "true" || lower == "y" || lower == "1") hint = "; write true";
    if (lower == "no" || lower == "off" || lower == "false" || lower == "n" || lower == "0") hint = "; write false";
  }
  return fault(faults, node, "expected true or false, found " + found(node) + hint);
}
void Value<bool>::write(std::string& out, const bool& value) {
  out += value ? "true" : "false";
}
void Value<bool>::draw(Draws& draws, bool& value, const Limit&) {
  value = draws.below(2) == 1;
}

#define WINDROW_INTEGER_VALUE(Type)                                                           \
  std::string Value<Type>::type() {                                                           \
    return "integer";                                                                         \
  }                                                                                           \
  std::string Value<Type>::types() {                                                          \
    return "integers";                                                                        \
  }                                                                                           \
  bool Value<Type>::read(const Node& node, Type& value, const Limit& limit, Faults& faults) { \
    return read_integer(node, value, limit, faults);                                          \
  }                                                                                           \
  void Value<Type>::write(std::string& out, const Type& value) {                              \
    write_integer(out, value);                                                                \
  }                                                                                           \
  void Value<Type>::draw(Draws& draws, Type& value, const Limit& limit) {                     \
    draw_integer(draws, value, limit);                                                        \
  }
WINDROW_INTEGER_VALUE(int)
WINDROW_INTEGER_VALUE(std::int64_t)
WINDROW_INTEGER_VALUE(std::uint64_t)
#undef WINDROW_INTEGER_VALUE

std::string Value<BigInteger>::type() {
  return "integer of any size";
}
std::string Value<BigInteger>::types() {
  return "integers";
}
bool Value<BigInteger>::read(const Node& node, BigInteger& value, const Limit& limit, Faults& faults) {
  std::string_view digits = is_plain(node) ? std::string_view(node.text) : std::string_view();
  const bool negative = digits.starts_with('-');
  if (negative || digits.starts_with('+')) digits.remove_prefix(1);
  if (digits.empty() || digits.find_first_not_of("0123456789") != std::string_view::npos)
    return fault(faults, node, expected("integer", limit, node));
  digits.remove_prefix(std::min(digits.find_first_not_of('0'), digits.size() - 1));
  value.digits.assign(negative && digits != "0" ? 1 : 0, '-');
  value.digits += digits;
  return true;
}
void Value<BigInteger>::write(std::string& out, const BigInteger& value) {
  out += value.digits;
}
void Value<BigInteger>::draw(Draws& draws, BigInteger& value, const Limit&) {
  value.digits = std::to_string(draws.below(1000));
}

std::string Value<double>::type() {
  return "number";
}
std::string Value<double>::types() {
  return "numbers";
}
bool Value<double>::read(const Node& node, double& value, const Limit& limit, Faults& faults) {
  const std::optional<double> parsed = is_plain(node) ? parse_double(node.text) : std::nullopt;
  if (parsed && std::isfinite(*parsed) && fits(*parsed, limit)) {
    value = *parsed;
    return true;
  }
  if (parsed && !std::isfinite(*parsed)) return fault(faults, node, "expected a finite number, found " + found(node));
  return fault(faults, node, expected("number", limit, node));
}
void Value<double>::write(std::string& out, const double& value) {
  out += to_text(value);
}
void Value<double>::draw(Draws& draws, double& value, const Limit& limit) {
  const auto [low, high] = range(value, limit);
  // Over several orders of magnitude each deserves its share of the draws.
  const bool by_magnitude = low > 0 && high / low > 1000;
  do {
    value = by_magnitude ? low * std::pow(high / low, draws.unit()) : low + draws.unit() * (high - low);
  } while (!fits(value, limit));
}

std::string Value<std::string>::type() {
  return "text";
}
std::string Value<std::string>::types() {
  return "texts";
}
bool Value<std::string>::read(const Node& node, std::string& value, const Limit& limit, Faults& faults) {
  const bool fits_names =
      limit.names.empty() || std::find(limit.names.begin(), limit.names.end(), node.text) != limit.names.end();
  if (node.kind != Node::Kind::scalar || !fits_names) return fault(faults, node, expected("text", limit, node));
  value = node.text;
  return true;
}
void Value<std::string>::write(std::string& out, const std::string& value) {
  out += windrow::quoted(value);
}
void Value<std::string>::draw(Draws& draws, std::string& value, const Limit& limit) {
  if (!limit.names.empty()) {
    value = limit.names[draws.below(limit.names.size())];
    return;
  }
  // With what YAML and JSON might trip over.
  constexpr std::array<std::string_view, 16> kPieces = {"a",  "Z",  "7",  " ", ":", "#", "\"", "'",
                                                        "\\", "\n", "\t", "{", "]", "µ", "-",  "null"};
  value.clear();
  for (std::uint64_t pieces = draws.below(8); pieces > 0; --pieces) value += kPieces[draws.below(kPieces.size())];
}

}  // namespace detail
}  // namespace windrow::config
