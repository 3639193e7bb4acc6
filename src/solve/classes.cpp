#include "windrow/solve/classes.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>

#include "solve/class_finder.hpp"

namespace windrow::solve {

void ClassFinder::find(const Problem& problem, const std::vector<int>* label, Classes& classes) {
  const std::size_t n = problem.rows();
  classes.types.clear();
  for (std::size_t k = 0; k < problem.types(); ++k)
    if (problem.capacity[k] > 0) classes.types.push_back(k);
  const std::size_t types = classes.types.size();

  // All that makes a row, side by side, and a hash of it: a sum, whose terms do not wait for each other.
  const bool gains = !problem.gain.empty();
  const bool closed = !problem.allowed.empty();
  const bool floors = !problem.floor.empty();
  const std::size_t width =
      2 + (label != nullptr ? 1 : 0) + (floors ? 1 : 0) + (1 + (closed ? 1 : 0) + (gains ? 1 : 0)) * types;
  std::vector<double>& key = key_;
  key.resize(n * width);
  constexpr std::uint64_t kMix = 0x9E3779B97F4A7C15ULL;
  const auto same = [&](std::size_t a, std::size_t b) {
    return std::equal(&key[a * width], &key[a * width] + width, &key[b * width]);
  };

  std::vector<std::size_t>& slot = slot_;  // open addressing: row that founded a class
  slot.assign(std::bit_ceil(2 * n + 1), n);
  std::vector<std::size_t>& founder = founder_;
  founder.resize(n);
  std::vector<std::size_t>& founders = founders_;
  founders.clear();
  for (std::size_t i = 0; i < n; ++i) {
    double* const row = &key[i * width];
    std::size_t c = 0;
    std::uint64_t hash = 0;
    const auto put = [&](double value) {
      row[c] = value;
      hash += std::bit_cast<std::uint64_t>(value + 0.0) * (kMix * (2 * c + 1));
      ++c;
    };
    if (label != nullptr) put((*label)[i]);
    put(problem.size[i]);
    put(problem.weight[i]);
    if (floors) put(problem.floor[i]);
    for (const std::size_t k : classes.types) {
      const bool open = problem.allows(i, k);
      if (closed) put(open);
      put(open ? problem.rate_of(i, k) : 0);
      if (gains) put(open ? problem.gain_of(i, k) : 0);
    }
    hash = (hash ^ (hash >> 32)) * kMix;
    std::size_t at = (hash >> 20) & (slot.size() - 1);
    while (slot[at] != n && !same(slot[at], i)) at = (at + 1) & (slot.size() - 1);
    if (slot[at] == n) {
      slot[at] = i;
      founders.push_back(i);
    }
    founder[i] = slot[at];
  }
  std::sort(founders.begin(), founders.end(), [&](std::size_t a, std::size_t b) {
    const double* const row_a = &key[a * width];
    const double* const row_b = &key[b * width];
    return std::lexicographical_compare(row_a, row_a + width, row_b, row_b + width);
  });
  std::vector<std::size_t>& rank = rank_;
  rank.resize(n);
  for (std::size_t c = 0; c < founders.size(); ++c) rank[founders[c]] = c;
  classes.class_of.resize(n);
  for (std::size_t i = 0; i < n; ++i) classes.class_of[i] = rank[founder[i]];

  Problem& small = classes.problem;
  small.theta_gain = problem.theta_gain;
  for (auto* list : {&small.capacity, &small.rate, &small.gain, &small.weight, &small.floor, &small.size})
    list->clear();
  small.allowed.clear();
  for (const std::size_t k : classes.types) small.capacity.push_back(problem.capacity[k]);
  small.count.assign(founders.size(), 0.0);
  for (std::size_t i = 0; i < n; ++i) small.count[classes.class_of[i]] += problem.count_of(i);
  for (const std::size_t i : founders) {
    small.size.push_back(problem.size[i]);
    small.weight.push_back(problem.weight[i]);
    if (!problem.floor.empty()) small.floor.push_back(problem.floor[i]);
    for (const std::size_t k : classes.types) {
      small.rate.push_back(problem.rate_of(i, k));
      if (!problem.gain.empty()) small.gain.push_back(problem.gain_of(i, k));
      if (!problem.allowed.empty()) small.allowed.push_back(problem.allows(i, k) ? 1 : 0);
    }
  }
}

Classes classes_of(const Problem& problem, const std::vector<int>* label) {
  Classes classes;
  ClassFinder().find(problem, label, classes);
  return classes;
}

void expand(const Problem& problem, const Classes& classes, const Solution& solution, Solution& whole) {
  const std::size_t n = problem.rows();
  const std::size_t types = problem.types();
  const std::size_t few = classes.types.size();
  whole.status = solution.status;
  whole.method = solution.method;
  whole.fell_back = solution.fell_back;
  whole.rounds = solution.rounds;
  if (solution.x.empty() || solution.status != Status::optimal) {  // nothing was found: nobody gets anything
    whole.x.assign(n * types, 0.0);
    whole.price.assign(types, 0.0);
    whole.rate_price.assign(n, 0.0);
    whole.theta = whole.objective = whole.bound = whole.gap = 0;
    return;
  }
  whole.x.assign(n * types, 0.0);
  whole.rate_price.resize(n);
  for (std::size_t i = 0; i < n; ++i) {
    const std::size_t c = classes.class_of[i];
    whole.rate_price[i] = solution.rate_price[c];
    for (std::size_t k = 0; k < few; ++k) whole.x[i * types + classes.types[k]] = solution.x[c * few + k];
  }
  whole.price.assign(types, 0.0);
  for (std::size_t k = 0; k < few; ++k) whole.price[classes.types[k]] = solution.price[k];
  for (std::size_t k = 0; k < types; ++k) {  // a type that does not exist: so dear that nobody wants it
    if (problem.capacity[k] > 0) continue;
    for (std::size_t i = 0; i < n; ++i)
      whole.price[k] = std::max(
          whole.price[k], (problem.gain_of(i, k) + whole.rate_price[i] * problem.rate_of(i, k)) / problem.size[i]);
  }
  judge(problem, whole);  // repaired before, and once more would depend on the order of rows
}

Solution expand(const Problem& problem, const Classes& classes, const Solution& solution) {
  Solution whole;
  expand(problem, classes, solution, whole);
  return whole;
}

}  // namespace windrow::solve
