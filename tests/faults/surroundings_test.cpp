// What a run's surroundings do to it: readers of its output that go away, signals, processes that stand still, clocks
// that jump, file systems without locks, points that take their rank along. The sweep goes on, or ends in good order.
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <thread>

#include "support/process.hpp"
#include "support/sweeps.hpp"
#include "windrow/store/result_file.hpp"

namespace windrow {
namespace {

using namespace std::chrono_literals;
using sweep::PointStatus;
using test::count;
using test::digest_of;
using test::Finished;
using test::has_results;
using test::Process;
using test::sweep_of;
using test::TemporaryFolder;
using test::under_mpirun;

std::map<std::string, std::string> with_shim(std::map<std::string, std::string> environment) {
  environment["LD_PRELOAD"] = WINDROW_FAULT_SHIM;
  environment["ASAN_OPTIONS"] = "verify_asan_link_order=0";
  return environment;
}

// ------------------------------------------------------------------------------------------------ standard streams

struct Way {
  std::string name, command;
};

class Streams : public testing::TestWithParam<Way> {};

TEST_P(Streams, NoSweepEndsBecauseNobodyReadsItsOutput) {
  const TemporaryFolder folder;
  folder.write("s.yaml", sweep_of(60, 0.002, ", fail: throw, fail_seed: 3"));  // so that there is a note in the middle
  std::string command = GetParam().command;
  const std::string run = std::string(WINDROW_PROGRAM) + " run s.yaml -o r.h5 -j 2";
  command.replace(command.find("RUN"), 3, run);
  test::run({"/bin/bash", "-c", command + "; exit 0"}, folder.path());
  EXPECT_EQ(count(folder.file("r.h5"), PointStatus::ok), 59U);
  EXPECT_EQ(test::read_file(folder.file("status")).substr(0, 1), "1") << "one point failed";
  EXPECT_EQ(store::verify(folder.file("r.h5")).size(), 1U) << "incomplete, and nothing else";
}

INSTANTIATE_TEST_SUITE_P(Ways, Streams,
                         testing::Values(Way{"BothPipesClosed", "(RUN; echo $? > status) 2>&1 | true"},
                                         Way{"HeadOfTheOutput", "(RUN; echo $? > status) | head -1"},
                                         Way{"DiskFull", "(RUN > /dev/full 2> /dev/full; echo $? > status)"},
                                         Way{"NeverOpened", "(RUN >&- 2>&-; echo $? > status)"},
                                         Way{"NoneEverOpened", "(RUN <&- >&- 2>&-; echo $? > status)"}),
                         [](const auto& way) { return way.param.name; });

// ------------------------------------------------------------------------------------------------ signals

class SignalToSweep : public testing::TestWithParam<int> {};

TEST_P(SignalToSweep, StopsItInOrderAndTheNextRunGoesOn) {
  const TemporaryFolder folder;
  folder.write("s.yaml", sweep_of(400, 0.01));
  ASSERT_EQ(test::windrow({"run", "s.yaml", "-o", "whole.h5", "--quiet"}, folder.path()).status, 0);
  Process process({WINDROW_PROGRAM, "run", "s.yaml", "-o", "r.h5", "-j", "2"}, folder.path());
  ASSERT_TRUE(has_results(folder.file("r.h5")));
  const std::vector<pid_t> below = test::descendants_of(process.pid());
  process.send_signal(GetParam());
  EXPECT_EQ(process.wait().status, 3);
  EXPECT_TRUE(test::all_gone(below, 3s));
  EXPECT_EQ(count(folder.file("r.h5"), PointStatus::failed), 0U);
  ASSERT_EQ(test::windrow({"run", "s.yaml", "-o", "r.h5", "--quiet"}, folder.path()).status, 0);
  EXPECT_EQ(digest_of(folder.file("r.h5")), digest_of(folder.file("whole.h5")));
}

INSTANTIATE_TEST_SUITE_P(OfTerminalsAndSchedulers, SignalToSweep, testing::Values(SIGHUP, SIGUSR1));

TEST(Signals, NohupKeepsASweepWhoseTerminalGoes) {
  const TemporaryFolder folder;
  folder.write("s.yaml", sweep_of(100, 0.01));
  Process process({"nohup", WINDROW_PROGRAM, "run", "s.yaml", "-o", "r.h5", "-j", "2"}, folder.path());
  ASSERT_TRUE(has_results(folder.file("r.h5")));
  process.send_signal(SIGHUP);
  EXPECT_EQ(process.wait().status, 0);
}

TEST(Signals, WhatStandsStillForAWhileLosesAndRepeatsNothing) {
  const TemporaryFolder folder;
  folder.write("s.yaml", sweep_of(300, 0.01));
  for (const std::string victim : {"windrow-worker", "windrow-sandbox", "windrow-zygote", "windrow"}) {
    Process process({WINDROW_PROGRAM, "run", "s.yaml", "-o", victim + ".h5", "-j", "2"}, folder.path());
    ASSERT_TRUE(has_results(folder.file(victim + ".h5")));
    std::vector<pid_t> pids = test::descendants_of(process.pid());
    pids.insert(pids.begin(), process.pid());
    const auto found = std::find_if(pids.begin(), pids.end(), [&](pid_t pid) {
      return test::read_file("/proc/" + std::to_string(pid) + "/comm") == victim + "\n";
    });
    ASSERT_NE(found, pids.end()) << victim;
    ::kill(*found, SIGSTOP);
    std::this_thread::sleep_for(1200ms);
    ::kill(*found, SIGCONT);
    const Finished finished = process.wait();
    EXPECT_EQ(finished.status, 0) << victim << finished.err;
    const auto reader = store::Reader::open(folder.file(victim + ".h5"));
    for (std::uint64_t row = 0; row < reader->rows(); ++row) ASSERT_EQ(reader->provenance(row).attempt, 1U) << victim;
    EXPECT_EQ(digest_of(folder.file(victim + ".h5")), digest_of(folder.file("windrow-worker.h5")));
  }
}

TEST(Signals, AStoppedRankOfMpirunLosesAndRepeatsNothing) {
  const TemporaryFolder folder;
  folder.write("s.yaml", sweep_of(300, 0.01));
  ASSERT_EQ(test::windrow({"run", "s.yaml", "-o", "whole.h5", "--quiet"}, folder.path()).status, 0);
  Process process(under_mpirun(3, {"run", "s.yaml", "-o", "r.h5"}), folder.path());
  ASSERT_TRUE(has_results(folder.file("r.h5")));
  const std::vector<pid_t> ranks = test::children_of(process.pid());
  ASSERT_EQ(ranks.size(), 3U);
  for (const pid_t rank : ranks) {
    ::kill(rank, SIGSTOP);
    std::this_thread::sleep_for(400ms);
    ::kill(rank, SIGCONT);
  }
  EXPECT_EQ(process.wait().status, 0);
  EXPECT_EQ(digest_of(folder.file("r.h5")), digest_of(folder.file("whole.h5")));
}

// ------------------------------------------------------------------------------------------------ two masters, no
// locks

TEST(TwoMasters, TheSecondIsRefusedUnderMpirunAndByAnotherNameToo) {
  const TemporaryFolder folder;
  folder.write("s.yaml", sweep_of(600, 0.01));
  std::filesystem::create_symlink("r.h5", folder.file("other-name.h5"));
  Process first(under_mpirun(2, {"run", "s.yaml", "-o", "r.h5"}), folder.path());
  ASSERT_TRUE(has_results(folder.file("r.h5")));
  const auto refused = [&](const std::vector<std::string>& command) {
    const Finished second = test::run(command, folder.path());
    EXPECT_EQ(second.status, 2) << second.err;
    EXPECT_NE(second.err.find("another run (pid "), std::string::npos) << second.err;
    EXPECT_NE(second.err.find("is writing this file"), std::string::npos) << second.err;
  };
  refused({WINDROW_PROGRAM, "run", "s.yaml", "-o", "r.h5"});
  refused({WINDROW_PROGRAM, "run", "s.yaml", "-o", "r.h5", "--fresh"});
  refused({WINDROW_PROGRAM, "run", "s.yaml", "-o", "other-name.h5"});
  refused(under_mpirun(2, {"run", "s.yaml", "-o", "r.h5"}));
  EXPECT_EQ(test::windrow({"status", "r.h5"}, folder.path()).status, 0) << "readers are not";
  EXPECT_EQ(first.wait().status, 0);
}

class NoLocks : public testing::TestWithParam<int> {};

TEST_P(NoLocks, ALockFileTakesTheirPlace) {
  const TemporaryFolder folder;
  const auto environment = with_shim({{"FAULT_LOCKS", std::to_string(GetParam())}});
  folder.write("s.yaml", sweep_of(400, 0.01));
  ASSERT_EQ(test::windrow({"run", "s.yaml", "-o", "whole.h5", "--quiet"}, folder.path()).status, 0);
  const std::vector<std::string> command{WINDROW_PROGRAM, "run", "s.yaml", "-o", "r.h5", "-j", "2", "--quiet"};
  const auto run = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), WINDROW_PROGRAM);
    return test::run(arguments, folder.path(), environment);
  };
  {
    Process first(command, folder.path(), environment);
    ASSERT_TRUE(has_results(folder.file("r.h5")));
    const Finished second = test::run(command, folder.path(), environment);
    EXPECT_EQ(second.status, 2) << second.err;
    EXPECT_NE(second.err.find("is writing this file; if that run is dead, remove "), std::string::npos) << second.err;
    EXPECT_NE(run({"status", "r.h5"}).out.find("a run is writing it now"), std::string::npos);
    ::kill(first.pid(), SIGKILL);
    first.wait();
  }
  EXPECT_TRUE(std::filesystem::exists(folder.file("r.h5.journal.lock"))) << "or the next line would show nothing";
  const Finished last = test::run(command, folder.path(), environment);  // a dead master's lock is taken over
  ASSERT_EQ(last.status, 0) << last.err;
  EXPECT_EQ(digest_of(folder.file("r.h5")), digest_of(folder.file("whole.h5")));
  for (const char* end : {".journal", ".journal.lock", ".tmp"})
    EXPECT_FALSE(std::filesystem::exists(folder.file("r.h5") + end)) << end;
  // MPI: rank 0 alone opens the file.
  const Finished mpi =
      test::run(under_mpirun(3, {"run", "s.yaml", "-o", "m.h5", "--quiet"}, {"LD_PRELOAD", "FAULT_LOCKS"}),
                folder.path(), environment);
  EXPECT_EQ(mpi.status, 0) << mpi.err;
  EXPECT_EQ(digest_of(folder.file("m.h5")), digest_of(folder.file("whole.h5")));
}

INSTANTIATE_TEST_SUITE_P(Errors, NoLocks, testing::Values(ENOLCK, ENOTSUP));

// ------------------------------------------------------------------------------------------------ clocks

TEST(Clock, JumpsOfYearsChangeNothingButTheTimesOfCompletion) {
  const TemporaryFolder folder;
  folder.write("s.yaml", sweep_of(300, 0.005));
  folder.write("hang.yaml", sweep_of(40, 0.005, ", fail: hang, fail_seed: 7"));
  ASSERT_EQ(test::windrow({"run", "s.yaml", "-o", "whole.h5", "--quiet"}, folder.path()).status, 0);
  const auto environment = with_shim({{"FAULT_CLOCK", "1"}});
  const Finished jumping = test::run({WINDROW_PROGRAM, "run", "s.yaml", "-o", "r.h5", "-j", "2", "--time-limit", "30"},
                                     folder.path(), environment);
  ASSERT_EQ(jumping.status, 0) << jumping.err;
  EXPECT_EQ(digest_of(folder.file("r.h5")), digest_of(folder.file("whole.h5")));
  const auto reader = store::Reader::open(folder.file("r.h5"));
  double earliest = 1e300, latest = -1e300;
  for (std::uint64_t row = 0; row < reader->rows(); ++row) {
    const sweep::Provenance provenance = reader->provenance(row);
    EXPECT_GE(provenance.wall_s, 0.005);
    EXPECT_LT(provenance.wall_s, 30);
    earliest = std::min(earliest, provenance.finished_unix_s);
    latest = std::max(latest, provenance.finished_unix_s);
  }
  EXPECT_GT(latest - earliest, 1e7) << "the clock did not jump, so this shows nothing";
  const auto begin = std::chrono::steady_clock::now();
  const Finished hanging = test::run(
      {WINDROW_PROGRAM, "run", "hang.yaml", "-o", "h.h5", "-j", "2", "--time-limit", "1"}, folder.path(), environment);
  EXPECT_EQ(hanging.status, 1) << hanging.err;
  EXPECT_GE(std::chrono::steady_clock::now() - begin, 1s);
  EXPECT_EQ(store::Reader::open(folder.file("h.h5"))->message(7), "time limit of 1 s exceeded");
  EXPECT_EQ(count(folder.file("h.h5"), PointStatus::ok), 39U);
  EXPECT_EQ(test::run({WINDROW_PROGRAM, "status", "r.h5"}, folder.path(), environment).status, 0);
}

// ------------------------------------------------------------------------------------------------ points under mpirun

struct Failure {
  std::string kind, message;
};

class MpiSweepWithAFailure : public testing::TestWithParam<Failure> {};

TEST_P(MpiSweepWithAFailure, GoesOnAndRecordsTheReason) {
  const TemporaryFolder folder;
  folder.write("s.yaml", sweep_of(20, 0, ", fail: " + GetParam().kind + ", fail_seed: 7"));
  const char* const limit_s = GetParam().kind == "hang" ? "1" : "60";
  const Finished run =
      test::run(under_mpirun(3, {"run", "s.yaml", "-o", "r.h5", "--time-limit", limit_s, "--memory-limit", "256"}),
                folder.path());
  EXPECT_EQ(run.status, 1) << run.err;
  const auto reader = store::Reader::open(folder.file("r.h5"));
  for (std::uint64_t row = 0; row < 20; ++row)
    EXPECT_EQ(reader->statuses()[row], row == 7 ? PointStatus::failed : PointStatus::ok) << row;
  EXPECT_NE(reader->message(7).find(GetParam().message), std::string::npos) << reader->message(7);
}

INSTANTIATE_TEST_SUITE_P(Kinds, MpiSweepWithAFailure,
                         testing::Values(Failure{"segfault", "SIGSEGV"}, Failure{"hang", "time limit of 1 s"},
#if !defined(__SANITIZE_ADDRESS__)
                                         Failure{"oom", "memory limit of 256 MiB"},
#endif
                                         Failure{"exit", "status 7"}),
                         [](const auto& failure) { return failure.param.kind; });

TEST(MpiSweep, APointThatKillsItsRankEndsTheJobAndLeavesNothingBehind) {
  const TemporaryFolder folder;
  std::vector<std::string> command = test::mpirun(3);
  command.push_back(std::string(WINDROW_BINARY_DIR) + "/tests/exec_probe");
  command.insert(command.end(), {"--points", "5", "--mode", "kill worker"});
  Process job(command, folder.path());
  std::vector<pid_t> family;
  for (int i = 0; i < 500 && job.running() && family.size() < 8; ++i, std::this_thread::sleep_for(1ms))
    family = test::descendants_of(job.pid());
  const Finished finished = job.wait(30s);
  EXPECT_NE(finished.status, 0);
  EXPECT_EQ(finished.out.find("ok "), std::string::npos) << "there was an end in order after all: " << finished.out;
  EXPECT_TRUE(test::all_gone(family, 5s));
}

}  // namespace
}  // namespace windrow
