// The generated jobs of the published simulator, bit for bit.
#include <gtest/gtest.h>

#include <bit>

#include "reference/training/data.hpp"
#include "training/job_source.hpp"

namespace windrow::test {
namespace {

struct JobFile {
  std::string name;
  std::uint64_t seed;
  double interarrival_mean_s;
  bool multi_gpu = false, multi_priority = false, slos = false;
  double fixed_duration_s = 0;
};

const std::vector<JobFile> kFiles = {
    {"seed0_lam0_multi", 0, 0, true},
    {"seed0_lam18000_slo", 0, 18000, false, false, true},
    {"seed0_lam9000", 0, 9000},
    {"seed0_lam9000_multi", 0, 9000, true},
    {"seed1_lam4500_multi_prio", 1, 4500, true, true},
    {"seed1_lam9000_fixed20000", 1, 9000, false, false, false, 20000},
    {"seed42_lam3000_multi_slo", 42, 3000, true, false, true},
    {"seed42_lam9000", 42, 9000},
};

class TrainingJobs : public testing::TestWithParam<JobFile> {};

TEST_P(TrainingJobs, AreThePublishedOnes) {
  const JobFile& file = GetParam();
  training::TrainingConfig config = training_config();
  config.seed = file.seed;
  config.interarrival_mean_s = file.interarrival_mean_s;
  config.jobs.multi_gpu = file.multi_gpu;
  config.jobs.multi_priority = file.multi_priority;
  config.jobs.slos = file.slos;
  if (file.fixed_duration_s != 0) config.jobs.fixed_duration_s = file.fixed_duration_s;
  config.jobs.count = 200;
  const training::Model model(config);
  training::JobSource source(model);
  const auto same = [](double value, const std::string& text) {
    return std::bit_cast<std::uint64_t>(value) == std::bit_cast<std::uint64_t>(number(text));
  };
  const auto rows = read_csv("jobs/" + file.name + ".csv");
  ASSERT_EQ(rows.size(), 200u);
  for (const CsvRow& row : rows) {
    const auto job = source.take(1e12);
    ASSERT_TRUE(job) << row.at("job_id");
    EXPECT_TRUE(same(job->arrival_s, row.at("arrival"))) << row.at("job_id");
    EXPECT_EQ(model.job_type_name(job->rate_key), row.at("job_type")) << row.at("job_id");
    EXPECT_EQ(std::to_string(job->gpus), row.at("scale_factor")) << row.at("job_id");
    EXPECT_TRUE(same(job->duration_s.value(), row.at("duration"))) << row.at("job_id");
    EXPECT_TRUE(same(job->total_steps, row.at("total_steps"))) << row.at("job_id");
    EXPECT_TRUE(same(job->priority, row.at("priority"))) << row.at("job_id");
    EXPECT_EQ(job->slo ? to_text(*job->slo) : "", row.at("slo")) << row.at("job_id");
  }
  EXPECT_FALSE(source.take(1e12)) << "more jobs than jobs.count";
}

INSTANTIATE_TEST_SUITE_P(Published, TrainingJobs, testing::ValuesIn(kFiles),
                         [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace windrow::test
