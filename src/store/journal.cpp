#include "store/journal.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <thread>
#include <vector>

#include "windrow/kernel/bytes.hpp"

namespace windrow::store {
namespace {

constexpr std::string_view kHeaderMagic = "WINDROWJ";
constexpr std::string_view kRecordMagicText = "WREC";
constexpr std::uint32_t kRecordMagic = 0x43455257;  // the same
constexpr std::size_t kHostBytes = 64;
constexpr std::size_t kBlock = std::size_t{1} << 20, kNearby = 4096;

bool lock_is_unsupported(int error_number) {
  return error_number == ENOSYS || error_number == EOPNOTSUPP || error_number == ENOLCK || error_number == EINVAL;
}

bool same_file(int descriptor, const std::string& path) {
  struct stat opened {
  }, named{};
  return ::fstat(descriptor, &opened) == 0 && ::stat(path.c_str(), &named) == 0 && opened.st_ino == named.st_ino &&
         opened.st_dev == named.st_dev;
}

std::string busy_text(const std::string& file, const std::optional<JournalHeader>& header) {
  const std::string who = header ? fmt::format(" (pid {} on host {})", header->pid, header->host) : "";
  return fmt::format("{}: another run{} is writing this file", file, who);
}

}  // namespace

void take_lock_file(const std::string& file, const std::string& lock_path) {
  for (int attempt = 0; attempt < 2; ++attempt) {
    const Descriptor lock(::open(lock_path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
    if (lock.get() >= 0) {
      const std::string holder = fmt::format("{} {}\n", ::getpid(), host_name());
      if (::write(lock.get(), holder.data(), holder.size()) != static_cast<ssize_t>(holder.size()))
        throw_io_error(lock_path, "write", errno);
      return;
    }
    if (errno != EEXIST) throw_io_error(lock_path, "create this file", errno);
    pid_t pid = 0;
    std::string host;
    std::ifstream(lock_path) >> pid >> host;
    const bool dead = host == host_name() && pid > 0 && ::kill(pid, 0) != 0 && errno == ESRCH;
    if (!dead)
      throw InputError(
          fmt::format("{}: another run (pid {} on host {}) is writing this file; if that run is dead, remove {}", file,
                      pid, host, lock_path));
    ::unlink(lock_path.c_str());
  }
  throw InputError(busy_text(file, std::nullopt));
}

std::string JournalHeader::encode() const {
  std::string bytes(kHeaderMagic);
  ByteWriter writer(bytes);
  writer.put(kJournalVersion);
  writer.put(pid);
  writer.put(rows.high);
  writer.put(rows.low);
  writer.put(generation);
  bytes += host.substr(0, kHostBytes - 1);
  bytes.resize(kBytes - 8, '\0');
  writer.put(fnv1a(bytes));
  return bytes;
}

std::optional<JournalHeader> JournalHeader::decode(std::string_view bytes) {
  if (bytes.size() < kBytes || !bytes.starts_with(kHeaderMagic)) return std::nullopt;
  ByteReader sum(bytes.substr(kBytes - 8, 8));
  if (sum.get<std::uint64_t>() != fnv1a(bytes.substr(0, kBytes - 8))) return std::nullopt;
  ByteReader reader(bytes.substr(kHeaderMagic.size()));
  if (reader.get<std::uint32_t>() != kJournalVersion) return std::nullopt;
  JournalHeader header;
  header.pid = reader.get<std::uint32_t>();
  header.rows.high = reader.get<std::uint64_t>();
  header.rows.low = reader.get<std::uint64_t>();
  header.generation = reader.get<std::uint64_t>();
  const std::string_view host = bytes.substr(kHeaderMagic.size() + 32, kHostBytes);
  header.host = host.substr(0, host.find('\0'));
  return header;
}

void append_journal_record(std::string& out, std::uint64_t row, std::string_view payload) {
  const std::size_t start = out.size();
  ByteWriter writer(out);
  writer.put(kRecordMagic);
  writer.put(static_cast<std::uint32_t>(payload.size()));
  writer.put(row);
  out.append(payload);
  writer.put(fnv1a(std::string_view(out).substr(start)));
}

JournalReader::JournalReader(Descriptor descriptor, std::string path)
    : descriptor_(std::move(descriptor)),
      path_(std::move(path)),
      header_(JournalHeader::decode(bytes_at(0, JournalHeader::kBytes))),
      position_(header_ ? JournalHeader::kBytes : 0) {}

std::unique_ptr<JournalReader> JournalReader::open(const std::string& path) {
  Descriptor descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (descriptor.get() < 0) {
    if (errno == ENOENT) return nullptr;
    throw_io_error(path, "read", errno);
  }
  return std::make_unique<JournalReader>(std::move(descriptor), path);
}

// Fewer bytes than asked for at the end of the file.
std::string_view JournalReader::bytes_at(std::uint64_t offset, std::size_t count) {
  const bool buffered = offset >= buffer_offset_ && offset + count <= buffer_offset_ + buffer_.size();
  if (!buffered) {
    buffer_.resize(std::max(count, read_ahead_));
    buffer_.resize(read_at(descriptor_.get(), path_, offset, buffer_.data(), buffer_.size()));
    buffer_offset_ = offset;
  }
  return std::string_view(buffer_).substr(offset - buffer_offset_, count);
}

std::optional<JournalReader::Record> JournalReader::record_at(std::uint64_t offset, std::uint64_t limit) {
  constexpr std::size_t kFront = 16, kSum = 8;
  const std::string_view front = bytes_at(offset, kFront);
  if (front.size() < kFront) return std::nullopt;
  ByteReader reader(front);
  if (reader.get<std::uint32_t>() != kRecordMagic) return std::nullopt;
  const std::size_t length = reader.get<std::uint32_t>();
  const auto row = reader.get<std::uint64_t>();
  const std::size_t total = kFront + length + kSum;
  // Before the bytes are asked for: a damaged length must not become a buffer of 4 GiB.
  if (offset + total > limit) return std::nullopt;
  if (total > kReadAhead && offset + total > file_size(descriptor_.get(), path_)) return std::nullopt;
  const std::string_view bytes = bytes_at(offset, total);
  if (bytes.size() < total) return std::nullopt;
  ByteReader sum(bytes.substr(kFront + length));
  if (sum.get<std::uint64_t>() != fnv1a(bytes.substr(0, kFront + length))) return std::nullopt;
  return Record{offset, row, bytes.substr(kFront, length)};
}

std::optional<JournalReader::Record> JournalReader::next(std::uint64_t limit) {
  if (!header_) return std::nullopt;
  std::optional<Record> record = record_at(position_, limit);
  if (!record) {
    // One bad byte must not cost what was acknowledged after it.
    const std::optional<std::uint64_t> good = good_record_after(position_, limit);
    if (!good) return std::nullopt;
    // Beside a run that appends, it may only have been half there a moment ago.
    buffer_.clear();
    record = record_at(position_, limit);
    if (!record) {
      if (!damaged_at_) damaged_at_ = position_;
      position_ = *good;
      record = record_at(position_, limit);
    }
  }
  position_ += kRecordOverhead + record->payload.size();
  return record;
}

std::optional<std::uint64_t> JournalReader::good_record_after(std::uint64_t offset, std::uint64_t limit) {
  while (offset < limit) {
    const std::string_view block = bytes_at(offset, kReadAhead);
    const std::size_t at = block.find(kRecordMagicText);
    if (at == std::string_view::npos) {
      if (block.size() < kReadAhead) return std::nullopt;
      offset += block.size() - kRecordMagicText.size() + 1;
    } else {
      offset += at;
      if (record_at(offset, limit)) return offset;
      ++offset;
    }
  }
  return std::nullopt;
}

JournalReader::Record JournalReader::at(std::uint64_t offset) {
  // Records are asked for by row, which need not be the order in which they came: little is read ahead then.
  read_ahead_ = kNearby;
  const std::optional<Record> record = record_at(offset, UINT64_MAX);
  read_ahead_ = kReadAhead;
  WINDROW_CHECK(record, "{}: the record at {} was good and is no more", path_, offset);
  return *record;
}

std::unique_ptr<Journal> Journal::lock(const std::string& file, const std::string& journal_path,
                                       const FileOpener& opener) {
  std::unique_ptr<Journal> journal(new Journal);
  journal->path_ = journal_path;
  journal->file_path_ = file;
  journal->opener_ = opener;
  // A reader that asks who is writing holds the lock for an instant, so one refusal proves nothing.
  for (int attempt = 0;; ++attempt) {
    bool created = true;
    Descriptor descriptor(::open(journal_path.c_str(), O_RDWR | O_APPEND | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
    if (descriptor.get() < 0 && errno == EEXIST) {
      created = false;
      descriptor = Descriptor(::open(journal_path.c_str(), O_RDWR | O_APPEND | O_CLOEXEC));
      if (descriptor.get() < 0 && errno == ENOENT) continue;
    }
    if (descriptor.get() < 0) throw_io_error(journal_path, "create this file", errno);
    if (::flock(descriptor.get(), LOCK_EX | LOCK_NB) != 0) {
      if (lock_is_unsupported(errno)) {
        take_lock_file(file, journal_path + ".lock");
        journal->lock_file_ = journal_path + ".lock";  // ours from here on: whoever is refused must not remove it
      } else {
        if (attempt < 20) {
          std::this_thread::sleep_for(std::chrono::milliseconds(10));
          continue;
        }
        throw InputError(busy_text(file, JournalReader(std::move(descriptor), journal_path).header()));
      }
    }
    if (!same_file(descriptor.get(), journal_path)) continue;  // started anew by its owner, who then ended
    journal->created_ = created;
    journal->file_ = opener(descriptor.release(), journal_path);
    break;
  }
  JournalReader reader(Descriptor(::dup(journal->file_->descriptor())), journal_path);
  journal->header_ = reader.header();
  while (reader.next()) {
  }
  journal->end_ = reader.position();
  journal->damaged_at_ = reader.damaged_at();
  return journal;
}

Journal::~Journal() {
  // An opening that was refused leaves the folder as it was.
  if (file_ && created_ && !header_ && !removed_) ::unlink(path_.c_str());
  if (!lock_file_.empty()) ::unlink(lock_file_.c_str());
}

void Journal::restart(Digest128 rows, std::uint64_t keep_from) {
  JournalHeader header;
  header.rows = rows;
  header.generation = header_ ? header_->generation + 1 : 1;
  header.pid = static_cast<std::uint32_t>(::getpid());
  header.host = host_name();

  const std::string fresh_path = path_ + ".new";
  Descriptor descriptor(::open(fresh_path.c_str(), O_RDWR | O_APPEND | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (descriptor.get() < 0) throw_io_error(fresh_path, "create this file", errno);
  if (::flock(descriptor.get(), LOCK_EX | LOCK_NB) != 0 && lock_file_.empty())
    throw_io_error(fresh_path, "lock", errno);
  std::unique_ptr<File> fresh = opener_(descriptor.release(), fresh_path);
  fresh->append(header.encode());
  std::string block;
  for (std::uint64_t from = keep_from; from < end_;) {
    block.resize(std::min<std::uint64_t>(kBlock, end_ - from));
    const std::size_t got = read_at(file_->descriptor(), path_, from, block.data(), block.size());
    WINDROW_CHECK(got == block.size(), "{} is shorter than what was written to it", path_);
    fresh->append(block);
    from += got;
  }
  replace_file(fresh_path, path_);
  damaged_at_.reset();
  end_ = JournalHeader::kBytes + (end_ > keep_from ? end_ - keep_from : 0);
  file_ = std::move(fresh);
  header_ = header;
  broken_.reset();
  removed_ = false;
}

void Journal::append(std::string_view records) {
  if (broken_) throw InputError(*broken_);
  WINDROW_CHECK(header_, "a journal is appended to before it was started");
  try {
    file_->append(records);
  } catch (const InputError& error) {
    const std::string text =
        fmt::format("{}; the results up to here are safe, the next run goes on from them", error.what());
    try {
      file_->truncate(end_);
    } catch (const InputError&) {
      // What lies behind the last good record cannot be removed: anything appended after it would never be read.
      broken_ = text;
    }
    throw InputError(text);
  }
  end_ += records.size();
}

void Journal::move_to(const std::string& path) {
  if (::rename(path_.c_str(), path.c_str()) != 0) throw_io_error(path_, "rename this file", errno);
  end_ = 0;
  removed_ = true;
}

void Journal::remove() {
  if (::unlink(path_.c_str()) != 0 && errno != ENOENT) throw_io_error(path_, "remove this file", errno);
  removed_ = true;
}

bool journal_is_locked(const std::string& journal_path) {
  const Descriptor descriptor(::open(journal_path.c_str(), O_RDONLY | O_CLOEXEC));
  if (descriptor.get() < 0) return false;
  if (::flock(descriptor.get(), LOCK_SH | LOCK_NB) == 0) return false;  // given back when the descriptor closes
  return lock_is_unsupported(errno) ? file_exists(journal_path + ".lock") : true;
}

}  // namespace windrow::store
