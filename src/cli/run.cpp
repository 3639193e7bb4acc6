// windrow run: plan → result file → engine → summary.
#include "windrow/exec/run.hpp"

#include <fmt/format.h>

#include <cmath>
#include <filesystem>
#include <map>
#include <system_error>
#include <utility>

#include "cli/command.hpp"
#include "cli/plan_work.hpp"
#include "cli/summary.hpp"
#include "cli/supervise.hpp"
#include "windrow/kernel/error.hpp"
#include "windrow/store/result_file.hpp"
#include "windrow/sweep/plan.hpp"

namespace windrow::cli {

namespace {

constexpr std::uint64_t kListedFailures = 10;
constexpr std::uint64_t kLargestSummary =
    200'000;  // points; a table of more says less than `windrow show` with a filter

exec::Options engine_options(const Flags& flags, const sweep::Plan& plan) {
  exec::Options options;
  options.name = plan.name();
  const int workers = flags.get<int>("jobs").value_or(0);
  if (flags.has("jobs") && (workers < 1 || workers > 4096))
    throw InputError(fmt::format("-j: expected a number of workers within 1 .. 4096, found {}", workers));
  options.local_workers = workers;
  options.sandbox = !flags.has("no-sandbox");
  options.quiet = flags.has("quiet");
  options.limits.wall_s = flags.limit_of("time-limit");
  if (const auto mib = flags.limit_of("memory-limit"))
    options.limits.memory_bytes = static_cast<std::uint64_t>(*mib * 1024 * 1024);
  options.keep = plan.keep();
  return options;
}

/// The words of a command as a shell would take them apart, but for variables and patterns.
std::vector<std::string> shell_words(const std::string& text) {
  std::vector<std::string> words;
  std::string word;
  bool inside = false;
  char quote = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quote == 0 && (c == ' ' || c == '\t' || c == '\n')) {
      if (std::exchange(inside, false)) words.push_back(std::exchange(word, ""));
      continue;
    }
    inside = true;
    if (quote == 0 && (c == '"' || c == '\'')) {
      quote = c;
    } else if (c == quote) {
      quote = 0;
    } else if (c == '\\' && quote != '\'' && i + 1 < text.size()) {
      word += text[++i];
    } else {
      word += c;
    }
  }
  if (quote != 0) throw InputError(fmt::format("--launcher: a quotation mark without its end: {}", text));
  if (inside) words.push_back(word);
  if (words.empty() || words.front().empty()) throw InputError("--launcher: expected a command, found nothing");
  return words;
}

Standing standing_of(const sweep::Plan& plan, const std::string& path) {
  Standing standing;
  std::map<Digest128, sweep::PointStatus> statuses;
  if (std::filesystem::exists(path)) {
    const auto reader = store::Reader::open(path);
    for (std::uint64_t row = 0; row < reader->rows(); ++row)
      statuses.emplace(reader->point_id(row), reader->statuses()[row]);
  }
  for (std::uint64_t index = 0; index < plan.size(); ++index) {
    if (!plan.selected(index)) continue;
    const auto found = statuses.find(plan.point(index).id);
    const sweep::PointStatus status = found == statuses.end() ? sweep::PointStatus::pending : found->second;
    standing.failed += status == sweep::PointStatus::failed ? 1 : 0;
    standing.results += status == sweep::PointStatus::failed || sweep::has_result(status) ? 1 : 0;
    standing.left += status == sweep::PointStatus::failed || sweep::is_settled(status) ? 0 : 1;
  }
  return standing;
}

/// The same command for each rank, but for what the supervisor sees to itself.
int run_supervised(const Flags& flags, const sweep::Plan& plan, const std::string& path) {
  Job job;
  const auto ranks = flags.count_of("ranks");
  if (const auto launcher = flags.get<std::string>("launcher")) {
    job.launcher = shell_words(*launcher);
    if (ranks) job.launcher.insert(job.launcher.end(), {"-n", std::to_string(*ranks)});
  } else {
    job.launcher = mpirun_launcher(*ranks);
  }
  job.command = {std::filesystem::read_symlink("/proc/self/exe").string(),
                 "run",
                 flags.argument("SWEEP.yaml"),
                 "--output",
                 path,
                 "--supervised"};
  for (const char* name : {"set", "only"})
    for (const std::string& value : flags.list_of(name))
      job.command.insert(job.command.end(), {fmt::format("--{}", name), value});
  for (const char* name : {"time-limit", "memory-limit"})
    if (const auto value = flags.get<double>(name))
      job.command.insert(job.command.end(), {fmt::format("--{}", name), fmt::format("{}", *value)});
  if (const auto shard = flags.get<std::string>("shard")) job.command.insert(job.command.end(), {"--shard", *shard});
  for (const char* name : {"no-sandbox", "quiet"})
    if (flags.has(name)) job.command.push_back(fmt::format("--{}", name));
  job.result_path = path;
  job.limit = flags.count_of("limit");
  job.fresh = flags.has("fresh");
  job.standing = [&plan, path] { return standing_of(plan, path); };
  return supervise(job);
}

void list_failures(const store::Reader& reader) {
  std::uint64_t failures = 0;
  for (std::uint64_t row = 0; row < reader.rows(); ++row) {
    if (reader.statuses()[row] != sweep::PointStatus::failed) continue;
    if (failures++ >= kListedFailures) continue;
    tell(fmt::format("failed: {}: {}", label_of(reader, row), reader.message(row)));
  }
  if (failures > kListedFailures)
    tell(fmt::format("… and {} more failed points (windrow status FILE lists them)", failures - kListedFailures));
}

void print_warnings(store::ResultFile& file) {
  for (const std::string& warning : file.take_warnings()) tell("warning: " + warning);
}

/// Who wins where: the first metric by policy if policies are compared, else a row per combination.
void print_summary(const store::Reader& reader) {
  if (reader.rows() > kLargestSummary || reader.metrics().empty()) return;
  const RowFilter all(reader, {});
  const std::vector<std::size_t> axes = varied_axes(reader);
  std::optional<std::size_t> across;
  for (const std::size_t axis : axes)
    if (reader.axes()[axis].name == "policy") across = axis;
  const auto& first = reader.metrics()[0];
  if (across) {
    fmt::print("\n{} [{}]: {}; mean over seeds ± 95 % interval, * best\n\n", first.name, first.unit, first.description);
    pivot_table(reader, axes, *across, 0, all, false).print(stdout, 2);
  } else {
    std::vector<std::size_t> metrics;
    for (std::size_t m = 0; m < std::min<std::size_t>(4, reader.metrics().size()); ++m) metrics.push_back(m);
    fmt::print("\n");
    long_table(reader, axes, metrics, all, false).print(stdout, 2);
  }
}

void print_knees(const sweep::Plan& plan, const std::vector<sweep::Adaptive::Knee>& knees) {
  if (knees.empty()) return;
  const sweep::KneeRule& rule = *plan.rules().knee;
  const Metric& metric = *plan.simulator().describe().metrics[rule.metric];
  const std::string& axis = plan.axes()[rule.axis].name;
  fmt::print("\nhighest {} with {} {} {} {}\n\n", axis, metric.name, rule.at_most ? "at most" : "at least",
             short_number(rule.at_most ? *rule.at_most : *rule.at_least), metric.unit == "1" ? "" : metric.unit);
  TextTable table({"", axis, std::string(metric.name)});
  for (const sweep::Adaptive::Knee& knee : knees)
    table.add(
        {knee.line, knee.value ? sweep::to_text(*knee.value) : "none", knee.value ? short_number(knee.mean) : "-"});
  table.print(stdout, 2);
}

void print_outcome(const sweep::Plan& plan, const SweepWork& work, const std::string& path,
                   const exec::Summary& summary, std::uint64_t left) {
  const auto reader = store::Reader::open(path);
  list_failures(*reader);
  print_summary(*reader);
  print_knees(plan, work.knees());
  const std::uint64_t run_now = summary.ok + summary.saturated + summary.failed;
  if (run_now == 0 && left == 0) {
    fmt::print("\n{}: nothing was left to run → {}\n", plan.name(), path);
    return;
  }
  const double rate = static_cast<double>(run_now) / std::max(summary.wall_s, 1e-9);
  const double busy = summary.worker_busy_s / std::max(summary.wall_s * summary.workers, 1e-9);
  fmt::print("\n{}: {} run in {} ({} points/s; {} {:.1f} % busy){}{}{} → {}\n", plan.name(), counted(run_now, "point"),
             duration_text(summary.wall_s), short_number(rate),
             counted(static_cast<std::uint64_t>(summary.workers), "worker"), 100 * busy,
             summary.saturated > 0 ? fmt::format(", {} saturated", summary.saturated) : "",
             summary.failed > 0 ? fmt::format(", {} failed", summary.failed) : "",
             left > 0 ? fmt::format(", {} left: the same command goes on", left) : "", path);
}

}  // namespace

int run_command(const Context& context) {
  Flags flags("run", {"SWEEP.yaml"});
  flags.value<std::string>("output,o", "FILE", "the result file; results/NAME.h5 without it")
      .value<int>("jobs,j", "N", "local workers; one per core without it (ignored under MPI)")
      .count("ranks,n",
             "starts mpirun with N ranks, and starts it again when one of them dies: at most 3 times in a row without "
             "a new result")
      .value<std::string>("launcher", "COMMAND",
                          "the same with another command than mpirun: --launcher 'srun --mpi=pmix'")
      .list("set", "PATH=VALUE", "overrides a key of the base configuration")
      .list("only", "AXIS=VALUE", "runs only these points: AXIS=V1,V2 or AXIS<V")
      .value<std::string>("shard", "K/N",
                          "runs every N-th point from the K-th on; results/NAME.shard-K-of-N.h5 without -o (windrow "
                          "merge joins them)")
      .count("limit", "runs at most N points this time, then exits with 3 if any are left")
      .flag("fresh", "begins anew; an existing result file is kept aside as FILE.old")
      .value<double>("time-limit", "S", "seconds of wall time that a point may take")
      .value<double>("memory-limit", "MIB", "MiB of address space that a worker's sandbox may use")
      .flag("no-sandbox", "runs simulators inside the worker, for debuggers: a crash ends the sweep")
      .flag("quiet", "prints neither progress nor summary")
      .hidden("supervised");
  if (!flags.parse(context.arguments)) return kAllDone;

  const auto limit = flags.count_of("limit");
  config::Problems problems;
  const sweep::Overrides overrides{flags.list_of("set"), flags.list_of("only"), shard_of(flags)};
  const sweep::Plan plan = sweep::Plan::load(flags.argument("SWEEP.yaml"), context.catalog, overrides, problems);
  problems.throw_if_any();
  exec::Options options = engine_options(flags, plan);
  const std::string path = result_path(flags, plan.name(), overrides.shard);
  if (flags.has("ranks") || flags.has("launcher")) {
    const char* const which = flags.has("ranks") ? "-n" : "--launcher";
    if (context.launch->ranks() > 1)
      throw InputError(fmt::format("{}: these are {} ranks already: without {} they run the sweep", which,
                                   context.launch->ranks(), which));
    if (flags.has("jobs")) throw InputError(fmt::format("{}: cannot be combined with -j, local workers", which));
    return run_supervised(flags, plan, path);
  }
  if (flags.has("supervised")) options.supervised = supervised_by(path);

  const auto file =
      store::ResultFile::open(path, plan, flags.has("fresh") ? store::Existing::fresh : store::Existing::resume);
  print_warnings(*file);
  const auto work = make_work(plan, *file, limit);
  exec::Summary summary;
  try {
    summary = context.launch->run(plan.simulator(), *work, options);
    file->finish();
  } catch (const InputError& error) {  // a full disk: what was acknowledged is safe, so this is no wrong input any more
    tell(error.what());
    return kStoppedEarly;
  }
  print_warnings(*file);

  const std::uint64_t left = summary.left + work->held_back();
  if (!options.quiet) {
    try {
      print_outcome(plan, *work, path, summary, left);
    } catch (const std::system_error& error) {
      if (error.code() != std::errc::broken_pipe) throw;  // `windrow run … | head`: the sweep's status is what counts
    }
  }
  if (summary.stopped || left > 0) return kStoppedEarly;
  return summary.failed > 0 ? kSomeFailed : kAllDone;
}

}  // namespace windrow::cli
