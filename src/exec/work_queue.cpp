#include "exec/work_queue.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <tuple>

#include "windrow/kernel/error.hpp"

namespace windrow::exec {

namespace {

constexpr std::uint16_t kMostMeasured = 1000;
constexpr double kShortest_s = 1e-9;  // 0 would mean that nothing is known

float usable(double hint) {
  if (std::isnan(hint)) return 1.0F;
  return static_cast<float>(std::clamp(hint, 1e-12, 1e30));
}

}  // namespace

void WorkQueue::for_each_run(const std::vector<Keyed>& points, const auto& visit) {
  for (std::size_t begin = 0; begin < points.size();) {
    std::size_t end = begin + 1;
    while (end < points.size() && points[end].group == points[begin].group) ++end;
    visit(begin, end);
    begin = end;
  }
}

WorkQueue::WorkQueue(const Work& work) : grows_(work.reserve() > 0) {
  WINDROW_CHECK(work.size() <= std::numeric_limits<std::uint32_t>::max(), "{} points", work.size());
  std::vector<Keyed> points;
  for (std::uint64_t index = 0; index < work.size(); ++index)
    if (!work.done(index)) points.push_back({work.cost_group(index), static_cast<std::uint32_t>(index)});
  append(work, std::move(points));
}

void WorkQueue::add(const Work& work, std::span<const std::uint64_t> points) {
  WINDROW_CHECK(grows_, "{} points more than there are", points.size());
  std::vector<Keyed> keyed;
  keyed.reserve(points.size());
  for (const std::uint64_t index : points) keyed.push_back({work.cost_group(index), static_cast<std::uint32_t>(index)});
  append(work, std::move(keyed));
}

void WorkQueue::append(const Work& work, std::vector<Keyed> points) {
  std::sort(points.begin(), points.end());
  // A group of one teaches nothing. Points of equal hint are the next best thing; that such a key may meet another
  // group's number costs the prediction a little, and nothing else.
  for_each_run(points, [&](std::size_t begin, std::size_t end) {
    if (end - begin == 1 && !latest_.contains(points[begin].group))
      points[begin].group = std::bit_cast<std::uint64_t>(double{usable(work.cost_hint(points[begin].index))});
  });
  std::sort(points.begin(), points.end());

  struct Run {
    float hint;
    std::uint32_t begin, end;
  };
  // Groups that are added later are not sorted in among the others: their hints matter until one of them was measured.
  std::vector<Run> runs;
  for_each_run(points, [&](std::size_t begin, std::size_t end) {
    runs.push_back({usable(work.cost_hint(points[begin].index)), static_cast<std::uint32_t>(begin),
                    static_cast<std::uint32_t>(end)});
  });
  std::sort(runs.begin(), runs.end(), [&](const Run& a, const Run& b) {
    return std::tuple(-a.hint, points[a.begin].index) < std::tuple(-b.hint, points[b.begin].index);
  });
  if (order_.empty()) {
    order_.reserve(points.size());
    groups_.reserve(runs.size());
  }
  for (const Run& run : runs) {
    for (std::uint32_t i = run.begin; i < run.end; ++i) order_.push_back(points[i].index);
    const std::uint32_t count = run.end - run.begin;
    const auto number = static_cast<std::uint32_t>(groups_.size());
    groups_.push_back({.end = static_cast<std::uint32_t>(order_.size()), .left = count, .hint = run.hint});
    left_ += count;
    const auto before = latest_.find(points[run.begin].group);
    if (before != latest_.end() && measured(before->second)) {
      groups_.back().mean_s = groups_[before->second].mean_s;
      groups_.back().measured = groups_[before->second].measured;
      measured_left_s_ += double{groups_.back().mean_s} * count;
      file(number);
    } else {
      hint_left_ += double{run.hint} * count;
    }
    if (grows_) latest_[points[run.begin].group] = number;
  }
}

int WorkQueue::bucket_of(double seconds) {
  return std::clamp(static_cast<int>(4 * std::log2(std::max(seconds, 1e-12))) + 160, 0, kBuckets - 1);
}

double WorkQueue::predicted_s(std::uint32_t group) const {
  return measured(group) ? double{groups_[group].mean_s} : scale() * double{groups_[group].hint};
}

std::uint32_t WorkQueue::choose() {
  const auto count = static_cast<std::uint32_t>(groups_.size());
  while (fresh_ < count && (groups_[fresh_].left == 0 || measured(fresh_))) ++fresh_;
  for (; top_ >= 0; --top_) {
    auto& bucket = buckets_[static_cast<std::size_t>(top_)];
    while (!bucket.empty() && (groups_[bucket.back()].bucket != top_ || groups_[bucket.back()].left == 0))
      bucket.pop_back();
    if (!bucket.empty()) break;
  }
  if (top_ < 0) return fresh_;
  const std::uint32_t known = buckets_[static_cast<std::size_t>(top_)].back();
  return fresh_ < count && predicted_s(fresh_) >= predicted_s(known) ? fresh_ : known;
}

WorkQueue::Item WorkQueue::take() {
  WINDROW_CHECK(left_ > 0, "no point is left");
  const std::uint32_t number = choose();
  Group& group = groups_[number];
  const Item item{order_[group.end - group.left], number};
  --group.left;
  --left_;
  if (group.measured > 0)
    measured_left_s_ -= double{group.mean_s};
  else
    hint_left_ -= double{group.hint};
  return item;
}

void WorkQueue::learn(std::uint32_t number, double wall_s) {
  wall_s = std::max(wall_s, kShortest_s);
  Group& group = groups_[number];
  measured_s_ += wall_s;
  measured_hint_ += double{group.hint};
  if (group.measured == 0)
    hint_left_ -= double{group.hint} * group.left;
  else
    measured_left_s_ -= double{group.mean_s} * group.left;
  if (group.measured < kMostMeasured) ++group.measured;
  group.mean_s += (static_cast<float>(wall_s) - group.mean_s) / static_cast<float>(group.measured);
  measured_left_s_ += double{group.mean_s} * group.left;
  file(number);
}

void WorkQueue::file(std::uint32_t number) {
  Group& group = groups_[number];
  const int bucket = bucket_of(double{group.mean_s});
  if (group.left == 0 || group.bucket == bucket) return;
  group.bucket = static_cast<std::int16_t>(bucket);
  buckets_[static_cast<std::size_t>(bucket)].push_back(number);
  top_ = std::max(top_, bucket);
}

}  // namespace windrow::exec
