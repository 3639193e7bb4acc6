// The numbers of one run on their way to the sink.
#pragma once

#include <limits>
#include <vector>

#include "windrow/simulator/results.hpp"

namespace windrow::spot {

/// A value per metric; what nobody sets is NaN.
class Figures {
 public:
  Figures();
  double& operator[](const Metric& metric);
  void put_all(ResultSink& sink) const;

 private:
  std::vector<double> values_;
};

/// In the order in which they are stored and shown.
const std::vector<const Metric*>& all_metrics();

}  // namespace windrow::spot
