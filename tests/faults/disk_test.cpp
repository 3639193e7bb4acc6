// Disks that are full, over their quota, broken or read-only: whichever call it hits, what was acknowledged stays, the
// error is told in one line with its path, and the next run goes on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <random>

#include "faults/shim.hpp"
#include "store/open_file.hpp"
#include "support/hand_made_sweep.hpp"
#include "support/sweeps.hpp"
#include "windrow/kernel/error.hpp"

namespace windrow::store {
namespace {

using sweep::PointStatus;
using test::digest_of;
using test::Finished;
using test::HandMadeSweep;
using test::sweep_of;
using test::TemporaryFolder;
using ::testing::AnyOf;
using ::testing::HasSubstr;

struct Fault {
  std::string name;
  int error;
  bool forever;
};

const std::vector<Fault>& faults() {
  static const std::vector<Fault> all{{"EioOnce", EIO, false},
                                      {"EioForever", EIO, true},
                                      {"EnospcForever", ENOSPC, true},
                                      {"EdquotForever", EDQUOT, true}};
  return all;
}

std::string name_of(const testing::TestParamInfo<Fault>& fault) {
  return fault.param.name;
}

class Disk : public testing::TestWithParam<Fault> {};

/// A master's life, with a fold in the middle; the results whose append returned.
std::vector<std::uint64_t> live(const std::string& path, const HandMadeSweep& sweep) {
  std::vector<std::uint64_t> acknowledged;
  const auto file = ResultFile::open(path, sweep, Existing::resume);
  const auto append = [&](std::uint64_t first, std::uint64_t last) {
    for (std::uint64_t i = first; i < last; ++i) {
      try {
        test::append(*file, sweep.result(i));
        acknowledged.push_back(i);
      } catch (const InputError& error) {  // the engine stops here; a later append may not harm what is there either
        EXPECT_THAT(error.what(), HasSubstr("safe"));
      }
    }
  };
  append(0, sweep.size() / 2);
  try {
    file->finish();
  } catch (const InputError& error) {
    EXPECT_THAT(error.what(), HasSubstr("r.h5"));
  }
  append(sweep.size() / 2, sweep.size());
  try {
    file->finish();
  } catch (const InputError& error) {
    EXPECT_THAT(error.what(), HasSubstr("r.h5"));
  }
  return acknowledged;
}

TEST_P(Disk, AnyCallThatFailsLosesNothingThatWasAcknowledged) {
  const Fault& fault = GetParam();
  const HandMadeSweep sweep;
  const TemporaryFolder sound;
  fault_io(sound.path().c_str(), 0, false, 0);
  ASSERT_EQ(live(sound.file("r.h5"), sweep).size(), sweep.size());
  const long calls = fault_io_calls();
  fault_io("", 0, false, 0);
  const Digest128 digest_of_all = digest(*Reader::open(sound.file("r.h5")));
  ASSERT_GT(calls, 20) << "or this shows little";
  long opened = 0, refused = 0;
  const long step = fault.error == EIO ? 1 : 3;  // the others differ by their number alone
  for (long at = 1; at <= calls; at += step) {
    const TemporaryFolder folder;
    const std::string path = folder.file("r.h5");
    std::vector<std::uint64_t> acknowledged;
    fault_io(folder.path().c_str(), at, fault.forever, fault.error);
    try {
      acknowledged = live(path, sweep);
      ++opened;
    } catch (const InputError& error) {
      EXPECT_THAT(error.what(), HasSubstr(path)) << "call " << at;
      EXPECT_THAT(error.what(), HasSubstr(std::strerror(fault.error))) << "call " << at;
      ++refused;
    }
    fault_io("", 0, false, 0);
    if (std::filesystem::exists(path)) {
      const auto reader = Reader::open(path);
      for (const std::uint64_t i : acknowledged) ASSERT_EQ(reader->statuses().at(i), PointStatus::ok) << "call " << at;
    }
    const auto file = ResultFile::open(path, sweep, Existing::resume);
    for (const std::uint64_t i : acknowledged) ASSERT_EQ(file->status(i), PointStatus::ok) << "call " << at;
    for (std::uint64_t i = 0; i < sweep.size(); ++i)
      if (file->status(i) != PointStatus::ok) test::append(*file, sweep.result(i));
    file->finish();
    ASSERT_EQ(digest(*Reader::open(path)), digest_of_all) << "call " << at;
    ASSERT_THAT(verify(path), ::testing::IsEmpty()) << "call " << at;
    EXPECT_THAT(test::names_in(folder), ::testing::ElementsAre("r.h5")) << "call " << at;
  }
  EXPECT_GT(opened, 0);
  EXPECT_GT(refused, 0);
}

INSTANTIATE_TEST_SUITE_P(Faults, Disk, testing::ValuesIn(faults()), name_of);

// ------------------------------------------------------------------------------------------------ the whole program

class DiskOfASweep : public testing::TestWithParam<Fault> {};

TEST_P(DiskOfASweep, StopsItInOrderWhereverItFailsAndTheNextRunGoesOn) {
  const Fault& fault = GetParam();
  const TemporaryFolder folder;
  folder.write("s.yaml", sweep_of(200, 0, "", 50));
  ASSERT_EQ(test::windrow({"run", "s.yaml", "-o", "whole.h5", "--quiet"}, folder.path()).status, 0);
  std::filesystem::create_directory(folder.file("disk"));
  std::mt19937 random(7);
  int struck = 0;
  for (int trial = 0; trial < 8; ++trial) {
    std::filesystem::remove_all(folder.file("disk"));
    std::filesystem::create_directory(folder.file("disk"));
    const std::map<std::string, std::string> environment{
        {"LD_PRELOAD", WINDROW_FAULT_SHIM},           {"ASAN_OPTIONS", "verify_asan_link_order=0"},
        {"FAULT_FOLDER", folder.file("disk")},        {"FAULT_AT", std::to_string(1 + random() % 60)},
        {"FAULT_FOREVER", fault.forever ? "1" : "0"}, {"FAULT_ERROR", std::to_string(fault.error)},
        {"FAULT_STRUCK", folder.file("struck")}};
    std::vector<std::string> command{WINDROW_PROGRAM, "run", "s.yaml", "-o", "disk/r.h5", "--quiet"};
    if (trial % 4 == 3) {
      std::vector<std::string> ranks = test::mpirun(3);
      for (const auto& [name, value] : environment) ranks.insert(ranks.end(), {"-x", name});
      command.insert(command.begin(), ranks.begin(), ranks.end());
    } else {
      command.insert(command.end(), {"-j", "2"});
    }
    const Finished run = test::run(command, folder.path(), environment);
    struck += std::filesystem::remove(folder.file("struck"));
    EXPECT_THAT(run.status, AnyOf(0, 2, 3)) << environment.at("FAULT_AT") << run.err;
    if (run.status != 0) {
      EXPECT_THAT(run.err, HasSubstr(std::strerror(fault.error))) << environment.at("FAULT_AT");
    }
    ASSERT_EQ(test::windrow({"run", "s.yaml", "-o", "disk/r.h5", "--quiet"}, folder.path()).status, 0);
    EXPECT_EQ(digest_of(folder.file("disk/r.h5")), digest_of(folder.file("whole.h5")));
  }
  EXPECT_GE(struck, 6);
}

INSTANTIATE_TEST_SUITE_P(Faults, DiskOfASweep, testing::ValuesIn(faults()), name_of);

/// Runs a script in a mount namespace of its own: what it mounts is gone with it.
Finished with_mounts(const TemporaryFolder& folder, const std::string& script) {
  folder.write("script.sh", "set -u\nwindrow='" + std::string(WINDROW_PROGRAM) + "'\n" + script);
  return test::run({"unshare", "--mount", "/bin/bash", "script.sh"}, folder.path());
}

bool may_mount(const TemporaryFolder& folder) {
  return with_mounts(folder, "mkdir -p disk && mount -t tmpfs none disk").status == 0;
}

TEST(SmallDisk, AFullOneStopsTheSweepAndASecondRunGoesOnWhenThereIsRoom) {
  const TemporaryFolder folder;
  if (!may_mount(folder)) GTEST_SKIP() << "this user may not mount a tmpfs";
  folder.write("s.yaml", sweep_of(2000, 0, "", 50));
  ASSERT_EQ(test::windrow({"run", "s.yaml", "-o", "whole.h5", "--quiet"}, folder.path()).status, 0);
  const std::uintmax_t whole = std::filesystem::file_size(folder.file("whole.h5"));
  // Sizes from where the empty file hardly fits to where the last fold does not.
  for (const double share : {0.3, 0.8, 1.2, 1.6}) {
    const Finished finished = with_mounts(
        folder,
        "mount -t tmpfs -o size=" + std::to_string(static_cast<std::uintmax_t>(share * static_cast<double>(whole))) +
            " none disk || exit 99\n"
            "\"$windrow\" run s.yaml -o disk/r.h5 --quiet; echo \"first $?\"\n"
            "ls disk; [ ! -e disk/r.h5 ] || \"$windrow\" status disk/r.h5 > /dev/null; echo \"opens $?\"\n"
            "mount -o remount,size=100m disk && \"$windrow\" run s.yaml -o disk/r.h5 --quiet; echo \"second $?\"\n"
            "\"$windrow\" digest disk/r.h5; ls disk\n");
    EXPECT_THAT(finished.out, AnyOf(HasSubstr("first 3\n"), HasSubstr("first 2\n"))) << share << finished.err;
    EXPECT_THAT(finished.err, HasSubstr("No space left on device")) << share;
    EXPECT_THAT(finished.out, HasSubstr("opens 0\n")) << share << finished.err;
    EXPECT_THAT(finished.out, HasSubstr("second 0\n")) << share << finished.err;
    EXPECT_THAT(finished.out, HasSubstr(digest_of(folder.file("whole.h5")))) << share;
    EXPECT_TRUE(finished.out.ends_with("\nr.h5\n")) << share << finished.out;
  }
}

TEST(ReadOnlyDisk, RefusesARunAndStillLetsAllRead) {
  const TemporaryFolder folder;
  if (!may_mount(folder)) GTEST_SKIP() << "this user may not mount a tmpfs";
  folder.write("s.yaml", sweep_of(20, 0, "", 50));
  const Finished finished = with_mounts(folder,
                                        "mount -t tmpfs none disk || exit 99\n"
                                        "\"$windrow\" run s.yaml -o disk/part.h5 --limit 5 --quiet\n"
                                        "mount -o remount,ro disk || exit 99\n"
                                        "before=$(cat disk/part.h5* | sha256sum)\n"
                                        "\"$windrow\" run s.yaml -o disk/new.h5; echo \"new $?\"\n"
                                        "\"$windrow\" run s.yaml -o disk/part.h5; echo \"part $?\"\n"
                                        "\"$windrow\" run s.yaml -o disk/part.h5 --fresh; echo \"fresh $?\"\n"
                                        "for c in status show verify digest; do\n"
                                        "  \"$windrow\" $c disk/part.h5 > out.txt 2>&1; echo \"$c $?\"\n"
                                        "done\n"
                                        "[ \"$before\" = \"$(cat disk/part.h5* | sha256sum)\" ] && echo unchanged\n");
  for (const char* line :
       {"new 2\n", "part 2\n", "fresh 2\n", "status 0\n", "show 0\n", "verify 3\n", "digest 0\n", "unchanged\n"})
    EXPECT_THAT(finished.out, HasSubstr(line)) << finished.err;
  EXPECT_EQ(std::count(finished.err.begin(), finished.err.end(), '\n'), 3) << finished.err;
  EXPECT_THAT(finished.err, HasSubstr("Read-only file system"));
}

}  // namespace
}  // namespace windrow::store
