// Which point is next: the longest first, as far as anybody knows.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "windrow/exec/run.hpp"

namespace windrow::exec {

/// The points that are not done, in groups of like cost. A group is predicted by the mean of its own points once one of
/// them was measured, before that by its hint, scaled by what hints turned out to mean so far.
/// 4 bytes per point and 20 per group (60 where more points may be added); points that are alone in their group share
/// one with those of equal hint.
class WorkQueue {
 public:
  struct Item {
    std::uint64_t index;
    std::uint32_t group;
  };

  /// Asks for the group of each point that is not done, and for the hint of one point of each group (of each point that
  /// is alone in its group).
  explicit WorkQueue(const Work& work);

  /// More points, after what is waiting; those of a group that was measured before are predicted by it.
  void add(const Work& work, std::span<const std::uint64_t> points);

  std::uint64_t left() const { return left_; }
  /// The next point. There must be one.
  Item take();
  /// A point of group `number` took so long.
  void learn(std::uint32_t number, double wall_s);
  /// Whether a point of this group was measured.
  bool measured(std::uint32_t group) const { return groups_[group].measured > 0; }
  /// Wall time of a point of this group; 0 as long as nothing at all was measured.
  double predicted_s(std::uint32_t group) const;
  /// Predicted time of all points that are left, on one worker.
  double left_s() const { return hint_left_ * scale() + measured_left_s_; }

 private:
  static constexpr int kBuckets = 256;
  struct Group {
    std::uint32_t end;   ///< in order_
    std::uint32_t left;  ///< points not taken; they are the last ones of the group in order_
    float hint;
    float mean_s = 0;
    std::uint16_t measured = 0;  ///< points in the mean, up to a limit: then old ones are forgotten slowly
    std::int16_t bucket = -1;    ///< in which the group waits; -1: in none
  };

  struct Keyed {
    std::uint64_t group;
    std::uint32_t index;
    friend auto operator<=>(const Keyed&, const Keyed&) = default;
  };
  /// Calls visit(begin, end) for each run of equal groups.
  static void for_each_run(const std::vector<Keyed>& points, const auto& visit);
  void append(const Work& work, std::vector<Keyed> points);
  double scale() const { return measured_hint_ > 0 ? measured_s_ / measured_hint_ : 0; }
  static int bucket_of(double seconds);
  std::uint32_t choose();
  void file(std::uint32_t number);

  std::vector<std::uint32_t> order_;  ///< points, group by group
  std::vector<Group> groups_;         ///< by descending hint
  std::uint32_t fresh_ = 0;           ///< no group before this one is unmeasured and has points left
  /// Measured groups with points left, by quarter powers of two of their mean; entries that moved on are skipped when
  /// met.
  std::array<std::vector<std::uint32_t>, kBuckets> buckets_;
  int top_ = -1;                                             ///< no bucket above this one has entries
  bool grows_;                                               ///< add() may come
  std::unordered_map<std::uint64_t, std::uint32_t> latest_;  ///< the last group with a key, if the queue grows
  std::uint64_t left_ = 0;
  double measured_s_ = 0, measured_hint_ = 0;
  double hint_left_ = 0, measured_left_s_ = 0;
};

}  // namespace windrow::exec
