// SIGKILL at random moments, for as long as one likes:
//     soak [--kills N] [--seed S] [--victims master,rank,…] [--folder DIR] [--program FILE]
// of the master, a worker, a sandbox or a zygote of a local run; of rank 0, another rank, a sandbox, a zygote or mpirun
// under MPI; of one of two hosts (network namespaces, if this user may make them). After every kill: the file opens, in
// h5dump and (where the tests of analysis/ have made an environment) h5py too; each result whose write to the journal
// had returned is there, bit for bit, and was not made again; no process is left. Interrupted sweeps are gone on with
// until they are complete, and then have the digest of one that nobody disturbed. Prints a tally; exits with 1 if
// anything was not as it should be.
#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <sstream>
#include <thread>

#include "store/journal.hpp"
#include "support/process.hpp"
#include "windrow/empty/empty.hpp"
#include "windrow/kernel/bytes.hpp"
#include "windrow/simulator/output.hpp"
#include "windrow/store/result_file.hpp"

namespace windrow::test {
namespace {

using namespace std::chrono_literals;
using sweep::PointStatus;

constexpr int kPoints = 1500;

enum class Launch { local, mpi, hosts };

struct Victim {
  std::string name;
  Launch launch;
  bool ends_the_run;
};

const std::vector<Victim>& all_victims() {
  static const std::vector<Victim> all{
      {"master", Launch::local, true},         {"worker", Launch::local, false},    {"sandbox", Launch::local, false},
      {"zygote", Launch::local, false},        {"rank-0", Launch::mpi, true},       {"rank", Launch::mpi, true},
      {"rank-sandbox", Launch::mpi, false},    {"rank-zygote", Launch::mpi, false}, {"mpirun", Launch::mpi, true},
      {"host-of-rank-0", Launch::hosts, true}, {"host", Launch::hosts, true}};
  return all;
}

struct Tally {
  int kills = 0, in_a_fold = 0, journal_left = 0;
  std::uint64_t acknowledged = 0;  ///< results that were there before a kill, summed over the kills
};

std::string name_of(pid_t pid) {
  std::string name = read_file("/proc/" + std::to_string(pid) + "/comm");
  return name.substr(0, name.find('\n'));
}

/// Of the process's MPI rank; -1 without one.
int rank_of(pid_t pid) {
  const std::string environment = read_file("/proc/" + std::to_string(pid) + "/environ");
  const std::string key = std::string(1, '\0') + "OMPI_COMM_WORLD_RANK=";
  const std::size_t at = environment.find(key);
  return at == std::string::npos ? -1 : std::atoi(environment.c_str() + at + key.size());
}

/// Two network namespaces with a cable between them: what Open MPI takes for two hosts.
class Hosts {
 public:
  explicit Hosts(const std::string& folder)
      : a_(fmt::format("windrow-soak-{}-a", ::getpid())), b_(fmt::format("windrow-soak-{}-b", ::getpid())) {
    const std::string script = fmt::format(
        "ip netns add {0} && ip netns add {1} && ip -n {0} link add va type veth peer name vb netns {1} && "
        "ip -n {0} addr add 10.77.0.1/24 dev va && ip -n {1} addr add 10.77.0.2/24 dev vb && ip -n {0} link set va up "
        "&& "
        "ip -n {1} link set vb up && ip -n {0} link set lo up && ip -n {1} link set lo up",
        a_, b_);
    made_ = run({"/bin/sh", "-c", script}, folder).status == 0;
    agent_ = folder + "/enter-host";  // what mpirun takes for ssh: HOST COMMAND …
    std::ofstream(agent_) << fmt::format("#!/bin/sh\nshift\nexec ip netns exec {} sh -c \"$*\"\n", b_);
    std::filesystem::permissions(agent_, std::filesystem::perms::owner_all);
    folder_ = folder;
  }
  ~Hosts() {
    for (const std::string& name : {a_, b_}) {
      for (const pid_t pid : processes_of(name)) ::kill(pid, SIGKILL);
      run({"ip", "netns", "del", name}, folder_);
    }
  }
  Hosts(const Hosts&) = delete;
  Hosts& operator=(const Hosts&) = delete;

  bool made() const { return made_; }
  std::vector<std::string> mpirun_command() const {
    char here[256] = "";
    ::gethostname(here, sizeof here - 1);
    std::vector<std::string> command{"ip", "netns", "exec", a_};
    for (const std::string part : {"mpirun", "--allow-run-as-root", "--oversubscribe", "--mca", "plm_rsh_agent",
                                   agent_.c_str(), "--mca", "btl", "self,vader,tcp", "--mca", "btl_tcp_if_include",
                                   "10.77.0.0/24", "--mca", "oob_tcp_if_include", "10.77.0.0/24"})
      command.push_back(part);
    command.insert(command.end(), {"--host", fmt::format("{}:2,other:2", here), "-n", "4"});
    return command;
  }
  std::vector<pid_t> of_rank_0() const { return processes_of(a_); }
  std::vector<pid_t> other() const { return processes_of(b_); }

 private:
  std::vector<pid_t> processes_of(const std::string& name) const {
    std::istringstream text(run({"ip", "netns", "pids", name}, folder_).out);
    std::vector<pid_t> pids;
    for (pid_t pid = 0; text >> pid;) pids.push_back(pid);
    return pids;
  }

  std::string a_, b_, agent_, folder_;
  bool made_ = false;
};

class Soak {
 public:
  Soak(std::string program, std::string folder, unsigned seed, std::vector<Victim> victims)
      : program_(std::move(program)),
        folder_(std::move(folder)),
        random_(seed),
        victims_(std::move(victims)),
        path_(folder_ + "/r.h5") {
    for (const int rows : {5, 1000}) {  // the second makes so large a journal that it is folded in between
      const std::string name = fmt::format("rows{}", rows);
      std::ofstream(folder_ + "/" + name + ".yaml") << fmt::format(
          "name: soak\nsimulator: empty\nset: {{work_s: 0.003, table_rows: {}}}\naxes:\n  seed: {{from: 0, count: "
          "{}}}\n"
          "output: {{tables: [rows]}}\n",
          rows, kPoints);
      run({program_, "run", name + ".yaml", "-o", name + ".h5", "--quiet"}, folder_);
      sweeps_.push_back({name + ".yaml", store::digest(*store::Reader::open(folder_ + "/" + name + ".h5")).hex()});
    }
    if (std::any_of(victims_.begin(), victims_.end(), [](const Victim& v) { return v.launch == Launch::hosts; })) {
      hosts_ = std::make_unique<Hosts>(folder_);
      if (!hosts_->made()) {
        fmt::print("no hosts: this user may not make network namespaces\n");
        std::erase_if(victims_, [](const Victim& v) { return v.launch == Launch::hosts; });
      }
    }
    begin_anew();
  }

  void go_on(int kills) {
    for (int done = 0; done < kills;) {
      // In turn, so that few kills meet each of them as well.
      const Victim& victim = victims_[static_cast<std::size_t>(done) % victims_.size()];
      if (!round(victim)) continue;
      if (++done % 50 == 0) {
        fmt::print("{} kills, {} faults\n", done, faults_);
        std::fflush(stdout);
      }
    }
    while (!complete()) run(command(Launch::local), folder_, environment());
    finish_sweep();
  }

  /// Prints what came of it; true if all is well.
  bool report() const {
    fmt::print("\n{:<16}{:>6}{:>10}{:>14}{:>22}\n", "victim", "kills", "in a fold", "journal left",
               "acknowledged before");
    Tally sum;
    for (const Victim& victim : all_victims()) {
      const auto found = tally_.find(victim.name);
      if (found == tally_.end()) continue;
      const Tally& t = found->second;
      print_line(victim.name, t);
      sum.kills += t.kills;
      sum.in_a_fold += t.in_a_fold;
      sum.journal_left += t.journal_left;
      sum.acknowledged += t.acknowledged;
    }
    print_line("all", sum);
    fmt::print("\n{} results lost or changed, {} files that did not open, {} processes left, {} other faults\n", lost_,
               unreadable_, left_, faults_ - lost_ - unreadable_ - left_);
    fmt::print("looked at with h5dump{}\n", python_.empty() ? "; there is no h5py here" : " and h5py");
    fmt::print("{} sweeps completed, {} of them with the digest of an undisturbed one\n", completed_, equal_);
    return faults_ == 0 && completed_ == equal_;
  }

 private:
  struct Sweep {
    std::string file, digest;
  };
  struct Result {
    double finished_unix_s, value;
  };

  static void print_line(const std::string& name, const Tally& t) {
    fmt::print("{:<16}{:>6}{:>10}{:>14}{:>22}\n", name, t.kills, t.in_a_fold, t.journal_left, t.acknowledged);
  }

  void fault(int& kind, const std::string& text) {
    ++faults_;
    ++kind;
    fmt::print("FAULT: {}\n", text);
  }
  void fault(const std::string& text) {
    ++faults_;
    fmt::print("FAULT: {}\n", text);
  }

  std::map<std::string, std::string> environment() const {
    return {
        {"LD_PRELOAD", WINDROW_FAULT_SHIM}, {"FAULT_ECHO", echo_path()}, {"ASAN_OPTIONS", "verify_asan_link_order=0"}};
  }
  std::string echo_path() const { return folder_ + "/acknowledged"; }

  std::vector<std::string> command(Launch launch) const {
    std::vector<std::string> parts;
    if (launch == Launch::mpi) parts = mpirun(3);
    if (launch == Launch::hosts) parts = hosts_->mpirun_command();
    if (launch != Launch::local) parts.insert(parts.end(), {"-x", "LD_PRELOAD", "-x", "FAULT_ECHO"});
    parts.insert(parts.end(), {program_, "run", sweep_->file, "-o", "r.h5", "--quiet"});
    if (launch == Launch::local) parts.insert(parts.end(), {"-j", "2"});
    return parts;
  }

  void begin_anew() {
    for (const char* end : {"", ".journal", ".tmp", ".journal.new"}) std::filesystem::remove(path_ + end);
    std::filesystem::remove(echo_path());
    acknowledged_.clear();
    echo_read_ = 0;
    sweep_ = &sweeps_[random_() % sweeps_.size()];
  }

  std::vector<pid_t> choose(const Victim& victim, const Process& process) {
    if (victim.name == "master" || victim.name == "mpirun") return {process.pid()};
    if (victim.name == "host") return hosts_->other();
    if (victim.name == "host-of-rank-0") return hosts_->of_rank_0();
    std::vector<pid_t> candidates = descendants_of(process.pid());
    std::erase_if(candidates, [&](pid_t pid) {
      const std::string name = name_of(pid);
      if (victim.name == "rank-0") return name != "windrow" || rank_of(pid) != 0;
      if (victim.name == "rank") return name != "windrow" || rank_of(pid) < 1;
      return name != "windrow-" + victim.name.substr(victim.name.rfind('-') + 1);
    });
    if (candidates.empty()) return {};
    return {candidates[random_() % candidates.size()]};
  }

  /// False if there was nothing to kill (not yet, or no more).
  bool round(const Victim& victim) {
    const auto [shortest_ms, longest_ms] = victim.launch == Launch::local ? std::pair{2U, 1200U}
                                           : victim.launch == Launch::mpi ? std::pair{200U, 2200U}
                                                                          : std::pair{400U, 3000U};
    const auto delay = std::chrono::microseconds(1000 * shortest_ms + random_() % (1000 * (longest_ms - shortest_ms)));
    Process process(command(victim.launch), folder_, environment());
    std::this_thread::sleep_for(delay);
    const std::vector<pid_t> pids = process.running() ? choose(victim, process) : std::vector<pid_t>{};
    if (pids.empty()) {
      process.wait();
      if (complete()) finish_sweep();
      return false;
    }
    std::vector<pid_t> family = descendants_of(process.pid());
    if (victim.launch == Launch::hosts)
      for (const auto& more : {hosts_->of_rank_0(), hosts_->other()})
        family.insert(family.end(), more.begin(), more.end());
    Tally& tally = tally_[victim.name];
    for (const pid_t pid : pids) ::kill(pid, SIGKILL);
    ++tally.kills;
    where_ = fmt::format("{} killed after {} ms", victim.name, delay.count() / 1000);
    if (victim.ends_the_run) {
      process.wait();
    } else {
      std::this_thread::sleep_for(std::chrono::milliseconds(random_() % 300));
      check(true);  // beside the run, which goes on
      process.send_signal(SIGTERM);
      const Finished finished = process.wait();
      // A sandbox that something kills looks like one that the system killed for want of memory: its point is recorded
      // as failed, and the next run tries it again. Before the first point and after the last SIGTERM has its usual
      // effect. The status of mpirun after a signal is its own.
      if (victim.launch == Launch::local && !std::set<int>{0, 1, 3, 128 + SIGTERM}.contains(finished.status))
        fault(fmt::format("{}: the run ended with status {}: {}", where_, finished.status, finished.err));
    }
    if (!all_gone(family, 8s)) {
      fault(left_, where_ + ": a process was left behind");
      for (const pid_t pid : family) ::kill(pid, SIGKILL);
    }
    tally.in_a_fold += std::filesystem::exists(path_ + ".tmp");
    tally.journal_left += store::file_size_or_zero(path_ + ".journal") > store::JournalHeader::kBytes;
    check(false);
    tally.acknowledged += acknowledged_.size();
    if (complete()) finish_sweep();
    return true;
  }

  /// What the journal had taken when its write returned: the copy that the shim made.
  void read_acknowledged(bool running) {
    if (!std::filesystem::exists(echo_path())) return;
    std::string bytes = read_file(echo_path());
    for (std::size_t at = echo_read_; bytes.size() - at >= store::kRecordOverhead;) {
      ByteReader front(std::string_view(bytes).substr(at));
      if (front.get<std::uint32_t>() != 0x43455257) break;
      const auto length = front.get<std::uint32_t>();
      const auto row = front.get<std::uint64_t>();
      if (bytes.size() - at < store::kRecordOverhead + length) break;  // the copy itself was cut off by the kill
      std::string_view payload = std::string_view(bytes).substr(at + 16, length);
      const sweep::PointRecord record = sweep::take_record(payload);
      if (record.status == PointStatus::ok)
        acknowledged_.try_emplace(row, Result{record.provenance.finished_unix_s,
                                              decode_output(record.output, simulator_.describe()).metrics.at(0)});
      at += store::kRecordOverhead + length;
      echo_read_ = at;
    }
    // The rest of a torn copy would stand before what comes next.
    if (echo_read_ < bytes.size() && !running) std::filesystem::resize_file(echo_path(), echo_read_);
  }

  void check(bool running) {
    read_acknowledged(running);
    if (!std::filesystem::exists(path_)) {
      if (!acknowledged_.empty()) fault(unreadable_, where_ + ": there are results but no file");
      return;
    }
    try {
      const auto reader = store::Reader::open(path_);
      const std::vector<double> values = reader->metric(0);
      for (const auto& [row, result] : acknowledged_) {
        const bool same = reader->statuses().at(row) == PointStatus::ok &&
                          std::bit_cast<std::uint64_t>(values.at(row)) == std::bit_cast<std::uint64_t>(result.value) &&
                          reader->provenance(row).finished_unix_s == result.finished_unix_s;
        if (!same) fault(lost_, fmt::format("{}: the acknowledged result of row {} is lost or changed", where_, row));
      }
      for (const std::string& text : store::verify(path_))
        if (!text.starts_with("incomplete")) fault(where_ + ": verify: " + text);
    } catch (const std::exception& error) {
      fault(unreadable_, where_ + ": " + error.what());
    }
    if (run({"h5dump", "-H", path_}, folder_).status != 0) fault(unreadable_, where_ + ": h5dump does not open it");
    if (running || python_.empty()) return;
    const Finished h5py = run({python_, "-c", "import h5py; h5py.File('r.h5')['points/status'][:]"}, folder_);
    if (h5py.status != 0) fault(unreadable_, where_ + ": h5py does not open it: " + h5py.err);
  }

  bool complete() const {
    if (!std::filesystem::exists(path_)) return false;
    const auto reader = store::Reader::open(path_);
    return std::all_of(reader->statuses().begin(), reader->statuses().end(),
                       [](PointStatus status) { return status == PointStatus::ok; });
  }

  void finish_sweep() {
    run(command(Launch::local), folder_, environment());  // nothing is left to run; the journal is folded
    ++completed_;
    if (store::digest(*store::Reader::open(path_)).hex() == sweep_->digest)
      ++equal_;
    else
      fault(where_ + ": the digest differs from an undisturbed run's");
    const auto faults = store::verify(path_);
    for (const std::string& text : faults) fault(where_ + ": verify: " + text);
    for (const char* end : {".journal", ".tmp", ".journal.new"})
      if (std::filesystem::exists(path_ + end)) fault(fmt::format("{}: {} is left in the folder", where_, end));
    begin_anew();
  }

  static std::string python_with_h5py() {
    const std::string python = WINDROW_BINARY_DIR "/venv/bin/python";
    return std::filesystem::exists(python) ? python : "";
  }

  const std::string program_, folder_, python_ = python_with_h5py();
  std::mt19937 random_;
  std::vector<Victim> victims_;
  const std::string path_;
  const empty::EmptySimulator simulator_;
  std::vector<Sweep> sweeps_;
  const Sweep* sweep_ = nullptr;
  std::unique_ptr<Hosts> hosts_;
  std::size_t echo_read_ = 0;
  std::map<std::uint64_t, Result> acknowledged_;  ///< by row
  std::map<std::string, Tally> tally_;
  std::string where_ = "at the beginning";
  int faults_ = 0, lost_ = 0, unreadable_ = 0, left_ = 0, completed_ = 0, equal_ = 0;
};

int main_of(int argc, char** argv) {
  int kills = 100;
  unsigned seed = 1;
  std::string folder, program = WINDROW_PROGRAM;
  std::vector<Victim> victims = all_victims();
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string flag = argv[i], value = argv[i + 1];
    if (flag == "--kills") kills = std::stoi(value);
    if (flag == "--seed") seed = static_cast<unsigned>(std::stoul(value));
    if (flag == "--folder") folder = value;
    if (flag == "--program") program = value;
    if (flag == "--victims") {
      std::set<std::string> wanted;
      std::istringstream names(value);
      for (std::string name; std::getline(names, name, ',');) wanted.insert(name);
      std::erase_if(victims, [&](const Victim& victim) { return !wanted.contains(victim.name); });
    }
  }
  if (victims.empty()) {
    fmt::print(stderr, "soak: nobody to kill\n");
    return 2;
  }
  const TemporaryFolder temporary;
  if (folder.empty()) folder = temporary.path();
  fmt::print("seed {}, {} kills\n", seed, kills);
  Soak soak(program, folder, seed, victims);
  soak.go_on(kills);
  return soak.report() ? 0 : 1;
}

}  // namespace
}  // namespace windrow::test

int main(int argc, char** argv) {
  return windrow::test::main_of(argc, argv);
}
