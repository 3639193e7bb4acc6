#include "training/model.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "windrow/kernel/error.hpp"

namespace windrow::training {

namespace {
constexpr std::array kTypeNames = {"k80", "p100", "v100"};
}

Model::Model(const TrainingConfig& config_in)
    : config(config_in),
      upstream(config.upstream()),
      policy(policies().find(config.policy)),
      table(workload::ThroughputTable::read(config::present_path(config.throughputs))),
      window(config.measured()) {
  WINDROW_CHECK(policy != nullptr, "no policy {}", config.policy);
  lay_out_cluster();
  tabulate_rates();
  if (config.jobs.trace) trace = workload::read_trace(config::present_path(*config.jobs.trace), table);
  if (window && !trace.empty() && (*window)[1] > static_cast<std::int64_t>(trace.size()))
    throw InputError(fmt::format("{}: window: must not reach beyond the {} jobs of the trace", config.jobs.trace->path,
                                 trace.size()));
  check_entities();
  check_estimation();
  if (config.jobs.multi_gpu) check_distributed_types();
  if (config.policy == "allox") check_one_gpu_each();
}

void Model::check_one_gpu_each() const {
  for (std::size_t id = 0; id < trace.size(); ++id)
    if (const int gpus = rates[static_cast<std::size_t>(trace[id].key)].gpus; gpus != 1)
      throw InputError(fmt::format("{}: policy: allox serves jobs of one GPU only, but job {} wants {}",
                                   config.jobs.trace->path, id, gpus));
}

void Model::check_estimation() const {
  if (!config.estimation.on()) return;
  for (std::size_t j = 0; j < trace.size(); ++j)
    if (rates[static_cast<std::size_t>(trace[j].key)].gpus != 1)
      throw InputError(fmt::format("{}: job {}: estimation is for jobs of one GPU only", config.jobs.trace->path, j));
  const auto types = static_cast<std::int64_t>(
      std::count_if(rates.begin(), rates.end(), [](const JobRates& kind) { return kind.gpus == 1; }));
  if (config.estimation.reference_models.value_or(1) > types)
    throw InputError(fmt::format("{}: estimation.reference_models: must be at most the {} job types of the table",
                                 config.throughputs.path, types));
}

void Model::check_entities() const {
  const auto entities = static_cast<int>(config.entities.weights.size());
  for (std::size_t j = 0; j < trace.size() && entities > 0; ++j)
    if (trace[j].entity >= entities)
      throw InputError(fmt::format("{}: job {}: entity {} is beyond the {} of entities.weights",
                                   config.jobs.trace->path, j, trace[j].entity, entities));
}

void Model::check_distributed_types() const {
  bool any = false;
  for (const auto& type : table.job_types()) any = any || type.distributed;
  if (!any) throw InputError(fmt::format("{}: no distributed job type for jobs.multi_gpu", config.throughputs.path));
  for (std::size_t j = 0; j < table.job_types().size(); ++j)
    for (const int gpus : {2, 4, 8})
      if (table.job_types()[j].distributed && !table.find_key(static_cast<int>(j), gpus))
        throw InputError(fmt::format("{}: no throughput of {} on {} GPUs, which jobs.multi_gpu needs",
                                     config.throughputs.path, table.job_types()[j].name, gpus));
}

void Model::lay_out_cluster() {
  const auto gpus = config.cluster.alphabetical(), per_server = config.gpus_per_server.alphabetical();
  const std::array prices = {config.prices.k80_usd_per_h, config.prices.p100_usd_per_h, config.prices.v100_usd_per_h};
  int next = 0;
  for (std::size_t w = 0; w < gpus.size(); ++w) {
    const int whole = gpus[w] / per_server[w] * per_server[w];  // what fills no server is dropped
    if (whole == 0) continue;
    if (config.prices.charged) price_usd_per_h[cluster.types()] = prices[w];
    cluster.type_names.emplace_back(kTypeNames[w]);
    cluster.gpus.push_back(whole);
    first_gpu.push_back(next);
    type_in_spec.push_back(w);
    next += whole;
  }
}

void Model::tabulate_rates() {
  const std::size_t keys = table.keys().size(), types = cluster.types();
  rates.resize(keys);
  std::vector<PackedRates::Pair> pairs(types * keys * keys);
  const std::size_t words = (keys + 63) / 64;
  fits.assign(types * keys * words, 0);
  for (std::size_t w = 0; w < types; ++w) {
    const auto type = table.find_gpu_type(cluster.type_names[w]);
    if (!type) throw InputError(fmt::format("{}: no GPU type {}", config.throughputs.path, cluster.type_names[w]));
    for (std::size_t key = 0; key < keys; ++key) {
      JobRates& r = rates[key];
      r.gpus = table.keys()[key].gpus;
      r.steps_per_s[w] = table.alone(static_cast<int>(key), *type);
      r.round_steps[w] = std::trunc(r.steps_per_s[w] * config.round_length_s);
      r.round_s[w] = r.steps_per_s[w] > 0 ? r.round_steps[w] / r.steps_per_s[w] : 0;
      for (std::size_t other = 0; other < keys; ++other) {
        const auto pair = table.pair(static_cast<int>(key), static_cast<int>(other), *type);
        pairs[(w * keys + key) * keys + other] = {pair.first, pair.second};
        if (pair.first > 0 && pair.second > 0)
          fits[(w * keys + key) * words + other / 64] |= std::uint64_t{1} << other % 64;
      }
    }
  }
  if (const auto v100 = table.find_gpu_type("v100"))
    for (std::size_t key = 0; key < keys; ++key)
      rates[key].v100_steps_per_s = table.alone(static_cast<int>(key), *v100);
  packed = PackedRates(keys, std::move(pairs));
  std::vector<std::size_t> order(keys);
  for (std::size_t w = 0; w < types; ++w) {
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return rates[a].round_s[w] > rates[b].round_s[w]; });
    for (std::size_t k = 0; k < keys; ++k) rates[order[k]].rank[w] = static_cast<int>(k);
  }
}

bool Model::can_run(int rate_key) const {
  const JobRates& kind = rates[static_cast<std::size_t>(rate_key)];
  for (std::size_t w = 0; w < cluster.types(); ++w)
    if (kind.steps_per_s[w] > 0 && kind.gpus <= cluster.gpus[w]) return true;
  return false;
}

double Model::duration_s(const Job& job) const {
  if (job.duration_s) return *job.duration_s;
  const double v100 = rates[static_cast<std::size_t>(job.rate_key)].v100_steps_per_s;
  return v100 > 0 ? job.total_steps / v100 : std::numeric_limits<double>::infinity();
}

}  // namespace windrow::training
