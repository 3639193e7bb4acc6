#include "windrow/training/config.hpp"

#include <gtest/gtest.h>

#include "windrow/config/tree.hpp"
#include "windrow/training/training.hpp"

namespace windrow::training {
namespace {

/// Problems of a configuration, one a line without its source; the table is given, so that nothing depends on the data
/// folder.
std::string problems_of(const std::string& yaml) {
  static const config::Schema schema = config::Schema::of<TrainingConfig>();
  config::Problems problems;
  const config::Tree tree = config::parse_yaml(
      yaml + "\nthroughputs: " + WINDROW_SOURCE_DIR + "/configs/training/osdi20_throughputs.csv\n", "c.yaml", problems);
  schema.resolve(tree, problems);
  std::string text;
  for (const auto& problem : problems.list()) text += (text.empty() ? "" : "\n") + problem.key + ": " + problem.text;
  return text;
}

TEST(TrainingConfig, DefaultsAreValid) {
  EXPECT_EQ(problems_of(""), "");
}

TEST(TrainingConfig, ArrivalRateIsJobsPerHour) {
  config::Problems problems;
  const auto config =
      config::read<TrainingConfig>(config::parse_yaml("arrival_rate: 1.2", "c.yaml", problems), problems);
  EXPECT_TRUE(problems.empty()) << problems.text();
  EXPECT_EQ(config.interarrival_mean_s, 3600.0 / 1.2);
}

TEST(TrainingConfig, ClusterReadsAsWritten) {
  using Counts = config::Format<GpuCounts>;
  EXPECT_EQ(Counts::parse("1:20:300"), (GpuCounts{1, 20, 300}));
  EXPECT_EQ(Counts::text({1, 20, 300}), "1:20:300");
  for (const char* const wrong : {"", "1", "1:2", "1:2:3:4", "a:1:1", "-1:1:1", "1:1:1000000", "1::1", " 1:1:1"})
    EXPECT_FALSE(Counts::parse(wrong)) << wrong;
}

TEST(TrainingConfig, WrongCombinationsAreNamed) {
  const auto expect = [](const std::string& yaml, const std::string& key, const std::string& text) {
    const std::string found = problems_of(yaml);
    EXPECT_TRUE(found.starts_with(key + ": ")) << yaml << ": " << found;
    EXPECT_NE(found.find(text), std::string::npos) << yaml << ": " << found;
  };
  expect("policy: alox", "policy", "did you mean 'allox'?");
  expect("policy: allox\njobs: {multi_gpu: true}", "policy", "one GPU only");
  expect("cluster: '0:0:0'", "cluster", "at least one whole server");
  expect("cluster: '3:4:4'\ngpus_per_server: '4:4:4'", "gpus_per_server", "must divide");
  expect("gpus_per_server: '0:1:1'", "gpus_per_server", "at least 1");
  expect("interarrival_mean_s: 0", "interarrival_mean_s", "needs jobs.count or window");
  expect("window: [5, 5]", "window", "first < end");
  expect("window: [5]", "window", "2");
  expect("window: [5, 50]\njobs: {count: 40}", "window", "beyond jobs.count");
  expect("ideal: true\njobs: {count: 40}", "ideal", "without end");
  expect("compat: published", "compat", "one of corrected, upstream");
  EXPECT_EQ(problems_of("cluster: '9:4:4'\ngpus_per_server: '4:4:4'\ncompat: upstream"), "")
      << "the remainder is dropped";
  EXPECT_EQ(problems_of("interarrival_mean_s: 0\njobs: {count: 5}"), "");
  EXPECT_EQ(problems_of("interarrival_mean_s: 0\nwindow: [0, 5]"), "");
}

TEST(TrainingConfig, ATraceExcludesWhatIsAboutGeneratedJobs) {
  const std::string trace = std::string("jobs: {trace: ") + WINDROW_SOURCE_DIR + "/traces/small_test.csv";
  EXPECT_EQ(problems_of(trace + "}"), "");
  for (const char* const key :
       {"count: 5", "multi_gpu: true", "multi_priority: true", "slos: true", "fixed_duration_s: 9"})
    EXPECT_NE(problems_of(trace + ", " + key + "}").find("excludes"), std::string::npos) << key;
}

TEST(TrainingConfig, JobsCanBeListedWithoutSimulating) {
  config::Problems problems;
  const auto tree = config::parse_yaml("{seed: 3, jobs: {multi_gpu: true, count: 7}}", "c.yaml", problems);
  const config::Schema schema = config::Schema::of<TrainingConfig>();
  const std::string text = schema.resolve(tree, problems);
  ASSERT_TRUE(problems.empty()) << problems.text();
  EXPECT_EQ(list_jobs(config::parse_canonical(text)).size(), 7u);
  const auto few = list_jobs(config::parse_canonical(text), 3);
  ASSERT_EQ(few.size(), 3u);
  EXPECT_EQ(few[0].arrival_s, 0);
  EXPECT_GT(few[1].arrival_s, 0);
  EXPECT_TRUE(few[1].duration_s);
}

}  // namespace
}  // namespace windrow::training
