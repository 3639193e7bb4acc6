// windrow status: how far a sweep is, from its file and journal.
#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <memory>

#include "cli/command.hpp"
#include "cli/progress_view.hpp"
#include "cli/screen.hpp"
#include "cli/slurm.hpp"
#include "windrow/kernel/error.hpp"
#include "windrow/kernel/text.hpp"
#include "windrow/store/progress.hpp"

namespace windrow::cli {

namespace {

double unix_s() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

void print_status(const ProgressView& view) {
  bool first = true;
  for (const ProgressView::Block& block : view.report()) {
    if (!first) fmt::print("\n");
    first = false;
    for (const std::string& line : block) fmt::print("{}\n", line);
  }
}

/// Until no run writes the file any more, or a signal comes; then what was seen last stays on the terminal. In a pipe
/// or a file there is a report each time instead.
int watch(store::Progress& progress, const std::string& path, double interval_s) {
  const bool in_place = Screen::on_terminal();
  auto screen = std::make_unique<Screen>();
  AxisNumbers numbers;
  bool more = true, first = true;
  while (true) {
    // Who writes is asked before the results are read: the last ones of a run that ends in between are not missed.
    const bool last = !more || !progress.being_written();
    progress.refresh();
    const ProgressView view(progress, numbers, path, unix_s());
    if (last) screen = nullptr;
    if (last || !in_place) {
      if (!first && !in_place) fmt::print("\n");
      print_status(view);
      std::fflush(stdout);
    } else {
      screen->draw(view.screen(screen->width(), screen->height()));
    }
    if (last) return view.exit_status();
    first = false;
    more = screen->wait(interval_s);
  }
}

constexpr double kInterval_s = 1, kIntervalInPipe_s = 10, kShortest_s = 0.1, kLongest_s = 86400;

}  // namespace

int status_command(const Context& context) {
  Flags flags("status", {"FILE"});
  flags.flag("watch", "shows it again and again until the run has ended; exits like it")
      .value<double>("interval", "S", "seconds between two looks: 1 on a terminal, else 10")
      .flag("quiet", "prints nothing; exits with 0 only if the sweep is complete");
  if (!flags.parse(context.arguments)) return kAllDone;
  const auto interval = flags.get<double>("interval");
  if (interval && !flags.has("watch")) throw InputError("--interval: has a meaning with --watch alone");
  if (interval && !(*interval >= kShortest_s && *interval <= kLongest_s))
    throw InputError(fmt::format("--interval: expected a number of seconds within {} .. {}, found {}",
                                 to_text(kShortest_s), to_text(kLongest_s), to_text(*interval)));
  if (flags.has("watch") && flags.has("quiet"))
    throw InputError("--quiet: prints nothing, so there is nothing to --watch");
  const std::string path = flags.argument("FILE");
  const auto progress = store::Progress::open(path);
  if (flags.has("watch"))
    return watch(*progress, path, interval.value_or(Screen::on_terminal() ? kInterval_s : kIntervalInPipe_s));
  AxisNumbers numbers;
  const ProgressView view(*progress, numbers, path, unix_s());
  if (flags.has("quiet")) return view.exit_status();
  print_status(view);
  print_slurm_jobs(path);
  return kAllDone;
}

}  // namespace windrow::cli
