// Commands that read a result file: show, digest.
#include <fmt/format.h>

#include <algorithm>

#include "cli/command.hpp"
#include "cli/summary.hpp"
#include "cli/versus.hpp"
#include "windrow/kernel/error.hpp"
#include "windrow/store/result_file.hpp"

namespace windrow::cli {

namespace {

std::vector<std::size_t> axes_named(const store::Reader& reader, const std::vector<std::string>& names) {
  std::vector<std::size_t> axes;
  axes.reserve(names.size());
  for (const std::string& name : names) axes.push_back(axis_named(reader, name));
  return axes;
}

}  // namespace

int show_command(const Context& context) {
  Flags flags("show", {"FILE"});
  flags.list("metric", "M[,M]", "which metrics; the first four without it, `all` for all")
      .list("by", "AXIS[,AXIS]", "one row per combination of these axes; all varied axes but the seed without it")
      .value<std::string>("across", "AXIS", "one column per value of this axis (for one metric)")
      .list("where", "AXIS=VALUE", "only rows for which this holds: AXIS=V1,V2 or \"AXIS<V AXIS=V\"")
      .value<std::string>("versus", "POLICY",
                          "paired differences from this policy, seed by seed (or AXIS=VALUE); * where 0 is outside "
                          "the 95 % interval")
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
  if (const auto versus = flags.get<std::string>("versus")) {
    if (across) throw InputError("--across: cannot be combined with --versus");
    const Reference reference = reference_named(*reader, *versus);
    const TextTable differences = versus_table(*reader, axes, metrics, reference, filter, csv);
    if (differences.empty())
      throw InputError(fmt::format("--versus {}: there is nothing else to compare with it", *versus));
    if (csv)
      differences.print_csv(stdout);
    else
      differences.print(stdout);
    return kAllDone;
  }
  const TextTable table = across ? pivot_table(*reader, axes, axis_named(*reader, *across), metrics.at(0), filter, csv)
                                 : long_table(*reader, axes, metrics, filter, csv);
  if (table.empty())
    throw InputError(
        fmt::format("--where {}: no point of this file is like that", fmt::join(flags.list_of("where"), " ")));
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
