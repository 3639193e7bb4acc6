// windrow run -n: ranks, the master and mpirun are killed, and the sweep is completed all the same.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <thread>

#include "support/process.hpp"
#include "support/sweeps.hpp"
#include "windrow/exec/in_flight.hpp"
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
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::Not;

/// mpirun as tests want it, for whoever starts it.
const std::map<std::string, std::string>& loopback() {
  static const std::map<std::string, std::string> all{
      {"OMPI_MCA_btl", "self,vader,tcp"}, {"OMPI_MCA_btl_tcp_if_include", "lo"}, {"OMPI_MCA_oob_tcp_if_include", "lo"}};
  return all;
}

std::string comm_of(pid_t pid) {
  return test::read_file("/proc/" + std::to_string(pid) + "/comm");
}

/// The ranks below a supervisor, rank 0 first; they are started in order.
std::vector<pid_t> ranks_below(pid_t supervisor) {
  for (const pid_t child : test::children_of(supervisor)) {
    if (comm_of(child) != "mpirun\n" && comm_of(child) != "orterun\n") continue;
    std::vector<pid_t> ranks = test::children_of(child);
    std::sort(ranks.begin(), ranks.end());
    return ranks;
  }
  return {};
}

pid_t launcher_below(pid_t supervisor) {
  for (const pid_t child : test::children_of(supervisor))
    if (comm_of(child) == "mpirun\n" || comm_of(child) == "orterun\n") return child;
  return -1;
}

std::vector<std::string> run_of(const std::vector<std::string>& more) {
  std::vector<std::string> all{WINDROW_PROGRAM, "run", "s.yaml", "-o", "r.h5"};
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

class Supervision : public testing::Test {
 protected:
  void undisturbed(const std::string& sweep, int status = 0) {
    folder_.write("s.yaml", sweep);
    ASSERT_EQ(test::windrow({"run", "s.yaml", "-o", "whole.h5", "--quiet"}, folder_.path()).status, status);
  }
  void expect_whole() {
    EXPECT_EQ(digest_of(folder_.file("r.h5")), digest_of(folder_.file("whole.h5")));
    expect_tidy();
  }
  void expect_tidy() {
    for (const char* end : {".inflight", ".suspects", ".tmp"})
      EXPECT_FALSE(std::filesystem::exists(folder_.file("r.h5") + end)) << end;
  }
  TemporaryFolder folder_;
};

struct Victim {
  std::string name;
  std::function<pid_t(pid_t)> of;
};

class KilledRanks : public Supervision, public testing::WithParamInterface<Victim> {};

TEST_P(KilledRanks, AreStartedAgainAndTheSweepIsCompleted) {
  undisturbed(sweep_of(300, 0.005));
  Process process(run_of({"-n", "3"}), folder_.path(), loopback());
  ASSERT_TRUE(has_results(folder_.file("r.h5"), 20));
  const std::vector<pid_t> family = test::descendants_of(process.pid());
  const pid_t victim = GetParam().of(process.pid());
  ASSERT_GT(victim, 0);
  ::kill(victim, SIGKILL);
  const Finished finished = process.wait();
  EXPECT_EQ(finished.status, 0) << finished.err;
  EXPECT_THAT(finished.err, HasSubstr("starting again in 1 s"));
  EXPECT_TRUE(test::all_gone(family, 5s));
  EXPECT_EQ(count(folder_.file("r.h5"), PointStatus::ok), 300U);
  expect_whole();
}

INSTANTIATE_TEST_SUITE_P(Of, KilledRanks,
                         testing::Values(Victim{"Worker", [](pid_t pid) { return ranks_below(pid).at(1); }},
                                         Victim{"Master", [](pid_t pid) { return ranks_below(pid).at(0); }},
                                         Victim{"Mpirun", launcher_below}),
                         [](const auto& victim) { return victim.param.name; });

TEST_F(Supervision, SaysWhichRankDied) {
  folder_.write("s.yaml", sweep_of(200, 0.005));
  Process process(run_of({"-n", "3"}), folder_.path(), loopback());
  ASSERT_TRUE(has_results(folder_.file("r.h5"), 5));
  ::kill(ranks_below(process.pid()).at(2), SIGKILL);
  EXPECT_THAT(process.wait().err, HasSubstr("rank 2 died"));
}

TEST_F(Supervision, APointThatKillsItsRankEachTimeIsRecordedAsFailedAndAllOthersRun) {
  undisturbed(sweep_of(60, 0.002));
  folder_.write("s.yaml", sweep_of(60, 0.002, ", fail: segfault, fail_seed: 17"));
  const Finished finished = test::run(run_of({"-n", "3", "--no-sandbox"}), folder_.path(), loopback());
  EXPECT_EQ(finished.status, 1) << finished.err;
  const auto reader = store::Reader::open(folder_.file("r.h5"));
  for (std::uint64_t row = 0; row < 60; ++row)
    EXPECT_EQ(reader->statuses()[row], row == 17 ? PointStatus::failed : PointStatus::ok) << row;
  EXPECT_EQ(reader->message(17), "killed the worker twice");
  EXPECT_EQ(reader->provenance(17).attempt, 2U);
  expect_tidy();
}

TEST_F(Supervision, ARankThatExitsIsNoticedLikeOneThatIsKilled) {
  folder_.write("s.yaml", sweep_of(20, 0.002, ", fail: exit, fail_seed: 5"));
  const Finished finished = test::run(run_of({"-n", "2", "--no-sandbox"}), folder_.path(), loopback());
  EXPECT_EQ(finished.status, 1) << finished.err;
  EXPECT_THAT(finished.err, HasSubstr("rank 1 died (status 7)"));
  EXPECT_EQ(store::Reader::open(folder_.file("r.h5"))->message(5), "killed the worker twice");
  EXPECT_EQ(count(folder_.file("r.h5"), PointStatus::ok), 19U);
}

TEST_F(Supervision, SeveralPointsThatKillTheirRanksAreFoundOneByOne) {
  folder_.write(
      "s.yaml",
      "name: check\nsimulator: empty\nset: {work_s: 0.001, fail: segfault}\naxes:\n  seed: {from: 0, count: 20}\n"
      "  fail_seed: [3, 11]\nskip: [\"seed=3 fail_seed=11\", \"seed=11 fail_seed=3\"]\n");
  const Finished finished = test::run(run_of({"-n", "3", "--no-sandbox"}), folder_.path(), loopback());
  EXPECT_EQ(finished.status, 1) << finished.err;
  EXPECT_EQ(count(folder_.file("r.h5"), PointStatus::failed), 2U);
  EXPECT_EQ(count(folder_.file("r.h5"), PointStatus::ok), 36U);
}

TEST_F(Supervision, GivesUpAfterThreeRestartsWithoutANewResult) {
  folder_.write("s.yaml", sweep_of(30, 0.001));
  // Ranks that begin and die without a result, as if the machine had no memory left.
  folder_.write("launch.sh", "#!/bin/bash\necho x >> starts\n: > r.h5.inflight\nkill -KILL $$\n");
  const auto begin = std::chrono::steady_clock::now();
  const Finished finished = test::run(run_of({"--launcher", "/bin/bash launch.sh"}), folder_.path(), loopback());
  EXPECT_EQ(finished.status, 3) << finished.err;
  EXPECT_THAT(finished.err, HasSubstr("giving up"));
  EXPECT_EQ(test::read_file(folder_.file("starts")), "x\nx\nx\nx\n");
  EXPECT_GE(std::chrono::steady_clock::now() - begin, 7s) << "1 + 2 + 4 s";
  for (const char* delay : {"in 1 s", "in 2 s", "in 4 s"}) EXPECT_THAT(finished.err, HasSubstr(delay));
  expect_tidy();
}

class SignalToSupervisor : public Supervision, public testing::WithParamInterface<int> {};

TEST_P(SignalToSupervisor, StopsTheSweepInOrderAndTheNextRunGoesOn) {
  undisturbed(sweep_of(200, 0.01));
  Process process(run_of({"-n", "3"}), folder_.path(), loopback());
  ASSERT_TRUE(has_results(folder_.file("r.h5"), 5));
  const std::vector<pid_t> family = test::descendants_of(process.pid());
  process.send_signal(GetParam());
  const Finished finished = process.wait();
  EXPECT_EQ(finished.status, 3) << finished.err;
  EXPECT_THAT(finished.err, Not(HasSubstr("starting again")));
  EXPECT_TRUE(test::all_gone(family, 5s));
  EXPECT_EQ(count(folder_.file("r.h5"), PointStatus::failed), 0U);
  ASSERT_GT(count(folder_.file("r.h5"), PointStatus::pending), 0U);
  EXPECT_EQ(test::run(run_of({"-n", "2"}), folder_.path(), loopback()).status, 0);
  expect_whole();
}

INSTANTIATE_TEST_SUITE_P(Signals, SignalToSupervisor, testing::Values(SIGINT, SIGTERM, SIGUSR1, SIGHUP));

TEST_F(Supervision, ItsOwnDeathEndsTheRanks) {
  undisturbed(sweep_of(150, 0.01));
  Process process(run_of({"-n", "3"}), folder_.path(), loopback());
  ASSERT_TRUE(has_results(folder_.file("r.h5"), 5));
  const std::vector<pid_t> family = test::descendants_of(process.pid());
  ::kill(process.pid(), SIGKILL);
  process.wait();
  EXPECT_TRUE(test::all_gone(family, 10s));
  EXPECT_GE(count(folder_.file("r.h5"), PointStatus::ok), 5U);
  EXPECT_EQ(test::run(run_of({"-n", "2"}), folder_.path(), loopback()).status, 0);
  expect_whole();
}

TEST_F(Supervision, TheFileDecidesWhereALauncherEndsWithZeroThoughPointsAreLeft) {
  undisturbed(sweep_of(100, 0.002));
  // As srun does after some failures of a node: the first time half of the work is left, and the status is 0.
  folder_.write("launch.sh",
                "if [ -e second ]; then exec mpirun --allow-run-as-root --oversubscribe -n 3 \"$@\"; fi\n"
                "touch second\nmpirun --allow-run-as-root --oversubscribe -n 3 \"$@\" --limit 50\nexit 0\n");
  const Finished finished = test::run(run_of({"--launcher", "'/bin/bash' \"launch.sh\""}), folder_.path(), loopback());
  EXPECT_EQ(finished.status, 0) << finished.err;
  EXPECT_THAT(finished.err, HasSubstr("50 points left: starting again"));
  expect_whole();
}

TEST_F(Supervision, PassesOnWhatTheRunIsToDo) {
  folder_.write("s.yaml", sweep_of(60, 0));
  ASSERT_EQ(test::windrow({"run", "s.yaml", "-o", "r.h5", "--quiet"}, folder_.path()).status, 0);
  const Finished fresh = test::run(run_of({"-n", "2", "--fresh", "--limit", "7", "--only", "seed>=10", "--quiet"}),
                                   folder_.path(), loopback());
  EXPECT_EQ(fresh.status, 3) << fresh.err;
  EXPECT_EQ(count(folder_.file("r.h5"), PointStatus::ok), 7U);
  EXPECT_EQ(count(folder_.file("r.h5.old"), PointStatus::ok), 60U);
  EXPECT_EQ(store::Reader::open(folder_.file("r.h5"))->statuses()[9], PointStatus::pending);
  EXPECT_EQ(test::run(run_of({"-n", "2", "--set", "nonsense=1"}), folder_.path(), loopback()).status, 2);
  EXPECT_EQ(test::run(run_of({"-n2"}), folder_.path(), loopback()).status, 0);
  EXPECT_EQ(count(folder_.file("r.h5"), PointStatus::ok), 60U);
}

TEST_F(Supervision, AFileThatAnotherRunIsWritingIsRefusedAtOnce) {
  folder_.write("s.yaml", sweep_of(1500, 0.01));
  Process first({WINDROW_PROGRAM, "run", "s.yaml", "-o", "r.h5", "-j", "1"}, folder_.path());
  ASSERT_TRUE(has_results(folder_.file("r.h5"), 5));
  const Finished second = test::run(run_of({"-n", "2"}), folder_.path(), loopback());
  EXPECT_EQ(second.status, 2);
  EXPECT_THAT(second.err, HasSubstr("is writing this file"));
  EXPECT_TRUE(first.running()) << "it did not wait for the end of the other one";
  first.send_signal(SIGTERM);
  EXPECT_EQ(first.wait().status, 3);
}

TEST_F(Supervision, RefusesWhatMakesNoSense) {
  folder_.write("s.yaml", sweep_of(10, 0));
  const auto refused = [&](const std::vector<std::string>& more) {
    const Finished finished = test::run(run_of(more), folder_.path(), loopback());
    EXPECT_EQ(finished.status, 2) << finished.err;
    EXPECT_FALSE(std::filesystem::exists(folder_.file("r.h5")));
    return finished.err;
  };
  EXPECT_EQ(refused({"-n", "0"}), "--ranks: expected a number of at least 1, found 0\n");
  EXPECT_EQ(refused({"-n", "2", "-j", "2"}), "-n: cannot be combined with -j, local workers\n");
  EXPECT_EQ(refused({"--launcher", " "}), "--launcher: expected a command, found nothing\n");
  EXPECT_EQ(refused({"--launcher", "srun 'x"}), "--launcher: a quotation mark without its end: srun 'x\n");
  std::vector<std::string> nested = test::mpirun(2);
  const std::vector<std::string> inner = run_of({"-n", "2"});
  nested.insert(nested.end(), inner.begin(), inner.end());
  EXPECT_THAT(test::run(nested, folder_.path()).err, HasSubstr("-n: these are 2 ranks already"));
  const Finished none = test::run(run_of({"--launcher", "no-such-launcher"}), folder_.path());
  EXPECT_EQ(none.status, 1);
  EXPECT_THAT(none.err, HasSubstr("cannot start 'no-such-launcher': No such file or directory\n"));
  EXPECT_THAT(none.err, HasSubstr("before any rank began"));
}

}  // namespace
}  // namespace windrow
