// How much work the master keeps at each worker: against a fleet of scripted workers, without processes and clocks.
#include "exec/master.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <vector>

#include "exec/protocol.hpp"

namespace windrow::exec {
namespace {

class EqualPoints final : public Work {
 public:
  explicit EqualPoints(std::uint64_t size) : accepted(size), size_(size) {}
  std::uint64_t size() const override { return size_; }
  bool done(std::uint64_t) const override { return false; }
  std::uint32_t attempts(std::uint64_t) const override { return 0; }
  std::string config_text(std::uint64_t) const override { return "seed: 0\n"; }
  double cost_hint(std::uint64_t) const override { return 1; }
  std::uint64_t cost_group(std::uint64_t) const override { return 0; }
  std::string label(std::uint64_t) const override { return ""; }
  void accept(std::span<const sweep::PointRecord> records) override {
    for (const sweep::PointRecord& record : records) ++accepted[record.index];
  }
  void housekeeping() override {}

  std::vector<int> accepted;  ///< times, by point

 private:
  std::uint64_t size_;
};

/// Workers that answer in turn, the oldest assignment as a whole, whenever the master waits for them.
class ScriptedFleet final : public Fleet {
 public:
  ScriptedFleet(int workers, double wall_s) : waiting_(static_cast<std::size_t>(workers)), wall_s_(wall_s) {}
  int size() const override { return static_cast<int>(waiting_.size()); }
  void send(int worker, std::string message) override {
    if (kind_of(message) != Kind::assign) return;
    waiting_[static_cast<std::size_t>(worker)].push_back(AssignMessage::tasks(message));
    given_ += waiting_[static_cast<std::size_t>(worker)].back().size();
  }
  void drop(int) override {}
  std::uint32_t rank(int worker) const override { return static_cast<std::uint32_t>(worker); }
  std::optional<Event> next(double) override {
    if (turn_ % 2 == 1 && answered_just_now_) {  // once in a while nothing has come
      answered_just_now_ = false;
      return std::nullopt;
    }
    observe();
    for (int tries = 0; tries < size(); ++tries) {
      const int worker = turn_++ % size();
      auto& assignments = waiting_[static_cast<std::size_t>(worker)];
      if (assignments.empty()) continue;
      ResultsMessage results;
      for (const Task& task : assignments.front()) {
        sweep::PointRecord record;
        record.index = task.index;
        record.status = sweep::PointStatus::ok;
        record.provenance.wall_s = wall_s_;
        results.add(record, wall_s_);
      }
      answered_ += assignments.front().size();
      assignments.pop_front();
      answered_just_now_ = true;
      return Event{worker, results.take()};
    }
    return std::nullopt;
  }

  std::uint64_t stop_looking_at = 0;  ///< points given: towards the end there is less to give
  std::size_t fewest_assignments = SIZE_MAX, fewest_points = SIZE_MAX;  ///< at any worker, whenever the master waited

 private:
  void observe() {
    if (answered_ < waiting_.size() * 4 || given_ >= stop_looking_at)
      return;  // the first ones tell how long points take
    for (const auto& assignments : waiting_) {
      std::size_t points = 0;
      for (const auto& tasks : assignments) points += tasks.size();
      fewest_assignments = std::min(fewest_assignments, assignments.size());
      fewest_points = std::min(fewest_points, points);
    }
  }

  std::vector<std::deque<std::vector<Task>>> waiting_;
  double wall_s_;
  std::uint64_t given_ = 0, answered_ = 0;
  int turn_ = 0;
  bool answered_just_now_ = false;
};

/// Runs so many points of equal length on three workers.
ScriptedFleet run(std::uint64_t points, double wall_s) {
  EqualPoints work(points);
  ScriptedFleet fleet(3, wall_s);
  fleet.stop_looking_at = points - points / 10;
  Options options;
  options.quiet = true;
  const Summary summary = run_master(work, options, fleet);
  EXPECT_EQ(summary.ok, points);
  EXPECT_EQ(work.accepted, std::vector<int>(points, 1)) << "each point once";
  return fleet;
}

TEST(Master, KeepsTwoAssignmentsAtEachWorkerHoweverLongPointsTake) {
  const ScriptedFleet fleet = run(100, 20.0);
  EXPECT_EQ(fleet.fewest_assignments, 2U) << "one that runs, one that waits";
  EXPECT_EQ(fleet.fewest_points, 2U) << "more would be missing elsewhere at the end";
}

TEST(Master, KeepsFiftyMillisecondsOfShortPointsAtEachWorker) {
  const ScriptedFleet fleet = run(20'000, 0.001);
  EXPECT_GE(fleet.fewest_points, 48U) << "50 ms of them, less the assignment that has just been answered";
  EXPECT_GE(fleet.fewest_assignments, 2U);
}

}  // namespace
}  // namespace windrow::exec
