// A small process that forks children on request: made before the program grows or starts MPI, because a fork costs
// what the forking process has in memory, and because MPI does not like to be forked.
#pragma once

#include <sys/types.h>

#include <deque>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "exec/descriptor.hpp"

namespace windrow::exec {

class Zygote {
 public:
  enum class Role : char { worker, sandbox };
  /// What a child does; its end is the child's end with that exit status. `page` is the page() of the owner.
  using Body = std::function<int(Role role, std::vector<Descriptor>& descriptors, void* page)>;
  struct Exit {
    pid_t pid;
    int status;  ///< as from waitpid
  };

  /// Forks. Call it in the main thread: the kernel ends the children of a thread that ends, not only of a process.
  explicit Zygote(Body body);
  /// Ends all children and the zygote, and waits for them.
  ~Zygote();
  Zygote(const Zygote&) = delete;
  Zygote& operator=(const Zygote&) = delete;

  /// Forks a child that holds copies of `descriptors` (at most 4) and no others but the standard ones: no input, and
  /// its standard output goes to the standard error. A dead zygote is replaced first. Throws std::system_error.
  pid_t spawn(Role role, std::span<const int> descriptors);
  /// Readable when next_exit() may have news.
  int descriptor() const { return control_.get(); }
  /// How a child ended; does not wait. If the zygote itself was killed, so were its children.
  std::optional<Exit> next_exit();
  /// One page (4 KiB, zero at first) shared with the children. Another one after the zygote had to be replaced: ask
  /// again after each spawn().
  void* page() const { return page_; }

 private:
  void start();
  void end();
  bool receive_one(bool wait);
  void on_zygote_death();

  Body body_;
  Descriptor control_;
  pid_t pid_ = -1;
  void* page_ = nullptr;
  std::vector<pid_t> children_;
  std::deque<Exit> exits_;
  std::optional<pid_t> spawned_;  ///< answer to the spawn request under way; negative: -errno
};

/// Closes every descriptor from `first` on.
void close_descriptors_from(int first);

/// Signals that a terminal, mpirun or Slurm sends to a whole group of processes; the master alone decides what they
/// mean.
std::span<const int> stop_signals();
void ignore_stop_signals();

}  // namespace windrow::exec
