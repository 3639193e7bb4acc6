#include "exec/local.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <csignal>
#include <cstdlib>

#include "exec/clock.hpp"
#include "exec/protocol.hpp"
#include "exec/sandbox.hpp"
#include "exec/worker.hpp"

namespace windrow::exec {

namespace {
constexpr double kEndGrace_s = 2;
constexpr double kLongestPoll_s = 3600;
}  // namespace

bool wait_for_any(std::vector<pollfd>& descriptors, double timeout_s) {
  timeout_s = std::clamp(timeout_s, 0.0, kLongestPoll_s);
  timespec timeout{};
  timeout.tv_sec = static_cast<time_t>(timeout_s);
  timeout.tv_nsec = static_cast<long>((timeout_s - std::floor(timeout_s)) * 1e9);
  return ::ppoll(descriptors.data(), descriptors.size(), &timeout, nullptr) > 0;
}

std::optional<std::string> SocketTransport::receive() {
  if (auto message = channel_.next()) return message;
  channel_.fill();
  return channel_.next();
}

void SocketTransport::wait(std::vector<pollfd>& others, double timeout_s, bool /*urgent*/) {
  others.push_back({channel_.descriptor(), static_cast<short>(POLLIN | (channel_.wants_write() ? POLLOUT : 0)), 0});
  wait_for_any(others, timeout_s);
  channel_.flush();
}

void SocketTransport::drain() {
  while (channel_.wants_write()) {
    std::vector<pollfd> self{{channel_.descriptor(), POLLOUT, 0}};
    wait_for_any(self, kLongestPoll_s);
    channel_.flush();
  }
}

LocalFleet::LocalFleet(Zygote& zygote, int workers, const Setup& setup) : zygote_(zygote), setup_(setup) {
  workers_.reserve(static_cast<std::size_t>(workers));
  for (int number = 0; number < workers; ++number) workers_.push_back(start(number));
}

LocalFleet::~LocalFleet() {
  for (Worker& worker : workers_) worker.channel.send(message_of(Kind::end));
  const double deadline_s = monotonic_s() + kEndGrace_s;
  while (monotonic_s() < deadline_s &&
         std::any_of(workers_.begin(), workers_.end(), [](const Worker& worker) { return !worker.channel.closed(); })) {
    descriptors_.clear();
    for (const Worker& worker : workers_)
      if (!worker.channel.closed())
        descriptors_.push_back({worker.channel.descriptor(),
                                static_cast<short>(POLLIN | (worker.channel.wants_write() ? POLLOUT : 0)), 0});
    wait_for_any(descriptors_, deadline_s - monotonic_s());
    for (Worker& worker : workers_) {
      worker.channel.flush();
      worker.channel.fill();
      while (worker.channel.next()) {
      }
    }
  }
  // A worker closes its line last of all, when its own children are gone.
  for (const Worker& worker : workers_)
    if (!worker.channel.closed()) ::kill(worker.pid, SIGKILL);
  while (zygote_.next_exit()) {
  }
}

LocalFleet::Worker LocalFleet::start(int number) {
  StreamPair sockets = make_stream_pair();
  const pid_t pid = zygote_.spawn(Zygote::Role::worker, std::array{sockets.theirs.get()});
  Worker worker{pid, Channel(std::move(sockets.ours))};
  Setup setup = setup_;
  setup.rank = rank(number);
  worker.channel.send(setup.message());
  return worker;
}

void LocalFleet::send(int worker, std::string message) {
  workers_[static_cast<std::size_t>(worker)].channel.send(message);
}

void LocalFleet::drop(int worker) {
  send(worker, message_of(Kind::drop));
  ::kill(workers_[static_cast<std::size_t>(worker)].pid, SIGTERM);  // heard only where points run in the worker itself
}

std::optional<Fleet::Event> LocalFleet::next(double timeout_s) {
  if (events_.empty()) poll_workers(timeout_s);
  if (events_.empty()) return std::nullopt;
  Event event = std::move(events_.front());
  events_.pop_front();
  return event;
}

void LocalFleet::poll_workers(double timeout_s) {
  descriptors_.clear();
  for (const Worker& worker : workers_)
    descriptors_.push_back(
        {worker.channel.descriptor(), static_cast<short>(POLLIN | (worker.channel.wants_write() ? POLLOUT : 0)), 0});
  descriptors_.push_back({zygote_.descriptor(), POLLIN, 0});
  if (!wait_for_any(descriptors_, timeout_s)) return;
  while (zygote_.next_exit()) {  // how a worker ended does not matter: that it did is seen at its socket
  }
  for (int number = 0; number < size(); ++number) {
    Worker& worker = workers_[static_cast<std::size_t>(number)];
    if (descriptors_[static_cast<std::size_t>(number)].revents == 0) continue;
    worker.channel.flush();
    worker.channel.fill();
    while (auto message = worker.channel.next()) events_.push_back({number, std::move(message)});
    if (!worker.channel.closed()) continue;
    ::kill(worker.pid, SIGKILL);
    worker = start(number);
    events_.push_back({number, std::nullopt});
  }
}

int local_worker_main(const Catalog& catalog, Descriptor socket) {
  SocketTransport transport(std::move(socket));
  // Of its own, so that the death of a worker takes its sandbox along and touches nobody else's.
  Zygote zygote([&catalog](Zygote::Role, std::vector<Descriptor>& descriptors, void* page) {
    return sandbox_main(catalog, std::move(descriptors[0]), std::move(descriptors[1]),
                        *static_cast<SandboxPage*>(page));
  });
  serve_master(transport, zygote, catalog);
  return EXIT_SUCCESS;
}

}  // namespace windrow::exec
