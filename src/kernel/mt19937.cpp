#include "windrow/kernel/mt19937.hpp"

#include <algorithm>

#include "windrow/kernel/error.hpp"

namespace windrow {
namespace {

constexpr std::size_t kWords = Mt19937::kWords, kShift = 397;

constexpr std::array<std::uint32_t, kWords> filled(std::uint32_t seed) {
  std::array<std::uint32_t, kWords> s{};
  s[0] = seed;
  for (std::uint32_t i = 1; i < kWords; ++i) s[i] = 1812433253U * (s[i - 1] ^ (s[i - 1] >> 30)) + i;
  return s;
}

constexpr std::array<std::uint32_t, kWords> kArrayStart = filled(19650218);

inline std::uint32_t twisted(std::uint32_t upper, std::uint32_t lower, std::uint32_t shifted) {
  const std::uint32_t y = (upper & 0x80000000U) | (lower & 0x7FFFFFFFU);
  return shifted ^ (y >> 1) ^ ((0U - (y & 1U)) & 0x9908B0DFU);
}

}  // namespace

Mt19937::Mt19937(std::uint32_t seed) : words_(filled(seed)) {}

Mt19937::Mt19937(std::span<const std::uint32_t> key) : words_(kArrayStart) {
  WINDROW_CHECK(!key.empty(), "a key has at least one word");
  std::uint32_t i = 1, previous = words_[0];
  const auto step = [&] {
    if (++i == kWords) words_[0] = previous, i = 1;
  };
  std::size_t j = 0;
  for (std::size_t k = std::max(kWords, key.size()); k > 0; --k) {
    previous = words_[i] =
        (words_[i] ^ ((previous ^ (previous >> 30)) * 1664525U)) + key[j] + static_cast<std::uint32_t>(j);
    if (++j == key.size()) j = 0;
    step();
  }
  for (std::size_t k = kWords - 1; k > 0; --k) {
    previous = words_[i] = (words_[i] ^ ((previous ^ (previous >> 30)) * 1566083941U)) - i;
    step();
  }
  words_[0] = 0x80000000U;
}

Mt19937::Mt19937(const State& state) : words_(state.words), index_(state.index) {
  WINDROW_CHECK(index_ <= kWords, "index {} of a state of {} words", index_, kWords);
  temper();
}

void Mt19937::refill() {
  // In pieces whose sources lie behind or far ahead of what they write, so that the compiler may use vectors.
  std::uint32_t* const s = words_.data();
  for (std::size_t k = 0; k < kWords - kShift; ++k) s[k] = twisted(s[k], s[k + 1], s[k + kShift]);
#ifdef __clang__  // which does not know g++'s spelling
#pragma clang loop vectorize(assume_safety)
#else
#pragma GCC ivdep
#endif
  for (std::size_t k = kWords - kShift; k < kWords - 1; ++k) s[k] = twisted(s[k], s[k + 1], s[k - (kWords - kShift)]);
  s[kWords - 1] = twisted(s[kWords - 1], s[0], s[kShift - 1]);
  temper();
  index_ = 0;
}

void Mt19937::temper() {
  for (std::size_t k = 0; k < kWords; ++k) {
    std::uint32_t y = words_[k];
    y ^= y >> 11;
    y ^= (y << 7) & 0x9D2C5680U;
    y ^= (y << 15) & 0xEFC60000U;
    tempered_[k] = y ^ (y >> 18);
  }
}

}  // namespace windrow
