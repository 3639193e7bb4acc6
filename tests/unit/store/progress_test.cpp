#include "windrow/store/progress.hpp"

#include <gtest/gtest.h>

#include "support/hand_made_sweep.hpp"

namespace windrow::store {
namespace {

using sweep::PointStatus;
using test::append;
using test::HandMadeSweep;
using test::TemporaryFolder;

std::unique_ptr<ResultFile> open(const TemporaryFolder& folder, const HandMadeSweep& sweep) {
  return ResultFile::open(folder.file("r.h5"), sweep, Existing::resume);
}

/// Row by row the same as what a reader of file and journal together sees.
void expect_up_to_date(const Progress& progress, const TemporaryFolder& folder) {
  const auto reader = Reader::open(folder.file("r.h5"));
  ASSERT_EQ(progress.rows().size(), reader->rows());
  for (std::uint64_t row = 0; row < reader->rows(); ++row) {
    const Progress::Row& one = progress.rows()[row];
    EXPECT_EQ(one.status, reader->statuses()[row]) << row;
    if (one.status == PointStatus::pending) continue;
    const sweep::Provenance provenance = reader->provenance(row);
    EXPECT_EQ(one.wall_s, provenance.wall_s) << row;
    EXPECT_EQ(one.finished_unix_s, provenance.finished_unix_s) << row;
    EXPECT_EQ(progress.workers().at(one.worker).rank, provenance.rank) << row;
    EXPECT_EQ(progress.workers().at(one.worker).host, provenance.host) << row;
    EXPECT_EQ(progress.failure(row), reader->message(row)) << row;
  }
}

TEST(Progress, FollowsTheJournalThroughFoldsToTheEnd) {
  const TemporaryFolder folder;
  const HandMadeSweep sweep;
  const auto file = open(folder, sweep);
  const auto progress = Progress::open(folder.file("r.h5"));
  EXPECT_TRUE(progress->being_written());
  expect_up_to_date(*progress, folder);
  for (std::uint64_t i = 0; i < sweep.size(); ++i) {
    append(*file, i == 4 ? sweep.failure(i, "no luck") : sweep.result(i));
    // Folds at once, with and without a look in between; two in a row start the journal anew twice.
    if (i % 3 == 1) file->finish();
    if (i % 4 != 2) {
      progress->refresh();
      expect_up_to_date(*progress, folder);
    }
  }
  append(*file, sweep.result(4, 2));
  progress->refresh();
  expect_up_to_date(*progress, folder);
  file->finish();
  progress->refresh();
  expect_up_to_date(*progress, folder);
  EXPECT_EQ(progress->rows()[4].status, PointStatus::ok);
}

TEST(Progress, ReadsTheFileOnceWhereOneJournalFollowsAnother) {
  const TemporaryFolder folder;
  const HandMadeSweep sweep;
  const auto file = open(folder, sweep);
  append(*file, sweep.result(0));
  const auto progress = Progress::open(folder.file("r.h5"));
  const Reader* first = &progress->file();
  append(*file, sweep.result(1));
  file->finish();
  append(*file, sweep.result(2));
  progress->refresh();
  EXPECT_EQ(&progress->file(), first);
  expect_up_to_date(*progress, folder);
}

TEST(Progress, SeesNewRowsOfASweepThatWasExtended) {
  const TemporaryFolder folder;
  HandMadeSweep sweep;
  {
    const auto file = open(folder, sweep);
    append(*file, sweep.result(0));
    file->finish();
  }
  const auto progress = Progress::open(folder.file("r.h5"));
  EXPECT_FALSE(progress->being_written());
  sweep.seeds.push_back(9);
  sweep.settle();
  const auto file = open(folder, sweep);
  append(*file, sweep.result(3));
  progress->refresh();
  EXPECT_EQ(progress->rows().size(), 16U);
  expect_up_to_date(*progress, folder);
}

TEST(Progress, ChangesNothingInTheFolder) {
  const TemporaryFolder folder;
  const HandMadeSweep sweep;
  const auto file = open(folder, sweep);
  append(*file, sweep.result(0));
  const auto names = test::names_in(folder);
  const std::string journal = test::read_file(folder.file("r.h5.journal"));
  Progress::open(folder.file("r.h5"))->refresh();
  EXPECT_EQ(test::names_in(folder), names);
  EXPECT_EQ(test::read_file(folder.file("r.h5.journal")), journal);
}

}  // namespace
}  // namespace windrow::store
