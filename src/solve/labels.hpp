// Rows of one question and of the next, known by labels.
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

namespace windrow::solve {

/// What the rows of a question are known by in the next.
struct RowNames {
  std::vector<std::size_t> kind;  ///< of many rows the same
  std::vector<std::size_t> job;   ///< one that the row stands for, of no other row the same
};

/// Rows of one label are taken for each other in order, the last one for all that are too many.
class Labels {
 public:
  static constexpr auto kNone = static_cast<std::size_t>(-1);

  void keep(const std::vector<std::size_t>& labels) {
    head_.clear();
    next_.assign(labels.size(), kNone);
    for (std::size_t i = labels.size(); i-- > 0;) {
      head_.resize(std::max(head_.size(), labels[i] + 1), kNone);
      next_[i] = std::exchange(head_[labels[i]], i);
    }
  }

  /// Calls `use(row, kept row)` for all of `labels` that have one.
  template <class Use>
  void match(const std::vector<std::size_t>& labels, Use use) {
    at_ = head_;
    for (std::size_t i = 0; i < labels.size(); ++i) {
      if (labels[i] >= at_.size() || at_[labels[i]] == kNone) continue;
      const std::size_t row = at_[labels[i]];
      if (next_[row] != kNone) at_[labels[i]] = next_[row];
      use(i, row);
    }
  }

 private:
  std::vector<std::size_t> head_, next_;  ///< [labels] the first row; [rows] the next of the same label
  std::vector<std::size_t> at_;           ///< [labels]
};

}  // namespace windrow::solve
