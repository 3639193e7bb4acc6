// windrow merge: one result file of several of the same sweep.
#include "windrow/store/merge.hpp"

#include <fmt/format.h>

#include "cli/command.hpp"
#include "cli/table.hpp"
#include "windrow/kernel/error.hpp"
#include "windrow/kernel/text.hpp"
#include "windrow/store/result_file.hpp"

namespace windrow::cli {

int merge_command(const Context& context) {
  Flags flags("merge", {"FILE…"});
  flags.value<std::string>("output,o", "FILE", "the new file");
  if (!flags.parse(context.arguments)) return kAllDone;
  const std::vector<std::string> inputs = flags.list_of("FILE");
  const auto output = flags.get<std::string>("output");
  if (!output || output->empty()) throw InputError("windrow merge: expected -o FILE, the new file, found nothing");
  const std::string name = store::Reader::open(inputs[0])->attributes().simulator;
  const Simulator* simulator = context.catalog.find(name);
  if (simulator == nullptr)
    throw InputError(
        fmt::format("{}: holds results of simulator {}, which this program does not have", inputs[0], name));
  const store::MergeReport report = store::merge(inputs, *output, simulator->describe());
  fmt::print("{}: {} of {}: {} with a result, {} failed, {} pending\n", *output, counted(report.rows, "point"),
             counted(inputs.size(), "file"), report.results, report.failed, report.left);
  for (std::size_t i = 0; i < inputs.size(); ++i)
    fmt::print("  {} from {}\n", counted(report.taken[i], "result"), inputs[i]);
  return report.left > 0 ? kStoppedEarly : report.failed > 0 ? kSomeFailed : kAllDone;
}

}  // namespace windrow::cli
