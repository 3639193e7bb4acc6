// Sweeps of points that do nothing, and what is in their result files, for tests of the whole program.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "windrow/store/result_file.hpp"

namespace windrow::test {

/// The text of a sweep of the simulator `empty`: points that take `work_s` each and emit a few table rows. `more`:
/// further settings, each after a comma.
std::string sweep_of(int points, double work_s, const std::string& more = "", int table_rows = 3);

std::string digest_of(const std::string& path);

/// Points of a status; none where there is no file.
std::size_t count(const std::string& path, sweep::PointStatus status);
std::size_t count(const store::Reader& reader, sweep::PointStatus status);

/// Until a sweep has so many results; false if it has not after half a minute.
bool has_results(const std::string& path, std::size_t results = 5);

/// `windrow` with these arguments under mpirun; `passed_on`: variables of the environment that the ranks get.
std::vector<std::string> under_mpirun(int ranks, const std::vector<std::string>& arguments,
                                      const std::vector<std::string>& passed_on = {});

}  // namespace windrow::test
