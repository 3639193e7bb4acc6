#include "windrow/workload/trace.hpp"

#include <gtest/gtest.h>

#include "windrow/kernel/error.hpp"

namespace windrow::workload {
namespace {

const ThroughputTable& table() {
  static const ThroughputTable read =
      ThroughputTable::read(std::string(WINDROW_SOURCE_DIR) + "/configs/training/osdi20_throughputs.csv");
  return read;
}

std::string problems_of(const std::string& text) {
  try {
    parse_trace(text, "jobs", table());
  } catch (const InputError& error) {
    return error.what();
  }
  return "";
}

TEST(Trace, ReadsColumnsInAnyOrder) {
  const auto jobs = parse_trace(
      "arrival,slo,job_type,total_steps,scale_factor\r\n0,,A3C,10,1\r\n5.5,2,LM (batch size 80),"
      "3000,4\r\n",
      "jobs", table());
  ASSERT_EQ(jobs.size(), 2u);
  EXPECT_FALSE(jobs[0].slo);
  EXPECT_EQ(jobs[1].slo, 2.0);
  EXPECT_EQ(jobs[1].arrival_s, 5.5);
  EXPECT_EQ(jobs[1].total_steps, 3000);
  EXPECT_EQ(jobs[1].priority, 1);
  const auto& key = table().keys()[static_cast<std::size_t>(jobs[1].key)];
  EXPECT_EQ(key.gpus, 4);
  EXPECT_EQ(table().job_types()[static_cast<std::size_t>(key.job_type)].name, "LM (batch size 80)");
}

TEST(Trace, ReadsThePublishedFormat) {
  const auto jobs = parse_trace(
      "A3C\tpython3 main.py\trl\t--max-steps\t0\t200\t1\t5\t-1.000000\t0\n"
      "ResNet-18 (batch size 16)\tx\ty\t-s\t1\t7\t8\t1\t1.2\t360.25\n",
      "jobs", table());
  ASSERT_EQ(jobs.size(), 2u);
  EXPECT_EQ(jobs[0].total_steps, 200);
  EXPECT_EQ(jobs[0].priority, 5);
  EXPECT_FALSE(jobs[0].slo);
  EXPECT_EQ(jobs[1].slo, 1.2);
  EXPECT_EQ(jobs[1].arrival_s, 360.25);
  EXPECT_EQ(table().keys()[static_cast<std::size_t>(jobs[1].key)].gpus, 8);
}

TEST(Trace, TheTracesThatComeWithItAreReadable) {
  for (const auto& [name, count] : {std::pair{"max_min_fairness", 96},
                                    {"minimize_makespan", 100},
                                    {"small_test", 20},
                                    {"artifact_evaluation", 15},
                                    {"edge_dropped_multi_gpu", 2}})
    EXPECT_EQ(read_trace(std::string(WINDROW_SOURCE_DIR) + "/traces/" + name + ".csv", table()).size(),
              static_cast<std::size_t>(count))
        << name;
}

TEST(Trace, ReportsEveryProblemWithItsLine) {
  EXPECT_EQ(problems_of("job_type,total_steps,arival\nA3C,1,0\n"),
            "jobs:1: unknown column \"arival\"; did you mean 'arrival'?\njobs:1: no column arrival");
  const std::string header = "job_type,total_steps,scale_factor,arrival\n";
  EXPECT_EQ(problems_of(header + "A3D,10,1,0\nA3C,0,1,0\nA3C,1,2,0\nA3C,1,1,9\nA3C,1,1,8\nA3C,1,1\nA3C,x,1,9\n"),
            "jobs:2: job_type: unknown job type \"A3D\"; did you mean 'A3C'?\n"
            "jobs:3: total_steps: expected a number within 1e-06 .. 1e+15, found \"0\"\n"
            "jobs:4: scale_factor: no throughput of \"A3C\" on 2 GPUs\n"
            "jobs:6: arrival: expected at least 9, that of the job before, found 8\n"
            "jobs:7: expected 4 fields, found 3\n"
            "jobs:8: total_steps: expected a number within 1e-06 .. 1e+15, found \"x\"");
  EXPECT_EQ(problems_of(""), "jobs:1: no jobs");
  EXPECT_EQ(problems_of(header), "jobs:1: no jobs");
  EXPECT_EQ(problems_of("A3C\tx\ty\n"), "jobs:1: expected 10 fields, found 3");
}

}  // namespace
}  // namespace windrow::workload
