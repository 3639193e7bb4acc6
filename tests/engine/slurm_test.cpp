// A real Slurm: ranks that srun starts; sweeps that are submitted, run into time limits, are cancelled, lose a node.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <sstream>
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
using test::sweep_of;
using test::TemporaryFolder;
using ::testing::HasSubstr;
using ::testing::Not;

const char* const kScript = WINDROW_SOURCE_DIR "/tests/support/slurm.sh";

class Slurm : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(geteuid(), 0U) << "the daemons of this test are started as root";
    std::filesystem::permissions(folder_.path(),
                                 std::filesystem::perms(0755));  // MUNGE wants its socket to be reachable
    const int port = 20000 + 10 * static_cast<int>(getpid() % 1000);
    const Finished up = test::run({kScript, "up", cluster_, std::to_string(port), "2"}, folder_.path());
    ASSERT_EQ(up.status, 0) << up.err;
  }
  void TearDown() override {
    slurm({"scancel", "--user=root", "--full"});
    test::run({kScript, "down", cluster_}, folder_.path());
    if (HasFailure())
      for (const auto& entry : std::filesystem::directory_iterator(folder_.path()))
        if (entry.path().string().ends_with(".log"))
          std::cerr << entry.path().filename() << ":\n" << test::read_file(entry.path()) << '\n';
  }

  /// Nodes that are one machine in truth must not share memory: see docs/slurm.md.
  std::map<std::string, std::string> environment() const {
    return {{"SLURM_CONF", cluster_ + "/slurm.conf"},
            {"OMPI_MCA_btl", "self,tcp"},
            {"OMPI_MCA_btl_tcp_if_include", "lo"},
            {"OMPI_MCA_oob_tcp_if_include", "lo"}};
  }
  Finished slurm(std::vector<std::string> command) {
    command.insert(command.begin(), {"timeout", "100"});
    return test::run(command, folder_.path(), environment());
  }
  Finished windrow(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), WINDROW_PROGRAM);
    return slurm(arguments);
  }
  Finished srun(int ranks, std::vector<std::string> arguments) {
    std::vector<std::string> command{"srun", "--mpi=pmix", "-n", std::to_string(ranks)};
    command.insert(command.end(), arguments.begin(), arguments.end());
    return slurm(command);
  }

  std::size_t jobs_in_queue() {
    const std::string out = slurm({"squeue", "-h", "-o", "%i"}).out;
    return static_cast<std::size_t>(std::count(out.begin(), out.end(), '\n'));
  }
  static bool within(std::chrono::seconds limit, const std::function<bool()>& condition) {
    for (const auto end = std::chrono::steady_clock::now() + limit; std::chrono::steady_clock::now() < end;
         std::this_thread::sleep_for(100ms))
      if (condition()) return true;
    return false;
  }
  bool queue_is_empty(std::chrono::seconds limit = 100s) {
    return within(limit, [this] { return jobs_in_queue() == 0; });
  }
  bool under_way(std::size_t results = 5) {
    return within(60s, [&] { return count(result_, PointStatus::ok) >= results; });
  }
  std::string undisturbed(const std::string& sweep) {
    folder_.write("s.yaml", sweep);
    EXPECT_EQ(test::windrow({"run", "s.yaml", "-o", "whole.h5", "--quiet"}, folder_.path()).status, 0);
    return digest_of(folder_.file("whole.h5"));
  }
  std::string logs() const {
    std::string all;
    for (const auto& entry : std::filesystem::directory_iterator(folder_.path()))
      if (entry.path().string().ends_with(".log")) all += test::read_file(entry.path());
    return all;
  }

  TemporaryFolder folder_;
  const std::string cluster_ = folder_.file("slurm"), result_ = folder_.file("r.h5");
};

TEST_F(Slurm, RanksOfSrunGiveTheDigestOfLocalWorkers) {
  const std::string digest = undisturbed(sweep_of(300, 0));
  for (const int ranks : {1, 3, 6}) {
    const Finished run = srun(ranks, {WINDROW_PROGRAM, "run", "s.yaml", "-o", "srun.h5", "--fresh"});
    ASSERT_EQ(run.status, 0) << run.out << run.err;
    EXPECT_THAT(run.out, HasSubstr(ranks == 1 ? "worker" : std::to_string(ranks - 1) + " workers"));
    EXPECT_EQ(digest_of(folder_.file("srun.h5")), digest) << ranks << " ranks";
  }
}

TEST_F(Slurm, AWrongInputEndsAllRanksWithStatusTwo) {
  folder_.write("s.yaml", "name: srun\nsimulator: empty\naxes:\n  sede: [0, 1]\n");
  const Finished run = srun(3, {WINDROW_PROGRAM, "run", "s.yaml"});
  EXPECT_EQ(run.status, 2) << run.err;
  EXPECT_THAT(run.err, HasSubstr("did you mean 'seed'?"));
}

TEST_F(Slurm, ASubmittedSweepIsRunToItsEndOnAllNodes) {
  const std::string digest = undisturbed(sweep_of(400, 0.01));
  const Finished submitted =
      windrow({"submit", "s.yaml", "-o", "r.h5", "--nodes", "2", "--ntasks", "6", "--chain", "3", "--time", "5"});
  ASSERT_EQ(submitted.status, 0) << submitted.err;
  EXPECT_THAT(submitted.out, HasSubstr("r.h5: a chain of jobs submitted: 1, 2, 3\n"));
  ASSERT_TRUE(under_way());
  const std::string status = windrow({"status", "r.h5"}).out;
  EXPECT_THAT(status, HasSubstr("RUNNING"));
  EXPECT_THAT(status, HasSubstr("PENDING"));
  EXPECT_THAT(status, HasSubstr("Dependency"));
  const Finished second = windrow({"submit", "s.yaml", "-o", "r.h5"});
  EXPECT_EQ(second.status, 2);
  EXPECT_THAT(second.err, HasSubstr("r.h5: job 1 of this sweep is still RUNNING"));
  ASSERT_TRUE(queue_is_empty());
  EXPECT_EQ(digest_of(result_), digest);
  EXPECT_THAT(logs(), HasSubstr("400 points run in"));
  EXPECT_THAT(logs(), HasSubstr("5 workers"));
  EXPECT_THAT(windrow({"status", "r.h5"}).out, Not(HasSubstr("Slurm")));
  // The script can be submitted by hand; nothing is left for it to do.
  ASSERT_EQ(slurm({"sbatch", "r.h5.sbatch"}).status, 0);
  ASSERT_TRUE(queue_is_empty());
  EXPECT_THAT(test::read_file(folder_.file("r.h5.4.log")), HasSubstr("nothing was left to run"));
  EXPECT_EQ(digest_of(result_), digest);
}

TEST_F(Slurm, ACancelledSweepKeepsWhatIsDoneAndGoesOnWhenSubmittedAgain) {
  const std::string digest = undisturbed(sweep_of(400, 0.02));
  ASSERT_EQ(windrow({"submit", "s.yaml", "-o", "r.h5", "--ntasks", "3", "--chain", "2"}).status, 0);
  ASSERT_TRUE(under_way());
  const Finished cancelled = windrow({"cancel", "r.h5"});
  EXPECT_EQ(cancelled.status, 0) << cancelled.err;
  EXPECT_EQ(cancelled.out, "r.h5: job 1 (RUNNING) is cancelled\nr.h5: job 2 (PENDING) is cancelled\n");
  ASSERT_TRUE(queue_is_empty(30s));
  EXPECT_EQ(windrow({"cancel", "r.h5"}).out, "r.h5: none of its jobs waits or runs\n");
  const std::size_t done = count(result_, PointStatus::ok);
  EXPECT_GE(done, 5U);
  EXPECT_LT(done, 400U);
  EXPECT_EQ(count(result_, PointStatus::failed), 0U);
  ASSERT_TRUE(within(30s, [&] { return !store::Reader::open(result_)->being_written(); }));
  ASSERT_EQ(windrow({"submit", "s.yaml", "-o", "r.h5", "--ntasks", "4", "--chain", "1"}).status, 0);
  ASSERT_TRUE(queue_is_empty());
  EXPECT_EQ(digest_of(result_), digest);
  EXPECT_THAT(logs(), HasSubstr(std::to_string(400 - done) + " points run in"));
}

TEST_F(Slurm, AKilledNodeCostsOnlyWhatRanThere) {
  const std::string digest = undisturbed(sweep_of(600, 0.04));  // longer than Slurm takes to miss a node
  ASSERT_EQ(windrow({"submit", "s.yaml", "-o", "r.h5", "--nodes", "2", "--ntasks", "4", "--chain", "1",
                     "--sbatch=--ntasks-per-node=2"})
                .status,
            0);
  ASSERT_TRUE(under_way());
  EXPECT_EQ(test::run({kScript, "fail", cluster_, "n2"}, folder_.path()).status, 0);
  ASSERT_TRUE(within(60s, [&] { return slurm({"squeue", "-h", "-t", "R"}).out.empty(); }));
  EXPECT_GE(count(result_, PointStatus::ok), 5U) << "the file opens";
  EXPECT_LT(count(result_, PointStatus::ok), 600U);
  ASSERT_EQ(test::run({kScript, "repair", cluster_, "n2"}, folder_.path()).status, 0);
  ASSERT_TRUE(queue_is_empty());
  EXPECT_EQ(digest_of(result_), digest) << logs();
}

TEST_F(Slurm, ARankThatDiesIsStartedAgainWithinTheJob) {
  const std::string digest = undisturbed(sweep_of(1000, 0.01));
  ASSERT_EQ(windrow({"submit", "s.yaml", "-o", "r.h5", "--ntasks", "3", "--chain", "1"}).status, 0);
  ASSERT_TRUE(under_way());
  pid_t rank = -1;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    if (test::read_file(entry.path() / "comm") != "windrow\n") continue;
    std::string environment = std::string(1, '\0') + test::read_file(entry.path() / "environ");
    const auto has = [&](const std::string& text) {
      return environment.find(std::string(1, '\0') + text + std::string(1, '\0')) != std::string::npos;
    };
    if (has("SLURM_CONF=" + cluster_ + "/slurm.conf") && has("SLURM_PROCID=1")) rank = std::stoi(name);
  }
  ASSERT_GT(rank, 0);
  ::kill(rank, SIGKILL);
  ASSERT_TRUE(queue_is_empty());
  EXPECT_EQ(digest_of(result_), digest) << logs();
  EXPECT_THAT(logs(), HasSubstr("starting again in 1 s"));
}

TEST_F(Slurm, AnArrayOfShardsIsJoined) {
  const std::string digest = undisturbed(sweep_of(100, 0.01));
  const Finished submitted =
      windrow({"submit", "s.yaml", "-o", "r.h5", "--shards", "3", "--ntasks", "2", "--chain", "2"});
  ASSERT_EQ(submitted.status, 0) << submitted.err;
  EXPECT_THAT(submitted.out, HasSubstr("windrow merge r.shard-*-of-3.h5 -o r.h5\n"));
  EXPECT_THAT(windrow({"submit", "s.yaml", "-o", "r.h5", "--shards", "3"}).err, HasSubstr("of this sweep is still"));
  ASSERT_TRUE(queue_is_empty());
  EXPECT_EQ(count(folder_.file("r.shard-1-of-3.h5"), PointStatus::ok), 34U);
  EXPECT_EQ(count(folder_.file("r.shard-3-of-3.h5"), PointStatus::ok), 33U);
  const Finished merged =
      windrow({"merge", "r.shard-1-of-3.h5", "r.shard-2-of-3.h5", "r.shard-3-of-3.h5", "-o", "r.h5"});
  ASSERT_EQ(merged.status, 0) << merged.err;
  EXPECT_EQ(digest_of(result_), digest);
}

// Slurm's time limits have whole minutes.
using SlowSlurm = Slurm;
TEST_F(SlowSlurm, AChainCompletesASweepThatIsLongerThanItsTimeLimit) {
  const std::string digest = undisturbed(sweep_of(1300, 0.1));
  ASSERT_EQ(windrow({"submit", "s.yaml", "-o", "r.h5", "--ntasks", "3", "--chain", "3", "--time", "1"}).status, 0);
  EXPECT_THAT(test::read_file(folder_.file("r.h5.sbatch")), HasSubstr("--signal=B:USR1@15"));
  ASSERT_TRUE(queue_is_empty(240s));
  EXPECT_EQ(digest_of(result_), digest) << logs();
  const std::string first = test::read_file(folder_.file("r.h5.1.log"));
  EXPECT_THAT(first, HasSubstr("stopping: what is finished is kept"));
  EXPECT_THAT(first, HasSubstr("left: the same command goes on"));
  EXPECT_THAT(first, Not(HasSubstr("DUE TO TIME LIMIT"))) << "it was warned in time";
  EXPECT_EQ(count(result_, PointStatus::failed), 0U);
}

TEST_F(Slurm, WhatTheSchedulerRefusesLeavesNothingBehind) {
  folder_.write("s.yaml", sweep_of(10, 0));
  const auto refused = [&](std::vector<std::string> more) {
    more.insert(more.begin(), {"submit", "s.yaml", "-o", "new/r.h5"});
    const Finished finished = windrow(more);
    EXPECT_EQ(finished.status, 1) << finished.err;
    EXPECT_EQ(finished.out, "");
    EXPECT_FALSE(std::filesystem::exists(folder_.file("new"))) << "nothing is left behind";
    EXPECT_THAT(finished.err, HasSubstr("windrow submit: Slurm took no job; nothing is left behind\n"));
    return finished.err;
  };
  EXPECT_THAT(refused({"--partition", "nowhere"}), HasSubstr("invalid partition specified: nowhere"));
  EXPECT_THAT(refused({"--partition", "guarded", "--account", "ours"}), HasSubstr("Invalid account"));
  EXPECT_THAT(refused({"--time", "soon"}), HasSubstr("Invalid --time specification"));
  EXPECT_THAT(refused({"--ntasks", "9999"}), HasSubstr("More processors requested than permitted"));
  EXPECT_EQ(jobs_in_queue(), 0U);
  // A script that was there before stays as it was.
  ASSERT_EQ(windrow({"submit", "s.yaml", "-o", "r.h5", "--chain", "1"}).status, 0);
  ASSERT_TRUE(queue_is_empty());
  const std::string before = test::read_file(folder_.file("r.h5.sbatch"));
  EXPECT_EQ(windrow({"submit", "s.yaml", "-o", "r.h5", "--partition", "nowhere"}).status, 1);
  EXPECT_EQ(test::read_file(folder_.file("r.h5.sbatch")), before);
}

// ------------------------------------------------------------------------------------------------ without Slurm

TEST(Submit, WithoutSlurmTheScriptIsWrittenAndTheErrorSaysWhy) {
  const TemporaryFolder folder;
  folder.write("s.yaml", sweep_of(10, 0));
  std::filesystem::create_directory(folder.file("bin"));
  const Finished finished =
      test::run({WINDROW_PROGRAM, "submit", "s.yaml", "--ntasks", "4"}, folder.path(), {{"PATH", folder.file("bin")}});
  EXPECT_EQ(finished.status, 1);
  EXPECT_EQ(finished.out, "");
  EXPECT_THAT(finished.err, HasSubstr("there is no `sbatch` in PATH"));
  EXPECT_THAT(finished.err, HasSubstr("results/check.h5.sbatch\n"));
  EXPECT_THAT(test::read_file(folder.file("results/check.h5.sbatch")), HasSubstr("#SBATCH --ntasks=4\n"));
  EXPECT_EQ(test::run({WINDROW_PROGRAM, "status", "results/check.h5"}, folder.path()).status, 2);
}

TEST(Submit, DryRunPrintsTheScriptThatWouldRunTheSweepAndWritesNothing) {
  const TemporaryFolder folder;
  folder.write("s.yaml", sweep_of(10, 0));
  const Finished finished =
      test::windrow({"submit", "s.yaml", "--dry-run", "--ntasks", "4", "--time", "2:00:00", "--only", "seed<5", "--set",
                     "work_s=0.5", "--time-limit", "60", "-o", "it's here.h5"},
                    folder.path());
  EXPECT_EQ(finished.status, 0) << finished.err;
  for (const char* line : {"#SBATCH --ntasks=4 --time=2:00:00\n", "--signal=B:USR1@120 --requeue\n",
                           "'--only' 'seed<5'", "limits=(--time-limit 60)\n"}) {
    std::string wanted = line;
    if (wanted.starts_with("'--only'")) wanted = "--set work_s=0.5 --only 'seed<5')";
    EXPECT_THAT(finished.out, HasSubstr(wanted));
  }
  EXPECT_THAT(finished.out, HasSubstr("it'\\''s here.h5'\n"));
  EXPECT_FALSE(std::filesystem::exists(folder.file("results")));
  // What it says is a shell's: run with a launcher that is none, it runs the sweep.
  std::string script = finished.out;
  const std::string launcher = "launcher='srun --mpi=pmix --kill-on-bad-exit=1'";
  ASSERT_NE(script.find(launcher), std::string::npos);
  script.replace(script.find(launcher), launcher.size(), "launcher=env");
  script.replace(script.find("work_s=0.5"), 10, "work_s=0");
  folder.write("job.sh", script);
  EXPECT_EQ(test::run({"/bin/bash", "job.sh"}, folder.path()).status, 0);
  EXPECT_EQ(count(folder.file("it's here.h5"), PointStatus::ok), 5U);
  EXPECT_EQ(test::run({"/bin/bash", "job.sh", "continue"}, folder.path()).status, 0);
}

TEST(Submit, RefusesWhatIsWrongBeforeAnythingIsWritten) {
  const TemporaryFolder folder;
  folder.write("s.yaml", sweep_of(10, 0));
  folder.write("bad.yaml", "name: bad\nsimulator: emty\n");
  folder.write("other.h5", "not a result file");
  const auto refused = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "submit");
    const Finished finished = test::windrow(arguments, folder.path());
    EXPECT_EQ(finished.status, 2) << finished.err;
    EXPECT_EQ(finished.out, "");
    return finished.err;
  };
  EXPECT_THAT(refused({"bad.yaml"}), HasSubstr("did you mean 'empty'?"));
  EXPECT_THAT(refused({"s.yaml", "-o", "other.h5"}), HasSubstr("other.h5: this is not an HDF5 file"));
  EXPECT_THAT(refused({"s.yaml", "--chain", "0"}), HasSubstr("--chain: expected a number of at least 1, found 0"));
  EXPECT_THAT(refused({"s.yaml", "--chain", "5000"}), HasSubstr("within 1 .. 1000"));
  EXPECT_THAT(refused({"s.yaml", "--partition", "a\nb"}), HasSubstr("a line break"));
  EXPECT_THAT(refused({"s.yaml", "--time-limit", "-1"}),
              HasSubstr("--time-limit: expected a number above 0 and at most 1000000000, found -1"));
  EXPECT_THAT(refused({"s.yaml", "--patition", "a"}), HasSubstr("did you mean '--partition'?"));
  const Finished cancel = test::windrow({"cancel", "results/check.h5"}, folder.path());
  EXPECT_EQ(cancel.status, 2);
  EXPECT_THAT(cancel.err, HasSubstr("`windrow submit` has submitted no job for this file"));
  EXPECT_FALSE(std::filesystem::exists(folder.file("results")));
}

}  // namespace
}  // namespace windrow
