// What a packing policy is told of two jobs on the same GPUs where not every pair has been measured (Gavel, OSDI 2020,
// throughput estimation): a job is profiled beside some reference jobs, matched to the reference that it resembles
// most, and taken to share GPUs as that one does.
#pragma once

#include <set>
#include <utility>
#include <vector>

#include "training/model.hpp"
#include "windrow/kernel/random.hpp"

namespace windrow::training {

/// Draws from the run's stream seed + 4: first the references, then for each job, in order of arrival, which cells are
/// profiled. Jobs of one GPU only.
class Estimator final : public PairEstimates {
 public:
  explicit Estimator(const Model& model);

  /// The reference that a job of this rate key, which arrives now, is matched to: an index into references().
  int match(int rate_key);
  /// Rate keys of the reference job types, alphabetically by name.
  const std::vector<int>& references() const { return references_; }
  /// Two jobs have run together, and are known from now on.
  void learn(std::int64_t first, std::int64_t second) { known_.insert(std::minmax(first, second)); }

  PackedRates::Pair operator()(const JobView& first, const JobView& second, std::size_t type) const override;

 private:
  float normalised(int rate_key, int other, std::size_t type) const;
  void factorise(std::uint64_t seed);
  /// The factors of a row of which only some cells are known, by ridge regression on the columns' factors.
  std::vector<double> fold_in(const std::vector<double>& row, const std::vector<char>& profiled) const;
  std::size_t columns() const { return types_ * references_.size(); }

  const Model& model_;
  std::size_t types_;
  double profiled_;
  PythonRandom random_;
  std::vector<int> by_name_;  // rate keys of one GPU, alphabetically by the job type's name
  std::vector<int> references_;
  std::vector<float> rows_;  // [references x (types x references)]: rate beside another over the rate alone
  std::size_t rank_ = 0;
  std::vector<double> factors_;                            // [columns x rank]
  std::set<std::pair<std::int64_t, std::int64_t>> known_;  // pairs of jobs that have run together
};

}  // namespace windrow::training
