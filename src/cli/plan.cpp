// windrow plan: what a sweep would do. Runs a few points to predict time and size; writes nothing.
#include "windrow/sweep/plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <thread>

#include "cli/command.hpp"
#include "cli/table.hpp"
#include "windrow/exec/run.hpp"
#include "windrow/kernel/error.hpp"
#include "windrow/store/result_file.hpp"

namespace windrow::cli {

namespace {

constexpr double kSampleLimitS = 3;
constexpr double kOverheadS = 25e-6;          // per point: sandbox, journal, fold (docs/performance.md)
constexpr double kBytesPerPoint = 260;        // row of /points beside the metrics: axes, id, provenance
constexpr double kCompressedFraction = 0.55;  // tables and series are stored deflated

/// A few points run for their cost alone.
class Sample final : public exec::Work {
 public:
  Sample(const sweep::Plan& plan, std::vector<std::uint64_t> indices) : plan_(plan), indices_(std::move(indices)) {}
  std::uint64_t size() const override { return indices_.size(); }
  bool done(std::uint64_t) const override { return false; }
  std::uint32_t attempts(std::uint64_t) const override { return 0; }
  std::string config_text(std::uint64_t i) const override { return plan_.point(indices_[i]).text; }
  double cost_hint(std::uint64_t i) const override { return plan_.cost_hint(indices_[i]); }
  std::uint64_t cost_group(std::uint64_t i) const override { return i; }
  std::string label(std::uint64_t i) const override { return plan_.label(indices_[i]); }
  void accept(std::span<const sweep::PointRecord> records) override {
    for (const sweep::PointRecord& record : records) {
      if (record.status == sweep::PointStatus::failed) {
        failure = record.message;
        continue;
      }
      ++measured;
      wall_s += record.provenance.wall_s;
      hints += cost_hint(record.index);
      bytes += static_cast<double>(record.output.size());
    }
  }
  void housekeeping() override {}

  std::uint64_t measured = 0;
  double wall_s = 0, hints = 0, bytes = 0;
  std::string failure;

 private:
  const sweep::Plan& plan_;
  std::vector<std::uint64_t> indices_;
};

/// What an existing result file holds of a plan.
struct Held {
  bool file_exists = false;
  std::uint64_t rows = 0, known = 0, done = 0;  ///< all rows; points of the plan with a row; with a result
  std::vector<bool> has_result;                 ///< by the plan's index; empty without a file
};

Held held(const std::string& path, const sweep::Plan& plan) {
  Held held;
  if (!std::filesystem::exists(path)) return held;
  held.file_exists = true;
  const auto reader = store::Reader::open(path);
  held.rows = reader->rows();
  std::map<Digest128, bool> has_result;
  for (std::uint64_t row = 0; row < reader->rows(); ++row) {
    const auto status = reader->statuses()[row];
    has_result[reader->point_id(row)] |= status == sweep::PointStatus::ok || status == sweep::PointStatus::saturated;
  }
  held.has_result.resize(plan.size());
  for (std::uint64_t i = 0; i < plan.size(); ++i) {
    const auto row = has_result.find(plan.point(i).id);
    if (row == has_result.end()) continue;
    ++held.known;
    held.done += row->second;
    held.has_result[i] = row->second;
  }
  return held;
}

std::string held_text(const Held& held, const sweep::Plan& plan) {
  if (!held.file_exists) return "does not exist yet";
  if (held.known == 0 && held.rows > 0)
    return fmt::format(
        "its {} points are not of this sweep; `windrow run` goes on with it only if they differ by axis "
        "values alone",
        held.rows);
  return fmt::format("{} of {} points done", held.done, plan.size());
}

std::string values_text(const sweep::Axis& axis) {
  constexpr std::size_t kShown = 6;
  std::string text;
  for (std::size_t v = 0; v < axis.values.size(); ++v) {
    if (axis.values.size() > kShown && v == kShown - 2) {
      text += ", … , " + sweep::to_text(axis.values.back());
      break;
    }
    text += (v > 0 ? ", " : "") + sweep::to_text(axis.values[v]);
  }
  return text;
}

}  // namespace

int plan_command(const Context& context) {
  Flags flags("plan", {"SWEEP.yaml"});
  flags.value<std::string>("output,o", "FILE", "the result file to look at; results/NAME.h5 without it")
      .value<int>("jobs,j", "N", "workers to predict the time for; one per core without it")
      .list("set", "PATH=VALUE", "overrides a key of the base configuration")
      .list("only", "AXIS=VALUE", "counts only these points")
      .flag("points", "lists every point: index, id, axis values")
      .flag("no-sample", "runs nothing: no prediction");
  if (!flags.parse(context.arguments)) return kAllDone;
  config::Problems problems;
  const sweep::Plan plan = sweep::Plan::load(flags.argument("SWEEP.yaml"), context.catalog,
                                             {flags.list_of("set"), flags.list_of("only")}, problems);
  problems.throw_if_any();
  if (const int workers = flags.get<int>("jobs").value_or(1); workers < 1)
    throw InputError(fmt::format("-j: expected a number of workers of at least 1, found {}", workers));
  const std::string path = result_path(flags, plan.name());

  if (flags.has("points")) {
    for (std::uint64_t i = 0; i < plan.size(); ++i)
      if (plan.selected(i)) fmt::print("{} {} {}\n", i, plan.point(i).id.hex(), plan.label(i));
    return kAllDone;
  }

  const Held in_file = held(path, plan);
  std::uint64_t selected = 0;
  double hints = 0;
  std::vector<std::uint64_t> to_run;
  for (std::uint64_t i = 0; i < plan.size(); ++i) {
    if (!plan.selected(i)) continue;
    ++selected;
    if (in_file.file_exists && in_file.has_result[i]) continue;
    hints += plan.cost_hint(i);
    to_run.push_back(i);
  }
  fmt::print("sweep {}: {} of simulator {}\n\n", plan.name(), counted(plan.size(), "point"),
             plan.simulator().describe().name);
  TextTable axes({"axis", "values", ""});
  for (const sweep::Axis& axis : plan.axes())
    axes.add({axis.name, std::to_string(axis.values.size()), values_text(axis)});
  axes.print(stdout, 2);
  if (selected != plan.size()) fmt::print("\nchosen by --only: {}\n", counted(selected, "point"));
  fmt::print("\nresult file: {} ({})\n", path, held_text(in_file, plan));
  if (to_run.empty()) fmt::print("nothing is left to run\n");
  if (flags.has("no-sample") || to_run.empty()) return kAllDone;

  // Cheap, middling and dear points by their hints, so that the scale from hint to seconds is measured across the
  // range.
  std::stable_sort(to_run.begin(), to_run.end(), [&](auto a, auto b) { return plan.cost_hint(a) < plan.cost_hint(b); });
  std::vector<std::uint64_t> picks;
  for (const double quantile : {0.1, 0.3, 0.5, 0.7, 0.9})
    picks.push_back(to_run[static_cast<std::size_t>(quantile * static_cast<double>(to_run.size()))]);
  picks.erase(std::unique(picks.begin(), picks.end()), picks.end());
  Sample sample(plan, picks);
  exec::Options options;
  options.quiet = true;
  options.local_workers = flags.get<int>("jobs").value_or(0);
  options.limits.wall_s = kSampleLimitS;
  options.keep = plan.keep();
  const exec::Summary summary = context.launch->run(plan.simulator(), sample, options);
  if (sample.measured == 0) {
    fmt::print("prediction: none, {} sample points did not finish ({})\n", picks.size(), sample.failure);
    return kAllDone;
  }
  const double total_s =
      hints * sample.wall_s / std::max(sample.hints, 1e-300) + kOverheadS * static_cast<double>(to_run.size());
  const auto metrics = static_cast<double>(plan.simulator().describe().metrics.size());
  const double per_point =
      kBytesPerPoint + 8 * metrics +
      kCompressedFraction * std::max(0.0, sample.bytes / static_cast<double>(sample.measured) - 8 * metrics);
  fmt::print("prediction from {}: {} on {} ({} of simulation), file of {}\n", counted(sample.measured, "sample point"),
             duration_text(total_s / summary.workers), counted(static_cast<std::uint64_t>(summary.workers), "worker"),
             duration_text(total_s), bytes_text(per_point * static_cast<double>(plan.size())));
  return kAllDone;
}

}  // namespace windrow::cli
