// AlloX (Le et al., EuroSys 2020) as in Gavel: waiting jobs are matched with (free worker, place in its queue from the
// last) so that the sum of completion times is least; who heads a queue gets the worker and keeps it to its end.
// One-GPU jobs only.
#include <algorithm>
#include <cmath>

#include "training/policies/queue_assignment.hpp"
#include "windrow/training/config.hpp"
#include "windrow/training/policy.hpp"

namespace windrow::training {
namespace {

class Allox final : public Policy {
 public:
  explicit Allox(const TrainingConfig& config) : alpha_(config.allox.alpha) {}

  void allocate(const PolicyInput& input, Allocation& out) override {
    const auto& jobs = input.jobs;
    free_ = input.cluster.gpus;
    waiting_.clear();
    for (std::size_t j = 0, r = 0; j < jobs.size(); ++j) {
      if (jobs[j].gpus != 1) throw PointError(fmt::format("allox serves jobs of one GPU, not of {}", jobs[j].gpus));
      while (r < running_.size() && running_[r].id < jobs[j].id) ++r;
      if (r < running_.size() && running_[r].id == jobs[j].id) {
        out[j][running_[r].type] = 1.0;
        --free_[running_[r].type];
      } else {
        waiting_.push_back(j);
      }
    }
    assign(jobs, out);
    running_.clear();
    for (std::size_t j = 0; j < jobs.size(); ++j)
      for (std::size_t w = 0; w < input.cluster.types(); ++w)
        if (out[j][w] == 1.0) running_.push_back({jobs[j].id, w});
  }

 private:
  struct Running {
    std::int64_t id;
    std::size_t type;
  };

  void assign(std::span<const JobView> jobs, Allocation& out) {
    std::size_t free_workers = 0;
    for (const int count : free_) free_workers += static_cast<std::size_t>(count);
    std::stable_sort(waiting_.begin(), waiting_.end(),
                     [&](std::size_t a, std::size_t b) { return jobs[a].age_s > jobs[b].age_s; });
    const auto considered = static_cast<std::size_t>(std::trunc(alpha_ * static_cast<double>(waiting_.size())));
    waiting_.resize(std::min(waiting_.size(), std::max(considered, free_workers)));
    if (waiting_.empty() || free_workers == 0) return;

    rows_.clear();
    for (const std::size_t j : waiting_) {
      QueueAssignment::Row row{{}, jobs[j].age_s};
      for (std::size_t w = 0; w < free_.size(); ++w)
        row.processing_s[w] = jobs[j].steps_left / (jobs[j].steps_per_s[w] == 0 ? 1e-10 : jobs[j].steps_per_s[w]);
      rows_.push_back(row);
    }
    for (const auto& head : solver_.heads(rows_, free_)) out[waiting_[head.row]][head.type] = 1.0;
  }

  double alpha_;
  std::vector<Running> running_;  // by id
  std::vector<int> free_;         // workers by type
  std::vector<std::size_t> waiting_;
  std::vector<QueueAssignment::Row> rows_;
  QueueAssignment solver_;
};

}  // namespace

void add_allox(PolicyRegistry& registry) {
  registry.add<Allox>("allox", "least sum of completion times by matching jobs with workers; jobs keep theirs", {});
}

}  // namespace windrow::training
