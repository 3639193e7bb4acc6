// Policies asked one by one: what each is for, in small situations.
#include <gtest/gtest.h>

#include <numeric>

#include "support/training.hpp"
#include "windrow/kernel/error.hpp"
#include "windrow/training/policy.hpp"

namespace windrow::test {
namespace {

using training::Allocation;
using training::Cluster;
using training::Explanation;
using training::JobView;
using training::PackedRates;
using training::Policy;
using training::TrainingConfig;

JobView job(std::int64_t id, double k80, double p100, double v100, int gpus = 1) {
  JobView view;
  view.id = id;
  view.rate_key = static_cast<int>(id);
  view.gpus = gpus;
  view.steps_left = 1000;
  view.steps_per_s = {k80, p100, v100};
  view.v100_steps_per_s = v100;
  return view;
}

/// A cluster and its jobs, and a policy that is asked again and again.
struct World {
  Cluster cluster{{"k80", "p100", "v100"}, {1, 1, 1}};
  std::vector<JobView> jobs;
  PackedRates packed;
  training::PerType price_usd_per_h{};
  TrainingConfig config = training_config();
  std::unique_ptr<Policy> policy;

  Allocation ask(const std::string& name) {
    if (!policy) policy = training::policies().find(name)->make(config);
    Allocation out;
    out.reset(jobs.size());
    policy->allocate({cluster, jobs, packed, 0, price_usd_per_h}, out);
    return out;
  }
  const Explanation& why() const { return *policy->explanation(); }
};

double total(const training::PerType& share) {
  return std::accumulate(share.begin(), share.end(), 0.0);
}

/// Whether nobody has more than all of the time, and no type gives more GPUs than it has.
void expect_feasible(const World& world, const Allocation& out, const std::string& what) {
  std::vector<double> time(world.jobs.size()), used(world.cluster.types());
  for (std::size_t j = 0; j < world.jobs.size(); ++j) {
    time[j] += total(out[j]);
    for (std::size_t w = 0; w < used.size(); ++w) used[w] += out[j][w] * world.jobs[j].gpus;
  }
  for (const auto& pair : out.pairs()) {
    time[pair.first] += total(pair.share);
    time[pair.second] += total(pair.share);
    for (std::size_t w = 0; w < used.size(); ++w) used[w] += pair.share[w] * world.jobs[pair.first].gpus;
  }
  for (const double t : time) EXPECT_LE(t, 1 + 1e-6) << what;
  for (std::size_t w = 0; w < used.size(); ++w) EXPECT_LE(used[w], world.cluster.gpus[w] * (1 + 1e-6)) << what;
}

TEST(Policies, GiveNoMoreThanThereIsAndNeverNan) {
  for (const auto& info : training::policies().all()) {
    if (info.name == "proportional") continue;  // gives every job the same part, however many there are
    World world;
    world.cluster.gpus = {4, 3, 2};
    world.config.policy = info.name;
    world.price_usd_per_h = {0.135, 0.43, 0.74};
    const std::size_t n = 12;
    for (std::size_t j = 0; j < n; ++j) {
      const auto rate = static_cast<double>(j + 1);
      world.jobs.push_back(job(static_cast<std::int64_t>(j), rate, 1.5 * rate, (j % 3 == 0 ? 2 : 4) * rate));
      world.jobs.back().weight = j % 4 == 0 ? 5 : 1;
      world.jobs.back().deadline_left_s = j % 2 == 0 ? 1e5 : -1;  // some passed: they ask for nothing
      world.jobs.back().age_s = 100.0 * rate;
    }
    world.jobs[3].steps_per_s = {0, 0, 0};  // runs nowhere
    std::vector<PackedRates::Pair> rates(3 * n * n);
    for (std::size_t w = 0; w < 3; ++w)
      for (std::size_t a = 0; a < n; ++a)
        for (std::size_t b = 0; b < n; ++b)
          if ((a + b + w) % 3 != 0 && a != 3 && b != 3)
            rates[(w * n + a) * n + b] = {0.6 * world.jobs[a].steps_per_s[w], 0.6 * world.jobs[b].steps_per_s[w]};
    world.packed = PackedRates(n, rates);
    for (int call = 0; call < 3; ++call) {
      const Allocation out = world.ask(info.name);
      for (std::size_t j = 0; j < out.jobs(); ++j)
        for (const double share : out[j]) EXPECT_TRUE(share >= 0 && share <= 1) << info.name << " " << share;
      expect_feasible(world, out, info.name);
      EXPECT_TRUE(world.policy->explanation() == nullptr || !world.why().failed) << info.name;
      for (JobView& view : world.jobs) view.steps_left *= 0.9, view.age_s += 1920;
    }
  }
}

TEST(Policies, AnswerWhenThereIsNobody) {
  for (const auto& info : training::policies().all()) {
    World world;
    world.config.policy = info.name;
    world.price_usd_per_h = {1, 1, 1};
    EXPECT_EQ(world.ask(info.name).jobs(), 0U) << info.name;
  }
}

TEST(Policies, ThatOptimiseTakeTheBestTypeWhenThereIsRoom) {
  for (const char* const name : {"max_min_fairness_perf", "finish_time_fairness_perf", "min_total_duration_perf",
                                 "max_sum_throughput_perf", "max_min_fairness_water_filling_perf"}) {
    World world;
    world.config.tie_break = "lexicographic";
    world.jobs = {job(0, 1, 2, 3)};
    const Allocation out = world.ask(name);
    EXPECT_NEAR(out[0][2], 1, 1e-6) << name;
    EXPECT_NEAR(out[0][0] + out[0][1], 0, 1e-6) << name;
  }
}

TEST(MaxMinFairness, WeighsByPriority) {
  World world;
  world.cluster = {{"v100"}, {1}};
  world.jobs = {job(0, 2, 0, 0), job(1, 2, 0, 0)};
  world.jobs[0].weight = 3;
  const Allocation out = world.ask("max_min_fairness_perf");
  EXPECT_NEAR(out[0][0], 0.75, 1e-7);
  EXPECT_NEAR(out[1][0], 0.25, 1e-7);
  EXPECT_NEAR(world.why().objective, 0.25, 1e-7);
}

TEST(MaxMinFairness, PacksTwoJobsWhereTheyGain) {
  World world;
  world.cluster = {{"v100"}, {1}};
  world.jobs = {job(0, 2, 0, 0), job(1, 2, 0, 0)};
  world.packed = PackedRates(2, {{}, {1.5, 1.5}, {1.5, 1.5}, {}});
  const Allocation out = world.ask("max_min_fairness_packed");
  ASSERT_EQ(out.pairs().size(), 1U);
  EXPECT_NEAR(out.pairs()[0].share[0], 1, 1e-6);
  EXPECT_NEAR(world.why().objective, 0.75, 1e-6);
}

TEST(MaxMinFairness, BlindToTypesSharesThemAlike) {
  World world;
  world.jobs = {job(0, 1, 2, 100), job(1, 1, 2, 3)};
  const Allocation out = world.ask("max_min_fairness");
  for (std::size_t w = 0; w < 3; ++w) EXPECT_NEAR(out[0][w], out[1][w], 1e-6);
}

TEST(WaterFilling, DividesAnEntitysWeightAmongItsJobs) {
  World world;
  world.cluster = {{"v100"}, {1}};
  world.config.entities.weights = {1, 2};
  world.jobs = {job(0, 1, 0, 0), job(1, 1, 0, 0), job(2, 1, 0, 0)};
  world.jobs[0].entity = 0;
  world.jobs[1].entity = world.jobs[2].entity = 1;
  const Allocation out = world.ask("max_min_fairness_water_filling_perf");
  for (std::size_t j = 0; j < 3; ++j) EXPECT_NEAR(out[j][0], 1.0 / 3, 1e-6) << j;
  EXPECT_NEAR(world.why().levels[0], 1.0 / 3, 1e-6);
}

TEST(WaterFilling, GivesAnEntityOfFirstInFirstOutToItsOldestJob) {
  World world;
  world.cluster = {{"v100"}, {1}};
  world.config.entities.weights = {1, 2};
  world.config.entities.within = {"fifo"};
  world.jobs = {job(0, 1, 0, 0), job(1, 1, 0, 0), job(2, 1, 0, 0)};
  world.jobs[1].entity = world.jobs[2].entity = 1;
  const Allocation out = world.ask("max_min_fairness_water_filling_perf");
  EXPECT_NEAR(out[0][0], 1.0 / 3, 1e-6);
  EXPECT_NEAR(out[1][0], 2.0 / 3, 1e-6);
  EXPECT_NEAR(out[2][0], 0, 1e-6);
}

TEST(FinishTimeFairness, RemembersWhatAJobWouldHaveHad) {
  World world;
  world.cluster = {{"v100"}, {1}};
  world.jobs = {job(0, 1, 0, 0)};
  EXPECT_NEAR(world.ask("finish_time_fairness_perf")[0][0], 1, 1e-6);
  EXPECT_NEAR(world.why().objective, 1, 1e-9);
  // After 500 s alone, half done, a second job comes: the first would have finished after 500 + 500 / 0.5.
  world.jobs[0].steps_left = 500;
  world.jobs[0].age_s = 500;
  world.jobs.push_back(job(1, 1, 0, 0));
  const Allocation out = world.ask("finish_time_fairness_perf");
  const double rho = world.why().objective;
  EXPECT_NEAR((500 + 500 / out[0][0]) / 1500, rho, 1e-6);
  EXPECT_NEAR(1000 / out[1][0] / 2000, rho, 1e-6);
}

TEST(MinTotalDuration, TellsTheTimeAndBisectsItAsPublished) {
  World world;
  world.jobs = {job(0, 1, 2, 3)};
  world.ask("min_total_duration_perf");
  EXPECT_NEAR(world.why().objective, 1000.0 / 3, 1e-6);
  world.policy.reset();
  world.config.makespan_mode = "bisection";
  world.ask("min_total_duration_perf");
  EXPECT_NEAR(world.why().objective, 344.1162109375, 1e-9);
}

TEST(MaxSumThroughput, PrefersFewDollarsAndKeepsDeadlines) {
  World world;
  world.cluster = {{"k80", "v100"}, {1, 1}};
  world.price_usd_per_h = {0.1, 10, 0};
  world.jobs = {job(0, 1, 3, 0)};
  EXPECT_NEAR(world.ask("max_sum_throughput_perf")[0][1], 1, 1e-6);
  world.policy.reset();
  EXPECT_NEAR(world.ask("max_sum_throughput_normalized_by_cost_perf")[0][0], 1, 1e-6);
  world.policy.reset();
  world.jobs[0].deadline_left_s = 500;  // 2 steps/s are needed, 1 does not do
  const Allocation out = world.ask("max_sum_throughput_normalized_by_cost_perf_SLOs");
  EXPECT_NEAR(out[0][0] + 3 * out[0][1], 2, 1e-5);
  EXPECT_FALSE(world.why().floors_dropped);
  world.jobs[0].deadline_left_s = 100;  // nobody can do 10
  EXPECT_NEAR(world.ask("")[0][0], 1, 1e-5);
  EXPECT_TRUE(world.why().floors_dropped);
}

TEST(Realisable, GivesNothingOfATypeThatIsTooSmall) {
  World world;
  world.cluster.gpus = {8, 4, 4};
  world.jobs = {job(0, 1, 2, 4, 8)};
  EXPECT_GT(world.ask("max_min_fairness_perf")[0][2], 0.1);
  world.policy.reset();
  world.config.realisable = true;
  const Allocation out = world.ask("max_min_fairness_perf");
  EXPECT_NEAR(out[0][0], 1, 1e-6);
  EXPECT_EQ(out[0][1] + out[0][2], 0);
}

TEST(StrategyProof, DiscountsWhatAJobTakesFromTheOthers) {
  World world;
  world.jobs = {job(0, 0.5, 1, 2), job(1, 1, 2, 3), job(2, 1, 1.5, 4)};
  const Allocation out = world.ask("max_min_fairness_strategy_proof_perf");
  EXPECT_NEAR(world.why().discounts[0], 0.625, 1e-5);  // the published example
  EXPECT_NEAR(world.why().discounts[1], 0.73964, 1e-5);
  EXPECT_NEAR(out[1][1], 0.73964, 1e-4);
  world.policy.reset();
  world.jobs.resize(1);
  world.ask("max_min_fairness_strategy_proof_perf");
  EXPECT_EQ(world.why().discounts[0], 1);
}

TEST(Srtf, ServesTheShortestFirstOnItsFastestFreeType) {
  World world;
  world.cluster = {{"k80", "v100"}, {1, 1}};
  world.jobs = {job(0, 1, 2, 0), job(1, 1, 2, 0), job(2, 1, 2, 0)};
  world.jobs[0].steps_left = 3000;
  world.jobs[1].steps_left = 10;
  const Allocation out = world.ask("srtf");
  EXPECT_EQ(out[1][1], 1);
  EXPECT_EQ(out[2][0], 1);
  EXPECT_EQ(total(out[0]), 0);
}

TEST(Las, PutsThoseWhoHaveHadMuchBehindThoseWhoHaveNot) {
  World world;
  world.cluster = {{"v100"}, {1}};
  world.config.las.threshold_gpu_s = 100;
  world.jobs = {job(0, 1, 0, 0), job(1, 1, 0, 0)};
  EXPECT_EQ(world.ask("las")[0][0], 1);
  world.jobs[0].attained_gpu_s = 100;
  EXPECT_EQ(world.ask("las")[1][0], 1);
  world.jobs[1].attained_gpu_s = 100;
  EXPECT_EQ(world.ask("las")[0][0], 1);
}

TEST(Las, SeesWhatJobsHaveReceivedInASimulation) {
  // Two long jobs on one GPU: with a low threshold the second is served once the first has crossed it.
  TrainingConfig config = training_config();
  config.policy = "las";
  config.cluster = {1, 0, 0};
  config.interarrival_mean_s = 0;
  config.jobs.count = 2;
  config.jobs.fixed_duration_s = 36000;
  config.las.threshold_gpu_s = 1e12;
  const auto fifo = job_column(run_training(config), "jct");
  config.las.threshold_gpu_s = 3600;
  const PointOutput las = run_training(config), plain = run_training(config, Loop::plain);
  EXPECT_GT(job_column(las, "jct")[0], fifo[0] + 1800);
  EXPECT_EQ(job_column(las, "jct"), job_column(plain, "jct"));
}

TEST(Themis, OffersGpusToTheWorstTreated) {
  World world;
  world.cluster = {{"v100"}, {1}};
  world.jobs = {job(0, 1, 0, 0), job(1, 1, 0, 0)};
  world.ask("themis");
  world.jobs[0].steps_left = 100;  // has run all the time
  world.jobs[0].age_s = world.jobs[1].age_s = 900;
  EXPECT_EQ(world.ask("themis")[1][0], 1);
}

TEST(Entities, OfGeneratedJobsAreDrawnFromAStreamOfTheirOwn) {
  TrainingConfig config = training_config();
  config.policy = "max_min_fairness_water_filling_perf";
  config.cluster = {4, 4, 4};
  config.window = {0, 60};
  config.interarrival_mean_s = 9000;
  const auto without = run_training(config);
  config.entities.weights = {1, 5};
  const auto with = run_training(config);
  EXPECT_EQ(job_column(with, "arrival"), job_column(without, "arrival"));
  EXPECT_EQ(job_column(with, "total_steps"), job_column(without, "total_steps"));
  EXPECT_NE(job_column(with, "jct"), job_column(without, "jct"));
}

}  // namespace
}  // namespace windrow::test
