// The store alone under SIGKILL: a child appends and folds and tells through a pipe what was acknowledged; it is killed
// at random moments. Whatever it had told must be in the file of the next start.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <random>
#include <set>
#include <thread>

#include "store/file.hpp"
#include "store/open_file.hpp"
#include "support/hand_made_sweep.hpp"

namespace windrow::store {
namespace {

using sweep::PointStatus;
using test::HandMadeSweep;
using test::TemporaryFolder;

/// Comes first through the pipe.
constexpr std::uint64_t kOpened = ~std::uint64_t{0};

/// Works through the sweep in a random order, in batches, without ever ending by itself.
[[noreturn]] void run_until_killed(const std::string& path, const HandMadeSweep& sweep, unsigned seed,
                                   int acknowledged) {
  Environment eager;
  eager.fold_interval_s = 0.002;
  eager.fold_share = 1;
  const auto file = open_result_file(path, sweep, Existing::resume, eager);
  std::mt19937 random(seed);
  std::vector<std::uint64_t> todo;
  for (std::uint64_t i = 0; i < sweep.size(); ++i) {
    if (file->status(i) != PointStatus::ok) todo.push_back(i);
  }
  std::shuffle(todo.begin(), todo.end(), random);
  if (::write(acknowledged, &kOpened, sizeof kOpened) < 0) ::_exit(1);
  for (std::size_t at = 0;;) {
    std::vector<sweep::PointRecord> batch;
    std::vector<std::uint64_t> indices;
    for (unsigned k = 0; k <= random() % 4 && at < todo.size(); ++k) {
      indices.push_back(todo[at++]);
      batch.push_back(sweep.result(indices.back(), file->attempts(indices.back()) + 1));
    }
    file->append(batch);
    if (!indices.empty() && ::write(acknowledged, indices.data(), indices.size() * sizeof indices[0]) < 0) ::_exit(1);
    file->maybe_fold();
    if (random() % 64 == 0) file->finish();
    ::usleep(300);
  }
}

std::vector<std::uint64_t> drain(int pipe) {
  std::vector<std::uint64_t> indices;
  std::uint64_t index = 0;
  while (::read(pipe, &index, sizeof index) == static_cast<ssize_t>(sizeof index))
    if (index != kOpened) indices.push_back(index);
  return indices;
}

TEST(StoreKill, NoAcknowledgedResultIsLostAtAnyMoment) {
  constexpr int kKills = 40;
  const TemporaryFolder folder;
  HandMadeSweep sweep;
  sweep.seeds.clear();
  for (std::int64_t seed = 0; seed < 1000; ++seed) sweep.seeds.push_back(seed);
  sweep.settle();
  std::mt19937 random(20240717);
  std::set<std::uint64_t> acknowledged;
  int killed_in_fold = 0, journals_left = 0;
  for (int kill = 0; kill < kKills; ++kill) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const pid_t child = ::fork();
    if (child == 0) {
      ::close(ends[0]);
      try {
        run_until_killed(folder.file("r.h5"), sweep, static_cast<unsigned>(kill), ends[1]);
      } catch (const std::exception& error) {
        ::fprintf(stderr, "child: %s\n", error.what());
        ::_exit(1);
      }
    }
    ::close(ends[1]);
    if (kill / 2 % 2 == 1) {  // half of the times with the file open, however long that takes here
      pollfd first{ends[0], POLLIN, 0};
      EXPECT_EQ(::poll(&first, 1, 30'000), 1);
    }
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 150'000));
    ::kill(child, SIGKILL);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the child ended by itself: " << status;
    for (const std::uint64_t index : drain(ends[0])) acknowledged.insert(index);
    ::close(ends[0]);

    killed_in_fold += file_exists(folder.file("r.h5.tmp"));
    journals_left += file_size_or_zero(folder.file("r.h5.journal")) > 128;
    if (!file_exists(folder.file("r.h5"))) {  // before the file had its name there was nothing to lose
      ASSERT_TRUE(acknowledged.empty());
      continue;
    }
    if (kill % 2 == 0) {  // as a reader beside the remains sees it
      const auto reader = Reader::open(folder.file("r.h5"));
      EXPECT_FALSE(reader->being_written());
      for (const std::uint64_t index : acknowledged) ASSERT_EQ(reader->statuses()[index], PointStatus::ok) << index;
    } else {  // as the next start sees it
      const auto file = ResultFile::open(folder.file("r.h5"), sweep, Existing::resume);
      for (const std::uint64_t index : acknowledged) ASSERT_EQ(file->status(index), PointStatus::ok) << index;
      EXPECT_THAT(file->take_warnings(), ::testing::IsEmpty());
    }
    for (const std::string& fault : verify(folder.file("r.h5"))) EXPECT_THAT(fault, ::testing::HasSubstr("incomplete"));
  }
  // Otherwise the kills did not come where they hurt, and the test shows nothing.
  EXPECT_GT(acknowledged.size(), 200U);
  EXPECT_GT(killed_in_fold, 0);
  EXPECT_GT(journals_left, kKills / 4);

  const auto finish = [&](const std::string& path) {
    {
      const auto file = ResultFile::open(path, sweep, Existing::resume);
      for (std::uint64_t i = 0; i < sweep.size(); ++i) {
        if (file->status(i) != PointStatus::ok) test::append(*file, sweep.result(i));
      }
      file->finish();
    }
    EXPECT_THAT(verify(path), ::testing::IsEmpty());
    return digest(*Reader::open(path));
  };
  EXPECT_EQ(finish(folder.file("r.h5")), finish(folder.file("undisturbed.h5")));
}

}  // namespace
}  // namespace windrow::store
