// Hashes: SHA-512 (identity of points, digests, string seeds of Python streams) and FNV-1a (checksums of journal
// records).
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace windrow {

/// First 128 bits of a SHA-512, as two big-endian words. Ordered, so that sets of digests have a canonical order.
struct Digest128 {
  std::uint64_t high = 0, low = 0;

  /// 32 lower-case hexadecimal digits.
  std::string hex() const;
  /// Inverse of hex(); throws std::invalid_argument for anything else.
  static Digest128 from_hex(std::string_view hex);
  friend auto operator<=>(const Digest128&, const Digest128&) = default;
};

/// FIPS 180-4 SHA-512, incremental.
class Sha512 {
 public:
  Sha512();
  void update(std::string_view bytes);
  /// Ends the message. The object must not be used afterwards.
  std::array<std::uint8_t, 64> finish();
  /// The same, cut to its first 128 bits.
  Digest128 finish128();

 private:
  void compress(const std::uint8_t* block);
  std::array<std::uint64_t, 8> state_;
  std::array<std::uint8_t, 128> buffer_{};
  std::size_t buffered_ = 0;
  std::uint64_t length_bytes_ = 0;
};

Digest128 digest128(std::string_view bytes);

/// 64-bit FNV-1a; chain by passing the previous value as `seed`.
std::uint64_t fnv1a(std::string_view bytes, std::uint64_t seed = 0xcbf29ce484222325ULL);

}  // namespace windrow
