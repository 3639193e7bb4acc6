#include <gtest/gtest.h>

#include "support/process.hpp"
#include "windrow/config/tree.hpp"
#include "windrow/kernel/error.hpp"

namespace windrow::config {
namespace {

Tree parsed(const std::string& yaml) {
  Problems problems;
  Tree tree = parse_yaml(yaml, "f.yaml", problems);
  EXPECT_EQ(problems.text(), "") << yaml;
  return tree;
}

std::string complaints(const std::string& yaml) {
  Problems problems;
  parse_yaml(yaml, "f.yaml", problems);
  return problems.text();
}

TEST(Yaml, ScalarsStayTextWithTheirPositions) {
  const Tree tree = parsed("cluster: 36:36:36\nzip: 010\njobs:\n  on: yes\n  'x y': \"1\"\nlist: [a, 2]\n");
  EXPECT_EQ(tree.find("cluster")->text, "36:36:36");
  EXPECT_EQ(tree.find("zip")->text, "010");
  EXPECT_EQ(tree.find("jobs.on")->text, "yes");
  EXPECT_FALSE(tree.find("jobs.on")->quoted);
  EXPECT_EQ(tree.find("jobs.x y")->text, "1");
  EXPECT_TRUE(tree.find("jobs.x y")->quoted);
  EXPECT_EQ(tree.find("jobs.on")->position.text(), "f.yaml:4:7");
  EXPECT_EQ(tree.find("list")->items[1].position.text(), "f.yaml:6:11");
  EXPECT_EQ(tree.root().members[2].position.text(), "f.yaml:3:1");
  EXPECT_EQ(tree.find("jobs.off"), nullptr);
  EXPECT_EQ(tree.find("cluster.a"), nullptr);
}

TEST(Yaml, NothingIsNullWhereItsKeyStands) {
  const Tree tree = parsed("a:\nb: ~\nc: null\nd: ''\n");
  for (const char* key : {"a", "b", "c"}) EXPECT_EQ(tree.find(key)->kind, Node::Kind::null) << key;
  EXPECT_EQ(tree.find("a")->position.text(), "f.yaml:1:1");
  EXPECT_EQ(tree.find("d")->kind, Node::Kind::scalar);
}

TEST(Yaml, EmptyTextsAreEmptyMaps) {
  for (const char* text : {"", "\n\n", "# comment", "---\n", "~", "\xEF\xBB\xBF"})
    EXPECT_TRUE(parsed(text).root().members.empty()) << text;
  EXPECT_EQ(parsed("\xEF\xBB\xBF"
                   "a: 1\r\nb: 2\r\n")
                .find("b")
                ->text,
            "2");
  EXPECT_EQ(parsed("--- \na: µ # c\n...\n").find("a")->text, "µ");
}

struct Case {
  const char* yaml;
  const char* complaint;
};

TEST(Yaml, WhatPlainDataHasNoUseForIsReported) {
  const Case cases[] = {
      {"a: 1\nb: 2\na: 3\n", "f.yaml:3:1: a: given twice; first in line 1"},
      {"x: {a: 1, a: 2}\n", "f.yaml:1:11: x.a: given twice; first in line 1"},
      {"a: &name 1\n", "f.yaml:1:4: a: anchors (&name) are not supported: write the value out"},
      {"a: &n [1]\nb: *n\n",
       "f.yaml:1:4: a: anchors (&name) are not supported: write the value out\n"
       "f.yaml:2:4: b: aliases (*name) are not supported: write the value out"},
      {"x:\n  <<: {a: 1}\n", "f.yaml:2:3: x.<<: merge keys are not supported: write the keys out"},
      {"a: !!str 1\n", "f.yaml:1:4: a: tags (tag:yaml.org,2002:str) are not supported"},
      {"a: !mine {b: 1}\n", "f.yaml:1:4: a: tags (!mine) are not supported"},
      {"? [a]\n: 1\n", "f.yaml:1:3: a key must be plain text"},
      {"a: 1\n---\nb: 2\n", "f.yaml:2:1: a second document begins here: only one is expected"},
      {"- a\n", "f.yaml:1:1: expected a map (`key: value` lines), found a list"},
      {"hello", "f.yaml:1:1: expected a map (`key: value` lines), found a single value"},
      {"a:\n\tb: 1\n", "f.yaml:2:3: a tab indents this line: YAML wants spaces"},
      {"a: [1, 2\nb: 3\n", "f.yaml:2:2: not valid YAML: a '[' before this is not closed"},
      {"a: 'x\nb: 2\n", "f.yaml:1:1: not valid YAML: a quote after this is not closed"},
      {"a: 1\nb: \"x", "f.yaml:2:1: not valid YAML: a quote after this is not closed"},
      {"a: {b: 1\n", "f.yaml:2:1: not valid YAML: a '{' before this is not closed"},
      {"a: @x\n", "f.yaml:1:4: not valid YAML: a text that begins so must be quoted"},
      {"a: 1\n  b: 2\n",
       "f.yaml:2:4: not valid YAML: no ':' is expected here; check the indentation, and quote texts that contain ': '"},
      {"a: [1] 2\nb: 3\n",
       "f.yaml:1:8: not valid YAML: expected a `key: value` line; check indentation, quotes and brackets"},
      {"a: b: c\n",
       "f.yaml:1:5: not valid YAML: no ':' is expected here; check the indentation, and quote texts that contain ': '"},
      {"a: 1\nb: \x04 2\n", "f.yaml:2:4: a control character (byte 0x04) cannot stand in YAML"},
      {"a: 1\nb: \xff\n", "f.yaml:2:4: not UTF-8 (byte 0xff)"},
  };
  for (const Case& c : cases) EXPECT_EQ(complaints(c.yaml), c.complaint) << c.yaml;
}

TEST(Yaml, DeepNestingIsRefusedNotFatal) {
  EXPECT_NE(complaints(std::string(100000, '[')), "");
  EXPECT_NE(complaints(std::string(100000, '{')), "");
}

TEST(Yaml, AFileThatCannotBeReadIsNamedWithTheReason) {
  const test::TemporaryFolder folder;
  Problems problems;
  read_yaml(folder.file("none.yaml"), problems);
  read_yaml(folder.path(), problems);
  EXPECT_EQ(problems.text(), folder.file("none.yaml") + ": cannot read: No such file or directory\n" + folder.path() +
                                 ": cannot read: is a folder");
  EXPECT_THROW(problems.throw_if_any(), InputError);
}

TEST(Flags, AreReadAsFlowYaml) {
  const auto value = [](const std::string& typed) {
    Problems problems;
    const auto assignment = parse_set(typed, 3, problems);
    EXPECT_EQ(problems.text(), "");
    return assignment ? assignment->value : Node();
  };
  EXPECT_EQ(value("cluster=36:36:36").text, "36:36:36");
  EXPECT_EQ(value("window=[1, 2]").items.size(), 2u);
  EXPECT_EQ(value("jobs={count: 2}").find("count")->text, "2");
  EXPECT_EQ(value("note=a: b").text, "a: b");
  EXPECT_EQ(value("note=- a").text, "- a");
  EXPECT_EQ(value("note=a=b").text, "a=b");
  EXPECT_TRUE(value("note=\"7\"").quoted);
  EXPECT_EQ(value("cap=").kind, Node::Kind::null);
  EXPECT_EQ(value("cap=1").position.text(), "--set cap=1");
  EXPECT_EQ(value("cap=1").layer, 3);
}

TEST(Flags, ThatAreNoAssignmentsAreQuotedAsTyped) {
  Problems problems;
  EXPECT_FALSE(parse_set("work_s", 3, problems));
  EXPECT_FALSE(parse_set("=3", 3, problems));
  EXPECT_FALSE(parse_set("a..b=3", 3, problems));
  EXPECT_FALSE(parse_set("a=[1", 3, problems));
  EXPECT_EQ(problems.text(),
            "--set work_s: expected path=value, such as --set seed=3\n"
            "--set =3: expected path=value, such as --set seed=3\n"
            "--set a..b=3: expected path=value, such as --set seed=3\n"
            "--set a=[1: not valid YAML: a '[' before this is not closed");
}

TEST(Tree, SetMakesTheMapsOnTheWay) {
  Tree tree = parsed("a: {b: 1}\nc: 3\nd:\n");
  Problems problems;
  tree.set("a.b", Node::scalar("2"), problems);
  tree.set("a.x.y", Node::scalar("5"), problems);
  tree.set("d.e", Node::scalar("6"), problems);
  EXPECT_EQ(problems.text(), "");
  EXPECT_EQ(tree.find("a.b")->text, "2");
  EXPECT_EQ(tree.find("a.x.y")->text, "5");
  EXPECT_EQ(tree.find("d.e")->text, "6");
  tree.set("c.e", Node::scalar("6", {std::make_shared<const std::string>("--set c.e=6"), 0, 0}), problems);
  EXPECT_EQ(problems.text(), "--set c.e=6: c.e: cannot be set: c is not a map at f.yaml:2:4");
}

TEST(Tree, UnfoldMergesDottedKeysAndMaps) {
  Problems problems;
  const Tree tree = unfold(parsed("a.b: 1\na: {c: 2, d.e: 3}\n.x: 4\na.d: {f: 5}\n"), problems);
  EXPECT_EQ(problems.text(), "");
  EXPECT_EQ(tree.find("a.b")->text, "1");
  EXPECT_EQ(tree.find("a.c")->text, "2");
  EXPECT_EQ(tree.find("a.d.e")->text, "3");
  EXPECT_EQ(tree.find("a.d.f")->text, "5");
  EXPECT_EQ(tree.root().members[1].key, ".x");
  unfold(parsed("a.b: 1\na: {b: 2}\nc: 1\nc.d: 2\n"), problems);
  EXPECT_EQ(problems.text(),
            "f.yaml:2:5: a.b: given twice; first in line 1\nf.yaml:4:1: c: given twice; first in line 3");
}

TEST(Problems, AreSortedBySourceLineAndColumnWithoutDoubles) {
  const auto a = std::make_shared<const std::string>("a.yaml"), b = std::make_shared<const std::string>("b.yaml");
  Problems problems;
  EXPECT_TRUE(problems.empty());
  problems.throw_if_any();
  problems.add({b, 2, 1}, "k", "second");
  problems.add({a, 3, 4}, "", "fourth");
  problems.add({b, 1, 9}, "k", "first");
  problems.add({a, 3, 1}, "k", "third");
  problems.add({b, 2, 1}, "k", "second");
  EXPECT_EQ(problems.text(), "b.yaml:1:9: k: first\nb.yaml:2:1: k: second\na.yaml:3:1: k: third\na.yaml:3:4: fourth");
}

bool same(const Node& a, const Node& b) {
  if (a.kind != b.kind || a.text != b.text || a.quoted != b.quoted || a.items.size() != b.items.size() ||
      a.members.size() != b.members.size())
    return false;
  for (std::size_t i = 0; i < a.items.size(); ++i)
    if (!same(a.items[i], b.items[i])) return false;
  for (std::size_t i = 0; i < a.members.size(); ++i)
    if (a.members[i].key != b.members[i].key || !same(a.members[i].value, b.members[i].value)) return false;
  return true;
}

TEST(CanonicalText, IsYaml) {
  const std::string text =
      "a: 1\njobs.count: 3\njobs.deep.x: \"q\\\"\\\\\\n\\u0001µ\"\njobs.list: [1, \"b, c\", -2.5e-09]\n"
      "stages: [{a: 1, b: {c: \"}\"}}, {}]\nz: []\n";
  Problems problems;
  EXPECT_TRUE(same(parse_canonical(text).root(), unfold(parse_yaml(text, "x", problems), problems).root()));
  EXPECT_EQ(problems.text(), "");
}

TEST(CanonicalText, ThatIsBrokenIsABrokenInvariant) {
  for (const char* text : {"a", "a:", "a:1\n", "a: \n", "a: [1\n", "a: [1,2]\n", "a: \"x\n", "a: \"\\q\"\n", "a: {b}\n",
                           "a: 1", "a: 1\na.b: 2\n", "a: \"x\" y\n"})
    EXPECT_THROW(parse_canonical(text), InvariantError) << text;
}

}  // namespace
}  // namespace windrow::config
