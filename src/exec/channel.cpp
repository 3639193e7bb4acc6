#include "exec/channel.hpp"

#include <fcntl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>

#include "windrow/kernel/error.hpp"

namespace windrow::exec {

namespace {
constexpr std::size_t kReadBytes = 256 * 1024;
constexpr std::size_t kKeptBytes = 4 * kReadBytes;  // a buffer that a rare long message made larger is given back
using Length = std::uint32_t;
}  // namespace

Channel::Channel(Descriptor socket) : socket_(std::move(socket)) {
  ::fcntl(socket_.get(), F_SETFL, ::fcntl(socket_.get(), F_GETFL) | O_NONBLOCK);
}

void Channel::send(std::string_view message) {
  WINDROW_CHECK(message.size() <= std::numeric_limits<Length>::max(), "a message of {} bytes", message.size());
  const auto length = static_cast<Length>(message.size());
  out_.append(reinterpret_cast<const char*>(&length), sizeof length);
  out_.append(message);
  flush();
}

void Channel::flush() {
  while (!broken_ && sent_ < out_.size()) {
    const ssize_t count = ::send(socket_.get(), out_.data() + sent_, out_.size() - sent_, MSG_NOSIGNAL);
    if (count >= 0) {
      sent_ += static_cast<std::size_t>(count);
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      break;
    } else if (errno != EINTR) {
      broken_ = true;
    }
  }
  if (broken_ || sent_ == out_.size()) {
    out_.clear();
    sent_ = 0;
    if (out_.capacity() > kKeptBytes) out_.shrink_to_fit();
  } else if (sent_ > kKeptBytes) {
    out_.erase(0, sent_);
    sent_ = 0;
  }
}

void Channel::finish() {
  broken_ = true;
  flush();
  ::shutdown(socket_.get(), SHUT_WR);
}

void Channel::fill() {
  while (!closed_) {
    if (begin_ == end_) {
      begin_ = end_ = 0;
      if (in_.size() > kKeptBytes) std::vector<char>().swap(in_);
    }
    if (in_.size() - end_ < kReadBytes / 4) {
      std::copy(in_.begin() + static_cast<std::ptrdiff_t>(begin_), in_.begin() + static_cast<std::ptrdiff_t>(end_),
                in_.begin());
      end_ -= begin_;
      begin_ = 0;
      if (in_.size() - end_ < kReadBytes / 4) in_.resize(std::max(kReadBytes, 2 * in_.size()));
    }
    const std::size_t room = in_.size() - end_;
    const ssize_t count = ::recv(socket_.get(), in_.data() + end_, room, 0);
    if (count > 0) {
      end_ += static_cast<std::size_t>(count);
      if (static_cast<std::size_t>(count) < room) return;
    } else if (count == 0 || (errno != EINTR && errno != EAGAIN && errno != EWOULDBLOCK)) {
      closed_ = true;
    } else if (errno != EINTR) {
      return;
    }
  }
}

std::optional<std::string> Channel::next() {
  Length length = 0;
  if (end_ - begin_ < sizeof length) return std::nullopt;
  std::memcpy(&length, in_.data() + begin_, sizeof length);
  if (end_ - begin_ - sizeof length < length) return std::nullopt;
  std::string message(in_.data() + begin_ + sizeof length, length);
  begin_ += sizeof length + length;
  return message;
}

}  // namespace windrow::exec
