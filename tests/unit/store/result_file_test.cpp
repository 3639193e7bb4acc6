#include "windrow/store/result_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <thread>

#include "store/file.hpp"
#include "store/open_file.hpp"
#include "support/hand_made_sweep.hpp"
#include "windrow/kernel/bytes.hpp"

namespace windrow::store {
namespace {

using sweep::PointStatus;
using test::append;
using test::HandMadeSweep;
using test::TemporaryFolder;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::unique_ptr<ResultFile> open(const std::string& path, const HandMadeSweep& sweep,
                                 Existing existing = Existing::resume) {
  return ResultFile::open(path, sweep, existing);
}

void run_all(ResultFile& file, const HandMadeSweep& sweep) {
  for (std::uint64_t i = 0; i < sweep.size(); ++i) {
    if (file.status(i) != PointStatus::ok) append(file, sweep.result(i));
  }
  file.finish();
}

std::string contents(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void write(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

template <class Action>
std::string input_error(const Action& action) {
  try {
    action();
  } catch (const InputError& error) {
    return error.what();
  }
  return "no InputError";
}

void expect_holds(const Reader& reader, std::uint64_t row, const PointOutput& output) {
  for (std::size_t m = 0; m < output.metrics.size(); ++m) {
    const double stored = reader.metric(m)[row];
    if (std::isnan(output.metrics[m]))
      EXPECT_TRUE(std::isnan(stored)) << row;
    else
      EXPECT_EQ(stored, output.metrics[m]) << row;
  }
  EXPECT_EQ(reader.table(0, row).columns, output.tables[0].columns) << row;
  EXPECT_EQ(reader.series_of(0, row).columns, output.series[0].columns) << row;
}

TEST(ResultFile, HoldsWhatWasAppendedAndNothingElseIsLeftInTheFolder) {
  const TemporaryFolder folder;
  const HandMadeSweep sweep;
  {
    const auto file = open(folder.file("deep/r.h5"), sweep);
    run_all(*file, sweep);
    EXPECT_THAT(file->take_warnings(), IsEmpty());
  }
  EXPECT_THAT(test::names_in(folder), ElementsAre("deep"));
  EXPECT_FALSE(file_exists(folder.file("deep/r.h5.journal")));
  const auto reader = Reader::open(folder.file("deep/r.h5"));
  ASSERT_EQ(reader->rows(), 12U);
  EXPECT_EQ(reader->attributes().simulator, "hand");
  EXPECT_EQ(reader->attributes().sweep_text, sweep.sweep_text());
  EXPECT_EQ(reader->attributes().base_text, sweep.base_text());
  ASSERT_EQ(reader->axes().size(), 3U);
  ASSERT_EQ(reader->metrics().size(), 2U);
  EXPECT_EQ(reader->metrics()[0].unit, "s");
  EXPECT_EQ(reader->metrics()[0].better, Better::lower);
  EXPECT_THAT(reader->tables()[0].columns, ElementsAre("job_id", "arrival", "job_type"));
  for (std::uint64_t i = 0; i < sweep.size(); ++i) {
    const sweep::Point point = sweep.point(i);
    EXPECT_EQ(reader->statuses()[i], PointStatus::ok);
    EXPECT_EQ(reader->config_text(i), point.text);
    EXPECT_EQ(reader->point_id(i), point.id);
    for (std::size_t a = 0; a < 3; ++a) EXPECT_EQ(reader->axes()[a].values[i], point.axes[a]);
    expect_holds(*reader, i, sweep.output(i));
    const sweep::Provenance provenance = reader->provenance(i);
    EXPECT_EQ(provenance.host, "node-1");
    EXPECT_EQ(provenance.wall_s, 0.5);
    EXPECT_EQ(provenance.rank, 3U);
    EXPECT_EQ(provenance.attempt, 1U);
    EXPECT_EQ(provenance.finished_unix_s, 1.7e9 + static_cast<double>(i));
  }
  EXPECT_THAT(verify(folder.file("deep/r.h5")), IsEmpty());
}

TEST(ResultFile, HasARowForEveryPointFromTheStart) {
  const TemporaryFolder folder;
  const HandMadeSweep sweep;
  const auto file = open(folder.file("r.h5"), sweep);
  const auto reader = Reader::open(folder.file("r.h5"));
  EXPECT_EQ(reader->rows(), 12U);
  EXPECT_EQ(reader->statuses()[3], PointStatus::pending);
  EXPECT_TRUE(std::isnan(reader->metric(0)[3]));
  EXPECT_EQ(reader->message(3), "");
  EXPECT_TRUE(reader->table(0, 3).columns.empty());
  EXPECT_THAT(verify(folder.file("r.h5")),
              ElementsAre("incomplete: 12 of 12 points have no result (12 not run, 0 failed)"));
}

TEST(ResultFile, ResumesWhereItStopped) {
  const TemporaryFolder folder;
  const HandMadeSweep sweep;
  {
    const auto file = open(folder.file("r.h5"), sweep);
    append(*file, sweep.result(7));
    append(*file, sweep.failure(2, "out of memory"));
  }  // as if killed: no finish()
  {
    const auto file = open(folder.file("r.h5"), sweep);
    EXPECT_EQ(file->status(7), PointStatus::ok);
    EXPECT_EQ(file->status(2), PointStatus::failed);
    EXPECT_EQ(file->attempts(2), 1U);
    EXPECT_EQ(file->attempts(3), 0U);
    EXPECT_EQ(Reader::open(folder.file("r.h5"))->message(2), "out of memory");
    append(*file, sweep.result(2, 2));
    EXPECT_EQ(file->attempts(2), 2U);
    run_all(*file, sweep);
  }
  const auto reader = Reader::open(folder.file("r.h5"));
  EXPECT_EQ(reader->message(2), "");
  EXPECT_EQ(reader->provenance(2).attempt, 2U);
  for (std::uint64_t i = 0; i < sweep.size(); ++i) expect_holds(*reader, i, sweep.output(i));
  EXPECT_THAT(verify(folder.file("r.h5")), IsEmpty());
}

TEST(ResultFile, FollowsALinkAndKeepsIt) {
  const TemporaryFolder folder;
  const HandMadeSweep sweep;
  const std::string link = folder.file("link.h5"), target = folder.file("target.h5");
  std::filesystem::create_symlink("target.h5", link);  // which does not exist yet
  run_all(*open(link, sweep), sweep);
  EXPECT_TRUE(std::filesystem::is_symlink(link));
  EXPECT_TRUE(std::filesystem::is_regular_file(target));
  const auto holder = open(target, sweep);
  EXPECT_THAT(input_error([&] { open(link, sweep); }), HasSubstr("another run"));
  EXPECT_EQ(digest(*Reader::open(link)), digest(*Reader::open(target)));
}

TEST(ResultFile, IsNoPipeAndNoDevice) {
  const TemporaryFolder folder;
  const HandMadeSweep sweep;
  ASSERT_EQ(::mkfifo(folder.file("pipe").c_str(), 0644), 0);
  EXPECT_THAT(input_error([&] { open(folder.file("pipe"), sweep); }), HasSubstr("a device or a pipe"));
  EXPECT_THAT(input_error([&] { Reader::open("/dev/null"); }), HasSubstr("a device or a pipe"));
}

TEST(ResultFile, ExtendsByNewPointsAndKeepsThoseThatThePlanLeavesOut) {
  const TemporaryFolder folder;
  HandMadeSweep sweep;
  run_all(*open(folder.file("r.h5"), sweep), sweep);
  const Digest128 before = digest(*Reader::open(folder.file("r.h5")));
  sweep.policies = {"gandiva", "allox"};
  sweep.seeds = {2, 3, 0};
  sweep.rates = {1.2, 2.4};
  sweep.text = "name: by hand\n# more\n";
  sweep.settle();
  {
    const auto file = open(folder.file("r.h5"), sweep);
    std::vector<std::uint64_t> done;
    for (std::uint64_t i = 0; i < sweep.size(); ++i) {
      if (file->status(i) == PointStatus::ok) done.push_back(i);
    }
    EXPECT_THAT(done, ElementsAre(6, 8));  // allox at 1.2 with seeds 2 and 0
    EXPECT_EQ(digest(*Reader::open(folder.file("r.h5"))), before);
    run_all(*file, sweep);
  }
  const auto reader = Reader::open(folder.file("r.h5"));
  ASSERT_EQ(reader->rows(), 12U + 10U);
  EXPECT_EQ(reader->attributes().sweep_text, sweep.text);
  EXPECT_EQ(reader->point_id(12), sweep.point(0).id);
  EXPECT_EQ(reader->point_id(18), sweep.point(7).id);  // point 6 had a row
  EXPECT_EQ(reader->axes()[0].values[12], sweep::AxisValue("gandiva"));
  EXPECT_EQ(reader->axes()[0].values[0], sweep::AxisValue("fifo"));
  expect_holds(*reader, 12, sweep.output(0));
  EXPECT_THAT(verify(folder.file("r.h5")), IsEmpty());
}

TEST(ResultFile, ExtendedFileHasTheDigestOfOneMadeAtOnceInAnyOrder) {
  const TemporaryFolder folder;
  HandMadeSweep small, large;
  large.seeds = {0, 1, 2, 3, 4};
  large.settle();
  run_all(*open(folder.file("grown.h5"), small), small);
  run_all(*open(folder.file("grown.h5"), large), large);
  {
    const auto file = open(folder.file("once.h5"), large);
    for (std::uint64_t i = large.size(); i-- > 0;) {
      sweep::PointRecord record = large.result(i, 7);
      record.provenance.host = "elsewhere-with-a-longer-name-than-the-column";
      append(*file, record);
    }
    file->finish();
  }
  const auto once = Reader::open(folder.file("once.h5"));
  EXPECT_EQ(once->provenance(1).host, "elsewhere-with-a-longer-name-than-the-column");
  EXPECT_EQ(digest(*Reader::open(folder.file("grown.h5"))), digest(*once));
}

TEST(ResultFile, DigestSeesEveryBitOfTheScience) {
  const TemporaryFolder folder;
  const HandMadeSweep sweep;
  const auto digest_with = [&](const std::string& name, const auto& change) {
    const auto file = open(folder.file(name), sweep);
    for (std::uint64_t i = 0; i < sweep.size(); ++i) {
      sweep::PointRecord record = sweep.result(i);
      PointOutput output = sweep.output(i);
      if (i == 5) change(record, output);
      record.output = record.status == PointStatus::failed ? "" : encode(output);
      append(*file, record);
    }
    file->finish();
    return digest(*Reader::open(folder.file(name)));
  };
  const Digest128 plain = digest_with("plain", [](auto&, auto&) {});
  EXPECT_NE(plain, digest_with("metric", [](auto&, auto& o) { o.metrics[0] = std::nextafter(o.metrics[0], 1e300); }));
  EXPECT_NE(plain, digest_with("status", [](auto& r, auto&) { r.status = PointStatus::saturated; }));
  EXPECT_NE(plain, digest_with("series", [](auto&, auto& o) { std::get<0>(o.series[0].columns[1])[1] += 1e-12; }));
  EXPECT_NE(plain, digest_with("table", [](auto&, auto& o) { o.tables[0].columns.clear(); }));
  const auto failed = [](const std::string& why) {
    return [why](auto& r, auto&) {
      r.status = PointStatus::failed;
      r.message = why;
    };
  };
  EXPECT_EQ(digest_with("failed1", failed("at 0x7ffd1")), digest_with("failed2", failed("at 0x7ffe2")));
  EXPECT_NE(plain, digest_with("failed3", failed("x")));
  EXPECT_EQ(plain, digest_with("nan", [](auto&, auto& o) {
              if (std::isnan(o.metrics[1])) o.metrics[1] = -o.metrics[1];
            }));
}

TEST(ResultFile, RefusesAnotherSweepAndNamesTheKeys) {
  const TemporaryFolder folder;
  HandMadeSweep sweep;
  run_all(*open(folder.file("r.h5"), sweep), sweep);
  const std::string before = contents(folder.file("r.h5"));
  HandMadeSweep other;
  other.base_lines = {"cluster: 36:36:36",
                      "jobs.multi_gpu: true",
                      "policy: \"allox\"",
                      "rate: 2",
                      "seed: 5",
                      "window: [4000, 6000]",
                      "zeta: 1"};
  other.settle();
  EXPECT_EQ(input_error([&] { open(folder.file("r.h5"), other); }),
            fmt::format("{0}: this file belongs to another sweep; the configurations differ in\n"
                        "  jobs.multi_gpu: file has false, sweep has true\n"
                        "  window: file has [4000, 5000], sweep has [4000, 6000]\n"
                        "  zeta: file has no such key, sweep has 1\n"
                        "nothing was changed; choose another file with -o FILE, or start anew with --fresh, which "
                        "keeps this one as {0}.old",
                        folder.file("r.h5")));
  HandMadeSweep simulator;
  simulator.change_description().name = "foot";
  EXPECT_THAT(input_error([&] { open(folder.file("r.h5"), simulator); }),
              HasSubstr("its simulator is hand, the sweep's is foot"));
  HandMadeSweep axes;
  axes.change_axes().pop_back();
  EXPECT_THAT(input_error([&] { open(folder.file("r.h5"), axes); }),
              HasSubstr("its axes are policy, rate, seed; the sweep's are policy, rate"));
  HandMadeSweep results;
  results.change_description().metrics.pop_back();
  EXPECT_THAT(input_error([&] { open(folder.file("r.h5"), results); }), HasSubstr("the version must be raised"));
  EXPECT_EQ(contents(folder.file("r.h5")), before);
  EXPECT_THAT(test::names_in(folder), ElementsAre("r.h5"));
}

TEST(ResultFile, RefusesWhatIsNotItsOwnAndLeavesItAlone) {
  const TemporaryFolder folder;
  const HandMadeSweep sweep;
  write(folder.file("text.h5"), "my diary");
  EXPECT_THAT(input_error([&] { open(folder.file("text.h5"), sweep); }),
              HasSubstr("text.h5: this is not an HDF5 file"));
  EXPECT_EQ(contents(folder.file("text.h5")), "my diary");

  run_all(*open(folder.file("r.h5"), sweep), sweep);
  const std::string whole = contents(folder.file("r.h5"));
  write(folder.file("cut.h5"), whole.substr(0, whole.size() / 2));
  EXPECT_THAT(input_error([&] { open(folder.file("cut.h5"), sweep); }), HasSubstr("damaged"));
  EXPECT_THAT(input_error([&] { Reader::open(folder.file("cut.h5")); }), HasSubstr("damaged"));
  EXPECT_EQ(contents(folder.file("cut.h5")), whole.substr(0, whole.size() / 2));

  write(folder.file("j.h5.journal"), "somebody else's journal");
  EXPECT_THAT(input_error([&] { open(folder.file("j.h5"), sweep); }),
              HasSubstr("not a journal that this program can read"));
  EXPECT_EQ(contents(folder.file("j.h5.journal")), "somebody else's journal");
  EXPECT_FALSE(file_exists(folder.file("j.h5")));
  EXPECT_THAT(input_error([&] { Reader::open(folder.file("absent.h5")); }), HasSubstr("No such file"));
  EXPECT_THAT(input_error([&] { open("/proc/no/r.h5", sweep); }), HasSubstr("/proc/no/r.h5"));
}

TEST(ResultFile, FreshKeepsTheOldFileTogetherWithItsJournal) {
  const TemporaryFolder folder;
  const HandMadeSweep sweep;
  append(*open(folder.file("r.h5"), sweep), sweep.result(1));
  {
    const auto file = open(folder.file("r.h5"), sweep, Existing::fresh);
    EXPECT_EQ(file->status(1), PointStatus::pending);
    EXPECT_THAT(file->take_warnings(), ElementsAre(HasSubstr("r.h5.old")));
    append(*file, sweep.result(2));
    file->finish();
  }
  EXPECT_EQ(Reader::open(folder.file("r.h5.old"))->statuses()[1], PointStatus::ok);
  open(folder.file("r.h5"), sweep, Existing::fresh)->finish();
  EXPECT_EQ(Reader::open(folder.file("r.h5.old.1"))->statuses()[2], PointStatus::ok);
  EXPECT_EQ(Reader::open(folder.file("r.h5.old"))->statuses()[1], PointStatus::ok);
  EXPECT_EQ(Reader::open(folder.file("r.h5"))->statuses()[2], PointStatus::pending);
}

TEST(ResultFile, AnotherVersionOfTheSimulatorRunsEverythingAgainInANewFile) {
  const TemporaryFolder folder;
  HandMadeSweep sweep;
  run_all(*open(folder.file("r.h5"), sweep), sweep);
  sweep.set_version(2);
  const auto file = open(folder.file("r.h5"), sweep);
  EXPECT_EQ(file->status(0), PointStatus::pending);
  EXPECT_THAT(file->take_warnings(), ElementsAre(HasSubstr("all points run again"), HasSubstr("r.h5.old")));
  EXPECT_EQ(Reader::open(folder.file("r.h5.old"))->statuses()[0], PointStatus::ok);
  EXPECT_EQ(Reader::open(folder.file("r.h5"))->attributes().simulator_version, 2U);
}

TEST(ResultFile, ASecondMasterIsRefusedWithTheHoldersName) {
  const TemporaryFolder folder;
  const HandMadeSweep sweep;
  auto file = open(folder.file("r.h5"), sweep);
  EXPECT_TRUE(Reader::open(folder.file("r.h5"))->being_written());
  EXPECT_EQ(input_error([&] { open(folder.file("r.h5"), sweep); }),
            fmt::format("{}: another run (pid {} on host {}) is writing this file", folder.file("r.h5"), ::getpid(),
                        host_name()));
  append(*file, sweep.result(0));
  file->finish();  // starts the journal anew: still the same master
  EXPECT_THAT(input_error([&] { open(folder.file("r.h5"), sweep, Existing::fresh); }), HasSubstr("another run"));
  file.reset();
  EXPECT_FALSE(Reader::open(folder.file("r.h5"))->being_written());
  EXPECT_EQ(open(folder.file("r.h5"), sweep)->status(0), PointStatus::ok);
}

TEST(ResultFile, TheFirstCompleteResultOfAPointStays) {
  const TemporaryFolder folder;
  const HandMadeSweep sweep;
  const auto file = open(folder.file("r.h5"), sweep);
  PointOutput other = sweep.output(4);
  other.metrics[0] += 1;
  sweep::PointRecord unequal = sweep.result(4, 2);
  unequal.output = encode(other);
  append(*file, sweep.failure(4, "first try"));
  append(*file, sweep.result(4));
  append(*file, sweep.result(4, 2));
  append(*file, sweep.failure(4, "too late"));
  file->finish();
  EXPECT_THAT(file->take_warnings(), IsEmpty());
  append(*file, unequal);
  file->finish();
  EXPECT_THAT(file->take_warnings(), ElementsAre(HasSubstr("row 4")));
  append(*file, sweep.result(5));
  sweep::PointRecord within = sweep.result(5);
  within.output = encode(sweep.output(6));
  append(*file, within);
  file->finish();
  EXPECT_THAT(file->take_warnings(), ElementsAre(HasSubstr("row 5")));
  const auto reader = Reader::open(folder.file("r.h5"));
  EXPECT_EQ(reader->statuses()[4], PointStatus::ok);
  EXPECT_EQ(reader->message(4), "");
  EXPECT_EQ(reader->provenance(4).attempt, 1U);
  expect_holds(*reader, 4, sweep.output(4));
  expect_holds(*reader, 5, sweep.output(5));
}

TEST(ResultFile, AResultThatDoesNotFitTheDeclarationIsAFailedPoint) {
  const TemporaryFolder folder;
  const HandMadeSweep sweep;
  const auto file = open(folder.file("r.h5"), sweep);
  sweep::PointRecord record = sweep.result(1);
  record.output = "gibberish";
  append(*file, record);
  append(*file, sweep.result(2));
  file->finish();
  const auto reader = Reader::open(folder.file("r.h5"));
  EXPECT_EQ(reader->statuses()[1], PointStatus::failed);
  EXPECT_THAT(reader->message(1), HasSubstr("does not fit"));
  expect_holds(*reader, 2, sweep.output(2));
}

TEST(ResultFile, MessagesBecomeTextWhateverTheySay) {
  const TemporaryFolder folder;
  const HandMadeSweep sweep;
  const auto file = open(folder.file("r.h5"), sweep);
  append(*file, sweep.failure(0, "caf\xc3\xa9 \xff\xc3( \xed\xa0\x80 end"));
  append(*file, sweep.failure(1, std::string(5000, 'x')));
  file->finish();
  const auto reader = Reader::open(folder.file("r.h5"));
  EXPECT_EQ(reader->message(0), "caf\xc3\xa9 ?\?( ?\?? end");
  EXPECT_EQ(reader->message(1), std::string(5000, 'x'));
}

TEST(ResultFile, AnAxisOfIntegersTakesFractionsAndTextsLater) {
  const TemporaryFolder folder;
  HandMadeSweep sweep;
  run_all(*open(folder.file("r.h5"), sweep), sweep);
  sweep.rates.push_back(7);
  sweep.settle();
  sweep.change_axes()[2].values = sweep::AxisValues(std::vector<double>{0, 1, 2.5});
  open(folder.file("r.h5"), sweep);
  auto reader = Reader::open(folder.file("r.h5"));
  EXPECT_EQ(reader->axes()[2].values[1], sweep::AxisValue(1.0));
  EXPECT_EQ(reader->axes()[2].help, "root of the random streams");
  sweep.rates.push_back(8);
  sweep.settle();
  sweep.change_axes()[2].values = sweep::AxisValues(std::vector<std::string>{"1"});
  run_all(*open(folder.file("r.h5"), sweep), sweep);
  reader = Reader::open(folder.file("r.h5"));
  EXPECT_EQ(reader->axes()[2].values[1], sweep::AxisValue("1"));
  EXPECT_EQ(reader->axes()[2].help, "root of the random streams");
  EXPECT_THAT(verify(folder.file("r.h5")), IsEmpty());
}

TEST(ResultFile, FoldsInTheBackgroundAndReadersSeeFileAndJournalAsOne) {
  const TemporaryFolder folder;
  HandMadeSweep sweep;
  for (std::int64_t seed = 3; seed < 100; ++seed) sweep.seeds.push_back(seed);
  sweep.settle();
  Environment eager;
  eager.fold_interval_s = 0;
  eager.fold_share = 0;
  const auto file = open_result_file(folder.file("r.h5"), sweep, Existing::resume, eager);
  const std::uint64_t empty_journal = file_size_or_zero(folder.file("r.h5.journal"));
  for (std::uint64_t i = 0; i < sweep.size(); ++i) {
    append(*file, sweep.result(i));
    file->maybe_fold();
    if (i % 50 == 0) {
      const auto reader = Reader::open(folder.file("r.h5"));
      for (std::uint64_t row = 0; row < sweep.size(); ++row)
        ASSERT_EQ(reader->statuses()[row], row <= i ? PointStatus::ok : PointStatus::pending) << row << " of " << i;
    }
  }
  for (int i = 0; i < 1000 && file_size_or_zero(folder.file("r.h5.journal")) != empty_journal; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    file->maybe_fold();
  }
  EXPECT_EQ(file_size_or_zero(folder.file("r.h5.journal")), empty_journal);
  EXPECT_THAT(verify(folder.file("r.h5")), IsEmpty());
  EXPECT_THAT(file->take_warnings(), IsEmpty());
  file->finish();
  EXPECT_THAT(test::names_in(folder), ElementsAre("r.h5"));
  const auto reader = Reader::open(folder.file("r.h5"));
  for (std::uint64_t i = 0; i < sweep.size(); i += 17) expect_holds(*reader, i, sweep.output(i));
}

TEST(ResultFile, AnOpenReaderKeepsItsSnapshot) {
  const TemporaryFolder folder;
  const HandMadeSweep sweep;
  const auto file = open(folder.file("r.h5"), sweep);
  const auto before = Reader::open(folder.file("r.h5"));
  run_all(*file, sweep);
  EXPECT_TRUE(std::isnan(before->metric(0)[0]));
  EXPECT_EQ(before->statuses()[0], PointStatus::pending);
}

TEST(ResultFile, ReadingChangesNothing) {
  const TemporaryFolder folder, temporary;
  const HandMadeSweep sweep;
  append(*open(folder.file("r.h5"), sweep), sweep.result(3));
  const std::string file = contents(folder.file("r.h5")), journal = contents(folder.file("r.h5.journal"));
  ::setenv("TMPDIR", temporary.path().c_str(), 1);
  {
    const auto reader = Reader::open(folder.file("r.h5"));
    expect_holds(*reader, 3, sweep.output(3));
    verify(folder.file("r.h5"));
    EXPECT_THAT(test::names_in(temporary), IsEmpty());
  }
  ::unsetenv("TMPDIR");
  EXPECT_EQ(contents(folder.file("r.h5")), file);
  EXPECT_EQ(contents(folder.file("r.h5.journal")), journal);
  EXPECT_THAT(test::names_in(folder), ElementsAre("r.h5", "r.h5.journal"));
}

TEST(ResultFile, ATornJournalGivesAllWholeRecordsAndGoesOn) {
  const TemporaryFolder folder;
  const HandMadeSweep sweep;
  std::uint64_t without_last = 0;
  {
    const auto file = open(folder.file("r.h5"), sweep);
    append(*file, sweep.result(0));
    append(*file, sweep.result(1));
    without_last = file_size_or_zero(folder.file("r.h5.journal"));
    append(*file, sweep.result(2));
  }
  const std::string h5 = contents(folder.file("r.h5")), journal = contents(folder.file("r.h5.journal"));
  ASSERT_GT(journal.size(), without_last + 100);
  // Every byte: journal_test.cpp. Here the few places that differ for the file, and some between.
  for (std::uint64_t size = without_last; size < journal.size(); size += 41) {
    const std::string path = folder.file("torn.h5");
    write(path, h5);
    write(path + ".journal", journal.substr(0, size));
    const auto file = open(path, sweep);
    ASSERT_EQ(file->status(0), PointStatus::ok) << size;
    ASSERT_EQ(file->status(1), PointStatus::ok) << size;
    ASSERT_EQ(file->status(2), PointStatus::pending) << size;
    append(*file, sweep.result(3));
    const auto reader = Reader::open(path);
    ASSERT_EQ(reader->statuses()[3], PointStatus::ok) << size;
    ASSERT_EQ(reader->metric(0)[3], sweep.output(3).metrics[0]);
  }
  for (std::uint64_t at = without_last; at < journal.size(); at += 41) {  // flipped bits
    std::string damaged = journal;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
    write(folder.file("torn.h5"), h5);
    write(folder.file("torn.h5.journal"), damaged);
    ASSERT_EQ(Reader::open(folder.file("torn.h5"))->statuses()[2], PointStatus::pending) << at;
  }
}

TEST(ResultFile, ACrashBetweenFoldAndNewJournalIsHarmless) {
  const TemporaryFolder folder;
  const HandMadeSweep sweep;
  std::string journal;
  {
    const auto file = open(folder.file("r.h5"), sweep);
    append(*file, sweep.failure(0, "once"));
    for (std::uint64_t i = 1; i < 6; ++i) append(*file, sweep.result(i));
    journal = contents(folder.file("r.h5.journal"));
    file->finish();
  }
  const Digest128 before = digest(*Reader::open(folder.file("r.h5")));
  write(folder.file("r.h5.journal"), journal);
  write(folder.file("r.h5.tmp"), "half a copy");
  EXPECT_EQ(digest(*Reader::open(folder.file("r.h5"))), before);
  const auto file = open(folder.file("r.h5"), sweep);
  EXPECT_THAT(file->take_warnings(), IsEmpty());
  EXPECT_EQ(digest(*Reader::open(folder.file("r.h5"))), before);
  EXPECT_FALSE(file_exists(folder.file("r.h5.tmp")));
  run_all(*file, sweep);
  EXPECT_THAT(verify(folder.file("r.h5")), IsEmpty());
}

TEST(ResultFile, AJournalWithoutItsFileStillCounts) {
  const TemporaryFolder folder;
  HandMadeSweep sweep;
  append(*open(folder.file("r.h5"), sweep), sweep.result(5));
  ::unlink(folder.file("r.h5").c_str());
  EXPECT_EQ(open(folder.file("r.h5"), sweep)->status(5), PointStatus::ok);
  append(*open(folder.file("r.h5"), sweep), sweep.result(6));
  ::unlink(folder.file("r.h5").c_str());
  sweep.seeds = {8};
  sweep.settle();
  const auto file = open(folder.file("r.h5"), sweep);
  EXPECT_THAT(file->take_warnings(), ElementsAre(HasSubstr("r.h5.old.journal")));
  EXPECT_EQ(file->status(0), PointStatus::pending);
}

TEST(ResultFile, AJournalOfOtherRowsIsNotFolded) {
  const TemporaryFolder folder;
  HandMadeSweep sweep;
  open(folder.file("r.h5"), sweep);
  const std::string older = contents(folder.file("r.h5"));
  sweep.seeds = {0, 1, 2, 3};
  sweep.settle();
  append(*open(folder.file("r.h5"), sweep), sweep.result(15));
  write(folder.file("r.h5"), older);
  EXPECT_THAT(input_error([&] { open(folder.file("r.h5"), sweep); }), HasSubstr("speaks of other rows"));
  EXPECT_EQ(contents(folder.file("r.h5")), older);
}

// ------------------------------------------------------------------------------------------------ a full disk

struct Disk {
  std::int64_t bytes_left = std::int64_t{1} << 40;
  bool truncate_fails = false;
  std::atomic<int> syncs = 0;  // by a thread of the file's own
};

class FailingFile final : public File {
 public:
  FailingFile(std::unique_ptr<File> file, Disk& disk) : file_(std::move(file)), disk_(disk) {}
  void append(std::string_view bytes) override {
    const auto fits = static_cast<std::size_t>(std::min(disk_.bytes_left, static_cast<std::int64_t>(bytes.size())));
    file_->append(bytes.substr(0, fits));
    disk_.bytes_left -= static_cast<std::int64_t>(fits);
    if (fits < bytes.size()) throw_io_error("the journal", "write", ENOSPC);
  }
  void truncate(std::uint64_t size) override {
    if (disk_.truncate_fails) throw_io_error("the journal", "cut", EIO);
    file_->truncate(size);
  }
  void sync() override {
    ++disk_.syncs;
    file_->sync();
  }
  int descriptor() const override { return file_->descriptor(); }

 private:
  std::unique_ptr<File> file_;
  Disk& disk_;
};

TEST(ResultFile, AFullDiskIsAnErrorThatLosesNothing) {
  for (const bool truncate_fails : {false, true}) {
    for (const std::int64_t left : {0, 1, 17, 100, 250}) {
      const TemporaryFolder folder;
      const HandMadeSweep sweep;
      Disk disk;
      Environment environment;
      environment.open_file = [&](int descriptor, const std::string& path) {
        return std::make_unique<FailingFile>(posix_file(descriptor, path), disk);
      };
      {
        const auto file = open_result_file(folder.file("r.h5"), sweep, Existing::resume, environment);
        append(*file, sweep.result(0));
        disk.bytes_left = left;
        disk.truncate_fails = truncate_fails;
        EXPECT_THAT(input_error([&] { append(*file, sweep.result(1)); }),
                    HasSubstr("No space left on device; the results up to here are safe"));
        EXPECT_EQ(file->status(1), PointStatus::pending);
        disk.bytes_left = std::int64_t{1} << 40;
        if (truncate_fails)  // half a record cannot be removed, so nothing may follow it
          EXPECT_THAT(input_error([&] { append(*file, sweep.result(2)); }), HasSubstr("No space left"));
        else
          append(*file, sweep.result(2));
      }
      const auto file = open(folder.file("r.h5"), sweep);
      EXPECT_EQ(file->status(0), PointStatus::ok);
      EXPECT_EQ(file->status(1), PointStatus::pending);
      EXPECT_EQ(file->status(2), truncate_fails ? PointStatus::pending : PointStatus::ok);
    }
  }
}

TEST(ResultFile, WhatWasAcknowledgedIsSyncedOnceTheIntervalIsOver) {
  const TemporaryFolder folder;
  const HandMadeSweep sweep;
  for (const double interval_s : {0.0, 1e6}) {
    Disk disk;
    Environment environment;
    environment.open_file = [&](int descriptor, const std::string& path) {
      return std::make_unique<FailingFile>(posix_file(descriptor, path), disk);
    };
    environment.fold_interval_s = 1e6;  // a fold would make the results durable in the file
    environment.sync_interval_s = interval_s;
    {
      const auto file = open_result_file(folder.file("r.h5"), sweep, Existing::fresh, environment);
      file->maybe_fold();
      append(*file, sweep.result(0));
      append(*file, sweep.result(1));
      for (int housekeeping = 0; housekeeping < 3; ++housekeeping) file->maybe_fold();
    }
    EXPECT_EQ(disk.syncs, interval_s == 0 ? 1 : 0) << "once for both results, and never where nothing is new";
  }
}

TEST(ResultFile, AFoldThatFailsLeavesFileAndJournalAsTheyWere) {
  const TemporaryFolder folder;
  HandMadeSweep sweep;
  for (std::int64_t seed = 3; seed < 300; ++seed) sweep.seeds.push_back(seed);
  sweep.settle();
  open(folder.file("r.h5"), sweep);
  const std::string before = contents(folder.file("r.h5"));
  // In a child, whose files may not grow beyond a bit more than the file has now: HDF5 itself meets the error.
  const pid_t child = ::fork();
  if (child == 0) {
    int status = 1;
    try {
      const auto file = open(folder.file("r.h5"), sweep);
      for (std::uint64_t i = 0; i < sweep.size(); ++i) append(*file, sweep.result(i));
      ::signal(SIGXFSZ, SIG_IGN);
      const rlimit limit{before.size() + 20'000, before.size() + 20'000};
      ::setrlimit(RLIMIT_FSIZE, &limit);
      const std::string text = input_error([&] { file->finish(); });
      const bool told =
          text.find("all results are safe in") != std::string::npos && text.find("File too large") != std::string::npos;
      if (!told) ::fprintf(stderr, "%s\n", text.c_str());
      status = told && contents(folder.file("r.h5")) == before && !file_exists(folder.file("r.h5.tmp")) ? 0 : 2;
    } catch (const std::exception& error) {
      ::fprintf(stderr, "%s\n", error.what());
    }
    ::_exit(status);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  const auto file = open(folder.file("r.h5"), sweep);
  for (std::uint64_t i = 0; i < sweep.size(); ++i) ASSERT_EQ(file->status(i), PointStatus::ok);
}

// ------------------------------------------------------------------------------------------------ many folds

TEST(ResultFile, ManyFoldsLeaveNoMoreGarbageThanOne) {
  const TemporaryFolder folder;
  HandMadeSweep sweep;
  for (std::int64_t seed = 3; seed < 200; ++seed) sweep.seeds.push_back(seed);
  sweep.settle();
  run_all(*open(folder.file("once.h5"), sweep), sweep);
  {
    const auto file = open(folder.file("often.h5"), sweep);
    for (std::uint64_t i = 0; i < sweep.size(); ++i) {
      append(*file, sweep.result(i));
      if (i % 20 == 0) file->finish();
    }
    file->finish();
  }
  const std::uint64_t once = file_size_or_zero(folder.file("once.h5")),
                      often = file_size_or_zero(folder.file("often.h5"));
  EXPECT_LT(often, once + once / 4) << once;
  EXPECT_EQ(digest(*Reader::open(folder.file("once.h5"))), digest(*Reader::open(folder.file("often.h5"))));
}

// ------------------------------------------------------------------------------------------------ verify

TEST(Verify, FindsADamagedByteInEveryColumnThatHoldsResults) {
  const TemporaryFolder folder;
  const HandMadeSweep sweep;
  run_all(*open(folder.file("r.h5"), sweep), sweep);
  const std::string whole = contents(folder.file("r.h5"));
  std::string metric;
  ByteWriter(metric).put(sweep.output(3).metrics[0]);
  const std::size_t at = whole.find(metric);
  ASSERT_NE(at, std::string::npos);
  std::string damaged = whole;
  damaged[at] = static_cast<char>(damaged[at] ^ 1);
  write(folder.file("damaged.h5"), damaged);
  EXPECT_THAT(verify(folder.file("damaged.h5")), ElementsAre(HasSubstr("points/jct_mean: rows 0 to 11 are damaged")));
}

}  // namespace
}  // namespace windrow::store
