// The sample output of the published experiments guide: AlloX, 36:36:36, jobs 4000 to 4999, to every printed digit.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "reference/training/data.hpp"

namespace windrow::test {
namespace {

struct Line {
  std::uint64_t seed;
  double interarrival_mean_s;
  const char *jct_mean, *utilization;
};

class SampleExperiment : public testing::TestWithParam<Line> {};

TEST_P(SampleExperiment, GivesThePrintedDigits) {
  training::TrainingConfig config = training_config();
  config.policy = "allox";
  config.cluster = {36, 36, 36};
  config.window = {4000, 5000};
  config.compat = "upstream";
  config.seed = GetParam().seed;
  config.interarrival_mean_s = GetParam().interarrival_mean_s;
  const PointOutput output = run_training(config);
  EXPECT_EQ(output.outcome, Outcome::ok);
  EXPECT_EQ(fmt::format("{:.6f}", metric(output, "jct_mean")), GetParam().jct_mean);
  EXPECT_EQ(fmt::format("{:.6f}", metric(output, "utilization")), GetParam().utilization);
}

INSTANTIATE_TEST_SUITE_P(
    Published, SampleExperiment,
    testing::Values(Line{42, 9000, "59492.106756", "0.060797"}, Line{1234, 9000, "64494.582453", "0.061878"},
                    Line{15, 9000, "54834.129989", "0.060839"}, Line{42, 4500, "59770.441018", "0.121262"},
                    Line{1234, 4500, "64695.450528", "0.123312"}, Line{15, 4500, "55072.401336", "0.121365"}),
    [](const auto& test) { return fmt::format("Seed{}Gap{}", test.param.seed, test.param.interarrival_mean_s); });

}  // namespace
}  // namespace windrow::test
