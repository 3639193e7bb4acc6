// Hierarchical fairness over time (Gavel, OSDI 2020, figure 11): what each of 18 jobs of three entities gets as they
// come one by one. sweeps/osdi20-fig11.yaml is the same as a sweep.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "reference/training/data.hpp"

namespace windrow::test {
namespace {

constexpr std::size_t kJobs = 18;
constexpr double kSpacing_s = 1440;  // of arrivals: four rounds

/// What each job gets while so many are present: [jobs present][job].
using Levels = std::vector<std::vector<double>>;

struct Variant {
  std::string within, rates, flavour;
};

Levels levels_of(const Variant& variant, const std::string& mode, const std::string& column, Loop loop,
                 const std::string& tie_break = "auto") {
  const bool random = variant.rates == "random";
  const std::string root = WINDROW_SOURCE_DIR;
  training::TrainingConfig config = training_config();
  config.policy = "max_min_fairness_water_filling" + std::string(variant.flavour == "perf" ? "_perf" : "");
  config.cluster = {3, 3, 3};
  config.gpus_per_server = {1, 1, 1};
  config.entities.weights = {1, 2, 3};
  config.entities.within = {variant.within};
  config.water_filling_mode = mode;
  config.tie_break = tie_break;
  config.reset_interval_s = 1;
  config.jobs.trace =
      config::FileRef{root + (random ? "/traces/osdi20_fig11.csv" : "/traces/osdi20_fig11_models.csv"), {}};
  if (random) config.throughputs.path = root + "/configs/training/osdi20_fig11_throughputs.csv";
  const PointOutput output = run_training(config, loop);
  const auto &time = level_column(output, "time"), &values = level_column(output, column);
  const auto& jobs = level_jobs(output);
  Levels levels(kJobs + 1);
  for (std::size_t row = 0; row < values.size(); ++row) {
    // The last job has come at 17 spacings, and no job has ended a spacing later.
    const double present = std::floor(time[row] / kSpacing_s);
    if (present >= static_cast<double>(kJobs)) break;
    auto& call = levels[static_cast<std::size_t>(present) + 1];
    EXPECT_EQ(call.size(), static_cast<std::size_t>(jobs[row]))
        << "no job ends, and the policy is asked once per arrival";
    call.push_back(values[row]);
  }
  for (std::size_t n = 1; n <= kJobs; ++n) EXPECT_EQ(levels[n].size(), n);
  return levels;
}

std::vector<CsvRow> rows_of(const std::string& file, const Variant& variant) {
  std::vector<CsvRow> rows;
  for (const CsvRow& row : read_csv(file))
    if (row.at("within") == variant.within && row.at("rates") == variant.rates &&
        (!row.contains("flavour") || row.at("flavour") == variant.flavour))
      rows.push_back(row);
  EXPECT_EQ(rows.size(), kJobs * (kJobs + 1) / 2);
  return rows;
}

double at(const Levels& levels, const CsvRow& row) {
  return levels.at(static_cast<std::size_t>(number(row.at("jobs"))))
      .at(static_cast<std::size_t>(number(row.at("job"))));
}

class Figure11 : public testing::TestWithParam<Variant> {};
class Figure11Perf : public Figure11 {};  // there are no exact levels of the blind flavour

std::vector<Variant> variants(const std::vector<std::string>& within, const std::vector<std::string>& flavours) {
  std::vector<Variant> all;
  for (const std::string& w : within)
    for (const char* const rates : {"random", "models"})
      for (const std::string& flavour : flavours) all.push_back({w, rates, flavour});
  return all;
}

std::string name_of(const testing::TestParamInfo<Variant>& test) {
  return test.param.within + "_" + test.param.rates + "_" + test.param.flavour;
}

TEST_P(Figure11Perf, LevelsAreTheLexicographicOnes) {
  for (const Loop loop : {Loop::fast, Loop::plain}) {
    const Levels levels = levels_of(GetParam(), "exact", "level", loop);
    for (const CsvRow& row : rows_of("fig11_exact_levels.csv", GetParam()))
      EXPECT_NEAR(at(levels, row), number(row.at("level")), 1.1e-6) << row.at("job") << " of " << row.at("jobs");
  }
}

// The published figure shows another point of the optimal face, but one of a single round: nobody is below the level of
// that round, and somebody is at it.
TEST_P(Figure11, ThePublishedFigureIsAnOptimumOfASingleRound) {
  constexpr double kDigits = 0.51e-3;  // three decimals are printed
  for (const Loop loop : {Loop::fast, Loop::plain}) {
    const Levels levels = levels_of(GetParam(), "single_round", "level", loop, "central");
    std::vector<double> nearest(kJobs + 1, 1.0);
    for (const CsvRow& row : rows_of("fig11_published_levels.csv", GetParam())) {
      const double above = number(row.at("level")) - at(levels, row);
      EXPECT_GE(above, -kDigits) << row.at("job") << " of " << row.at("jobs");
      double& least = nearest[static_cast<std::size_t>(number(row.at("jobs")))];
      least = std::min(least, std::abs(above));
    }
    for (std::size_t n = 1; n <= kJobs; ++n) EXPECT_LE(nearest[n], kDigits) << n << " jobs";
  }
}

// Which optimum that is, is where the published solver stops.
TEST_P(Figure11, ThroughputsAreThePublishedOnes) {
  for (const Loop loop : {Loop::fast, Loop::plain}) {
    const Levels levels = levels_of(GetParam(), "single_round", "throughput", loop);
    for (const CsvRow& row : rows_of("fig11_published_levels.csv", GetParam()))
      EXPECT_NEAR(at(levels, row), number(row.at("level")), 0.501e-3) << row.at("job") << " of " << row.at("jobs");
  }
}

INSTANTIATE_TEST_SUITE_P(Variants, Figure11, testing::ValuesIn(variants({"fairness", "fifo"}, {"perf", "base"})),
                         name_of);
INSTANTIATE_TEST_SUITE_P(Variants, Figure11Perf, testing::ValuesIn(variants({"fairness", "fifo"}, {"perf"})), name_of);

}  // namespace
}  // namespace windrow::test
