// windrow status: how far a sweep is, from its file and journal.
#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <ctime>
#include <thread>

#include "cli/command.hpp"
#include "cli/summary.hpp"
#include "windrow/kernel/error.hpp"
#include "windrow/store/result_file.hpp"

namespace windrow::cli {

namespace {

struct Progress {
  std::array<std::uint64_t, 5> by_status{};
  double wall_s = 0, latest_unix_s = 0;
  std::uint64_t count(sweep::PointStatus status) const { return by_status[static_cast<std::size_t>(status)]; }
  std::uint64_t done() const { return count(sweep::PointStatus::ok) + count(sweep::PointStatus::saturated); }
};

Progress progress_of(const store::Reader& reader) {
  Progress progress;
  for (std::uint64_t row = 0; row < reader.rows(); ++row) {
    const sweep::PointStatus status = reader.statuses()[row];
    ++progress.by_status[static_cast<std::size_t>(status)];
    if (status == sweep::PointStatus::pending || status == sweep::PointStatus::running) continue;
    const sweep::Provenance provenance = reader.provenance(row);
    progress.wall_s += provenance.wall_s;
    progress.latest_unix_s = std::max(progress.latest_unix_s, provenance.finished_unix_s);
  }
  return progress;
}

void print_status(const store::Reader& reader, const std::string& path) {
  using enum sweep::PointStatus;
  const Progress progress = progress_of(reader);
  const auto& attributes = reader.attributes();
  fmt::print("{}: sweep {} of simulator {} (version {}), by windrow {} ({})\n", path, attributes.sweep_name,
             attributes.simulator, attributes.simulator_version, attributes.program_version, attributes.git_commit);
  fmt::print("{} of {} points done: {} ok, {} saturated, {} failed, {} pending; {}\n", progress.done(), reader.rows(),
             progress.count(ok), progress.count(saturated), progress.count(failed),
             progress.count(pending) + progress.count(running),
             reader.being_written()             ? "a run is writing it now"
             : progress.done() == reader.rows() ? "complete"
                                                : "no run is writing it: `windrow run` goes on where it stopped");
  if (progress.latest_unix_s > 0)
    fmt::print("{} of simulation so far; latest result at {:%Y-%m-%d %H:%M:%S} UTC\n", duration_text(progress.wall_s),
               fmt::gmtime(static_cast<std::time_t>(progress.latest_unix_s)));
  for (std::uint64_t row = 0; row < reader.rows(); ++row)
    if (reader.statuses()[row] == failed) fmt::print("failed: {}: {}\n", label_of(reader, row), reader.message(row));
}

bool complete(const store::Reader& reader) {
  return progress_of(reader).done() == reader.rows();
}

}  // namespace

int status_command(const Context& context) {
  Flags flags("status", {"FILE"});
  flags.flag("watch", "prints again every two seconds until the sweep is complete or its run has ended")
      .flag("quiet", "prints nothing; exits with 0 only if the sweep is complete");
  if (!flags.parse(context.arguments)) return kAllDone;
  const std::string path = flags.argument("FILE");
  auto reader = store::Reader::open(path);
  if (flags.has("quiet")) return complete(*reader) ? kAllDone : kStoppedEarly;
  print_status(*reader, path);
  while (flags.has("watch") && reader->being_written()) {
    std::this_thread::sleep_for(std::chrono::seconds(2));
    reader = store::Reader::open(path);
    print_status(*reader, path);
  }
  return kAllDone;
}

}  // namespace windrow::cli
