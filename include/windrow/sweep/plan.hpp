// A sweep file, resolved: axes x zip - skip, overrides applied. Points are enumerated lazily and never stored.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "windrow/config/problems.hpp"
#include "windrow/kernel/hash.hpp"
#include "windrow/simulator/output.hpp"
#include "windrow/simulator/simulator.hpp"
#include "windrow/sweep/rules.hpp"

namespace windrow::sweep {

class Grid;
class PointTexts;

using AxisValue = std::variant<double, std::int64_t, bool, std::string>;
std::string to_text(const AxisValue& value);
/// Whether two reals differ by rounding alone, as 1.2 and the 0.4 + 2 * 0.4 of a range do.
bool nearly_equal(double a, double b);

/// The values of an axis, all of one type: a million seeds are eight megabytes.
class AxisValues {
 public:
  using Column =
      std::variant<std::vector<double>, std::vector<std::int64_t>, std::vector<bool>, std::vector<std::string>>;
  AxisValues() = default;
  explicit AxisValues(Column column) : column_(std::move(column)) {}

  const Column& column() const { return column_; }
  std::size_t size() const {
    return std::visit([](const auto& values) { return values.size(); }, column_);
  }
  bool empty() const { return size() == 0; }
  AxisValue operator[](std::size_t i) const {
    return std::visit([i](const auto& values) { return AxisValue(values[i]); }, column_);
  }
  AxisValue front() const { return (*this)[0]; }
  AxisValue back() const { return (*this)[size() - 1]; }

 private:
  Column column_;
};

struct Axis {
  std::string name;  ///< dotted path or alternative spelling: the column's name in the file
  std::string help;  ///< of the key
  AxisValues values;
};

/// Every `of`-th point, from the one with index `number` - 1 on: long and short points are spread evenly.
struct Shard {
  std::uint64_t number = 1, of = 1;
};

/// What the command line adds to a sweep file.
struct Overrides {
  std::vector<std::string> set;   ///< `path=value`, as typed
  std::vector<std::string> only;  ///< `axis=value[,value]`: selects these points; the others keep their rows, unrun
  std::optional<Shard> shard = std::nullopt;  ///< likewise
};

struct Point {
  std::uint64_t index = 0;
  std::vector<AxisValue> axes;  ///< in the order of Plan::axes()
  std::string text;             ///< canonical configuration: hashed, sent to the worker, stored, run again by `verify`
  Digest128 id;                 ///< hash of identity text, simulator name and version
};

class Plan {
 public:
  /// Reads a sweep file and checks everything, each point against the simulator's schema included: all problems at
  /// once. Nothing is written anywhere. If there are problems the plan must not be used.
  static Plan load(const std::string& path, const Catalog& catalog, const Overrides& overrides,
                   config::Problems& problems);

  /// A plan without axes: the one point of `windrow simulate -o FILE`. `canonical` is the output of Schema::resolve.
  static Plan of_one_point(const std::string& name, const Simulator& simulator, const std::string& canonical);

  const std::string& name() const { return name_; }
  const Simulator& simulator() const { return *simulator_; }
  const std::vector<Axis>& axes() const { return axes_; }
  std::uint64_t size() const { return size_; }  ///< after skip; `--only` does not change it
  /// With rules the plan holds every point that they might ask for (adaptive.hpp says which ones they do).
  const Rules& rules() const { return rules_; }
  /// Chosen by `--only`: what this run should do. Everything else is as without it, so rows and ids do not depend on
  /// it.
  bool selected(std::uint64_t index) const;
  /// Point by enumeration index: the first axis is the outermost loop, the last (as written) the innermost. O(keys), no
  /// state.
  Point point(std::uint64_t index) const;
  std::vector<AxisValue> axes_of(std::uint64_t index) const;
  /// `policy=fifo arrival_rate=0.4 seed=3`
  std::string label(std::uint64_t index) const;
  double cost_hint(std::uint64_t index) const;
  /// Equal for points that differ by seed alone: they cost alike.
  std::uint64_t cost_group(std::uint64_t index) const;
  Keep keep() const { return keep_; }                            ///< from `output`
  const std::string& sweep_text() const { return sweep_text_; }  ///< the sweep file verbatim
  /// Canonical base configuration (before axes), for provenance and for naming the keys in which two sweeps differ.
  const std::string& base_text() const { return base_text_; }

 private:
  friend class PlanLoader;
  friend class Adaptive;
  std::string text_of(std::uint64_t index) const;

  std::string name_, sweep_text_, base_text_;
  const Simulator* simulator_ = nullptr;
  std::vector<Axis> axes_;
  std::uint64_t size_ = 0;
  Keep keep_;
  Rules rules_;
  std::shared_ptr<const Grid> grid_;                   // which values a point has
  std::shared_ptr<const PointTexts> texts_;            // what its configuration is then
  std::shared_ptr<const std::vector<bool>> selected_;  // null: all
};

/// Identity of a configuration: hash of simulator name, version and identity text.
Digest128 point_id(const Description& description, std::string_view canonical_text);

}  // namespace windrow::sweep
