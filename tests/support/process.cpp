#include "support/process.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace windrow::test {

namespace {

std::atomic<int> output_number{0};

[[noreturn]] void become(const std::vector<std::string>& arguments, const std::string& folder,
                         const std::map<std::string, std::string>& environment, const std::string& out,
                         const std::string& err) {
  setpgid(0, 0);
  signal(SIGHUP, SIG_DFL);  // the tests themselves may run under nohup
  const int in = open("/dev/null", O_RDONLY | O_CLOEXEC);
  const int out_fd = open(out.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  const int err_fd = open(err.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  dup2(in, 0);
  dup2(out_fd, 1);
  dup2(err_fd, 2);
  if (chdir(folder.c_str()) != 0) _exit(126);
  for (const auto& [name, value] : environment) setenv(name.c_str(), value.c_str(), 1);
  std::vector<char*> argv;
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  execvp(argv[0], argv.data());
  _exit(127);
}

}  // namespace

Process::Process(const std::vector<std::string>& arguments, const std::string& folder,
                 const std::map<std::string, std::string>& environment) {
  const std::string stem = folder + "/.output" + std::to_string(output_number++);
  out_path_ = stem + ".out";
  err_path_ = stem + ".err";
  pid_ = fork();
  if (pid_ < 0) throw std::runtime_error("cannot fork");
  if (pid_ == 0) become(arguments, folder, environment, out_path_, err_path_);
  setpgid(pid_, pid_);
}

Process::~Process() {
  kill(-pid_, SIGKILL);
  if (!status_) {
    int wait_status = 0;
    waitpid(pid_, &wait_status, 0);
  }
}

void Process::reap(int wait_status) {
  status_ = WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : 128 + WTERMSIG(wait_status);
}

bool Process::running() {
  if (status_) return false;
  int wait_status = 0;
  if (waitpid(pid_, &wait_status, WNOHANG) == pid_) reap(wait_status);
  return !status_;
}

void Process::send_signal(int signal) const {
  if (!status_) kill(pid_, signal);
}

Finished Process::wait(std::chrono::seconds limit) {
  const auto end = std::chrono::steady_clock::now() + limit;
  bool late = false;
  while (running()) {
    if (!late && std::chrono::steady_clock::now() > end) {
      late = true;
      kill(-pid_, SIGKILL);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  Finished finished{*status_, read_file(out_path_), read_file(err_path_)};
  if (late) finished.err += "\n(killed by the test: it took too long)";
  return finished;
}

Finished run(const std::vector<std::string>& arguments, const std::string& folder,
             const std::map<std::string, std::string>& environment) {
  return Process(arguments, folder, environment).wait();
}

Finished windrow(std::vector<std::string> arguments, const std::string& folder) {
  arguments.insert(arguments.begin(), WINDROW_PROGRAM);
  return run(arguments, folder);
}

namespace {

/// Parent and state of a process, from /proc/PID/stat: the fields after the name, which may itself hold spaces and
/// brackets.
std::optional<std::pair<pid_t, char>> parent_and_state(pid_t pid) {
  const std::string text = read_file("/proc/" + std::to_string(pid) + "/stat");
  const std::size_t end = text.rfind(')');
  if (end == std::string::npos) return std::nullopt;
  std::istringstream rest(text.substr(end + 1));
  char state = 0;
  pid_t parent = 0;
  rest >> state >> parent;
  return std::pair{parent, state};
}

}  // namespace

std::vector<pid_t> children_of(pid_t parent) {
  std::vector<pid_t> children;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const pid_t pid = std::atoi(entry.path().filename().c_str());
    if (pid <= 0) continue;
    const auto found = parent_and_state(pid);
    if (found && found->first == parent && found->second != 'Z') children.push_back(pid);
  }
  return children;
}

std::vector<pid_t> descendants_of(pid_t parent) {
  std::vector<pid_t> all;
  for (const pid_t child : children_of(parent)) {
    all.push_back(child);
    for (const pid_t below : descendants_of(child)) all.push_back(below);
  }
  return all;
}

bool alive(pid_t pid) {
  const auto found = parent_and_state(pid);
  return found && found->second != 'Z';
}

bool all_gone(const std::vector<pid_t>& pids, std::chrono::milliseconds limit) {
  const auto end = std::chrono::steady_clock::now() + limit;
  for (const pid_t pid : pids)
    while (alive(pid)) {
      if (std::chrono::steady_clock::now() > end) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  return true;
}

std::vector<std::string> mpirun(int ranks) {
  return {"mpirun",
          "--allow-run-as-root",
          "--oversubscribe",
          "--mca",
          "btl",
          "self,vader,tcp",
          "--mca",
          "btl_tcp_if_include",
          "lo",
          "--mca",
          "oob_tcp_if_include",
          "lo",
          "-n",
          std::to_string(ranks)};
}

TemporaryFolder::TemporaryFolder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "windrow-test-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("cannot make a temporary folder");
  path_ = pattern;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string TemporaryFolder::write(const std::string& name, const std::string& text) const {
  const std::filesystem::path target = std::filesystem::path(path_) / name;
  std::filesystem::create_directories(target.parent_path());
  std::ofstream(target, std::ios::binary) << text;
  return target.string();
}

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

}  // namespace windrow::test
