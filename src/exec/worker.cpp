#include "exec/worker.hpp"

#include <memory>

#include "exec/executor.hpp"
#include "exec/protocol.hpp"
#include "windrow/kernel/error.hpp"

namespace windrow::exec {

void serve_master(Transport& transport, Zygote& zygote, const Catalog& catalog) {
  std::unique_ptr<Executor> executor;
  bool dropping = false;
  const Deliver deliver = [&](std::string message) { transport.send(std::move(message)); };
  std::vector<pollfd> descriptors;
  while (!transport.closed()) {
    while (const auto message = transport.receive()) {
      switch (kind_of(*message)) {
        case Kind::setup:
          executor = make_executor(catalog, zygote, Setup::from(*message));
          break;
        case Kind::assign:
          executor->assign(*message);
          break;
        case Kind::drop:
          if (executor) executor->drop();
          dropping = true;
          break;
        case Kind::end:
          transport.send(message_of(Kind::bye));
          transport.drain();
          return;
        default:
          WINDROW_CHECK(false, "a worker was sent a message of kind {}", int(message->front()));
      }
    }
    if (executor) executor->step(deliver);
    const bool idle = !executor || executor->idle();
    if (dropping && idle) {
      transport.send(message_of(Kind::dropped));
      dropping = false;
    }
    descriptors.clear();
    const double timeout_s = executor ? executor->wait_for(descriptors) : 3600;
    if (timeout_s > 0) transport.wait(descriptors, timeout_s, idle);
  }
}

}  // namespace windrow::exec
