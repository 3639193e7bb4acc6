// The engine with workers that are processes of this machine.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <random>
#include <string>

#include "support/behaviour.hpp"
#include "support/process.hpp"
#include "windrow/exec/run.hpp"

namespace windrow::test {
namespace {

using namespace std::chrono_literals;

exec::Options quiet(int workers) {
  exec::Options options;
  options.local_workers = workers;
  options.quiet = true;
  options.keep = Keep::all();
  return options;
}

/// A program without MPI and without arguments.
struct Program {
  exec::Summary run(exec::Work& work, const exec::Options& options) {
    return launch.run(*catalog.find("behaviour"), work, options);
  }
  Catalog catalog = behaviour_catalog();
  int argc = 0;
  char** argv = nullptr;
  exec::Launch launch{argc, argv, catalog};
};

std::string name_of(pid_t pid) {
  std::string name = read_file("/proc/" + std::to_string(pid) + "/comm");
  return name.substr(0, name.find('\n'));
}

std::vector<pid_t> descendants_named(const std::string& name) {
  std::vector<pid_t> found = descendants_of(::getpid());
  std::erase_if(found, [&](pid_t pid) {
    try {
      return name_of(pid) != name;
    } catch (const std::exception&) {
      return true;  // gone meanwhile
    }
  });
  return found;
}

bool eventually(const std::function<bool()>& condition) {
  for (int i = 0; i < 300; ++i, ::usleep(10'000))
    if (condition()) return true;
  return false;
}

class Workers : public testing::TestWithParam<int> {};

TEST_P(Workers, GiveWhatDirectRunsGive) {
  Program program;
  MemoryWork work;
  work.add(2000);
  work.add(10, "table");
  const exec::Summary summary = program.run(work, quiet(GetParam()));
  EXPECT_EQ(summary.ok, 2010U);
  EXPECT_EQ(summary.failed + summary.saturated + summary.left, 0U);
  EXPECT_FALSE(summary.stopped);
  EXPECT_EQ(summary.workers, GetParam());
  EXPECT_EQ(work.doubles, 0U);
  EXPECT_TRUE(work.equals_direct_runs());
}

TEST_P(Workers, LoseOnlyThePointsThatFail) {
  Program program;
  MemoryWork work;
  const std::vector<std::string> modes{"value", "throw", "value", "abort", "value", "segfault",
                                       "value", "exit",  "value", "noise", "value", "noisy abort"};
  for (std::uint64_t seed = 0; seed < 240; ++seed) work.add({modes[seed % modes.size()], 0, seed});
  const exec::Summary summary = program.run(work, quiet(GetParam()));
  EXPECT_EQ(summary.failed, 100U);
  EXPECT_EQ(summary.ok, 140U);
  EXPECT_EQ(work.doubles, 0U);
  for (std::uint64_t index = 0; index < work.size(); ++index) {
    const std::string& mode = modes[index % modes.size()];
    EXPECT_EQ(work.done(index), mode == "value" || mode == "noise") << index << " " << mode;
  }
}

INSTANTIATE_TEST_SUITE_P(Counts, Workers, testing::Values(1, 2, 4));

TEST(Exec, RunsPointsInTheWorkerWithoutSandbox) {
  Program program;
  MemoryWork work;
  work.add(500);
  work.add(20, "table");
  exec::Options options = quiet(2);
  options.sandbox = false;
  EXPECT_EQ(program.run(work, options).ok, 520U);
  EXPECT_TRUE(work.equals_direct_runs());
}

TEST(Exec, KeepsOnlyTheTablesThatAreAskedFor) {
  Program program;
  MemoryWork with, without;
  with.add(1, "table");
  without.add(1, "table");
  exec::Options options = quiet(1);
  program.run(with, options);
  options.keep = Keep{};
  program.run(without, options);
  EXPECT_GT(with.record(0).output.size(), 8000U);
  EXPECT_LT(without.record(0).output.size(), 200U);
}

TEST(Exec, SaysExactlyWhyAPointFailed) {
  const std::vector<std::pair<std::string, std::string>> expected{
      {"throw", "no solution for seed 0"},      {"odd throw", "threw something that is not a std::exception"},
      {"abort", "killed by SIGABRT"},           {"segfault", "killed by SIGSEGV"},
      {"exit", "exited with status 7"},         {"exit 0", "exited with status 0"},
      {"hang", "time limit of 0.5 s exceeded"}, {"kill worker", "killed the worker twice"},
  };
  Program program;
  MemoryWork work;
  for (const auto& [mode, message] : expected) work.add({mode, 0, 0});
  exec::Options options = quiet(2);
  options.limits.wall_s = 0.5;
  EXPECT_EQ(program.run(work, options).failed, expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(work.record(i).message, expected[i].second) << expected[i].first;
    EXPECT_EQ(work.record(i).status, sweep::PointStatus::failed);
    EXPECT_TRUE(work.record(i).output.empty());
  }
}

TEST(Exec, KeepsTheEndOfWhatACrashingPointPrinted) {
  Program program;
  MemoryWork work;
  work.add(1, "noisy abort");
  program.run(work, quiet(1));
  const std::string& message = work.record(0).message;
  EXPECT_EQ(message.rfind("killed by SIGABRT; its last output:\n", 0), 0U) << message;
  EXPECT_NE(message.find("matrix is singular"), std::string::npos);
  EXPECT_LT(message.size(), 2200U);
}

TEST(Exec, EndsPointsAtTheirMemoryLimit) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "sanitizers reserve address space without limit";
#endif
  Program program;
  MemoryWork work;
  work.add({"value", 0, 1});
  work.add({"oom", 0, 2});
  work.add({"value", 0, 3});
  exec::Options options = quiet(1);
  options.limits.memory_bytes = 100 << 20;
  EXPECT_EQ(program.run(work, options).failed, 1U);
  EXPECT_EQ(work.record(1).message, "memory limit of 100 MiB exceeded");
  EXPECT_TRUE(work.done(0) && work.done(2));
}

TEST(Exec, TimeLimitLetsQuickNeighboursLive) {
  Program program;
  MemoryWork work;
  for (std::uint64_t seed = 0; seed < 60; ++seed) work.add({seed % 20 == 7 ? "hang" : "value", 0, seed});
  exec::Options options = quiet(2);
  options.limits.wall_s = 0.2;
  const exec::Summary summary = program.run(work, options);
  EXPECT_EQ(summary.failed, 3U);
  EXPECT_EQ(summary.ok, 57U);
}

TEST(Exec, TriesFailedPointsAgainInTheNextRunOnly) {
  Program program;
  MemoryWork work;
  work.add(30);
  work.add(2, "throw");
  EXPECT_EQ(program.run(work, quiet(2)).failed, 2U);
  EXPECT_EQ(work.record(30).provenance.attempt, 1U);
  EXPECT_EQ(work.order.size(), 32U);
  const exec::Summary second = program.run(work, quiet(2));
  EXPECT_EQ(second.ok, 0U);
  EXPECT_EQ(second.failed, 2U);
  EXPECT_EQ(work.record(30).provenance.attempt, 2U);
  EXPECT_EQ(work.order.size(), 34U);
}

TEST(Exec, RecordsWhoRanAPointAndForHowLong) {
  Program program;
  MemoryWork work;
  work.add(4, "sleep", 0.02);
  const exec::Summary summary = program.run(work, quiet(2));
  double busy_s = 0;
  for (std::uint64_t index = 0; index < 4; ++index) {
    const sweep::Provenance& provenance = work.record(index).provenance;
    EXPECT_GE(provenance.wall_s, 0.02);
    EXPECT_LT(provenance.cpu_s, 0.02);
    EXPECT_LT(provenance.rank, 2U);
    EXPECT_FALSE(provenance.host.empty());
    EXPECT_GT(provenance.finished_unix_s, 1.7e9);
    busy_s += provenance.wall_s;
  }
  EXPECT_NEAR(summary.worker_busy_s, busy_s, 1e-9);
}

TEST(Exec, BeginsWithTheLongestPoints) {
  Program program;
  MemoryWork work;
  for (std::uint64_t seed = 0; seed < 6; ++seed)
    work.add({"sleep", 0.01 * static_cast<double>(seed + 1), seed}, static_cast<double>(seed + 1), seed);
  program.run(work, quiet(1));
  EXPECT_EQ(work.order, (std::vector<std::uint64_t>{5, 4, 3, 2, 1, 0}));
}

TEST(Exec, DoesNothingWhenAllIsDone) {
  Program program;
  MemoryWork work;
  work.add(5);
  program.run(work, quiet(2));
  EXPECT_EQ(program.run(work, quiet(2)).workers, 0);
  EXPECT_EQ(work.order.size(), 5U);
}

TEST(Exec, WaitsWithoutBurningACore) {
  Program program;
  MemoryWork work;
  work.add(8, "sleep", 0.25);
  rusage before{}, after{};
  ::getrusage(RUSAGE_SELF, &before);
  const exec::Summary summary = program.run(work, quiet(2));
  ::getrusage(RUSAGE_SELF, &after);
  const auto seconds = [](const rusage& usage) {
    return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           1e-6 * static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
  };
  EXPECT_LT(seconds(after) - seconds(before), 0.3 * summary.wall_s);
  EXPECT_GE(work.housekeepings, 3U);
}

TEST(Exec, LeavesNoProcessBehind) {
  {
    Program program;
    MemoryWork work;
    work.add(100);
    program.run(work, quiet(4));
    // A zygote waits for the next run; workers and sandboxes are gone.
    EXPECT_TRUE(eventually([] { return descendants_of(::getpid()).size() == 1; }));
  }
  EXPECT_TRUE(descendants_of(::getpid()).empty());
}

/// Kills a process of the engine at every so many results.
class KillingWork : public MemoryWork {
 public:
  explicit KillingWork(std::string victim) : victim_(std::move(victim)) {}
  void accept(std::span<const sweep::PointRecord> accepted) override {
    MemoryWork::accept(accepted);
    if (order.size() < next_ || kills >= 12) return;
    next_ = order.size() + 1 + random_() % 20;
    const std::vector<pid_t> victims = descendants_named(victim_);
    if (victims.empty()) return;
    ::kill(victims[random_() % victims.size()], SIGKILL);
    ++kills;
  }
  int kills = 0;

 private:
  const std::string victim_;
  std::size_t next_ = 10;
  std::mt19937 random_{7};
};

TEST(ExecKills, AKilledWorkerIsReplacedAndItsPointsRunAgain) {
  Program program;
  KillingWork work("windrow-worker");
  work.add(400, "sleep", 0.002);
  program.run(work, quiet(2));
  EXPECT_EQ(work.kills, 12);
  EXPECT_EQ(work.records.size(), 400U);
  EXPECT_EQ(work.doubles, 0U);
  // A point may have been running at two of the kills: then it is under suspicion, and the next run has it.
  program.run(work, quiet(2));
  EXPECT_TRUE(work.equals_direct_runs());
}

TEST(ExecKills, AKilledSandboxCostsThePointThatItRan) {
  Program program;
  KillingWork work("windrow-sandbox");
  work.add(400, "sleep", 0.002);
  const exec::Summary summary = program.run(work, quiet(2));
  EXPECT_EQ(work.records.size(), 400U);
  EXPECT_LE(summary.failed, 12U);
  for (const auto& [index, record] : work.records) {
    if (record.status == sweep::PointStatus::ok) continue;
    EXPECT_EQ(record.message, "killed by SIGKILL; the system kills so when its memory runs out");
  }
  while (program.run(work, quiet(2)).failed > 0) {
  }
  EXPECT_TRUE(work.equals_direct_runs());
}

TEST(ExecKills, AKilledZygoteIsReplaced) {
  Program program;
  KillingWork work("windrow-zygote");
  work.add(400, "sleep", 0.002);
  program.run(work, quiet(2));
  EXPECT_EQ(work.records.size(), 400U);
  while (program.run(work, quiet(2)).failed > 0) {
  }
  EXPECT_TRUE(work.equals_direct_runs());
  EXPECT_EQ(work.doubles, 0U);
}

TEST(ExecKills, ACrashWithoutSandboxCostsItsPointOnly) {
  Program program;
  MemoryWork work;
  for (std::uint64_t seed = 0; seed < 40; ++seed) work.add({seed == 17 ? "segfault" : "value", 0, seed});
  exec::Options options = quiet(2);
  options.sandbox = false;
  const exec::Summary summary = program.run(work, options);
  EXPECT_EQ(summary.ok, 39U);
  EXPECT_EQ(summary.failed, 1U);
  EXPECT_EQ(work.record(17).message, "killed the worker twice");
  EXPECT_EQ(work.record(17).provenance.attempt, 2U);
}

TEST(ExecKills, GivesUpWhenAllWorkersDie) {
  Program program;
  MemoryWork work;
  work.add(1000, "kill worker");
  EXPECT_THROW(program.run(work, quiet(2)), std::runtime_error);
  EXPECT_LT(work.records.size(), 20U);
}

/// Sends this process a signal after some results, and again.
class StoppingWork : public MemoryWork {
 public:
  explicit StoppingWork(int signal) : signal_(signal) {}
  void housekeeping() override {
    if (++housekeepings_ >= 2) ::raise(signal_);
  }

 private:
  const int signal_;
  int housekeepings_ = 0;
};

class Signals : public testing::TestWithParam<int> {};

TEST_P(Signals, StopTheRunAndTheNextOneGoesOn) {
  Program program;
  StoppingWork work(GetParam());
  work.add(2000, "sleep", 0.01);
  const auto begin = std::chrono::steady_clock::now();
  const exec::Summary summary = program.run(work, quiet(2));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 10s);
  EXPECT_TRUE(summary.stopped);
  EXPECT_GT(summary.ok, 0U);
  EXPECT_EQ(summary.ok + summary.left, 2000U);
  EXPECT_EQ(summary.failed, 0U);
  EXPECT_EQ(work.records.size(), summary.ok);
  EXPECT_TRUE(eventually([] { return descendants_of(::getpid()).size() == 1; }));

  MemoryWork rest;
  rest.add(50);
  EXPECT_EQ(program.run(rest, quiet(2)).ok, 50U);  // the signal is forgotten
}

INSTANTIATE_TEST_SUITE_P(All, Signals, testing::Values(SIGINT, SIGTERM, SIGHUP, SIGUSR1));

TEST(ExecStop, EndsPointsThatDoNotListen) {
  Program program;
  StoppingWork work(SIGTERM);
  work.add(10, "hang");
  const exec::Summary summary = program.run(work, quiet(2));
  EXPECT_TRUE(summary.stopped);
  EXPECT_EQ(summary.left, 10U);
  EXPECT_EQ(summary.failed, 0U);
  EXPECT_TRUE(eventually([] { return descendants_of(::getpid()).size() == 1; }));
}

TEST(ExecStop, AsksPointsThatRunWithoutSandbox) {
  Program program;
  StoppingWork work(SIGTERM);
  work.add(10, "obey", 60);
  exec::Options options = quiet(2);
  options.sandbox = false;
  const exec::Summary summary = program.run(work, options);
  EXPECT_TRUE(summary.stopped);
  EXPECT_EQ(summary.left, 10U);
  EXPECT_LT(summary.wall_s, 2);
}

TEST(ExecStop, GoesOnWhenWorkFailsToAccept) {
  struct FullDisk : MemoryWork {
    void accept(std::span<const sweep::PointRecord>) override { throw std::runtime_error("disk full"); }
  };
  Program program;
  FullDisk full;
  full.add(100, "sleep", 0.001);
  EXPECT_THROW(program.run(full, quiet(2)), std::runtime_error);
  MemoryWork work;
  work.add(100);
  EXPECT_EQ(program.run(work, quiet(2)).ok, 100U);
}

const std::string kProbe = std::string(WINDROW_BINARY_DIR) + "/tests/exec_probe";

TEST(ExecProgram, WhatASimulatorPrintsStaysOutOfTheOutput) {
  const TemporaryFolder folder;
  const Finished probe = run({kProbe, "--points", "5", "--mode", "noise", "--workers", "2"}, folder.path());
  EXPECT_EQ(probe.status, 0);
  EXPECT_EQ(probe.out.rfind("ok 5 ", 0), 0U) << probe.out;
  EXPECT_EQ(probe.out.find("NOISE"), std::string::npos);
  EXPECT_EQ(probe.err, "");
}

TEST(ExecProgram, AKilledMasterTakesAllItsProcessesAlong) {
  const TemporaryFolder folder;
  for (int trial = 0; trial < 5; ++trial) {
    Process probe({kProbe, "--points", "10", "--mode", "hang", "--workers", "2"}, folder.path());
    std::vector<pid_t> family;
    ASSERT_TRUE(eventually([&] { return (family = descendants_of(probe.pid())).size() == 7; }));
    ::usleep(static_cast<useconds_t>(trial) * 1000);
    ::kill(probe.pid(), SIGKILL);
    EXPECT_EQ(probe.wait().status, 128 + SIGKILL);
    EXPECT_TRUE(all_gone(family, 3s));
  }
}

TEST(ExecProgram, ATerminalsInterruptReachesAllAndStopsTheRunInOrder) {
  const TemporaryFolder folder;
  Process probe({kProbe, "--points", "100000", "--mode", "sleep", "--seconds", "0.01", "--workers", "2"},
                folder.path());
  std::vector<pid_t> family;
  ASSERT_TRUE(eventually([&] { return (family = descendants_of(probe.pid())).size() == 7; }));
  ::usleep(200'000);
  ::kill(-probe.pid(), SIGINT);  // the whole process group, as a terminal does
  const Finished finished = probe.wait();
  EXPECT_EQ(finished.status, 3) << finished.err;
  EXPECT_NE(finished.out.find("failed 0"), std::string::npos) << finished.out;
  EXPECT_NE(finished.out.find("stopped 1"), std::string::npos) << finished.out;
  EXPECT_TRUE(all_gone(family, 3s));
}

TEST(ExecProgram, TellsHowFarItIs) {
  const TemporaryFolder folder;
  const Finished probe = run({kProbe, "--points", "30", "--mode", "sleep", "--seconds", "0.05", "--workers", "2",
                              "--progress-interval", "0.1"},
                             folder.path());
  EXPECT_EQ(probe.status, 0);
  EXPECT_NE(probe.err.find("probe  "), std::string::npos) << probe.err;
  EXPECT_NE(probe.err.find("/30 done  "), std::string::npos) << probe.err;
  EXPECT_NE(probe.err.find(" points/s  ETA 0:0"), std::string::npos) << probe.err;
}

}  // namespace
}  // namespace windrow::test
