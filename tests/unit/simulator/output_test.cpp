#include "windrow/simulator/output.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <stdexcept>

#include "windrow/kernel/error.hpp"

namespace windrow {
namespace {

const Metric wait_mean{"wait_mean", "s", Better::lower, "mean wait"};
const Metric utilization{"utilization", "1", Better::higher, "busy share"};
const Metric stranger{"stranger", "1", Better::neither, "declared by nobody"};
const Table requests{"requests",
                     "one row per request",
                     {{"arrival", "s", "time of arrival"},
                      {"count", "1", "how many", ColumnType::integer},
                      {"kind", "", "what", ColumnType::text}}};
const Series load{{"load", "over time", {{"time", "s", "simulated time"}, {"value", "1", "load"}}}};

Description description() {
  Description d;
  d.name = "fake";
  d.metrics = {&wait_mean, &utilization};
  d.tables = {&requests};
  d.series = {&load};
  return d;
}

PointOutput filled(const Description& d, Keep keep = Keep::all()) {
  MemorySink sink(d, keep);
  sink.put(utilization, 0.5);
  sink.put(wait_mean, std::numeric_limits<double>::quiet_NaN());
  sink.add(requests, {1.5, std::int64_t{2}, "a"});
  sink.add(requests, {std::int64_t{2}, std::int64_t{-3}, ""});
  sink.add(load, {0.0, 1.0});
  sink.add(load, {0.0, 2.0});
  sink.explain("because");
  return sink.take(Outcome::saturated);
}

TEST(MemorySink, KeepsMetricsInDeclaredOrderAndTablesByColumn) {
  const Description d = description();
  const PointOutput output = filled(d);
  EXPECT_EQ(output.outcome, Outcome::saturated);
  EXPECT_EQ(output.message, "because");
  ASSERT_EQ(output.metrics.size(), 2U);
  EXPECT_TRUE(std::isnan(output.metrics[0]));
  EXPECT_EQ(output.metrics[1], 0.5);
  ASSERT_EQ(output.tables.size(), 1U);
  EXPECT_EQ(output.tables[0].rows(), 2U);
  EXPECT_EQ(output.tables[0].columns[0], ColumnData(std::vector<double>{1.5, 2.0}));
  EXPECT_EQ(output.tables[0].columns[1], ColumnData(std::vector<std::int64_t>{2, -3}));
  EXPECT_EQ(output.tables[0].columns[2], ColumnData(std::vector<std::string>{"a", ""}));
  EXPECT_EQ(output.series[0].columns[1], ColumnData(std::vector<double>{1.0, 2.0}));
}

TEST(Keep, LeavesTimelinesOutUnlessAllIsKept) {
  const Table events{"events", "each event", {{"n", "1", "number", ColumnType::integer}}, true};
  Description d = description();
  d.tables = {&events, &requests};
  MemorySink sink(d, Keep::without_timelines(d));
  EXPECT_FALSE(sink.wants(events));
  EXPECT_TRUE(sink.wants(requests));
  EXPECT_TRUE(sink.wants(load));
  EXPECT_TRUE(MemorySink(d, Keep::all()).wants(events));
}

TEST(MemorySink, DropsWhatNobodyKeeps) {
  const Description d = description();
  MemorySink sink(d, Keep{1, 0});
  EXPECT_TRUE(sink.wants(requests));
  EXPECT_FALSE(sink.wants(load));
  const PointOutput output = filled(d, Keep{0, 1});
  EXPECT_TRUE(output.tables[0].columns.empty());
  EXPECT_EQ(output.tables[0].rows(), 0U);
  EXPECT_EQ(output.series[0].rows(), 2U);
}

TEST(MemorySink, RefusesWhatIsNotDeclared) {
  const Description d = description();
  MemorySink sink(d, Keep::all());
  sink.put(wait_mean, 1.0);
  EXPECT_THROW(sink.put(wait_mean, 1.0), InvariantError);
  EXPECT_THROW(sink.put(stranger, 1.0), InvariantError);
  EXPECT_THROW(sink.add(Table{"other", "", {{"x", "", ""}}}, {1.0}), InvariantError);
  EXPECT_THROW(sink.add(requests, {1.0}), InvariantError);
  EXPECT_THROW(sink.add(requests, {"x", std::int64_t{1}, "x"}), InvariantError);
  EXPECT_THROW(sink.take(Outcome::ok), InvariantError) << "utilization is missing";
}

TEST(MemorySink, RefusesRowsOfAnotherType) {
  const Description d = description();
  EXPECT_THROW(MemorySink(d, Keep::all()).add(requests, {1.0, 1.0, "x"}), InvariantError);
  EXPECT_THROW(MemorySink(d, Keep::all()).add(requests, {1.0, std::int64_t{1}, 1.0}), InvariantError);
}

TEST(MemorySink, RefusesASeriesThatGoesBackInTime) {
  const Description d = description();
  MemorySink sink(d, Keep::all());
  sink.add(load, {2.0, 1.0});
  EXPECT_THROW(sink.add(load, {1.0, 1.0}), InvariantError);
}

TEST(MemorySink, AStoppedRunMayLackMetrics) {
  const Description d = description();
  const PointOutput output = MemorySink(d, Keep::all()).take(Outcome::stopped);
  EXPECT_TRUE(std::isnan(output.metrics[0]) && std::isnan(output.metrics[1]));
}

TEST(Encoding, ReadsBackWhatItWrote) {
  const Description d = description();
  for (const Keep keep : {Keep::all(), Keep{0, 1}, Keep{1, 0}, Keep{0, 0}}) {
    const PointOutput output = filled(d, keep);
    const std::string bytes = encode(output);
    const PointOutput back = decode_output(bytes, d);
    EXPECT_EQ(back.outcome, output.outcome);
    EXPECT_EQ(back.message, output.message);
    EXPECT_EQ(back.tables[0].columns, output.tables[0].columns);
    EXPECT_EQ(back.series[0].columns, output.series[0].columns);
    EXPECT_EQ(encode(back), bytes) << "NaN included";
  }
}

TEST(Encoding, BytesCutAnywhereAreRefused) {
  const Description d = description();
  const std::string bytes = encode(filled(d));
  for (std::size_t length = 0; length < bytes.size(); ++length)
    EXPECT_THROW(decode_output(std::string_view(bytes).substr(0, length), d), std::out_of_range) << length;
}

TEST(Encoding, BytesOfSomethingElseAreRefused) {
  const Description d = description();
  const std::string bytes = encode(filled(d));
  EXPECT_THROW(decode_output(bytes + "x", d), std::invalid_argument);
  std::string unknown_outcome = bytes;
  unknown_outcome[0] = 3;
  EXPECT_THROW(decode_output(unknown_outcome, d), std::invalid_argument);
  Description fewer = d;
  fewer.metrics.pop_back();
  EXPECT_THROW(decode_output(bytes, fewer), std::invalid_argument);
  PointOutput unequal = filled(d);
  std::get<std::vector<double>>(unequal.tables[0].columns[0]).pop_back();
  EXPECT_THROW(decode_output(encode(unequal), d), std::invalid_argument);
}

TEST(Encoding, MangledBytesNeverDoMoreThanThrow) {
  const Description d = description();
  const std::string bytes = encode(filled(d));
  std::size_t refused = 0;
  for (std::size_t at = 0; at < bytes.size(); ++at)
    for (const int flip : {0x01, 0x80, 0xff}) {
      std::string mangled = bytes;
      mangled[at] = static_cast<char>(mangled[at] ^ flip);
      try {
        decode_output(mangled, d);
      } catch (const std::out_of_range&) {
        ++refused;
      } catch (const std::invalid_argument&) {
        ++refused;
      }
    }
  EXPECT_GT(refused, 0U);
}

class Fake final : public Simulator {
 public:
  const Description& describe() const override { return description_; }
  double cost_hint(const config::Tree&) const override { return 1.0; }
  Outcome run(const config::Tree&, ResultSink& sink, const StopToken& stop) const override {
    if (stop.requested()) return Outcome::stopped;
    sink.put(wait_mean, 1.0);
    sink.put(utilization, 0.25);
    return Outcome::ok;
  }

 private:
  Description description_ = description();
};

TEST(Simulate, RunsAndCollects) {
  const PointOutput output = simulate(Fake(), {}, Keep::all());
  EXPECT_EQ(output.outcome, Outcome::ok);
  EXPECT_EQ(output.metrics, (std::vector<double>{1.0, 0.25}));
  const bool stop = true;
  EXPECT_EQ(simulate(Fake(), {}, Keep::all(), StopToken(&stop)).outcome, Outcome::stopped);
}

TEST(Catalog, FindsByName) {
  Catalog catalog;
  catalog.add<Fake>();
  EXPECT_EQ(catalog.names(), std::vector<std::string>{"fake"});
  EXPECT_EQ(catalog.find("fake"), catalog.all()[0].get());
  EXPECT_EQ(catalog.find("fak"), nullptr);
}

}  // namespace
}  // namespace windrow
