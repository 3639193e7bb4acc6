// Single calls of policies with the published simulator's allocations.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "reference/training/data.hpp"

namespace windrow::test {
namespace {

using nlohmann::json;
using training::Allocation;
using training::Cluster;
using training::JobView;
using training::PackedRates;
using training::Policy;

const json& calls() {
  static const json data = json::parse(std::ifstream(reference_path("policy_calls.json")));
  return data;
}

Cluster cluster_of(const json& gpus) {
  Cluster cluster;
  for (const auto& [name, count] : gpus.items()) {  // alphabetical
    if (count.get<int>() == 0) continue;
    cluster.type_names.push_back(name);
    cluster.gpus.push_back(count.get<int>());
  }
  return cluster;
}

JobView job(const Cluster& cluster, std::int64_t id, const json& rates, int gpus = 1, double steps_left = 0,
            double age_s = 0) {
  JobView view;
  view.id = id;
  view.rate_key = static_cast<int>(id);
  view.gpus = gpus;
  view.steps_left = steps_left;
  view.age_s = age_s;
  for (std::size_t w = 0; w < cluster.types(); ++w) view.steps_per_s[w] = rates.value(cluster.type_names[w], 0.0);
  return view;
}

std::unique_ptr<Policy> make(const std::string& name, const std::string& compat = "upstream") {
  training::TrainingConfig config = training_config();
  config.compat = compat;
  return training::policies().find(name)->make(config);
}

void expect_call(Policy& policy, const Cluster& cluster, const std::vector<JobView>& jobs, const PackedRates& packed,
                 const json& expected) {
  Allocation allocation;
  allocation.reset(jobs.size());
  policy.allocate({.cluster = cluster, .jobs = jobs, .packed = packed}, allocation);
  std::map<std::string, training::PerType> rows;
  for (std::size_t j = 0; j < jobs.size(); ++j) rows[std::to_string(jobs[j].id)] = allocation[j];
  for (const auto& pair : allocation.pairs())
    rows[fmt::format("({}, {})", jobs[pair.first].id, jobs[pair.second].id)] = pair.share;
  for (const auto& [id, shares] : expected.items())
    for (const auto& [type, share] : shares.items()) {
      const auto at = std::find(cluster.type_names.begin(), cluster.type_names.end(), type);
      const double got =
          at == cluster.type_names.end() ? 0 : rows[id][static_cast<std::size_t>(at - cluster.type_names.begin())];
      EXPECT_EQ(got, share.get<double>()) << "job " << id << " on " << type;
    }
  for (const auto& [id, row] : rows) EXPECT_TRUE(row == training::PerType{} || expected.contains(id)) << id;
}

TEST(PolicyCalls, AlloxKeepsWhatRunsAndMatchesTheRest) {
  const Cluster cluster = cluster_of({{"v100", 2}, {"p100", 1}, {"k80", 3}});
  const auto rates = [](double v100, double p100, double k80) {
    return json{{"v100", v100}, {"p100", p100}, {"k80", k80}};
  };
  const auto policy = make("allox");
  expect_call(*policy, cluster,
              {job(cluster, 0, rates(2, 1, 0.5), 1, 300), job(cluster, 1, rates(3, 2, 1), 1, 500),
               job(cluster, 2, rates(4, 3, 2), 1, 1000), job(cluster, 3, rates(1, 1, 1), 1, 500)},
              {}, calls()["allox_call1"]);
  expect_call(*policy, cluster,
              {job(cluster, 1, rates(3, 2, 1), 1, 100, 200), job(cluster, 2, rates(4, 3, 2), 1, 800, 200),
               job(cluster, 3, rates(1, 1, 1), 1, 400, 200), job(cluster, 4, rates(4, 2, 1), 1, 100, 0)},
              {}, calls()["allox_call2"]);
}

TEST(PolicyCalls, AlloxQueuesMoreJobsThanWorkers) {
  const json& data = calls()["allox_queue"];
  const Cluster cluster = cluster_of(data["cluster"]);
  std::vector<JobView> jobs;
  for (const auto& [id, rates] : data["throughputs"].items())
    jobs.push_back(job(cluster, std::stoll(id), rates, 1, data["remaining"][id], data["times_since_start"][id]));
  expect_call(*make("allox"), cluster, jobs, {}, data["allocation"]);
}

TEST(PolicyCalls, IsolatedSharesEqually) {
  ASSERT_GT(calls()["isolated"].size(), 5u);
  for (const json& data : calls()["isolated"]) {
    const Cluster cluster = cluster_of(data["cluster"]);
    std::vector<JobView> jobs;
    for (const auto& [id, gpus] : data["scale_factors"].items())
      jobs.push_back(job(cluster, std::stoll(id), {{"v100", 2}, {"p100", 1}, {"k80", 1}}, gpus));
    expect_call(*make("isolated"), cluster, jobs, {}, data["allocation"]);
  }
}

/// Two jobs that alone do (4, 4), (2, 2), (1, 1) steps per s on v100, p100, k80, and together as given.
std::vector<PackedRates::Pair> both(std::size_t types, const std::vector<PackedRates::Pair>& of_type) {
  std::vector<PackedRates::Pair> rates(types * 4);
  for (std::size_t w = 0; w < types; ++w) {
    rates[w * 4 + 1] = of_type[w];
    rates[w * 4 + 2] = {of_type[w].second, of_type[w].first};
  }
  return rates;
}

TEST(PolicyCalls, GandivaPacksOnlyWhereGpusAreShort) {
  const json& data = calls()["gandiva"];
  {
    const Cluster cluster = cluster_of(data[0]["cluster"]);
    const json rates = {{"v100", 4}, {"p100", 2}, {"k80", 1}};
    expect_call(*make("gandiva"), cluster, {job(cluster, 0, rates), job(cluster, 1, rates)},
                PackedRates(2, both(3, {{0.5, 1}, {1, 2}, {2, 3}})), data[0]["allocation"]);
  }
  const Cluster cluster = cluster_of(data[1]["cluster"]);
  const auto policy = make("gandiva");
  const std::vector<JobView> jobs = {job(cluster, 0, {{"v100", 2}}), job(cluster, 1, {{"v100", 3}})};
  expect_call(*policy, cluster, jobs, PackedRates(2, both(1, {{2, 3}})), data[1]["allocation"]);
  // Together at 1/2 + 1/3 of their speeds: parted, and, as nobody else is there, paired again.
  expect_call(*policy, cluster, jobs, PackedRates(2, both(1, {{1, 1}})), data[2]["allocation"]);
}

std::vector<JobView> fifo_jobs(const json& data, const Cluster& cluster, const std::set<std::int64_t>& gone) {
  std::vector<JobView> jobs;
  for (const auto& [id, rates] : data["throughputs"].items())
    if (!gone.contains(std::stoll(id))) jobs.push_back(job(cluster, std::stoll(id), rates, data["scale_factors"][id]));
  return jobs;
}

TEST(PolicyCalls, FifoVariantsServeInOrder) {
  for (const auto& [name, key] : {std::pair{"fifo", "fifo_base_seed0"}, {"fifo_perf", "fifo_perf"}}) {
    const json& data = calls()[key];
    const Cluster cluster = cluster_of(data["cluster"]);
    const auto policy = make(name);
    expect_call(*policy, cluster, fifo_jobs(data, cluster, {}), {}, data["call1"]);
    expect_call(*policy, cluster, fifo_jobs(data, cluster, {0, 3}), {}, data["call2_jobs_0_and_3_finished"]);
  }
}

TEST(PolicyCalls, CorrectedFifoStaysWithinTheCluster) {
  const json& data = calls()["fifo_base_seed0"];
  const Cluster cluster = cluster_of(data["cluster"]);
  const auto policy = make("fifo", "corrected");
  for (const std::set<std::int64_t>& gone : {std::set<std::int64_t>{}, {0, 3}, {0, 1, 3}}) {
    const auto jobs = fifo_jobs(data, cluster, gone);
    Allocation allocation;
    allocation.reset(jobs.size());
    policy->allocate({.cluster = cluster, .jobs = jobs, .packed = {}}, allocation);
    double given = 0;
    for (std::size_t w = 0; w < cluster.types(); ++w) {
      double used = 0;
      for (std::size_t j = 0; j < jobs.size(); ++j) used += allocation[j][w] * jobs[j].gpus;
      EXPECT_LE(used, cluster.gpus[w]) << cluster.type_names[w];
      given += used;
    }
    EXPECT_GT(given, 0);
  }
}

}  // namespace
}  // namespace windrow::test
