#include "store/journal.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <numeric>
#include <random>

#include "support/hand_made_sweep.hpp"

namespace windrow::store {
namespace {

using test::TemporaryFolder;
using ::testing::ElementsAre;

std::string contents(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}
void write(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

std::string record(std::uint64_t row, std::string_view payload) {
  std::string bytes;
  append_journal_record(bytes, row, payload);
  return bytes;
}

std::string header() {
  JournalHeader header;
  header.rows = {1, 2};
  header.pid = 7;
  header.host = "node-1";
  return header.encode();
}

std::vector<std::string> payloads(const std::string& path) {
  std::vector<std::string> all;
  const auto reader = JournalReader::open(path);
  while (const auto one = reader->next()) all.emplace_back(one->payload);
  return all;
}

TEST(Journal, ARecordThatWasHalfThereWhenTheReaderLookedIsNoDamage) {
  const TemporaryFolder folder;
  const std::string first = header() + record(0, "zero"), second = record(1, "one"), third = record(2, "two");
  // A reader may see the new size of a file before it sees all bytes.
  write(folder.file("j"),
        first + second.substr(0, second.size() / 2) + std::string(second.size() - second.size() / 2, 0));
  const auto reader = JournalReader::open(folder.file("j"));
  ASSERT_EQ(reader->next()->payload, "zero");  // the second one is read ahead
  write(folder.file("j"), first + second + third);
  EXPECT_EQ(reader->next()->payload, "one");
  EXPECT_EQ(reader->next()->payload, "two");
  EXPECT_FALSE(reader->next());
  EXPECT_FALSE(reader->damaged_at());
}

TEST(Journal, HeaderReadsBackAndIsRefusedWhenAnyByteIsWrong) {
  const std::string bytes = header();
  ASSERT_EQ(bytes.size(), JournalHeader::kBytes);
  const auto decoded = JournalHeader::decode(bytes);
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->rows, (Digest128{1, 2}));
  EXPECT_EQ(decoded->pid, 7U);
  EXPECT_EQ(decoded->host, "node-1");
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    std::string damaged = bytes;
    damaged[i] = static_cast<char>(damaged[i] ^ 4);
    EXPECT_FALSE(JournalHeader::decode(damaged)) << i;
    EXPECT_FALSE(JournalHeader::decode(bytes.substr(0, i))) << i;
  }
}

TEST(Journal, IsReadUpToATornEndAndOverDamagedRecords) {
  const TemporaryFolder folder;
  const std::string good = header() + record(0, "zero") + record(1, ""), last = record(2, "the last one");
  for (std::size_t size = 0; size < last.size(); ++size) {
    write(folder.file("j"), good + last.substr(0, size));
    ASSERT_THAT(payloads(folder.file("j")), ElementsAre("zero", "")) << size;
    std::string damaged = last;
    damaged[size] = static_cast<char>(damaged[size] ^ 0x20);
    write(folder.file("j"), good + damaged + record(3, "behind"));
    ASSERT_THAT(payloads(folder.file("j")), ElementsAre("zero", "", "behind")) << size;
    write(folder.file("j"), good + damaged);
    ASSERT_THAT(payloads(folder.file("j")), ElementsAre("zero", "")) << size;
  }
  write(folder.file("j"), good + last);
  EXPECT_THAT(payloads(folder.file("j")), ElementsAre("zero", "", "the last one"));
}

TEST(Journal, GoesOnAfterItsLastGoodRecord) {
  const TemporaryFolder folder;
  write(folder.file("j"), header() + record(0, "zero") + record(1, "torn").substr(0, 10));
  {
    const auto journal = Journal::lock("file", folder.file("j"), posix_file);
    EXPECT_TRUE(journal->has_records());
    journal->restart({3, 4}, JournalHeader::kBytes);  // keeps all that is good
    journal->append(record(5, "five"));
    EXPECT_EQ(journal->end(), contents(folder.file("j")).size());
  }
  EXPECT_THAT(payloads(folder.file("j")), ElementsAre("zero", "five"));
  const auto journal = Journal::lock("file", folder.file("j"), posix_file);
  EXPECT_EQ(journal->header()->generation, 1U);
  EXPECT_EQ(journal->header()->rows, (Digest128{3, 4}));
  const std::uint64_t from = journal->end();
  journal->append(record(6, "six"));
  journal->restart({3, 4}, from);  // what was folded goes, what came since stays
  EXPECT_THAT(payloads(folder.file("j")), ElementsAre("six"));
  EXPECT_EQ(journal->end(), JournalHeader::kBytes + record(6, "six").size());
}

TEST(Journal, ReadsRecordsAtTheirOffsetsInAnyOrder) {
  const TemporaryFolder folder;
  std::string bytes = header();
  std::vector<std::string> texts;
  std::mt19937 random(1);
  for (std::uint64_t row = 0; row < 300; ++row) {
    texts.emplace_back(random() % 20'000, static_cast<char>('a' + row % 26));
    bytes += record(row, texts.back());
  }
  write(folder.file("j"), bytes);
  const auto reader = JournalReader::open(folder.file("j"));
  std::vector<std::uint64_t> offsets;
  while (const auto one = reader->next()) offsets.push_back(one->offset);
  ASSERT_EQ(offsets.size(), 300U);
  EXPECT_EQ(reader->position(), bytes.size());
  std::vector<std::size_t> order(300);
  std::iota(order.begin(), order.end(), 0);
  std::shuffle(order.begin(), order.end(), random);
  for (const std::size_t i : order) {
    const auto one = reader->at(offsets[i]);
    ASSERT_EQ(one.row, i);
    ASSERT_EQ(one.payload, texts[i]);
  }
}

TEST(Journal, MangledBytesNeverCrashTheReader) {
  const TemporaryFolder folder;
  std::string whole = header();
  for (std::uint64_t row = 0; row < 20; ++row) whole += record(row, std::string(row * 7, 'x'));
  std::mt19937 random(2);
  for (int round = 0; round < 400; ++round) {
    std::string mangled = whole.substr(0, random() % (whole.size() + 1));
    for (unsigned i = 0; i < random() % 5 && !mangled.empty(); ++i)
      mangled[random() % mangled.size()] = static_cast<char>(random());
    write(folder.file("j"), mangled);
    const auto reader = JournalReader::open(folder.file("j"));
    std::uint64_t least = 0;
    while (const auto one = reader->next()) {
      ASSERT_GE(one->row, least);
      ASSERT_EQ(one->payload, std::string(one->row * 7, 'x'));
      least = one->row + 1;
    }
    ASSERT_LE(reader->position(), mangled.size());
  }
}

TEST(Journal, LeavesNothingBehindWhenItWasNotStarted) {
  const TemporaryFolder folder;
  Journal::lock("file", folder.file("j"), posix_file).reset();
  EXPECT_THAT(test::names_in(folder), ::testing::IsEmpty());
  write(folder.file("j"), header());
  Journal::lock("file", folder.file("j"), posix_file).reset();
  EXPECT_EQ(contents(folder.file("j")), header());
}

TEST(Journal, LockFileOfADeadProcessIsTakenOverAndNoOther) {
  const TemporaryFolder folder;
  const std::string lock = folder.file("j.lock");
  take_lock_file("r.h5", lock);
  EXPECT_EQ(contents(lock), fmt::format("{} {}\n", ::getpid(), host_name()));
  const auto refused = [&] {
    try {
      take_lock_file("r.h5", lock);
    } catch (const InputError& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_EQ(refused(),
            fmt::format("r.h5: another run (pid {} on host {}) is writing this file; if that run is dead, remove {}",
                        ::getpid(), host_name(), lock));
  write(lock, "1 some-other-host\n");
  EXPECT_NE(refused(), "");
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  write(lock, fmt::format("{} {}\n", child, host_name()));
  EXPECT_EQ(refused(), "");
  EXPECT_EQ(contents(lock), fmt::format("{} {}\n", ::getpid(), host_name()));
}

TEST(Journal, TellsWhetherItIsLocked) {
  const TemporaryFolder folder;
  EXPECT_FALSE(journal_is_locked(folder.file("j")));
  auto journal = Journal::lock("file", folder.file("j"), posix_file);
  EXPECT_TRUE(journal_is_locked(folder.file("j")));
  journal->restart({1, 2}, journal->end());
  EXPECT_TRUE(journal_is_locked(folder.file("j")));
  journal.reset();
  EXPECT_FALSE(journal_is_locked(folder.file("j")));
}

}  // namespace
}  // namespace windrow::store
