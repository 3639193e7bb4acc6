// The canonical texts of a sweep's points, put together from pieces. A line of canonical text depends on its own key
// alone (config/keys.hpp), so a point's text is that of any other point with the lines of the axes exchanged;
// PlanLoader compares it with Schema::resolve for every point of a sweep before the plan is used.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "sweep/grid.hpp"
#include "windrow/sweep/plan.hpp"

namespace windrow::sweep {

/// Dotted path → whole line with its line break.
using Lines = std::map<std::string, std::string, std::less<>>;
Lines lines_of(std::string_view canonical);

class PointTexts {
 public:
  /// How the values of an axis stand in the text.
  struct AxisLines {
    std::string path;             ///< the values are written to this line as they are (numbers), or
    std::vector<Lines> by_value;  ///< all lines for each value, the other axes being at their first one
  };

  PointTexts() = default;
  /// `reference`: a point's text; `axes` in the order of the plan's axes.
  PointTexts(std::string_view reference, const std::vector<AxisLines>& axes);

  std::string text(const Choice& choice, const std::vector<Axis>& axes) const;

 private:
  struct Piece {
    std::string fixed;                  // text, or `path: ` before the value of `axis`
    std::ptrdiff_t axis = -1;           // none
    std::vector<std::string> by_value;  // the line for each value of `axis`
  };
  std::vector<Piece> pieces_;
};

/// Appends a value as canonical text has it; numbers and booleans only.
void append_value(std::string& out, const AxisValues& values, std::size_t which);

}  // namespace windrow::sweep
