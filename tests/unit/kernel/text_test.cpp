#include "windrow/kernel/text.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <vector>

#include "windrow/kernel/random.hpp"

namespace windrow {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

TEST(Text, NumbersAreShort) {
  EXPECT_EQ(to_text(1.0), "1");
  EXPECT_EQ(to_text(0.4), "0.4");
  EXPECT_EQ(to_text(1e-9), "1e-09");
  EXPECT_EQ(to_text(-0.0), "-0");
  EXPECT_EQ(to_text(1e300), "1e+300");
  EXPECT_EQ(to_text(kInfinity), "inf");
  EXPECT_EQ(to_text(-kInfinity), "-inf");
  EXPECT_EQ(to_text(-std::numeric_limits<double>::quiet_NaN()), "nan");
}

TEST(Text, EveryDoubleReadsBackToItself) {
  Stream bits = Streams(1).stream("doubles");
  for (int i = 0; i < 20000; ++i) {
    const double value = std::bit_cast<double>(bits.next());
    if (std::isnan(value)) continue;
    const auto back = parse_double(to_text(value));
    ASSERT_TRUE(back.has_value()) << to_text(value);
    EXPECT_EQ(std::bit_cast<std::uint64_t>(*back), std::bit_cast<std::uint64_t>(value)) << to_text(value);
  }
}

TEST(Text, ReadsNumbersWhole) {
  EXPECT_EQ(parse_double("010"), 10.0);
  EXPECT_EQ(parse_double("+.5"), 0.5);
  EXPECT_EQ(parse_double("1."), 1.0);
  EXPECT_EQ(parse_double("-1E3"), -1000.0);
  EXPECT_EQ(parse_double("inf"), kInfinity);
  EXPECT_EQ(parse_double("-inf"), -kInfinity);
  EXPECT_EQ(parse_double("1e400"), kInfinity);
  EXPECT_EQ(parse_double("-1e400"), -kInfinity);
  EXPECT_EQ(parse_double("1e-400"), 0.0);
  EXPECT_EQ(parse_double("5e-324"), std::numeric_limits<double>::denorm_min());
  EXPECT_EQ(parse_double("9007199254740993"), 9007199254740992.0);
  for (const char* text :
       {"", " 1", "1 ", "0x10", "1,5", "nan", "-nan", "1e", "--1", "+-1", "++1", "+", ".", "1_000", "1d", "one", "0b1"})
    EXPECT_FALSE(parse_double(text).has_value()) << text;
}

TEST(Text, ReadsIntegersWhole) {
  EXPECT_EQ(parse_int64("-9223372036854775808"), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(parse_int64("+010"), 10);
  EXPECT_EQ(parse_uint64("18446744073709551615"), std::numeric_limits<std::uint64_t>::max());
  for (const char* text : {"", "1.0", "1e3", "9223372036854775808", "0x1", " 1", "1 ", "+-1", "-"})
    EXPECT_FALSE(parse_int64(text).has_value()) << text;
  for (const char* text : {"-1", "18446744073709551616", "+", ""}) EXPECT_FALSE(parse_uint64(text).has_value()) << text;
}

TEST(Text, NamesTheNearest) {
  const std::vector<std::string> names = {"max_min_fairness", "fifo", "gandiva", "seed", "fifo_perf"};
  EXPECT_EQ(nearest("max_min_farness", names), "max_min_fairness");
  EXPECT_EQ(nearest("ffio", names), "fifo") << "two letters exchanged are one slip";
  EXPECT_EQ(nearest("FIFO", names), "fifo");
  EXPECT_EQ(nearest("sed", names), "seed");
  EXPECT_EQ(nearest("sandeva", names), "gandiva");
  EXPECT_EQ(nearest("tiresias", names), "");
  EXPECT_EQ(nearest("", names), "");
  const std::vector<std::string> short_names = {"x", "y", "ab", "ac"};
  EXPECT_EQ(nearest("z", short_names), "") << "nothing of it is left";
  EXPECT_EQ(nearest("ad", short_names), "ab") << "the earlier of equals";
  EXPECT_EQ(did_you_mean("gandviva", names), "; did you mean 'gandiva'?");
  EXPECT_EQ(did_you_mean("tiresias", names), "");
}

TEST(Text, QuotesAsJson) {
  EXPECT_EQ(quoted("plain"), "\"plain\"");
  EXPECT_EQ(quoted("a\"b\\c\n\r\t"), R"("a\"b\\c\n\r\t")");
  EXPECT_EQ(quoted(std::string_view("\0\x1f\x7f", 3)), R"("\u0000\u001f\u007f")");
  EXPECT_EQ(quoted("é€😀"), "\"é€😀\"");
  // Cut, overlong, surrogate, beyond Unicode, lonely continuation.
  for (const char* wrong : {"\xc3", "\xe2\x82", "\xc0\xaf", "\xe0\x80\x80", "\xed\xa0\x80", "\xf5\x80\x80\x80", "\x80"})
    EXPECT_TRUE(quoted(wrong).starts_with("\"\\ufffd")) << quoted(wrong);
}

TEST(Text, QuotedBytesAreAlwaysJson) {
  Stream bytes = Streams(2).stream("bytes");
  for (int i = 0; i < 2000; ++i) {
    std::string text(bytes.below(12), ' ');
    for (char& byte : text) byte = static_cast<char>(bytes.below(256));
    EXPECT_NO_THROW(nlohmann::json::parse(quoted(text))) << quoted(text);
  }
  const std::string text = "any \"text\"\n\x01 é";
  EXPECT_EQ(nlohmann::json::parse(quoted(text)).get<std::string>(), text);
}

}  // namespace
}  // namespace windrow
