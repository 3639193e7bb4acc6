#include "spot/availability.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "spot/price.hpp"
#include "support/spot.hpp"

namespace windrow::spot {
namespace {

/// Everything that a model schedules within some hours, checked for sense: nobody leaves who is not there.
std::vector<FleetEvent> events_of(const std::string& yaml, int hours) {
  const SpotConfig config = test::spot_config(yaml);
  const auto model = make_availability(config, model_of(config));
  std::vector<FleetEvent> pending, done;
  std::set<InstanceId> live;
  model->start(pending);
  for (int hour = 0; hour <= hours; ++hour) {
    std::stable_sort(pending.begin(), pending.end(), [](const FleetEvent& a, const FleetEvent& b) {
      return a.time != b.time ? a.time < b.time : a.added && !b.added;
    });
    std::size_t next = 0;
    for (; next < pending.size() && pending[next].time <= hour * kHour; ++next) {
      const FleetEvent& event = pending[next];
      if (event.added) {
        EXPECT_TRUE(live.insert(event.id).second);
      } else {
        EXPECT_TRUE(live.erase(event.id) == 1 || config.availability.max_lifetime_s) << event.id;
      }
      done.push_back(event);
    }
    pending.erase(pending.begin(), pending.begin() + static_cast<std::ptrdiff_t>(next));
    const std::vector<InstanceId> there(live.begin(), live.end());
    if (model->has_hours()) model->hour(hour * kHour, there, pending);
  }
  return done;
}

double mean_alive(const std::vector<FleetEvent>& events, int hours) {
  double sum = 0;
  for (const FleetEvent& event : events)
    sum += (event.added ? 1.0 : -1.0) * static_cast<double>(hours * kHour - event.time) / static_cast<double>(kHour);
  return sum / hours;
}

std::int64_t losses(const std::vector<FleetEvent>& events) {
  return std::count_if(events.begin(), events.end(), [](const FleetEvent& e) { return !e.added; });
}

TEST(Availability, PoissonLossesComeAtTheirRate) {
  constexpr int kHours = 2000;
  const auto events = events_of(
      "capacity: 20\navailability: {kind: poisson, loss_events_per_h: 0.5, loss_mean: 3, fill_per_h: 100}", kHours);
  // 0.5 losses per hour of 3 instances on average, within five standard errors (deviation of one bulk: sqrt(15)).
  EXPECT_NEAR(static_cast<double>(losses(events)), 0.5 * 3 * kHours, 5 * std::sqrt(0.5 * kHours * 15));
  EXPECT_NEAR(mean_alive(events, kHours), 20, 0.1) << "slots are filled within a minute";
}

TEST(Availability, MarkovLossesComeInBurstsOfAZone) {
  constexpr int kHours = 1000;
  const std::string yaml =
      "capacity: 40\navailability: {kind: markov, zones: 4, up_loss_per_h: 0, down_loss_per_h: 5, up_mean_s: 7200, "
      "down_mean_s: 1800, fill_per_h: 20}";
  const auto events = events_of(yaml, kHours);
  EXPECT_GT(losses(events), 1000);
  // Four fifths of the time a zone is quiet, and then soon full; otherwise it empties within a fraction of an hour.
  EXPECT_GT(mean_alive(events, kHours), 28);
  EXPECT_LT(mean_alive(events, kHours), 36);
  const SpotConfig config = test::spot_config(yaml);
  const auto model = make_availability(config, model_of(config));
  std::vector<FleetEvent> out;
  model->start(out);
  std::map<int, int> per_zone;
  for (const FleetEvent& event : out) ++per_zone[model->zone(event.id)];
  for (const auto& [zone, count] : per_zone) EXPECT_EQ(count, 10) << zone;
}

TEST(Availability, BulkHasTheChancesPerMinute) {
  constexpr int kHours = 500;
  const auto events = events_of(
      "availability.kind: bulk\npreempt: {chance_per_min: 0.1, mean: 0, std: 0}\nadd: {chance_per_min: 0.5, mean: 2, "
      "std: 0}",
      kHours);
  EXPECT_NEAR(static_cast<double>(losses(events)), 0.1 * 60 * kHours, 5 * std::sqrt(6.0 * kHours));
  EXPECT_GT(mean_alive(events, kHours), 60) << "more is offered than is lost, up to the maximum of 64";
  EXPECT_LE(mean_alive(events, kHours), 64);
}

/// By minute, and in it losses before additions: the numbers that numpy.random.RandomState(seed) gives for the process
/// fitted to the notebook's trace, drawn with numpy 2.
TEST(Availability, PerMinuteDrawsAsTheNotebooksTraceGenerator) {
  const std::string yaml =
      "start_instances: 1000\navailability.kind: per_minute\n"
      "preempt: {chance_per_min: 0.16338028169014085, mean: 2.413793103448276, std: 2.086165648825032}\n"
      "add: {chance_per_min: 0.14366197183098592, mean: 2.5416666666666665, std: 1.9456261184790364, "
      "big_probability: 0.058823529411764705}\nseed: 1";
  std::vector<std::pair<Ms, int>> drawn;
  for (const FleetEvent& event : events_of(yaml, 2)) {
    if (event.time == 0 || event.time >= 120 * 60000) continue;
    EXPECT_EQ(event.time % 60000, 0);
    const Ms minute = event.time / 60000;
    const int sign = event.added ? 1 : -1;
    if (drawn.empty() || drawn.back().first != minute || drawn.back().second * sign < 0) drawn.emplace_back(minute, 0);
    drawn.back().second += sign;
  }
  std::sort(drawn.begin(), drawn.end());
  const std::vector<std::pair<Ms, int>> numpy = {
      {1, -1},  {5, -1},  {7, -5},  {9, -1},  {9, 4},   {12, 2},  {15, -2},  {16, 30}, {24, -4}, {24, 2},  {28, 6},
      {32, -2}, {36, -1}, {37, -6}, {40, -2}, {44, -2}, {45, -1}, {46, -1},  {47, -1}, {56, -2}, {58, -1}, {59, -1},
      {63, 2},  {65, 1},  {67, -3}, {68, 2},  {69, -1}, {69, 5},  {76, 3},   {78, -1}, {79, 5},  {80, -2}, {82, 2},
      {86, -2}, {87, 1},  {93, -2}, {93, 1},  {95, 2},  {97, 17}, {114, -1}, {115, -3}};
  EXPECT_EQ(drawn, numpy);
}

TEST(Availability, PerMinuteTakesNoMoreThanThereAre) {
  const auto events = events_of(
      "start_instances: 3\navailability.kind: per_minute\npreempt: {chance_per_min: 1, mean: 5, std: 0}\n"
      "add: {chance_per_min: 0}",
      2);
  EXPECT_EQ(losses(events), 3);
}

TEST(Availability, LifetimesEndEarlyOrAfterADay) {
  const auto events = events_of("capacity: 48\navailability: {kind: lifetime, fill_per_h: 1000}", 500);
  std::map<InstanceId, Ms> start;
  int early = 0, middle = 0, late = 0;
  for (const FleetEvent& event : events) {
    if (event.added) {
      start[event.id] = event.time;
      continue;
    }
    const Ms age = event.time - start[event.id];
    EXPECT_LE(age, 24 * kHour + 1);
    ++(age < 3 * kHour ? early : age < 20 * kHour ? middle : late);
  }
  const double all = early + middle + late;
  EXPECT_NEAR(early / all, 0.45 * (1 - std::exp(-3)), 0.04);
  EXPECT_LT(middle / all, 0.06);
  EXPECT_GT(late / all, 0.45);
}

TEST(Availability, AMarketTakesAllAtOnceWhenThePriceIsAboveTheBid) {
  const auto events = events_of(
      "capacity: 10\nprice: {kind: mean_reverting, volatility: 0.5}\navailability: {kind: price, bid_usd_per_h: 0.91}",
      200);
  EXPECT_GT(losses(events), 50);
  std::map<Ms, int> lost_at;
  for (const FleetEvent& event : events)
    if (!event.added) ++lost_at[event.time];
  for (const auto& [time, count] : lost_at) EXPECT_EQ(count, 10) << time;
}

TEST(Availability, TracesAreShiftedLoopedScaledAndResampled) {
  const std::string file = "availability: {kind: trace, file: traces/spot/g4dn.csv, ";
  const auto plain = events_of(file + "loop: false}", 20);
  EXPECT_EQ(plain.size(), 153U);
  EXPECT_EQ(plain.front().time, 480000);
  const auto scaled = events_of(file + "scale: 0.5}", 20);
  EXPECT_EQ(scaled.front().time, 240000);
  const auto shifted = events_of(file + "shift_s: 3600}", 20);
  EXPECT_EQ(shifted.front().time, 0) << "who was there by then is there from the start";
  EXPECT_EQ(static_cast<Ms>(plain.back().time) - shifted.back().time, 3600000);
  const auto looped = events_of(file + "loop: true}", 100);
  EXPECT_GT(looped.size(), 8 * plain.size());
  EXPECT_NEAR(mean_alive(looped, 100), mean_alive(plain, 10), 3);
  const auto blocks = events_of(file + "block_s: 7200}", 100), again = events_of(file + "block_s: 7200}", 100);
  EXPECT_GT(blocks.size(), 300U);
  EXPECT_EQ(blocks.size(), again.size());
  EXPECT_NE(blocks.size(), events_of(file + "block_s: 7200}\nseed: 1", 100).size());
}

TEST(Availability, NobodyOutlivesTheLongestLifetime) {
  const auto events = events_of("availability: {removal_probability: 0.1, addition: 1, max_lifetime_s: 7200}", 50);
  std::map<InstanceId, Ms> start;
  std::map<InstanceId, Ms> end;
  for (const FleetEvent& event : events)
    event.added ? void(start[event.id] = event.time) : void(end.emplace(event.id, event.time));
  EXPECT_GT(end.size(), 500U);
  for (const auto& [id, time] : end) EXPECT_LE(time - start[id], 7200000);
}

TEST(PricePath, CostIsTheIntegralOfThePrice) {
  SpotConfig config = test::spot_config("price: {kind: mean_reverting}\nduration_s: 360000");
  const PricePath path = PricePath::of(config, 360000000);
  double sum = 0;
  for (Ms time = 0; time < 360000000; time += 300000) sum += path.at(time) / 12;
  EXPECT_NEAR(path.cost(0, 360000000), sum, 1e-9 * sum);
  EXPECT_NEAR(path.cost(1000, 5000000) + path.cost(5000000, 9000000), path.cost(1000, 9000000), 1e-12);
  EXPECT_NEAR(sum / 100, 0.91, 0.3) << "around price.spot";
  EXPECT_FALSE(path.is_constant());
  EXPECT_EQ(PricePath(2).cost(0, kHour), 2);
}

}  // namespace
}  // namespace windrow::spot
