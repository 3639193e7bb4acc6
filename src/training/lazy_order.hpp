// A queue of which only the front is looked at.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

namespace windrow::training {

/// Things in the order of `<`, all different, sorted as far as anybody has looked: twice as far each time.
template <class T>
class LazyOrder {
 public:
  void clear() {
    things_.clear();
    sorted_ = 0;
  }
  /// Before anybody looks.
  void add(const T& thing) { things_.push_back(thing); }
  std::size_t size() const { return things_.size(); }

  /// The one at a place below `size`.
  const T& operator[](std::size_t place) {
    while (place >= sorted_) sort_more();
    return things_[place];
  }

  /// In its place.
  void insert(const T& thing) {
    const auto end = begin() + static_cast<std::ptrdiff_t>(sorted_);
    const auto place = std::upper_bound(begin(), end, thing);
    if (place == end) return things_.push_back(thing);
    things_.insert(place, thing);
    ++sorted_;
  }

  template <class Gone>
  void erase_if(Gone gone) {
    const auto end = begin() + static_cast<std::ptrdiff_t>(sorted_);
    const auto front = std::remove_if(begin(), end, gone);
    sorted_ = static_cast<std::size_t>(front - begin());
    things_.erase(std::copy(end, std::remove_if(end, things_.end(), gone), front), things_.end());
  }

 private:
  auto begin() { return things_.begin(); }

  void sort_more() {
    constexpr std::size_t kFirst = 32;
    const auto from = begin() + static_cast<std::ptrdiff_t>(sorted_);
    sorted_ = std::min(std::max(kFirst, 2 * sorted_), things_.size());
    const auto to = begin() + static_cast<std::ptrdiff_t>(sorted_);
    std::nth_element(from, to, things_.end());
    std::sort(from, to);
  }

  std::vector<T> things_;
  std::size_t sorted_ = 0;  ///< so many come first, in order
};

}  // namespace windrow::training
