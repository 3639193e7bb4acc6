#include "windrow/kernel/exact.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

#include "windrow/kernel/error.hpp"

namespace windrow {
namespace {

using Wide = unsigned __int128;

int bits_of(Wide value) {
  const auto high = static_cast<std::uint64_t>(value >> 64), low = static_cast<std::uint64_t>(value);
  return static_cast<int>(high != 0 ? 64 + std::bit_width(high) : std::bit_width(low));
}

/// Whole part of the root of a number below 2^110.
std::uint64_t whole_root(Wide value) {
  auto root = static_cast<std::uint64_t>(std::sqrt(static_cast<long double>(value)));
  while (Wide{root} * root > value) --root;
  while (Wide{root + 1} * (root + 1) <= value) ++root;
  return root;
}

/// The root of numerator / denominator, rounded once. The quotient is taken to 109 or 110 bits by long division, so its
/// root has 55: two more than a double, the last of which says whether anything was cut off ("round to odd").
double root_of_fraction(Wide numerator, std::uint64_t denominator) {
  Wide quotient = numerator / denominator, rest = numerator % denominator;
  if (quotient == 0 && rest == 0) return 0;
  constexpr int kBits = 109;
  int doublings = 0;
  while (bits_of(quotient) < kBits || doublings % 2 != 0) {
    rest <<= 1;
    quotient <<= 1;
    if (rest >= denominator) {
      rest -= denominator;
      quotient |= 1;
    }
    ++doublings;
  }
  const std::uint64_t root = whole_root(quotient);
  const bool exact = rest == 0 && Wide{root} * root == quotient;
  return std::ldexp(static_cast<double>(root | std::uint64_t{!exact}), -doublings / 2);
}

}  // namespace

double exact_mean(const std::vector<std::int64_t>& values) {
  if (values.empty()) return 0;
  std::int64_t sum = 0;
  for (const std::int64_t value : values) sum += value;
  constexpr std::int64_t kExact = std::int64_t{1} << 53;
  WINDROW_CHECK(std::abs(sum) <= kExact, "a sum of times has more digits than a double");
  return static_cast<double>(sum) / static_cast<double>(values.size());
}

double exact_median(std::vector<std::int64_t> values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  if (values.size() % 2 == 1) return static_cast<double>(*middle);
  return static_cast<double>(*middle + *std::max_element(values.begin(), middle)) / 2;
}

double exact_deviation(const std::vector<std::int64_t>& values) {
  const std::uint64_t n = values.size();
  if (n < 2) return 0;
  __int128 sum = 0, squares = 0;
  for (const std::int64_t value : values) {
    sum += value;
    squares += static_cast<__int128>(value) * value;
  }
  return root_of_fraction(static_cast<Wide>(squares * static_cast<__int128>(n) - sum * sum), n * (n - 1));
}

}  // namespace windrow
