#include "windrow/workload/spot_trace.hpp"

#include <gtest/gtest.h>

#include "windrow/kernel/error.hpp"

namespace windrow::workload {
namespace {

template <class Parse>
std::string problems_of(Parse parse, const std::string& text) {
  try {
    parse(text, "t.csv");
  } catch (const InputError& error) {
    return error.what();
  }
  return "";
}

TEST(SpotTrace, ReadsEventsAndKnowsInstancesByTheirNames) {
  const SpotTrace trace = parse_spot_trace("0,add,a\r\n5,add,b\r\n9,remove,a\r\n12,add,a\r\n20,remove,a\r\n", "t.csv");
  ASSERT_EQ(trace.events.size(), 5U);
  EXPECT_EQ(trace.names, (std::vector<std::string>{"a", "b", "a"}));
  EXPECT_EQ(trace.events[2].instance, 0);
  EXPECT_FALSE(trace.events[2].added);
  EXPECT_EQ(trace.events[4].instance, 2) << "a came again";
  EXPECT_EQ(to_text(trace), "0,add,a\n5,add,b\n9,remove,a\n12,add,a\n20,remove,a\n");
}

TEST(SpotTrace, NamesEveryProblemWithItsLine) {
  EXPECT_EQ(problems_of(parse_spot_trace, "0,add,a\n1,ad,b\nx,add,c\n2,remove\n3,add,\n"),
            "t.csv:2: unknown event 'ad'; did you mean 'add'? (add or remove)\n"
            "t.csv:3: time_ms: expected an integer within 0 .. 1e+12, found 'x'\n"
            "t.csv:4: expected 3 fields time_ms,add|remove,name, found 2\n"
            "t.csv:5: name: expected the name of an instance, found nothing");
  EXPECT_EQ(problems_of(parse_spot_trace, "0,add,a\n1,add,a\n2,remove,b\n"),
            "t.csv:2: 'a' is added, but it is there already\nt.csv:3: 'b' is removed, but it is not there");
  EXPECT_EQ(problems_of(parse_spot_trace, ""), "t.csv:1: expected rows time_ms,add|remove,name, found none");
}

TEST(SpotTrace, ReadsCountsAndLogsInWhichEachIsSaidSeveralTimes) {
  const auto counts = parse_counts("timestamp,count\n2021-07-26T18:42:00Z,8\n2021-07-26T18:45:30Z,11\n", "t.csv");
  ASSERT_EQ(counts.size(), 2U);
  EXPECT_EQ(counts[1].time_s - counts[0].time_s, 210);
  EXPECT_EQ(counts[0].time_s, 1627324920) << "seconds since 1970";
  const auto log = parse_counts(
      "2021-12-10, 23:59:00, 80\n2021-12-11, 00:00:00, 80\n2021-12-11, 00:01:00, 79\n2021-12-11, 00:00:30, 79\n", "l");
  ASSERT_EQ(log.size(), 2U);
  EXPECT_EQ(log[1].time_s - log[0].time_s, 120) << "the first line of the new count";
  EXPECT_EQ(log[1].count, 79);
  EXPECT_EQ(problems_of(parse_counts,
                        "timestamp,count\n2021-07-26T18:42:00Z,8\n2021-07-26T18:41:00Z,9\nnow,1\n"
                        "2021-07-26T18:43:00Z,many\n"),
            "t.csv:3: times go back, from the row before to '2021-07-26T18:41:00Z'\n"
            "t.csv:4: expected a time as 2021-07-26T18:42:00Z, found 'now'\n"
            "t.csv:5: expected a number of instances within 0 .. 1e+06, found 'many'");
}

TEST(SpotTrace, CountsBecomeEventsAndTheVictimIsAChoice) {
  const std::vector<TimedCount> counts = {{100, 3}, {160, 1}, {170, 2}};
  EXPECT_EQ(to_text(events_of_counts(counts, Victim::oldest)),
            "0,add,node1\n0,add,node2\n0,add,node3\n60000,remove,node1\n60000,remove,node2\n70000,add,node4\n");
  EXPECT_EQ(to_text(events_of_counts(counts, Victim::youngest)),
            "0,add,node1\n0,add,node2\n0,add,node3\n60000,remove,node3\n60000,remove,node2\n70000,add,node4\n");
  const std::string random = to_text(events_of_counts(counts, Victim::random, 1));
  EXPECT_EQ(random, to_text(events_of_counts(counts, Victim::random, 1)));
  EXPECT_EQ(parse_spot_trace(random, "r").events.size(), 6U) << "it reads back";
}

/// The values that the notebook prints of this trace.
TEST(SpotTrace, StatisticsAreThoseOfTheNotebookToTheDigit) {
  const auto read = [](const std::string& name) {
    const std::string path = std::string(WINDROW_SOURCE_DIR) + "/traces/spot/" + name;
    std::FILE* file = std::fopen(path.c_str(), "r");
    std::string text(100000, '\0');
    text.resize(std::fread(text.data(), 1, text.size(), file));
    std::fclose(file);
    return text;
  };
  const auto counts = parse_counts(read("p3-64-counts.csv"), "counts");
  const SpotStatistics s = statistics_of(counts, parse_terminations(read("p3-64-terminations.csv"), "list"));
  EXPECT_EQ(s.minutes, 355);
  EXPECT_EQ(counts.size(), 97U);
  EXPECT_EQ(s.interval_mean_s, 221.875);
  EXPECT_EQ(s.interval_std_s, 171.06669982633582);
  EXPECT_EQ(s.preemptions_per_min, 0.39436619718309857);
  EXPECT_EQ(s.additions_per_min, 0.5295774647887324);
  EXPECT_EQ(s.preemption_chance_per_min, 0.16338028169014085);
  EXPECT_EQ(s.addition_chance_per_min, 0.14366197183098592);
  EXPECT_EQ(s.big_probability, 0.058823529411764705);
  EXPECT_EQ(s.regular_probability, 0.9411764705882353);
  EXPECT_EQ(s.regular_mean, 2.5416666666666665);
  EXPECT_EQ(s.regular_std, 1.9456261184790364);
  EXPECT_EQ(s.preemption_mean, 2.413793103448276);
  EXPECT_EQ(s.preemption_std, 2.086165648825032);
  EXPECT_EQ(s.drop_rows, 45);
  EXPECT_EQ(s.drops, 196);
  EXPECT_EQ(s.terminations, 140);
  EXPECT_EQ(parse_counts(read("v100-counts.csv"), "v100").size(), 121U);
  EXPECT_EQ(parse_counts(read("a100-counts.csv"), "a100").size(), 75U);
}

TEST(SpotTrace, PricesAscendInTime) {
  const auto prices = parse_prices("seconds,usd_per_h\n0,0.9\n60,1.5\n", "p");
  ASSERT_EQ(prices.size(), 2U);
  EXPECT_EQ(prices[1].usd_per_h, 1.5);
  EXPECT_EQ(problems_of(parse_prices, "0,0.9\n0,1\n1,0\n"),
            "t.csv:2: seconds: expected more than in the row before, found 0\n"
            "t.csv:3: usd_per_h: expected a number above 0, found '0'");
}

}  // namespace
}  // namespace windrow::workload
