#include "windrow/store/result_file.hpp"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <future>
#include <numeric>

#include "store/fold.hpp"
#include "store/journal.hpp"
#include "store/layout.hpp"
#include "store/open_file.hpp"
#include "store/same_sweep.hpp"

namespace windrow::store {
namespace {

using sweep::PointStatus;
using Clock = std::chrono::steady_clock;

constexpr std::uint64_t kBlockRows = 8192;
constexpr std::size_t kMostWarnings = 100;

double seconds_since(Clock::time_point then) {
  return std::chrono::duration<double>(Clock::now() - then).count();
}

std::string journal_of(const std::string& path) {
  return path + ".journal";
}
std::string temporary_of(const std::string& path) {
  return path + ".tmp";
}

// ------------------------------------------------------------------------------------------------ does it fit

[[noreturn]] void refuse(const std::string& path, const std::string& reason) {
  throw InputError(
      fmt::format("{}: {}\nnothing was changed; choose another file with -o FILE, or start anew with --fresh, which "
                  "keeps this one as {}.old",
                  path, reason, path));
}

void check_same_sweep(const std::string& path, const Layout& layout, const PointSource& source) {
  if (const std::string reason = other_sweep(layout, source); !reason.empty())
    refuse(path, "this file belongs to another sweep" + reason);
}

// ------------------------------------------------------------------------------------------------ rows of points

/// Which row each point of the plan has; points without a row get the next free ones.
struct Matching {
  std::vector<std::uint64_t> rows;       ///< by the plan's index; empty if index and row are the same
  std::vector<std::uint64_t> to_append;  ///< plan indices without a row; unused if `appends_range`
  bool appends_range = false;            ///< the identity: exactly the points from the file's rows on are new
};

Matching match_rows(const Layout& layout, const PointSource& source) {
  const std::uint64_t in_file = layout.rows(), in_plan = source.size();
  // The usual cases, resumed or grown at the end, need no index of all ids.
  bool identical = true;
  std::vector<Digest128> plan_ids;
  for (std::uint64_t first = 0; identical && first < std::min(in_file, in_plan); first += kBlockRows) {
    const std::vector<Digest128> block = layout.ids(first, std::min({kBlockRows, in_file - first, in_plan - first}));
    for (std::size_t i = 0; identical && i < block.size(); ++i) identical = source.point(first + i).id == block[i];
  }
  Matching matching;
  if (identical && in_plan >= in_file) {
    matching.appends_range = true;
    return matching;
  }
  if (identical) return matching;

  struct Entry {
    Digest128 id;
    std::uint64_t row;
  };
  std::vector<Entry> entries;
  entries.reserve(in_file);
  for (std::uint64_t first = 0; first < in_file; first += kBlockRows) {
    for (const Digest128& id : layout.ids(first, std::min(kBlockRows, in_file - first)))
      entries.push_back({id, entries.size()});
  }
  std::sort(entries.begin(), entries.end(),
            [](const Entry& a, const Entry& b) { return std::tie(a.id, a.row) < std::tie(b.id, b.row); });
  matching.rows.reserve(in_plan);
  for (std::uint64_t i = 0; i < in_plan; ++i) {
    const Digest128 id = source.point(i).id;
    const auto at = std::lower_bound(entries.begin(), entries.end(), id,
                                     [](const Entry& entry, const Digest128& wanted) { return entry.id < wanted; });
    if (at != entries.end() && at->id == id) {
      matching.rows.push_back(at->row);
    } else {
      matching.rows.push_back(in_file + matching.to_append.size());
      matching.to_append.push_back(i);
    }
  }
  return matching;
}

// ------------------------------------------------------------------------------------------------ the file

class OpenFile final : public ResultFile {
 public:
  OpenFile(const std::string& path, const PointSource& source, Existing existing, const Environment& environment)
      : path_(resolved_path(path)), environment_(environment) {
    try {
      const std::filesystem::path folder = std::filesystem::path(path_).parent_path();
      if (!folder.empty()) std::filesystem::create_directories(folder);
    } catch (const std::filesystem::filesystem_error& error) {
      throw InputError(fmt::format("{}: cannot make its folder: {}", path_, error.code().message()));
    }
    journal_ = Journal::lock(path_, journal_of(path_), environment_.open_file);
    const auto lock = hdf5::lock_library();
    try {
      open(source, existing);
    } catch (const hdf5::Error& error) {
      throw InputError(fmt::format("{}: {}", path_, error.what()));
    }
  }

  ~OpenFile() override {
    // Whatever is in flight uses the paths and the journal; its outcome no longer matters.
    if (folding_.valid()) folding_.wait();
    if (syncing_.valid()) syncing_.wait();
  }

  PointStatus status(std::uint64_t index) const override { return static_cast<PointStatus>(statuses_[row_of(index)]); }
  std::uint32_t attempts(std::uint64_t index) const override { return attempts_[row_of(index)]; }

  std::vector<double> metric(std::size_t which) const override {
    const auto lock = hdf5::lock_library();
    const Layout layout = Layout::open(path_, hdf5::Access::read);
    std::vector<double> by_row(layout.rows());
    layout.metrics.at(which).read(0, by_row.size(), by_row.data());
    return by_index(std::move(by_row));
  }
  std::vector<std::string> messages() const override {
    const auto lock = hdf5::lock_library();
    const Layout layout = Layout::open(path_, hdf5::Access::read);
    return by_index(layout.message.read_texts(0, layout.rows()));
  }

  void append(std::span<const sweep::PointRecord> records) override {
    if (records.empty()) return;
    if (!started_) start_journal(journal_->end());
    bytes_.clear();
    for (const sweep::PointRecord& record : records) {
      const std::uint64_t row = row_of(record.index);
      payload_.clear();
      sweep::append_encoded(payload_, record);
      append_journal_record(bytes_, row, payload_);
    }
    journal_->append(bytes_);
    unsynced_ = true;
    for (const sweep::PointRecord& record : records) {
      const std::uint64_t row = row_of(record.index);
      attempts_[row] = std::max(attempts_[row], record.provenance.attempt);
      if (!has_result(static_cast<PointStatus>(statuses_[row])))
        statuses_[row] = static_cast<std::uint8_t>(record.status);
    }
    if (bytes_.capacity() > kMostKept) std::string().swap(bytes_);
    if (payload_.capacity() > kMostKept) std::string().swap(payload_);
  }

  void maybe_fold() override {
    if (folding_.valid()) {
      if (folding_.wait_for(std::chrono::seconds(0)) != std::future_status::ready) return sync_if_due();
      take_fold();
    }
    if (journal_->has_records() && is_due()) begin_fold();
    sync_if_due();
  }

  void finish() override {
    if (folding_.valid()) {
      folding_.wait();
      take_fold();
    }
    wait_for_sync();
    if (journal_->has_records()) {
      begin_fold();
      folding_.wait();
      const std::string failure = take_fold();
      if (!failure.empty())
        throw InputError(
            fmt::format("{}\nall results are safe in {}; the next run goes on from there", failure, journal_of(path_)));
    }
    bool complete = true;
    for (std::uint64_t i = 0; complete && i < points_; ++i) complete = is_settled(status(i));
    if (complete && started_) {
      journal_->remove();
      started_ = false;
    }
  }

  std::vector<std::string> take_warnings() override { return std::exchange(warnings_, {}); }

 private:
  struct FoldOutcome {
    FoldReport report;
    double duration_s = 0;
    std::string failure;
  };
  static constexpr std::size_t kMostKept = std::size_t{1} << 20;  ///< buffers above this are given back

  std::uint64_t row_of(std::uint64_t index) const {
    WINDROW_CHECK(index < points_, "point {} of {}", index, points_);
    return rows_.empty() ? index : rows_[index];
  }

  template <class Value>
  std::vector<Value> by_index(std::vector<Value> by_row) const {
    if (rows_.empty()) {
      by_row.resize(points_);
      return by_row;
    }
    std::vector<Value> values;
    values.reserve(points_);
    for (const std::uint64_t row : rows_) values.push_back(by_row[row]);
    return values;
  }

  void warn(std::string text) {
    if (warnings_.size() < kMostWarnings) warnings_.push_back(std::move(text));
  }

  // ---------------------------------------------------------------------------------------------- opening

  void open(const PointSource& source, Existing existing) {
    if (!journal_->header() && file_size_or_zero(journal_of(path_)) != 0)
      throw InputError(
          fmt::format("{}: this is not a journal that this program can read; nothing was changed; put it aside",
                      journal_of(path_)));
    bool exists = file_exists(path_);
    if (exists && existing == Existing::fresh) {
      put_aside();
      exists = false;
    }
    if (exists) {
      const Layout layout = Layout::open(path_, hdf5::Access::read);
      check_same_sweep(path_, layout, source);
      if (layout.attributes.simulator_version != source.description().version) {
        warn(fmt::format("{}: was made by version {} of simulator {}, this is version {}: all points run again", path_,
                         layout.attributes.simulator_version, layout.attributes.simulator,
                         source.description().version));
        exists = false;
      } else if (result_schema(layout.stored.description) != result_schema(source.description())) {
        refuse(path_, fmt::format("simulator {} reports other results than this file holds, under the same version {}; "
                                  "the version must be raised",
                                  layout.attributes.simulator, layout.attributes.simulator_version));
      }
      if (journal_->has_records() && journal_->header()->rows != layout.rows_digest())
        refuse(path_, fmt::format("the journal {} speaks of other rows than this file has: one of the two was "
                                  "replaced; put the journal aside",
                                  journal_of(path_)));
    }
    if (!exists && file_exists(path_)) put_aside();

    // From here on things are written; every step leaves a file from which the next start goes on.
    ::unlink(temporary_of(path_).c_str());
    keep_damaged_journal();
    if (!exists) {
      create(source, existing);
    } else {
      if (journal_->has_records()) fold_now();
      grow(source);
    }
    read_rows();
    points_ = source.size();
    H5garbage_collect();
    last_fold_ = Clock::now();
    last_sync_ = Clock::now();
  }

  // Its good records count; what the others held can perhaps be made out by hand.
  void keep_damaged_journal() {
    if (!journal_->has_records() || !journal_->damaged_at()) return;
    const std::string kept = free_old_name(path_) + ".journal";
    copy_file(journal_of(path_), kept);
    warn(fmt::format("{}: damaged from byte {} on; what was lost there runs again; the damaged journal was kept as {}",
                     journal_of(path_), *journal_->damaged_at(), kept));
  }

  // The old file and its journal stay together, so that both remain readable as one.
  void put_aside() {
    const std::string old = free_old_name(path_);
    if (journal_->has_records()) journal_->move_to(journal_of(old));
    if (::rename(path_.c_str(), old.c_str()) != 0) throw_io_error(path_, "rename this file", errno);
    warn(fmt::format("{}: the old file was kept as {}", path_, old));
  }

  void create(const PointSource& source, Existing existing) {
    write_temporary([&] {
      Layout layout = Layout::create(temporary_of(path_), source);
      layout.append_rows(source, source.size(), [](std::uint64_t i) { return i; });
      layout.store_rows_digest();
      rows_digest_ = layout.rows_digest();
      layout.close();
    });
    if (journal_->has_records()) adopt_orphan(existing);
    if (!started_) start_journal(journal_->end());
  }

  // A journal whose file is gone. If it speaks of these very rows its results count.
  void adopt_orphan(Existing existing) {
    if (existing == Existing::resume && journal_->header()->rows == rows_digest_) {
      fold_now();
      return;
    }
    const std::string aside = free_old_name(path_) + ".journal";
    journal_->move_to(aside);
    warn(fmt::format("{}: its file is gone; it was kept as {}", journal_of(path_), aside));
  }

  void fold_now() {
    const std::unique_ptr<JournalReader> reader = JournalReader::open(journal_of(path_));
    WINDROW_CHECK(reader, "{} is gone", journal_of(path_));
    FoldReport report = fold(path_, *reader, journal_->end(), temporary_of(path_));
    replace_file(temporary_of(path_), path_);
    for (std::string& warning : report.warnings) warn(std::move(warning));
    rows_digest_ = Layout::open(path_, hdf5::Access::read).rows_digest();
    start_journal(journal_->end());
  }

  void grow(const PointSource& source) {
    {
      const Layout layout = Layout::open(path_, hdf5::Access::read);
      rows_digest_ = layout.rows_digest();
      Matching matching = match_rows(layout, source);
      const std::uint64_t added = matching.appends_range ? source.size() - layout.rows() : matching.to_append.size();
      rows_ = std::move(matching.rows);
      const bool same_text =
          layout.attributes.sweep_name == source.name() && layout.attributes.sweep_text == source.sweep_text();
      if (added == 0 && same_text) {
        if (!started_) start_journal(journal_->end());
        return;
      }
      write_growth(source, matching, added);
    }
    start_journal(journal_->end());
  }

  void write_growth(const PointSource& source, const Matching& matching, std::uint64_t added) {
    write_temporary([&] {
      copy_file(path_, temporary_of(path_));
      Layout layout = Layout::open(temporary_of(path_), hdf5::Access::write);
      layout.adopt(source);
      if (added != 0) {
        const std::uint64_t before = layout.rows();
        layout.append_rows(source, added, [&](std::uint64_t i) {
          return matching.appends_range ? before + i : matching.to_append[i];
        });
        layout.store_rows_digest();
      }
      rows_digest_ = layout.rows_digest();
      layout.close();
    });
  }

  // What is written takes the file's name; what cannot be written to its end leaves nothing behind.
  void write_temporary(const auto& write) {
    try {
      write();
      replace_file(temporary_of(path_), path_);
    } catch (...) {
      ::unlink(temporary_of(path_).c_str());
      throw;
    }
  }

  void read_rows() {
    const Layout layout = Layout::open(path_, hdf5::Access::read);
    statuses_.resize(layout.rows());
    attempts_.resize(layout.rows());
    layout.status.read(0, layout.rows(), statuses_.data());
    layout.attempt.read(0, layout.rows(), attempts_.data());
  }

  void start_journal(std::uint64_t keep_from) {
    wait_for_sync();
    journal_->restart(rows_digest_, keep_from);
    started_ = true;
  }

  // ---------------------------------------------------------------------------------------------- folding

  bool is_due() const {
    const double pause_s = std::max(environment_.fold_interval_s, environment_.fold_share * fold_duration_s_);
    if (seconds_since(last_fold_) >= pause_s) return true;
    if (last_fold_failed_) return false;
    return journal_->end() >= environment_.fold_bytes && journal_->end() >= file_size_or_zero(path_) / 2;
  }

  void begin_fold() {
    fold_end_ = journal_->end();
    folding_ = std::async(std::launch::async, [path = path_, end = fold_end_] {
      FoldOutcome outcome;
      const Clock::time_point start = Clock::now();
      try {
        const std::unique_ptr<JournalReader> reader = JournalReader::open(journal_of(path));
        WINDROW_CHECK(reader, "{} is gone", journal_of(path));
        outcome.report = fold(path, *reader, end, temporary_of(path));
        WINDROW_CHECK(reader->position() == end, "{} ends at byte {}, {} were written", journal_of(path),
                      reader->position(), end);
        replace_file(temporary_of(path), path);
      } catch (const std::exception& error) {
        outcome.failure = error.what();
        ::unlink(temporary_of(path).c_str());
      }
      outcome.duration_s = seconds_since(start);
      return outcome;
    });
  }

  // Gives the reason if the fold failed; the journal has everything still.
  std::string take_fold() {
    FoldOutcome outcome = folding_.get();
    last_fold_ = Clock::now();
    fold_duration_s_ = outcome.duration_s;
    last_fold_failed_ = !outcome.failure.empty();
    if (last_fold_failed_) {
      if (outcome.failure != last_failure_) warn(outcome.failure);
      last_failure_ = outcome.failure;
      return outcome.failure;
    }
    last_failure_.clear();
    for (std::string& warning : outcome.report.warnings) warn(std::move(warning));
    start_journal(fold_end_);
    return {};
  }

  void sync_if_due() {
    if (!unsynced_ || seconds_since(last_sync_) < environment_.sync_interval_s) return;
    if (syncing_.valid() && syncing_.wait_for(std::chrono::seconds(0)) != std::future_status::ready) return;
    wait_for_sync();
    unsynced_ = false;
    last_sync_ = Clock::now();
    // The journal is not started anew before this ends, so the object stays.
    syncing_ = std::async(std::launch::async, [this] { journal_->sync(); });
  }

  void wait_for_sync() {
    if (syncing_.valid()) syncing_.get();
  }

  std::string path_;
  Environment environment_;
  std::unique_ptr<Journal> journal_;
  Digest128 rows_digest_;
  bool started_ = false;  ///< the journal has a header for the rows of this file

  std::uint64_t points_ = 0;
  std::vector<std::uint64_t> rows_;      ///< by the plan's index; empty: the same
  std::vector<std::uint8_t> statuses_;   ///< by row
  std::vector<std::uint32_t> attempts_;  ///< by row

  std::string bytes_, payload_;
  bool unsynced_ = false;
  Clock::time_point last_sync_, last_fold_;
  std::future<void> syncing_;
  std::future<FoldOutcome> folding_;
  std::uint64_t fold_end_ = 0;
  double fold_duration_s_ = 0;
  bool last_fold_failed_ = false;
  std::string last_failure_;
  std::vector<std::string> warnings_;
};

class PlanSource final : public PointSource {
 public:
  explicit PlanSource(const sweep::Plan& plan) : plan_(plan) {}
  const std::string& name() const override { return plan_.name(); }
  const Description& description() const override { return plan_.simulator().describe(); }
  const std::vector<sweep::Axis>& axes() const override { return plan_.axes(); }
  std::uint64_t size() const override { return plan_.size(); }
  sweep::Point point(std::uint64_t index) const override { return plan_.point(index); }
  const std::string& sweep_text() const override { return plan_.sweep_text(); }
  const std::string& base_text() const override { return plan_.base_text(); }

 private:
  const sweep::Plan& plan_;
};

}  // namespace

std::unique_ptr<ResultFile> open_result_file(const std::string& path, const PointSource& source, Existing existing,
                                             const Environment& environment) {
  return std::make_unique<OpenFile>(path, source, existing, environment);
}

std::unique_ptr<ResultFile> ResultFile::open(const std::string& path, const PointSource& source, Existing existing) {
  return open_result_file(path, source, existing, Environment());
}

std::unique_ptr<ResultFile> ResultFile::open(const std::string& path, const sweep::Plan& plan, Existing existing) {
  return open(path, PlanSource(plan), existing);
}

}  // namespace windrow::store
