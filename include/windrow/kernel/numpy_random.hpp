// numpy's legacy RandomState (frozen: the same in all versions), draw for draw and digit for digit.
#pragma once

#include <bit>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "windrow/kernel/mt19937.hpp"

namespace windrow {

class NumpyLegacyRandom {
 public:
  struct State {
    Mt19937::State engine;
    std::optional<double> spare;  ///< the second normal of the last pair
    friend bool operator==(const State&, const State&) = default;
  };

  /// numpy.random.seed(n). Not the stream of Python's random.seed(n).
  explicit NumpyLegacyRandom(std::uint32_t seed) : engine_(seed) {}
  /// numpy.random.seed([...]).
  explicit NumpyLegacyRandom(std::span<const std::uint32_t> seed) : engine_(seed) {}
  explicit NumpyLegacyRandom(const State& state) : engine_(state.engine), spare_(state.spare) {}

  State state() const { return {engine_.state(), spare_}; }
  void restore(const State& state);

  /// random_sample(): in [0, 1).
  double random() { return engine_.uniform(); }
  double uniform(double a, double b) { return a + (b - a) * random(); }
  /// Uniform in 0 .. max, both included.
  std::uint64_t interval(std::uint64_t max) {
    const std::uint64_t mask = max == 0 ? 0 : ~std::uint64_t{0} >> std::countl_zero(max);
    if (max == 0) return 0;
    for (;;) {
      std::uint64_t v = engine_.next();
      if (max > 0xFFFFFFFFU) v = v << 32 | engine_.next();
      if ((v &= mask) <= max) return v;
    }
  }
  /// low .. high - 1, as the 64-bit type draws. Throws std::invalid_argument for an empty range.
  std::int64_t randint(std::int64_t low, std::int64_t high);
  double normal(double mu = 0.0, double sigma = 1.0) { return mu + sigma * standard_normal(); }
  double standard_normal();
  double exponential(double scale = 1.0) { return scale * standard_exponential(); }
  double lognormal(double mu, double sigma);
  double weibull(double a);
  double pareto(double a);
  double gamma(double shape, double scale = 1.0) { return scale * standard_gamma(shape); }
  double beta(double a, double b);
  std::int64_t geometric(double p);
  std::int64_t poisson(double mean);

  template <class Container>
  void shuffle(Container& container) {
    using std::swap;
    for (std::size_t i = container.size(); i > 1; --i)
      swap(container[i - 1], container[static_cast<std::size_t>(interval(i - 1))]);
  }
  std::vector<std::size_t> permutation(std::size_t n);
  /// choice(n): a position.
  std::size_t choice(std::size_t n) { return static_cast<std::size_t>(randint(0, static_cast<std::int64_t>(n))); }
  /// choice(len(p), p=p).
  std::size_t choice(std::span<const double> p);
  /// choice(n, size, replace=False): the whole permutation is drawn.
  std::vector<std::size_t> choice_without_replacement(std::size_t n, std::size_t size);
  /// choice(len(p), size, replace=False, p=p). Throws std::invalid_argument if fewer than `size` have p > 0.
  std::vector<std::size_t> choice_without_replacement(std::vector<double> p, std::size_t size);

  /// The raw words beneath.
  Mt19937& engine() { return engine_; }

 private:
  double standard_exponential();
  double standard_gamma(double shape);
  std::int64_t poisson_by_product(double mean);
  std::int64_t poisson_by_rejection(double mean);

  Mt19937 engine_;
  std::optional<double> spare_;
};

}  // namespace windrow
