// Problems for the tests of solve/: shaped like clusters, drawn from a seed.
#pragma once

#include <cstdint>
#include <vector>

#include "windrow/solve/problem.hpp"

namespace windrow::solve::test {

/// Numbers in 0..1 from one seed, the same on every machine.
class Draw {
 public:
  explicit Draw(std::uint64_t seed) : state_(seed * 2 + 1) {}
  double operator()() {
    state_ += 0x9E3779B97F4A7C15ULL;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    return static_cast<double>((z ^ (z >> 31)) >> 11) * 0x1p-53;
  }
  double operator()(double low, double high) { return low + (high - low) * (*this)(); }
  std::size_t below(std::size_t n) { return static_cast<std::size_t>((*this)() * static_cast<double>(n)); }

 private:
  std::uint64_t state_;
};

/// A max-min problem: sizes 1, 2, 4, 8, rates over two orders of magnitude, a few of them 0, GPUs for a part of all.
inline Problem max_min_problem(std::uint64_t seed, std::size_t rows, std::size_t types) {
  Draw draw(seed);
  Problem problem;
  problem.theta_gain = 1;
  double gpus = 0;
  for (std::size_t i = 0; i < rows; ++i) {
    problem.size.push_back(static_cast<double>(1U << draw.below(4)));
    problem.weight.push_back(draw.below(4) == 0 ? 5 : 1);
    gpus += problem.size.back();
    const double speed = draw(0.1, 10);
    for (std::size_t k = 0; k < types; ++k)
      problem.rate.push_back(k > 0 && draw.below(12) == 0 ? 0.0 : speed * draw(0.2, 1.0 + static_cast<double>(k)));
  }
  const double load = draw(0.3, 3.0);
  for (std::size_t k = 0; k < types; ++k)
    problem.capacity.push_back(
        1 + static_cast<double>(draw.below(static_cast<std::size_t>(gpus / load / static_cast<double>(types)) + 1)));
  return problem;
}

/// The same jobs, the sum of rates counted instead; every third row with a floor it could reach alone.
inline Problem sum_problem(std::uint64_t seed, std::size_t rows, std::size_t types, bool floors) {
  Problem problem = max_min_problem(seed, rows, types);
  problem.theta_gain = 0;
  problem.gain = problem.rate;
  problem.weight.assign(rows, 0.0);
  if (!floors) return problem;
  problem.floor.assign(rows, 0.0);
  for (std::size_t i = 0; i < rows; i += 3) problem.floor[i] = 0.02 * problem.rate_of(i, 0);
  return problem;
}

}  // namespace windrow::solve::test
