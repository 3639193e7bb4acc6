// Random streams of Windrow's own models: one per purpose and entity, so that a new consumer shifts nobody's draws and
// two policies meet equal arrivals.
#pragma once

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <string_view>

#include "windrow/kernel/hash.hpp"

namespace windrow {

/// xoshiro256++ (Blackman and Vigna 2019) with distributions of our own, which are the same with every library.
class Stream {
 public:
  explicit Stream(const std::array<std::uint64_t, 4>& state) : state_(state) {}

  std::uint64_t next() {
    const std::uint64_t result = std::rotl(state_[0] + state_[3], 23) + state_[0], t = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= t;
    state_[3] = std::rotl(state_[3], 45);
    return result;
  }
  /// In [0, 1), with 53 bits.
  double uniform() { return static_cast<double>(next() >> 11) * 0x1p-53; }
  double uniform(double low, double high) { return low + (high - low) * uniform(); }
  double exponential(double mean) { return -std::log(1.0 - uniform()) * mean; }
  /// Box and Muller without a spare: each draw takes two words, whatever came before.
  double normal(double mean, double deviation);
  /// Uniform in 0 .. n - 1, n > 0, without bias.
  std::uint64_t below(std::uint64_t n);
  bool bernoulli(double probability) { return uniform() < probability; }

 private:
  std::array<std::uint64_t, 4> state_;
};

/// All streams of a run, from its seed.
class Streams {
 public:
  explicit Streams(std::uint64_t seed) : seed_(seed) {}
  /// The same stream for the same seed, purpose and entity, whatever else was drawn. Some 50 ns.
  Stream stream(std::string_view purpose, std::uint64_t entity = 0) const;

 private:
  std::uint64_t seed_;
};

}  // namespace windrow
