#include "support/training.hpp"

#include <algorithm>

#include "training/report.hpp"
#include "windrow/training/results.hpp"

namespace windrow::test {

namespace {
const Description& description() {
  static const training::TrainingSimulator simulator;
  return simulator.describe();
}

const ColumnData& column(const PointOutput& output, const Table& table, std::string_view name) {
  const auto& tables = description().tables;
  const auto t = static_cast<std::size_t>(std::find(tables.begin(), tables.end(), &table) - tables.begin());
  for (std::size_t c = 0; c < table.columns.size(); ++c)
    if (table.columns[c].name == name) return output.tables.at(t).columns.at(c);
  throw std::out_of_range(std::string(name));
}
}  // namespace

training::TrainingConfig training_config() {
  training::TrainingConfig config;
  config.throughputs.path = kTrainingThroughputs;
  return config;
}

void give_what_it_needs(training::TrainingConfig& config) {
  if (training::needs_prices(config.policy)) config.prices.charged = true;
  if (training::needs_deadlines(config.policy)) config.jobs.slos = true;
}

PointOutput run_training(const training::TrainingConfig& config, Loop loop, const training::Observer& observer) {
  const training::Model model(config);
  training::Ledger ledger(model, true);
  ledger.keep_levels = true;
  MemorySink sink(description(), Keep::all());
  const Outcome outcome =
      loop == Loop::fast ? training::run_fast(model, ledger, {}) : training::run_plain(model, ledger, {}, observer);
  if (!ledger.saturation.empty()) sink.explain(ledger.saturation);
  training::report(model, ledger, outcome == Outcome::saturated, sink);
  return sink.take(outcome);
}

double metric(const PointOutput& output, std::string_view name) {
  const auto& metrics = description().metrics;
  for (std::size_t m = 0; m < metrics.size(); ++m)
    if (metrics[m]->name == name) return output.metrics.at(m);
  throw std::out_of_range(std::string(name));
}

const std::vector<double>& job_column(const PointOutput& output, std::string_view name) {
  return std::get<std::vector<double>>(column(output, training::results::jobs, name));
}

const std::vector<std::int64_t>& job_integers(const PointOutput& output, std::string_view name) {
  return std::get<std::vector<std::int64_t>>(column(output, training::results::jobs, name));
}

const std::vector<double>& level_column(const PointOutput& output, std::string_view name) {
  return std::get<std::vector<double>>(column(output, training::results::levels, name));
}

const std::vector<std::int64_t>& level_jobs(const PointOutput& output) {
  return std::get<std::vector<std::int64_t>>(column(output, training::results::levels, "job_id"));
}

}  // namespace windrow::test
