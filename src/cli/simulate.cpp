// windrow simulate and windrow jobs: one simulation, or the input of one.
#include <fmt/format.h>

#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "cli/command.hpp"
#include "cli/one_config.hpp"
#include "cli/table.hpp"
#include "windrow/kernel/error.hpp"
#include "windrow/kernel/text.hpp"
#include "windrow/simulator/output.hpp"
#include "windrow/store/result_file.hpp"
#include "windrow/sweep/plan.hpp"
#include "windrow/sweep/record.hpp"
#include "windrow/training/training.hpp"

namespace windrow::cli {

namespace {

std::string cell_text(const ColumnData& column, std::size_t row) {
  return std::visit(
      [row](const auto& values) -> std::string {
        const auto& value = values[row];
        using T = std::decay_t<decltype(value)>;
        if constexpr (std::is_same_v<T, double>)
          return std::isnan(value) ? "" : to_text(value);
        else if constexpr (std::is_same_v<T, std::string>)
          return value;
        else
          return std::to_string(value);
      },
      column);
}

void write_csv(const std::string& path, const Table& table, const TableData& data) {
  std::FILE* file = std::fopen(path.c_str(), "w");
  if (file == nullptr) throw InputError(fmt::format("{}: cannot write: {}", path, std::strerror(errno)));
  std::string text;
  for (std::size_t c = 0; c < table.columns.size(); ++c) {
    if (c > 0) text += ',';
    text += table.columns[c].name;
  }
  text += '\n';
  for (std::size_t row = 0; row < data.rows(); ++row) {
    for (std::size_t c = 0; c < data.columns.size(); ++c) {
      if (c > 0) text += ',';
      text += csv_cell(cell_text(data.columns[c], row));
    }
    text += '\n';
  }
  const bool written = std::fwrite(text.data(), 1, text.size(), file) == text.size();
  if (std::fclose(file) == 0 && written) return;
  const int reason = errno;
  std::remove(path.c_str());  // a part must not be taken for the whole
  throw InputError(fmt::format("{}: cannot write: {}", path, std::strerror(reason)));
}

void write_tables(const std::string& folder, const Description& description, const PointOutput& output) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) throw InputError(fmt::format("--tables {}: cannot make the folder: {}", folder, error.message()));
  const auto write = [&](const Table& table, const TableData& data) {
    const bool kept = !data.columns.empty(), other_may_have_rows = !table.csv.empty();
    if (!kept || (other_may_have_rows && data.rows() == 0)) return;
    write_csv(fmt::format("{}/{}.csv", folder, table.csv.empty() ? table.name : table.csv), table, data);
  };
  for (std::size_t t = 0; t < description.tables.size(); ++t) write(*description.tables[t], output.tables[t]);
  for (std::size_t s = 0; s < description.series.size(); ++s) write(*description.series[s], output.series[s]);
}

void print_json(const Description& description, const PointOutput& output, sweep::PointStatus status) {
  nlohmann::ordered_json metrics = nlohmann::ordered_json::object();
  for (std::size_t m = 0; m < output.metrics.size(); ++m) {
    const double value = output.metrics[m];
    metrics[std::string(description.metrics[m]->name)] =
        std::isfinite(value) ? nlohmann::ordered_json(value) : nlohmann::ordered_json(nullptr);
  }
  nlohmann::ordered_json all;
  all["metrics"] = std::move(metrics);
  all["status"] = sweep::to_string(status);
  if (!output.message.empty()) all["message"] = output.message;
  all["simulator"] = description.name;
  fmt::print("{}\n", all.dump(1));
}

void print_text(const Description& description, const PointOutput& output, sweep::PointStatus status) {
  TextTable table({"metric", "value", "unit", "description"});
  for (std::size_t m = 0; m < output.metrics.size(); ++m) {
    const Metric& metric = *description.metrics[m];
    table.add({std::string(metric.name), std::isnan(output.metrics[m]) ? "-" : to_text(output.metrics[m]),
               std::string(metric.unit == "1" ? "" : metric.unit), std::string(metric.description)});
  }
  table.print(stdout);
  fmt::print("status: {}{}\n", sweep::to_string(status), output.message.empty() ? "" : ": " + output.message);
}

/// A result file with this one point, as a sweep without axes would make it.
void write_result_file(const std::string& path, const OneConfig& config, const PointOutput& output,
                       store::Existing existing) {
  const sweep::Plan plan =
      sweep::Plan::of_one_point(std::filesystem::path(path).stem().string(), *config.simulator, config.text);
  const auto file = store::ResultFile::open(path, plan, existing);
  if (file->status(0) == sweep::PointStatus::ok || file->status(0) == sweep::PointStatus::saturated) return;
  sweep::PointRecord record;
  record.status = output.outcome == Outcome::ok ? sweep::PointStatus::ok : sweep::PointStatus::saturated;
  record.message = output.message;
  record.output = encode(output);
  file->append({&record, 1});
  file->finish();
}

void print_failure(const Description& description, const std::string& message, bool json) {
  if (json) {
    PointOutput nothing;
    nothing.message = message;
    print_json(description, nothing, sweep::PointStatus::failed);
  }
  tell(fmt::format("failed: {}", message));
}

}  // namespace

int simulate_command(const Context& context) {
  Flags flags("simulate", {"CONFIG.yaml"});
  flags.list("set", "PATH=VALUE", "overrides a key of the file")
      .value<std::string>("simulator", "NAME", "which simulator, where neither the file says so nor its keys")
      .choices("simulator", context.catalog.names())
      .flag("json", "prints one JSON object: {\"metrics\": {…}, \"status\": …}")
      .value<std::string>("tables", "DIR", "writes each table and series as DIR/NAME.csv")
      .value<std::string>("output,o", "FILE", "keeps metrics, tables and series in a result file")
      .flag("fresh", "with -o: an existing file is kept aside as FILE.old")
      .flag("timeline", "keeps every event, for simulators that have a timeline");
  if (!flags.parse(context.arguments)) return kAllDone;
  const OneConfig config = read_one_config(context.catalog, flags.argument("CONFIG.yaml"), flags.list_of("set"),
                                           flags.get<std::string>("simulator").value_or(""));
  const Description& description = config.simulator->describe();
  const auto folder = flags.get<std::string>("tables");
  const auto file = flags.get<std::string>("output");
  if (file && file->empty()) throw InputError("--output: expected the name of a file, found nothing");
  const bool json = flags.has("json");

  PointOutput output;
  try {
    const Keep tables = flags.has("timeline") ? Keep::all() : Keep::without_timelines(description);
    output = simulate(*config.simulator, config::parse_canonical(config.text), folder || file ? tables : Keep{});
  } catch (const PointError& error) {
    print_failure(description, error.what(), json);
    return kSomeFailed;
  } catch (const std::bad_alloc&) {
    print_failure(description, "out of memory", json);
    return kSomeFailed;
  }
  if (folder) write_tables(*folder, description, output);
  if (file)
    write_result_file(*file, config, output, flags.has("fresh") ? store::Existing::fresh : store::Existing::resume);
  const auto status = output.outcome == Outcome::ok ? sweep::PointStatus::ok : sweep::PointStatus::saturated;
  json ? print_json(description, output, status) : print_text(description, output, status);
  return kAllDone;
}

int jobs_command(const Context& context) {
  Flags flags("jobs", {"CONFIG.yaml"});
  flags.list("set", "PATH=VALUE", "overrides a key of the file").count("limit", "only the first N jobs");
  if (!flags.parse(context.arguments)) return kAllDone;
  const OneConfig config =
      read_one_config(context.catalog, flags.argument("CONFIG.yaml"), flags.list_of("set"), "training");
  const auto jobs = training::list_jobs(config::parse_canonical(config.text), flags.count_of("limit"));
  fmt::print("job_id,arrival,job_type,scale_factor,duration,total_steps,priority,slo\n");
  const auto optional_text = [](const std::optional<double>& value) { return value ? to_text(*value) : std::string(); };
  for (std::size_t id = 0; id < jobs.size(); ++id) {
    const auto& job = jobs[id];
    fmt::print("{},{},{},{},{},{},{},{}\n", id, to_text(job.arrival_s), csv_cell(job.job_type), job.scale_factor,
               optional_text(job.duration_s), to_text(job.total_steps), to_text(job.priority), optional_text(job.slo));
  }
  return kAllDone;
}

}  // namespace windrow::cli
