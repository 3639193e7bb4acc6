// Complete simulations of the published simulator, column for column and job for job.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>

#include "reference/training/data.hpp"

namespace windrow::test {
namespace {

class TrainingCase : public testing::TestWithParam<CsvRow> {};

std::uint64_t bits(double value) {
  return std::bit_cast<std::uint64_t>(value);
}

void expect_jobs(const std::string& name, const PointOutput& output) {
  const auto expected = read_csv("sim/" + name + ".csv");
  const auto& ids = job_integers(output, "job_id");
  const auto &arrivals = job_column(output, "arrival"), &jct = job_column(output, "jct");
  const auto& in_window = job_integers(output, "in_window");
  ASSERT_EQ(ids.size(), expected.size());
  int different = 0;
  for (std::size_t i = 0; i < ids.size() && different < 5; ++i) {
    const CsvRow& row = expected[i];
    const bool dropped = row.at("jct").empty();
    const bool same = ids[i] == parse_int64(row.at("job_id")) && bits(arrivals[i]) == bits(number(row.at("arrival"))) &&
                      (dropped ? std::isnan(jct[i]) : bits(jct[i]) == bits(number(row.at("jct")))) &&
                      in_window[i] == (row.at("in_window") == "1");
    different += same ? 0 : 1;
    EXPECT_TRUE(same) << "job " << row.at("job_id") << ": jct " << to_text(jct[i]) << ", expected " << row.at("jct");
  }
}

void expect_case(const CsvRow& row, Loop loop) {
  const PointOutput output = run_training(config_of(row), loop);
  EXPECT_EQ(output.outcome, Outcome::ok) << output.message;
  expect_jobs(row.at("case"), output);
  const auto near = [&](const char* column, const char* name) {
    const double value = number(row.at(column));
    EXPECT_NEAR(metric(output, name), value, 1e-12 * value) << name;
  };
  const auto exact = [&](const char* column, const char* name) {
    EXPECT_EQ(metric(output, name), number(row.at(column))) << name;
  };
  near("average_jct_s", "jct_mean");
  if (!row.at("utilization").empty()) near("utilization", "utilization");
  exact("end_time_s", "end_time");
  exact("rounds", "rounds");
  exact("allocations", "policy_calls");
  exact("lease_extensions", "lease_extensions");
  exact("lease_opportunities", "lease_opportunities");
  exact("jobs_completed", "jobs_completed");
  exact("jobs_dropped", "jobs_dropped");
}

TEST_P(TrainingCase, FastLoopGivesThePublishedResult) {
  expect_case(GetParam(), Loop::fast);
}

TEST_P(TrainingCase, PlainLoopGivesThePublishedResult) {
  expect_case(GetParam(), Loop::plain);
}

INSTANTIATE_TEST_SUITE_P(Exact, TrainingCase, testing::ValuesIn(read_csv("cases.csv")),
                         [](const auto& test) { return test.param.at("case"); });

}  // namespace
}  // namespace windrow::test
