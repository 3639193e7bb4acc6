// Conditions on axis values, as `skip` and `--only` have them: `policy=fifo,allox arrival_rate>3`.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sweep/grid.hpp"
#include "windrow/config/problems.hpp"
#include "windrow/sweep/plan.hpp"

namespace windrow::sweep {

/// Comparisons that hold all together. `=` and `!=` take several values; `<`, `<=`, `>`, `>=` want numbers.
class Condition {
 public:
  /// Reports, at `position` under the name `key`, what is no comparison, axes that there are not, values that never
  /// occur. With problems the condition must not be used.
  static Condition parse(std::string_view text, const std::vector<Axis>& axes, const config::Position& position,
                         const std::string& key, config::Problems& problems);

  bool holds(const Choice& choice) const;

 private:
  struct Term {
    std::size_t axis;
    std::vector<bool> holds_for;  // each of the axis's values
  };
  std::vector<Term> terms_;
};

}  // namespace windrow::sweep
