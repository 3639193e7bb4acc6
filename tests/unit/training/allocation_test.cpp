// In its steady state the round loop asks for no memory, and neither does a policy that it calls, but for answers that
// are kept for situations that come again.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>

#include "support/training.hpp"

// The address sanitizer has functions of its own that must not be mixed with these.
#ifndef __SANITIZE_ADDRESS__

namespace {
std::atomic<long> allocations = 0;
}

// Not inlined, or the compiler takes them for a mismatched pair.
__attribute__((noinline)) void* operator new(std::size_t bytes) {
  ++allocations;
  if (void* const memory = std::malloc(bytes == 0 ? 1 : bytes)) return memory;
  throw std::bad_alloc();
}
__attribute__((noinline)) void operator delete(void* memory) noexcept {
  std::free(memory);
}
__attribute__((noinline)) void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

namespace windrow::test {
namespace {

struct Count {
  double allocations = 0, calls = 0;
};

Count count(const std::string& policy, std::int64_t jobs) {
  training::TrainingConfig config = training_config();
  config.policy = policy;
  config.cluster = {12, 12, 12};
  config.interarrival_mean_s = 3600;
  config.window = {{500, 500 + jobs}};
  const training::Model model(config);
  training::Ledger ledger(model, false);
  const long before = allocations;
  EXPECT_EQ(training::run_fast(model, ledger, {}), Outcome::ok);
  return {static_cast<double>(allocations - before), static_cast<double>(ledger.calls.all)};
}

struct Most {
  const char* policy;
  double per_call;
};

class SteadyState : public testing::TestWithParam<Most> {};

TEST_P(SteadyState, AsksForNoMemory) {
  const Count few = count(GetParam().policy, 100), many = count(GetParam().policy, 400);
  ASSERT_GT(many.calls, few.calls + 100);
  // Lists of jobs grow by doubling.
  EXPECT_LE(many.allocations - few.allocations, GetParam().per_call * (many.calls - few.calls) + 20)
      << many.calls - few.calls << " calls";
}

INSTANTIATE_TEST_SUITE_P(Policies, SteadyState,
                         testing::Values(Most{"fifo", 0}, Most{"gandiva", 0}, Most{"isolated", 0}, Most{"srtf", 0},
                                         Most{"las", 0}, Most{"themis", 0}, Most{"min_total_duration_perf", 0},
                                         Most{"finish_time_fairness_perf", 2}, Most{"max_min_fairness_perf", 5},
                                         Most{"max_sum_throughput_perf", 5},
                                         Most{"max_min_fairness_strategy_proof_perf", 0},
                                         Most{"max_min_fairness_water_filling_perf", 7}),
                         [](const auto& test) { return std::string(test.param.policy); });

}  // namespace
}  // namespace windrow::test

#endif
