#include "windrow/config/schema.hpp"

#include <gtest/gtest.h>

#include <filesystem>

#include "sample.hpp"
#include "support/process.hpp"

namespace windrow::config {
namespace {

using test::Sample;

const Schema& schema() {
  static const Schema sample = Schema::of<Sample>();
  return sample;
}

/// What a configuration file with this text is told.
std::string complaints(const std::string& yaml) {
  Problems problems;
  schema().resolve(parse_yaml(yaml, "c.yaml", problems), problems);
  return problems.text();
}

std::string resolved(const std::string& yaml) {
  Problems problems;
  std::string text = schema().resolve(parse_yaml(yaml, "c.yaml", problems), problems);
  EXPECT_EQ(problems.text(), "");
  return text;
}

const char* const kDefaults = R"(arrival_rate_per_s: 8
compat: "corrected"
horizon_s: 3600
interarrival_mean_s: 9000
jobs.count: 100
jobs.multi_gpu: false
note: ""
policy: "fifo"
replicas: 1
seed: 0
service_mean_s: 0.1
shape: "1:1"
stages: []
tags: []
warmup_s: 300
window: [1, 2]
)";

TEST(Schema, AnEmptyFileGivesTheDefaultsInCanonicalOrder) {
  EXPECT_EQ(resolved(""), kDefaults);
  EXPECT_EQ(resolved("# nothing but a comment\n"), kDefaults);
  EXPECT_EQ(resolved("jobs:\nstages: []\n"), kDefaults);
}

TEST(Schema, EveryKindOfValueIsWrittenInItsCanonicalForm) {
  EXPECT_EQ(resolved(R"(
arrival_rate_per_s: 1e3
service_mean_s: 0.10
replicas: 010
seed: 18446744073709551615
policy: 'gandiva'
note: "a \"b\"\tc: #d"
shape: 36:36
window: [0, 2.50]
tags: [x, "1", no]
cap: 7
arrival_rate: 0.4
jobs: {multi_gpu: true, fixed_duration_s: 60}
stages: [{replicas: 2, jobs: {count: 3}}, {}]
)"),
            R"(arrival_rate_per_s: 1000
cap: 7
compat: "corrected"
horizon_s: 3600
interarrival_mean_s: 9000
jobs.count: 100
jobs.fixed_duration_s: 60
jobs.multi_gpu: true
note: "a \"b\"\tc: #d"
policy: "gandiva"
replicas: 10
seed: 18446744073709551615
service_mean_s: 0.1
shape: "36:36"
stages: [{replicas: 2, model: "a", jobs: {multi_gpu: false, count: 3}}, {replicas: 1, model: "a", jobs: {multi_gpu: false, count: 100}}]
tags: ["x", "1", "no"]
warmup_s: 300
window: [0, 2.5]
)");
}

struct Seeded {
  BigInteger seed;

  template <class Keys>
  void visit(Keys& key) {
    key("seed", seed, "of any size");
  }
};

TEST(Schema, AnIntegerOfAnySizeKeepsAllItsDigits) {
  const auto text_of = [](const char* yaml) {
    Problems problems;
    const std::string text = Schema::of<Seeded>().resolve(parse_yaml(yaml, "c.yaml", problems), problems);
    return problems.empty() ? text : problems.text();
  };
  EXPECT_EQ(text_of(""), "seed: 0\n");
  EXPECT_EQ(text_of("seed: -0007"), "seed: -7\n");
  EXPECT_EQ(text_of("seed: 1180591620717411315769"), "seed: 1180591620717411315769\n");
  EXPECT_EQ(text_of("seed: 1.5"), "c.yaml:1:7: seed: expected an integer, found 1.5");
  EXPECT_EQ(text_of("seed: '7'"), "c.yaml:1:7: seed: expected an integer, found \"7\"");
  EXPECT_EQ(Schema::of<Seeded>().keys().front().type, "integer of any size") << "so that it can be an axis";
}

TEST(Schema, DottedKeysAreSections) {
  EXPECT_EQ(resolved("jobs.count: 3\njobs: {multi_gpu: true}\n"), resolved("jobs:\n  count: 3\n  multi_gpu: true\n"));
}

TEST(Schema, NullMeansAbsentForOptionalKeysOnly) {
  EXPECT_EQ(resolved("cap: null\njobs: {fixed_duration_s: }\n"), kDefaults);
  EXPECT_EQ(complaints("replicas: ~\n"), "c.yaml:1:1: replicas: expected an integer within 1 .. 1e+06, found nothing");
}

struct Case {
  const char* yaml;
  const char* complaint;
};

class WrongInput : public testing::TestWithParam<Case> {};

TEST_P(WrongInput, IsToldWhereAndWhy) {
  EXPECT_EQ(complaints(GetParam().yaml), GetParam().complaint);
}

const Case kWrong[] = {
    {"replicas: 0", "c.yaml:1:11: replicas: expected an integer within 1 .. 1e+06, found 0"},
    {"replicas: 2.0", "c.yaml:1:11: replicas: expected an integer within 1 .. 1e+06, found 2.0"},
    {"replicas: 5e3", "c.yaml:1:11: replicas: expected an integer within 1 .. 1e+06, found 5e3"},
    {"replicas: 0x10", "c.yaml:1:11: replicas: expected an integer within 1 .. 1e+06, found '0x10'"},
    {"replicas: \"3\"", "c.yaml:1:11: replicas: expected an integer within 1 .. 1e+06, found \"3\""},
    {"replicas: [1]", "c.yaml:1:11: replicas: expected an integer within 1 .. 1e+06, found a list"},
    {"seed: -1", "c.yaml:1:7: seed: expected an integer at least 0, found -1"},
    {"seed: 18446744073709551616",
     "c.yaml:1:7: seed: expected an integer within 0 .. 18446744073709551615, found 18446744073709551616"},
    {"service_mean_s: 0", "c.yaml:1:17: service_mean_s: expected a number above 0, found 0"},
    {"service_mean_s: fast", "c.yaml:1:17: service_mean_s: expected a number above 0, found 'fast'"},
    {"service_mean_s: .nan", "c.yaml:1:17: service_mean_s: expected a number above 0, found '.nan'"},
    {"service_mean_s: nan", "c.yaml:1:17: service_mean_s: expected a number above 0, found 'nan'"},
    {"service_mean_s: inf", "c.yaml:1:17: service_mean_s: expected a finite number, found inf"},
    {"service_mean_s: 1e999", "c.yaml:1:17: service_mean_s: expected a finite number, found 1e999"},
    {"service_mean_s: {a: 1}", "c.yaml:1:17: service_mean_s: expected a number above 0, found a map"},
    {"jobs: {multi_gpu: yes}", "c.yaml:1:19: jobs.multi_gpu: expected true or false, found 'yes'; write true"},
    {"jobs: {multi_gpu: Off}", "c.yaml:1:19: jobs.multi_gpu: expected true or false, found 'Off'; write false"},
    {"jobs: {multi_gpu: True}", "c.yaml:1:19: jobs.multi_gpu: expected true or false, found 'True'; write true"},
    {"jobs: {multi_gpu: maybe}", "c.yaml:1:19: jobs.multi_gpu: expected true or false, found 'maybe'"},
    {"policy: max_min_farness",
     "c.yaml:1:9: policy: unknown policy 'max_min_farness'; did you mean 'max_min_fairness'? (windrow list policies)"},
    {"policy: 7", "c.yaml:1:9: policy: unknown policy 7 (windrow list policies)"},
    {"policy: [fifo]", "c.yaml:1:9: policy: expected the name of a policy, found a list"},
    {"compat: upsteam",
     "c.yaml:1:9: compat: expected one of upstream, corrected, found 'upsteam'; did you mean 'upstream'?"},
    {"note: [a]", "c.yaml:1:7: note: expected text, found a list"},
    {"shape: 3x3", "c.yaml:1:8: shape: expected A:B, two counts, found '3x3'"},
    {"window: 50", "c.yaml:1:9: window: expected a list of 2 numbers, found 50"},
    {"window: [1, 2, 3]", "c.yaml:1:9: window: expected a list of 2 numbers, found 3 of them"},
    {"window: [-1, x]",
     "c.yaml:1:10: window[0]: expected a number at least 0, found -1\n"
     "c.yaml:1:14: window[1]: expected a number at least 0, found 'x'"},
    {"window: [5, 2]", "c.yaml:1:9: window: must end after it begins"},
    {"tags: a", "c.yaml:1:7: tags: expected a list of texts, found 'a'"},
    {"jobs: 40", "c.yaml:1:7: jobs: expected a map, found 40"},
    {"stages: {replicas: 1}", "c.yaml:1:9: stages: expected a list of maps, found a map"},
    {"stages: [3]", "c.yaml:1:10: stages[0]: expected a map, found 3"},
    {"stages: [{}, {jobs: {count: 0}, replica: 3}]",
     "c.yaml:1:29: stages[1].jobs.count: expected an integer within 1 .. 1e+09, found 0\n"
     "c.yaml:1:33: stages[1].replica: unknown key; did you mean 'stages[].replicas'?"},
    {"arival_rate_per_s: 1", "c.yaml:1:1: arival_rate_per_s: unknown key; did you mean 'arrival_rate_per_s'?"},
    {"jobs:\n  mutli_gpu: true", "c.yaml:2:3: jobs.mutli_gpu: unknown key; did you mean 'jobs.multi_gpu'?"},
    {"multi_gpu: true", "c.yaml:1:1: multi_gpu: unknown key; did you mean 'jobs.multi_gpu'?"},
    {"job.count: 1", "c.yaml:1:1: job: unknown key; did you mean 'jobs'?"},
    {"xyzzy: 1", "c.yaml:1:1: xyzzy: unknown key"},
    {"interarrival_mean_s: 9000\narrival_rate: 0.4",
     "c.yaml:2:15: arrival_rate: says the same as interarrival_mean_s (line 1): leave one of them out"},
    {"arrival_rate: 1e-320", "c.yaml:1:15: arrival_rate: is out of range: gives no finite interarrival_mean_s"},
    {"arrival_rate: -2", "c.yaml:1:15: arrival_rate: expected a number above 0, found -2"},
    {"horizon_s: 100", "c.yaml:1:12: warmup_s: must be below horizon_s, or nothing is measured"},
    {"jobs: {count: 1}\njobs.count: 2", "c.yaml:2:1: jobs.count: given twice; first in line 1"},
};

INSTANTIATE_TEST_SUITE_P(Table, WrongInput, testing::ValuesIn(kWrong));

TEST(Schema, EverythingWrongIsToldAtOnceInFileOrder) {
  EXPECT_EQ(complaints("arival_rate_per_s: 8\n"
                       "replicas: 0\n"
                       "horizon_s: 100\n"
                       "policy: max_min_farness\n"
                       "warmup_s: 300\n"),
            "c.yaml:1:1: arival_rate_per_s: unknown key; did you mean 'arrival_rate_per_s'?\n"
            "c.yaml:2:11: replicas: expected an integer within 1 .. 1e+06, found 0\n"
            "c.yaml:4:9: policy: unknown policy 'max_min_farness'; did you mean 'max_min_fairness'? (windrow list "
            "policies)\n"
            "c.yaml:5:11: warmup_s: must be below horizon_s, or nothing is measured");
}

TEST(Schema, ARequirementIsSilentWhereAKeyItNamesWasReadBadly) {
  EXPECT_EQ(complaints("warmup_s: 5000\nhorizon_s: x\n"),
            "c.yaml:2:12: horizon_s: expected a number above 0, found 'x'");
  EXPECT_EQ(complaints("warmup_s: x\nhorizon_s: 1\n"),
            "c.yaml:1:11: warmup_s: expected a number at least 0, found 'x'");
}

TEST(Schema, TheLaterLayerChoosesTheSpelling) {
  const auto mean = [](int layer_of_mean, int layer_of_rate) {
    Problems problems;
    Tree tree;
    tree.set("interarrival_mean_s", Node::scalar("100", {}, layer_of_mean), problems);
    tree.set("arrival_rate", Node::scalar("0.4", {}, layer_of_rate), problems);
    const auto config = read<Sample>(tree, problems);
    EXPECT_TRUE(problems.empty()) << problems.text();
    return config.interarrival_mean_s;
  };
  EXPECT_EQ(mean(0, 2), 9000);
  EXPECT_EQ(mean(3, 2), 100);
}

TEST(Schema, CanonicalTextReadsBackToItself) {
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    const auto config = arbitrary<Sample>(seed);
    const std::string text = canonical_text(config);
    Problems problems;
    EXPECT_EQ(schema().resolve(parse_canonical(text), problems), text) << "seed " << seed;
    EXPECT_EQ(schema().resolve(parse_yaml(text, "canonical", problems), problems), text) << "seed " << seed;
    EXPECT_EQ(canonical_text(read<Sample>(parse_canonical(text))), text) << "seed " << seed;
    EXPECT_EQ(problems.text(), "") << "seed " << seed << "\n" << text;
  }
}

TEST(Schema, ArbitraryConfigurationsDifferAndCoverTheirLimits) {
  std::set<std::string> texts, policies;
  bool with_cap = false, without_cap = false;
  double least = 1e9, most = 0;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const auto config = arbitrary<Sample>(seed);
    texts.insert(canonical_text(config));
    policies.insert(config.policy);
    (config.cap ? with_cap : without_cap) = true;
    least = std::min(least, config.arrival_rate_per_s);
    most = std::max(most, config.arrival_rate_per_s);
    EXPECT_LT(config.warmup_s, config.horizon_s);
    EXPECT_EQ(canonical_text(arbitrary<Sample>(seed)), canonical_text(config));
  }
  EXPECT_EQ(texts.size(), 200u);
  EXPECT_EQ(policies, (std::set<std::string>{"fifo", "gandiva", "max_min_fairness"}));
  EXPECT_TRUE(with_cap && without_cap);
  EXPECT_GT(least, 0);
  EXPECT_LT(least, 10);
  EXPECT_GT(most, 60);
  EXPECT_LE(most, 80);
}

TEST(Schema, KeysAreDescribedInOrderOfDeclaration) {
  const KeyInfo* replicas = schema().find("replicas");
  ASSERT_NE(replicas, nullptr);
  EXPECT_EQ(replicas->type, "integer");
  EXPECT_EQ(replicas->default_text, "1");
  EXPECT_EQ(replicas->limit, "1 .. 1e+06");
  EXPECT_EQ(replicas->help, "identical replicas behind the queue");
  EXPECT_EQ(schema().find("shape")->type, "A:B, two counts");
  EXPECT_EQ(schema().find("window")->type, "list of numbers");
  EXPECT_EQ(schema().find("cap")->default_text, "");
  EXPECT_EQ(schema().find("arrival_rate")->alternative_of, "interarrival_mean_s");
  EXPECT_EQ(schema().find("policy")->names.size(), 3u);
  EXPECT_TRUE(schema().has("jobs.count"));
  EXPECT_FALSE(schema().has("jobs"));
  EXPECT_FALSE(schema().has("stages[].replicas"));
  EXPECT_EQ(schema().keys().front().path, "arrival_rate_per_s");
  EXPECT_EQ(schema().unknown("jobs"), "is a section: name one of its keys, such as 'jobs.multi_gpu'");
  EXPECT_EQ(schema().unknown("jobs.cuont"), "unknown key; did you mean 'jobs.count'?");
}

TEST(Schema, LimitsReadAsOneWouldSayThem) {
  EXPECT_EQ(any().text(), "");
  EXPECT_EQ(above(0).text(), "above 0");
  EXPECT_EQ(at_least(0.5).text(), "at least 0.5");
  EXPECT_EQ(within(1, 1e6).text(), "1 .. 1e+06");
  EXPECT_EQ(one_of({"a", "b"}).text(), "one of a, b");
  Limit half_open = above(0);
  half_open.at_most = 1;
  EXPECT_EQ(half_open.text(), "above 0 and at most 1");
}

struct DeclaredTwice {
  int a = 0;
  template <class Keys>
  void visit(Keys& key) {
    key("a", a, "once");
    key("a", a, "twice");
  }
};
struct OptionalWithDefault {
  std::optional<int> a = 3;
  template <class Keys>
  void visit(Keys& key) {
    key("a", a, "lost where it is null");
  }
};

TEST(Schema, AWrongDeclarationIsABrokenInvariant) {
  EXPECT_THROW(Schema::of<DeclaredTwice>(), InvariantError);
  EXPECT_THROW(Schema::of<OptionalWithDefault>(), InvariantError);
  EXPECT_THROW(read<Sample>(parse_canonical("replicas: 0\n")), InvariantError);
}

struct WithFiles {
  FileRef trace{"/nowhere", {}};
  std::vector<FileRef> more;
  std::string note = "file:00000000000000000000000000000000:/stays";
  template <class Keys>
  void visit(Keys& key) {
    key("trace", trace, "a file");
    key("more", more, "files");
    key("note", note, "no file");
  }
};

class Files : public testing::Test {
 protected:
  std::string resolve(const std::string& yaml, const std::string& source, Problems& problems) {
    return schema_.resolve(parse_yaml(yaml, source, problems), problems);
  }
  test::TemporaryFolder folder_;
  Schema schema_ = Schema::of<WithFiles>();
};

TEST_F(Files, AreFoundBesideTheFileThatNamesThem) {
  folder_.write("configs/traces/a.csv", "hello");
  Problems problems;
  const std::string text = resolve("trace: traces/a.csv\n", folder_.file("configs/c.yaml"), problems);
  EXPECT_EQ(problems.text(), "");
  const std::string digest = digest128("hello").hex();
  EXPECT_NE(text.find("trace: \"file:" + digest + ":" + folder_.file("configs/traces/a.csv") + "\"\n"), text.npos)
      << text;
  // Reading canonical text back does not look at the disk.
  const auto config = read<WithFiles>(parse_canonical("trace: \"file:" + digest + ":/gone/a.csv\"\n"));
  EXPECT_EQ(config.trace.path, "/gone/a.csv");
  EXPECT_EQ(config.trace.digest.hex(), digest);
}

TEST_F(Files, AreIdentifiedByTheirContentAlone) {
  folder_.write("one/a.csv", "hello");
  folder_.write("two/b \"x\".csv", "hello");
  Problems problems;
  const std::string one = resolve("trace: a.csv\nmore: [a.csv]\n", folder_.file("one/c.yaml"), problems);
  const std::string two =
      resolve("trace: 'b \"x\".csv'\nmore: ['b \"x\".csv']\n", folder_.file("two/c.yaml"), problems);
  EXPECT_EQ(problems.text(), "");
  EXPECT_NE(one, two);
  EXPECT_EQ(schema_.identity(one), schema_.identity(two));
  EXPECT_NE(schema_.identity(one).find("note: \"file:00000000000000000000000000000000:/stays\"\n"), std::string::npos);

  folder_.write("one/a.csv", "hello again");
  EXPECT_NE(schema_.identity(resolve("trace: a.csv\nmore: [a.csv]\n", folder_.file("one/c.yaml"), problems)),
            schema_.identity(two));
}

TEST_F(Files, ThatAreMissingNameThePlaces) {
  ASSERT_EQ(setenv("WINDROW_DATA", "/some/data", 1), 0);
  Problems problems;
  resolve("trace: a.csv\n", folder_.file("c.yaml"), problems);
  resolve("trace: /absolute.csv\nmore: [3, .]\n", folder_.file("d.yaml"), problems);
  unsetenv("WINDROW_DATA");
  const std::string text = problems.text();
  EXPECT_EQ(text.find(folder_.file("c.yaml") + ":1:8: trace: no file 'a.csv' (looked for " + folder_.file("a.csv") +
                      ", /some/data/a.csv, "),
            0u)
      << text;
  EXPECT_NE(text.find(folder_.file("d.yaml") + ":1:8: trace: no file '/absolute.csv' (looked for /absolute.csv)\n"),
            text.npos)
      << text;
  EXPECT_NE(text.find(" cannot be read: is a folder"), text.npos) << text;
}

TEST_F(Files, ThatChangedAreNoticed) {
  const std::string a = folder_.write("a.csv", "hello"), b = folder_.write("b.csv", "hello");
  Problems problems;
  const Tree tree = parse_canonical(resolve("trace: a.csv\nmore: [a.csv, b.csv]\n", folder_.file("c.yaml"), problems));
  EXPECT_EQ(problems.text(), "");
  EXPECT_EQ(schema_.changed_file(tree), "");
  folder_.write("b.csv", "hello again");
  EXPECT_EQ(schema_.changed_file(tree), "more: " + b + " has changed since this point was made");
  std::filesystem::remove(a);
  EXPECT_EQ(schema_.changed_file(tree), "trace: " + a + " cannot be read: No such file or directory");
}

TEST_F(Files, OfADataFolderAreFound) {
  folder_.write("data/traces/b.csv", "x");
  ASSERT_EQ(setenv("WINDROW_DATA", folder_.file("data").c_str(), 1), 0);
  Problems problems;
  const std::string text = resolve("trace: traces/b.csv\n", "c.yaml", problems);
  unsetenv("WINDROW_DATA");
  EXPECT_EQ(problems.text(), "");
  EXPECT_NE(text.find(folder_.file("data/traces/b.csv")), text.npos);
}

TEST(Schema, FilesAreDescribedAsOneWouldWriteThem) {
  struct WithADefault {
    FileRef table{data_folders().back() + "/configs/table.csv", {}};
    FileRef other{"/elsewhere/table.csv", {}};
    void visit(Describer& key) {
      key("table", table, "a file");
      key("other", other, "a file");
    }
  };
  std::vector<KeyInfo> keys;
  Describer describer(keys);
  WithADefault().visit(describer);
  EXPECT_EQ(keys[0].default_text, "\"configs/table.csv\"");
  EXPECT_EQ(keys[1].default_text, "\"/elsewhere/table.csv\"");
}

}  // namespace
}  // namespace windrow::config
