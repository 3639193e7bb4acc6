// Slurm's programs, asked for the jobs of a sweep, and windrow cancel.
#include "cli/slurm.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>
#include <system_error>

#include "cli/command.hpp"
#include "cli/table.hpp"
#include "windrow/kernel/error.hpp"
#include "windrow/kernel/text.hpp"

namespace windrow::cli {

namespace {

constexpr double kLimit_s = 10;  // a controller that does not answer holds its clients up for a minute and more
constexpr int kTookTooLong = 124;

std::vector<std::string> submitted(const std::string& result_path) {
  std::vector<std::string> ids;
  std::ifstream in(slurm_jobs_path(result_path));
  for (std::string line; std::getline(in, line);) {
    const std::string id = line.substr(0, line.find(' '));
    if (parse_uint64(id)) ids.push_back(id);
  }
  return ids;
}

/// Until the end of the output or the limit; false at the limit.
bool read_all(int fd, double limit_s, std::string& out) {
  using Clock = std::chrono::steady_clock;
  const auto end = Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(limit_s));
  std::array<char, 4096> bytes{};
  while (true) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now()).count();
    pollfd wait{fd, POLLIN, 0};
    const int ready = left <= 0 ? 0 : ::poll(&wait, 1, static_cast<int>(left));
    if (ready == 0) return false;
    if (ready < 0 && errno == EINTR) continue;
    const ssize_t got = ::read(fd, bytes.data(), bytes.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return true;
    out.append(bytes.data(), static_cast<std::size_t>(got));
  }
}

}  // namespace

std::optional<Answer> ask(const std::vector<std::string>& words, double limit_s, bool silent) {
  std::vector<char*> arguments;
  arguments.reserve(words.size() + 1);
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));  // NOLINT: execve's type
  arguments.push_back(nullptr);
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw std::system_error(errno, std::generic_category(), "cannot make a pipe");
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  if (silent) posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  pid_t pid = -1;
  const int failure = ::posix_spawnp(&pid, arguments[0], &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  ::close(ends[1]);
  Answer answer;
  const bool ended = failure != 0 || read_all(ends[0], limit_s, answer.out);
  ::close(ends[0]);
  if (failure == ENOENT) return std::nullopt;
  if (failure != 0) throw InputError(fmt::format("cannot start {}: {}", words[0], std::strerror(failure)));
  if (!ended) ::kill(pid, SIGKILL);
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (!ended)
    answer.status = kTookTooLong;
  else
    answer.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return answer;
}

std::string slurm_jobs_path(const std::string& result_path) {
  static const std::regex shard("\\.shard-[0-9]+-of-[0-9]+(\\.h5)?$");
  return std::regex_replace(result_path, shard, "$1") + ".slurm";
}

std::optional<std::vector<SlurmJob>> slurm_jobs(const std::string& result_path) {
  std::vector<std::string> ids = submitted(result_path);
  if (ids.empty()) return std::vector<SlurmJob>{};
  ids.push_back(ids.front());  // asked for one job alone that has long ended, squeue fails
  const auto answer =
      ask({"squeue", "-h", "-S", "i", "-j", fmt::format("{}", fmt::join(ids, ",")), "-o", "%i|%T|%M|%l|%D|%r"},
          kLimit_s, true);
  if (!answer || answer->status != 0) return std::nullopt;
  std::vector<SlurmJob> jobs;
  std::istringstream in(answer->out);
  for (std::string line; std::getline(in, line);) {
    std::vector<std::string> cells = split(line, '|');
    cells.resize(6);
    jobs.push_back({cells[0], cells[1], cells[2], cells[3], cells[4], cells[5] == "None" ? "" : cells[5]});
  }
  return jobs;
}

void print_slurm_jobs(const std::string& result_path) {
  const auto jobs = slurm_jobs(result_path);
  if (!jobs || jobs->empty()) return;
  TextTable table({"Slurm job", "state", "runs for", "limit", "nodes", "reason"});
  for (const SlurmJob& job : *jobs) table.add({job.id, job.state, job.elapsed, job.limit, job.nodes, job.reason});
  fmt::print("\n");
  table.print(stdout);
}

int cancel_command(const Context& context) {
  Flags flags("cancel", {"FILE"});
  if (!flags.parse(context.arguments)) return kAllDone;
  const std::string path = flags.argument("FILE");
  if (!std::filesystem::exists(slurm_jobs_path(path)))
    throw InputError(fmt::format("{}: `windrow submit` has submitted no job for this file (there is no {})", path,
                                 slurm_jobs_path(path)));
  const auto jobs = slurm_jobs(path);
  if (!jobs) {
    tell(fmt::format("{}: squeue is not there or gave no answer, so its jobs are not known; nothing is cancelled",
                     path));
    return kSomeFailed;
  }
  if (jobs->empty()) {
    fmt::print("{}: none of its jobs waits or runs\n", path);
    return kAllDone;
  }
  // The last one first: a continuation must not start because the job before it has ended.
  std::vector<std::string> words{"scancel"};
  const std::vector<SlurmJob> last_first(jobs->rbegin(), jobs->rend());
  for (const SlurmJob& job : last_first) words.push_back(job.id);
  const auto answer = ask(words, kLimit_s, false);
  if (!answer || answer->status != 0) {
    tell(fmt::format("{}: scancel failed; its jobs may still run", path));
    return kSomeFailed;
  }
  for (const SlurmJob& job : *jobs) fmt::print("{}: job {} ({}) is cancelled\n", path, job.id, job.state);
  return kAllDone;
}

}  // namespace windrow::cli
