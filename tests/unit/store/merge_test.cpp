// Parts of a sweep joined in one file: what is in it, and what is refused.
#include "windrow/store/merge.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "store/file.hpp"
#include "support/hand_made_sweep.hpp"
#include "windrow/kernel/error.hpp"

namespace windrow::store {
namespace {

using sweep::PointStatus;
using test::HandMadeSweep;
using test::TemporaryFolder;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Merge : public testing::Test {
 protected:
  /// A file with the results of some points; with a journal that nobody has folded if it is not finished.
  std::string part(const std::string& name, const HandMadeSweep& sweep, const std::vector<std::uint64_t>& points,
                   bool finished = true) {
    const auto file = ResultFile::open(folder_.file(name), sweep, Existing::resume);
    for (const std::uint64_t i : points) test::append(*file, sweep.result(i));
    if (finished) file->finish();
    return folder_.file(name);
  }
  MergeReport joined(const std::vector<std::string>& inputs) {
    return merge(inputs, folder_.file("all.h5"), sweep_.description());
  }
  std::string refusal(const std::vector<std::string>& inputs) {
    const std::vector<std::string> before = test::names_in(folder_);
    try {
      joined(inputs);
    } catch (const InputError& error) {
      EXPECT_EQ(test::names_in(folder_), before) << "nothing is left behind";
      return error.what();
    }
    ADD_FAILURE() << "it was not refused";
    return "";
  }
  Digest128 digest_of(const std::string& name) { return digest(*Reader::open(folder_.file(name))); }

  TemporaryFolder folder_;
  HandMadeSweep sweep_;  // twelve points
};

TEST_F(Merge, PartsGiveTheFileOfTheWholeToTheLastBit) {
  part("whole.h5", sweep_, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11});
  const MergeReport report = joined(
      {part("a.h5", sweep_, {0, 3, 6, 9}), part("b.h5", sweep_, {11, 8, 5, 2}), part("c.h5", sweep_, {4, 10, 1, 7})});
  EXPECT_EQ(report.rows, 12U);
  EXPECT_EQ(report.results, 12U);
  EXPECT_EQ(report.left, 0U);
  EXPECT_THAT(report.taken, ElementsAre(4, 4, 4));
  EXPECT_EQ(digest_of("all.h5"), digest_of("whole.h5"));
  EXPECT_THAT(verify(folder_.file("all.h5")), IsEmpty());
  const auto all = Reader::open(folder_.file("all.h5")), whole = Reader::open(folder_.file("whole.h5"));
  for (std::uint64_t row = 0; row < 12; ++row) {
    EXPECT_EQ(all->point_id(row), whole->point_id(row)) << "the rows are in the order of the sweep";
    EXPECT_EQ(all->table(0, row).columns, whole->table(0, row).columns);
    EXPECT_EQ(all->series_of(0, row).columns, whole->series_of(0, row).columns);
    EXPECT_EQ(all->provenance(row).finished_unix_s, whole->provenance(row).finished_unix_s);
    EXPECT_EQ(all->provenance(row).rank, 3U);
    EXPECT_EQ(all->provenance(row).host, "node-1");
  }
  EXPECT_THAT(test::names_in(folder_), ElementsAre("a.h5", "a.h5.journal", "all.h5", "b.h5", "b.h5.journal", "c.h5",
                                                   "c.h5.journal", "whole.h5"));
}

TEST_F(Merge, WhatStandsInAJournalOnlyCounts) {
  const std::string a = part("a.h5", sweep_, {0, 1, 2}, false), b = part("b.h5", sweep_, {5, 6}, false);
  const std::string before = test::read_file(a) + test::read_file(a + ".journal") + test::read_file(b + ".journal");
  const MergeReport report = joined({a, b});
  EXPECT_EQ(report.results, 5U);
  EXPECT_EQ(report.left, 7U);
  EXPECT_EQ(test::read_file(a) + test::read_file(a + ".journal") + test::read_file(b + ".journal"), before);
  // The joined file is one to go on with.
  part("all.h5", sweep_, {3, 4, 7, 8, 9, 10, 11});
  part("whole.h5", sweep_, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11});
  EXPECT_EQ(digest_of("all.h5"), digest_of("whole.h5"));
}

TEST_F(Merge, AResultGoesBeforeAFailureAndThatBeforeNothing) {
  const std::string a = part("a.h5", sweep_, {0}), b = part("b.h5", sweep_, {1}), c = part("c.h5", sweep_, {});
  {
    const auto file_a = ResultFile::open(a, sweep_, Existing::resume),
               file_b = ResultFile::open(b, sweep_, Existing::resume),
               file_c = ResultFile::open(c, sweep_, Existing::resume);
    test::append(*file_a, sweep_.failure(1, "in a"));
    test::append(*file_a, sweep_.failure(2, "in a"));
    test::append(*file_b, sweep_.failure(0, "in b"));
    test::append(*file_b, sweep_.failure(3, "in b", 2));
    sweep::PointRecord skipped = sweep_.failure(4, "not needed");
    skipped.status = PointStatus::skipped;
    test::append(*file_a, skipped);
    for (ResultFile* file : {file_a.get(), file_b.get()}) {
      skipped.index = 5;
      test::append(*file, skipped);
    }
    skipped.index = 6;
    test::append(*file_b, skipped);
    test::append(*file_c, sweep_.result(6));
    skipped.index = 5;
    test::append(*file_c, skipped);
  }
  const MergeReport report = joined({a, b, c});
  const auto all = Reader::open(folder_.file("all.h5"));
  EXPECT_THAT(std::vector<PointStatus>(all->statuses().begin(), all->statuses().begin() + 8),
              ElementsAre(PointStatus::ok, PointStatus::ok, PointStatus::failed, PointStatus::failed,
                          PointStatus::pending, PointStatus::skipped, PointStatus::ok, PointStatus::pending));
  EXPECT_EQ(all->message(2), "in a");
  EXPECT_EQ(all->message(3), "in b");
  EXPECT_EQ(all->message(0), "");
  EXPECT_EQ(all->provenance(3).attempt, 2U);
  EXPECT_EQ(report.failed, 2U);
  EXPECT_EQ(report.left, 6U);
}

TEST_F(Merge, EqualResultsOfOnePointAreTakenOnceAndUnequalOnesRefused) {
  const std::string a = part("a.h5", sweep_, {0, 1, 2}), b = part("b.h5", sweep_, {1, 2, 3});
  EXPECT_THAT(joined({a, b}).taken, ElementsAre(3, 1));
  std::filesystem::remove(folder_.file("all.h5"));
  const std::string c = part("c.h5", sweep_, {4});
  {
    sweep::PointRecord other = sweep_.result(1);
    PointOutput output = sweep_.output(1);
    std::get<0>(output.series[0].columns[1])[1] += 1e-16;
    std::get<0>(output.series[0].columns[1])[1] *= 1 + 1e-15;
    other.output = encode(output);
    const auto file = ResultFile::open(c, sweep_, Existing::resume);
    test::append(*file, other);
  }
  const std::string text = refusal({a, b, c});
  EXPECT_THAT(text, HasSubstr("c.h5: has another result of policy=fifo rate=0.4 seed=1 than "));
  EXPECT_THAT(text, HasSubstr("a.h5"));
}

TEST_F(Merge, PointsThatTheLargestFileDoesNotHaveFollowItsOwn) {
  HandMadeSweep more = sweep_, other = sweep_;
  more.seeds = {0, 1, 2, 3};
  more.settle();
  other.seeds = {7, 1};
  other.rates = {1.2};
  other.settle();
  const std::string small = part("small.h5", sweep_, {0, 1, 2, 5, 11}), large = part("large.h5", more, {3, 7}),
                    strange = part("strange.h5", other, {0, 3});
  const MergeReport report = joined({small, strange, large});
  EXPECT_EQ(report.rows, 16U + 2U);
  EXPECT_EQ(report.results, 5U + 2U + 2U);
  EXPECT_THAT(report.taken, ElementsAre(5, 2, 2));
  const auto all = Reader::open(folder_.file("all.h5"));
  EXPECT_EQ(all->axes()[2].values[16], sweep::AxisValue(std::int64_t{7}));
  EXPECT_EQ(all->axes()[1].values[16], sweep::AxisValue(1.2));
  EXPECT_EQ(all->statuses()[16], PointStatus::ok);
  EXPECT_EQ(all->config_text(16), other.point(0).text);
  EXPECT_EQ(all->metric(0)[16], other.output(0).metrics[0]);
  // A sweep that has all of these points goes on with the file.
  HandMadeSweep everything = sweep_;
  everything.seeds = {0, 1, 2, 3, 7};
  everything.settle();
  std::vector<std::uint64_t> rest;
  {
    const auto file = ResultFile::open(folder_.file("all.h5"), everything, Existing::resume);
    for (std::uint64_t i = 0; i < everything.size(); ++i)
      if (file->status(i) == PointStatus::pending) rest.push_back(i);
  }
  EXPECT_EQ(rest.size(), 20U - 9U);
}

TEST_F(Merge, OneFileAloneIsFoldedAndCopied) {
  const std::string a = part("a.h5", sweep_, {0, 1}, false);
  EXPECT_EQ(joined({a}).results, 2U);
  EXPECT_EQ(digest_of("all.h5"), digest_of("a.h5"));
}

TEST_F(Merge, RefusesWhatDoesNotBelongTogether) {
  const std::string a = part("a.h5", sweep_, {0});
  HandMadeSweep other = sweep_;
  other.base_lines[1] = "jobs.multi_gpu: true";
  other.settle();
  EXPECT_THAT(refusal({a, part("other.h5", other, {0})}),
              AllOf(HasSubstr("other.h5: belongs to another sweep than "), HasSubstr("jobs.multi_gpu")));
  HandMadeSweep axes = sweep_;
  axes.change_axes().pop_back();
  EXPECT_THAT(refusal({a, part("axes.h5", axes, {0})}), HasSubstr("its axes are policy, rate; the sweep's are"));
  HandMadeSweep version = sweep_;
  version.set_version(2);
  EXPECT_THAT(refusal({a, part("version.h5", version, {0})}),
              HasSubstr("holds results of hand version 2; this program has version 1"));
  EXPECT_THAT(refusal({a, a}), HasSubstr("given twice"));
  EXPECT_THAT(refusal({a, folder_.file("none.h5")}), HasSubstr("none.h5: cannot read: No such file"));
  folder_.write("text.h5", "no result file");
  EXPECT_THAT(refusal({folder_.file("text.h5"), a}), HasSubstr("text.h5: this is not an HDF5 file"));
  part("all.h5", sweep_, {5});
  EXPECT_THAT(refusal({a}), HasSubstr("all.h5: this file exists; merge makes a new one and overwrites nothing"));
}

}  // namespace
}  // namespace windrow::store
