// Which points of an adaptive sweep are asked for: the rules of its file, applied to what is known.
//
// A *cell* is what differs by seed alone; a *line* is what differs by seed and by the value of the axis along which
// `knee` or `until` goes, and a cell where there is no such rule. Lines know nothing of one another, and a line asks
// for more only when all that it has asked for is known: so what is asked for depends on results alone, not on their
// order.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "windrow/kernel/stats.hpp"
#include "windrow/sweep/plan.hpp"
#include "windrow/sweep/record.hpp"
#include "windrow/sweep/rules.hpp"

namespace windrow::sweep {

class Adaptive {
 public:
  /// `plan` must have rules, and outlive the object.
  explicit Adaptive(const Plan& plan);

  /// Metrics at which the rules look, as positions in Description::metrics.
  const std::vector<std::size_t>& metrics() const { return metrics_; }

  /// What an earlier run has left, before begin(): the metrics in the order of metrics(); none without a result.
  void know(std::uint64_t index, PointStatus status, std::span<const double> values);
  /// Asks for the first points, and for all that follows from what is known.
  void begin();
  bool is_asked(std::uint64_t index) const { return asked_[index]; }
  std::uint64_t asked() const { return asked_count_; }
  /// Points that were not asked for so far.
  std::uint64_t reserve() const { return states_.size() - asked_count_; }

  /// A result of this run. Returns the points that are asked for because of it.
  std::vector<std::uint64_t> learn(std::uint64_t index, PointStatus status, std::span<const double> values);
  /// Number of the line of a point, and whether that line will ask for no more as long as nothing new is learned.
  std::size_t line_of(std::uint64_t index) const;
  bool is_settled(std::size_t line) const { return lines_[line].settled; }
  std::size_t lines() const { return lines_.size(); }
  /// Calls visit(index, why) for each point that the line of this number, a settled one, has not asked for.
  void for_each_skipped(std::size_t number, const std::function<void(std::uint64_t, const std::string&)>& visit) const;

  /// What `knee` has found of a line.
  struct Knee {
    std::string line;                ///< `policy=fifo cluster=36:36:36`
    std::optional<AxisValue> value;  ///< none if no value meets the target
    double mean = 0;                 ///< of the metric, at that value
  };
  /// Of the lines that are settled; empty without `knee`.
  std::vector<Knee> knees() const;

 private:
  struct Line {
    std::uint64_t key = 0;      ///< combination of its first point
    std::uint32_t unknown = 0;  ///< points asked for of which nothing is known
    bool settled = false;
  };
  struct Decision;

  std::uint64_t key_of(std::uint64_t index) const;
  std::vector<std::uint64_t> cell(const Line& line, std::size_t value) const;
  std::vector<std::size_t> values_of(const Line& line) const;
  Known known(std::uint64_t index, std::size_t metric) const;
  Decision decide(const Line& line) const;
  /// What a line asks for beyond what it has.
  void ask(Line& line, std::vector<std::uint64_t>& more);
  Mean mean_of(std::span<const std::uint64_t> points, std::size_t metric) const;
  Verdict verdict(std::span<const std::uint64_t> points) const;
  std::string text_of(const Line& line, std::size_t value) const;

  const Plan& plan_;
  const Grid& grid_;
  std::vector<std::size_t> metrics_;
  std::optional<std::size_t> along_;  ///< group of the axis of `knee` or `until`
  std::size_t values_ = 1, seeds_ = 1;
  std::vector<std::size_t> free_axes_;  ///< in which the points of a line differ
  std::vector<Line> lines_;             ///< by key
  std::vector<bool> asked_;
  std::uint64_t asked_count_ = 0;
  std::vector<Known::State> states_;          ///< by point
  std::vector<std::vector<double>> numbers_;  ///< for each of metrics_, by point
};

}  // namespace windrow::sweep
