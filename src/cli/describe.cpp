// windrow list and windrow describe: everything here follows from what simulators declare.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "cli/command.hpp"
#include "cli/table.hpp"
#include "windrow/kernel/error.hpp"
#include "windrow/kernel/text.hpp"

namespace windrow::cli {

namespace {

/// One thing that has a name.
struct Entry {
  std::string kind, name, of, help;
};

std::string unit_text(std::string_view unit) {
  return unit.empty() || unit == "1" ? "" : fmt::format(" [{}]", unit);
}

std::vector<Entry> entries(const Catalog& catalog) {
  std::vector<Entry> all;
  for (const auto& simulator : catalog.all()) {
    const Description& d = simulator->describe();
    all.push_back({"simulators", d.name, "", d.help});
    for (const Named& part : d.parts) all.push_back({part.kind, part.name, d.name, part.help});
    for (const Metric* m : d.metrics)
      all.push_back({"metrics", std::string(m->name), d.name, fmt::format("{}{}", m->description, unit_text(m->unit))});
    for (const Table* t : d.tables)
      all.push_back({"tables", std::string(t->name), d.name, std::string(t->description)});
    for (const Series* s : d.series)
      all.push_back({"series", std::string(s->name), d.name, std::string(s->description)});
    for (const config::KeyInfo& key : d.config.keys()) all.push_back({"axes", key.path, d.name, key.help});
  }
  return all;
}

std::string first_line(const std::string& text) {
  return text.substr(0, text.find('\n'));
}

void describe_simulator(const Description& d) {
  fmt::print("{}: simulator, version {}\n{}\n{}", d.name, d.version, d.help,
             d.source.empty() ? "" : "Source: " + d.source + "\n");
  fmt::print("\nKeys (each can be an axis of a sweep):\n");
  TextTable keys({"key", "type", "default", "limit", "help"});
  for (const auto& key : d.config.keys())
    keys.add({key.path, key.type, key.default_text, key.limit,
              key.alternative_of.empty() ? key.help : fmt::format("{} (sets {})", key.help, key.alternative_of)});
  keys.print(stdout, 2);
  fmt::print("\nMetrics:\n");
  TextTable metrics({"metric", "unit", "better", "description"});
  for (const Metric* m : d.metrics)
    metrics.add({std::string(m->name), std::string(m->unit),
                 m->better == Better::lower    ? "lower"
                 : m->better == Better::higher ? "higher"
                                               : "",
                 std::string(m->description)});
  metrics.print(stdout, 2);
  const auto print_table = [](std::string_view kind, const Table& table) {
    fmt::print("\n{} {}: {}\n", kind, table.name, table.description);
    TextTable columns({"column", "unit", "description"});
    for (const Column& column : table.columns)
      columns.add({std::string(column.name), std::string(column.unit), std::string(column.description)});
    columns.print(stdout, 2);
  };
  for (const Table* table : d.tables) print_table("Table", *table);
  for (const Series* series : d.series) print_table("Series", *series);
}

void describe_key(const Description& d, const config::KeyInfo& key) {
  fmt::print("{}: key of simulator {}, {}{}\n{}\n", key.path, d.name, key.type,
             key.default_text.empty() ? ", absent by default" : ", default " + key.default_text, key.help);
  if (!key.limit.empty()) fmt::print("Limit: {}\n", key.limit);
  if (!key.alternative_of.empty()) fmt::print("Another spelling of {}.\n", key.alternative_of);
}

/// Prints everything of that name; how many there were.
int describe_all(const Catalog& catalog, const std::string& name) {
  int found = 0;
  for (const auto& simulator : catalog.all()) {
    const Description& d = simulator->describe();
    if (d.name == name) {
      if (found++ > 0) fmt::print("\n");
      describe_simulator(d);
    }
    for (const Named& part : d.parts) {
      if (part.name != name) continue;
      if (found++ > 0) fmt::print("\n");
      fmt::print("{}: one of the {} of simulator {}\n{}\n{}", part.name, part.kind, d.name, part.help,
                 part.source.empty() ? "" : "Source: " + part.source + "\n");
      for (const auto& key : d.config.keys())
        if (key.path.starts_with(part.name + ".")) describe_key(d, key);
    }
    for (const Metric* m : d.metrics) {
      if (m->name != name) continue;
      if (found++ > 0) fmt::print("\n");
      fmt::print("{}{}: metric of simulator {}\n{}\n{}", m->name, unit_text(m->unit), d.name, m->description,
                 m->better == Better::neither
                     ? ""
                     : fmt::format("{} is better.\n", m->better == Better::lower ? "Lower" : "Higher"));
    }
    const auto print_columns = [&](std::string_view kind, const Table& table) {
      if (table.name != name) return;
      if (found++ > 0) fmt::print("\n");
      fmt::print("{}: {} of simulator {}\n{}\n", table.name, kind, d.name, table.description);
      for (const Column& column : table.columns)
        fmt::print("  {}{}: {}\n", column.name, unit_text(column.unit), column.description);
    };
    for (const Table* table : d.tables) print_columns("table", *table);
    for (const Series* series : d.series) print_columns("series", *series);
    for (const auto& key : d.config.keys()) {
      if (key.path != name) continue;
      if (found++ > 0) fmt::print("\n");
      describe_key(d, key);
    }
  }
  return found;
}

std::vector<std::string> distinct(const std::vector<Entry>& all, auto member) {
  std::vector<std::string> names;
  for (const Entry& entry : all)
    if (std::find(names.begin(), names.end(), entry.*member) == names.end()) names.push_back(entry.*member);
  return names;
}

}  // namespace

int list_command(const Context& context) {
  const std::vector<Entry> all = entries(context.catalog);
  const std::vector<std::string> kinds = distinct(all, &Entry::kind);
  Flags flags("list", {"KIND?"});
  flags.choices("KIND", kinds);
  if (!flags.parse(context.arguments)) return kAllDone;
  const std::string kind = flags.has("KIND") ? flags.argument("KIND") : "";
  if (!kind.empty() && std::find(kinds.begin(), kinds.end(), kind) == kinds.end())
    throw InputError(fmt::format("windrow list: unknown kind '{}'{} (there are {})", kind, did_you_mean(kind, kinds),
                                 fmt::join(kinds, ", ")));
  bool first = true;
  for (const std::string& one : kinds) {
    if (!kind.empty() && one != kind) continue;
    if (kind.empty()) fmt::print("{}{}\n", first ? "" : "\n", one);
    first = false;
    TextTable table({"name", "of", "help"});
    for (const Entry& entry : all)
      if (entry.kind == one) table.add({entry.name, entry.of, first_line(entry.help)});
    table.print(stdout, kind.empty() ? 2 : 0);
  }
  return kAllDone;
}

int describe_command(const Context& context) {
  const std::vector<std::string> names = distinct(entries(context.catalog), &Entry::name);
  Flags flags("describe", {"NAME"});
  flags.choices("NAME", names);
  if (!flags.parse(context.arguments)) return kAllDone;
  const std::string name = flags.argument("NAME");
  if (describe_all(context.catalog, name) > 0) return kAllDone;
  throw InputError(
      fmt::format("windrow describe: nothing is named '{}'{} (windrow list)", name, did_you_mean(name, names)));
}

}  // namespace windrow::cli
