// What the published figures say, over seeds: differences between policies by a paired t-test. Label `slow`.
#include <gtest/gtest.h>

#include <cmath>

#include "support/training.hpp"
#include "windrow/kernel/stats.hpp"

namespace windrow::test {
namespace {

constexpr std::uint64_t kSeeds = 10;
constexpr double kStudent = 4.781;  // 99.95 % quantile of Student's t with 9 degrees of freedom

double jct_mean_s(const std::string& policy, double rate_per_h, std::uint64_t seed, const std::string& tie_break) {
  training::TrainingConfig config = training_config();
  config.policy = policy;
  config.tie_break = tie_break;
  config.cluster = {36, 36, 36};
  config.interarrival_mean_s = 3600 / rate_per_h;
  config.window = {500, 1000};
  config.seed = seed;
  config.jobs.multi_gpu = true;
  const PointOutput output = run_training(config);
  EXPECT_EQ(output.outcome, Outcome::ok) << policy << " " << seed << ": " << output.message;
  return metric(output, "jct_mean");
}

/// Student's t of JCT(a) / JCT(b) - 1 over the seeds, each of which gives both the same jobs.
struct Paired {
  double mean, t;
};
Paired compare(const std::string& a, const std::string& b, double rate_per_h, const std::string& tie_a = "central",
               const std::string& tie_b = "central") {
  Mean difference;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed)
    difference.add(jct_mean_s(a, rate_per_h, seed, tie_a) / jct_mean_s(b, rate_per_h, seed, tie_b) - 1);
  return {difference.mean(), difference.mean() / difference.standard_error()};
}

TEST(SlowScience, KnowingTheTypesIsWorthAThird) {
  for (const char* const policy : {"max_min_fairness", "finish_time_fairness"}) {
    const Paired gain = compare(std::string(policy) + "_perf", policy, 1.0);
    EXPECT_LT(gain.t, -kStudent) << policy << " " << gain.mean;
    EXPECT_LT(gain.mean, -0.2) << policy;
    EXPECT_GT(gain.mean, -0.4) << policy;
  }
}

TEST(SlowScience, PackingCostsAtLowLoad) {
  const Paired cost = compare("max_min_fairness_packed", "max_min_fairness_perf", 0.6);
  EXPECT_GT(cost.t, kStudent) << cost.mean;
  EXPECT_GT(cost.mean, 0.01);
  EXPECT_LT(cost.mean, 0.15);
}

TEST(SlowScience, WhichOptimumHardlyMattersForTheMeanJct) {
  // The scheduler fills what shares leave free, so a job with little time on its fastest type gets more than its share.
  for (const char* const other : {"lexicographic", "vertex"})
    EXPECT_LT(std::abs(compare("max_min_fairness_perf", "max_min_fairness_perf", 0.6, "central", other).mean), 0.005)
        << other;
}

TEST(SlowScience, SharesByTypeBeatEqualSharesAndKnowingDurationsBeatsBoth) {
  EXPECT_LT(compare("max_min_fairness_perf", "isolated", 1.4).t, -kStudent);
  EXPECT_LT(compare("srtf", "isolated", 1.4).t, -kStudent);
}

}  // namespace
}  // namespace windrow::test
