// Four numbers at a time: the lanes of one register where registers are that wide, of two elsewhere; the same bits
// either way. What is inlined into a function of target "avx2" (with "flatten") uses wide registers.
#pragma once

#include <algorithm>
#include <cstddef>

#pragma GCC diagnostic ignored "-Wpsabi"  // lanes are never handed to another translation unit

namespace windrow::solve {

inline constexpr std::size_t kLanes = 4;
using Lane = double __attribute__((vector_size(8 * kLanes)));
using Mask = long long __attribute__((vector_size(8 * kLanes)));

inline Lane lanes(double value) {
  return Lane{value, value, value, value};
}
/// From and to four doubles of an array. By the type, not by memcpy, after which the compiler takes every pointer of
/// the object at hand for changed.
using Unaligned = double __attribute__((vector_size(8 * kLanes), aligned(8)));
inline Lane load(const double* from) {
  return *reinterpret_cast<const Unaligned*>(from);
}
inline void store(double* to, const Lane& a) {
  *reinterpret_cast<Unaligned*>(to) = a;
}
inline double sum(const Lane& a) {
  return (a[0] + a[1]) + (a[2] + a[3]);
}
inline double most(const Lane& a) {
  return std::max(std::max(a[0], a[1]), std::max(a[2], a[3]));
}
/// The second where one of them is not a number.
inline Lane max(const Lane& a, const Lane& b) {
  return a > b ? a : b;
}
inline Lane min(const Lane& a, const Lane& b) {
  return a < b ? a : b;
}
inline Lane magnitude(const Lane& a) {
  return max(a, -a);
}
inline bool any(const Mask& a) {
  return (a[0] | a[1] | a[2] | a[3]) != 0;
}

}  // namespace windrow::solve
