// SIGKILL at random moments of the master, of a worker, of a sandbox and of mpirun: whatever a reader had been told
// stays, the next run goes on, and in the end the digest is that of a run that nobody disturbed. 24 kills in all.
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <random>
#include <thread>

#include "support/process.hpp"
#include "windrow/kernel/error.hpp"
#include "windrow/store/result_file.hpp"

namespace windrow {
namespace {

using sweep::PointStatus;
using test::Process;
using test::TemporaryFolder;

constexpr int kPoints = 600;

const char* const kSweep =
    "name: kill\nsimulator: empty\nset: {work_s: 0.003, table_rows: 5}\naxes:\n  seed: {from: 0, count: 600}\n"
    "output: {tables: [rows]}\n";

/// Completion time of each point that has a result: what a reader was told.
std::map<std::string, double> acknowledged(const std::string& path) {
  std::map<std::string, double> done;
  if (!std::filesystem::exists(path)) return done;
  const auto reader = store::Reader::open(path);
  for (std::uint64_t row = 0; row < reader->rows(); ++row)
    if (reader->statuses()[row] == PointStatus::ok)
      done[reader->point_id(row).hex()] = reader->provenance(row).finished_unix_s;
  return done;
}

enum class Victim { master, worker, anyone, mpirun };

struct Case {
  std::string name;
  int ranks;  ///< 0: local workers
  Victim victim;
  int kills;
  unsigned seed;
};

pid_t choose(const Process& process, const Case& c, std::mt19937& random) {
  const auto pick = [&](const std::vector<pid_t>& pids) {
    return pids.empty() ? process.pid() : pids[random() % pids.size()];
  };
  // mpirun is the parent of the ranks; without it the program itself is the master and its children are zygote and
  // workers.
  const std::vector<pid_t> below = test::children_of(process.pid());
  switch (c.victim) {
    case Victim::mpirun:
      return process.pid();
    case Victim::master:
      return c.ranks == 0 ? process.pid()
                          : (below.empty() ? process.pid() : *std::min_element(below.begin(), below.end()));
    case Victim::worker:
      return pick(below);
    case Victim::anyone:
      return pick(test::descendants_of(process.pid()));
  }
  return process.pid();
}

class Kill : public testing::TestWithParam<Case> {};

TEST_P(Kill, NothingAcknowledgedIsLostAndTheDigestIsThatOfAnUndisturbedRun) {
  const Case& c = GetParam();
  const TemporaryFolder folder;
  folder.write("s.yaml", kSweep);
  ASSERT_EQ(test::windrow({"run", "s.yaml", "-o", "whole.h5", "--quiet"}, folder.path()).status, 0);
  const std::string expected = store::digest(*store::Reader::open(folder.file("whole.h5"))).hex();

  std::vector<std::string> command;
  if (c.ranks > 0) command = test::mpirun(c.ranks);
  for (const char* part : {WINDROW_PROGRAM, "run", "s.yaml", "-o", "r.h5", "--quiet"}) command.emplace_back(part);
  if (c.ranks == 0) command.insert(command.end(), {"-j", "2"});

  std::mt19937 random(c.seed);
  const std::string path = folder.file("r.h5");
  int kills = 0;
  while (kills < c.kills) {
    SCOPED_TRACE(c.name + ", kill " + std::to_string(kills + 1) + ", seed " + std::to_string(c.seed));
    const auto before = acknowledged(path);
    if (before.size() == kPoints) std::filesystem::remove(path);  // it outran us: begin again
    Process process(command, folder.path());
    std::this_thread::sleep_for(
        std::chrono::milliseconds(30 + static_cast<int>(random() % (c.ranks > 0 ? 1200 : 500))));
    const auto told = acknowledged(path);
    if (!process.running()) continue;
    const std::vector<pid_t> below = test::descendants_of(process.pid());
    ASSERT_EQ(kill(choose(process, c, random), SIGKILL), 0);
    ++kills;
    if (c.victim == Victim::master || c.victim == Victim::mpirun || c.ranks > 0) {
      process.wait();
      EXPECT_TRUE(test::all_gone(below, std::chrono::seconds(5))) << "a process was left behind";
    } else {
      // Local workers and sandboxes are replaced. A sandbox that something kills looks like one that the system killed
      // for want of memory: its point is recorded as failed, for the next run to try again.
      const test::Finished finished = process.wait();
      EXPECT_TRUE(finished.status == 0 || (c.victim == Victim::anyone && finished.status == 1)) << finished.err;
    }
    const auto after = acknowledged(path);
    for (const auto& [id, finished] : told) {
      ASSERT_TRUE(after.contains(id)) << "an acknowledged result is gone";
      EXPECT_EQ(after.at(id), finished) << "an acknowledged result was made again";
    }
  }
  const test::Finished last = test::windrow({"run", "s.yaml", "-o", "r.h5", "--quiet"}, folder.path());
  ASSERT_EQ(last.status, 0) << last.err;
  EXPECT_EQ(store::digest(*store::Reader::open(path)).hex(), expected);
  EXPECT_EQ(store::verify(path), std::vector<std::string>{});
}

INSTANTIATE_TEST_SUITE_P(
    Everywhere, Kill,
    testing::Values(Case{"LocalMaster", 0, Victim::master, 8, 1}, Case{"LocalWorker", 0, Victim::worker, 4, 2},
                    Case{"LocalAnyone", 0, Victim::anyone, 3, 3}, Case{"MpiMaster", 3, Victim::master, 3, 4},
                    Case{"MpiWorker", 3, Victim::worker, 3, 5}, Case{"Mpirun", 3, Victim::mpirun, 3, 6}),
    [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace windrow
