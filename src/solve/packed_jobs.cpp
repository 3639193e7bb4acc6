#include "windrow/solve/packed_jobs.hpp"

#include <algorithm>
#include <cmath>

#include "solve/class_finder.hpp"
#include "solve/memory.hpp"
#include "solve/pair_program.hpp"
#include "solve/rooms.hpp"
#include "windrow/kernel/error.hpp"
#include "windrow/solve/classes.hpp"

namespace windrow::solve {

struct PackedSolver::State {
  State(PairRates given, TieBreak mode, bool list, std::size_t remembered, bool continues)
      : rates(std::move(given)), tie_break(mode), list_pairs(list), goes_on(continues), known(remembered) {}

  PairRates rates;
  TieBreak tie_break;
  bool list_pairs, goes_on;
  PairProgram program;
  WayAnswer answer;
  PackedAllocation out;
  Asked asked;
  ClassFinder finder;
  std::vector<double> numbers;
  Memory<WayAnswer> known;

  // The problem at hand.
  Classes classes;
  std::vector<int> label;
  std::vector<std::size_t> kind_of;               ///< [classes]
  RowNames names;                                 ///< of classes, by which they are known from call to call
  std::vector<std::vector<std::size_t>> members;  ///< [classes] jobs, ascending
  std::vector<double> unit;                       ///< [classes] what the problem divided a job's rates by
  std::vector<double> gain_per_step;              ///< [types] of a sum
  std::vector<PackedAllocation::Together> named;  ///< classes, by the ways' pairs
  std::vector<std::size_t> pair_of;               ///< [classes x classes] index of out.class_pairs
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);

  /// Classes of jobs that are alike in the problem and in kind, and their ways. With `apart`, each job is its own
  /// class.
  void group(const Jobs& jobs, std::span<const int> kind, const Problem& problem, bool apart) {
    const std::size_t n = jobs.size();
    WINDROW_CHECK(kind.size() == n && problem.rows() == n && rates.types() == jobs.types(), "{} jobs, {} kinds", n,
                  kind.size());
    label.assign(kind.begin(), kind.end());
    if (apart)
      for (std::size_t i = 0; i < n; ++i) label[i] = static_cast<int>(i);
    ++asked.problems;
    finder.find(problem, &label, classes);
    const std::size_t rows = classes.problem.rows();
    members.resize(std::max(rows, members.size()));
    for (auto& list : members) list.clear();
    kind_of.assign(rows, 0);
    for (std::size_t i = 0; i < n; ++i) members[classes.class_of[i]].push_back(i);
    const std::size_t types = jobs.types();
    unit.assign(rows, 1.0);
    gain_per_step.assign(types, 0.0);
    for (std::size_t c = 0; c < rows; ++c) {
      const std::size_t i = members[c].front();
      kind_of[c] = static_cast<std::size_t>(kind[i]);
      for (std::size_t k = types; k-- > 0;) {
        if (!(jobs.throughput[i * types + k] > 0)) continue;
        if (problem.rate_of(i, k) > 0) unit[c] = jobs.throughput[i * types + k] / problem.rate_of(i, k);
        gain_per_step[k] = std::max(gain_per_step[k], problem.gain_of(i, k) / jobs.throughput[i * types + k]);
      }
    }
    const Problem& small = classes.problem;
    program.ways.clear();
    named.clear();
    program.ways.add_alone(small);
    for (std::size_t g = 0; g < rows; ++g)
      for (std::size_t h = g; h < rows; ++h) {
        if (small.size[g] != small.size[h]) continue;
        const int pair = static_cast<int>(named.size());
        const std::size_t before = program.ways.list.size();
        for (std::size_t k = 0; k < small.types(); ++k) {
          const std::size_t type = classes.types[k];
          const PairRates::Rates& both = rates(kind_of[g], kind_of[h], type);
          program.ways.add_pair(small, g, h, k, pair, both.first / unit[g], both.second / unit[h],
                                (both.first + both.second) * gain_per_step[type]);
        }
        if (program.ways.list.size() > before) named.push_back({g, h});
      }
    program.ways.measure(small);
  }

  /// Of the classes' problem.
  void solve_classes(const Jobs& jobs) { program.solve(classes.problem, tie_break, answer, known_names(jobs)); }

  const RowNames* known_names(const Jobs& jobs) {
    if (!goes_on) return nullptr;
    const Problem& small = classes.problem;
    names.kind.clear();
    names.job.clear();
    for (std::size_t c = 0; c < small.rows(); ++c) {
      const std::size_t first = members[c].front();
      names.kind.push_back(2 * kind_of[c] + (small.demands(c) ? 1 : 0));
      names.job.push_back(jobs.id.empty() ? first : jobs.id[first]);
    }
    return &names;
  }

  void clear() {
    out.alone = {};
    out.pairs.clear();
    out.together.clear();
    out.class_pairs.clear();
    out.class_together.clear();
    out.levels = {};
    out.rho = out.attained = 0;
    out.floors_dropped = false;
  }

  /// Nobody, or nothing to give.
  bool trivial(const Jobs& jobs, const Problem& problem) {
    clear();
    const bool nothing = classes.problem.capacity.empty() || classes.problem.rows() == 0;
    if (!nothing && !Rooms::nobody_asks(problem)) return false;
    Rooms::idle(problem, out.alone);
    out.rate.assign(jobs.size(), 0.0);
    out.class_of = classes.class_of;
    return true;
  }

  void expand(const Jobs& jobs) {
    Solution& whole = out.alone;
    whole.status = answer.status;
    whole.method = answer.method;
    whole.fell_back = answer.fell_back;
    whole.rounds = answer.rounds;
    asked.fallbacks += answer.fell_back ? 1 : 0;
    asked.failures += answer.status == Status::failed ? 1 : 0;
    const std::size_t n = jobs.size();
    const std::size_t types = jobs.types();
    whole.x.assign(n * types, 0.0);
    out.rate.assign(n, 0.0);
    if (answer.status != Status::optimal) return;
    whole.theta = answer.theta;
    whole.objective = answer.objective;
    whole.bound = answer.bound;
    whole.gap = answer.gap;
    whole.rate_price.resize(n);
    for (std::size_t i = 0; i < n; ++i) {
      whole.rate_price[i] = answer.rate_price[classes.class_of[i]];
      out.rate[i] = answer.rate[classes.class_of[i]];
    }
    whole.price.assign(types, 0.0);
    for (std::size_t k = 0; k < classes.types.size(); ++k) whole.price[classes.types[k]] = answer.price[k];
    out.class_of = classes.class_of;
    const std::size_t rows = classes.problem.rows();
    pair_of.assign(rows * rows, kNone);
    for (std::size_t j = 0; j < program.ways.list.size(); ++j) {
      const Way& way = program.ways.list[j];
      if (answer.time[j] <= 0) continue;
      const double share = answer.time[j] / way.copies;
      const std::size_t type = classes.types[static_cast<std::size_t>(way.type)];
      if (way.pair == kNobody) {
        for (const std::size_t i : members[static_cast<std::size_t>(way.first)]) whole.x[i * types + type] = share;
        continue;
      }
      const PackedAllocation::Together& pair = named[static_cast<std::size_t>(way.pair)];
      std::size_t& index = pair_of[pair.first * rows + pair.second];
      if (index == kNone) {
        index = pair_of[pair.second * rows + pair.first] = out.class_pairs.size();
        out.class_pairs.push_back(pair);
        out.class_together.resize(out.class_pairs.size() * types, 0.0);
      }
      out.class_together[index * types + type] = share;
    }
    if (!list_pairs) return;
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = i + 1; j < n; ++j) {
        const std::size_t index = pair_of[classes.class_of[i] * rows + classes.class_of[j]];
        if (index == kNone) continue;
        out.pairs.push_back({i, j});
        const double* const share = &out.class_together[index * types];
        out.together.insert(out.together.end(), share, share + types);
      }
  }
};

PackedSolver::PackedSolver(PairRates rates, TieBreak tie_break, bool list_pairs, std::size_t remembered, bool goes_on)
    : state_(std::make_unique<State>(std::move(rates), tie_break, list_pairs, remembered, goes_on)) {}
PackedSolver::~PackedSolver() = default;
PackedSolver::PackedSolver(PackedSolver&&) noexcept = default;
PackedSolver& PackedSolver::operator=(PackedSolver&&) noexcept = default;

const Asked& PackedSolver::asked() const {
  return state_->asked;
}

const PackedAllocation& PackedSolver::solve(const Jobs& jobs, std::span<const int> kind, const Problem& problem) {
  State& s = *state_;
  check(problem);
  s.group(jobs, kind, problem, false);
  if (s.trivial(jobs, problem)) return s.out;
  if (s.known.used()) {
    numbers_of(s.classes.problem, s.numbers);
    s.numbers.insert(s.numbers.end(), s.kind_of.begin(), s.kind_of.end());
    if (const WayAnswer* known = s.known.find(s.numbers)) {
      ++s.asked.remembered;
      s.answer = *known;
      s.expand(jobs);
      return s.out;
    }
  }
  s.solve_classes(jobs);
  if (s.known.used()) s.known.keep(s.numbers, s.answer);
  s.expand(jobs);
  return s.out;
}

const PackedAllocation& PackedSolver::solve_sum(const Jobs& jobs, std::span<const int> kind, const Problem& problem) {
  State& s = *state_;
  check(problem);
  s.group(jobs, kind, problem, false);
  if (s.trivial(jobs, problem)) {
    s.out.floors_dropped = s.out.alone.status == Status::infeasible;
    s.out.alone.status = Status::optimal;
    return s.out;
  }
  Problem& asked = s.classes.problem;
  const bool floors = std::any_of(asked.floor.begin(), asked.floor.end(), [](double floor) { return floor > 0; });
  bool dropped = floors && !s.program.can_meet_floors(asked, s.known_names(jobs));
  const auto drop = [&] {
    asked.floor.clear();
    s.program.ways.measure(asked);
  };
  if (dropped) drop();
  s.solve_classes(jobs);
  if (s.answer.status == Status::infeasible && !asked.floor.empty()) {  // by less than could be told
    dropped = true;
    drop();
    s.solve_classes(jobs);
  }
  s.expand(jobs);
  s.out.floors_dropped = dropped;
  return s.out;
}

const PackedAllocation& PackedSolver::finish_time_fairness(const Jobs& jobs, std::span<const int> kind,
                                                           const FinishTimes& times) {
  State& s = *state_;
  check(times.region);
  const std::size_t n = jobs.size();
  WINDROW_CHECK(times.steps.size() == n && times.elapsed_s.size() == n && times.fair_s.size() == n, "{} jobs", n);
  s.group(jobs, kind, times.region, true);
  if (s.trivial(jobs, times.region)) return s.out;
  FinishTimes small;  // in the order of the classes, each of which is one job
  for (std::size_t c = 0; c < n; ++c) {
    const std::size_t i = s.members[c].front();
    small.steps.push_back(times.steps[i]);
    small.elapsed_s.push_back(times.elapsed_s[i]);
    small.fair_s.push_back(times.fair_s[i]);
  }
  const PairProgram::Rho found =
      s.program.finish_time_fairness(s.classes.problem, small, s.tie_break, s.answer, s.known_names(jobs));
  s.expand(jobs);
  s.out.rho = found.rho;
  s.out.attained = found.attained;
  return s.out;
}

const PackedAllocation& PackedSolver::fill(const Jobs& jobs, std::span<const int> kind, const Problem& problem,
                                           const Reweigh* reweigh, Filling filling) {
  State& s = *state_;
  check(problem);
  s.group(jobs, kind, problem, reweigh != nullptr);
  if (s.trivial(jobs, problem)) {
    s.out.levels.level.assign(jobs.size(), 0.0);
    return s.out;
  }
  WaterFilling small = s.program.fill(s.classes.problem, reweigh, filling, s.answer, s.known_names(jobs));
  s.expand(jobs);
  s.out.levels = small;
  s.out.levels.level.resize(jobs.size());
  for (std::size_t i = 0; i < jobs.size(); ++i) s.out.levels.level[i] = small.level[s.classes.class_of[i]];
  return s.out;
}

}  // namespace windrow::solve
