#include <algorithm>
#include <map>

#include "store/journal.hpp"
#include "store/layout.hpp"
#include "windrow/store/result_file.hpp"

namespace windrow::store {
namespace {

constexpr std::uint64_t kBlockRows = 16384;
constexpr std::size_t kMostOfAKind = 10;

class Verification {
 public:
  Verification(const Layout& layout, const Description* description) : layout_(layout), description_(description) {}

  std::vector<std::string> run() {
    check_columns();
    if (faults_.empty()) {  // the rest reads what was found readable
      check_statuses();
      check_ids();
      check_tables("tables", layout_.tables);
      check_tables("series", layout_.series);
      check_configs();
    }
    return std::move(faults_);
  }

 private:
  void fault(const std::string& kind, std::string text) {
    const std::size_t count = ++count_of_kind_[kind];
    if (count <= kMostOfAKind) faults_.push_back(std::move(text));
    if (count == kMostOfAKind) faults_.emplace_back("… and perhaps more of this kind");
  }

  // Reading a chunk checks its checksum.
  void check_column(const std::string& name, const hdf5::Column& column, std::uint64_t rows) {
    if (column.rows() != rows) {
      fault(name, fmt::format("{}: has {} rows instead of {}", name, column.rows(), rows));
      return;
    }
    const bool varying = column.type().kind == hdf5::Type::Kind::varying_text;
    std::vector<char> block;
    for (std::uint64_t first = 0; first < rows; first += column.chunk_rows()) {
      const std::uint64_t count = std::min(column.chunk_rows(), rows - first);
      try {
        if (varying) {
          column.read_texts(first, count);
        } else {
          block.resize(count * column.type().bytes());
          column.read(first, count, block.data());
        }
      } catch (const hdf5::Error& error) {
        fault(name, fmt::format("{}: rows {} to {} are damaged: {}", name, first, first + count - 1, error.what()));
      }
    }
  }

  void check_columns() {
    const std::uint64_t rows = layout_.rows();
    const auto check = [&](const char* name, const hdf5::Column& column) {
      check_column(fmt::format("points/{}", name), column, rows);
    };
    check("point", layout_.point);
    check("status", layout_.status);
    check("message", layout_.message);
    check("point_id", layout_.point_id);
    check("wall_s", layout_.wall_s);
    check("cpu_s", layout_.cpu_s);
    check("rank", layout_.rank);
    check("host", layout_.host);
    check("attempt", layout_.attempt);
    check("completed", layout_.completed);
    check("config_first", layout_.config_first);
    check("config_count", layout_.config_count);
    for (const AxisColumn& axis : layout_.axes) check(axis.name.c_str(), axis.values);
    for (std::size_t m = 0; m < layout_.metrics.size(); ++m)
      check(std::string(layout_.stored.description.metrics[m]->name).c_str(), layout_.metrics[m]);
    check_column("configs/text", layout_.config_texts, layout_.config_texts.rows());
    const auto check_kind = [&](const char* kind, const std::vector<TableColumns>& tables, const auto& declared) {
      for (std::size_t t = 0; t < tables.size(); ++t) {
        check(fmt::format("{}_first", tables[t].span).c_str(), tables[t].first);
        check(fmt::format("{}_count", tables[t].span).c_str(), tables[t].count);
        for (std::size_t c = 0; c < tables[t].columns.size(); ++c)
          check_column(fmt::format("{}/{}/{}", kind, tables[t].name, declared[t]->columns[c].name),
                       tables[t].columns[c], tables[t].rows());
      }
    };
    check_kind("tables", layout_.tables, layout_.stored.description.tables);
    check_kind("series", layout_.series, layout_.stored.description.series);
  }

  void check_statuses() {
    statuses_.resize(layout_.rows());
    layout_.status.read(0, statuses_.size(), statuses_.data());
    for (std::size_t row = 0; row < statuses_.size(); ++row) {
      if (statuses_[row] > static_cast<std::uint8_t>(sweep::kLastStatus))
        fault("status", fmt::format("points/status: row {} has the unknown status {}", row, statuses_[row]));
    }
  }

  void check_ids() {
    std::vector<std::pair<Digest128, std::uint64_t>> ids;
    Sha512 hash;
    for (std::uint64_t first = 0; first < layout_.rows(); first += kBlockRows) {
      for (const Digest128& id : layout_.ids(first, std::min(kBlockRows, layout_.rows() - first))) {
        hash.update(id.hex());
        ids.emplace_back(id, ids.size());
      }
    }
    if (hash.finish128() != layout_.rows_digest())
      fault("rows_digest", "the attribute rows_digest does not fit the point ids");
    std::sort(ids.begin(), ids.end());
    for (std::size_t i = 1; i < ids.size(); ++i) {
      if (ids[i].first == ids[i - 1].first)
        fault("duplicate", fmt::format("points/point_id: rows {} and {} are the same point {}", ids[i - 1].second,
                                       ids[i].second, ids[i].first.hex()));
    }
  }

  void check_tables(const char* kind, const std::vector<TableColumns>& tables) {
    for (const TableColumns& table : tables) {
      const std::string name = fmt::format("{}/{}", kind, table.name);
      std::vector<std::int64_t> first(layout_.rows()), count(layout_.rows());
      table.first.read(0, first.size(), first.data());
      table.count.read(0, count.size(), count.data());
      std::vector<std::pair<std::int64_t, std::uint64_t>> spans;
      for (std::uint64_t row = 0; row < layout_.rows(); ++row) {
        const bool has_result = statuses_[row] == static_cast<std::uint8_t>(sweep::PointStatus::ok) ||
                                statuses_[row] == static_cast<std::uint8_t>(sweep::PointStatus::saturated);
        if (first[row] < -1 || count[row] < 0 || (first[row] == -1 && count[row] != 0))
          fault(name, fmt::format("{}: row {} of points has the span {} + {}", name, row, first[row], count[row]));
        else if (count[row] > 0 && !has_result)
          fault(name, fmt::format("{}: row {} of points has rows there but no result", name, row));
        if (count[row] > 0) spans.emplace_back(first[row], row);
      }
      std::sort(spans.begin(), spans.end());
      std::int64_t end = 0;
      for (const auto& [start, row] : spans) {
        if (start != end)
          fault(name, fmt::format("{}: the rows of point {} begin at {} instead of {}", name, row, start, end));
        end = start + count[row];
      }
      if (end != static_cast<std::int64_t>(table.rows()))
        fault(name, fmt::format("{}: has {} rows, the points have {} in all", name, table.rows(), end));
    }
  }

  void check_configs() {
    std::vector<std::int64_t> first(layout_.rows()), count(layout_.rows());
    layout_.config_first.read(0, first.size(), first.data());
    layout_.config_count.read(0, count.size(), count.data());
    const auto end = static_cast<std::int64_t>(layout_.config_texts.rows());
    for (std::uint64_t row = 0; row < layout_.rows(); ++row) {
      if (first[row] < 0 || count[row] < 0 || first[row] > end - count[row]) {
        fault("configs", fmt::format("points/config_first: row {} has the span {} + {}", row, first[row], count[row]));
      } else if (description_ != nullptr &&
                 sweep::point_id(*description_, layout_.config_text(row)) != layout_.ids(row, 1).front()) {
        fault("ids", fmt::format("points/point_id: row {} has an id that is not that of its configuration", row));
      }
    }
  }

  const Layout& layout_;
  const Description* description_;
  std::vector<std::string> faults_;
  std::map<std::string, std::size_t> count_of_kind_;
  std::vector<std::uint8_t> statuses_;
};

/// Empty for a journal that is sound, whose end is torn as by a crash, or that is not there.
std::string journal_fault(const std::string& path) {
  const std::unique_ptr<JournalReader> journal = JournalReader::open(path);
  if (!journal || file_size(journal->descriptor(), path) == 0) return "";
  if (!journal->header()) return fmt::format("{}: damaged: it has no readable header", path);
  while (journal->next()) {
  }
  if (!journal->damaged_at()) return "";
  return fmt::format("{}: damaged from byte {} on, with good records behind", path, *journal->damaged_at());
}

}  // namespace

std::vector<std::string> verify(const std::string& path, const Description* description) {
  std::vector<std::string> faults;
  {
    const auto lock = hdf5::lock_library();
    const Layout layout = Layout::open(path, hdf5::Access::read);
    if (description != nullptr && (description->name != layout.attributes.simulator ||
                                   description->version != layout.attributes.simulator_version))
      throw InputError(fmt::format("{}: holds results of {} version {}, not of {} version {}", path,
                                   layout.attributes.simulator, layout.attributes.simulator_version, description->name,
                                   description->version));
    try {
      faults = Verification(layout, description).run();
    } catch (const hdf5::Error& error) {
      faults.emplace_back(error.what());
    }
  }
  if (const std::string fault = journal_fault(path + ".journal"); !fault.empty()) faults.push_back(fault);
  if (!faults.empty()) return faults;
  // What a crash left in the journal counts: it is not lost, only not folded.
  std::uint64_t pending = 0, failed = 0;
  const std::unique_ptr<Reader> reader = Reader::open(path);
  for (const sweep::PointStatus status : reader->statuses()) {
    pending += status == sweep::PointStatus::pending || status == sweep::PointStatus::running;
    failed += status == sweep::PointStatus::failed;
  }
  if (pending + failed != 0)
    faults.push_back(fmt::format("incomplete: {} of {} points have no result ({} not run, {} failed)", pending + failed,
                                 reader->rows(), pending, failed));
  return faults;
}

}  // namespace windrow::store
