#include "store/utf8.hpp"

#include <gtest/gtest.h>

namespace windrow::store {
namespace {

TEST(CleanUtf8, KeepsTextAndReplacesTheRest) {
  EXPECT_EQ(clean_utf8("plain \xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80"), "plain \xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80");
  EXPECT_EQ(clean_utf8("\xff"), "?");
  EXPECT_EQ(clean_utf8("\xc0\x80"
                       "a"),
            "?"
            "?a");
  EXPECT_EQ(clean_utf8("\xe2\x82"),
            "?"
            "?");
  EXPECT_EQ(clean_utf8(std::string_view("a\0b", 3)), "a");
}

}  // namespace
}  // namespace windrow::store
