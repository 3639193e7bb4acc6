// A file descriptor with an owner, and the calls that make them.
#pragma once

#include <unistd.h>

#include <utility>

namespace windrow::exec {

class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor() { close(); }

  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }

 private:
  int fd_ = -1;
};

struct StreamPair {
  Descriptor ours, theirs;
};
struct Pipe {
  Descriptor read_end, write_end;
};

/// Two connected stream sockets. Close-on-exec, like all descriptors here. Throws std::system_error.
StreamPair make_stream_pair();
/// The read end does not block. Throws std::system_error.
Pipe make_pipe();

}  // namespace windrow::exec
