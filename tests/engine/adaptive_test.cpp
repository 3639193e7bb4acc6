// Sweeps whose rules ask for points, by the program itself: the same points and the same digest however they are run.
#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <filesystem>
#include <random>
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
using test::TemporaryFolder;

/// Values of the simulator `empty` are evenly spread over 0 .. 1: an interval of a fifth of the mean takes tens of
/// them.
std::string replicated(double work_s, const std::string& more = "") {
  return "name: check\nsimulator: empty\nset: {table_rows: 2" + more + "}\naxes:\n  work_s: [" +
         std::to_string(work_s) + ", " + std::to_string(work_s + 0.0001) + ", " + std::to_string(work_s + 0.0002) +
         "]\n  seed: {from: 0, count: 3}\nreplicate: {metric: value, relative_ci: 0.2, max: 200}\n"
         "output: {tables: [rows]}\n";
}

/// Twelve GPUs, which saturate somewhere.
constexpr const char* kTraining =
    "name: check\nsimulator: training\nset: {cluster: \"4:4:4\", window: [150, 250]}\naxes:\n"
    "  policy: [fifo, fifo_perf, gandiva]\n  arrival_rate: [0.1, 0.2, 0.4, 0.8, 1.6, 3.2]\n"
    "  seed: {from: 0, count: 2}\n";
const std::string kKnee =
    std::string(kTraining) + "knee: {axis: arrival_rate, metric: jct_mean, at_most: 200000, within: 0.02}\n";
const std::string kUntil = std::string(kTraining) + "until: {axis: arrival_rate, status: saturated}\n";

/// The ids of the points that have a result.
std::vector<std::string> done(const std::string& path) {
  const auto reader = store::Reader::open(path);
  std::vector<std::string> ids;
  for (std::uint64_t row = 0; row < reader->rows(); ++row)
    if (sweep::has_result(reader->statuses()[row])) ids.push_back(reader->point_id(row).hex());
  return ids;
}

struct Case {
  const char* name;
  std::string text;
};

class AdaptiveSweep : public testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    folder_.write("s.yaml", GetParam().text);
    const Finished run = test::windrow({"run", "s.yaml", "-o", "whole.h5", "-j", "1"}, folder_.path());
    ASSERT_EQ(run.status, 0) << run.err;
    const auto reader = store::Reader::open(folder_.file("whole.h5"));
    ASSERT_GT(count(*reader, PointStatus::skipped), 0U) << "rules that ask for everything are no test";
    ASSERT_EQ(count(*reader, PointStatus::pending), 0U);
    expected_ = digest_of(folder_.file("whole.h5"));
    ids_ = done(folder_.file("whole.h5"));
  }
  bool complete(const std::string& name) {
    return test::windrow({"status", "--quiet", name}, folder_.path()).status == 0;
  }
  void expect_whole(const std::string& name) {
    EXPECT_TRUE(complete(name));
    EXPECT_EQ(digest_of(folder_.file(name)), expected_);
    EXPECT_EQ(done(folder_.file(name)), ids_);
    EXPECT_FALSE(std::filesystem::exists(folder_.file(name + ".journal")));
    const Finished verified = test::windrow({"verify", name}, folder_.path());
    EXPECT_EQ(verified.status, 0) << verified.out;
  }

  TemporaryFolder folder_;
  std::string expected_;
  std::vector<std::string> ids_;
};

TEST_P(AdaptiveSweep, AsksForTheSamePointsOnAnyNumberOfWorkersAndRanks) {
  for (const char* workers : {"2", "4"}) {
    const std::string name = std::string("local") + workers + ".h5";
    const Finished run = test::windrow({"run", "s.yaml", "-o", name, "-j", workers}, folder_.path());
    ASSERT_EQ(run.status, 0) << run.err;
    expect_whole(name);
  }
  for (const int ranks : {1, 2, 4}) {
    const std::string name = "mpi" + std::to_string(ranks) + ".h5";
    std::vector<std::string> arguments = test::mpirun(ranks);
    arguments.insert(arguments.end(), {WINDROW_PROGRAM, "run", "s.yaml", "-o", name});
    const Finished run = test::run(arguments, folder_.path());
    ASSERT_EQ(run.status, 0) << run.err;
    expect_whole(name);
  }
}

TEST_P(AdaptiveSweep, GoesOnAfterALimitAsIfThereHadBeenNone) {
  int starts = 0;
  for (bool over = false; !over; ++starts) {
    ASSERT_LT(starts, 100);
    const Finished run = test::windrow({"run", "s.yaml", "-o", "r.h5", "-j", "2", "--limit", "7"}, folder_.path());
    over = run.status == 0;
    ASSERT_TRUE(over || run.status == 3) << run.err;
    EXPECT_EQ(complete("r.h5"), over);
    const auto reader = store::Reader::open(folder_.file("r.h5"));
    EXPECT_LE(done(folder_.file("r.h5")).size(), 7U * static_cast<unsigned>(starts + 1));
    EXPECT_EQ(count(*reader, PointStatus::pending) == 0, over) << "what is pending is what was asked for";
  }
  EXPECT_GT(starts, 2);
  expect_whole("r.h5");
}

TEST_P(AdaptiveSweep, GoesOnAfterSigkillAtAnyMoment) {
  std::mt19937 draw(20);
  int killed = 0;
  for (int attempt = 0; !std::filesystem::exists(folder_.file("r.h5")) || !complete("r.h5"); ++attempt) {
    ASSERT_LT(attempt, 60);
    Process process({WINDROW_PROGRAM, "run", "s.yaml", "-o", "r.h5", "-j", "2"}, folder_.path());
    if (attempt < 8) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5 + draw() % 80));
      killed += process.running() ? 1 : 0;
      process.send_signal(SIGKILL);
    }
    process.wait();
  }
  EXPECT_GT(killed, 0);
  ASSERT_EQ(test::windrow({"run", "s.yaml", "-o", "r.h5"}, folder_.path()).status, 0);
  expect_whole("r.h5");
}

TEST_P(AdaptiveSweep, HasNothingLeftToDoAndLeavesTheFileAlone) {
  const std::string before = test::read_file(folder_.file("whole.h5"));
  const Finished again = test::windrow({"run", "s.yaml", "-o", "whole.h5"}, folder_.path());
  EXPECT_EQ(again.status, 0) << again.err;
  EXPECT_NE(again.out.find("nothing was left to run"), std::string::npos) << again.out;
  EXPECT_EQ(test::read_file(folder_.file("whole.h5")), before);
}

INSTANTIATE_TEST_SUITE_P(
    Rules, AdaptiveSweep,
    testing::Values(Case{"replicate", replicated(0.001)}, Case{"knee", kKnee}, Case{"until", kUntil},
                    Case{"knee_of_replicates", kKnee + "replicate: {metric: jct_mean, relative_ci: 0.3, max: 6}\n"}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(AdaptiveSweeps, TighterIntervalsGoOnWithAFinishedFile) {
  const TemporaryFolder folder;
  const std::string tight = replicated(0);
  std::string wide = tight;
  wide.replace(wide.find("relative_ci: 0.2"), 16, "relative_ci: 0.5");
  folder.write("wide.yaml", wide);
  folder.write("tight.yaml", tight);
  ASSERT_EQ(test::windrow({"run", "wide.yaml", "-o", "r.h5"}, folder.path()).status, 0);
  const std::vector<std::string> few = done(folder.file("r.h5"));
  ASSERT_EQ(test::windrow({"run", "tight.yaml", "-o", "r.h5", "--limit", "5"}, folder.path()).status, 3);
  EXPECT_EQ(test::windrow({"status", "--quiet", "r.h5"}, folder.path()).status, 3) << "not complete any more";
  ASSERT_EQ(test::windrow({"run", "tight.yaml", "-o", "r.h5"}, folder.path()).status, 0);
  EXPECT_GT(done(folder.file("r.h5")).size(), few.size());
  ASSERT_EQ(test::windrow({"run", "tight.yaml", "-o", "at-once.h5"}, folder.path()).status, 0);
  EXPECT_EQ(digest_of(folder.file("r.h5")), digest_of(folder.file("at-once.h5")));
  // And the wider one finds all that it asks for there.
  const Finished back = test::windrow({"run", "wide.yaml", "-o", "r.h5"}, folder.path());
  EXPECT_EQ(back.status, 0) << back.err;
  EXPECT_NE(back.out.find("nothing was left to run"), std::string::npos) << back.out;
}

TEST(AdaptiveSweeps, MoreSeedsThanBeforeGoOnWithAFinishedFile) {
  const TemporaryFolder folder;
  const std::string many = replicated(0);
  std::string few = many;
  few.replace(few.find("max: 200"), 8, "max: 10");
  folder.write("few.yaml", few);
  folder.write("many.yaml", many);
  ASSERT_EQ(test::windrow({"run", "few.yaml", "-o", "r.h5"}, folder.path()).status, 0);
  EXPECT_EQ(done(folder.file("r.h5")).size(), 30U) << "up to the last seed";
  ASSERT_EQ(test::windrow({"run", "many.yaml", "-o", "r.h5"}, folder.path()).status, 0);
  ASSERT_EQ(test::windrow({"run", "many.yaml", "-o", "at-once.h5"}, folder.path()).status, 0);
  EXPECT_EQ(digest_of(folder.file("r.h5")), digest_of(folder.file("at-once.h5")));
}

TEST(AdaptiveSweeps, FailedSeedsDoNotCountAndAreBoundedByTheLast) {
  const TemporaryFolder folder;
  folder.write("s.yaml", replicated(0, ", fail: throw, fail_seed: 1"));
  const Finished run = test::windrow({"run", "s.yaml", "-o", "r.h5"}, folder.path());
  EXPECT_EQ(run.status, 1) << run.err;
  const auto reader = store::Reader::open(folder.file("r.h5"));
  EXPECT_EQ(count(*reader, PointStatus::failed), 3U);
  EXPECT_GT(count(*reader, PointStatus::ok), 30U);
  EXPECT_EQ(count(*reader, PointStatus::pending), 0U);
  EXPECT_EQ(test::windrow({"status", "--quiet", "r.h5"}, folder.path()).status, 1);
  const std::string digest = digest_of(folder.file("r.h5"));
  EXPECT_EQ(test::windrow({"run", "s.yaml", "-o", "r.h5"}, folder.path()).status, 1) << "tried again";
  EXPECT_EQ(digest_of(folder.file("r.h5")), digest);
  int starts = 0;
  while (test::windrow({"run", "s.yaml", "-o", "limited.h5", "--limit", "10"}, folder.path()).status == 3)
    ASSERT_LT(++starts, 60) << "points that fail use the limit up";
  EXPECT_EQ(digest_of(folder.file("limited.h5")), digest);

  folder.write("all.yaml", replicated(0, ", fail: throw"));
  EXPECT_EQ(test::windrow({"run", "all.yaml", "-o", "all.h5"}, folder.path()).status, 1);
  EXPECT_EQ(count(*store::Reader::open(folder.file("all.h5")), PointStatus::failed), 600U);
}

TEST(AdaptiveSweeps, OnlyRunsTheChosenLinesToTheirEnd) {
  const TemporaryFolder folder;
  folder.write("s.yaml", kKnee);
  ASSERT_EQ(test::windrow({"run", "s.yaml", "-o", "whole.h5"}, folder.path()).status, 0);
  for (const char* policy : {"policy=gandiva", "policy=fifo,fifo_perf"}) {
    const Finished run = test::windrow({"run", "s.yaml", "-o", "r.h5", "--only", policy}, folder.path());
    ASSERT_EQ(run.status, 0) << run.err;
  }
  EXPECT_EQ(digest_of(folder.file("r.h5")), digest_of(folder.file("whole.h5")));
  EXPECT_EQ(test::windrow({"status", "--quiet", "r.h5"}, folder.path()).status, 0);
}

}  // namespace
}  // namespace windrow
