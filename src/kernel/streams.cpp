#include "windrow/kernel/streams.hpp"

#include <numbers>

namespace windrow {
namespace {

/// One step of SplitMix64 (Steele, Lea and Flood 2014): a bijection that spreads every bit over the word.
std::uint64_t mixed(std::uint64_t x) {
  x += 0x9E3779B97F4A7C15ULL;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ULL;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBULL;
  return x ^ (x >> 31);
}

}  // namespace

double Stream::normal(double mean, double deviation) {
  const double radius = std::sqrt(-2.0 * std::log(1.0 - uniform()));
  return mean + deviation * radius * std::cos(2.0 * std::numbers::pi * uniform());
}

std::uint64_t Stream::below(std::uint64_t n) {
  // The smallest mask over n - 1 and rejection: fewer than two words on average.
  const std::uint64_t mask = n <= 1 ? 0 : ~std::uint64_t{0} >> std::countl_zero(n - 1);
  std::uint64_t value = next() & mask;
  while (value >= n && n != 0) value = next() & mask;
  return value;
}

Stream Streams::stream(std::string_view purpose, std::uint64_t entity) const {
  const std::uint64_t name = fnv1a(purpose);
  std::array<std::uint64_t, 4> state;
  std::uint64_t chain = 0;
  // Three words of key go into four of state, each by its own chain, so that streams meet only where all three agree.
  for (std::uint64_t i = 0; i < state.size(); ++i)
    state[i] = chain = mixed(mixed(mixed(chain ^ seed_ ^ (i << 62)) ^ name) ^ entity);
  return Stream(state);
}

}  // namespace windrow
