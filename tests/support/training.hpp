// Runs of the training simulator in tests: from a config struct, by either loop.
#pragma once

#include <string>
#include <vector>

#include "training/fast_loop.hpp"
#include "training/plain_loop.hpp"
#include "windrow/simulator/output.hpp"
#include "windrow/training/training.hpp"

namespace windrow::test {

inline const std::string kTrainingThroughputs =
    std::string(WINDROW_SOURCE_DIR) + "/configs/training/osdi20_throughputs.csv";

/// Defaults, with the table of this source tree.
training::TrainingConfig training_config();

/// Sets what the configuration's policy means nothing without: prices, deadlines.
void give_what_it_needs(training::TrainingConfig& config);

enum class Loop { fast, plain };

/// With every table and series; `observer` is for the plain loop only.
PointOutput run_training(const training::TrainingConfig& config, Loop loop = Loop::fast,
                         const training::Observer& observer = {});

/// Value of a metric by its name.
double metric(const PointOutput& output, std::string_view name);

/// Column of the table `jobs` by its name.
const std::vector<double>& job_column(const PointOutput& output, std::string_view name);
const std::vector<std::int64_t>& job_integers(const PointOutput& output, std::string_view name);

/// Column of the table `levels` by its name, and whose rows they are.
const std::vector<double>& level_column(const PointOutput& output, std::string_view name);
const std::vector<std::int64_t>& level_jobs(const PointOutput& output);

}  // namespace windrow::test
