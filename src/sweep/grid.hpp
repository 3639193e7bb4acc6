// Which values each point of a sweep has: mixed-radix arithmetic over the axes, and a list of what `skip` has left.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace windrow::sweep {

/// For each axis the position of a value.
using Choice = std::vector<std::size_t>;

class Grid {
 public:
  /// Axes that move together; a lone axis is a group of one.
  struct Group {
    std::vector<std::size_t> axes;
    std::uint64_t length = 0;
  };
  static constexpr std::uint64_t kMostPoints = 100'000'000;  ///< each of them is checked before anything runs

  /// `groups`: the outermost loop first. `cost_free`: the group, if any, whose value is no matter for the cost.
  Grid(std::vector<Group> groups, std::size_t axes, std::optional<std::size_t> cost_free);

  /// Number of combinations; none if there are more than kMostPoints.
  static std::optional<std::uint64_t> product(std::span<const Group> groups);
  /// Leaves out combinations, ascending.
  void keep_only(std::vector<std::uint32_t> kept) { kept_ = std::move(kept); }

  std::uint64_t size() const { return kept_ ? kept_->size() : product_; }
  Choice choice(std::uint64_t index) const;
  std::uint64_t cost_group(std::uint64_t index) const;

  std::uint64_t combination(std::uint64_t index) const { return kept_ ? (*kept_)[index] : index; }
  /// The point of a combination; none if it was left out.
  std::optional<std::uint64_t> index_of(std::uint64_t combination) const;
  /// Which value of a group a combination has, and from one of its values to the next.
  std::size_t value_of(std::uint64_t combination, std::size_t group) const {
    return static_cast<std::size_t>(combination / strides_[group] % groups_[group].length);
  }
  std::uint64_t stride(std::size_t group) const { return strides_[group]; }
  const std::vector<Group>& groups() const { return groups_; }
  std::optional<std::size_t> seeds() const { return cost_free_; }  ///< the group of the axis of seeds, if there is one

 private:
  std::vector<Group> groups_;
  std::vector<std::uint64_t> strides_;
  std::size_t axes_;
  std::optional<std::size_t> cost_free_;
  std::uint64_t product_ = 1;
  std::optional<std::vector<std::uint32_t>> kept_;
};

}  // namespace windrow::sweep
