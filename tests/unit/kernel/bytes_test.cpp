#include "windrow/kernel/bytes.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "windrow/kernel/error.hpp"

namespace windrow {
namespace {

enum class Colour : std::uint8_t { red = 7 };

TEST(Bytes, ReadBackInOrder) {
  std::string bytes;
  ByteWriter writer(bytes);
  writer.put(std::uint32_t{0x01020304});
  writer.put(Colour::red);
  writer.put(2.5);
  writer.put(std::string_view("text"));
  const std::vector<std::int64_t> values = {-1, 2};
  writer.put(std::span<const std::int64_t>(values));
  EXPECT_EQ(bytes.substr(0, 4), "\x04\x03\x02\x01");
  EXPECT_EQ(bytes.size(), 4U + 1 + 8 + (4 + 4) + (4 + 16));
  ByteReader reader(bytes);
  EXPECT_EQ(reader.get<std::uint32_t>(), 0x01020304U);
  EXPECT_EQ(reader.get<Colour>(), Colour::red);
  EXPECT_EQ(reader.get<double>(), 2.5);
  EXPECT_EQ(reader.get_text(), "text");
  std::vector<std::int64_t> back;
  reader.get_into<std::int64_t>(back);
  EXPECT_EQ(back, values);
  EXPECT_EQ(reader.remaining(), 0U);
  EXPECT_THROW(reader.get<char>(), std::out_of_range);
}

TEST(Bytes, ALengthBeyondTheEndIsNoticedBeforeMemoryIsTaken) {
  std::string bytes;
  ByteWriter(bytes).put(std::uint32_t{0xFFFFFFFF});
  std::vector<double> values;
  EXPECT_THROW(ByteReader(bytes).get_into<double>(values), std::out_of_range);
  EXPECT_THROW(ByteReader(bytes).get_text(), std::out_of_range);
  EXPECT_TRUE(values.empty());
}

TEST(Check, TellsExpressionPlaceAndMessage) {
  const int free = -1;
  try {
    WINDROW_CHECK(free >= 0, "job {} released twice", 3);
    FAIL();
  } catch (const InvariantError& error) {
    const std::string text = error.what();
    EXPECT_NE(text.find("free >= 0"), std::string::npos) << text;
    EXPECT_NE(text.find("job 3 released twice"), std::string::npos) << text;
    EXPECT_NE(text.find("bytes_test.cpp:"), std::string::npos) << text;
  }
}

}  // namespace
}  // namespace windrow
