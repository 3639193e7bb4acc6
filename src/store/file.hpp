// What this room asks of the operating system: an append-only file, copies, renames that last. Failures are InputErrors
// that name the path and the reason: a full disk is the user's to mend.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "windrow/kernel/error.hpp"

namespace windrow::store {

/// A file that grows at its end. The tests put one in its place that fails on request.
class File {
 public:
  virtual ~File() = default;
  /// One write(2) unless the system takes less. Throws InputError; part of the bytes may be there then.
  virtual void append(std::string_view bytes) = 0;
  virtual void truncate(std::uint64_t size) = 0;
  virtual void sync() = 0;  ///< the data survives a power cut
  virtual int descriptor() const = 0;
};
using FileOpener = std::function<std::unique_ptr<File>(int descriptor, const std::string& path)>;

/// Takes ownership of `descriptor`, which must have been opened with O_APPEND.
std::unique_ptr<File> posix_file(int descriptor, const std::string& path);

/// `PATH: cannot ACTION: REASON`.
[[noreturn]] void throw_io_error(const std::string& path, std::string_view action, int error_number);

/// An owned descriptor for reading.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(other.fd_) { other.fd_ = -1; }
  Descriptor& operator=(Descriptor&& other) noexcept;
  ~Descriptor();
  int get() const { return fd_; }
  int release();

 private:
  int fd_ = -1;
};

/// Reads up to `count` bytes at `offset`; fewer only at the end of the file.
std::size_t read_at(int descriptor, const std::string& path, std::uint64_t offset, char* out, std::size_t count);
std::uint64_t file_size(int descriptor, const std::string& path);
/// No value semantics beyond that: 0 for a file that does not exist.
std::uint64_t file_size_or_zero(const std::string& path);
bool file_exists(const std::string& path);

/// The file that a path means, with symbolic links followed: what is renamed into place must not take a link's place,
/// and two names of one file must have one journal. Throws InputError for what is neither a file nor absent (a pipe, a
/// device).
std::string resolved_path(const std::string& path);

/// Copies by reflink or inside the kernel where that works. `to` is made anew.
void copy_file(const std::string& from, const std::string& to);
/// fsync(from), rename(from, to), fsync of the folder: `to` is either the old file or the new one, whatever happens.
void replace_file(const std::string& from, const std::string& to);
/// The first free name of PATH.old, PATH.old.1, PATH.old.2 …
std::string free_old_name(const std::string& path);
std::string host_name();

}  // namespace windrow::store
