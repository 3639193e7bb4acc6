// What windrow status tells of a sweep, as lines of text.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "windrow/store/progress.hpp"

namespace windrow::cli {

/// A result's end and duration, for the rate.
struct Completion {
  double finished_unix_s = 0, wall_s = 0;
};

/// Points per second up to now: of the last minute's results or, if these are few, of the last hundred; what was done
/// before a pause does not count. None where nothing was done.
std::optional<double> recent_rate(std::vector<Completion> results, double now_unix_s);

/// A bar of `width` places, ━ for what is done.
std::string bar_text(std::uint64_t done, std::uint64_t all, std::size_t width);

/// At most `width` code points, the last one an ellipsis where something is left out.
std::string cut(const std::string& text, std::size_t width);

/// Which row has which value of which axis, by number: counted once, used for each look at a running sweep.
class AxisNumbers {
 public:
  struct Axis {
    std::string name;
    std::vector<sweep::AxisValue> values;  ///< ascending
    std::vector<std::uint32_t> of_row;
  };
  /// Axes with two values or more; those with more values than anybody would read are left out.
  const std::vector<Axis>& of(const store::Reader& file);

 private:
  const store::Reader* counted_ = nullptr;
  std::vector<Axis> axes_;
};

/// One moment of a sweep.
class ProgressView {
 public:
  using Block = std::vector<std::string>;

  /// `numbers` outlives the view.
  ProgressView(const store::Progress& progress, AxisNumbers& numbers, const std::string& path, double now_unix_s);

  /// Points that an adaptive sweep has not asked for are none of it.
  std::uint64_t asked_for() const { return progress_.rows().size() - count(sweep::PointStatus::skipped); }
  std::uint64_t count(sweep::PointStatus status) const { return by_status_[static_cast<std::size_t>(status)]; }
  std::uint64_t done() const { return count(sweep::PointStatus::ok) + count(sweep::PointStatus::saturated); }
  std::uint64_t left() const { return count(sweep::PointStatus::pending) + count(sweep::PointStatus::running); }
  bool being_written() const { return being_written_; }
  /// The exit status that `windrow run` would have ended with here.
  int exit_status() const;

  /// Everything, for a text without end: all failed points.
  std::vector<Block> report() const;
  /// What fits into a window: the rest is cut off, with ellipses.
  std::vector<std::string> screen(std::size_t width, std::size_t height) const;

 private:
  Block heading() const;
  Block progress_bar(std::size_t width) const;
  /// One block per varied axis, or of the one with the fewest values.
  std::vector<Block> axes(bool all) const;
  Block slowest(std::size_t most) const;
  Block load(std::size_t most) const;
  Block failures(std::size_t most) const;

  const store::Progress& progress_;
  const std::vector<AxisNumbers::Axis>& axes_;
  std::string path_;
  double now_unix_s_;
  std::array<std::uint64_t, static_cast<std::size_t>(sweep::kLastStatus) + 1> by_status_{};
  double wall_s_ = 0, latest_unix_s_ = 0;
  std::optional<double> rate_;
  bool being_written_;
};

}  // namespace windrow::cli
