// Messages over a stream socket, each with its length in front. Never waits: a slow reader costs memory, not time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "exec/descriptor.hpp"

namespace windrow::exec {

class Channel {
 public:
  explicit Channel(Descriptor socket);

  int descriptor() const { return socket_.get(); }
  /// Queues the message and sends what the socket takes.
  void send(std::string_view message);
  /// Sends what is queued as far as the socket takes it.
  void flush();
  bool wants_write() const { return !out_.empty(); }
  /// Nothing more will be sent: the peer sees the end after what it was sent; what is still queued here is lost.
  void finish();
  /// Reads all that is there. Meets the peer's end only when there was nothing else to read.
  void fill();
  /// The next complete message of those read.
  std::optional<std::string> next();
  /// The peer is gone. Messages that it sent before may still be there.
  bool closed() const { return closed_; }

 private:
  Descriptor socket_;
  std::string out_;
  std::size_t sent_ = 0;  ///< bytes of out_
  std::vector<char> in_;
  std::size_t begin_ = 0, end_ = 0;  ///< unread part of in_
  bool broken_ = false;              ///< nothing can be sent any more
  bool closed_ = false;
};

}  // namespace windrow::exec
