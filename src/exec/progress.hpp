// How far the run is, for people: one line that rewrites itself on a terminal, plain lines now and then in a log.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <utility>

#include "windrow/exec/run.hpp"

namespace windrow::exec {

class Progress {
 public:
  /// `total`: all points of the sweep; `done_before`: those of them that were done when the run began.
  Progress(const Options& options, std::uint64_t total, std::uint64_t done_before);
  ~Progress() { finish(); }

  /// There are so many points more than was said.
  void grow(std::uint64_t more) { total_ += more; }
  /// Prints if it is time. `done`: in this run, failed ones included.
  void update(std::uint64_t done, std::uint64_t failed, std::optional<double> eta_s);
  /// A line that stays.
  void note(const std::string& text);
  /// Wipes a terminal's line.
  void finish();

 private:
  double rate(double now_s, std::uint64_t done);
  void print(const std::string& line);

  const std::string name_;
  std::uint64_t total_;
  const std::uint64_t done_before_;
  const bool quiet_, terminal_;
  const double interval_s_;
  double next_s_;
  std::deque<std::pair<double, std::uint64_t>> history_;  ///< time, points done: the last seconds
  bool line_open_ = false;
};

/// `0:12`, `3:04:05`, `2 d 03:04`.
std::string clock_text(double seconds);

}  // namespace windrow::exec
