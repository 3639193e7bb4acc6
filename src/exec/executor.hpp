// How a worker runs the points it was given: in a sandbox child, or in its own process.
#pragma once

#include <poll.h>

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "exec/channel.hpp"
#include "exec/protocol.hpp"
#include "exec/sandbox.hpp"
#include "exec/zygote.hpp"

namespace windrow::exec {

/// Between the reason of a failure and what the sandbox printed before it.
inline constexpr std::string_view kLastOutput = "; its last output:\n";

/// Takes a Kind::results message.
using Deliver = std::function<void(std::string message)>;

class Executor {
 public:
  virtual ~Executor() = default;
  /// Takes a Kind::assign message.
  virtual void assign(std::string_view message) = 0;
  /// Forgets what has not begun and asks what is running to stop; idle() tells when that is done.
  virtual void drop() = 0;
  virtual bool idle() const = 0;
  /// Does what can be done without waiting.
  virtual void step(const Deliver& deliver) = 0;
  /// What to wait for until the next step: adds descriptors, returns the longest time in s.
  virtual double wait_for(std::vector<pollfd>& descriptors) const = 0;
};

std::unique_ptr<Executor> make_executor(const Catalog& catalog, Zygote& zygote, const Setup& setup);

}  // namespace windrow::exec
