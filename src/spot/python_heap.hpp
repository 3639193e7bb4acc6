// The order of CPython's heapq, which is not first-in-first-out for equal keys.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

namespace windrow::spot {

/// A binary heap of entries with a member `key`, compared by `<` alone; which of two equal entries leaves first depends
/// on the moves, so these are CPython's.
template <class Entry>
class PythonHeap {
 public:
  bool empty() const { return entries_.empty(); }
  std::size_t size() const { return entries_.size(); }
  const Entry& front() const { return entries_.front(); }
  /// To give the root a later time that is still before all others.
  Entry& root() { return entries_.front(); }
  const Entry& operator[](std::size_t i) const { return entries_[i]; }

  void push(const Entry& entry) {
    entries_.push_back(entry);
    sift_up(entries_.size() - 1);
  }

  Entry pop() {
    const Entry last = entries_.back();
    entries_.pop_back();
    if (entries_.empty()) return last;
    const Entry first = std::exchange(entries_.front(), last);
    // The hole goes down to a leaf, always to the smaller child, the right one of equals; then the last entry rises.
    const std::size_t size = entries_.size();
    std::size_t hole = 0;
    for (std::size_t child = 1; child < size; child = 2 * hole + 1) {
      if (child + 1 < size && !(entries_[child].key < entries_[child + 1].key)) ++child;
      entries_[hole] = entries_[child];
      hole = child;
    }
    entries_[hole] = last;
    sift_up(hole);
    return first;
  }

  /// Whether popping the root and pushing a successor of it that is still strictly less than all others would move no
  /// other entry, so that writing the successor's key into the root does as well.
  bool replacing_root_moves_nothing() const {
    const std::size_t n = entries_.size();
    if (n <= 2) return true;
    const std::size_t last = n - 1;
    // The last entry must come back to its place: the hole has to end where it was taken from …
    if (last % 2 == 0 && !(entries_[last].key < entries_[last - 1].key)) return false;
    // … by the path of its ancestors, which the pop chooses by comparing siblings.
    for (std::size_t j = (last - 1) / 2; j != 0; j = (j - 1) / 2) {
      if (j % 2 == 1 ? !(entries_[j].key < entries_[j + 1].key) : entries_[j - 1].key < entries_[j].key) return false;
    }
    return true;
  }
  /// Key of the entry that would be next without the root; none if the root is alone.
  const Entry* second() const {
    if (entries_.size() < 2) return nullptr;
    const std::size_t right = entries_.size() > 2 && entries_[2].key < entries_[1].key ? 2 : 1;
    return &entries_[right];
  }

 private:
  void sift_up(std::size_t at) {
    const Entry entry = entries_[at];
    while (at > 0) {
      const std::size_t parent = (at - 1) / 2;
      if (!(entry.key < entries_[parent].key)) break;
      entries_[at] = entries_[parent];
      at = parent;
    }
    entries_[at] = entry;
  }

  std::vector<Entry> entries_;
};

}  // namespace windrow::spot
