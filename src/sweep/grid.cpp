#include "sweep/grid.hpp"

#include <algorithm>

#include "windrow/kernel/error.hpp"

namespace windrow::sweep {

std::optional<std::uint64_t> Grid::product(std::span<const Group> groups) {
  std::uint64_t product = 1;
  for (const Group& group : groups) {
    if (group.length > kMostPoints / product) return std::nullopt;
    product *= group.length;
  }
  return product;
}

Grid::Grid(std::vector<Group> groups, std::size_t axes, std::optional<std::size_t> cost_free)
    : groups_(std::move(groups)), strides_(groups_.size()), axes_(axes), cost_free_(cost_free) {
  for (std::size_t g = groups_.size(); g-- > 0;) {
    WINDROW_CHECK(groups_[g].length > 0 && groups_[g].length <= kMostPoints / product_, "a sweep of no size");
    strides_[g] = product_;
    product_ *= groups_[g].length;
  }
}

Choice Grid::choice(std::uint64_t index) const {
  WINDROW_CHECK(index < size(), "there is no point {} in a sweep of {}", index, size());
  std::uint64_t rest = combination(index);
  Choice choice(axes_);
  for (std::size_t g = 0; g < groups_.size(); ++g) {
    const auto value = static_cast<std::size_t>(rest / strides_[g]);
    rest %= strides_[g];
    for (const std::size_t axis : groups_[g].axes) choice[axis] = value;
  }
  return choice;
}

std::optional<std::uint64_t> Grid::index_of(std::uint64_t combination) const {
  if (!kept_) return combination;
  const auto at = std::lower_bound(kept_->begin(), kept_->end(), combination);
  if (at == kept_->end() || *at != combination) return std::nullopt;
  return static_cast<std::uint64_t>(at - kept_->begin());
}

std::uint64_t Grid::cost_group(std::uint64_t index) const {
  const std::uint64_t at = combination(index);
  if (!cost_free_) return at;
  const std::uint64_t stride = strides_[*cost_free_];
  return at - at / stride % groups_[*cost_free_].length * stride;
}

}  // namespace windrow::sweep
