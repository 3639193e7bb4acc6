// Workers that are processes of this machine, connected by sockets.
#pragma once

#include <sys/types.h>

#include <deque>
#include <vector>

#include "exec/channel.hpp"
#include "exec/protocol.hpp"
#include "exec/transport.hpp"
#include "exec/zygote.hpp"
#include "windrow/simulator/simulator.hpp"

namespace windrow::exec {

class SocketTransport final : public Transport {
 public:
  explicit SocketTransport(Descriptor socket) : channel_(std::move(socket)) {}
  void send(std::string message) override { channel_.send(message); }
  std::optional<std::string> receive() override;
  bool closed() const override { return channel_.closed(); }
  void wait(std::vector<pollfd>& others, double timeout_s, bool urgent) override;
  void drain() override;

 private:
  Channel channel_;
};

class LocalFleet final : public Fleet {
 public:
  /// `setup` is sent to each worker first, with its number as rank.
  LocalFleet(Zygote& zygote, int workers, const Setup& setup);
  /// Ends the workers: politely, and after a while with force.
  ~LocalFleet() override;
  int size() const override { return static_cast<int>(workers_.size()); }
  void send(int worker, std::string message) override;
  void drop(int worker) override;
  std::optional<Event> next(double timeout_s) override;
  std::uint32_t rank(int worker) const override { return static_cast<std::uint32_t>(worker); }

 private:
  struct Worker {
    pid_t pid;
    Channel channel;
  };
  Worker start(int number);
  void poll_workers(double timeout_s);

  Zygote& zygote_;
  const Setup setup_;
  std::vector<Worker> workers_;
  std::deque<Event> events_;
  std::vector<pollfd> descriptors_;
};

/// Body of a local worker's process. Returns its exit status.
int local_worker_main(const Catalog& catalog, Descriptor socket);

/// Waits for one of the descriptors; false on a signal or when the time is over.
bool wait_for_any(std::vector<pollfd>& descriptors, double timeout_s);

}  // namespace windrow::exec
