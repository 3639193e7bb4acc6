// What the commands print of real files: the literal text where it is stable.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "support/process.hpp"
#include "windrow/kernel/text.hpp"

namespace windrow {
namespace {

using test::Finished;
using test::TemporaryFolder;

/// Four GPUs of each type, six jobs: milliseconds.
constexpr const char* kSmallConfig = "policy: fifo\ncluster: \"4:4:4\"\njobs: {count: 6}\n";

/// Twelve points, one of which is skipped; two axes move together.
constexpr const char* kGrid =
    "name: grid\n"
    "simulator: empty\n"
    "set: {table_rows: 2}\n"
    "axes:\n"
    "  work_s: {log_from: 0.0001, log_to: 0.01, count: 3}\n"
    "  seed: {from: 0, count: 4}\n"
    "  fail_seed: [100, 200, 300]\n"
    "zip: [[work_s, fail_seed]]\n"
    "skip: [\"work_s>0.005 seed=2\"]\n"
    "output: {tables: [rows]}\n";

class Commands : public testing::Test {
 protected:
  Finished windrow(std::vector<std::string> arguments) { return test::windrow(std::move(arguments), folder_.path()); }
  /// stdout of a command that ends well.
  std::string out(std::vector<std::string> arguments) {
    const Finished finished = windrow(std::move(arguments));
    EXPECT_EQ(finished.status, 0) << finished.err;
    return finished.out;
  }
  static std::string lines(const std::string& text, std::size_t first, std::size_t count) {
    std::size_t begin = 0;
    for (; first > 0; --first) begin = text.find('\n', begin) + 1;
    std::size_t end = begin;
    for (; count > 0 && end < text.size(); --count) end = text.find('\n', end) + 1;
    return text.substr(begin, end - begin);
  }
  static std::vector<std::string> fields(const std::string& line) {
    std::vector<std::string> all;
    std::istringstream in(line);
    for (std::string one; std::getline(in, one, ',');) all.push_back(one);
    return all;
  }
  std::string last_line(const std::string& text) {
    const std::size_t end = text.find_last_not_of('\n');
    return text.substr(text.rfind('\n', end) + 1, end - text.rfind('\n', end));
  }
  TemporaryFolder folder_;
};

TEST_F(Commands, EverySweepThatComesWithWindrowCanBePlanned) {
  std::vector<std::string> sweeps;
  for (const auto& entry : std::filesystem::directory_iterator(WINDROW_SOURCE_DIR "/sweeps"))
    if (entry.path().extension() == ".yaml") sweeps.push_back(entry.path().string());
  std::sort(sweeps.begin(), sweeps.end());
  ASSERT_FALSE(sweeps.empty());
  for (const std::string& sweep : sweeps) {
    const Finished finished = windrow({"plan", sweep, "--no-sample"});
    EXPECT_EQ(finished.status, 0) << sweep << '\n' << finished.err;
    const std::string name = std::filesystem::path(sweep).stem().string();
    EXPECT_EQ(finished.out.rfind("sweep " + name + ": ", 0), 0u) << "named after its file\n" << finished.out;
  }
}

TEST_F(Commands, SimulatePrintsOneJsonObject) {
  folder_.write("c.yaml", kSmallConfig);
  const auto json = nlohmann::json::parse(out({"simulate", "c.yaml", "--json"}));
  EXPECT_EQ(json.at("status"), "ok");
  EXPECT_EQ(json.at("metrics").at("jobs_completed"), 6);
  EXPECT_TRUE(json.at("metrics").at("jct_mean_high_priority").is_null()) << "NaN is no JSON";
  for (const char* name : {"jct_mean", "jct_p50", "jct_p90", "jct_p99", "jct_max", "utilization", "idle_gpu_time",
                           "makespan", "window_duration", "queue_length_mean", "jobs_dropped", "cost", "slo_violations",
                           "lease_extension_fraction", "rounds"})
    EXPECT_TRUE(json.at("metrics").at(name).is_number()) << name;
  const auto other = nlohmann::json::parse(out({"simulate", "c.yaml", "--json", "--set", "seed=4"}));
  EXPECT_NE(other.at("metrics").at("jct_mean"), json.at("metrics").at("jct_mean"));
}

TEST_F(Commands, SimulateReportsAFailureInJsonAndByItsStatus) {
  folder_.write("c.yaml", kSmallConfig);
  const Finished failed = windrow({"simulate", "c.yaml", "--json", "--set", "limits.rounds=5"});
  EXPECT_EQ(failed.status, 1);
  const auto json = nlohmann::json::parse(failed.out);
  EXPECT_EQ(json.at("status"), "failed");
  EXPECT_EQ(json.at("message"), "not done after limits.rounds = 5 rounds");
  EXPECT_EQ(failed.err, "failed: not done after limits.rounds = 5 rounds\n");
}

TEST_F(Commands, SimulateSaysWhyARunIsSaturated) {
  folder_.write("c.yaml", "policy: fifo\ncluster: \"1:0:0\"\narrival_rate: 50\nwindow: [0, 400]\n");
  const auto json = nlohmann::json::parse(out({"simulate", "c.yaml", "--json"}));
  EXPECT_EQ(json.at("status"), "saturated");
  EXPECT_NE(json.at("message").get<std::string>().find("the queue grows without bound"), std::string::npos);
}

TEST_F(Commands, SimulateWritesTablesAndSeriesAsCsv) {
  folder_.write("c.yaml", kSmallConfig);
  out({"simulate", "c.yaml", "--tables", "new/folder"});
  const std::string jobs = test::read_file(folder_.file("new/folder/jobs.csv"));
  EXPECT_EQ(lines(jobs, 0, 1), "job_id,job_type,scale_factor,priority,arrival,total_steps,completion,jct,in_window\n");
  EXPECT_EQ(std::count(jobs.begin(), jobs.end(), '\n'), 7);
  EXPECT_TRUE(lines(jobs, 1, 1).starts_with("0,")) << jobs;
  EXPECT_EQ(lines(test::read_file(folder_.file("new/folder/cluster.csv")), 0, 1),
            "time,utilization,active_jobs,queue_length,idle_k80,idle_p100,idle_v100\n");
}

TEST_F(Commands, SimulateWritesATimelineWhenAskedTo) {
  folder_.write("c.yaml", "strategy: bamboo_compat\nduration_s: 3600\n");
  out({"simulate", "c.yaml", "--tables", "few"});
  EXPECT_FALSE(std::filesystem::exists(folder_.file("few/events.csv")));
  EXPECT_EQ(lines(test::read_file(folder_.file("few/instances.csv")), 0, 1),
            "name,added,ready,removed,hours_running\n");
  out({"simulate", "c.yaml", "--timeline", "--tables", "all"});
  const std::string events = test::read_file(folder_.file("all/events.csv"));
  EXPECT_EQ(lines(events, 0, 1),
            "n,time_ms,kind,name,event_version,status_before,status_after,instances,running,waiting,pipelines,stages,"
            "version,steps,fatal,step_ms,fallback_active,rendezvous_size,overloaded\n");
  EXPECT_TRUE(lines(events, 1, 1).starts_with("0,0,ADD,node1,,STOPPED,STOPPED,1,0,")) << events;
  // Another strategy, another table under that name.
  out({"simulate", "c.yaml", "--timeline", "--tables", "all", "--set", "strategy=ckpt_tick_compat"});
  EXPECT_EQ(lines(test::read_file(folder_.file("all/events.csv")), 0, 2), "ws,t_seconds,event,event_id\n32,0,step,0\n");
}

TEST_F(Commands, ImportPrintsWhatIsInATraceAndWritesItsEvents) {
  const std::string traces = std::string(WINDROW_SOURCE_DIR) + "/traces/spot/";
  const std::string text = out({"import", "spot-trace", traces + "p3-64-counts.csv", "--terminations",
                                traces + "p3-64-terminations.csv", "-o", "events.csv"});
  EXPECT_NE(text.find("MTTP                                          221.875  s"), std::string::npos) << text;
  EXPECT_NE(text.find("add: {chance_per_min: 0.14366197183098592, mean: 2.5416666666666665, std: 1.9456261184790364"),
            std::string::npos)
      << text;
  folder_.write("c.yaml", "strategy: redundant\nduration_s: 21300\navailability: {kind: trace, file: events.csv}\n");
  const auto json = nlohmann::json::parse(out({"simulate", "c.yaml", "--json"}));
  EXPECT_EQ(json.at("metrics").at("additions"), 196) << "8 at the start, 188 later";
  const auto statistics =
      nlohmann::json::parse(out({"import", "spot-trace", traces + "v100-counts.csv", "--json", "--victim", "random"}));
  EXPECT_EQ(statistics.at("count changes"), 120);
  EXPECT_EQ(windrow({"import", "spot-trce", "x"}).err,
            "windrow import: unknown kind 'spot-trce'; did you mean 'spot-trace'? (there is spot-trace)\n");
  const Finished wrong = windrow({"import", "spot-trace", traces + "p3.csv", "-o", "wrong.csv"});
  EXPECT_EQ(wrong.status, 2);
  EXPECT_NE(wrong.err.find("p3.csv:1: expected a time as 2021-07-26T18:42:00Z, found '0 add'"), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(folder_.file("wrong.csv")));
  EXPECT_EQ(windrow({"import", "spot-trace", traces + "p3-64-counts.csv", "--victim", "old"}).err,
            "--victim: expected oldest, youngest or random, found 'old'\n");
}

TEST_F(Commands, EverySweepOfTheSpotSimulatorIsSoundAndItsPointsRun) {
  int sweeps = 0;
  for (const auto& entry : std::filesystem::directory_iterator(std::string(WINDROW_SOURCE_DIR) + "/sweeps")) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with("spot-")) continue;
    ++sweeps;
    const Finished run = windrow({"run", entry.path().string(), "-o", name + ".h5", "--limit", "20", "--quiet"});
    EXPECT_NE(run.status, 1) << name << run.err;
    EXPECT_NE(run.status, 2) << name << run.err;
  }
  EXPECT_GE(sweeps, 9);
}

TEST_F(Commands, SimulateKeepsEverythingInAResultFileAndRefusesAnother) {
  folder_.write("c.yaml", kSmallConfig);
  out({"simulate", "c.yaml", "-o", "one.h5"});
  EXPECT_EQ(out({"verify", "one.h5", "--rerun", "1"}),
            "one.h5: sound, 1 point, 1 of them run again with the same bits\n");
  const std::string digest = out({"digest", "one.h5"});
  const Finished other = windrow({"simulate", "c.yaml", "--set", "seed=4", "-o", "one.h5"});
  EXPECT_EQ(other.status, 2);
  EXPECT_NE(other.err.find("seed: file has 0, sweep has 4"), std::string::npos) << other.err;
  EXPECT_EQ(out({"digest", "one.h5"}), digest);
  out({"simulate", "c.yaml", "--set", "seed=4", "-o", "one.h5", "--fresh"});
  EXPECT_NE(out({"digest", "one.h5"}), digest);
  EXPECT_EQ(out({"digest", "one.h5.old"}), digest);
}

TEST_F(Commands, JobsListsWhatSimulateWouldRun) {
  folder_.write("c.yaml", kSmallConfig);
  const std::string jobs = out({"jobs", "c.yaml"});
  EXPECT_EQ(lines(jobs, 0, 4),
            "job_id,arrival,job_type,scale_factor,duration,total_steps,priority,slo\n"
            "0,0,ResNet-18 (batch size 64),1,68344.35010595087,1646636.2758419,1,\n"
            "1,2445.860729103015,Transformer (batch size 16),1,31016.60914593223,343170.46864225325,1,\n"
            "2,9517.748275290956,Recommendation (batch size 2048),1,2146.6088374387864,16034.37819420177,1,\n");
  EXPECT_EQ(std::count(jobs.begin(), jobs.end(), '\n'), 7);
  EXPECT_EQ(out({"jobs", "c.yaml", "--limit", "3"}), lines(jobs, 0, 4));
}

TEST_F(Commands, PlanListsZippedAndSkippedPoints) {
  folder_.write("s.yaml", kGrid);
  EXPECT_EQ(out({"plan", "s.yaml", "--no-sample"}),
            "sweep grid: 11 points of simulator empty\n\n"
            "  axis       values\n"
            "  work_s          3  0.0001, 0.001, 0.01\n"
            "  seed            4           0, 1, 2, 3\n"
            "  fail_seed       3        100, 200, 300\n\n"
            "result file: results/grid.h5 (does not exist yet)\n");
  const std::string points = out({"plan", "s.yaml", "--points", "--only", "work_s>0.005"});
  std::string labels;
  for (std::size_t i = 0; i < 3; ++i) labels += lines(points, i, 1).substr(0, 2) + lines(points, i, 1).substr(35);
  EXPECT_EQ(labels,
            "8 work_s=0.01 seed=0 fail_seed=300\n"
            "9 work_s=0.01 seed=1 fail_seed=300\n"
            "10 work_s=0.01 seed=3 fail_seed=300\n");
  EXPECT_FALSE(std::filesystem::exists(folder_.file("results"))) << "plan writes nothing";
}

TEST_F(Commands, PlanKnowsWhatIsDoneAndWhatAnotherSweepIs) {
  folder_.write("s.yaml", kGrid);
  EXPECT_EQ(windrow({"run", "s.yaml", "--limit", "4", "--quiet"}).status, 3);
  EXPECT_EQ(last_line(out({"plan", "s.yaml", "--no-sample"})), "result file: results/grid.h5 (4 of 11 points done)");
  EXPECT_EQ(windrow({"run", "s.yaml", "--quiet"}).status, 0);
  EXPECT_EQ(last_line(out({"plan", "s.yaml"})), "nothing is left to run");
  EXPECT_EQ(last_line(out({"run", "s.yaml"})), "grid: nothing was left to run → results/grid.h5");
  EXPECT_EQ(last_line(out({"plan", "s.yaml", "--no-sample", "--set", "table_rows=3"})),
            "result file: results/grid.h5 (its 11 points are not of this sweep; `windrow run` goes on with it only if "
            "they differ by axis values alone)");
}

TEST_F(Commands, RunRefusesAnotherSweepsFileAndNamesTheKey) {
  folder_.write("s.yaml", kGrid);
  out({"run", "s.yaml", "--quiet"});
  const std::string before = test::read_file(folder_.file("results/grid.h5"));
  const Finished refused = windrow({"run", "s.yaml", "--set", "table_rows=3"});
  EXPECT_EQ(refused.status, 2);
  EXPECT_EQ(
      refused.err,
      "results/grid.h5: this file belongs to another sweep; the configurations differ in\n"
      "  table_rows: file has 2, sweep has 3\n"
      "nothing was changed; choose another file with -o FILE, or start anew with --fresh, which keeps this one as "
      "results/grid.h5.old\n");
  EXPECT_EQ(test::read_file(folder_.file("results/grid.h5")), before);
  EXPECT_FALSE(std::filesystem::exists(folder_.file("results/grid.h5.journal")));
}

TEST_F(Commands, StatusCountsAndSaysWhatToDo) {
  folder_.write("s.yaml", kGrid);
  EXPECT_EQ(windrow({"run", "s.yaml", "--limit", "4", "--quiet"}).status, 3);
  EXPECT_EQ(lines(out({"status", "results/grid.h5"}), 1, 1),
            "4 of 11 points done: 4 ok, 0 saturated, 0 failed, 7 pending; no run is writing it: `windrow run` goes on "
            "where it stopped\n");
  EXPECT_EQ(windrow({"status", "--quiet", "results/grid.h5"}).status, 3);
  const Finished incomplete = windrow({"verify", "results/grid.h5", "--rerun", "2"});
  EXPECT_EQ(incomplete.out,
            "incomplete: 7 of 11 points have no result (7 not run, 0 failed)\n"
            "results/grid.h5: sound, 11 points, 2 of them run again with the same bits\n");
  EXPECT_EQ(incomplete.status, 3);
  out({"run", "s.yaml", "--quiet"});
  EXPECT_EQ(lines(out({"status", "results/grid.h5"}), 1, 1),
            "11 of 11 points done: 11 ok, 0 saturated, 0 failed, 0 pending; complete\n");
  EXPECT_EQ(out({"status", "--quiet", "results/grid.h5"}), "");
}

TEST_F(Commands, StatusListsFailedPoints) {
  folder_.write("s.yaml",
                "name: s\nsimulator: empty\nset: {fail: exit, fail_seed: 1}\naxes:\n  seed: {from: 0, count: 3}\n");
  EXPECT_EQ(windrow({"run", "s.yaml", "--quiet"}).status, 1);
  const std::string status = out({"status", "results/s.h5"});
  EXPECT_NE(status.find("\nfailed: seed=1: exited with status 7; its last output:\nfailing as asked: fail is exit\n"),
            std::string::npos)
      << status;
}

TEST_F(Commands, ShowGivesMeansOverSeeds) {
  folder_.write("s.yaml", kGrid);
  out({"run", "s.yaml", "--quiet"});
  EXPECT_EQ(out({"show", "results/grid.h5"}),
            "work_s  fail_seed  points            value\n"
            "0.0001        100       4  0.4180 ± 0.5361\n"
            " 0.001        200       4  0.6733 ± 0.5801\n"
            "  0.01        300       3  0.5418 ± 0.1391\n");
  EXPECT_EQ(out({"show", "results/grid.h5", "--by", "seed", "--where", "work_s<0.005 seed>=2"}),
            "seed  points           value\n"
            "   2       2  0.6330 ± 2.539\n"
            "   3       2  0.5173 ± 5.766\n\n"
            "means over work_s, fail_seed, not over seeds alone: see --by and --where\n");
}

TEST_F(Commands, WhereMeansWhatOnlyMeans) {
  folder_.write("s.yaml",
                "name: s\nsimulator: empty\naxes:\n  work_s: {from: 0.0004, to: 0.0020, count: 5}\n"
                "  fail: [never, throw, exit]\n  fail_seed: [1, 2]\n");
  out({"run", "s.yaml", "--quiet"});
  for (const char* condition : {"work_s=0.0012", "work_s!=0.0012", "work_s<=0.0012", "work_s<0.0012",
                                "work_s=0.0004,0.0012", "fail=never,exit", "fail!=never,exit", "fail_seed=2,1"}) {
    const std::string points = out({"plan", "s.yaml", "--points", "--only", condition});
    const std::string rows =
        out({"show", "results/s.h5", "--csv", "--by", "work_s,fail,fail_seed", "--where", condition});
    EXPECT_EQ(std::count(rows.begin(), rows.end(), '\n') - 1, std::count(points.begin(), points.end(), '\n'))
        << condition;
  }
  const Finished refused = windrow({"show", "results/s.h5", "--where", "work_s<0.1,0.2"});
  EXPECT_EQ(refused.status, 2);
  EXPECT_EQ(refused.err, "--where work_s<0.1,0.2: work_s: expected one value after <, found '<0.1,0.2'\n");
}

TEST_F(Commands, ShowAsCsvIsNumbersOnly) {
  folder_.write("s.yaml", kGrid);
  out({"run", "s.yaml", "--quiet"});
  EXPECT_EQ(lines(out({"show", "results/grid.h5", "--csv"}), 0, 1),
            "work_s,fail_seed,points,value,value_ci95,value_n,saturated,failed,pending\n");
  const std::string across = out({"show", "results/grid.h5", "--csv", "--by", "work_s", "--across", "seed"});
  EXPECT_EQ(lines(across, 0, 1), "work_s,0,0_ci95,0_n,1,1_ci95,1_n,2,2_ci95,2_n,3,3_ci95,3_n\n");
  EXPECT_EQ(across.find_first_not_of("0123456789.,eworksanci_\n-"), std::string::npos) << across;
  EXPECT_TRUE(lines(across, 3, 1).find(",,,0,") != std::string::npos) << "a skipped point has no mean: " << across;
}

TEST_F(Commands, VersusGivesPairedDifferences) {
  folder_.write("base.yaml", kSmallConfig);
  folder_.write("s.yaml",
                "name: s\nsimulator: training\nconfig: base.yaml\naxes:\n  policy: [fifo, max_min_fairness, gandiva]\n"
                "  seed: {from: 0, count: 3}\n");
  out({"run", "s.yaml", "--quiet"});
  std::map<std::string, std::vector<double>> jct;  // by policy: the seeds in order
  std::istringstream values(out({"show", "results/s.h5", "--csv", "--by", "policy,seed", "--metric", "jct_mean"}));
  std::string line;
  std::getline(values, line);
  while (std::getline(values, line)) {
    const std::vector<std::string> cells = fields(line);
    jct[cells.at(0)].push_back(*parse_double(cells.at(3)));
  }
  std::istringstream table(
      out({"show", "results/s.h5", "--csv", "--by", "policy", "--metric", "jct_mean", "--versus", "fifo"}));
  std::getline(table, line);
  EXPECT_EQ(line, "policy,jct_mean_difference,jct_mean_ci95,jct_mean_pairs,jct_mean_relative");
  for (const std::string policy : {"max_min_fairness", "gandiva"}) {
    std::array<double, 3> difference{};
    for (std::size_t seed = 0; seed < 3; ++seed) difference[seed] = jct[policy].at(seed) - jct["fifo"].at(seed);
    const double mean = (difference[0] + difference[1] + difference[2]) / 3;
    double squares = 0;
    for (const double one : difference) squares += (one - mean) * (one - mean);
    const double half = 4.302652729911275 * std::sqrt(squares / 2 / 3);  // Student's t, two degrees of freedom
    ASSERT_TRUE(std::getline(table, line));
    const std::vector<std::string> cells = fields(line);
    ASSERT_EQ(cells.size(), 5U) << line;
    EXPECT_EQ(cells[0], policy);
    EXPECT_NEAR(*parse_double(cells[1]), mean, 1e-9 * std::abs(mean));
    EXPECT_NEAR(*parse_double(cells[2]), half, 1e-9 * half);
    EXPECT_EQ(cells[3], "3");
    std::istringstream shown(out({"show", "results/s.h5", "--by", "policy", "--metric", "jct_mean", "--versus", "fifo",
                                  "--where", fmt::format("policy={},fifo", policy)}));
    std::string text;
    std::getline(shown, text);
    std::getline(shown, text);
    EXPECT_EQ(text.find(" *,") != std::string::npos, std::abs(mean) > half) << text;
    EXPECT_NEAR(*parse_double(cells[4]), 3 * mean / (jct["fifo"][0] + jct["fifo"][1] + jct["fifo"][2]), 1e-12);
  }
  EXPECT_FALSE(std::getline(table, line)) << "the reference itself has no row: " << line;
}

TEST_F(Commands, VersusLeavesOutPairsOfWhichOneHasNoValue) {
  folder_.write("s.yaml",
                "name: s\nsimulator: empty\naxes:\n  fail: [never, throw]\n  fail_seed: [1]\n"
                "  table_rows: [0, 2]\n  seed: {from: 0, count: 3}\n");
  EXPECT_EQ(windrow({"run", "s.yaml", "--quiet"}).status, 1);
  for (const char* axis : {"fail", "table_rows"}) {
    const std::string table = out({"show", "results/s.h5", "--csv", "--by", axis, "--versus",
                                   fmt::format("{}={}", axis, axis == std::string("fail") ? "never" : "0.0")});
    const std::vector<std::string> cells = fields(lines(table, 1, 1));
    ASSERT_EQ(cells.size(), 5U) << table;
    EXPECT_EQ(cells[3], axis == std::string("fail") ? "4" : "5") << "of six; seed 1 fails where it throws: " << table;
  }
}

TEST_F(Commands, VersusKnowsTheValuesThatThereAre) {
  folder_.write("base.yaml", kSmallConfig);
  folder_.write("s.yaml",
                "name: s\nsimulator: training\nconfig: base.yaml\naxes: {policy: [fifo, gandiva], seed: [1]}\n");
  folder_.write("e.yaml", "name: e\nsimulator: empty\naxes: {seed: [1, 2]}\n");
  out({"run", "s.yaml", "--quiet"});
  out({"run", "e.yaml", "--quiet"});
  const auto refused = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "show");
    const Finished finished = windrow(std::move(arguments));
    EXPECT_EQ(finished.status, 2);
    EXPECT_EQ(finished.out, "");
    return finished.err;
  };
  EXPECT_EQ(refused({"results/s.h5", "--versus", "gandivo"}),
            "--versus: no point has policy=gandivo; did you mean 'gandiva'?; expected one of fifo, gandiva\n");
  EXPECT_EQ(refused({"results/e.h5", "--versus", "fifo"}),
            "--versus fifo: this file has no axis 'policy': expected AXIS=VALUE to compare with\n");
  EXPECT_EQ(refused({"results/s.h5", "--versus", "sed=1"}).substr(0, 40),
            refused({"results/s.h5", "--by", "sed"}).substr(0, 40));
  EXPECT_EQ(refused({"results/s.h5", "--versus", "seed=1"}),
            "--versus seed=1: there is nothing else to compare with it\n");
  EXPECT_EQ(refused({"results/s.h5", "--versus", "fifo", "--across", "policy"}),
            "--across: cannot be combined with --versus\n");
}

TEST_F(Commands, OutputThatCannotBeWrittenIsAnError) {
  folder_.write("s.yaml", kGrid);
  out({"run", "s.yaml", "--quiet"});
  const Finished finished = test::run(
      {"/bin/sh", "-c", std::string(WINDROW_PROGRAM) + " digest results/grid.h5 > /dev/full"}, folder_.path());
  EXPECT_EQ(finished.status, 1);
  EXPECT_EQ(finished.err, "windrow: the output could not be written: No space left on device\n");
}

TEST_F(Commands, AFileThatChangedFailsTheRerunByName) {
  const std::string trace = folder_.write(
      "t, ü=\"x'.csv", "job_type,total_steps,scale_factor,priority,slo,arrival\nA3C,100,1,1,,0\nA3C,100,1,1,,5\n");
  folder_.write("s.yaml",
                "name: s\nsimulator: training\nset: {jobs.trace: \"t, ü=\\\"x'.csv\"}\naxes:\n  seed: [1, 2]\n");
  out({"run", "s.yaml", "--quiet"});
  EXPECT_EQ(windrow({"verify", "results/s.h5", "--rerun", "2"}).status, 0);
  folder_.write("t, ü=\"x'.csv", "job_type,total_steps,scale_factor,priority,slo,arrival\nA3C,100,1,1,,0\n");
  const Finished verified = windrow({"verify", "results/s.h5", "--rerun", "1"});
  EXPECT_EQ(verified.status, 1);
  EXPECT_NE(verified.out.find("jobs.trace: " + trace + " has changed since this point was made"), std::string::npos)
      << verified.out;
}

TEST_F(Commands, AFileOfTheDataFolderIsFoundAgainByItsContentWhenTheFolderHasMoved) {
  const std::string jobs = "job_type,total_steps,arrival\nA3C,100,0\nA3C,100,5\n";
  folder_.write("data/traces/t.csv", jobs);
  folder_.write("s.yaml", "name: s\nsimulator: training\nset: {jobs.trace: traces/t.csv}\naxes:\n  seed: [1, 2]\n");
  const auto with_data = [&](const std::string& data, std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), WINDROW_PROGRAM);
    return test::run(arguments, folder_.path(), {{"WINDROW_DATA", folder_.file(data)}});
  };
  ASSERT_EQ(with_data("data", {"run", "s.yaml", "--quiet"}).status, 0);
  std::filesystem::rename(folder_.file("data"), folder_.file("moved"));
  EXPECT_EQ(with_data("data", {"verify", "results/s.h5", "--rerun", "2"}).status, 1);
  const Finished found = with_data("moved", {"verify", "results/s.h5", "--rerun", "2"});
  EXPECT_EQ(found.status, 0) << found.out;
  folder_.write("moved/traces/t.csv", jobs + "A3C,100,6\n");
  EXPECT_EQ(with_data("moved", {"verify", "results/s.h5", "--rerun", "2"}).status, 1) << "another content";
}

TEST_F(Commands, ListAndDescribeFollowFromTheDeclarations) {
  const std::string policies = out({"list", "policies"});
  for (const auto& [name, help] :
       {std::pair{"isolated", "an equal share of every GPU type for each job"},
        {"fifo_perf", "first in, first out, each job on its fastest free GPU type"},
        {"max_min_fairness_packed", "the least served job gets the most, where two jobs may share GPUs"},
        {"srtf", "shortest remaining time first, each job on its fastest free GPU type"}}) {
    const std::size_t line = policies.find(fmt::format("\n{} ", name));
    ASSERT_NE(line, std::string::npos) << name << " in " << policies;
    EXPECT_NE(policies.find(fmt::format("  training  {}\n", help), line), std::string::npos) << policies;
  }
  EXPECT_EQ(std::count(policies.begin(), policies.end(), '\n'), 30) << policies;
  EXPECT_EQ(out({"describe", "arrival_rate"}),
            "arrival_rate: key of simulator training, number, absent by default\n"
            "generated jobs per hour\n"
            "Limit: 1e-08 .. 1e+08\n"
            "Another spelling of interarrival_mean_s.\n");
  EXPECT_EQ(lines(out({"describe", "throughputs"}), 0, 1),
            "throughputs: key of simulator training, file, default \"configs/training/osdi20_throughputs.csv\"\n");
  EXPECT_EQ(out({"describe", "jct_mean"}),
            "jct_mean [s]: metric of simulator training\n"
            "mean over measured jobs of completion minus arrival (dropped jobs left out)\n"
            "Lower is better.\n");
}

TEST_F(Commands, EveryCommandExplainsItself) {
  for (const char* command : {"run", "plan", "simulate", "jobs", "submit", "cancel", "merge", "status", "show", "list",
                              "describe", "verify", "digest", "report"})
    EXPECT_TRUE(out({command, "--help"}).starts_with("Usage: windrow " + std::string(command))) << command;
}

TEST_F(Commands, AllocateExplainsOneAllocation) {
  folder_.write("i.json", R"({
 "cluster": {"k80": 0, "v100": 1}, "note": "further keys are comments",
 "jobs": [{"id": 3, "throughputs": {"v100": 2}, "steps_remaining": 100},
          {"id": 7, "throughputs": {"v100": 2}, "priority_weight": 3}],
 "pairs": [{"jobs": [7, 3], "throughputs": {"v100": [1.4, 1.9]}}],
 "prices": {"v100": 0.74}, "slo_seconds_left": {"3": 1000},
 "entities": [{"name": "a", "weight": 1, "policy": "fifo", "jobs": [3, 7]}]
})");
  const auto ask = [&](const std::string& policy, std::vector<std::string> more = {}) {
    std::vector<std::string> arguments = {"allocate", "i.json", "--policy", policy, "--json"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return nlohmann::json::parse(out(arguments));
  };
  const auto fair = ask("max_min_fairness_perf", {"--tie-break", "vertex"});
  EXPECT_EQ(fair.at("tie_break"), "vertex");
  EXPECT_NEAR(fair.at("objective").get<double>(), 0.25, 1e-9);
  EXPECT_NEAR(fair.at("allocation").at("3").at("v100").get<double>(), 0.25, 1e-9);
  EXPECT_EQ(fair.at("allocation").at("3").at("k80"), 0.0);
  EXPECT_FALSE(fair.contains("levels"));
  const auto packed = ask("max_min_fairness_packed");
  EXPECT_GT(packed.at("allocation").at("3-7").at("v100").get<double>(), 0.1);
  EXPECT_GT(packed.at("objective").get<double>(), 0.25);
  const auto levels = ask("max_min_fairness_water_filling_perf").at("levels");
  EXPECT_NEAR(levels.at("3").get<double>(), 1, 1e-6) << "the first of a first-in-first-out entity";
  EXPECT_NEAR(levels.at("7").get<double>(), 0, 1e-6);
  EXPECT_TRUE(ask("fifo").at("objective").is_null());
  EXPECT_NEAR(ask("min_total_duration_perf", {"--set", "makespan_mode=bisection"}).at("objective").get<double>(),
              103.8143157958984, 1e-9);
  const std::string text = out({"allocate", "i.json", "--policy", "finish_time_fairness_perf"});
  EXPECT_NE(text.find("largest finish-time ratio: "), std::string::npos) << text;
}

/// Nobody knows of any pair, one job runs nowhere, and one wants more GPUs than there are.
TEST_F(Commands, AllocateAnswersUnderEveryPolicyWithoutPairsAndWithJobsThatRunNowhere) {
  folder_.write("i.json", R"({
 "cluster": {"v100": 2},
 "jobs": [{"id": 0, "throughputs": {"v100": 0}}, {"id": 1, "throughputs": {"v100": 2}, "scale_factor": 4},
          {"id": 2, "throughputs": {"v100": 3}}],
 "prices": {"v100": 0.74}, "slo_seconds_left": {"2": 1000000}
})");
  std::istringstream list(out({"list", "policies"}));
  std::string line;
  std::getline(list, line);  // the headings
  int packed = 0;
  while (std::getline(list, line)) {
    const std::string policy = line.substr(0, line.find(' '));
    if (policy == "allox") continue;  // serves jobs of one GPU
    const Finished asked = test::windrow({"allocate", "i.json", "--policy", policy, "--json"}, folder_.path());
    ASSERT_EQ(asked.status, 0) << policy << ": " << asked.err;
    EXPECT_EQ(asked.out.find("nan"), std::string::npos) << policy;
    const std::size_t end = policy.find("_packed");
    if (end == std::string::npos || policy.starts_with("fifo")) continue;
    ++packed;
    const auto alone = nlohmann::json::parse(
        out({"allocate", "i.json", "--policy", policy.substr(0, end) + "_perf" + policy.substr(end + 7), "--json"}));
    const auto objective = nlohmann::json::parse(asked.out).at("objective");
    EXPECT_EQ(objective.is_null(), alone.at("objective").is_null()) << policy;
    if (objective.is_null()) continue;
    EXPECT_NEAR(objective.get<double>(), alone.at("objective").get<double>(), 1e-6) << policy;
  }
  EXPECT_GE(packed, 6);
}

}  // namespace
}  // namespace windrow
