#include "support/sweeps.hpp"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <thread>

#include "support/process.hpp"

namespace windrow::test {

std::string sweep_of(int points, double work_s, const std::string& more, int table_rows) {
  return "name: check\nsimulator: empty\nset: {work_s: " + std::to_string(work_s) +
         ", table_rows: " + std::to_string(table_rows) + more +
         "}\naxes:\n  seed: {from: 0, count: " + std::to_string(points) + "}\noutput: {tables: [rows]}\n";
}

std::string digest_of(const std::string& path) {
  return store::digest(*store::Reader::open(path)).hex();
}

std::size_t count(const store::Reader& reader, sweep::PointStatus status) {
  const auto& all = reader.statuses();
  return static_cast<std::size_t>(std::count(all.begin(), all.end(), status));
}

std::size_t count(const std::string& path, sweep::PointStatus status) {
  return std::filesystem::exists(path) ? count(*store::Reader::open(path), status) : 0;
}

bool has_results(const std::string& path, std::size_t results) {
  using namespace std::chrono_literals;
  for (int i = 0; i < 3000; ++i, std::this_thread::sleep_for(10ms))
    if (count(path, sweep::PointStatus::ok) >= results) return true;
  return false;
}

std::vector<std::string> under_mpirun(int ranks, const std::vector<std::string>& arguments,
                                      const std::vector<std::string>& passed_on) {
  std::vector<std::string> all = mpirun(ranks);
  for (const std::string& name : passed_on) all.insert(all.end(), {"-x", name});
  all.push_back(WINDROW_PROGRAM);
  all.insert(all.end(), arguments.begin(), arguments.end());
  return all;
}

}  // namespace windrow::test
