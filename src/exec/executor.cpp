#include "exec/executor.hpp"

#include <fmt/format.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "exec/clock.hpp"
#include "windrow/kernel/error.hpp"
#include "windrow/kernel/text.hpp"

namespace windrow::exec {

namespace {

constexpr double kForever_s = 3600;
constexpr double kStopGrace_s = 0.3;  // well below the second that mpirun leaves between SIGTERM and SIGKILL
constexpr std::size_t kTailBytes = 2048;
constexpr int kMostStrikes = 3;

std::string signal_name(int signal) {
  const char* name = ::sigabbrev_np(signal);
  return name != nullptr ? fmt::format("SIG{}", name) : fmt::format("signal {}", signal);
}

/// Keeps a child in which points run, and makes a new one when it dies.
class SandboxExecutor final : public Executor {
 public:
  SandboxExecutor(Zygote& zygote, const Setup& setup) : zygote_(zygote), setup_(setup) {}
  ~SandboxExecutor() override {
    if (pid_ > 0) ::kill(pid_, SIGKILL);  // the zygote reaps it
  }

  void assign(std::string_view message) override {
    for (Task& task : AssignMessage::tasks(message)) tasks_.push_back(std::move(task));
    if (channel_ && !stopping()) channel_->send(message);
  }

  void drop() override {
    if (pid_ < 0 || stopping() || tasks_.empty()) return tasks_.clear();
    tasks_.clear();
    page().stop = true;
    channel_->finish();
    stop_deadline_s_ = monotonic_s() + kStopGrace_s;
  }

  bool idle() const override { return tasks_.empty() && !stopping(); }

  void step(const Deliver& deliver) override {
    if (pid_ > 0) {
      channel_->flush();
      receive(deliver);
    }
    while (const auto exit = zygote_.next_exit())
      if (exit->pid == pid_) on_death(exit->status, deliver);
    if (pid_ > 0) enforce_limits();
    if (pid_ < 0 && !tasks_.empty()) start();
  }

  double wait_for(std::vector<pollfd>& descriptors) const override {
    if (pid_ < 0) return kForever_s;
    if (!channel_->closed())
      descriptors.push_back(
          {channel_->descriptor(), static_cast<short>(POLLIN | (channel_->wants_write() ? POLLOUT : 0)), 0});
    if (errors_) descriptors.push_back({errors_.get(), POLLIN, 0});
    descriptors.push_back({zygote_.descriptor(), POLLIN, 0});
    const double now_s = monotonic_s();
    if (stopping()) return std::max(0.0, stop_deadline_s_ - now_s);
    if (!setup_.limits.wall_s || tasks_.empty()) return kForever_s;
    // Between two points there is nothing to measure yet: look again soon.
    if (page().running.load(std::memory_order_acquire) == 0) return std::min(*setup_.limits.wall_s, 0.01);
    return std::max(0.0, seconds(page().since_ns.load(std::memory_order_relaxed)) + *setup_.limits.wall_s - now_s) +
           1e-3;
  }

 private:
  SandboxPage& page() const { return *static_cast<SandboxPage*>(zygote_.page()); }
  bool stopping() const { return stop_deadline_s_ > 0; }

  void start() {
    StreamPair sockets = make_stream_pair();
    Pipe errors = make_pipe();
    new (zygote_.page()) SandboxPage;
    pid_ = zygote_.spawn(Zygote::Role::sandbox, std::array{sockets.theirs.get(), errors.write_end.get()});
    channel_.emplace(std::move(sockets.ours));
    errors_ = std::move(errors.read_end);
    tail_.clear();
    settled_ = 0;
    reported_ = 0;
    condemned_ = 0;
    channel_->send(setup_.message());
    AssignMessage message;
    for (const Task& task : tasks_) message.add(task.index, task.attempt, task.text);
    channel_->send(message.take());
  }

  void receive(const Deliver& deliver) {
    channel_->fill();
    bool news = false;
    while (auto message = channel_->next()) {
      const std::uint32_t count = ResultsMessage::header(*message).count;
      if (!stopping()) tasks_.erase(tasks_.begin(), tasks_.begin() + count);  // after a drop there is none to tick off
      reported_ += count;
      strikes_ = 0;
      news = true;
      deliver(std::move(*message));
    }
    // What finished points printed is of no interest. But results and output come by two ways: what was read since the
    // results before these may already be the next point's, and be all that there is to know of its death.
    if (news) {
      tail_.erase(0, settled_);
      settled_ = tail_.size();
    }
    read_errors();
  }

  void read_errors() {
    std::array<char, 4096> buffer;
    while (errors_) {
      const ssize_t count = ::read(errors_.get(), buffer.data(), buffer.size());
      if (count > 0) {
        tail_.append(buffer.data(), static_cast<std::size_t>(count));
        if (tail_.size() > 2 * kTailBytes) {
          const std::size_t surplus = tail_.size() - kTailBytes;
          tail_.erase(0, surplus);
          settled_ -= std::min(settled_, surplus);
        }
      } else if (count == 0 || (errno != EINTR && errno != EAGAIN)) {
        errors_.close();
      } else if (errno == EAGAIN) {
        return;
      }
    }
  }

  void enforce_limits() {
    const double now_s = monotonic_s();
    if (stopping()) {
      if (now_s >= stop_deadline_s_) ::kill(pid_, SIGKILL);
      return;
    }
    const std::uint64_t running = page().running.load(std::memory_order_acquire);
    if (!setup_.limits.wall_s || running == 0 || condemned_ != 0) return;
    if (now_s - seconds(page().since_ns.load(std::memory_order_relaxed)) < *setup_.limits.wall_s) return;
    if (page().running.load(std::memory_order_acquire) != running) return;  // the clock read was another point's
    condemned_ = running;
    ::kill(pid_, SIGKILL);
  }

  void on_death(int status, const Deliver& deliver) {
    receive(deliver);  // what it sent before
    const std::uint64_t running = page().running.load(std::memory_order_acquire);
    const double ran_s = monotonic_s() - seconds(page().since_ns.load(std::memory_order_relaxed));
    pid_ = -1;
    channel_.reset();
    errors_.close();
    if (stopping()) {
      stop_deadline_s_ = 0;
      return;
    }
    if (running > reported_ && running - reported_ <= tasks_.size()) {
      const bool too_long = condemned_ == running;
      if (condemned_ != 0 && !too_long) return;  // finished in the moment of its execution: it runs again
      blame(running - reported_ - 1, too_long ? limit_text() : reason(status), ran_s, deliver);
    } else if (!tasks_.empty() && status != 0 && condemned_ == 0 && ++strikes_ >= kMostStrikes) {
      blame(0, reason(status) + " before it began, several times", 0, deliver);
    }
  }

  void blame(std::uint64_t position, const std::string& why, double wall_s, const Deliver& deliver) {
    const auto task = tasks_.begin() + static_cast<std::ptrdiff_t>(position);
    ResultsMessage message;
    message.add(failed_record(*task, why, wall_s, setup_.rank), wall_s);
    tasks_.erase(task);
    strikes_ = 0;
    deliver(message.take());
  }

  std::string limit_text() const { return fmt::format("time limit of {} s exceeded", to_text(*setup_.limits.wall_s)); }

  std::string reason(int status) const {
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
      return "killed by SIGKILL; the system kills so when its memory runs out";
    std::string text = WIFSIGNALED(status) ? "killed by " + signal_name(WTERMSIG(status))
                                           : fmt::format("exited with status {}", WEXITSTATUS(status));
    std::string_view tail = tail_;
    while (!tail.empty() && std::strchr(" \n\r\t", tail.back()) != nullptr) tail.remove_suffix(1);
    if (tail.size() > kTailBytes) tail.remove_prefix(tail.size() - kTailBytes);
    if (!tail.empty()) text += fmt::format("{}{}", kLastOutput, tail);
    return text;
  }

  Zygote& zygote_;
  const Setup setup_;
  std::deque<Task> tasks_;  ///< not reported yet; all of them were sent to the sandbox, if there is one
  pid_t pid_ = -1;
  std::optional<Channel> channel_;
  Descriptor errors_;
  std::string tail_;             ///< of what the sandbox printed
  std::size_t settled_ = 0;      ///< of these, bytes that were read before the last results came
  std::uint64_t reported_ = 0;   ///< points of this sandbox whose records arrived
  std::uint64_t condemned_ = 0;  ///< number of the point for whose slowness the sandbox was killed; 0: not killed
  int strikes_ = 0;              ///< deaths in a row for which no point can be blamed
  double stop_deadline_s_ = 0;   ///< above 0: asked to stop
};

volatile bool stop_was_signalled = false;  // a signal handler can reach nothing else

/// Runs points between two looks at the messages, for debuggers: no limits, and a crash is the worker's own.
class InlineExecutor final : public Executor {
 public:
  InlineExecutor(const Catalog& catalog, const Setup& setup) : runner_(catalog, setup) {
    for (const int signal : stop_signals()) std::signal(signal, [](int) { stop_was_signalled = true; });
  }

  void assign(std::string_view message) override {
    for (Task& task : AssignMessage::tasks(message)) tasks_.push_back(std::move(task));
  }
  void drop() override { tasks_.clear(); }
  bool idle() const override { return tasks_.empty(); }

  void step(const Deliver& deliver) override {
    while (!tasks_.empty() && !stop_was_signalled && !results_.due()) {
      const Task task = std::move(tasks_.front());
      tasks_.pop_front();
      if (const auto record = runner_.run(task, StopToken(&stop_was_signalled)))
        results_.add(*record, record->provenance.wall_s);
    }
    if (!results_.empty()) deliver(results_.take());
  }

  double wait_for(std::vector<pollfd>&) const override { return tasks_.empty() || stop_was_signalled ? kForever_s : 0; }

 private:
  PointRunner runner_;
  std::deque<Task> tasks_;
  ResultsBuffer results_;
};

}  // namespace

std::unique_ptr<Executor> make_executor(const Catalog& catalog, Zygote& zygote, const Setup& setup) {
  if (setup.sandbox) return std::make_unique<SandboxExecutor>(zygote, setup);
  return std::make_unique<InlineExecutor>(catalog, setup);
}

}  // namespace windrow::exec
