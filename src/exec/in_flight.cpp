#include "windrow/exec/in_flight.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

#include "exec/in_flight_file.hpp"

namespace windrow::exec {

namespace {
// A slot: how many points, then the points.
constexpr std::size_t kSlotWords = 1 + InFlightFile::kMostPoints;
constexpr std::size_t kSlotBytes = kSlotWords * sizeof(std::uint64_t);
}  // namespace

InFlightFile::InFlightFile(const std::string& path)
    : file_(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644)) {}

void InFlightFile::set(std::uint32_t rank, std::span<const std::uint64_t> points) {
  if (file_.get() < 0) return;
  points = points.first(std::min(points.size(), kMostPoints));
  slot_.assign(1, points.size());
  slot_.insert(slot_.end(), points.begin(), points.end());
  [[maybe_unused]] const ssize_t ignored =
      ::pwrite(file_.get(), slot_.data(), slot_.size() * sizeof(std::uint64_t), static_cast<off_t>(rank * kSlotBytes));
}

InFlight read_in_flight(const std::string& path) {
  InFlight all;
  std::ifstream in(path, std::ios::binary);
  std::vector<std::uint64_t> slot(kSlotWords);
  for (std::uint32_t rank = 0; in; ++rank) {
    in.read(reinterpret_cast<char*>(slot.data()), static_cast<std::streamsize>(kSlotBytes));  // the last one is shorter
    const std::size_t words = static_cast<std::size_t>(in.gcount()) / sizeof(std::uint64_t);
    if (words == 0 || slot[0] == 0 || slot[0] >= words) continue;
    all[rank].assign(slot.begin() + 1, slot.begin() + 1 + static_cast<std::ptrdiff_t>(slot[0]));
  }
  return all;
}

}  // namespace windrow::exec
