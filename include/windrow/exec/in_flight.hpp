// Which points run at which rank, in a file beside the results: what is left to ask when the rank took the whole job
// along, its master too.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace windrow::exec {

/// By rank: the points of the batch that it runs, as indices of the plan. A rank without points may be missing.
using InFlight = std::map<std::uint32_t, std::vector<std::uint64_t>>;

/// What the master of a job wrote last. Empty if there is no such file; never an error.
InFlight read_in_flight(const std::string& path);

}  // namespace windrow::exec
