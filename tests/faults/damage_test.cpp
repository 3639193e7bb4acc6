// Files that something else has damaged: cut, torn, with a changed bit. Opening them repairs or refuses, and says so;
// it never crashes and never gives a wrong value.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <map>
#include <random>

#include "store/journal.hpp"
#include "support/hand_made_sweep.hpp"
#include "windrow/kernel/error.hpp"

namespace windrow::store {
namespace {

using sweep::PointStatus;
using test::HandMadeSweep;
using test::read_file;
using test::TemporaryFolder;
using ::testing::HasSubstr;

HandMadeSweep sweep_of(std::int64_t seeds) {
  HandMadeSweep sweep;
  sweep.seeds.clear();
  for (std::int64_t seed = 0; seed < seeds; ++seed) sweep.seeds.push_back(seed);
  sweep.settle();
  return sweep;
}

std::string complete_file(const TemporaryFolder& folder, const HandMadeSweep& sweep) {
  const auto file = ResultFile::open(folder.file("whole.h5"), sweep, Existing::resume);
  for (std::uint64_t i = 0; i < sweep.size(); ++i) test::append(*file, sweep.result(i));
  file->finish();
  return read_file(folder.file("whole.h5"));
}

TEST(Damage, AResultFileCutAnywhereIsRefusedAndLeftAlone) {
  const TemporaryFolder folder;
  const HandMadeSweep sweep = sweep_of(100);
  const std::string whole = complete_file(folder, sweep);
  ASSERT_GT(whole.size(), 20U * 4096);
  for (std::size_t size = 0; size < whole.size(); size += 4096) {
    const std::string cut = whole.substr(0, size), path = folder.write("cut.h5", cut);
    for (const bool reading : {true, false}) {
      try {
        if (reading)
          Reader::open(path);
        else
          ResultFile::open(path, sweep, Existing::resume);
        ADD_FAILURE() << "opened with " << size << " bytes";
      } catch (const InputError& error) {
        EXPECT_THAT(error.what(), HasSubstr("cut.h5: "));
      }
    }
    ASSERT_EQ(read_file(path), cut);
  }
}

TEST(Damage, AJournalTornAtAnyByteGivesItsWholeRecords) {
  const TemporaryFolder folder;
  const HandMadeSweep sweep;
  std::vector<std::uint64_t> ends;
  {
    const auto file = ResultFile::open(folder.file("r.h5"), sweep, Existing::resume);
    for (std::uint64_t i = 0; i < 2; ++i) {
      test::append(*file, sweep.result(i));
      ends.push_back(file_size_or_zero(folder.file("r.h5.journal")));
    }
  }
  const std::string h5 = read_file(folder.file("r.h5")), journal = read_file(folder.file("r.h5.journal"));
  for (std::size_t size = 0; size <= journal.size(); ++size) {
    const std::string path = folder.write("torn.h5", h5);
    folder.write("torn.h5.journal", journal.substr(0, size));
    if (size != 0 && size < JournalHeader::kBytes) {  // no crash leaves that: a journal is renamed when it has a header
      try {
        ResultFile::open(path, sweep, Existing::resume);
        ADD_FAILURE() << "opened with " << size << " bytes";
      } catch (const InputError& error) {
        ASSERT_THAT(error.what(), HasSubstr("not a journal that this program can read; nothing was changed"));
      }
      ASSERT_EQ(read_file(path + ".journal").size(), size);
      continue;
    }
    const auto file = ResultFile::open(path, sweep, Existing::resume);
    const auto reader = Reader::open(path);
    for (std::uint64_t i = 0; i < sweep.size(); ++i) {
      const bool whole = i < ends.size() && ends[i] <= size;
      ASSERT_EQ(file->status(i), whole ? PointStatus::ok : PointStatus::pending) << size << " bytes, row " << i;
      if (!whole) continue;
      ASSERT_EQ(reader->metric(0)[i], sweep.output(i).metrics[0]);
    }
  }
}

TEST(Damage, OneBadByteInAJournalCostsOneResultAndIsSaid) {
  const TemporaryFolder folder;
  const HandMadeSweep sweep;
  std::vector<std::uint64_t> ends{JournalHeader::kBytes};
  {
    const auto file = ResultFile::open(folder.file("r.h5"), sweep, Existing::resume);
    for (std::uint64_t i = 0; i < 4; ++i) {
      test::append(*file, sweep.result(i));
      ends.push_back(file_size_or_zero(folder.file("r.h5.journal")));
    }
  }
  const std::string h5 = read_file(folder.file("r.h5")), journal = read_file(folder.file("r.h5.journal"));
  for (std::size_t at = JournalHeader::kBytes; at < ends[3]; at += 7) {  // of all records but the last
    std::string damaged = journal;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
    const TemporaryFolder own;
    const std::string path = own.write("bad.h5", h5);
    own.write("bad.h5.journal", damaged);
    EXPECT_THAT(verify(path), ::testing::Contains(HasSubstr("bad.h5.journal: damaged"))) << at;
    const auto file = ResultFile::open(path, sweep, Existing::resume);
    for (std::uint64_t i = 0; i < 4; ++i) {
      const bool hit = ends[i] <= at && at < ends[i + 1];
      ASSERT_EQ(file->status(i), hit ? PointStatus::pending : PointStatus::ok) << "byte " << at << ", row " << i;
    }
    EXPECT_THAT(file->take_warnings(), ::testing::ElementsAre(HasSubstr("damaged")));
    EXPECT_EQ(read_file(own.file("bad.h5.old.journal")), damaged);
  }
}

enum Finding { kFound = 0, kHarmless = 1, kWrong = 2, kUncaught = 3 };

Finding look_at(const std::string& path, Digest128 sound) {
  try {
    if (!verify(path).empty()) return kFound;
    return digest(*Reader::open(path)) == sound ? kHarmless : kWrong;
  } catch (const InputError&) {
    return kFound;
  } catch (...) {
    return kUncaught;
  }
}

/// In a child: the library may crash over such a file, and leaks when it gives one up. -1 if it has crashed.
int look_from_a_child(const std::string& path, Digest128 sound) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(look_at(path, sound));
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(Damage, AChangedNameIsFound) {
  const TemporaryFolder folder;
  const std::string whole = complete_file(folder, sweep_of(5));
  const Digest128 sound = digest(*Reader::open(folder.file("whole.h5")));
  for (const std::string name :
       {"by hand", "jobs_done", "job_type", "utilization", "the cluster over time", "name: by hand"}) {
    std::string damaged = whole;
    std::size_t places = 0;
    for (std::size_t at = 0; (at = damaged.find(name, at)) != std::string::npos; ++places) damaged[at + 1] ^= 0x02;
    ASSERT_GT(places, 0U) << name;
    EXPECT_EQ(look_from_a_child(folder.write("name.h5", damaged), sound), kFound) << name;
  }
}

// Texts of variable length have no checksum in HDF5, and its library (1.10) follows their damaged lengths until it
// crashes. That is no wrong value, so it may happen here.
TEST(Damage, AChangedBitOfAResultFileNeverGivesAWrongValue) {
  const TemporaryFolder folder;
  const HandMadeSweep sweep = sweep_of(5);
  const std::string whole = complete_file(folder, sweep);
  const Digest128 sound = digest(*Reader::open(folder.file("whole.h5")));
  std::mt19937 random(6);
  std::map<int, int> times;
  constexpr int kTrials = 1000;
  for (int trial = 0; trial < kTrials; ++trial) {
    std::string damaged = whole;
    const std::size_t at = random() % damaged.size();
    damaged[at] = static_cast<char>(damaged[at] ^ (1U << random() % 8));
    const std::string path = folder.write("bit.h5", damaged);
    const int finding = look_from_a_child(path, sound);
    EXPECT_NE(finding, kWrong) << "byte " << at << " of " << whole.size();
    EXPECT_NE(finding, kUncaught) << "byte " << at << " of " << whole.size();
    ++times[finding];
  }
  RecordProperty("found", times[kFound]);
  RecordProperty("crashed", times[-1]);
  EXPECT_GT(times[kFound], kTrials / 20);
  EXPECT_LT(times[-1], kTrials / 50);
  EXPECT_EQ(times[kFound] + times[kHarmless] + times[-1], kTrials);
}

}  // namespace
}  // namespace windrow::store
