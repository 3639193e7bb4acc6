#include "cli/supervise.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <fstream>
#include <map>
#include <thread>

#include "cli/command.hpp"
#include "windrow/exec/in_flight.hpp"
#include "windrow/kernel/error.hpp"
#include "windrow/store/result_file.hpp"

namespace windrow::cli {

namespace {

using namespace std::chrono_literals;

constexpr int kMostRestarts = 3;   // in a row without a new result
constexpr int kCannotStart = 127;  // what shells say
constexpr auto kLook = 50ms;
constexpr auto kLongestWait = 60s;  // for what is left of a job to go away

constexpr std::array kStopSignals{SIGINT, SIGTERM, SIGHUP, SIGUSR1};
volatile std::sig_atomic_t stops = 0;  // how many came

class StopSignals {
 public:
  StopSignals() {
    stops = 0;
    struct sigaction action {};
    action.sa_handler = [](int) { stops = stops + 1; };
    for (std::size_t i = 0; i < kStopSignals.size(); ++i) {
      ::sigaction(kStopSignals[i], &action, &before_[i]);
      if (kStopSignals[i] == SIGHUP && before_[i].sa_handler == SIG_IGN)  // nohup
        ::sigaction(SIGHUP, &before_[i], nullptr);
    }
  }
  ~StopSignals() {
    for (std::size_t i = 0; i < kStopSignals.size(); ++i) ::sigaction(kStopSignals[i], &before_[i], nullptr);
  }
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

 private:
  std::array<struct sigaction, kStopSignals.size()> before_{};
};

/// The number behind the last `before` in a line, if `after` follows it.
std::optional<std::uint32_t> number_between(std::string_view line, std::string_view before, std::string_view after) {
  const std::size_t at = line.find(before);
  if (at == std::string_view::npos) return std::nullopt;
  std::size_t end = at + before.size();
  std::uint32_t number = 0;
  const std::size_t begin = end;
  for (; end < line.size() && line[end] >= '0' && line[end] <= '9' && end - begin < 9; ++end)
    number = 10 * number + static_cast<std::uint32_t>(line[end] - '0');
  if (end == begin || !line.substr(end).starts_with(after)) return std::nullopt;
  return number;
}

/// The launcher with the ranks below it, its standard error passed on.
class Ranks {
 public:
  explicit Ranks(const std::vector<std::string>& command) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("no pipe to be had");
    std::vector<char*> words;
    words.reserve(command.size() + 1);
    for (const std::string& word : command) words.push_back(const_cast<char*>(word.c_str()));
    words.push_back(nullptr);
    const pid_t parent = ::getpid();
    pid_ = ::fork();
    if (pid_ < 0) throw std::runtime_error(fmt::format("cannot start a process: {}", std::strerror(errno)));
    if (pid_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGTERM);  // on which it ends its ranks
      if (::getppid() != parent) ::_exit(kCannotStart);
      ::setpgid(0, 0);  // a terminal's Ctrl-C comes to the supervisor alone: it says once what it means
      for (const int signal : kStopSignals) ::signal(signal, SIG_DFL);
      ::signal(SIGPIPE, SIG_DFL);
      if (const int null = ::open("/dev/null", O_RDONLY); null >= 0) ::dup2(null, STDIN_FILENO);
      ::dup2(ends[1], STDERR_FILENO);
      ::execvp(words[0], words.data());
      const std::string text = fmt::format("windrow run: cannot start '{}': {}\n", command[0], std::strerror(errno));
      [[maybe_unused]] const ssize_t ignored = ::write(STDERR_FILENO, text.data(), text.size());
      ::_exit(kCannotStart);
    }
    ::close(ends[1]);
    errors_ = ends[0];
    ::fcntl(errors_, F_SETFL, O_NONBLOCK);
  }
  ~Ranks() { ::close(errors_); }
  Ranks(const Ranks&) = delete;
  Ranks& operator=(const Ranks&) = delete;

  /// Exit status, or 128 + signal.
  int wait() {
    int told = 0, status = 0;
    while (::waitpid(pid_, &status, WNOHANG) == 0) {
      // What both mpirun and srun pass on to the ranks as it is, while SIGINT and SIGTERM make mpirun end them itself.
      if (stops > told) {
        ::kill(told == 0 ? pid_ : -pid_, told == 0 ? SIGUSR1 : told == 1 ? SIGTERM : SIGKILL);
        ++told;
      }
      pass_errors_on(std::chrono::duration_cast<std::chrono::milliseconds>(kLook).count());
    }
    pass_errors_on(0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

  /// The rank of which the launcher said that it died first, and took the others along.
  std::optional<std::uint32_t> dead_rank() const { return dead_rank_; }

 private:
  void pass_errors_on(std::int64_t wait_ms) {
    pollfd ready{errors_, POLLIN, 0};
    if (::poll(&ready, 1, static_cast<int>(wait_ms)) <= 0) return;
    std::array<char, 8192> bytes{};
    for (ssize_t got = 0; (got = ::read(errors_, bytes.data(), bytes.size())) > 0;) {
      const std::string_view text(bytes.data(), static_cast<std::size_t>(got));
      std::fwrite(text.data(), 1, text.size(), stderr);
      for (const char c : text) {
        if (c != '\n') {
          line_ += c;
          continue;
        }
        look_for_rank();
        line_.clear();
      }
    }
    // The end of the stream is always ready.
    if (wait_ms > 0 && (ready.revents & POLLHUP) != 0) std::this_thread::sleep_for(kLook);
  }
  void look_for_rank() {
    if (dead_rank_) return;
    dead_rank_ = number_between(line_, "process rank ", " with PID ");  // Open MPI: by a signal
    if (!dead_rank_ && line_.find("Process name: [[") != std::string::npos)
      dead_rank_ = number_between(line_, "],", "]");  // the same: by its exit status
    if (!dead_rank_ && line_.starts_with("srun: ")) dead_rank_ = number_between(line_, ": task ", ":");
  }

  pid_t pid_ = -1;
  int errors_ = -1;
  std::string line_;
  std::optional<std::uint32_t> dead_rank_;
};

std::string in_flight_path(const std::string& result_path) {
  return result_path + ".inflight";
}
std::string suspects_path(const std::string& result_path) {
  return result_path + ".suspects";
}

class Supervisor {
 public:
  explicit Supervisor(const Job& job) : job_(job) {
    if (!job.fresh) before_ = job.standing();
    first_results_ = before_.results;
  }
  ~Supervisor() { remove_files(); }
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  int run() {
    const StopSignals guard;
    remove_files();
    for (int in_vain = 0;; ++in_vain) {
      ::unlink(in_flight_path(job_.result_path).c_str());
      Ranks ranks(command());
      const int status = ranks.wait();
      began_ |= ::access(in_flight_path(job_.result_path).c_str(), F_OK) == 0;
      if (status == kBadInput) return status;  // another run may be at work on the file, and stay there
      wait_for_the_last_rank();
      const Standing now = job_.standing();
      if (stops > 0) return now.left > 0 ? kStoppedEarly : now.failed > 0 ? kSomeFailed : kAllDone;
      if (status == kStoppedEarly) return status;
      if (now.left == 0 && (status == kAllDone || status == kSomeFailed)) return status;
      if (!began_ && status < 128) {  // not a signal: there is no such command, or it does not like what it is told
        tell(fmt::format("windrow run: '{}' ended with status {} before any rank began", job_.launcher[0], status));
        return kSomeFailed;
      }
      suspect(ranks.dead_rank());
      if (now.results > before_.results) in_vain = 0;
      before_ = now;
      const std::string who =
          ranks.dead_rank() ? fmt::format("rank {} died", *ranks.dead_rank()) : std::string("the ranks died");
      if (in_vain == kMostRestarts) {
        tell(
            fmt::format("windrow run: {} (status {}), the fourth time in a row without a new result: giving up; {} "
                        "left, the same command goes on",
                        who, status, points(now.left)));
        return kStoppedEarly;
      }
      const int delay_s = 1 << in_vain;
      tell(fmt::format("windrow run: {} (status {}); {} left: starting again in {} s", who, status, points(now.left),
                       delay_s));
      if (!sleep(delay_s)) return kStoppedEarly;
    }
  }

 private:
  static std::string points(std::uint64_t count) { return fmt::format("{} point{}", count, count == 1 ? "" : "s"); }

  std::vector<std::string> command() const {
    std::vector<std::string> all = job_.launcher;
    all.insert(all.end(), job_.command.begin(), job_.command.end());
    if (job_.fresh && !began_) all.emplace_back("--fresh");
    if (job_.limit) {
      const std::uint64_t run = before_.results - std::min(before_.results, first_results_);
      all.insert(all.end(), {"--limit", std::to_string(*job_.limit - std::min(*job_.limit - 1, run))});
    }
    return all;
  }

  /// Ranks that lost their launcher end by themselves; a master among them still holds the file until then.
  void wait_for_the_last_rank() const {
    const auto deadline = std::chrono::steady_clock::now() + kLongestWait;
    while (std::chrono::steady_clock::now() < deadline) {
      try {
        if (!store::Reader::open(job_.result_path)->being_written()) return;
      } catch (const InputError&) {
        return;  // not there yet, or not ours: the ranks have said so
      }
      std::this_thread::sleep_for(kLook);
    }
  }

  /// Who was running at the rank that died; at any, if that is not known.
  void suspect(std::optional<std::uint32_t> rank) {
    for (const auto& [at, indices] : exec::read_in_flight(in_flight_path(job_.result_path)))
      if (!rank || at == *rank)
        for (const std::uint64_t index : indices) ++suspects_[index];
    std::ofstream out(suspects_path(job_.result_path));
    for (const auto& [index, deaths] : suspects_) out << index << ' ' << deaths << '\n';
  }

  /// False if a signal ended it.
  static bool sleep(int seconds) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
    while (std::chrono::steady_clock::now() < deadline && stops == 0) std::this_thread::sleep_for(kLook);
    return stops == 0;
  }

  void remove_files() const {
    ::unlink(in_flight_path(job_.result_path).c_str());
    ::unlink(suspects_path(job_.result_path).c_str());
  }

  const Job& job_;
  Standing before_;
  std::uint64_t first_results_ = 0;
  bool began_ = false;  ///< a master was at work, in whichever start
  std::map<std::uint64_t, std::uint32_t> suspects_;
};

}  // namespace

std::vector<std::string> mpirun_launcher(std::uint64_t ranks) {
  std::vector<std::string> all{"mpirun", "-n", std::to_string(ranks)};
  if (::geteuid() == 0) all.emplace_back("--allow-run-as-root");
  cpu_set_t cores;
  if (::sched_getaffinity(0, sizeof cores, &cores) == 0 && ranks > static_cast<std::uint64_t>(CPU_COUNT(&cores)))
    all.emplace_back("--oversubscribe");
  return all;
}

int supervise(const Job& job) {
  return Supervisor(job).run();
}

exec::Supervised supervised_by(const std::string& result_path) {
  exec::Supervised supervised{in_flight_path(result_path), {}};
  std::ifstream in(suspects_path(result_path));
  std::uint64_t index = 0;
  for (std::uint32_t deaths = 0; in >> index >> deaths;) supervised.suspects[index] = deaths;
  return supervised;
}

}  // namespace windrow::cli
