// Clocks: exec/ alone reads them.
#pragma once

#include <cstdint>
#include <ctime>

namespace windrow::exec {

inline std::int64_t clock_ns(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}
inline double seconds(std::int64_t ns) {
  return static_cast<double>(ns) * 1e-9;
}

/// The same for all processes of this machine, so a sandbox and its worker can compare.
inline std::int64_t monotonic_ns() {
  return clock_ns(CLOCK_MONOTONIC);
}
inline double monotonic_s() {
  return seconds(monotonic_ns());
}
inline double cpu_s() {
  return seconds(clock_ns(CLOCK_PROCESS_CPUTIME_ID));
}
inline double unix_s() {
  return seconds(clock_ns(CLOCK_REALTIME));
}

}  // namespace windrow::exec
