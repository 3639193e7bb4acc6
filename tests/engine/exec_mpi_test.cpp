// The engine with MPI ranks as workers: the same results, the same failures, and a decent end.
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "support/process.hpp"

namespace windrow::test {
namespace {

using namespace std::chrono_literals;

const std::string kProbe = std::string(WINDROW_BINARY_DIR) + "/tests/exec_probe";

std::vector<std::string> under_mpi(int ranks, const std::vector<std::string>& arguments) {
  std::vector<std::string> command = mpirun(ranks);
  command.push_back(kProbe);
  command.insert(command.end(), arguments.begin(), arguments.end());
  return command;
}

std::vector<std::string> sorted_lines(const std::string& path) {
  std::istringstream text(read_file(path));
  std::vector<std::string> lines;
  for (std::string line; std::getline(text, line);) lines.push_back(line);
  std::sort(lines.begin(), lines.end());
  return lines;
}

class Ranks : public testing::TestWithParam<int> {};

TEST_P(Ranks, GiveWhatLocalWorkersGive) {
  const TemporaryFolder folder;
  ASSERT_EQ(run({kProbe, "--points", "5000", "--workers", "2", "--out", folder.file("local")}, folder.path()).status,
            0);
  const Finished finished =
      run(under_mpi(GetParam(), {"--points", "5000", "--workers", "2", "--out", folder.file("mpi")}), folder.path());
  EXPECT_EQ(finished.status, 0) << finished.err;
  EXPECT_EQ(sorted_lines(folder.file("local")).size(), 5000U);
  EXPECT_EQ(sorted_lines(folder.file("local")), sorted_lines(folder.file("mpi")));
  const int workers = GetParam() == 1 ? 2 : GetParam() - 1;  // a single rank starts local workers
  EXPECT_NE(finished.out.find("workers " + std::to_string(workers)), std::string::npos) << finished.out;
}

TEST_P(Ranks, SurviveCrashingPoints) {
  const TemporaryFolder folder;
  for (const auto& [mode, reason] : std::vector<std::pair<std::string, std::string>>{
           {"segfault", "killed by SIGSEGV"}, {"hang", "time limit of 0.2 s exceeded"}}) {
    const Finished finished =
        run(under_mpi(GetParam(), {"--points", "6", "--mode", mode, "--wall", "0.2", "--out", folder.file("out")}),
            folder.path());
    EXPECT_NE(finished.out.find("ok 0 failed 6 left 0"), std::string::npos) << finished.out << finished.err;
    const auto lines = sorted_lines(folder.file("out"));
    EXPECT_EQ(lines.size(), 6U);
    for (const std::string& line : lines) EXPECT_NE(line.find(reason), std::string::npos) << line;
  }
}

TEST_P(Ranks, AllEndWhenThereIsNothingToDo) {
  const TemporaryFolder folder;
  const Finished finished = run(under_mpi(GetParam(), {"--input-error"}), folder.path());
  EXPECT_EQ(finished.status, 2) << finished.err;
}

INSTANTIATE_TEST_SUITE_P(Counts, Ranks, testing::Values(1, 2, 4));

TEST(ExecMpi, RunsWithoutSandbox) {
  const TemporaryFolder folder;
  const Finished finished = run(under_mpi(3, {"--points", "500", "--no-sandbox"}), folder.path());
  EXPECT_NE(finished.out.find("ok 500 failed 0 left 0"), std::string::npos) << finished.out << finished.err;
}

class MpirunSignals : public testing::TestWithParam<int> {};

TEST_P(MpirunSignals, StopTheRunInOrder) {
  const TemporaryFolder folder;
  Process job(under_mpi(3, {"--points", "100000", "--mode", "sleep", "--seconds", "0.01", "--out", folder.file("out")}),
              folder.path());
  std::vector<std::string> lines;
  for (int i = 0; i < 500 && lines.size() < 20; ++i) {
    std::this_thread::sleep_for(20ms);
    try {
      lines = sorted_lines(folder.file("out"));
    } catch (const std::exception&) {
    }
  }
  ASSERT_GE(lines.size(), 20U);
  const std::vector<pid_t> family = descendants_of(job.pid());
  EXPECT_EQ(family.size(), 3U + 3U + 2U);  // ranks, their zygotes, two sandboxes
  job.send_signal(GetParam());
  const Finished finished = job.wait(30s);
  EXPECT_NE(finished.out.find("stopped 1"), std::string::npos) << finished.out << finished.err;
  EXPECT_NE(finished.out.find("failed 0"), std::string::npos) << finished.out;
  EXPECT_NE(finished.status, 0);
  EXPECT_TRUE(all_gone(family, 5s));
}

INSTANTIATE_TEST_SUITE_P(All, MpirunSignals, testing::Values(SIGTERM, SIGINT, SIGUSR1));

TEST(ExecMpi, ADyingRankEndsTheJobAndLeavesNothingBehind) {
  const TemporaryFolder folder;
  for (int victim = 0; victim < 3; ++victim) {
    Process job(under_mpi(3, {"--points", "10", "--mode", "hang"}), folder.path());
    std::vector<pid_t> family;
    for (int i = 0; i < 500 && family.size() < 8; ++i) {
      std::this_thread::sleep_for(20ms);
      family = descendants_of(job.pid());
    }
    ASSERT_EQ(family.size(), 8U);
    ::kill(children_of(job.pid()).at(static_cast<std::size_t>(victim)), SIGKILL);
    EXPECT_NE(job.wait(30s).status, 0);
    EXPECT_TRUE(all_gone(family, 5s));
  }
}

}  // namespace
}  // namespace windrow::test
