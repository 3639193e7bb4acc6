// A typed configuration from one declaration: the struct's `visit` gives the YAML reader, `describe`, the canonical
// text and arbitrary configurations for tests.
//
//     struct PoolConfig {
//       double arrival_rate_per_s = 8.0;
//       template <class Keys> void visit(Keys& key) {
//         key("arrival_rate_per_s", arrival_rate_per_s, above(0), "mean rate of Poisson arrivals");
//         key.section("jobs", jobs);                                   // a struct with a visit of its own
//         key.require("warmup_s", warmup_s < horizon_s, "must be below horizon_s, or nothing is measured");
//       }
//     };
//
// Types of values: bool, int, std::int64_t, std::uint64_t, BigInteger, double, std::string (with one_of), FileRef,
// std::optional of these (absent by default: no line in the canonical text), std::vector of numbers or strings, and any
// type with a Format (below). Doubles must be finite. `require` and `alternative` are told of problems only where every
// key they depend on was read well.
#pragma once

#include <concepts>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "windrow/config/problems.hpp"
#include "windrow/config/tree.hpp"
#include "windrow/kernel/hash.hpp"

namespace windrow::config {

/// What a value must satisfy; numbers are compared as doubles, vectors element by element (and by their length, if
/// limited).
struct Limit {
  std::optional<double> above, at_least, below, at_most;
  std::vector<std::string> names;  ///< one_of: the only texts allowed, for the nearest-name hint
  std::string kind;                ///< one_of: what `windrow list` calls them (`policies`), empty if it does not
  std::optional<std::size_t> length;
  /// `above 0`, `within 1 .. 1e+06`, `one of fifo, allox`: how the limit reads in a message and in `describe`; empty if
  /// none.
  std::string text() const;
};

/// How a value reads in a message: `0`, `'abc'`, `"12"` if it was in quotes, `a list`, `nothing`.
std::string found(const Node& node);

Limit any();
Limit above(double bound);
Limit at_least(double bound);
Limit within(double low, double high);
Limit one_of(std::vector<std::string> names, std::string kind = "");

/// An integer of any size, as the seeds of some published programs are. On an axis its values have 64 bits.
struct BigInteger {
  std::string digits = "0";  ///< decimal, without leading zeros, with '-' if negative
  friend bool operator==(const BigInteger&, const BigInteger&) = default;
};

/// A file that the configuration names. Relative paths are looked for beside the file that says so (the working
/// directory for flags), then in the data folder. Its content is part of a point's identity, its path is not.
struct FileRef {
  std::string path;  ///< absolute
  Digest128 digest;  ///< of the content
};

/// Finds the file that a value names, as described for FileRef: its absolute path, or none and in `why` the places
/// where it was looked for.
std::optional<std::string> find_file(std::string_view path, const Position& position, std::string& why);
/// Where a file can be read: at its path, or if nothing is there, as on another machine, at that path's end below a
/// data folder, provided that the content is the same.
std::string present_path(const FileRef& file);

/// Where the files that come with Windrow are looked for: $WINDROW_DATA, ../share/windrow beside the program's folder,
/// the source tree it was built from.
std::vector<std::string> data_folders();

/// Text form of a value type of the domain (`36:36:36`): specialise with
///     static constexpr std::string_view expected = "V:P:K, three counts of GPUs";  // `number or …`: axes may be
///     ranges static std::optional<T> parse(std::string_view text); static std::string text(const T& value);
template <class T>
struct Format;

/// What `windrow describe` prints of a key, in order of declaration.
struct KeyInfo {
  std::string path;          ///< dotted
  std::string type;          ///< `number`, `integer`, `boolean`, `text`, `file`, `list of numbers`, `list of maps`, or
                             ///< Format::expected
  std::string default_text;  ///< canonical text of the default (a file: as one would write it); empty if absent by
                             ///< default
  std::string limit;         ///< Limit::text()
  std::string help;
  std::vector<std::string> names;  ///< the choices, if limited to some
  std::string alternative_of;      ///< for another spelling of a key: the path of the key it sets
};

/// Type-erased: everything the engine does with a configuration.
class Schema {
 public:
  Schema() = default;
  template <class Config>
  static Schema of();

  const std::vector<KeyInfo>& keys() const { return keys_; }
  /// The key of a dotted path (`seed`, `arrival_rate`, `jobs.count`): what may be an axis, `set` or `--set`. Null if
  /// there is none, for sections and for keys within lists.
  const KeyInfo* find(std::string_view path) const;
  bool has(std::string_view path) const { return find(path) != nullptr; }
  /// For a path that is no key: `unknown key; did you mean 'jobs.count'?`
  std::string unknown(std::string_view path) const;
  /// Checks everything (unknown keys with the nearest name, types, limits, requirements), reports all problems, and
  /// gives the canonical text: one line `dotted.path: value` per present key, sorted, defaults included, alternatives
  /// resolved, numbers shortest round-trip, strings as JSON literals, lists in flow style, files as "file:DIGEST:PATH".
  /// It is YAML, and reads back to itself. Where there are problems the text is that of the defaults in their place.
  std::string resolve(const Tree& tree, Problems& problems) const;
  /// The canonical text without what is not identity (paths of files).
  std::string identity(std::string_view canonical) const;
  /// Looks whether the files that a resolved configuration names still have the content it was resolved with, since
  /// that is part of its identity. Empty if so, else `jobs.trace: PATH has changed since` or why it cannot be read. A
  /// file that this process read before and that is unchanged by its time and size costs a stat.
  std::string changed_file(const Tree& resolved) const;

 private:
  std::vector<KeyInfo> keys_;
  std::function<std::string(const Tree&, Problems&)> resolve_;
};

/// Reads a checked configuration; problems are a WINDROW_CHECK here (used by Simulator::run, whose config has passed
/// resolve).
template <class Config>
Config read(const Tree& tree);

/// Reads and reports.
template <class Config>
Config read(const Tree& tree, Problems& problems);

/// Reads one value outside any struct; false, with the problems under the name `key`, if it does not fit.
template <class T>
bool read_value(const Node& node, std::string_view key, T& value, const Limit& limit, Problems& problems);

/// Canonical text of a struct.
template <class Config>
std::string canonical_text(const Config& config);

/// A configuration drawn from the limits, for property tests: every key within its limits, requirements met (redrawn
/// until they are). Keys without an upper limit are drawn up to 10 times their default.
template <class Config>
Config arbitrary(std::uint64_t seed);

}  // namespace windrow::config

#include "windrow/config/keys.hpp"  // the visitors
