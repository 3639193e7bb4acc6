#include "exec/protocol.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

#include "windrow/kernel/error.hpp"

namespace windrow::exec {
namespace {

TEST(Protocol, SetupTravels) {
  exec::Setup setup{.simulator = "pool",
                    .keep = {5, 9},
                    .limits = {.wall_s = 2.5, .memory_bytes = 1 << 20},
                    .sandbox = false,
                    .rank = 3};
  const exec::Setup read = exec::Setup::from(setup.message());
  EXPECT_EQ(read.simulator, "pool");
  EXPECT_EQ(read.keep.tables, 5U);
  EXPECT_EQ(read.keep.series, 9U);
  EXPECT_EQ(read.limits.wall_s, 2.5);
  EXPECT_EQ(read.limits.memory_bytes, 1U << 20);
  EXPECT_FALSE(read.sandbox);
  EXPECT_EQ(read.rank, 3U);
  setup.limits = {};
  EXPECT_FALSE(exec::Setup::from(setup.message()).limits.wall_s);
  EXPECT_FALSE(exec::Setup::from(setup.message()).limits.memory_bytes);
}

TEST(Protocol, TasksTravel) {
  AssignMessage message;
  message.add(7, 2, "seed: 1\n");
  message.add(1'000'000'000'000, 1, "");
  const std::string bytes = message.take();
  EXPECT_EQ(message.count(), 0U);
  EXPECT_EQ(kind_of(bytes), Kind::assign);
  const auto tasks = AssignMessage::tasks(bytes);
  ASSERT_EQ(tasks.size(), 2U);
  EXPECT_EQ(tasks[0].index, 7U);
  EXPECT_EQ(tasks[0].attempt, 2U);
  EXPECT_EQ(tasks[0].text, "seed: 1\n");
  EXPECT_EQ(tasks[1].index, 1'000'000'000'000U);
  EXPECT_EQ(AssignMessage::tasks(AssignMessage().take()).size(), 0U);
}

TEST(Protocol, ResultsTravel) {
  ResultsMessage message;
  for (std::uint64_t index = 0; index < 3; ++index) {
    sweep::PointRecord record;
    record.index = index;
    record.status = sweep::PointStatus::ok;
    record.output = std::string(index * 10, '\0');
    message.add(record, 0.25);
  }
  const std::string bytes = message.take();
  EXPECT_EQ(message.count(), 0U);
  EXPECT_EQ(ResultsMessage::header(bytes).count, 3U);
  EXPECT_EQ(ResultsMessage::header(bytes).busy_s, 0.75);
  std::vector<sweep::PointRecord> records;
  ResultsMessage::read(bytes, records);
  ASSERT_EQ(records.size(), 3U);
  EXPECT_EQ(records[2].index, 2U);
  EXPECT_EQ(records[2].output, std::string(20, '\0'));
}

TEST(Protocol, TornMessagesAreRefused) {
  AssignMessage message;
  message.add(7, 2, "seed: 1\n");
  const std::string bytes = message.take();
  for (std::size_t length = 0; length < bytes.size(); ++length)
    EXPECT_THROW(AssignMessage::tasks(bytes.substr(0, length)), std::out_of_range) << length;
  EXPECT_THROW(exec::Setup::from(bytes), InvariantError);
}

}  // namespace
}  // namespace windrow::exec
