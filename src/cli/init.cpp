// windrow init: a sweep file to start from, made of what the simulator declares.
#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>

#include "cli/command.hpp"
#include "cli/table.hpp"
#include "windrow/kernel/error.hpp"
#include "windrow/kernel/text.hpp"

namespace windrow::cli {

namespace {

/// What is worth varying first, chosen by hand: some seconds of work that show something. A simulator that is not here
/// begins with the first of its keys that has choices.
struct Start {
  std::string simulator, config;
  std::vector<std::pair<std::string, std::string>> axes;
};
const std::vector<Start>& starts() {
  static const std::vector<Start> all{
      {"training",
       "configs/training/osdi20.yaml",
       {{"policy", "[fifo, fifo_perf, gandiva]"},
        {"arrival_rate", "[0.4, 1.2, 2.0]"},
        {"seed", "{from: 0, count: 2}"}}},
      {"spot",
       "configs/spot/strategies.yaml",
       {{"strategy", "[checkpoint_restart, morphing, redundant]"},
        {"availability.removal_probability", "[0.05, 0.10, 0.20]"},
        {"seed", "{from: 1, count: 3}"}}},
      {"dispatch", "", {{"workers", "[100, 10000, 100000]"}, {"point_s", "[0.1, 1]"}, {"seed", "{from: 0, count: 2}"}}},
      {"empty", "", {{"work_s", "[0.001, 0.01]"}, {"seed", "{from: 0, count: 5}"}}},
  };
  return all;
}

Start start_of(const Description& description) {
  for (const Start& start : starts())
    if (start.simulator == description.name) return start;
  Start start{description.name, "", {}};
  for (const config::KeyInfo& key : description.config.keys())
    if (!key.names.empty() && start.axes.empty())
      start.axes.emplace_back(key.path, fmt::format("[{}]", fmt::join(key.names, ", ")));
  if (description.config.has("seed")) start.axes.emplace_back("seed", "{from: 0, count: 3}");
  return start;
}

std::string first_line(const std::string& text) {
  return text.substr(0, text.find('\n'));
}

std::string comment_of(const config::KeyInfo& key) {
  return fmt::format("{}{}", first_line(key.help), key.limit.empty() ? "" : fmt::format(" ({})", key.limit));
}

/// A line of `set` can be made of it that leaves everything as it is.
bool can_be_set(const config::Schema& schema, const config::KeyInfo& key, const Start& start) {
  for (const auto& axis : start.axes)
    if (axis.first == key.path || schema.find(axis.first)->alternative_of == key.path) return false;
  return key.alternative_of.empty() && !key.default_text.empty() && key.path.find("[]") == std::string::npos;
}

template <class Declared>
void append_kept(std::string& text, std::string_view kind, const std::vector<Declared>& declared) {
  for (const auto* one : declared) text += fmt::format("#   {:<8}{:<16}{}\n", kind, one->name, one->description);
}

std::string sweep_text(const Description& description, const std::string& name, const std::string& path) {
  const Start start = start_of(description);
  std::string text = fmt::format(
      "# A sweep of simulator {}: {}.\n#\n"
      "#   windrow plan {}: what would run\n"
      "#   windrow run {}: runs it; started again, it goes on where it stopped\n"
      "#   windrow help sweep-file: all that can stand here\n"
      "name: {}   # the results go to results/{}.h5\nsimulator: {}\n",
      description.name, first_line(description.help), path, path, name, name, description.name);
  if (!start.config.empty())
    text += fmt::format("config: {}   # comes with Windrow; may as well be a file of your own, beside this one\n",
                        start.config);
  text += fmt::format(
      "\n# What varies: the sweep is the product of the axes. Every key can be one (windrow describe {}).\naxes:\n",
      description.name);
  for (const auto& [path_of_key, values] : start.axes) {
    const config::KeyInfo* key = description.config.find(path_of_key);
    WINDROW_CHECK(key != nullptr, "{} has no key {}", description.name, path_of_key);
    text += fmt::format("  # {}\n  {}: {}\n", comment_of(*key), path_of_key, values);
  }
  text += "\n# Combinations that are left out:\n# skip: [\"" + start.axes.front().first + "=… " +
          start.axes.back().first + ">…\"]\n";
  if (!description.tables.empty() || !description.series.empty()) {
    text += "\n# Kept beside the metrics, for each point: none of\n";
    append_kept(text, "table", description.tables);
    append_kept(text, "series", description.series);
    text += "output: {tables: [], series: []}\n";
  }
  text +=
      "\n# Overrides for all points. These are the keys, with what they are where neither this file nor `config` says "
      "anything:\n# set:\n";
  for (const config::KeyInfo& key : description.config.keys())
    if (can_be_set(description.config, key, start))
      text += fmt::format("#   {}: {}   # {}\n", key.path, key.default_text, comment_of(key));
  text += "\n# Metrics in the result file:\n";
  for (const Metric* metric : description.metrics)
    text += fmt::format("#   {}{}: {}\n", metric->name, metric->unit == "1" ? "" : fmt::format(" [{}]", metric->unit),
                        metric->description);
  return text;
}

/// A name that a sweep can have, of a file's.
std::string sweep_name(const std::string& path) {
  std::string name = std::filesystem::path(path).stem().string();
  for (char& c : name) {
    const auto letter = static_cast<unsigned char>(c);
    if ((std::isalnum(letter) == 0 || letter > 127) && c != '-' && c != '_' && c != '.') c = '-';
  }
  return name.empty() || name.front() == '.' ? "sweep" : name;
}

/// Refuses a name that is taken, be it by a moment.
void write_new(const std::string& path, const std::string& text) {
  const auto close = [](std::FILE* file) { std::fclose(file); };
  std::unique_ptr<std::FILE, decltype(close)> file(std::fopen(path.c_str(), "wx"), close);
  if (!file && errno == EEXIST)
    throw InputError(
        fmt::format("{}: this file exists, and windrow init overwrites none; choose another with -o", path));
  if (!file) throw InputError(fmt::format("{}: cannot create this file: {}", path, std::strerror(errno)));
  const bool written = std::fwrite(text.data(), 1, text.size(), file.get()) == text.size();
  if (!written || std::fflush(file.get()) != 0)
    throw InputError(fmt::format("{}: cannot write: {}", path, std::strerror(errno)));
}

}  // namespace

int init_command(const Context& context) {
  const std::vector<std::string> names = context.catalog.names();
  Flags flags("init", {"SIMULATOR?"});
  flags.choices("SIMULATOR", names)
      .value<std::string>("output,o", "SWEEP.yaml", "the new file; SIMULATOR.yaml without it");
  if (!flags.parse(context.arguments)) return kAllDone;
  const std::string name = flags.has("SIMULATOR") ? flags.argument("SIMULATOR") : names.front();
  const Simulator* simulator = context.catalog.find(name);
  if (simulator == nullptr)
    throw InputError(fmt::format("windrow init: unknown simulator '{}'{} (there are {})", name,
                                 did_you_mean(name, names), fmt::join(names, ", ")));
  const std::string path = flags.get<std::string>("output").value_or(name + ".yaml");
  if (path.empty()) throw InputError("--output: expected the name of a file, found nothing");
  write_new(path, sweep_text(simulator->describe(), sweep_name(path), path));
  fmt::print("{}: a sweep of simulator {}. Look at it, then\n\n  windrow plan {}\n  windrow run {}\n", path, name, path,
             path);
  return kAllDone;
}

}  // namespace windrow::cli
