// Where jobs come from: generated after the published scheme, draw for draw, or read from a trace.
#pragma once

#include <optional>
#include <vector>

#include "training/model.hpp"
#include "windrow/kernel/random.hpp"
#include "windrow/kernel/streams.hpp"

namespace windrow::training {

class JobSource {
 public:
  explicit JobSource(const Model& model);

  /// When the clock may jump to if nothing runs; none if no job will come.
  std::optional<double> next_arrival_s() const { return next_arrival_s_; }
  /// The next job with arrival <= now, if there is one. To be called until there is none: only then is the next arrival
  /// known.
  std::optional<Job> take(double now_s);
  /// Jobs that fill the cluster, type after type, before the first arrival (key `steady_state`).
  std::vector<Job> fill_cluster();
  /// Upstream looks at a trace's next arrival only where no window is given; called at the top of each iteration.
  void look_at_trace();

 private:
  Job generate(double arrival_s);

  const Model& model_;
  PythonRandom jobs_, arrivals_, slos_;
  Streams entities_;
  std::optional<double> next_arrival_s_;
  std::optional<int> v100_;     // in the table
  std::int64_t generated_ = 0;  // without those of fill_cluster
  std::uint64_t made_ = 0;      // with those
  std::size_t next_in_trace_ = 0;
};

}  // namespace windrow::training
