// A filter like that of Themis (NSDI 2020): GPUs are offered first to the jobs whose finish time, at full speed from
// now on, is worst relative to that on 1/n of the cluster. Among these, who gains most from its best GPU type chooses
// first; what they leave goes to the others, the worst treated first. Themis auctions partial allocations among
// applications; here a job bids for the GPUs that it wants, or none. O(J log J + J T).
#include <cmath>

#include "training/policies/equal_shares.hpp"
#include "training/policies/fair_service.hpp"
#include "training/policies/free_gpus.hpp"
#include "windrow/training/config.hpp"

namespace windrow::training {
namespace {
class Themis final : public Policy {
 public:
  explicit Themis(const TrainingConfig& config) : filter_(config.themis.filter) {}

  void allocate(const PolicyInput& input, Allocation& out) override {
    rank(input);
    const std::size_t n = queue_.size();
    const auto offered = static_cast<std::ptrdiff_t>(
        std::min(n, static_cast<std::size_t>(std::ceil((1 - filter_) * static_cast<double>(n)))));
    std::sort(queue_.begin(), queue_.begin() + offered,
              [](const Bid& a, const Bid& b) { return a.gain != b.gain ? a.gain > b.gain : a.before(b); });
    FreeGpus free(input.cluster);
    for (const Bid& bid : queue_)
      if (const auto type = free.fastest_for(input.jobs[bid.job])) free.give(input.jobs[bid.job], *type, out[bid.job]);
  }

 private:
  struct Bid {
    double unfairness;  // rho at full speed from now on
    double gain;        // fastest type over the mean of all GPUs
    std::size_t job;

    bool before(const Bid& other) const {
      return unfairness != other.unfairness ? unfairness > other.unfairness : job < other.job;
    }
  };

  void rank(const PolicyInput& input) {
    fair_rate_.clear();
    for (const JobView& job : input.jobs) {
      const PerType share = equal_share(input.cluster, input.jobs.size(), job.gpus);
      double rate = 0;
      for (std::size_t w = 0; w < input.cluster.types(); ++w) rate += share[w] * job.steps_per_s[w];
      fair_rate_.push_back(rate);
    }
    const std::vector<double>& served_s = fair_.update(input.jobs, fair_rate_);
    queue_.clear();
    for (std::size_t j = 0; j < input.jobs.size(); ++j) {
      const JobView& job = input.jobs[j];
      const double fastest = fastest_steps_per_s(job);
      const double fair_s = served_s[j] + job.steps_left / fair_rate_[j];
      double mean = 0;
      for (std::size_t w = 0; w < input.cluster.types(); ++w) mean += job.steps_per_s[w] * input.cluster.gpus[w];
      queue_.push_back(
          {(job.age_s + job.steps_left / fastest) / fair_s, fastest * input.cluster.total_gpus() / mean, j});
    }
    std::sort(queue_.begin(), queue_.end(), [](const Bid& a, const Bid& b) { return a.before(b); });
  }

  double filter_;
  FairService fair_;
  std::vector<double> fair_rate_;
  std::vector<Bid> queue_;  // the worst treated first, the older of equals
};
}  // namespace

void add_themis(PolicyRegistry& registry) {
  registry.add<Themis>("themis", "GPUs go to the jobs with the worst finish time relative to a 1/n share (Themis-like)",
                       {.changes_its_mind = true}, "Themis (NSDI 2020)");
}
}  // namespace windrow::training
