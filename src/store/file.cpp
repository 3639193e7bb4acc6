#include "store/file.hpp"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <vector>

namespace windrow::store {
namespace {

class PosixFile final : public File {
 public:
  PosixFile(int descriptor, std::string path) : descriptor_(descriptor), path_(std::move(path)) {}

  void append(std::string_view bytes) override {
    while (!bytes.empty()) {
      const ssize_t written = ::write(descriptor_.get(), bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) throw_io_error(path_, "write", errno);
      bytes.remove_prefix(static_cast<std::size_t>(written));
    }
  }
  void truncate(std::uint64_t size) override {
    if (::ftruncate(descriptor_.get(), static_cast<off_t>(size)) != 0) throw_io_error(path_, "cut", errno);
  }
  void sync() override {
    if (::fdatasync(descriptor_.get()) != 0) throw_io_error(path_, "write", errno);
  }
  int descriptor() const override { return descriptor_.get(); }

 private:
  Descriptor descriptor_;
  std::string path_;
};

std::string folder_of(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  return folder.empty() ? "." : folder;
}

}  // namespace

std::unique_ptr<File> posix_file(int descriptor, const std::string& path) {
  return std::make_unique<PosixFile>(descriptor, path);
}

void throw_io_error(const std::string& path, std::string_view action, int error_number) {
  throw InputError(fmt::format("{}: cannot {}: {}", path, action, std::generic_category().message(error_number)));
}

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}
Descriptor::~Descriptor() {
  if (fd_ >= 0) ::close(fd_);
}
int Descriptor::release() {
  const int fd = fd_;
  fd_ = -1;
  return fd;
}

std::size_t read_at(int descriptor, const std::string& path, std::uint64_t offset, char* out, std::size_t count) {
  std::size_t done = 0;
  while (done < count) {
    const ssize_t got = ::pread(descriptor, out + done, count - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw_io_error(path, "read", errno);
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  return done;
}

std::uint64_t file_size(int descriptor, const std::string& path) {
  struct stat info {};
  if (::fstat(descriptor, &info) != 0) throw_io_error(path, "read", errno);
  return static_cast<std::uint64_t>(info.st_size);
}

std::uint64_t file_size_or_zero(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 ? static_cast<std::uint64_t>(info.st_size) : 0;
}

bool file_exists(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) == 0) return true;
  if (errno != ENOENT && errno != ENOTDIR) throw_io_error(path, "look at this file", errno);
  return false;
}

void copy_file(const std::string& from, const std::string& to) {
  const Descriptor in(::open(from.c_str(), O_RDONLY | O_CLOEXEC));
  if (in.get() < 0) throw_io_error(from, "read", errno);
  const Descriptor out(::open(to.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (out.get() < 0) throw_io_error(to, "create this file", errno);
  bool in_kernel = true;
  std::vector<char> buffer;
  for (std::uint64_t done = 0;;) {
    if (in_kernel) {
      const ssize_t copied = ::copy_file_range(in.get(), nullptr, out.get(), nullptr, std::size_t{1} << 30, 0);
      if (copied > 0) {
        done += static_cast<std::uint64_t>(copied);
        continue;
      }
      if (copied == 0) return;
      if (errno == EINTR) continue;
      if (errno != EXDEV && errno != ENOSYS && errno != EINVAL && errno != EOPNOTSUPP)
        throw_io_error(to, "write", errno);
      in_kernel = false;
      buffer.resize(std::size_t{1} << 20);
    }
    const std::size_t got = read_at(in.get(), from, done, buffer.data(), buffer.size());
    if (got == 0) return;
    for (std::size_t put = 0; put < got;) {
      const ssize_t written = ::write(out.get(), buffer.data() + put, got - put);
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) throw_io_error(to, "write", errno);
      put += static_cast<std::size_t>(written);
    }
    done += got;
  }
}

void replace_file(const std::string& from, const std::string& to) {
  const Descriptor file(::open(from.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) throw_io_error(from, "read", errno);
  if (::fsync(file.get()) != 0) throw_io_error(from, "write", errno);
  if (::rename(from.c_str(), to.c_str()) != 0) throw_io_error(to, "replace this file", errno);
  const Descriptor folder(::open(folder_of(to).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  // Some file systems cannot sync a folder; the rename itself has happened.
  if (folder.get() >= 0) (void)::fsync(folder.get());
}

std::string free_old_name(const std::string& path) {
  std::string name = path + ".old";
  for (int i = 1; file_exists(name) || file_exists(name + ".journal"); ++i) name = fmt::format("{}.old.{}", path, i);
  return name;
}

std::string host_name() {
  char name[256] = {};
  if (::gethostname(name, sizeof name - 1) != 0) return "unknown";
  return name;
}

std::string resolved_path(const std::string& path) {
  namespace fs = std::filesystem;
  constexpr int kMostLinks = 40;
  std::error_code error;  // what does not exist is no error here
  fs::path target = path;
  for (int links = 0; fs::is_symlink(fs::symlink_status(target, error)); ++links) {
    if (links == kMostLinks) throw InputError(fmt::format("{}: these links go round in a circle", path));
    target = target.parent_path() / fs::read_symlink(target, error);
  }
  const fs::file_status status = fs::status(target, error);
  if (fs::exists(status) && !fs::is_regular_file(status) && !fs::is_directory(status))
    throw InputError(fmt::format("{}: expected a file, found a device or a pipe", path));
  return target.string();
}

}  // namespace windrow::store
