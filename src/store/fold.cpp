#include "store/fold.hpp"

#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <filesystem>

#include "store/utf8.hpp"
#include "windrow/simulator/output.hpp"

namespace windrow::store {
namespace {

using sweep::PointRecord;
using sweep::PointStatus;

// One pass of sorting, 16 bytes a record; more records take more passes.
constexpr std::size_t kRecordsPerPass = std::size_t{1} << 19;
// What is decoded at a time: about a kilobyte a row, and the tables.
constexpr std::size_t kRowsPerBlock = 8192;
constexpr std::size_t kBytesPerBlock = std::size_t{4} << 20;
constexpr std::size_t kMostWarnings = 10;

bool same_number(double a, double b) {
  return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b) || (std::isnan(a) && std::isnan(b));
}

class Fold {
 public:
  Fold(Layout& layout, JournalReader& journal) : layout_(layout), journal_(journal), statuses_(layout.rows()) {
    layout_.status.read(0, statuses_.size(), statuses_.data());
  }

  FoldReport run(std::uint64_t end) {
    struct Entry {
      std::uint64_t row, offset;
    };
    std::vector<Entry> entries;
    for (bool more = true; more;) {
      entries.clear();
      while (entries.size() < kRecordsPerPass) {
        const auto record = journal_.next(end);
        more = record.has_value();
        if (!more) break;
        if (record->row < statuses_.size()) {
          entries.push_back({record->row, record->offset});
        } else {
          warn(fmt::format("a record for row {} of {} rows was left out", record->row, statuses_.size()));
        }
      }
      std::sort(entries.begin(), entries.end(),
                [](const Entry& a, const Entry& b) { return std::tie(a.row, a.offset) < std::tie(b.row, b.offset); });
      for (const Entry& entry : entries) take(entry.row, journal_.at(entry.offset).payload);
      write_block();
    }
    return std::move(report_);
  }

 private:
  struct Result {
    std::uint64_t row = 0;
    PointRecord record;  ///< without its output
    std::uint64_t output_sum = 0;
    PointOutput output;
  };

  void warn(std::string text) {
    if (report_.warnings.size() < kMostWarnings) report_.warnings.push_back(std::move(text));
    if (report_.warnings.size() == kMostWarnings) report_.warnings.emplace_back("there is more of this kind");
  }

  // Records come by row, and for one row in the order in which they were appended.
  void take(std::uint64_t row, std::string_view payload) {
    const bool same_row = !block_.empty() && block_.back().row == row;
    const bool full = block_.size() >= kRowsPerBlock || block_bytes_ >= kBytesPerBlock;
    if (full && !same_row) write_block();
    Result result = decode(row, payload);
    block_bytes_ += payload.size();
    if (has_result(static_cast<PointStatus>(statuses_[row]))) {
      ++report_.duplicates;
      if (has_result(result.record.status)) again_.push_back(std::move(result));
      if (again_.size() >= kRowsPerBlock) compare_again();
    } else if (!same_row) {
      block_.push_back(std::move(result));
    } else if (Result& first = block_.back(); has_result(first.record.status)) {
      ++report_.duplicates;
      if (has_result(result.record.status) && first.output_sum != result.output_sum) warn_unequal(row);
    } else {
      first = std::move(result);
    }
  }

  Result decode(std::uint64_t row, std::string_view payload) {
    Result result;
    result.row = row;
    result.record = sweep::take_record(payload);
    if (!has_result(result.record.status)) {
      result.output.metrics.assign(layout_.metrics.size(), std::nan(""));
      return result;
    }
    const std::string bytes = std::exchange(result.record.output, {});
    result.output_sum = fnv1a(bytes);
    try {
      result.output = decode_output(bytes, layout_.stored.description);
      if (result.record.message.empty()) result.record.message = result.output.message;
    } catch (const std::exception& error) {
      // Whole by its checksum, so it was never right: the point has to run again.
      result.record.status = PointStatus::failed;
      result.record.message = fmt::format("the result does not fit what the simulator declares: {}", error.what());
      result.output = PointOutput();
      result.output.metrics.assign(layout_.metrics.size(), std::nan(""));
    }
    return result;
  }

  void warn_unequal(std::uint64_t row) {
    warn(fmt::format(
        "row {} (point {}) was run twice with unequal results; the first was kept. The simulator is not deterministic",
        row, layout_.ids(row, 1).front().hex()));
  }

  // Rows that had their result in the file already: a crash after a fold brings the same records again.
  void compare_again() {
    std::stable_sort(again_.begin(), again_.end(), [](const Result& a, const Result& b) { return a.row < b.row; });
    std::vector<std::uint64_t> rows;
    for (const Result& result : again_) rows.push_back(result.row);
    std::vector<std::uint8_t> unequal(rows.size(), 0);
    std::vector<double> stored(rows.size());
    for (std::size_t m = 0; m < layout_.metrics.size(); ++m) {
      layout_.metrics[m].gather(rows, stored.data());
      for (std::size_t i = 0; i < rows.size(); ++i) unequal[i] |= !same_number(stored[i], again_[i].output.metrics[m]);
    }
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (unequal[i] != 0) warn_unequal(rows[i]);
    }
    again_.clear();
  }

  template <class T, class Get>
  void scatter(hdf5::Column& column, const Get& get) {
    std::vector<T> values;
    values.reserve(block_.size());
    for (const Result& result : block_) values.push_back(get(result));
    column.scatter(rows_, values.data());
  }

  void write_block() {
    compare_again();
    if (block_.empty()) return;
    rows_.clear();
    for (const Result& result : block_) rows_.push_back(result.row);
    write_messages();
    for (std::size_t m = 0; m < layout_.metrics.size(); ++m)
      scatter<double>(layout_.metrics[m], [m](const Result& r) { return r.output.metrics[m]; });
    scatter<std::uint8_t>(layout_.status, [](const Result& r) { return static_cast<std::uint8_t>(r.record.status); });
    scatter<double>(layout_.wall_s, [](const Result& r) { return r.record.provenance.wall_s; });
    scatter<double>(layout_.cpu_s, [](const Result& r) { return r.record.provenance.cpu_s; });
    scatter<double>(layout_.completed, [](const Result& r) { return r.record.provenance.finished_unix_s; });
    scatter<std::int32_t>(layout_.rank,
                          [](const Result& r) { return static_cast<std::int32_t>(r.record.provenance.rank); });
    scatter<std::uint32_t>(layout_.attempt, [](const Result& r) { return r.record.provenance.attempt; });
    std::vector<std::string> hosts;
    for (const Result& result : block_) hosts.push_back(clean_utf8(result.record.provenance.host));
    Layout::widen(layout_.host, layout_.points.get(), "host", layout_.point, hosts);
    layout_.host.scatter_texts(rows_, hosts);
    write_tables(layout_.tables, &PointOutput::tables, layout_.stored.description.tables);
    write_tables(layout_.series, &PointOutput::series, layout_.stored.description.series);
    for (const Result& result : block_) statuses_[result.row] = static_cast<std::uint8_t>(result.record.status);
    hdf5::stop_if_disk_failed(layout_.file.get());
    report_.applied += block_.size();
    block_.clear();
    block_bytes_ = 0;
  }

  // Few points have a message; the others' rows are not touched.
  void write_messages() {
    std::vector<std::uint64_t> rows;
    std::vector<std::string> messages;
    for (const Result& result : block_) {
      const bool had_one = statuses_[result.row] == static_cast<std::uint8_t>(PointStatus::failed) ||
                           statuses_[result.row] == static_cast<std::uint8_t>(PointStatus::skipped);
      if (result.record.message.empty() && !had_one) continue;
      rows.push_back(result.row);
      messages.push_back(clean_utf8(result.record.message));
    }
    layout_.message.scatter_texts(rows, messages);
  }

  template <class Declared>
  void write_tables(std::vector<TableColumns>& into, std::vector<TableData> PointOutput::*which,
                    const std::vector<const Declared*>& declared) {
    for (std::size_t t = 0; t < into.size(); ++t) {
      TableColumns& table = into[t];
      const std::uint64_t before = table.rows();
      std::uint64_t end = before;
      std::vector<std::int64_t> first, count;
      for (const Result& result : block_) {
        const std::vector<TableData>& tables = result.output.*which;
        const bool kept = t < tables.size() && !tables[t].columns.empty();
        const std::uint64_t rows = kept ? tables[t].rows() : 0;
        first.push_back(kept ? static_cast<std::int64_t>(end) : -1);
        count.push_back(static_cast<std::int64_t>(rows));
        end += rows;
      }
      table.first.scatter(rows_, first.data());
      table.count.scatter(rows_, count.data());
      if (end == before) continue;
      table.row.resize(end);
      for (std::size_t c = 0; c < table.columns.size(); ++c)
        append_column(table, c, t, which, end - before, *declared[t]);
    }
  }

  void append_column(TableColumns& table, std::size_t c, std::size_t t, std::vector<TableData> PointOutput::*which,
                     std::uint64_t rows, const Table& declared) {
    const auto joined = [&]<class T>(std::vector<T> all) {
      all.reserve(rows);
      for (Result& result : block_) {
        std::vector<TableData>& tables = result.output.*which;
        if (t >= tables.size() || tables[t].columns.empty()) continue;
        const auto& part = std::get<std::vector<T>>(tables[t].columns[c]);
        all.insert(all.end(), part.begin(), part.end());
      }
      return all;
    };
    hdf5::Column& column = table.columns[c];
    const std::uint64_t before = column.rows();
    if (declared.columns[c].type == ColumnType::text) {
      std::vector<std::string> texts = joined(std::vector<std::string>());
      for (std::string& text : texts) text = clean_utf8(text);
      Layout::widen(column, table.group.get(), std::string(declared.columns[c].name), table.row, texts);
      column.resize(before + rows);
      column.write_texts(before, texts);
      return;
    }
    column.resize(before + rows);
    if (declared.columns[c].type == ColumnType::real) {
      column.write(before, rows, joined(std::vector<double>()).data());
    } else {
      column.write(before, rows, joined(std::vector<std::int64_t>()).data());
    }
  }

  Layout& layout_;
  JournalReader& journal_;
  std::vector<std::uint8_t> statuses_;  ///< by row, with what this fold has written so far
  std::vector<Result> block_, again_;   ///< to be written, ascending by row; to be compared
  std::size_t block_bytes_ = 0;
  std::vector<std::uint64_t> rows_;  ///< of block_
  FoldReport report_;
};

// Better said before than found out by HDF5 in the middle of a write.
void check_space(const std::string& file, std::uint64_t journal_bytes, const std::string& target) {
  struct statvfs info {};
  const std::string folder = std::filesystem::path(target).parent_path().string();
  if (::statvfs(folder.empty() ? "." : folder.c_str(), &info) != 0) return;
  const std::uint64_t needed = file_size_or_zero(file) + 2 * journal_bytes;
  const std::uint64_t available = std::uint64_t{info.f_bavail} * info.f_frsize;
  if (available < needed)
    throw InputError(
        fmt::format("{}: cannot write: {} MiB are needed on its disk for the time of the writing, {} MiB are free",
                    target, (needed >> 20) + 1, available >> 20));
}

}  // namespace

FoldReport fold(const std::string& file, JournalReader& journal, std::uint64_t end, const std::string& target) {
  const auto lock = hdf5::lock_library();
  check_space(file, end, target);
  try {
    copy_file(file, target);
    Layout layout = Layout::open(target, hdf5::Access::write);
    FoldReport report = Fold(layout, journal).run(end);
    layout.close();
    H5garbage_collect();  // the library keeps what it frees for itself otherwise
    return report;
  } catch (const hdf5::Error& error) {
    ::unlink(target.c_str());
    throw InputError(fmt::format("{}: cannot write: {}", target, error.what()));
  } catch (...) {
    ::unlink(target.c_str());
    throw;
  }
}

}  // namespace windrow::store
