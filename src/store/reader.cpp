#include "store/reader.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <optional>

#include "store/fold.hpp"
#include "store/journal.hpp"
#include "store/layout.hpp"
#include "windrow/store/result_file.hpp"

namespace windrow::store {
namespace {

/// A file that is gone with the object.
class TemporaryFile {
 public:
  TemporaryFile() {
    const char* folder = std::getenv("TMPDIR");
    path_ = fmt::format("{}/windrow-XXXXXX", folder != nullptr && *folder != '\0' ? folder : "/tmp");
    const Descriptor descriptor(::mkostemp(path_.data(), O_CLOEXEC));
    if (descriptor.get() < 0) throw_io_error(path_, "create this file", errno);
  }
  ~TemporaryFile() { ::unlink(path_.c_str()); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// The journal is opened before the file: should a fold come in between, the file holds the journal's results already,
// and results that are there are not folded again. The other way round some could be missed.
Layout open_with_journal(const std::string& path) {
  const std::unique_ptr<JournalReader> journal = JournalReader::open(path + ".journal");
  Layout layout = Layout::open(path, hdf5::Access::read);
  if (!journal || !journal->header() || journal->header()->rows != layout.rows_digest()) return layout;
  const std::uint64_t size = file_size(journal->descriptor(), path + ".journal");
  if (size <= JournalHeader::kBytes) return layout;
  layout = Layout();
  const TemporaryFile copy;
  fold(path, *journal, size, copy.path());
  return Layout::open(copy.path(), hdf5::Access::read);  // keeps it readable without its name
}

template <class Value>
std::vector<Value> whole(const hdf5::Column& column) {
  std::vector<Value> values(column.rows());
  column.read(0, values.size(), values.data());
  return values;
}

class FileReader final : public Reader {
  template <class Action>
  auto guarded(const Action& action) const {
    const auto lock = hdf5::lock_library();
    try {
      return action();
    } catch (const hdf5::Error& error) {
      throw InputError(fmt::format("{}: damaged: {}", path_, error.what()));
    }
  }

 public:
  FileReader(const std::string& path, Layout (*open_layout)(const std::string&)) : path_(resolved_path(path)) {
    guarded([&] {
      layout_ = open_layout(path_);
      for (const Metric* metric : layout_.stored.description.metrics)
        metrics_.push_back(
            {std::string(metric->name), std::string(metric->unit), std::string(metric->description), metric->better});
      for (const Table* table : layout_.stored.description.tables) tables_.push_back(info(*table));
      for (const Series* series : layout_.stored.description.series) series_.push_back(info(*series));
      for (const std::uint8_t status : whole<std::uint8_t>(layout_.status)) {
        if (status > static_cast<std::uint8_t>(sweep::kLastStatus))
          throw hdf5::Error(fmt::format("a row has the status {}", status));
        statuses_.push_back(static_cast<sweep::PointStatus>(status));
      }
      table_rows_.resize(tables_.size());
      series_rows_.resize(series_.size());
    });
  }
  ~FileReader() override {
    const auto lock = hdf5::lock_library();
    layout_ = Layout();
  }

  Digest128 rows_digest() const {
    return guarded([&] { return layout_.rows_digest(); });
  }
  const Attributes& attributes() const override { return layout_.attributes; }
  std::uint64_t rows() const override { return layout_.rows(); }
  const std::vector<MetricInfo>& metrics() const override { return metrics_; }
  const std::vector<sweep::PointStatus>& statuses() const override { return statuses_; }
  const std::vector<TableInfo>& tables() const override { return tables_; }
  const std::vector<TableInfo>& series() const override { return series_; }

  const std::vector<AxisInfo>& axes() const override {
    if (axes_.empty())
      guarded([&] {
        for (std::size_t a = 0; a < layout_.axes.size(); ++a)
          axes_.push_back({layout_.axes[a].name, layout_.axes[a].help, layout_.axis_values(a, 0, rows())});
      });
    return axes_;
  }
  std::vector<double> metric(std::size_t which) const override {
    std::vector<double> values(rows());
    metric(which, 0, values);
    return values;
  }
  void metric(std::size_t which, std::uint64_t first, std::span<double> values) const override {
    guarded([&] { layout_.metrics.at(which).read(first, values.size(), values.data()); });
  }
  std::string message(std::uint64_t row) const override {
    return guarded([&] { return layout_.message.read_texts(row, 1).front(); });
  }
  std::string config_text(std::uint64_t row) const override {
    return guarded([&] { return layout_.config_text(row); });
  }
  Digest128 point_id(std::uint64_t row) const override {
    if (!ids_) guarded([&] { ids_ = layout_.ids(0, rows()); });
    return ids_->at(row);
  }
  sweep::Provenance provenance(std::uint64_t row) const override {
    if (!provenance_) guarded([&] { load_provenance(); });
    const ProvenanceColumns& all = *provenance_;
    sweep::Provenance one;
    one.wall_s = all.wall_s.at(row);
    one.cpu_s = all.cpu_s[row];
    one.finished_unix_s = all.completed[row];
    one.rank = static_cast<std::uint32_t>(std::max(0, all.rank[row]));
    one.attempt = all.attempt[row];
    const char* host = all.hosts.data() + row * all.host_width;
    one.host.assign(host, strnlen(host, all.host_width));
    return one;
  }
  TableData table(std::size_t which, std::uint64_t row) const override {
    return read_rows(layout_.tables.at(which), table_rows_.at(which), *layout_.stored.description.tables[which], row);
  }
  TableData series_of(std::size_t which, std::uint64_t row) const override {
    return read_rows(layout_.series.at(which), series_rows_.at(which), *layout_.stored.description.series[which], row);
  }
  bool being_written() const override { return journal_is_locked(path_ + ".journal"); }

 private:
  struct ProvenanceColumns {
    std::vector<double> wall_s, cpu_s, completed;
    std::vector<std::int32_t> rank;
    std::vector<std::uint32_t> attempt;
    std::string hosts;
    std::size_t host_width = 0;
  };
  struct RowsOfPoints {
    std::vector<std::int64_t> first, count;
  };

  static TableInfo info(const Table& table) {
    TableInfo info{std::string(table.name), std::string(table.description), {}};
    for (const Column& column : table.columns) info.columns.emplace_back(column.name);
    return info;
  }

  void load_provenance() const {
    ProvenanceColumns all;
    all.wall_s = whole<double>(layout_.wall_s);
    all.cpu_s = whole<double>(layout_.cpu_s);
    all.completed = whole<double>(layout_.completed);
    all.rank = whole<std::int32_t>(layout_.rank);
    all.attempt = whole<std::uint32_t>(layout_.attempt);
    all.host_width = layout_.host.type().width;
    all.hosts.resize(rows() * all.host_width);
    layout_.host.read(0, rows(), all.hosts.data());
    provenance_ = std::move(all);
  }

  TableData read_rows(const TableColumns& table, std::optional<RowsOfPoints>& where, const Table& declared,
                      std::uint64_t row) const {
    return guarded([&] {
      if (!where) where = RowsOfPoints{whole<std::int64_t>(table.first), whole<std::int64_t>(table.count)};
      TableData data;
      if (where->first.at(row) < 0) return data;
      const auto first = static_cast<std::uint64_t>(where->first[row]),
                 count = static_cast<std::uint64_t>(where->count.at(row));
      if (first + count > table.rows() || first + count < first)
        throw hdf5::Error(fmt::format("row {} has rows outside of table {}", row, table.name));
      for (std::size_t c = 0; c < table.columns.size(); ++c) {
        const hdf5::Column& column = table.columns[c];
        if (declared.columns[c].type == ColumnType::text) {
          data.columns.emplace_back(column.read_texts(first, count));
        } else if (declared.columns[c].type == ColumnType::integer) {
          column.read(first, count,
                      data.columns.emplace_back(std::vector<std::int64_t>()).template emplace<1>(count).data());
        } else {
          column.read(first, count, data.columns.emplace_back(std::vector<double>()).template emplace<0>(count).data());
        }
      }
      return data;
    });
  }

  std::string path_;
  Layout layout_;
  std::vector<MetricInfo> metrics_;
  std::vector<TableInfo> tables_, series_;
  std::vector<sweep::PointStatus> statuses_;
  // Read when first asked for.
  mutable std::vector<AxisInfo> axes_;
  mutable std::optional<std::vector<Digest128>> ids_;
  mutable std::optional<ProvenanceColumns> provenance_;
  mutable std::vector<std::optional<RowsOfPoints>> table_rows_, series_rows_;
};

}  // namespace

std::unique_ptr<Reader> Reader::open(const std::string& path) {
  return std::make_unique<FileReader>(path, open_with_journal);
}

FoldedFile open_folded(const std::string& path) {
  auto reader = std::make_unique<FileReader>(
      path, [](const std::string& file) { return Layout::open(file, hdf5::Access::read); });
  const Digest128 rows = reader->rows_digest();
  return {std::move(reader), rows};
}

}  // namespace windrow::store
