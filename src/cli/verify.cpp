// windrow verify: structure and checksums; with --rerun the science itself.
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <random>
#include <set>

#include "cli/command.hpp"
#include "cli/table.hpp"
#include "windrow/exec/run.hpp"
#include "windrow/kernel/error.hpp"
#include "windrow/store/result_file.hpp"
#include "windrow/sweep/plan.hpp"

namespace windrow::cli {

namespace {

bool same_bits(double a, double b) {
  return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
}

bool same_column(const ColumnData& a, const ColumnData& b) {
  if (a.index() != b.index()) return false;
  if (const auto* reals = std::get_if<std::vector<double>>(&a)) {
    const auto& others = std::get<std::vector<double>>(b);
    return reals->size() == others.size() && std::equal(reals->begin(), reals->end(), others.begin(), same_bits);
  }
  return a == b;
}

bool same_table(const TableData& a, const TableData& b) {
  return a.columns.size() == b.columns.size() &&
         std::equal(a.columns.begin(), a.columns.end(), b.columns.begin(), same_column);
}

/// Runs chosen rows again, from the file alone, and compares what comes with what is stored.
class Rerun final : public exec::Work {
 public:
  Rerun(const store::Reader& reader, const Description& description, std::vector<std::uint64_t> rows)
      : reader_(reader), description_(description), rows_(std::move(rows)) {
    for (std::size_t m = 0; m < reader.metrics().size(); ++m) metrics_.push_back(reader.metric(m));
  }
  std::uint64_t size() const override { return rows_.size(); }
  bool done(std::uint64_t) const override { return false; }
  std::uint32_t attempts(std::uint64_t) const override { return 0; }
  std::string config_text(std::uint64_t i) const override { return reader_.config_text(rows_[i]); }
  double cost_hint(std::uint64_t i) const override { return reader_.provenance(rows_[i]).wall_s; }
  std::uint64_t cost_group(std::uint64_t i) const override { return i; }
  std::string label(std::uint64_t i) const override { return fmt::format("row {}", rows_[i]); }
  void accept(std::span<const sweep::PointRecord> records) override {
    for (const sweep::PointRecord& record : records) compare(record);
  }
  void housekeeping() override {}

  std::vector<std::string> differences;

 private:
  void compare(const sweep::PointRecord& record) {
    const std::uint64_t row = rows_[record.index];
    const auto differs = [&](const std::string& what) {
      differences.push_back(fmt::format("point {} ({}): {}", row, reader_.point_id(row).hex(), what));
    };
    if (record.status != reader_.statuses()[row]) {
      differs(fmt::format("stored {}, run again {} {}", sweep::to_string(reader_.statuses()[row]),
                          sweep::to_string(record.status), record.message));
      return;
    }
    const PointOutput output = decode_output(record.output, description_);
    for (std::size_t m = 0; m < metrics_.size(); ++m)
      if (!same_bits(metrics_[m][row], output.metrics[m]) &&
          !(metrics_[m][row] != metrics_[m][row] && output.metrics[m] != output.metrics[m]))
        differs(
            fmt::format("{}: stored {}, run again {}", reader_.metrics()[m].name, metrics_[m][row], output.metrics[m]));
    compare_tables(row, reader_.tables(), output.tables, false, differs);
    compare_tables(row, reader_.series(), output.series, true, differs);
  }

  void compare_tables(std::uint64_t row, const std::vector<store::Reader::TableInfo>& stored,
                      const std::vector<TableData>& again, bool series, const auto& differs) const {
    for (std::size_t t = 0; t < stored.size(); ++t) {
      for (std::size_t d = 0; d < again.size(); ++d) {
        const std::string_view name = series ? description_.series[d]->name : description_.tables[d]->name;
        if (name != stored[t].name) continue;
        const TableData data = series ? reader_.series_of(t, row) : reader_.table(t, row);
        if (!data.columns.empty() && !same_table(data, again[d]))
          differs(fmt::format("{} {} differs ({} rows stored, {} run again)", series ? "series" : "table", name,
                              data.rows(), again[d].rows()));
      }
    }
  }

  const store::Reader& reader_;
  const Description& description_;
  std::vector<std::uint64_t> rows_;
  std::vector<std::vector<double>> metrics_;
};

std::vector<std::uint64_t> choose_rows(const store::Reader& reader, std::uint64_t count) {
  std::vector<std::uint64_t> rows;
  for (std::uint64_t row = 0; row < reader.rows(); ++row) {
    const auto status = reader.statuses()[row];
    if (status == sweep::PointStatus::ok || status == sweep::PointStatus::saturated) rows.push_back(row);
  }
  std::shuffle(rows.begin(), rows.end(), std::mt19937_64(std::random_device{}()));
  rows.resize(std::min<std::size_t>(rows.size(), count));
  return rows;
}

/// A file that is not complete is sound all the same: the next run goes on with it.
bool is_incompleteness(const std::string& fault) {
  return fault.starts_with("incomplete:");
}

}  // namespace

int verify_command(const Context& context) {
  Flags flags("verify", {"FILE"});
  flags.count("rerun", "runs N points, drawn at random, again and compares them bit for bit");
  if (!flags.parse(context.arguments)) return kAllDone;
  const std::string path = flags.argument("FILE");
  const auto reader = store::Reader::open(path);
  const store::Reader::Attributes& attributes = reader->attributes();
  const Simulator* simulator = context.catalog.find(attributes.simulator);
  const bool same_version = simulator != nullptr && simulator->describe().version == attributes.simulator_version;
  std::vector<std::string> faults = store::verify(path, same_version ? &simulator->describe() : nullptr);
  const bool sound = std::all_of(faults.begin(), faults.end(), is_incompleteness);

  std::uint64_t compared = 0;
  if (const auto count = flags.count_of("rerun"); count && sound) {
    if (simulator == nullptr)
      throw InputError(fmt::format("{}: simulator '{}' is not in this program", path, attributes.simulator));
    if (!same_version)
      throw InputError(fmt::format("{}: was made by version {} of simulator {}, this program has version {}", path,
                                   attributes.simulator_version, attributes.simulator, simulator->describe().version));
    Rerun work(*reader, simulator->describe(), choose_rows(*reader, *count));
    exec::Options options;
    options.quiet = true;
    options.keep = Keep::all();
    const exec::Summary summary = context.launch->run(*simulator, work, options);
    if (summary.stopped) return kStoppedEarly;
    compared = work.size();
    faults.insert(faults.end(), work.differences.begin(), work.differences.end());
  }
  for (const std::string& fault : faults) fmt::print("{}\n", fault);
  if (!std::all_of(faults.begin(), faults.end(), is_incompleteness)) return kSomeFailed;
  fmt::print("{}: sound, {}{}\n", path, counted(reader->rows(), "point"),
             compared > 0 ? fmt::format(", {} of them run again with the same bits", compared) : "");
  return faults.empty() ? kAllDone : kStoppedEarly;
}

}  // namespace windrow::cli
