// windrow import: published formats into Windrow's own, and what is in them.
#include <fmt/format.h>

#include <cmath>
#include <cstring>
#include <fstream>
#include <functional>

#include "cli/command.hpp"
#include "cli/table.hpp"
#include "windrow/kernel/error.hpp"
#include "windrow/kernel/text.hpp"
#include "windrow/workload/spot_trace.hpp"

namespace windrow::cli {

namespace {

/// A format that can be read. A new one is one more line in kinds().
struct Kind {
  std::string name, help;
  std::function<void(const Flags&)> run;
};

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw InputError(fmt::format("{}: cannot read: {}", path, std::strerror(errno)));
  std::string text((std::istreambuf_iterator<char>(file)), {});
  if (file.bad()) throw InputError(fmt::format("{}: cannot read: {}", path, std::strerror(errno)));
  return text;
}

void write_file(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary);
  file << text;
  file.close();
  if (!file) throw InputError(fmt::format("{}: cannot write: {}", path, std::strerror(errno)));
}

const std::vector<std::string> kVictims{"oldest", "youngest", "random"};  // in the order of workload::Victim

workload::Victim victim_of(const Flags& flags) {
  const std::string name = flags.get<std::string>("victim").value_or("oldest");
  for (std::size_t i = 0; i < kVictims.size(); ++i)
    if (kVictims[i] == name) return static_cast<workload::Victim>(i);
  throw InputError(
      fmt::format("--victim: expected oldest, youngest or random, found '{}'{}", name, did_you_mean(name, kVictims)));
}

/// Rows of (quantity, value, unit), then the keys of a process that behaves likewise.
void print_statistics(const workload::SpotStatistics& s, bool json) {
  struct Line {
    const char *name, *unit;
    double value;
  };
  const auto count = [](std::int64_t n) { return static_cast<double>(n); };
  const Line lines[] = {
      {"minutes", "min", s.minutes},
      {"count changes", "", count(s.changes)},
      {"additions", "", count(s.additions)},
      {"rows with additions", "", count(s.addition_rows)},
      {"preemptions", "", count(s.terminations)},
      {"rows with preemptions", "", count(s.termination_rows)},
      {"drops of the count", "", count(s.drops)},
      {"rows with drops", "", count(s.drop_rows)},
      {"MTTP", "s", s.interval_mean_s},
      {"TTP std", "s", s.interval_std_s},
      {"time to preemption", "s", s.time_to_preemption_s},
      {"preemptions per minute", "1/min", s.preemptions_per_min},
      {"additions per minute", "1/min", s.additions_per_min},
      {"chance of preemption per minute", "1", s.preemption_chance_per_min},
      {"chance of addition per minute", "1", s.addition_chance_per_min},
      {"probability big addition", "1", s.big_probability},
      {"probability regular addition", "1", s.regular_probability},
      {"regular addition mean", "instances", s.regular_mean},
      {"regular addition std", "instances", s.regular_std},
      {"preemption count mean", "instances", s.preemption_mean},
      {"preemption count std", "instances", s.preemption_std},
  };
  if (json) {
    std::string text = "{";
    for (const Line& line : lines)
      text += fmt::format("{}\n {}: {}", text.size() > 1 ? "," : "", quoted(line.name),
                          std::isfinite(line.value) ? to_text(line.value) : "null");
    fmt::print("{}\n}}\n", text);
    return;
  }
  TextTable table({"quantity", "value", "unit"});
  for (const Line& line : lines)
    table.add({line.name, std::isfinite(line.value) ? to_text(line.value) : "-", line.unit});
  table.print(stdout);
  if (s.termination_rows == 0 || s.addition_rows == 0) return;
  fmt::print(
      "\n# the process that the notebook fits to it (availability.kind: bulk, or strategy: ckpt_tick)\n"
      "preempt: {{chance_per_min: {}, mean: {}, std: {}}}\n"
      "add: {{chance_per_min: {}, mean: {}, std: {}, big_probability: {}}}\n",
      to_text(s.preemption_chance_per_min), to_text(s.preemption_mean), to_text(s.preemption_std),
      to_text(s.addition_chance_per_min), to_text(s.regular_mean), to_text(s.regular_std), to_text(s.big_probability));
}

void import_spot_trace(const Flags& flags) {
  const std::string path = flags.argument("FILE");
  const auto counts = workload::parse_counts(read_file(path), path);
  std::vector<workload::TimedCount> terminations;
  if (const auto list = flags.get<std::string>("terminations"))
    terminations = workload::parse_terminations(read_file(*list), *list);
  const auto victim = victim_of(flags);
  const auto output = flags.get<std::string>("output");
  if (output && output->empty()) throw InputError("--output: expected the name of a file, found nothing");
  if (output) {
    const auto seed = static_cast<std::uint64_t>(flags.get<std::int64_t>("seed").value_or(0));
    write_file(*output, workload::to_text(workload::events_of_counts(counts, victim, seed)));
  }
  print_statistics(workload::statistics_of(counts, terminations), flags.has("json"));
}

const std::vector<Kind>& kinds() {
  static const std::vector<Kind> all{
      {"spot-trace", "numbers of spot instances over time (`timestamp,count`, or a Google Cloud log)",
       import_spot_trace},
  };
  return all;
}

}  // namespace

int import_command(const Context& context) {
  std::vector<std::string> names;
  for (const Kind& kind : kinds()) names.push_back(kind.name);
  Flags flags("import", {"KIND", "FILE"});
  flags.choices("KIND", names)
      .value<std::string>("output,o", "FILE", "writes the trace in Windrow's own format")
      .value<std::string>("terminations", "FILE", "spot-trace: list of terminations, `timestamp,number`")
      .value<std::string>("victim", "WHO", "spot-trace: who goes when the count drops: oldest, youngest or random")
      .choices("victim", kVictims)
      .value<std::int64_t>("seed", "N", "spot-trace: of --victim random")
      .flag("json", "prints one JSON object");
  if (!flags.parse(context.arguments)) return kAllDone;
  const std::string name = flags.argument("KIND");
  for (const Kind& kind : kinds())
    if (kind.name == name) {
      kind.run(flags);
      return kAllDone;
    }
  throw InputError(fmt::format("windrow import: unknown kind '{}'{} (there is {})", name, did_you_mean(name, names),
                               fmt::join(names, ", ")));
}

}  // namespace windrow::cli
