// One attempt at one point, as it travels from worker to master, into the journal and into the result file.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace windrow::sweep {

enum class PointStatus : std::uint8_t {
  pending = 0,
  running = 1,
  ok = 2,
  saturated = 3,
  failed = 4,
  skipped = 5,  ///< the rules of an adaptive sweep do not ask for it
};
constexpr PointStatus kLastStatus = PointStatus::skipped;
std::string_view to_string(PointStatus status);
/// Whether there are metrics, which never change again.
constexpr bool has_result(PointStatus status) {
  return status == PointStatus::ok || status == PointStatus::saturated;
}
/// Whether the sweep waits for it no more.
constexpr bool is_settled(PointStatus status) {
  return has_result(status) || status == PointStatus::skipped;
}

/// The rank of a record that no rank has made. In files: -1.
constexpr std::uint32_t kNoRank = static_cast<std::uint32_t>(-1);

/// Provenance is everything that may differ between two runs of the same point; it is left out of digests.
struct Provenance {
  double wall_s = 0, cpu_s = 0;
  double finished_unix_s = 0;
  std::uint32_t rank = 0, attempt = 1;
  std::string host;
};

struct PointRecord {
  std::uint64_t index = 0;  ///< in the sweep's enumeration order
  PointStatus status = PointStatus::pending;
  std::string message;  ///< failed, skipped: the reason; saturated: the criterion
  std::string output;   ///< encode(PointOutput); empty if there is no result
  Provenance provenance;
};

void append_encoded(std::string& out, const PointRecord& record);
/// Throws std::out_of_range on bytes that end too early. Advances `bytes` past the record.
PointRecord take_record(std::string_view& bytes);

}  // namespace windrow::sweep
