#include "windrow/store/progress.hpp"

#include <sys/stat.h>

#include <map>
#include <utility>

#include "store/journal.hpp"
#include "store/reader.hpp"

namespace windrow::store {
namespace {

using sweep::PointStatus;

bool has_ended(PointStatus status) {
  return has_result(status) || status == PointStatus::failed;
}

bool same_file(int a, int b) {
  struct stat first {
  }, second{};
  return ::fstat(a, &first) == 0 && ::fstat(b, &second) == 0 && first.st_ino == second.st_ino &&
         first.st_dev == second.st_dev;
}

class Follower final : public Progress {
 public:
  explicit Follower(const std::string& path) : path_(resolved_path(path)) { load(); }

  void refresh() override {
    // Opened before the rest of the old one is read: that one has all that the new one leaves out.
    std::unique_ptr<JournalReader> latest = JournalReader::open(path_ + ".journal");
    follow();
    if (!latest || !latest->header()) return;
    if (latest->header()->rows != file_.rows) return load();
    if (!journal_) {
      if (latest->header()->generation != 1) return load();
    } else if (same_file(journal_->descriptor(), latest->descriptor())) {
      return;
    } else if (latest->header()->generation != journal_->header()->generation + 1) {
      return load();
    }
    journal_ = std::move(latest);
    follow();
  }

  const std::vector<Row>& rows() const override { return rows_; }
  const std::vector<Worker>& workers() const override { return workers_; }
  std::string failure(std::uint64_t row) const override {
    if (rows_.at(row).status != PointStatus::failed) return "";
    const auto found = messages_.find(row);
    return found != messages_.end() ? found->second : file_.reader->message(row);
  }
  const Reader& file() const override { return *file_.reader; }
  bool being_written() const override { return journal_is_locked(path_ + ".journal"); }

 private:
  // The journal is opened first: what is folded in between is in the file then, and twice does no harm.
  void load() {
    journal_ = JournalReader::open(path_ + ".journal");
    file_ = open_folded(path_);
    rows_.assign(file_.reader->rows(), Row());
    messages_.clear();
    for (std::uint64_t row = 0; row < rows_.size(); ++row) {
      rows_[row].status = file_.reader->statuses()[row];
      if (has_ended(rows_[row].status)) set_provenance(rows_[row], file_.reader->provenance(row));
    }
    if (journal_ && (!journal_->header() || journal_->header()->rows != file_.rows)) journal_ = nullptr;
    follow();
  }

  void follow() {
    if (!journal_) return;
    while (const auto record = journal_->next()) {
      if (record->row >= rows_.size() || has_result(rows_[record->row].status)) continue;
      std::string_view bytes = record->payload;
      sweep::PointRecord point = sweep::take_record(bytes);
      rows_[record->row].status = point.status;
      if (has_ended(point.status)) set_provenance(rows_[record->row], point.provenance);
      if (point.status == PointStatus::failed) messages_[record->row] = std::move(point.message);
    }
  }

  void set_provenance(Row& row, const sweep::Provenance& provenance) {
    const auto [place, is_new] = numbers_.try_emplace({provenance.host, provenance.rank}, workers_.size());
    if (is_new) workers_.push_back({provenance.host, provenance.rank});
    row.worker = static_cast<std::uint32_t>(place->second);
    row.wall_s = provenance.wall_s;
    row.finished_unix_s = provenance.finished_unix_s;
  }

  std::string path_;
  FoldedFile file_;
  std::unique_ptr<JournalReader> journal_;  ///< as far as it was read
  std::vector<Row> rows_;
  std::vector<Worker> workers_;
  std::map<std::pair<std::string, std::uint32_t>, std::size_t> numbers_;
  std::map<std::uint64_t, std::string> messages_;  ///< of failed points that the file does not have yet
};

}  // namespace

std::unique_ptr<Progress> Progress::open(const std::string& path) {
  return std::make_unique<Follower>(path);
}

}  // namespace windrow::store
