#include "store/config_diff.hpp"

#include <gtest/gtest.h>

namespace windrow::store {
namespace {

TEST(ConfigDiff, HoldsOnlyWhatDiffers) {
  const ConfigDiffer differ("a: 1\nb.c: \"x: y\"\nb.d: 3\n");
  EXPECT_EQ(differ.diff("a: 1\nb.c: \"x: y\"\nb.d: 3\n"), "");
  EXPECT_EQ(differ.diff("a: 1\nb.c: 2\nb.d: 3\n"), "b.c: 2\n");
  EXPECT_EQ(differ.diff("a: 1\nb.d: 3\nz: 9\n"), "-b.c\nz: 9\n");
}

TEST(ConfigDiff, AppliesBackToTheSameBytesWhateverTheText) {
  const std::string texts[] = {"",
                               "a: 1\n",
                               "a: 1\nb.c: 2\nb.d: 3\n",
                               "A: 0\na: 1\nb.c: 2\nb.cc: 7\nb.d: 3\nc: []\n",
                               "b.d: 3\na: 1\n",
                               "a: 1",
                               "a: 1\na: 1\n",
                               "no colon\n\n",
                               "-a: 1\n",
                               "=\n"};
  for (const std::string& base : texts) {
    const ConfigDiffer differ(base);
    for (const std::string& text : texts) EXPECT_EQ(differ.apply(differ.diff(text)), text) << base << "->" << text;
  }
}

}  // namespace
}  // namespace windrow::store
