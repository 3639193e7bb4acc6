// The Mersenne Twister MT19937 (Matsumoto and Nishimura 1998), as CPython and numpy seed and read it.
#pragma once

#include <array>
#include <cstdint>
#include <span>

namespace windrow {

/// Words are drawn 624 at a time, so that the recurrence and the tempering run over whole registers; drawing one is a
/// load. 5 KiB.
class Mt19937 {
 public:
  static constexpr std::size_t kWords = 624;

  /// Everything that decides the words to come.
  struct State {
    std::array<std::uint32_t, kWords> words{};
    std::uint32_t index = kWords;  ///< of the next word; kWords: all are used up
    friend bool operator==(const State&, const State&) = default;
  };

  /// Knuth's linear congruential filling: numpy's seeding by an integer.
  explicit Mt19937(std::uint32_t seed);
  /// `init_by_array` of the authors: Python's seeding. `key` must not be empty.
  explicit Mt19937(std::span<const std::uint32_t> key);
  explicit Mt19937(const State& state);

  std::uint32_t next() {
    if (index_ == kWords) [[unlikely]]
      refill();
    return tempered_[index_++];
  }
  /// In [0, 1), with 53 bits; two words.
  double uniform() {
    const std::uint32_t high = next() >> 5, low = next() >> 6;
    return (high * 67108864.0 + low) * (1.0 / 9007199254740992.0);  // by a power of 2: exact
  }
  State state() const { return {words_, index_}; }

 private:
  void refill();
  void temper();
  std::array<std::uint32_t, kWords> words_, tempered_;
  std::uint32_t index_ = kWords;
};

}  // namespace windrow
