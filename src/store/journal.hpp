// The journal beside a result file: append-only, checksummed, and by its lock the sign of who is the master.
// Layout in docs/result-file.md.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "store/file.hpp"
#include "windrow/kernel/hash.hpp"

namespace windrow::store {

constexpr std::uint32_t kJournalVersion = 1;

/// First block of a journal.
struct JournalHeader {
  Digest128 rows;                ///< which rows it speaks of: the result file's `rows_digest`
  std::uint64_t generation = 0;  ///< how often it was started anew
  std::uint32_t pid = 0;         ///< of the writer
  std::string host;

  static constexpr std::size_t kBytes = 128;
  std::string encode() const;
  /// No value for bytes that are not a whole header of this version.
  static std::optional<JournalHeader> decode(std::string_view bytes);
};

/// A record: magic, length of the payload, row, payload, checksum of all that.
constexpr std::size_t kRecordOverhead = 4 + 4 + 8 + 8;
void append_journal_record(std::string& out, std::uint64_t row, std::string_view payload);

/// Walks a journal's good records: over damaged ones to the next that is good, up to a torn end. Holds on to the file
/// that it opened, whatever takes its name later.
class JournalReader {
 public:
  struct Record {
    std::uint64_t offset = 0, row = 0;
    std::string_view payload;  ///< valid until the next call
  };

  JournalReader(Descriptor descriptor, std::string path);
  /// Null if there is no such file.
  static std::unique_ptr<JournalReader> open(const std::string& path);

  const std::optional<JournalHeader>& header() const { return header_; }
  /// The next good record that ends at or before `limit`.
  std::optional<Record> next(std::uint64_t limit = UINT64_MAX);
  /// Where the first damaged bytes are that next() went over; no value if there were none.
  std::optional<std::uint64_t> damaged_at() const { return damaged_at_; }
  /// End of the last good record (or of the header).
  std::uint64_t position() const { return position_; }
  /// A record at an offset that next() gave before.
  Record at(std::uint64_t offset);
  int descriptor() const { return descriptor_.get(); }

 private:
  std::string_view bytes_at(std::uint64_t offset, std::size_t count);
  std::optional<Record> record_at(std::uint64_t offset, std::uint64_t limit);
  std::optional<std::uint64_t> good_record_after(std::uint64_t offset, std::uint64_t limit);

  static constexpr std::size_t kReadAhead = std::size_t{1} << 20;

  Descriptor descriptor_;
  std::string path_;
  std::string buffer_;
  std::size_t read_ahead_ = kReadAhead;
  std::uint64_t buffer_offset_ = 0;
  std::optional<JournalHeader> header_;
  std::uint64_t position_;
  std::optional<std::uint64_t> damaged_at_;
};

/// The writer's end, with the lock that makes it the only one.
class Journal {
 public:
  /// Takes the lock of `journal_path` and finds the end of what is good in it; makes an empty file if there is none.
  /// InputError that names `file` and the holder if another run has the lock.
  static std::unique_ptr<Journal> lock(const std::string& file, const std::string& journal_path,
                                       const FileOpener& opener);
  ~Journal();
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  const std::optional<JournalHeader>& header() const { return header_; }
  bool has_records() const { return end_ > JournalHeader::kBytes; }
  std::uint64_t end() const { return end_; }
  /// Where it was damaged, with good records behind, when the lock was taken.
  std::optional<std::uint64_t> damaged_at() const { return damaged_at_; }

  /// Starts anew for these rows, with only what lies from `keep_from` on (all of it already good). The lock is held
  /// throughout.
  void restart(Digest128 rows, std::uint64_t keep_from);
  /// Appends whole records in one write. On failure the journal is cut back to what it was, and InputError thrown.
  void append(std::string_view records);
  void sync() { file_->sync(); }
  /// Gives the journal another name, as when its result file is put aside; a new one begins with restart().
  void move_to(const std::string& path);
  /// Removes it from the folder.
  void remove();

 private:
  Journal() = default;

  std::string path_, file_path_, lock_file_;
  FileOpener opener_;
  std::unique_ptr<File> file_;
  std::optional<JournalHeader> header_;
  std::uint64_t end_ = 0;
  std::optional<std::uint64_t> damaged_at_;
  bool created_ = false, removed_ = false;
  std::optional<std::string> broken_;  ///< why nothing can be appended any more
};

/// For file systems without flock: makes `lock_path` with this process's name. One that a dead process of this host
/// left behind is taken over; of another host's processes nothing is known, so that is an InputError that says what to
/// do.
void take_lock_file(const std::string& file, const std::string& lock_path);

/// Whether some process holds the lock of this journal.
bool journal_is_locked(const std::string& journal_path);

}  // namespace windrow::store
