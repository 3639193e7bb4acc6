// The first rounds of published runs: which job runs on which GPUs, and the first allocations.
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <sstream>

#include "reference/training/data.hpp"

namespace windrow::test {
namespace {

using training::Combination;

Combination parse_combination(const std::string& text) {
  const std::size_t plus = text.find('+');
  if (plus == std::string::npos) return {std::stoll(text), -1};
  return {std::stoll(text.substr(0, plus)), std::stoll(text.substr(plus + 1))};
}

struct Round {
  double time_s;
  std::int64_t active_jobs;
  std::map<Combination, std::vector<int>> gpus;
};
struct Shares {
  double time_s;
  std::map<Combination, std::map<std::string, double>> shares;
};

class TrainingRounds : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    std::ifstream file(reference_path("rounds/" + GetParam() + ".txt"));
    ASSERT_TRUE(file);
    for (std::string line; std::getline(file, line);) {
      std::istringstream words(line);
      std::string kind, time, word;
      words >> kind >> time;
      if (kind == "round") {
        Round& round = rounds_.emplace_back(Round{number(time), 0, {}});
        words >> round.active_jobs;
        while (words >> word) read_gpus(word, round);
      } else {
        Shares& shares = allocations_.emplace_back(Shares{number(time), {}});
        while (words >> word) read_shares(word, shares);
      }
    }
    ASSERT_GE(rounds_.size(), 100u);
    ASSERT_GE(allocations_.size(), 10u);
  }

  static void read_gpus(const std::string& word, Round& round) {
    const std::size_t equals = word.find('=');
    auto& gpus = round.gpus[parse_combination(word.substr(0, equals))];
    std::istringstream list(word.substr(equals + 1));
    for (std::string gpu; std::getline(list, gpu, ',');) gpus.push_back(std::stoi(gpu));
  }

  static void read_shares(const std::string& word, Shares& shares) {
    const std::size_t equals = word.find('=');
    auto& row = shares.shares[parse_combination(word.substr(0, equals))];
    std::istringstream list(word.substr(equals + 1));
    for (std::string share; std::getline(list, share, ',');) {
      const std::size_t colon = share.find(':');
      row[share.substr(0, colon)] = number(share.substr(colon + 1));
    }
  }

  std::vector<Round> rounds_;
  std::vector<Shares> allocations_;
};

TEST_P(TrainingRounds, AreThePublishedOnes) {
  const training::TrainingConfig config = config_of(case_named(GetParam()));
  // Policies that ask a solver: 1e-13 where they ask for time, 2e-9 where some shares are all but free.
  const double tolerance = config.policy.starts_with("m") ? 5e-9 : 0;
  const std::vector<std::string> types = {"k80", "p100", "v100"};
  std::size_t round = 0, call = 0;
  training::Observer observer;
  observer.on_round = [&](double now_s, std::int64_t active_jobs, std::span<const training::Placed> placed) {
    if (round >= rounds_.size()) return;
    const Round& expected = rounds_[round++];
    EXPECT_EQ(now_s, expected.time_s) << "round " << round;
    EXPECT_EQ(active_jobs, expected.active_jobs) << "round " << round;
    std::map<Combination, std::vector<int>> gpus;
    for (const auto& p : placed) gpus[p.id] = p.gpus;
    EXPECT_TRUE(gpus == expected.gpus) << "round " << round << " at " << to_text(now_s);
  };
  observer.on_allocation = [&](double now_s, const std::vector<std::pair<Combination, training::PerType>>& shares) {
    if (call >= allocations_.size()) return;
    const Shares& expected = allocations_[call++];
    EXPECT_EQ(now_s, expected.time_s) << "call " << call;
    EXPECT_EQ(shares.size(), expected.shares.size()) << "call " << call;
    for (const auto& [id, share] : shares) {
      const auto row = expected.shares.find(id);
      for (std::size_t w = 0; w < types.size(); ++w) {
        const bool listed = row != expected.shares.end() && row->second.contains(types[w]);
        EXPECT_NEAR(share[w], listed ? row->second.at(types[w]) : 0.0, tolerance)
            << "call " << call << " at " << to_text(now_s) << ", job " << id.first;
      }
    }
  };
  run_training(config, Loop::plain, observer);
  EXPECT_EQ(round, rounds_.size());
  EXPECT_EQ(call, allocations_.size());
}

INSTANTIATE_TEST_SUITE_P(Published, TrainingRounds,
                         testing::Values("A_s0_allox", "A_s0_fifo", "B_s0_fifo", "B_s0_fifo_packed", "B_s0_fifo_perf",
                                         "B_s0_gandiva", "B_s0_isolated", "A_s0_max_min_fairness_perf",
                                         "B_s0_max_min_fairness_perf", "B_s0_min_total_duration",
                                         "B_s0_min_total_duration_perf"),
                         [](const auto& test) { return test.param; });

}  // namespace
}  // namespace windrow::test
