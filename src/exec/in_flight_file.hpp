// The writer's end of windrow/exec/in_flight.hpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "exec/descriptor.hpp"

namespace windrow::exec {

/// A slot per rank, overwritten in place: one write of some bytes whenever a rank begins a batch or has results. The
/// system keeps it when this process is killed; that it would not survive a power cut is no harm. A disk that takes
/// no more is none either: suspects are not found then.
class InFlightFile {
 public:
  static constexpr std::size_t kMostPoints = 256;

  /// Makes the file, or empties it.
  explicit InFlightFile(const std::string& path);
  /// `points`: at most kMostPoints are kept.
  void set(std::uint32_t rank, std::span<const std::uint64_t> points);

 private:
  Descriptor file_;
  std::vector<std::uint64_t> slot_;
};

}  // namespace windrow::exec
