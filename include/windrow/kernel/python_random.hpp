// CPython's random.Random (3.6 to 3.13), draw for draw and digit for digit.
#pragma once

#include <bit>
#include <concepts>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "windrow/kernel/error.hpp"
#include "windrow/kernel/mt19937.hpp"

namespace windrow {

/// Minor version of the Python 3 that is to be reproduced: the real-valued methods differ in a few places.
struct PythonVersion {
  int minor = 11;
};

/// A natural number of any size: 32-bit words, the least significant first.
using Words = std::vector<std::uint32_t>;

/// Of a decimal number; a sign before it is passed over.
Words words_of_decimal(std::string_view digits);

class PythonRandom {
 public:
  struct State {
    Mt19937::State engine;
    std::optional<double> spare;  ///< the second value of the last pair of gauss
    friend bool operator==(const State&, const State&) = default;
  };

  /// random.seed(n): n and -n give the same stream.
  template <std::integral Integer>
  explicit PythonRandom(Integer seed, PythonVersion version = {}) : PythonRandom(magnitude(seed), version) {}
  explicit PythonRandom(std::uint64_t seed, PythonVersion version = {});
  /// random.seed(x) of a float. Throws std::invalid_argument for NaN.
  explicit PythonRandom(double seed, PythonVersion version = {});
  /// random.seed(s) of a str (UTF-8) or bytes.
  explicit PythonRandom(std::string_view seed, PythonVersion version = {});
  explicit PythonRandom(const char* seed, PythonVersion version = {}) : PythonRandom(std::string_view(seed), version) {}
  /// random.seed(n) of an integer of any size.
  explicit PythonRandom(const Words& seed, PythonVersion version = {});
  explicit PythonRandom(const State& state, PythonVersion version = {});

  State state() const { return {engine_.state(), spare_}; }
  void restore(const State& state);

  // Integers

  /// getrandbits(k), 0 <= k <= 64. k = 0 draws nothing.
  std::uint64_t bits(int k) {
    if (k > 32) {
      const std::uint64_t low = engine_.next();
      return low | std::uint64_t{engine_.next() >> (64 - k)} << 32;
    }
    return k == 0 ? 0 : engine_.next() >> (32 - k);
  }
  /// getrandbits(k) of any size, without leading zero words beyond ceil(k / 32).
  Words wide_bits(std::size_t k);
  /// Uniform in 0 .. n - 1, n > 0: what randrange, choice, shuffle and sample draw from.
  std::uint64_t below(std::uint64_t n) {
    const int k = 64 - std::countl_zero(n);
    std::uint64_t r = bits(k);
    while (r >= n) r = bits(k);
    return r;
  }
  /// The same of any size; `n` without leading zero words.
  Words below(const Words& n);
  /// randrange(start, stop, step). Throws std::invalid_argument for an empty range or step 0.
  std::int64_t randrange(std::int64_t start, std::int64_t stop, std::int64_t step = 1);
  std::uint64_t randrange(std::uint64_t stop) { return below(checked_size(stop)); }
  /// a .. b, both included.
  std::int64_t randint(std::int64_t a, std::int64_t b);
  std::string randbytes(std::size_t n);

  // Sequences. An empty one throws std::invalid_argument.

  template <class Container>
  decltype(auto) choice(Container& container) {
    return container[static_cast<std::size_t>(below(checked_size(container.size())))];
  }
  template <class Container>
  void shuffle(Container& container) {
    using std::swap;
    for (std::size_t i = container.size(); i > 1; --i)
      swap(container[i - 1], container[static_cast<std::size_t>(below(i))]);
  }
  /// Positions of sample(population, k) in a population of n >= k, in order of drawing.
  std::vector<std::size_t> sample(std::size_t n, std::size_t k);
  /// The same with counts[i] copies of element i: the elements' positions.
  std::vector<std::size_t> sample(std::span<const std::uint64_t> counts, std::size_t k);
  /// Positions of choices(population, k=k).
  std::vector<std::size_t> choices(std::size_t n, std::size_t k);
  /// Positions of choices(population, weights, k=k); sums are taken in the weights' own type.
  template <class Weight>
  std::vector<std::size_t> choices(std::span<const Weight> weights, std::size_t k) {
    std::vector<double> cumulative;
    Weight sum{};
    for (const Weight weight : weights) cumulative.push_back(static_cast<double>(sum = sum + weight));
    return choices_cumulative(cumulative, k);
  }
  /// Positions of choices(population, cum_weights=cumulative, k=k). Throws std::invalid_argument unless the last is
  /// finite and above 0.
  std::vector<std::size_t> choices_cumulative(std::span<const double> cumulative, std::size_t k);

  // Reals

  /// In [0, 1).
  double random() { return engine_.uniform(); }
  double uniform(double a, double b) { return a + (b - a) * random(); }
  double triangular(double low, double high, std::optional<double> mode = std::nullopt);
  /// Mean 1 / rate.
  double expovariate(double rate = 1.0);
  double gauss(double mu = 0.0, double sigma = 1.0);
  double normalvariate(double mu = 0.0, double sigma = 1.0);
  double lognormvariate(double mu, double sigma);
  /// Shape alpha, scale beta; both above 0.
  double gammavariate(double alpha, double beta);
  double betavariate(double alpha, double beta);
  double weibullvariate(double alpha, double beta);
  double paretovariate(double alpha);
  double vonmisesvariate(double mu, double kappa);
  /// Successes in n trials of probability p.
  std::int64_t binomialvariate(std::int64_t n, double p);

  /// The raw words beneath.
  Mt19937& engine() { return engine_; }

 private:
  template <std::integral Integer>
  static std::uint64_t magnitude(Integer n) {
    const auto wide = static_cast<std::uint64_t>(n);
    return std::cmp_less(n, 0) ? 0 - wide : wide;
  }
  static std::uint64_t checked_size(std::uint64_t size);
  double gamma_above_one(double alpha);
  double gamma_below_one(double alpha);

  Mt19937 engine_;
  std::optional<double> spare_;
  PythonVersion version_;
};

}  // namespace windrow
