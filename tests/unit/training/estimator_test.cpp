// What packing policies are told where not every pair has been measured.
#include "training/estimator.hpp"

#include <gtest/gtest.h>

#include <set>

#include "support/training.hpp"

namespace windrow::test {
namespace {

using training::Estimator;
using training::JobView;
using training::Model;
using training::TrainingConfig;

TrainingConfig estimating(double profiled, std::optional<std::int64_t> references) {
  TrainingConfig config = training_config();
  config.policy = "gandiva";
  config.cluster = {4, 4, 4};
  config.estimation.profiled = profiled;
  config.estimation.reference_models = references;
  return config;
}

std::vector<int> single_gpu_keys(const Model& model) {
  std::vector<int> keys;
  for (std::size_t key = 0; key < model.rates.size(); ++key)
    if (model.rates[key].gpus == 1) keys.push_back(static_cast<int>(key));
  return keys;
}

JobView view(const Model& model, std::int64_t id, int key, int reference) {
  JobView job;
  job.id = id;
  job.rate_key = key;
  job.reference = reference;
  job.steps_per_s = model.rates[static_cast<std::size_t>(key)].steps_per_s;
  return job;
}

TEST(Estimator, WithAllReferencesAndAllCellsTellsTheTable) {
  for (const char* const compat : {"upstream", "corrected"}) {  // D7 does not show where nothing is left out
    TrainingConfig config = estimating(1, 26);
    config.compat = compat;
    const Model model(config);
    Estimator estimator(model);
    const std::vector<int> keys = single_gpu_keys(model);
    ASSERT_EQ(keys.size(), 26U);
    std::vector<int> matched;
    for (const int key : keys) {
      matched.push_back(estimator.match(key));
      EXPECT_EQ(estimator.references()[static_cast<std::size_t>(matched.back())], key) << compat;
    }
    for (std::size_t a = 0; a < keys.size(); ++a)
      for (std::size_t b = 0; b < keys.size(); ++b)
        for (std::size_t w = 0; w < 3; ++w) {
          const auto told = estimator(view(model, 0, keys[a], matched[a]), view(model, 1, keys[b], matched[b]), w);
          const auto truth = model.packed(keys[a], keys[b], w);
          EXPECT_NEAR(told.first, truth.first, 1e-5 * truth.first);
          EXPECT_NEAR(told.second, truth.second, 1e-5 * truth.second);
        }
  }
}

TEST(Estimator, MatchesMostTypesToThemselvesFromMostCells) {
  TrainingConfig config = estimating(0.6, 26);
  int right = 0, matched = 0;
  for (config.seed = 0; config.seed < 10; ++config.seed) {
    const Model model(config);
    Estimator estimator(model);
    for (const int key : single_gpu_keys(model)) {
      right += estimator.references()[static_cast<std::size_t>(estimator.match(key))] == key ? 1 : 0;
      ++matched;
    }
  }
  EXPECT_GT(right, 0.8 * matched);
}

TEST(Estimator, MatchesToNoMoreThanTheReferences) {
  const Model model(estimating(0.6, 16));
  Estimator estimator(model), again(model);
  std::set<int> matches;
  for (const int key : single_gpu_keys(model)) {
    matches.insert(estimator.match(key));
    EXPECT_TRUE(matches.contains(again.match(key))) << "the same draws";
  }
  EXPECT_LE(matches.size(), 16U);
  EXPECT_GT(matches.size(), 4U);
}

TEST(Estimator, KnowsThoseWhoHaveRunTogether) {
  const Model model(estimating(0, 1));
  Estimator estimator(model);
  const std::vector<int> keys = single_gpu_keys(model);
  const JobView a = view(model, 4, keys[0], estimator.match(keys[0]));
  const JobView b = view(model, 9, keys[5], estimator.match(keys[5]));
  const auto truth = model.packed(keys[0], keys[5], 2);
  EXPECT_NE(estimator(a, b, 2).first, truth.first);
  estimator.learn(9, 4);
  EXPECT_EQ(estimator(a, b, 2).first, truth.first);
  EXPECT_EQ(estimator(b, a, 2).second, truth.first);
}

TEST(Estimation, ChangesWhatPackingPoliciesDoAndNothingElse) {
  for (const char* const policy : {"gandiva", "fifo_packed", "max_min_fairness_packed", "isolated"}) {
    TrainingConfig config = training_config();
    config.policy = policy;
    config.cluster = {4, 4, 4};
    config.interarrival_mean_s = 4500;
    config.window = {20, 70};
    const PointOutput truth = run_training(config);
    config.estimation.reference_models = 26;
    const PointOutput told = run_training(config);
    config.estimation.profiled = 0.1;
    config.estimation.reference_models = 4;
    const PointOutput estimated = run_training(config);
    const bool packs = training::policies().find(policy)->traits.packs;
    EXPECT_EQ(job_column(estimated, "jct") != job_column(truth, "jct"), packs) << policy;
    EXPECT_EQ(job_column(estimated, "total_steps").front(), job_column(truth, "total_steps").front());
    // Float rounding apart, all references and all cells are the truth.
    EXPECT_NEAR(metric(told, "jct_mean"), metric(truth, "jct_mean"), 0.02 * metric(truth, "jct_mean")) << policy;
  }
}

}  // namespace
}  // namespace windrow::test
