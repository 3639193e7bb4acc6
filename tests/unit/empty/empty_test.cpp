#include "windrow/empty/empty.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <new>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "windrow/kernel/error.hpp"
#include "windrow/simulator/output.hpp"

namespace windrow::empty {
namespace {

config::Tree tree_of(const EmptyConfig& config) {
  return config::parse_canonical(config::canonical_text(config));
}

PointOutput run(const EmptyConfig& config, Keep keep = Keep::all()) {
  return simulate(EmptySimulator(), tree_of(config), keep);
}

TEST(Empty, ItsValueIsAFunctionOfTheWholeConfiguration) {
  std::set<double> values;
  EmptyConfig config;
  for (config.seed = 0; config.seed < 1000; ++config.seed) {
    const double value = run(config).metrics[0];
    EXPECT_EQ(value, run(config).metrics[0]);
    EXPECT_GE(value, 0.0);
    EXPECT_LT(value, 1.0);
    values.insert(value);
  }
  EmptyConfig other;
  other.table_rows = 1;
  values.insert(run(other).metrics[0]);
  other.work_s = 1e-6;
  values.insert(run(other).metrics[0]);
  EXPECT_EQ(values.size(), 1002U);
}

TEST(Empty, MakesTheRowsAskedFor) {
  EmptyConfig config;
  config.table_rows = 2500;
  const PointOutput output = run(config);
  ASSERT_EQ(output.tables[0].rows(), 2500U);
  EXPECT_EQ(std::get<std::vector<std::int64_t>>(output.tables[0].columns[0]).back(), 2499);
  EXPECT_EQ(run(config, Keep{}).tables[0].rows(), 0U);
  EXPECT_EQ(run(config, Keep{}).metrics, output.metrics) << "what is kept changes no result";
}

TEST(Empty, TakesItsTimeUnlessStopped) {
  EmptyConfig config;
  config.work_s = 0.02;
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(run(config).outcome, Outcome::ok);
  EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(20));
  config.work_s = 3600;
  volatile bool stop = false;
  std::thread stopper([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    stop = true;
  });
  const PointOutput output = simulate(EmptySimulator(), tree_of(config), Keep{}, StopToken(&stop));
  stopper.join();
  EXPECT_EQ(output.outcome, Outcome::stopped);
}

TEST(Empty, ThrowsWhenAskedTo) {
  EmptyConfig config;
  config.fail = "throw";
  EXPECT_THROW(run(config), PointError);
  config.fail_seed = 3;
  config.seed = 4;
  EXPECT_EQ(run(config).outcome, Outcome::ok) << "another seed";
  config.seed = 3;
  EXPECT_THROW(run(config), PointError);
}

/// Runs a point in a child, which is killed after `kill_after_ms` if that is above 0; gives its wait status.
int status_of(const std::string& fail, std::string* said = nullptr, int kill_after_ms = 0) {
  int pipe_ends[2];
  EXPECT_EQ(pipe(pipe_ends), 0);
  const pid_t child = fork();
  if (child == 0) {
    const rlimit none{0, 0};
    setrlimit(RLIMIT_CORE, &none);
    dup2(pipe_ends[1], STDERR_FILENO);
    EmptyConfig config;
    config.fail = fail;
    run(config);
    _exit(0);
  }
  close(pipe_ends[1]);
  if (kill_after_ms > 0) {
    usleep(static_cast<useconds_t>(kill_after_ms) * 1000);
    int status = 0;
    EXPECT_EQ(waitpid(child, &status, WNOHANG), 0) << "it should hang";
    kill(child, SIGKILL);
  }
  char buffer[256];
  for (ssize_t count; (count = read(pipe_ends[0], buffer, sizeof buffer)) > 0;)
    if (said != nullptr) said->append(buffer, static_cast<std::size_t>(count));
  close(pipe_ends[0]);
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  return status;
}

TEST(Empty, DiesInTheWayAskedFor) {
  std::string said;
  const int aborted = status_of("abort", &said);
  EXPECT_TRUE(WIFSIGNALED(aborted) && WTERMSIG(aborted) == SIGABRT);
  EXPECT_NE(said.find("failing as asked: fail is abort\n"), std::string::npos) << said;
  const int crashed = status_of("segfault");
  EXPECT_TRUE(WIFSIGNALED(crashed) && WTERMSIG(crashed) == SIGSEGV);
  said.clear();
  const int left = status_of("exit", &said);
  EXPECT_TRUE(WIFEXITED(left) && WEXITSTATUS(left) == 7);
  EXPECT_NE(said.find("fail is exit"), std::string::npos);
}

TEST(Empty, HangsWhateverItIsTold) {
  const int status = status_of("hang", nullptr, 100);
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

TEST(Empty, EatsMemoryUpToItsLimit) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "the sanitizer's shadow needs all of the address space";
#endif
  const pid_t child = fork();
  if (child == 0) {
    const rlimit limit{std::size_t{1} << 28, std::size_t{1} << 28};
    setrlimit(RLIMIT_AS, &limit);
    EmptyConfig config;
    config.fail = "oom";
    try {
      run(config);
    } catch (const std::bad_alloc&) {
      _exit(42);
    }
    _exit(0);
  }
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 42);
}

TEST(Empty, LongPointsHaveHigherCostHints) {
  const EmptySimulator simulator;
  EmptyConfig busy, rows;
  busy.work_s = 1;
  rows.table_rows = 1000000;
  const double none = simulator.cost_hint(tree_of({}));
  EXPECT_GT(none, 0.0);
  EXPECT_GT(simulator.cost_hint(tree_of(busy)), 1000 * none);
  EXPECT_GT(simulator.cost_hint(tree_of(rows)), 1000 * none);
}

TEST(Empty, EveryFailureIsListed) {
  const EmptySimulator simulator;
  std::vector<std::string> listed;
  for (const Named& part : simulator.describe().parts) listed.push_back(part.name);
  for (const config::KeyInfo& key : simulator.describe().config.keys()) {
    if (key.path == "fail") {
      EXPECT_EQ(listed, key.names);
    }
  }
  EXPECT_EQ(listed.size(), 7U);
}

}  // namespace
}  // namespace windrow::empty
