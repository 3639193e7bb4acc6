#include "training/policies/linear.hpp"

#include <algorithm>

namespace windrow::training {
namespace {

solve::TieBreak tie_break_named(std::string_view name) {
  if (name == "lexicographic") return solve::TieBreak::lexicographic;
  if (name == "ecos") return solve::TieBreak::ecos;
  return name == "vertex" ? solve::TieBreak::vertex : solve::TieBreak::central;
}

std::string_view name_of(solve::TieBreak tie_break) {
  if (tie_break == solve::TieBreak::lexicographic) return "lexicographic";
  if (tie_break == solve::TieBreak::ecos) return "ecos";
  return tie_break == solve::TieBreak::vertex ? "vertex" : "central";
}

double speed(const JobView& job, std::size_t type, Sight sight) {
  switch (sight) {
    case Sight::blind:
      return 1;
    case Sight::v100:
      return job.v100_steps_per_s;
    case Sight::types:
    case Sight::pairs:
      break;
  }
  return job.steps_per_s[type];
}

/// Answers that are kept for situations that come again: jobs of the same kinds, where nothing else of them counts.
constexpr std::size_t kRemembered = 4096;

/// With pairs there is no path to follow: the published policies crash on most of them, or ask for what cannot be had.
solve::TieBreak chosen(const TrainingConfig& config, Sight sight, std::string_view automatic, bool follows) {
  const std::string_view usual = config.upstream() && automatic == "central" ? "ecos" : automatic;
  const solve::TieBreak mode = tie_break_named(config.tie_break == "auto" ? usual : config.tie_break);
  const bool lost = mode == solve::TieBreak::ecos && !(follows && sight != Sight::pairs);
  return lost ? solve::TieBreak::central : mode;
}

}  // namespace

LinearPolicy::LinearPolicy(const TrainingConfig& config, Sight sight, const Traits& traits)
    : sight_(sight),
      tie_break_(chosen(config, sight, traits.automatic, traits.follows)),
      remembered_(traits.comes_again ? kRemembered : 0),
      solver_(tie_break_, remembered_) {
  jobs_.realisable = config.realisable;
  explanation_.objective_name = traits.objective;
  explanation_.objective_unit = traits.unit;
  explanation_.tie_break = name_of(tie_break_);
}

solve::Jobs& LinearPolicy::look_at(const PolicyInput& input) {
  Explanation afresh{.objective_name = explanation_.objective_name,
                     .objective_unit = explanation_.objective_unit,
                     .tie_break = explanation_.tie_break};
  for (auto list : {&Explanation::levels, &Explanation::discounts}) {  // their memory is used again
    afresh.*list = std::move(explanation_.*list);
    (afresh.*list).clear();
  }
  explanation_ = std::move(afresh);
  jobs_.capacity.assign(input.cluster.gpus.begin(), input.cluster.gpus.end());
  for (auto* const list :
       {&jobs_.throughput, &jobs_.gpus, &jobs_.priority, &jobs_.steps_left, &jobs_.elapsed_s, &jobs_.served_s})
    list->clear();
  jobs_.id.clear();
  for (const JobView& job : input.jobs) {
    jobs_.id.push_back(static_cast<std::size_t>(job.id));
    for (std::size_t w = 0; w < input.cluster.types(); ++w) jobs_.throughput.push_back(speed(job, w, sight_));
    jobs_.gpus.push_back(job.gpus);
    jobs_.priority.push_back(job.weight);
    jobs_.steps_left.push_back(job.steps_left);
    jobs_.elapsed_s.push_back(job.age_s);
  }
  kinds_.clear();
  for (const JobView& job : input.jobs) kinds_.push_back(job.rate_key);
  return jobs_;
}

solve::PackedSolver& LinearPolicy::packed_solver(const PolicyInput& input) {
  if (input.estimates != nullptr) return solver_of_estimates(input);
  if (!packed_solver_) {
    const std::size_t keys = input.packed.keys(), types = input.cluster.types();
    solve::PairRates rates(keys, types);
    for (std::size_t a = 0; a < keys; ++a)
      for (std::size_t b = 0; b < keys; ++b)
        for (std::size_t w = 0; w < types; ++w) {
          const PackedRates::Pair pair = input.packed(static_cast<int>(a), static_cast<int>(b), w);
          rates.set(a, b, w, {pair.first, pair.second});
        }
    packed_solver_.emplace(std::move(rates), tie_break_, true, remembered_, true);
  }
  return *packed_solver_;
}

/// What is known of pairs differs from job to job and from call to call: every job is a kind of its own.
solve::PackedSolver& LinearPolicy::solver_of_estimates(const PolicyInput& input) {
  const std::size_t n = input.jobs.size(), types = input.cluster.types();
  solve::PairRates rates(n, types);
  for (std::size_t a = 0; a < n; ++a) {
    kinds_[a] = static_cast<int>(a);
    for (std::size_t b = a; b < n; ++b)
      for (std::size_t w = 0; w < types && input.jobs[a].gpus == input.jobs[b].gpus; ++w) {
        const PackedRates::Pair pair = input.together(input.jobs[a], input.jobs[b], w);
        rates.set(a, b, w, {pair.first, pair.second});
      }
  }
  packed_solver_.emplace(std::move(rates), tie_break_);
  return *packed_solver_;
}

void LinearPolicy::write(const PolicyInput& input, const solve::PackedAllocation& solution, double objective,
                         Allocation& out) {
  write(input, solution.alone, objective, out);
  explanation_.floors_dropped = solution.floors_dropped;
  if (input.jobs.empty() || explanation_.failed) return;
  const std::size_t types = input.cluster.types();
  for (std::size_t p = 0; p < solution.pairs.size(); ++p) {
    PerType share{};
    for (std::size_t w = 0; w < types; ++w) share[w] = std::clamp(solution.together[p * types + w], 0.0, 1.0);
    out.add_pair(solution.pairs[p].first, solution.pairs[p].second, share);
  }
}

void LinearPolicy::write(const PolicyInput& input, const solve::Solution& solution, double objective, Allocation& out) {
  if (input.jobs.empty()) return;
  const std::size_t types = input.cluster.types();
  explanation_.rounds += solution.rounds;
  explanation_.fell_back = explanation_.fell_back || solution.fell_back;
  if (solution.status != solve::Status::optimal) {
    explanation_.fell_back = explanation_.failed = true;
    for (std::size_t j = 0; j < input.jobs.size(); ++j)
      out[j] = equal_share(input.cluster, input.jobs.size(), input.jobs[j].gpus);
    return;
  }
  explanation_.objective = objective;
  explanation_.gap = solution.gap;
  for (std::size_t j = 0; j < input.jobs.size(); ++j)
    for (std::size_t w = 0; w < types; ++w) out[j][w] = std::clamp(solution.x[j * types + w], 0.0, 1.0);
}

}  // namespace windrow::training
