// Mangled YAML and canonical text: an answer with a position, or a reading that holds; never a crash or a hang.
#include <gtest/gtest.h>

#include <chrono>

#include "windrow/config/keys.hpp"
#include "windrow/config/schema.hpp"
#include "windrow/kernel/error.hpp"

namespace windrow::config {
namespace {

struct Inner {
  bool flag = false;
  std::vector<std::string> names;
  template <class Keys>
  void visit(Keys& key) {
    key("flag", flag, "yes or no");
    key("names", names, "texts");
  }
};

struct Sample {
  double rate = 1;
  std::optional<std::int64_t> count;
  std::string note;
  Inner inner;
  std::vector<Inner> list;
  template <class Keys>
  void visit(Keys& key) {
    key("rate", rate, above(0), "a number");
    key("count", count, within(0, 1e6), "an integer");
    key("note", note, "a text");
    key.section("inner", inner);
    key.list("list", list, "maps");
  }
};

const char* const kSeeds[] = {
    "rate: 1e3\ncount: 7\nnote: 'x: y'\ninner:\n  flag: true\n  names: [a, \"b\\n\"]\nlist:\n  - {flag: false}\n  - "
    "names: []\n",
    "inner.flag: true\nnote: |\n  several\n  lines\n# comment\ncount: ~\n",
    "{rate: 2, list: [{names: [x]}, {}], note: >-\n folded\n text}\n",
    "%YAML 1.2\n---\nnote: &a !!str text\ninner: *a\n<<: {rate: 1}\n? [k]\n: v\n...\n",
};

/// One to five edits: a byte changed, a piece doubled, moved or cut out.
std::string mangled(std::string text, detail::Draws& draws) {
  constexpr std::string_view kSpice = ":-?[]{},#&*!|>'\"%@` \n\t\r\\~.0x\x04\xff\xc3";
  for (std::uint64_t edits = 1 + draws.below(5); edits > 0 && !text.empty(); --edits) {
    const std::size_t at = draws.below(text.size());
    const std::size_t length = 1 + draws.below(12);
    switch (draws.below(4)) {
      case 0:
        text[at] = kSpice[draws.below(kSpice.size())];
        break;
      case 1:
        text.insert(at, 1, kSpice[draws.below(kSpice.size())]);
        break;
      case 2:
        text.erase(at, length);
        break;
      default:
        text.insert(draws.below(text.size()), text.substr(at, length));
    }
  }
  return text;
}

TEST(Fuzz, MangledYamlIsReadOrReportedWithItsPlace) {
  const Schema schema = Schema::of<Sample>();
  int sound = 0, wrong = 0;
  for (std::uint64_t seed = 0; seed < 20000; ++seed) {
    detail::Draws draws(seed);
    const std::string yaml = mangled(kSeeds[draws.below(std::size(kSeeds))], draws);
    Problems problems;
    const std::string text = schema.resolve(parse_yaml(yaml, "f.yaml", problems), problems);
    for (const Problem& problem : problems.list()) {
      ASSERT_TRUE(problem.position.source) << "seed " << seed << "\n" << yaml;
      ASSERT_GT(problem.position.line, 0) << "seed " << seed << "\n" << problem.line() << "\n" << yaml;
      ASSERT_LE(problem.position.line, 2 + std::count(yaml.begin(), yaml.end(), '\n')) << "seed " << seed;
      ASSERT_FALSE(problem.text.empty());
    }
    ++(problems.empty() ? sound : wrong);
    if (!problems.empty()) continue;
    Problems none;
    ASSERT_EQ(schema.resolve(parse_canonical(text), none), text) << "seed " << seed << "\n" << yaml;
    ASSERT_EQ(schema.resolve(parse_yaml(text, "c", none), none), text) << "seed " << seed << "\n" << yaml;
    ASSERT_EQ(none.text(), "");
  }
  EXPECT_GT(sound, 500);
  EXPECT_GT(wrong, 5000);
}

TEST(Fuzz, MangledCanonicalTextIsReadOrABrokenInvariant) {
  for (std::uint64_t seed = 0; seed < 20000; ++seed) {
    detail::Draws draws(seed);
    const std::string text = mangled(canonical_text(arbitrary<Sample>(seed % 50)), draws);
    try {
      const Tree tree = parse_canonical(text);
      Problems problems;
      config::read<Sample>(tree, problems);
    } catch (const InvariantError&) {
      // said so
    }
  }
}

TEST(Fuzz, RepetitionCostsNoMoreThanItsLength) {
  for (const std::string piece :
       {"[", "{", "- ", "? ", "a: ", "'", "\"", "|\n", "*a ", "&a ", "!", "\n", "a: 1\n", "%", "[]", ": ", ", "}) {
    std::string text;
    for (int i = 0; i < 3000; ++i) text += piece;
    const auto begin = std::chrono::steady_clock::now();
    Problems problems;
    parse_yaml(text, "f.yaml", problems);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(10)) << piece;
  }
}

TEST(Fuzz, MangledFlagsAreReadOrQuotedAsTyped) {
  for (std::uint64_t seed = 0; seed < 5000; ++seed) {
    detail::Draws draws(seed);
    const std::string typed = mangled("inner.names=[a, 'b c', {x: 1}]", draws);
    Problems problems;
    const auto assignment = parse_set(typed, 3, problems);
    ASSERT_EQ(assignment.has_value(), problems.empty()) << typed;
    for (const Problem& problem : problems.list()) ASSERT_EQ(problem.position.text(), "--set " + typed);
  }
}

}  // namespace
}  // namespace windrow::config
