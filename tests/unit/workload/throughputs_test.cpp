#include "windrow/workload/throughputs.hpp"

#include <gtest/gtest.h>

#include "windrow/kernel/error.hpp"

namespace windrow::workload {
namespace {

const std::string kSmall =
    "# two types\n"
    "gpus,k80,v100\n"
    "job,A,distributed\n"
    "job,B,single\n"
    "alone,1,A,1,4\n"
    "alone,1,B,0,2.5\n"
    "alone,2,A,1.5,8\n"
    "pair,1,A,B,,,3,1\n"
    "pair,2,A,A,0.5,0.5,,\n";

std::string problems_of(const std::string& text) {
  try {
    ThroughputTable::parse(text, "t.csv");
  } catch (const InputError& error) {
    return error.what();
  }
  return "";
}

TEST(ThroughputTable, KnowsRatesAloneAndTogether) {
  const auto table = ThroughputTable::parse(kSmall, "t.csv");
  EXPECT_EQ(table.gpu_types(), (std::vector<std::string>{"k80", "v100"}));
  EXPECT_TRUE(table.job_types()[0].distributed);
  EXPECT_FALSE(table.job_types()[1].distributed);
  const int a1 = table.find_key(0, 1).value(), a2 = table.find_key(0, 2).value(), b1 = table.find_key(1, 1).value();
  const int v100 = table.find_gpu_type("v100").value(), k80 = table.find_gpu_type("k80").value();
  EXPECT_EQ(table.alone(a2, v100), 8);
  EXPECT_EQ(table.alone(b1, k80), 0);
  EXPECT_EQ(table.pair(a1, b1, v100).first, 3);
  EXPECT_EQ(table.pair(b1, a1, v100).first, 1) << "the reverse of the row";
  EXPECT_EQ(table.pair(a1, b1, k80).first, 0) << "an empty cell: they do not fit";
  EXPECT_EQ(table.pair(a2, a2, k80).second, 0.5);
  EXPECT_EQ(table.pair(a1, a2, v100).first, 0) << "different numbers of GPUs never share";
  EXPECT_FALSE(table.find_key(1, 2));
  EXPECT_FALSE(table.find_key(0, -1));
  EXPECT_FALSE(table.find_job_type("C"));
}

TEST(ThroughputTable, TheTablesThatComeWithItAreComplete) {
  for (const char* const name : {"osdi20_throughputs", "osdi20_physical_throughputs"}) {
    const auto table = ThroughputTable::read(std::string(WINDROW_SOURCE_DIR) + "/configs/training/" + name + ".csv");
    ASSERT_EQ(table.job_types().size(), 26u);
    ASSERT_EQ(table.keys().size(), 26u + 3 * 19);
    int zero_pairs[3] = {}, ordered = 0;
    for (int a = 0; a < 83; ++a)
      for (int b = 0; b < 83; ++b) {
        if (table.keys()[static_cast<std::size_t>(a)].gpus != table.keys()[static_cast<std::size_t>(b)].gpus) continue;
        ++ordered;
        for (int w = 0; w < 3; ++w) {
          const auto pair = table.pair(a, b, w);
          zero_pairs[w] += pair.first == 0 ? 1 : 0;
          EXPECT_EQ(pair.first == 0, pair.second == 0);
          EXPECT_EQ(pair.first, table.pair(b, a, w).second);
        }
      }
    EXPECT_EQ(ordered, 1759);
    EXPECT_EQ(zero_pairs[0], 1170);
    EXPECT_EQ(zero_pairs[1], 1103);
    EXPECT_EQ(zero_pairs[2], 1123);
  }
}

TEST(ThroughputTable, ReportsEveryProblemWithItsLine) {
  EXPECT_EQ(problems_of("gpus,k80\njob,A,single\nalone,1,A,-1\nalone,1,a,2\nwhat\n"),
            "t.csv:3: expected steps per second (at least 0), found \"-1\"\n"
            "t.csv:4: unknown job type \"a\"; did you mean 'A'?\n"
            "t.csv:5: expected gpus, job, alone or pair, found \"what\"");
  EXPECT_EQ(problems_of(""), "t.csv:1: no line of GPU types\nt.csv:1: no job types");
  EXPECT_EQ(problems_of("gpus,v100,k80\n"), "t.csv:1: expected the names of the GPU types in alphabetical order");
  EXPECT_EQ(problems_of("gpus,k80\njob,A,single\n"), "t.csv:2: no rate of \"A\" on one GPU");
  EXPECT_EQ(problems_of("gpus,k80\njob,A,single\nalone,2,A,1\n"), "t.csv:3: \"A\" is not distributed");
  EXPECT_EQ(problems_of(kSmall + "alone,1,B,1,1\n"), "t.csv:10: a second rate of \"B\" on 1 GPUs");
  EXPECT_EQ(problems_of(kSmall + "pair,1,B,A,,,1,1\n"), "t.csv:10: a second rate of \"B\" beside \"A\" on 1 GPUs");
  EXPECT_EQ(problems_of(kSmall + "pair,1,B,B,1,1,1,1\n"),
            "t.csv:10: a pair on k80, where one of the two does not run alone");
  EXPECT_EQ(problems_of(kSmall + "pair,2,A,B,,,1,1\n"), "t.csv:10: no single rate of \"B\" on 2 GPUs");
  EXPECT_EQ(problems_of(kSmall + "pair,1,A,A,1,1\n"), "t.csv:10: expected 8 fields, found 6");
  EXPECT_EQ(problems_of(kSmall + "pair,0,A,A,1,1,1,1\n"),
            "t.csv:10: expected a number of GPUs within 1 .. 64, found \"0\"");
}

TEST(ThroughputTable, NamesAFileThatCannotBeRead) {
  try {
    ThroughputTable::read("/nowhere/t.csv");
    FAIL();
  } catch (const InputError& error) {
    EXPECT_EQ(std::string(error.what()), "/nowhere/t.csv: cannot read: No such file or directory");
  }
}

}  // namespace
}  // namespace windrow::workload
