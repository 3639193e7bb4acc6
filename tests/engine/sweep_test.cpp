// Whole sweeps by the program itself: the same digest on any number of ranks, failed points, signals, resumption,
// extension.
#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>
#include <thread>

#include "support/process.hpp"
#include "support/sweeps.hpp"
#include "windrow/store/result_file.hpp"

namespace windrow {
namespace {

using sweep::PointStatus;
using test::count;
using test::digest_of;
using test::Finished;
using test::Process;
using test::sweep_of;
using test::TemporaryFolder;
using test::under_mpirun;

TEST(Sweep, TheDigestIsTheSameOnAnyNumberOfWorkersAndRanks) {
  const TemporaryFolder folder;
  folder.write("s.yaml", sweep_of(300, 0));
  const Finished one = test::windrow({"run", "s.yaml", "-j", "1", "-o", "one.h5"}, folder.path());
  ASSERT_EQ(one.status, 0) << one.err;
  const std::string expected = digest_of(folder.file("one.h5"));
  for (const int workers : {2, 4, 7}) {
    const Finished local =
        test::windrow({"run", "s.yaml", "-j", std::to_string(workers), "-o", "local.h5", "--fresh"}, folder.path());
    ASSERT_EQ(local.status, 0) << local.err;
    EXPECT_EQ(digest_of(folder.file("local.h5")), expected) << workers << " workers";
  }
  for (const int ranks : {1, 2, 4}) {
    const Finished mpi = test::run(under_mpirun(ranks, {"run", "s.yaml", "-o", "mpi.h5", "--fresh"}), folder.path());
    ASSERT_EQ(mpi.status, 0) << mpi.err;
    EXPECT_EQ(digest_of(folder.file("mpi.h5")), expected) << ranks << " ranks";
  }
}

TEST(Sweep, OtherSeedsGiveAnotherDigest) {
  const TemporaryFolder folder;
  folder.write("a.yaml", sweep_of(20, 0));
  folder.write("b.yaml", sweep_of(21, 0));
  ASSERT_EQ(test::windrow({"run", "a.yaml", "-o", "a.h5"}, folder.path()).status, 0);
  ASSERT_EQ(test::windrow({"run", "b.yaml", "-o", "b.h5"}, folder.path()).status, 0);
  EXPECT_NE(digest_of(folder.file("a.h5")), digest_of(folder.file("b.h5")));
}

TEST(Sweep, ALeftoverOfNothingWhenItIsComplete) {
  const TemporaryFolder folder;
  folder.write("s.yaml", sweep_of(10, 0));
  ASSERT_EQ(test::windrow({"run", "s.yaml"}, folder.path()).status, 0);
  EXPECT_TRUE(std::filesystem::exists(folder.file("results/check.h5")));
  EXPECT_FALSE(std::filesystem::exists(folder.file("results/check.h5.journal")));
  std::size_t files = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder.file("results"))) ++files;
  EXPECT_EQ(files, 1U);
}

struct Failure {
  std::string kind, message;
};

class SweepWithAFailure : public testing::TestWithParam<Failure> {};

TEST_P(SweepWithAFailure, GoesOnAndRecordsTheReason) {
  const TemporaryFolder folder;
  folder.write("s.yaml", sweep_of(20, 0, ", fail: " + GetParam().kind + ", fail_seed: 7"));
  // On a loaded machine the others may take their time, as to touch the memory that one too many asks for.
  const char* const limit_s = GetParam().kind == "hang" ? "1" : "60";
  const Finished run = test::windrow(
      {"run", "s.yaml", "-o", "r.h5", "-j", "2", "--time-limit", limit_s, "--memory-limit", "512"}, folder.path());
  EXPECT_EQ(run.status, 1) << run.err;
  const auto reader = store::Reader::open(folder.file("r.h5"));
  for (std::uint64_t row = 0; row < 20; ++row)
    EXPECT_EQ(reader->statuses()[row], row == 7 ? PointStatus::failed : PointStatus::ok) << row;
  EXPECT_NE(reader->message(7).find(GetParam().message), std::string::npos) << reader->message(7);
  const std::string first = reader->message(7).substr(0, reader->message(7).find_first_of(";\n"));
  EXPECT_TRUE(run.err.starts_with("the first failure: seed=7: " + first + "\n")) << run.err;
}

INSTANTIATE_TEST_SUITE_P(Kinds, SweepWithAFailure,
                         testing::Values(Failure{"throw", "throw"}, Failure{"abort", "SIGABRT"},
                                         Failure{"segfault", "SIGSEGV"}, Failure{"hang", "time limit of 1 s"},
#if !defined(__SANITIZE_ADDRESS__)
                                         Failure{"oom", "memory limit of 512 MiB"},
#endif
                                         Failure{"exit", "status 7"}),
                         [](const auto& test) { return test.param.kind; });

TEST(Sweep, AFailedPointIsTriedAgainByTheNextRun) {
  const TemporaryFolder folder;
  folder.write("s.yaml", sweep_of(5, 0, ", fail: throw, fail_seed: 2"));
  ASSERT_EQ(test::windrow({"run", "s.yaml", "-o", "r.h5"}, folder.path()).status, 1);
  EXPECT_EQ(store::Reader::open(folder.file("r.h5"))->provenance(2).attempt, 1U);
  ASSERT_EQ(test::windrow({"run", "s.yaml", "-o", "r.h5"}, folder.path()).status, 1);
  const auto reader = store::Reader::open(folder.file("r.h5"));
  EXPECT_EQ(reader->provenance(2).attempt, 2U);
  EXPECT_EQ(reader->provenance(1).attempt, 1U) << "points that are done are not run again";
}

TEST(Sweep, LimitStopsEarlyAndTheNextRunGoesOn) {
  const TemporaryFolder folder;
  folder.write("s.yaml", sweep_of(10, 0));
  const Finished first = test::windrow({"run", "s.yaml", "-o", "r.h5", "--limit", "4"}, folder.path());
  EXPECT_EQ(first.status, 3) << first.err;
  EXPECT_EQ(count(*store::Reader::open(folder.file("r.h5")), PointStatus::ok), 4U);
  EXPECT_EQ(test::windrow({"status", "--quiet", "r.h5"}, folder.path()).status, 3);
  EXPECT_EQ(test::windrow({"run", "s.yaml", "-o", "r.h5"}, folder.path()).status, 0);
  EXPECT_EQ(count(*store::Reader::open(folder.file("r.h5")), PointStatus::ok), 10U);
  EXPECT_EQ(test::windrow({"status", "--quiet", "r.h5"}, folder.path()).status, 0);
}

TEST(Sweep, LimitIsNotUsedUpByPointsThatFailAgainAndAgain) {
  const TemporaryFolder folder;
  folder.write("s.yaml", sweep_of(4, 0, ", fail: throw, fail_seed: 0"));
  for (const std::uint64_t done : {1, 3, 3}) {  // 0 and 1; 2 and 3; 0 again
    test::windrow({"run", "s.yaml", "-o", "r.h5", "--limit", "2"}, folder.path());
    EXPECT_EQ(count(*store::Reader::open(folder.file("r.h5")), PointStatus::ok), done);
  }
  EXPECT_EQ(store::Reader::open(folder.file("r.h5"))->provenance(0).attempt, 2U);
}

TEST(Sweep, MoreSeedsAppendRowsAndKeepWhatIsThere) {
  const TemporaryFolder folder;
  folder.write("few.yaml", sweep_of(4, 0));
  folder.write("many.yaml", sweep_of(9, 0));
  ASSERT_EQ(test::windrow({"run", "few.yaml", "-o", "r.h5"}, folder.path()).status, 0);
  const double finished = store::Reader::open(folder.file("r.h5"))->provenance(3).finished_unix_s;
  ASSERT_EQ(test::windrow({"run", "many.yaml", "-o", "r.h5"}, folder.path()).status, 0);
  const auto reader = store::Reader::open(folder.file("r.h5"));
  EXPECT_EQ(reader->rows(), 9U);
  EXPECT_EQ(reader->provenance(3).finished_unix_s, finished);
  ASSERT_EQ(test::windrow({"run", "many.yaml", "-o", "at-once.h5"}, folder.path()).status, 0);
  EXPECT_EQ(store::digest(*reader), store::digest(*store::Reader::open(folder.file("at-once.h5"))));
}

class SweepUnderASignal : public testing::TestWithParam<int> {};

TEST_P(SweepUnderASignal, FlushesExitsWithThreeAndIsResumed) {
  const TemporaryFolder folder;
  folder.write("s.yaml", sweep_of(400, 0.01));
  ASSERT_EQ(test::windrow({"run", "s.yaml", "-o", "whole.h5"}, folder.path()).status, 0);
  Process process({WINDROW_PROGRAM, "run", "s.yaml", "-o", "r.h5", "-j", "2"}, folder.path());
  std::this_thread::sleep_for(std::chrono::milliseconds(700));
  const std::vector<pid_t> below = test::descendants_of(process.pid());
  EXPECT_FALSE(below.empty());
  process.send_signal(GetParam());
  const Finished stopped = process.wait();
  EXPECT_EQ(stopped.status, 3) << stopped.err;
  EXPECT_TRUE(test::all_gone(below, std::chrono::seconds(3)));
  const std::uint64_t done = count(*store::Reader::open(folder.file("r.h5")), PointStatus::ok);
  EXPECT_GT(done, 0U);
  EXPECT_LT(done, 400U);
  ASSERT_EQ(test::windrow({"run", "s.yaml", "-o", "r.h5"}, folder.path()).status, 0);
  EXPECT_EQ(digest_of(folder.file("r.h5")), digest_of(folder.file("whole.h5")));
}

INSTANTIATE_TEST_SUITE_P(Signals, SweepUnderASignal, testing::Values(SIGINT, SIGTERM));

TEST(Sweep, ASecondMasterOnTheSameFileIsRefused) {
  const TemporaryFolder folder;
  folder.write("s.yaml", sweep_of(400, 0.01));
  Process first({WINDROW_PROGRAM, "run", "s.yaml", "-o", "r.h5", "-j", "1"}, folder.path());
  for (int i = 0; i < 500 && !std::filesystem::exists(folder.file("r.h5.journal")); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  const Finished second = test::windrow({"run", "s.yaml", "-o", "r.h5"}, folder.path());
  EXPECT_EQ(second.status, 2) << second.err;
  EXPECT_NE(second.err.find("another run"), std::string::npos) << second.err;
  first.send_signal(SIGINT);
  EXPECT_EQ(first.wait().status, 3);
}

TEST(Sweep, AFileThatMayNotGrowStopsTheRunEarlyAndLosesNothing) {
  const TemporaryFolder folder;
  folder.write("s.yaml", sweep_of(3000, 0));
  ASSERT_EQ(test::windrow({"run", "s.yaml", "-o", "whole.h5"}, folder.path()).status, 0);
  // Like a full disk, but for the error number; blocks of 512 bytes, room for the empty file but not for all results.
  const Finished stopped =
      test::run({"/bin/sh", "-c",
                 "trap '' XFSZ; ulimit -f 400; exec " + std::string(WINDROW_PROGRAM) + " run s.yaml -o r.h5 -j 2"},
                folder.path());
  EXPECT_EQ(stopped.status, 3) << stopped.err;
  EXPECT_NE(stopped.err.find("safe"), std::string::npos) << stopped.err;
  ASSERT_EQ(test::windrow({"run", "s.yaml", "-o", "r.h5"}, folder.path()).status, 0);
  EXPECT_EQ(digest_of(folder.file("r.h5")), digest_of(folder.file("whole.h5")));
}

TEST(Sweep, AFileThatCannotBeMadeLeavesNothingBehindAndIsRefusedInOneLine) {
  const TemporaryFolder folder;
  folder.write("s.yaml", sweep_of(3000, 0));
  folder.write("c.yaml", "simulator: empty\ntable_rows: 3000\n");
  for (const char* command : {"run s.yaml -o r.h5", "simulate c.yaml -o r.h5", "simulate c.yaml --tables ."}) {
    const Finished refused =
        test::run({"/bin/sh", "-c", "trap '' XFSZ; ulimit -f 8; exec " + std::string(WINDROW_PROGRAM) + " " + command},
                  folder.path());
    EXPECT_EQ(refused.status, 2) << command << refused.err;
    EXPECT_NE(refused.err.find("File too large\n"), std::string::npos) << refused.err;
    EXPECT_EQ(std::count(refused.err.begin(), refused.err.end(), '\n'), 1) << refused.err;
    for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
      const std::string name = entry.path().filename().string();
      EXPECT_TRUE(name == "s.yaml" || name == "c.yaml" || name.starts_with(".output")) << command << " left " << name;
    }
  }
}

TEST(Sweep, VerifyRunsPointsAgainFromTheFileAlone) {
  const TemporaryFolder folder;
  folder.write("s.yaml", sweep_of(20, 0));
  ASSERT_EQ(test::windrow({"run", "s.yaml", "-o", "r.h5"}, folder.path()).status, 0);
  const Finished verified = test::windrow({"verify", "r.h5", "--rerun", "5"}, folder.path());
  EXPECT_EQ(verified.status, 0) << verified.out << verified.err;
  EXPECT_NE(verified.out.find("5 of them run again with the same bits"), std::string::npos) << verified.out;
}

}  // namespace
}  // namespace windrow
