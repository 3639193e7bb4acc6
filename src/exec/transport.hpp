// How messages travel: the worker's end and the master's end. Two implementations: sockets to processes of this machine
// (local.hpp), MPI (mpi.hpp).
#pragma once

#include <poll.h>

#include <optional>
#include <string>
#include <vector>

namespace windrow::exec {

/// A worker's line to the master.
class Transport {
 public:
  virtual ~Transport() = default;
  /// Does not wait.
  virtual void send(std::string message) = 0;
  /// The next message; does not wait.
  virtual std::optional<std::string> receive() = 0;
  /// The master is gone.
  virtual bool closed() const = 0;
  /// Waits until there may be a message, one of `others` is ready, or the time is over. `urgent`: the worker has
  /// nothing to do before a message comes.
  virtual void wait(std::vector<pollfd>& others, double timeout_s, bool urgent) = 0;
  /// Returns when all that was sent is on its way, whatever happens to this process afterwards.
  virtual void drain() = 0;
};

/// The master's lines to all workers.
class Fleet {
 public:
  struct Event {
    int worker;
    std::optional<std::string> message;  ///< absent: the worker died and was replaced by a new one that knows nothing
  };

  virtual ~Fleet() = default;
  virtual int size() const = 0;
  /// Does not wait.
  virtual void send(int worker, std::string message) = 0;
  /// Tells a worker to drop its points, busy as it may be.
  virtual void drop(int worker) = 0;
  /// The next event, waiting at most so long; signals may end the wait earlier. All messages of a worker come before
  /// the news of its death.
  virtual std::optional<Event> next(double timeout_s) = 0;
  /// Provenance: what the worker calls itself.
  virtual std::uint32_t rank(int worker) const = 0;
};

}  // namespace windrow::exec
