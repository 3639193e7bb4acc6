// Programs started, watched and stopped by tests.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace windrow::test {

struct Finished {
  int status = 0;  ///< exit status, or 128 + signal
  std::string out, err;
};

/// A child in a process group of its own, its output in files. The destructor kills whatever is left of the group.
class Process {
 public:
  /// `folder`: working directory, and where the output files are put.
  Process(const std::vector<std::string>& arguments, const std::string& folder,
          const std::map<std::string, std::string>& environment = {});
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  pid_t pid() const { return pid_; }
  bool running();
  void send_signal(int signal) const;
  /// Waits for the end; kills the group and says so in `err` if it takes longer than `limit`.
  Finished wait(std::chrono::seconds limit = std::chrono::seconds(120));

 private:
  void reap(int wait_status);
  pid_t pid_ = -1;
  std::string out_path_, err_path_;
  std::optional<int> status_;
};

/// Runs a program to its end.
Finished run(const std::vector<std::string>& arguments, const std::string& folder,
             const std::map<std::string, std::string>& environment = {});

/// Runs the built program `windrow`.
Finished windrow(std::vector<std::string> arguments, const std::string& folder);

/// Direct children of a process, from /proc.
std::vector<pid_t> children_of(pid_t parent);
/// All processes below one, itself not included.
std::vector<pid_t> descendants_of(pid_t parent);
/// Exists and is no zombie.
bool alive(pid_t pid);
/// Waits until none of these is alive; false after `limit`.
bool all_gone(const std::vector<pid_t>& pids, std::chrono::milliseconds limit);

/// `mpirun` with what it needs here: root allowed, more ranks than cores allowed, loopback only.
std::vector<std::string> mpirun(int ranks);

/// A new empty folder, removed with everything in it at the end.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::string& path() const { return path_; }
  std::string file(const std::string& name) const { return path_ + "/" + name; }
  /// Writes a file (folders on the way are made) and gives its path.
  std::string write(const std::string& name, const std::string& text) const;

 private:
  std::string path_;
};

std::string read_file(const std::string& path);

}  // namespace windrow::test
