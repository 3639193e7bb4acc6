// The visitors behind schema.hpp. A visitor is what a config struct's `visit(Keys& key)` is given; each offers
//
//     key(name, value, limit, help)                         one value; `name` without dots; `limit` may be left out
//     key.section(name, struct)                             a nested struct with its own visit
//     key.list(name, vector_of_structs, help)               a list of maps
//     key.alternative(name, target, value, from, limit, help)
//         another spelling of the double `value` whose key is `target` (declared before): from(x) converts, e.g. jobs/h
//         into a mean gap in s. Both at one layer: a problem; at different layers the later one wins. Never in the
//         canonical text.
//     key.require(name, condition, text)                    a relation between keys; reported at `name`
//
// A struct offers the same keys whatever their values. `text` of a requirement names the other keys that it is about:
// it is not reported where one of these was read badly, for then its condition speaks of a value nobody wrote. A limit
// that is costly to make (one_of with many names) may be a static constant of the visit function, which runs per point.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <type_traits>

#include "windrow/config/schema.hpp"
#include "windrow/kernel/error.hpp"
#include "windrow/kernel/text.hpp"

namespace windrow::config {

template <class T>
concept Formatted = requires(const T& value, std::string_view text) {
  { Format<T>::expected } -> std::convertible_to<std::string_view>;
  { Format<T>::parse(text) } -> std::same_as<std::optional<T>>;
  { Format<T>::text(value) } -> std::same_as<std::string>;
};

namespace detail {

/// Why a value does not fit: the node, where it lies within the key (`[2]`, mostly empty), what is wrong.
struct Fault {
  const Node* node;
  std::string where;
  std::string text;
};
using Faults = std::vector<Fault>;

/// The draws of arbitrary(): splitmix64 (Steele, Lea, Flood 2014).
class Draws {
 public:
  explicit Draws(std::uint64_t seed) : state_(seed) {}
  std::uint64_t bits();
  std::uint64_t below(std::uint64_t bound) { return bits() % bound; }
  double unit() { return static_cast<double>(bits() >> 11) * 0x1.0p-53; }  ///< [0, 1)

 private:
  std::uint64_t state_;
};

/// What the visitors must know of a type of value: its name, how to read, write and draw it.
template <class T>
struct Value;

// The plain types are implemented in src/config/values.cpp.
#define WINDROW_PLAIN_VALUE(Type)                                                        \
  template <>                                                                            \
  struct Value<Type> {                                                                   \
    static std::string type();                                                           \
    static std::string types();                                                          \
    static bool read(const Node& node, Type& value, const Limit& limit, Faults& faults); \
    static void write(std::string& out, const Type& value);                              \
    static void draw(Draws& draws, Type& value, const Limit& limit);                     \
  };
WINDROW_PLAIN_VALUE(bool)
WINDROW_PLAIN_VALUE(int)
WINDROW_PLAIN_VALUE(std::int64_t)
WINDROW_PLAIN_VALUE(std::uint64_t)
WINDROW_PLAIN_VALUE(BigInteger)
WINDROW_PLAIN_VALUE(double)
WINDROW_PLAIN_VALUE(std::string)
WINDROW_PLAIN_VALUE(FileRef)
#undef WINDROW_PLAIN_VALUE

/// A path as one would write it: relative where it lies in a data folder.
std::string without_data_folder(const std::string& path);

/// `expected WHAT LIMIT, found …`
std::string expected(std::string_view what, const Limit& limit, const Node& node);
/// `a number`, `an integer`
std::string with_article(std::string_view type);
std::string expected_list(std::string_view types, const Limit& limit, const Node& node);

template <Formatted T>
struct Value<T> {
  static std::string type() { return std::string(Format<T>::expected); }
  static std::string types() { return "values (" + type() + ")"; }
  static bool read(const Node& node, T& value, const Limit& limit, Faults& faults) {
    if (node.kind == Node::Kind::scalar)
      if (std::optional<T> parsed = Format<T>::parse(node.text)) {
        value = std::move(*parsed);
        return true;
      }
    faults.push_back({&node, "", expected(Format<T>::expected, limit, node)});
    return false;
  }
  static void write(std::string& out, const T& value) { out += windrow::quoted(Format<T>::text(value)); }
  /// Format<T>::draw(bits), where there is one, makes a value from 64 random bits; otherwise the default stays.
  static void draw(Draws& draws, T& value, const Limit&) {
    if constexpr (requires { Format<T>::draw(std::uint64_t{}); }) value = Format<T>::draw(draws.bits());
  }
};

template <class T>
struct Value<std::optional<T>> {
  static std::string type() { return Value<T>::type(); }
  static bool read(const Node& node, std::optional<T>& value, const Limit& limit, Faults& faults) {
    value.reset();
    if (node.kind == Node::Kind::null) return true;
    T read{};
    if (!Value<T>::read(node, read, limit, faults)) return false;
    value = std::move(read);
    return true;
  }
  static void draw(Draws& draws, std::optional<T>& value, const Limit& limit) {
    value.reset();
    if (draws.below(2) == 0) return;
    value.emplace();
    Value<T>::draw(draws, *value, limit);
  }
};

template <class T>
struct Value<std::vector<T>> {
  static_assert(!std::is_same_v<T, bool>);
  static std::string type() { return "list of " + Value<T>::types(); }
  static std::string types() { return "lists of " + Value<T>::types(); }
  static bool read(const Node& node, std::vector<T>& value, const Limit& limit, Faults& faults) {
    if (node.kind != Node::Kind::list || (limit.length && node.items.size() != *limit.length)) {
      faults.push_back({&node, "", expected_list(Value<T>::types(), limit, node)});
      return false;
    }
    std::vector<T> read;
    read.reserve(node.items.size());
    const std::size_t faults_before = faults.size();
    for (std::size_t i = 0; i < node.items.size(); ++i) {
      T element{};
      const std::size_t first = faults.size();
      Value<T>::read(node.items[i], element, limit, faults);
      for (std::size_t f = first; f < faults.size(); ++f) faults[f].where.insert(0, fmt::format("[{}]", i));
      read.push_back(std::move(element));
    }
    if (faults.size() != faults_before) return false;
    value = std::move(read);
    return true;
  }
  static void write(std::string& out, const std::vector<T>& value) {
    out += '[';
    for (std::size_t i = 0; i < value.size(); ++i) {
      if (i > 0) out += ", ";
      Value<T>::write(out, value[i]);
    }
    out += ']';
  }
  static void draw(Draws& draws, std::vector<T>& value, const Limit& limit) {
    const T example = value.empty() ? T{} : value.front();
    value.assign(limit.length ? *limit.length : draws.below(5), example);
    for (T& element : value) Value<T>::draw(draws, element, limit);
  }
};

template <class T>
struct IsOptional : std::false_type {};
template <class T>
struct IsOptional<std::optional<T>> : std::true_type {};

/// A list of maps, or one map of it, in flow style: `{count: 3, jobs: {rate: 0.5}}`.
class FlowWriter {
 public:
  explicit FlowWriter(std::string& out) : out_(out) { out_ += '{'; }
  void close() { out_ += '}'; }

  template <class T>
  void operator()(std::string_view name, T& value, const Limit&, std::string_view) {
    if constexpr (IsOptional<T>::value) {
      if (!value) return;
      begin(name);
      Value<typename T::value_type>::write(out_, *value);
    } else {
      begin(name);
      Value<T>::write(out_, value);
    }
  }
  template <class T>
  void operator()(std::string_view name, T& value, std::string_view help) {
    (*this)(name, value, Limit{}, help);
  }
  template <class S>
  void section(std::string_view name, S& value) {
    begin(name);
    write(out_, value);
  }
  template <class S>
  void list(std::string_view name, std::vector<S>& values, std::string_view) {
    begin(name);
    write_list(out_, values);
  }
  template <class... Arguments>
  void alternative(Arguments&&...) {}
  void require(std::string_view, bool, std::string_view) {}

  template <class S>
  static void write(std::string& out, S& value) {
    FlowWriter writer(out);
    value.visit(writer);
    writer.close();
  }
  template <class S>
  static void write_list(std::string& out, std::vector<S>& values) {
    out += '[';
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (i > 0) out += ", ";
      write(out, values[i]);
    }
    out += ']';
  }

 private:
  void begin(std::string_view name) {
    if (out_.back() != '{') out_ += ", ";
    out_ += name;
    out_ += ": ";
  }
  std::string& out_;
};

/// What all readers of one tree share.
struct ReadLog {
  Problems& problems;
  std::vector<std::string> bad;  ///< paths of keys that were read badly
  bool unknown_keys = false;     ///< some map has a member that no key asked for
};

/// Reports every member of the tree that `keys` does not know, with the nearest name.
void report_unknown_keys(const Node& root, const std::vector<KeyInfo>& keys, Problems& problems);
/// `unknown key; did you mean 'jobs.count'?`
std::string unknown_key_text(std::string_view path, const std::vector<KeyInfo>& keys);
/// The tree itself if none of its keys has a dot, otherwise its unfolded form, kept in `storage`.
const Node& unfolded_root(const Tree& tree, Tree& storage, Problems& problems);

}  // namespace detail

/// Fills a struct from a tree. Values that are absent keep their defaults, so do those that are wrong.
class Reader {
 public:
  Reader(const Node* map, detail::ReadLog& log) : map_(map), log_(log) {}

  template <class T>
  void operator()(std::string_view name, T& value, const Limit& limit, std::string_view /*help*/) {
    const Node* node = take(name);
    if (node == nullptr) return;
    detail::Faults faults;
    if (!detail::Value<T>::read(*node, value, limit, faults)) [[unlikely]]
      report(name, faults);
  }
  template <class T>
  void operator()(std::string_view name, T& value, std::string_view help) {
    (*this)(name, value, Limit{}, help);
  }

  template <class S>
  void section(std::string_view name, S& value) {
    Reader inner(take_map(name), log_, this, name);
    value.visit(inner);
    inner.finish();
  }

  template <class S>
  void list(std::string_view name, std::vector<S>& values, std::string_view /*help*/) {
    const Node* node = take_list(name);
    if (node == nullptr) return;
    values.clear();
    for (std::size_t i = 0; i < node->items.size(); ++i) {
      S element{};
      Reader inner(map_of_item(node->items[i], name, i), log_, this, name, static_cast<std::ptrdiff_t>(i));
      element.visit(inner);
      inner.finish();
      values.push_back(std::move(element));
    }
  }

  template <class T, class From>
  void alternative(std::string_view name, std::string_view target, T& value, From&& from, const Limit& limit,
                   std::string_view /*help*/) {
    const Node* node = take(name);
    if (node == nullptr) return;
    double spelled = 0;
    detail::Faults faults;
    if (!detail::Value<double>::read(*node, spelled, limit, faults)) return report(name, faults);
    if (!outranks(name, *node, target)) return;
    const double converted = from(spelled);
    if (std::isfinite(converted))
      value = converted;
    else
      report(name, {{node, "", "is out of range: gives no finite " + std::string(target)}});
  }

  void require(std::string_view name, bool condition, std::string_view text) {
    if (!condition) [[unlikely]]
      broken(name, text);
  }

  /// To be called after the visit: notices members that no key has asked for.
  void finish() {
    if (map_ != nullptr && taken_ < map_->members.size()) log_.unknown_keys = true;
  }

 private:
  Reader(const Node* map, detail::ReadLog& log, const Reader* outer, std::string_view name, std::ptrdiff_t item = -1)
      : map_(map), log_(log), outer_(outer), name_(name), item_(item) {}

  const Node* take(std::string_view name) {
    if (map_ == nullptr) return nullptr;
    const std::size_t size = map_->members.size();
    // Files mostly follow the order of declaration: the search begins after the last key that was found.
    for (std::size_t i = 0, at = next_; i < size; ++i, ++at) {
      if (at >= size) at = 0;
      const Node::Member& member = map_->members[at];
      if (member.key == name) {
        next_ = at + 1;
        ++taken_;
        return &member.value;
      }
    }
    return nullptr;
  }
  const Node* take_map(std::string_view name);
  const Node* take_list(std::string_view name);
  const Node* map_of_item(const Node& item, std::string_view name, std::size_t index);
  std::string path(std::string_view name) const;
  void report(std::string_view name, const detail::Faults& faults);
  /// Whether the alternative spelling `name` is the one that counts; reports two spellings at one layer.
  bool outranks(std::string_view name, const Node& node, std::string_view target);
  void broken(std::string_view name, std::string_view text);

  struct Spelling {
    std::string_view target, name;
    int layer;
  };

  const Node* map_;  ///< null: the section is absent
  detail::ReadLog& log_;
  const Reader* outer_ = nullptr;
  std::string_view name_;
  std::ptrdiff_t item_ = -1;
  std::size_t next_ = 0, taken_ = 0;
  std::vector<Spelling> spellings_;  ///< alternatives that were taken so far
};

/// Collects what `windrow describe` shows. Checks the declaration itself: a wrong one is a broken invariant.
class Describer {
 public:
  explicit Describer(std::vector<KeyInfo>& keys) : keys_(keys) {}

  template <class T>
  void operator()(std::string_view name, T& value, const Limit& limit, std::string_view help) {
    KeyInfo& key = add(name, detail::Value<T>::type(), limit, help);
    if constexpr (detail::IsOptional<T>::value)
      WINDROW_CHECK(!value, "optional key {} must be absent by default", key.path);
    else if constexpr (std::is_same_v<T, FileRef>)
      key.default_text = windrow::quoted(detail::without_data_folder(value.path));
    else
      detail::Value<T>::write(key.default_text, value);
  }
  template <class T>
  void operator()(std::string_view name, T& value, std::string_view help) {
    (*this)(name, value, Limit{}, help);
  }
  template <class S>
  void section(std::string_view name, S& value) {
    const std::size_t size = enter(name, ".");
    value.visit(*this);
    prefix_.resize(size);
  }
  template <class S>
  void list(std::string_view name, std::vector<S>& values, std::string_view help) {
    detail::FlowWriter::write_list(add(name, "list of maps", Limit{}, help).default_text, values);
    const std::size_t size = enter(name, "[].");
    S element{};
    element.visit(*this);
    prefix_.resize(size);
  }
  template <class T, class From>
  void alternative(std::string_view name, std::string_view target, T& /*value*/, From&& /*from*/, const Limit& limit,
                   std::string_view help) {
    add_alternative(name, target, limit, help);
  }
  void require(std::string_view, bool, std::string_view) {}

 private:
  KeyInfo& add(std::string_view name, std::string type, const Limit& limit, std::string_view help);
  void add_alternative(std::string_view name, std::string_view target, const Limit& limit, std::string_view help);
  std::size_t enter(std::string_view name, std::string_view separator);

  std::vector<KeyInfo>& keys_;
  std::string prefix_;
};

/// Writes the canonical text: lines in order of declaration first, sorted at the end.
class CanonicalWriter {
 public:
  CanonicalWriter() { lines_.reserve(64), buffer_.reserve(2048); }

  template <class T>
  void operator()(std::string_view name, T& value, const Limit&, std::string_view) {
    if constexpr (detail::IsOptional<T>::value) {
      if (!value) return;
      begin(name);
      detail::Value<typename T::value_type>::write(buffer_, *value);
    } else {
      begin(name);
      detail::Value<T>::write(buffer_, value);
    }
    end();
  }
  template <class T>
  void operator()(std::string_view name, T& value, std::string_view help) {
    (*this)(name, value, Limit{}, help);
  }
  template <class S>
  void section(std::string_view name, S& value) {
    const std::size_t size = prefix_.size();
    prefix_ += name;
    prefix_ += '.';
    value.visit(*this);
    prefix_.resize(size);
  }
  template <class S>
  void list(std::string_view name, std::vector<S>& values, std::string_view) {
    begin(name);
    detail::FlowWriter::write_list(buffer_, values);
    end();
  }
  template <class... Arguments>
  void alternative(Arguments&&...) {}
  void require(std::string_view, bool, std::string_view) {}

  std::string text();

 private:
  struct Line {
    std::size_t begin, path_end, end;
  };
  void begin(std::string_view name) {
    const std::size_t at = buffer_.size();
    buffer_ += prefix_;
    buffer_ += name;
    lines_.push_back({at, buffer_.size(), 0});
    buffer_ += ": ";
  }
  void end() {
    buffer_ += '\n';
    lines_.back().end = buffer_.size();
  }

  std::string buffer_, prefix_;
  std::vector<Line> lines_;
};

/// Draws a configuration within its limits; `met()` says whether its requirements hold.
class ArbitraryDrawer {
 public:
  explicit ArbitraryDrawer(std::uint64_t seed) : draws_(seed) {}

  template <class T>
  void operator()(std::string_view, T& value, const Limit& limit, std::string_view) {
    detail::Value<T>::draw(draws_, value, limit);
  }
  template <class T>
  void operator()(std::string_view name, T& value, std::string_view help) {
    (*this)(name, value, Limit{}, help);
  }
  template <class S>
  void section(std::string_view, S& value) {
    value.visit(*this);
  }
  template <class S>
  void list(std::string_view, std::vector<S>& values, std::string_view) {
    values.resize(draws_.below(4));
    for (S& element : values) {
      element = S{};
      element.visit(*this);
    }
  }
  template <class... Arguments>
  void alternative(Arguments&&...) {}
  void require(std::string_view, bool condition, std::string_view) { met_ = met_ && condition; }

  bool met() const { return met_; }

 private:
  detail::Draws draws_;
  bool met_ = true;
};

namespace detail {

template <class Config>
std::vector<KeyInfo> describe() {
  std::vector<KeyInfo> keys;
  Config defaults;
  Describer describer(keys);
  defaults.visit(describer);
  return keys;
}

template <class Config>
std::string write(Config& config) {
  CanonicalWriter writer;
  config.visit(writer);
  return writer.text();
}

}  // namespace detail

template <class Config>
Config read(const Tree& tree, Problems& problems) {
  Config config;
  Tree unfolded;
  const Node& root = detail::unfolded_root(tree, unfolded, problems);
  detail::ReadLog log{problems, {}, false};
  Reader reader(&root, log);
  config.visit(reader);
  reader.finish();
  if (log.unknown_keys) [[unlikely]]
    detail::report_unknown_keys(root, detail::describe<Config>(), problems);
  return config;
}

template <class Config>
Config read(const Tree& tree) {
  Problems problems;
  Config config = read<Config>(tree, problems);
  WINDROW_CHECK(problems.empty(), "a configuration that was checked before has problems: {}", problems.text());
  return config;
}

template <class T>
bool read_value(const Node& node, std::string_view key, T& value, const Limit& limit, Problems& problems) {
  detail::Faults faults;
  if (detail::Value<T>::read(node, value, limit, faults)) return true;
  for (const detail::Fault& fault : faults)
    problems.add(fault.node->position, std::string(key) + fault.where, fault.text);
  return false;
}

template <class Config>
std::string canonical_text(const Config& config) {
  Config copy = config;  // visit is written for readers too, so it wants something that it may change
  return detail::write(copy);
}

template <class Config>
Config arbitrary(std::uint64_t seed) {
  detail::Draws seeds(seed);
  for (int attempt = 0;; ++attempt) {
    WINDROW_CHECK(attempt < 10000, "no configuration of 10000 within the limits meets the requirements (seed {})",
                  seed);
    Config config;
    ArbitraryDrawer drawer(seeds.bits());
    config.visit(drawer);
    if (drawer.met()) return config;
  }
}

template <class Config>
Schema Schema::of() {
  Schema schema;
  schema.keys_ = detail::describe<Config>();
  schema.resolve_ = [](const Tree& tree, Problems& problems) {
    Config config = config::read<Config>(tree, problems);
    return detail::write(config);
  };
  return schema;
}

}  // namespace windrow::config
