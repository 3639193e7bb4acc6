// Commands that read a result file: status, show, digest.
#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <ctime>
#include <numeric>
#include <thread>

#include "cli/command.hpp"
#include "cli/summary.hpp"
#include "windrow/kernel/error.hpp"
#include "windrow/store/result_file.hpp"

namespace windrow::cli {

namespace {

struct Progress {
  std::array<std::uint64_t, static_cast<std::size_t>(sweep::kLastStatus) + 1> by_status{};
  double wall_s = 0, latest_unix_s = 0;
  std::uint64_t count(sweep::PointStatus status) const { return by_status[static_cast<std::size_t>(status)]; }
  std::uint64_t done() const { return count(sweep::PointStatus::ok) + count(sweep::PointStatus::saturated); }
  /// Points that an adaptive sweep has not asked for are none of it.
  std::uint64_t all() const {
    return std::accumulate(by_status.begin(), by_status.end(), std::uint64_t{0}) - count(sweep::PointStatus::skipped);
  }
};

Progress progress_of(const store::Reader& reader) {
  Progress progress;
  for (std::uint64_t row = 0; row < reader.rows(); ++row) {
    const sweep::PointStatus status = reader.statuses()[row];
    ++progress.by_status[static_cast<std::size_t>(status)];
    if (!has_result(status) && status != sweep::PointStatus::failed) continue;
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
  fmt::print("{} of {} points done: {} ok, {} saturated, {} failed, {} pending; {}\n", progress.done(), progress.all(),
             progress.count(ok), progress.count(saturated), progress.count(failed),
             progress.count(pending) + progress.count(running),
             reader.being_written()              ? "a run is writing it now"
             : progress.done() == progress.all() ? "complete"
                                                 : "no run is writing it: `windrow run` goes on where it stopped");
  if (progress.count(skipped) > 0)
    fmt::print("{} more that the rules of the sweep have not asked for\n", counted(progress.count(skipped), "point"));
  if (progress.latest_unix_s > 0)
    fmt::print("{} of simulation so far; latest result at {:%Y-%m-%d %H:%M:%S} UTC\n", duration_text(progress.wall_s),
               fmt::gmtime(static_cast<std::time_t>(progress.latest_unix_s)));
  for (std::uint64_t row = 0; row < reader.rows(); ++row)
    if (reader.statuses()[row] == failed) fmt::print("failed: {}: {}\n", label_of(reader, row), reader.message(row));
}

bool complete(const store::Reader& reader) {
  const Progress progress = progress_of(reader);
  return progress.done() == progress.all();
}

std::vector<std::size_t> axes_named(const store::Reader& reader, const std::vector<std::string>& names) {
  std::vector<std::size_t> axes;
  axes.reserve(names.size());
  for (const std::string& name : names) axes.push_back(axis_named(reader, name));
  return axes;
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

int show_command(const Context& context) {
  Flags flags("show", {"FILE"});
  flags.list("metric", "M[,M]", "which metrics; the first four without it, `all` for all")
      .list("by", "AXIS[,AXIS]", "one row per combination of these axes; all varied axes but the seed without it")
      .value<std::string>("across", "AXIS", "one column per value of this axis (for one metric)")
      .list("where", "AXIS=VALUE", "only rows for which this holds: AXIS=V1,V2 or \"AXIS<V AXIS=V\"")
      .flag("csv", "prints CSV with unrounded numbers: mean, half width of the 95 % interval, number of replicates");
  if (!flags.parse(context.arguments)) return kAllDone;
  const auto reader = store::Reader::open(flags.argument("FILE"));

  std::vector<std::size_t> metrics;
  for (const std::string& names : flags.list_of("metric"))
    for (const std::string& name : split(names, ',')) {
      if (name == "all")
        for (std::size_t m = 0; m < reader->metrics().size(); ++m) metrics.push_back(m);
      else
        metrics.push_back(metric_named(*reader, name));
    }
  const bool chosen = !metrics.empty();
  for (std::size_t m = 0; !chosen && m < std::min<std::size_t>(4, reader->metrics().size()); ++m) metrics.push_back(m);

  std::vector<std::size_t> axes;
  for (const std::string& names : flags.list_of("by"))
    for (const std::size_t axis : axes_named(*reader, split(names, ','))) axes.push_back(axis);
  if (!flags.has("by")) axes = varied_axes(*reader);
  const RowFilter filter(*reader, flags.list_of("where"));

  const auto across = flags.get<std::string>("across");
  if (across && chosen && metrics.size() != 1) throw InputError("--across: expected one --metric, found several");
  const bool csv = flags.has("csv");
  const TextTable table = across ? pivot_table(*reader, axes, axis_named(*reader, *across), metrics.at(0), filter, csv)
                                 : long_table(*reader, axes, metrics, filter, csv);
  if (table.empty()) throw InputError("no points match --where");
  if (csv) {
    table.print_csv(stdout);
    return kAllDone;
  }
  table.print(stdout);
  if (across) axes.push_back(axis_named(*reader, *across));
  if (const auto averaged = averaged_axes(*reader, group_rows(*reader, axes, filter)); !averaged.empty())
    fmt::print("\nmeans over {}, not over seeds alone: see --by and --where\n", fmt::join(averaged, ", "));
  return kAllDone;
}

int digest_command(const Context& context) {
  Flags flags("digest", {"FILE"});
  if (!flags.parse(context.arguments)) return kAllDone;
  fmt::print("{}\n", store::digest(*store::Reader::open(flags.argument("FILE"))).hex());
  return kAllDone;
}

}  // namespace windrow::cli
