// Workers that are MPI ranks. The only file pair that sees MPI.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "exec/protocol.hpp"
#include "exec/transport.hpp"

namespace windrow::exec {

/// The ranks of this job. MPI is initialised by the constructor and finalised by the destructor.
class MpiWorld {
 public:
  /// Whether the environment says that this process was started as one of several ranks. Calls no MPI function.
  static bool launched();

  MpiWorld(int& argc, char**& argv);
  ~MpiWorld();
  MpiWorld(const MpiWorld&) = delete;
  MpiWorld& operator=(const MpiWorld&) = delete;

  int rank() const { return rank_; }
  int size() const { return size_; }

  /// Does not wait; the message is kept until it is on its way.
  void send(int to, std::string message);
  /// Who sent what; does not wait.
  std::optional<std::pair<int, std::string>> receive();
  bool message_waits() const;
  /// Gives MPI a chance to carry on with what was sent; true if nothing is left.
  bool sent();
  /// Ends all ranks at once.
  [[noreturn]] void abort(int status) const;

 private:
  struct Sends;
  int rank_ = 0, size_ = 1;
  std::unique_ptr<Sends> sends_;
};

class MpiTransport final : public Transport {
 public:
  explicit MpiTransport(MpiWorld& world) : world_(world) {}
  void send(std::string message) override { world_.send(0, std::move(message)); }
  std::optional<std::string> receive() override;
  bool closed() const override { return false; }  // a rank does not outlive another
  void wait(std::vector<pollfd>& others, double timeout_s, bool urgent) override;
  void drain() override;

 private:
  MpiWorld& world_;
};

/// Rank 1 is worker 0.
class MpiFleet final : public Fleet {
 public:
  MpiFleet(MpiWorld& world, const Setup& setup);
  int size() const override { return world_.size() - 1; }
  void send(int worker, std::string message) override { world_.send(worker + 1, std::move(message)); }
  void drop(int worker) override { send(worker, message_of(Kind::drop)); }
  std::optional<Event> next(double timeout_s) override;
  std::uint32_t rank(int worker) const override { return static_cast<std::uint32_t>(worker + 1); }

 private:
  MpiWorld& world_;
};

/// Master: tells all ranks that it is over and waits for their goodbye; ends them by force if one does not answer.
void dismiss_ranks(MpiWorld& world);

}  // namespace windrow::exec
