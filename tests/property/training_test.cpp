// Properties of the training-cluster simulator over arbitrary configurations.
#include "support/training.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>
#include <numeric>
#include <set>

#include "windrow/kernel/error.hpp"
#include "windrow/kernel/random.hpp"
#include "windrow/kernel/text.hpp"

namespace windrow::test {
namespace {

using training::TrainingConfig;

/// Draws configurations in which much happens in a short run: small clusters, loads from light to hopeless.
class ConfigSource {
 public:
  explicit ConfigSource(std::uint64_t seed) : seed_(seed), random_(seed) {}

  TrainingConfig draw(const std::string& folder) {
    TrainingConfig config = training_config();
    const auto names = training::policy_names();
    config.policy = names[seed_ % names.size()];
    config.seed = random_.below(1000);
    config.compat = coin() ? "upstream" : "corrected";
    const int per_server = one_of({1, 1, 2, 4});
    config.gpus_per_server = {per_server, 1, per_server};
    const auto gpus = [&](int step) {
      return step * static_cast<int>(random_.below(10 / static_cast<unsigned>(step) + 1));
    };
    config.cluster = {gpus(per_server), gpus(1), gpus(per_server)};
    if (config.cluster.v100 + config.cluster.p100 + config.cluster.k80 == 0) config.cluster.v100 = 8;
    config.round_length_s = one_of({360.0, 360.0, 360.0, 720.0, 100.1, 33.3, 2000.0});
    config.reset_interval_s = one_of({1920.0, 1920.0, 0.0, 500.0, 1e5});
    config.max_failed_attempts = one_of({5, 5, 1, 2});
    config.global_queue = random_.below(6) == 0;
    config.ideal = random_.below(12) == 0;
    config.prices.charged = coin();
    config.allox.alpha = one_of({1.0, 1.0, 0.5, 0.0});
    config.limits.rounds = 3000;
    give_what_it_needs(config);
    if (!config.ideal && random_.below(3) == 0)
      draw_trace(config, folder);
    else
      draw_generated(config);
    return config;
  }

 private:
  bool coin() { return random_.below(2) == 0; }
  /// Pairs are many, and some policies solve a problem with all of them at each call.
  static std::uint64_t most_jobs(const TrainingConfig& config) {
    return training::policies().find(config.policy)->traits.packs ? 12 : 40;
  }
  template <class T>
  T one_of(std::initializer_list<T> values) {
    return values.begin()[random_.below(values.size())];
  }

  void draw_generated(TrainingConfig& config) {
    config.jobs.multi_gpu = config.policy != "allox" && coin();
    if (training::policies().find(config.policy)->traits.packs && coin()) {
      config.jobs.multi_gpu = false;
      config.estimation.profiled = one_of({1.0, 0.6, 0.1, 0.0});
      config.estimation.reference_models = one_of({26, 10, 1});
    }
    config.jobs.multi_priority = coin();
    config.jobs.slos = coin() || training::needs_deadlines(config.policy);
    config.steady_state = random_.below(4) == 0;
    if (random_.below(4) == 0) config.jobs.fixed_duration_s = one_of({500.0, 20000.0, 3600.0});
    config.interarrival_mean_s = one_of({0.0, 600.0, 2000.0, 9000.0, 18000.0, 60000.0});
    if (config.ideal) config.interarrival_mean_s = 9000.0;
    if (!config.ideal && (coin() || config.interarrival_mean_s == 0)) {
      config.jobs.count = static_cast<std::int64_t>(1 + random_.below(most_jobs(config)));
    } else {
      const auto first = static_cast<std::int64_t>(random_.below(most_jobs(config)));
      config.window = {first, first + 1 + static_cast<std::int64_t>(random_.below(most_jobs(config) / 2))};
    }
  }

  void draw_trace(TrainingConfig& config, const std::string& folder) {
    const std::vector<std::string> types = {"ResNet-18 (batch size 64)", "ResNet-50 (batch size 128)",
                                            "LM (batch size 80)", "Transformer (batch size 16)"};
    const std::string path = folder + "/jobs.csv";
    std::ofstream file(path);
    file << "job_type,total_steps,scale_factor,priority,slo,arrival\n";
    double arrival_s = coin() ? 0 : 1000;
    const double gap_s = one_of({0.0, 100.0, 5000.0});
    const std::uint64_t count = 1 + random_.below(most_jobs(config));
    for (std::uint64_t j = 0; j < count; ++j) {
      const int gpus = config.policy == "allox" ? 1 : one_of({1, 1, 2, 4, 8});
      file << types[random_.below(types.size())] << ',' << 1 + random_.below(200000) << ',' << gpus << ','
           << one_of({1, 5}) << ',' << (coin() ? "2" : "") << ',' << to_text(arrival_s) << '\n';
      arrival_s += gap_s * random_.random();
    }
    config.jobs.trace = config::FileRef{path, {}};
    if (random_.below(4) == 0) config.window = {0, static_cast<std::int64_t>(1 + random_.below(count))};
  }

  std::uint64_t seed_;
  PythonRandom random_;
};

class TrainingProperty : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = (std::filesystem::temp_directory_path() / ("windrow_training_" + std::to_string(::getpid()))).string();
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  TrainingConfig arbitrary(std::uint64_t seed) { return ConfigSource(seed).draw(folder_); }

  std::string folder_;
};

struct Result {
  PointOutput output;
  std::string error;
};

Result run(const TrainingConfig& config, Loop loop, const training::Observer& observer = {}) {
  try {
    return {run_training(config, loop, observer), ""};
  } catch (const PointError& error) {
    return {{}, error.what()};
  }
}

std::string describe(const TrainingConfig& config) {
  std::string text = config.policy + " " + config.compat + " cluster " +
                     config::Format<training::GpuCounts>::text(config.cluster) + " seed " +
                     std::to_string(config.seed) + " gap " + to_text(config.interarrival_mean_s) + " round " +
                     to_text(config.round_length_s) + " reset " + to_text(config.reset_interval_s);
  for (const auto& [name, on] : {std::pair{"multi_gpu", config.jobs.multi_gpu},
                                 {"steady", config.steady_state},
                                 {"ideal", config.ideal},
                                 {"global", config.global_queue},
                                 {"trace", config.jobs.trace.has_value()},
                                 {"window", config.window.has_value()}})
    if (on) text += std::string(" ") + name;
  return text;
}

#if defined(__SANITIZE_ADDRESS__)
constexpr int kEach = 4;  // of each policy: nine times slower
#else
constexpr int kEach = 15;
#endif

TEST_F(TrainingProperty, FastLoopEqualsPlainLoopBitForBit) {
  std::map<std::string, int> finished;
  for (std::uint64_t seed = 0; seed < kEach * training::policy_names().size(); ++seed) {
    const TrainingConfig config = arbitrary(seed);
    const Result plain = run(config, Loop::plain), fast = run(config, Loop::fast);
    ASSERT_EQ(fast.error, plain.error) << "seed " << seed << ": " << describe(config);
    if (!plain.error.empty()) continue;
    ++finished[config.policy];
    for (std::size_t m = 0; m < plain.output.metrics.size(); ++m)
      ASSERT_EQ(std::bit_cast<std::uint64_t>(fast.output.metrics[m]),
                std::bit_cast<std::uint64_t>(plain.output.metrics[m]))
          << "metric " << m << ": " << to_text(fast.output.metrics[m]) << " and " << to_text(plain.output.metrics[m])
          << ", seed " << seed << ": " << describe(config);
    ASSERT_EQ(encode(fast.output), encode(plain.output)) << "seed " << seed << ": " << describe(config);
  }
  for (const std::string& policy : training::policy_names()) EXPECT_GE(finished[policy], (kEach + 1) / 2) << policy;
}

TEST_F(TrainingProperty, NoGpuRunsTwoJobsAndNoJobRunsTwice) {
  std::int64_t rounds = 0, pairs = 0, wide = 0;
  for (std::uint64_t seed = 1000; seed < 1080; ++seed) {
    const TrainingConfig config = arbitrary(seed);
    const training::Model model(config);
    training::Observer observer;
    observer.on_round = [&](double now_s, std::int64_t active_jobs, std::span<const training::Placed> placed) {
      std::set<int> gpus;
      std::set<training::JobId> jobs;
      for (const auto& p : placed) {
        pairs += p.id.pair() ? 1 : 0;
        wide += p.gpus.size() > 1 ? 1 : 0;
        ASSERT_TRUE(jobs.insert(p.id.first).second) << "job " << p.id.first << " twice, seed " << seed;
        if (p.id.pair()) {
          ASSERT_TRUE(jobs.insert(p.id.second).second) << "seed " << seed;
        }
        ASSERT_GE(p.finish_s, now_s);
        ASSERT_LE(p.finish_s, now_s + config.round_length_s * (1 + 1e-9)) << "longer than a round, seed " << seed;
        for (const int gpu : p.gpus) {
          ASSERT_TRUE(gpus.insert(gpu).second) << "GPU " << gpu << " twice, seed " << seed;
          ASSERT_GE(gpu, model.first_gpu[p.type]);
          ASSERT_LT(gpu, model.first_gpu[p.type] + model.cluster.gpus[p.type]) << "of another type, seed " << seed;
        }
      }
      ASSERT_LE(static_cast<std::int64_t>(jobs.size()), active_jobs);
      ++rounds;
    };
    run(config, Loop::plain, observer);
    ASSERT_FALSE(HasFatalFailure()) << describe(config);
  }
  EXPECT_GT(rounds, 10000);
  EXPECT_GT(pairs, 100);
  EXPECT_GT(wide, 1000);
}

TEST_F(TrainingProperty, GpuTimeIsConserved) {
  int checked = 0;
  for (std::uint64_t seed = 2000; seed < 2120; ++seed) {
    TrainingConfig config = arbitrary(seed);
    config.compat = "corrected";
    config.gpus_per_server = {1, 1, 1};
    config.ideal = false;
    if (training::policies().find(config.policy)->traits.packs) config.policy = "isolated";
    // What each round's micro-tasks use; the last step's are never completed.
    double used = 0, this_round = 0;
    training::Observer observer;
    observer.on_round = [&](double now_s, std::int64_t, std::span<const training::Placed> placed) {
      used += this_round;
      this_round = 0;
      for (const auto& p : placed) this_round += (p.finish_s - now_s) * static_cast<double>(p.gpus.size());
    };
    const Result result = run(config, Loop::plain, observer);
    if (!result.error.empty()) continue;
    if (result.output.outcome == Outcome::saturated) used += this_round;  // it ends before a last step is made
    const training::Model model(config);
    const double total = model.cluster.total_gpus() * metric(result.output, "end_time");
    const double busy = total - metric(result.output, "idle_gpu_time");
    EXPECT_NEAR(busy, used, 1e-9 * total) << "seed " << seed << ": " << describe(config);
    EXPECT_LE(busy, total * (1 + 1e-12)) << "seed " << seed << ": " << describe(config);
    EXPECT_NEAR(metric(result.output, "utilization"), total > 0 ? busy / total : 0, 1e-9) << "seed " << seed;
    ++checked;
  }
  EXPECT_GE(checked, 60);
}

TEST_F(TrainingProperty, NoJobIsFasterThanItsFastestGpu) {
  std::size_t jobs = 0;
  for (std::uint64_t seed = 3000; seed < 3100; ++seed) {
    TrainingConfig config = arbitrary(seed);
    config.ideal = false;
    const Result result = run(config, Loop::fast);
    if (!result.error.empty()) continue;
    const training::Model model(config);
    const auto &jct = job_column(result.output, "jct"), &steps = job_column(result.output, "total_steps");
    const auto &arrival = job_column(result.output, "arrival"), &completion = job_column(result.output, "completion");
    for (std::size_t i = 0; i < jct.size(); ++i) {
      if (std::isnan(jct[i])) continue;
      const auto& type = std::get<std::vector<std::string>>(result.output.tables[0].columns[1])[i];
      const auto key = model.table.find_key(model.table.find_job_type(type).value(),
                                            static_cast<int>(job_integers(result.output, "scale_factor")[i]));
      const auto& rates = model.rates[static_cast<std::size_t>(key.value())].steps_per_s;
      const double fastest = *std::max_element(rates.begin(), rates.end());
      EXPECT_GE(jct[i], steps[i] / fastest * (1 - 1e-9)) << "job " << i << ", seed " << seed;
      EXPECT_EQ(jct[i], completion[i] - arrival[i]);
      ++jobs;
    }
  }
  EXPECT_GT(jobs, 1000u);
}

TEST_F(TrainingProperty, GpusThatNobodyNeedsChangeNothing) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    TrainingConfig config = training_config();
    config.policy = seed % 2 == 0 ? "fifo_perf" : "gandiva";
    config.seed = seed;
    config.jobs.multi_gpu = true;
    config.jobs.count = 20;
    config.cluster = {160, 0, 0};  // 20 jobs of at most 8 GPUs
    const PointOutput before = run_training(config);
    config.cluster.v100 += 40;
    const PointOutput after = run_training(config);
    EXPECT_EQ(job_column(after, "jct"), job_column(before, "jct")) << "seed " << seed;
    EXPECT_LT(metric(after, "utilization"), metric(before, "utilization")) << "seed " << seed;
  }
}

}  // namespace
}  // namespace windrow::test
