#include "windrow/sweep/record.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace windrow::sweep {
namespace {

PointRecord sample() {
  return {7, PointStatus::failed, "out of memory", std::string("a\0b", 3), {1.5, 1.25, 1e9, 3, 2, "node7"}};
}

TEST(PointRecord, SurvivesItsEncoding) {
  std::string bytes;
  append_encoded(bytes, sample());
  append_encoded(bytes, PointRecord{});
  std::string_view rest = bytes;
  const PointRecord record = take_record(rest);
  EXPECT_EQ(record.index, 7u);
  EXPECT_EQ(record.status, PointStatus::failed);
  EXPECT_EQ(record.message, "out of memory");
  EXPECT_EQ(record.output, std::string("a\0b", 3));
  EXPECT_EQ(record.provenance.wall_s, 1.5);
  EXPECT_EQ(record.provenance.cpu_s, 1.25);
  EXPECT_EQ(record.provenance.finished_unix_s, 1e9);
  EXPECT_EQ(record.provenance.rank, 3u);
  EXPECT_EQ(record.provenance.attempt, 2u);
  EXPECT_EQ(record.provenance.host, "node7");
  EXPECT_EQ(take_record(rest).status, PointStatus::pending);
  EXPECT_TRUE(rest.empty());
}

TEST(PointRecord, CutAnywhereIsNoRecord) {
  std::string bytes;
  append_encoded(bytes, sample());
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    std::string_view rest = std::string_view(bytes).substr(0, length);
    EXPECT_THROW(take_record(rest), std::out_of_range) << length;
  }
  bytes[8] = 9;  // no status
  std::string_view rest = bytes;
  EXPECT_THROW(take_record(rest), std::out_of_range);
}

TEST(PointStatus, HasAName) {
  EXPECT_EQ(to_string(PointStatus::pending), "pending");
  EXPECT_EQ(to_string(PointStatus::running), "running");
  EXPECT_EQ(to_string(PointStatus::ok), "ok");
  EXPECT_EQ(to_string(PointStatus::saturated), "saturated");
  EXPECT_EQ(to_string(PointStatus::failed), "failed");
}

}  // namespace
}  // namespace windrow::sweep
