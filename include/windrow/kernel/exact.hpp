// Statistics of whole numbers, taken exactly and rounded once, as Python's `statistics` does.
#pragma once

#include <cstdint>
#include <vector>

namespace windrow {

/// Sum over count, rounded to the nearest double. 0 of nothing.
double exact_mean(const std::vector<std::int64_t>& values);
/// 0 of nothing.
double exact_median(std::vector<std::int64_t> values);
/// With n - 1; the correctly rounded root of the exact fraction. 0 of fewer than two values.
double exact_deviation(const std::vector<std::int64_t>& values);

}  // namespace windrow
