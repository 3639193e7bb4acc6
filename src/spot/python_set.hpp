// The order in which CPython 3.9 iterates over a set of small integers, and a set of instances that may keep to it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "windrow/kernel/error.hpp"

namespace windrow::spot {

/// Open addressing with short linear probes, as in CPython's Objects/setobject.c of 3.9: removed keys leave marks that
/// are passed over until the table is rebuilt, so the order depends on the history.
class PythonSet {
 public:
  PythonSet() : slots_(8, kUnused) {}

  /// `key` must not be there.
  void insert(int key) {
    place(key);
    ++fill_;
    ++used_;
    if (fill_ * 5 < mask() * 3) return;
    const std::size_t wanted = used_ > 50000 ? used_ * 2 : used_ * 4;
    std::size_t size = 8;
    while (size <= wanted) size *= 2;
    std::vector<int> old(size, kUnused);
    old.swap(slots_);
    for (const int kept : old)
      if (kept >= 0) place(kept);
    fill_ = used_;
  }
  /// `key` must be there.
  void remove(int key) {
    const auto at = std::find(slots_.begin(), slots_.end(), key);
    WINDROW_CHECK(at != slots_.end(), "{} is not in the set", key);
    *at = kRemoved;
    --used_;
  }
  std::vector<int> in_order() const {
    std::vector<int> keys;
    for (const int key : slots_)
      if (key >= 0) keys.push_back(key);
    return keys;
  }

 private:
  static constexpr int kUnused = -1, kRemoved = -2;
  std::size_t mask() const { return slots_.size() - 1; }

  void place(int key) {
    constexpr std::size_t kProbes = 9;
    auto perturb = static_cast<std::size_t>(key);
    for (std::size_t i = perturb & mask();;) {
      const std::size_t last = i + kProbes <= mask() ? i + kProbes : i;
      for (std::size_t at = i; at <= last; ++at) {
        if (slots_[at] != kUnused) continue;
        slots_[at] = key;
        return;
      }
      perturb >>= 5;
      i = (i * 5 + 1 + perturb) & mask();
    }
  }

  std::vector<int> slots_;
  std::size_t fill_ = 0, used_ = 0;
};

/// Ids in ascending order; if asked for, in the order of a Python set with the same history, too.
class IdSet {
 public:
  explicit IdSet(bool emulates) : emulates_(emulates) {}
  std::size_t size() const { return ids_.size(); }
  bool empty() const { return ids_.empty(); }
  const std::vector<int>& ascending() const { return ids_; }
  std::vector<int> as_python() const { return emulates_ ? python_.in_order() : ids_; }
  void insert(int id) {
    ids_.insert(std::upper_bound(ids_.begin(), ids_.end(), id), id);
    if (emulates_) python_.insert(id);
  }
  /// False if it is not there.
  bool remove(int id) {
    const auto at = std::lower_bound(ids_.begin(), ids_.end(), id);
    if (at == ids_.end() || *at != id) return false;
    ids_.erase(at);
    if (emulates_) python_.remove(id);
    return true;
  }

 private:
  bool emulates_;
  std::vector<int> ids_;
  PythonSet python_;
};

}  // namespace windrow::spot
