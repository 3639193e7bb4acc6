// Four numbers at a time: the lanes of one register where registers are that wide, of two elsewhere; the same bits
// either way.
#pragma once

#include <algorithm>
#include <cstddef>
#include <new>
#include <vector>

#pragma GCC diagnostic ignored "-Wpsabi"  // lanes are never handed to another translation unit

/// For what works on lanes: it takes on the registers of whoever calls it.
#define WINDROW_ON_LANES __attribute__((always_inline))

namespace windrow::solve {

inline constexpr std::size_t kLanes = 4;
using Lane = double __attribute__((vector_size(8 * kLanes)));
using Mask = long long __attribute__((vector_size(8 * kLanes)));

WINDROW_ON_LANES inline Lane lanes(double value) {
  return Lane{value, value, value, value};
}
/// From and to four doubles of an array. By the type, not by memcpy, after which the compiler takes every pointer of
/// the object at hand for changed.
using Unaligned = double __attribute__((vector_size(8 * kLanes), aligned(8)));
WINDROW_ON_LANES inline Lane load(const double* from) {
  return *reinterpret_cast<const Unaligned*>(from);
}
WINDROW_ON_LANES inline void store(double* to, const Lane& a) {
  *reinterpret_cast<Unaligned*>(to) = a;
}
/// From and to every so many doubles.
WINDROW_ON_LANES inline Lane gather(const double* from, std::size_t apart) {
  return Lane{from[0], from[apart], from[2 * apart], from[3 * apart]};
}
WINDROW_ON_LANES inline void scatter(const Lane& a, double* to, std::size_t apart) {
  for (std::size_t lane = 0; lane < kLanes; ++lane) to[lane * apart] = a[lane];
}
/// For arrays of lanes: where registers are narrow a lane alone asks for less, and who works with wide ones takes it to
/// be where they want it.
template <class T>
struct LaneAllocator {
  using value_type = T;  // NOLINT(readability-identifier-naming): as allocators are asked for it
  LaneAllocator() = default;
  template <class U>
  explicit LaneAllocator(const LaneAllocator<U>& /*other*/) {}
  T* allocate(std::size_t n) { return static_cast<T*>(::operator new (n * sizeof(T), std::align_val_t{sizeof(Lane)})); }
  void deallocate(T* memory, std::size_t /*n*/) { ::operator delete (memory, std::align_val_t{sizeof(Lane)}); }
  friend bool operator==(const LaneAllocator&, const LaneAllocator&) { return true; }
};
using LaneVector = std::vector<Lane, LaneAllocator<Lane>>;
using MaskVector = std::vector<Mask, LaneAllocator<Mask>>;

WINDROW_ON_LANES inline double sum(const Lane& a) {
  return (a[0] + a[1]) + (a[2] + a[3]);
}
WINDROW_ON_LANES inline double most(const Lane& a) {
  return std::max(std::max(a[0], a[1]), std::max(a[2], a[3]));
}
/// The second where one of them is not a number.
WINDROW_ON_LANES inline Lane max(const Lane& a, const Lane& b) {
  return a > b ? a : b;
}
WINDROW_ON_LANES inline Lane min(const Lane& a, const Lane& b) {
  return a < b ? a : b;
}
WINDROW_ON_LANES inline Lane magnitude(const Lane& a) {
  return max(a, -a);
}
WINDROW_ON_LANES inline bool any(const Mask& a) {
  return (a[0] | a[1] | a[2] | a[3]) != 0;
}

inline bool has_wide_registers() {
  static const bool has = __builtin_cpu_supports("avx2") != 0;
  return has;
}

template <class Work>
__attribute__((target("avx2"))) void with_wide_registers(const Work& work) {
  work();
}

/// Does `work`, which is WINDROW_ON_LANES as is all that it does on lanes, with wide registers or without.
template <class Work>
void on_lanes(bool wide, const Work& work) {
  wide ? with_wide_registers(work) : work();
}

}  // namespace windrow::solve
