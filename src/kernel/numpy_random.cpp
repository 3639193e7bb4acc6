#include "windrow/kernel/numpy_random.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <stdexcept>

namespace windrow {
namespace {

/// numpy's own log Gamma (Stirling's series after shifting x to 7 or more): the C library's differs in last digits.
double log_gamma(double x) {
  constexpr std::array<double, 10> kStirling = {8.333333333333333e-02,  -2.777777777777778e-03, 7.936507936507937e-04,
                                                -5.952380952380952e-04, 8.417508417508418e-04,  -1.917526917526918e-03,
                                                6.410256410256410e-03,  -2.955065359477124e-02, 1.796443723688307e-01,
                                                -1.39243221690590e+00};
  if (x == 1.0 || x == 2.0) return 0.0;
  const int shift = x < 7.0 ? static_cast<int>(7.0 - x) : 0;
  double x0 = x + shift;
  const double t = (1.0 / x0) * (1.0 / x0);
  double series = kStirling[9];
  for (std::size_t i = 9; i-- > 0;) series = series * t + kStirling[i];
  constexpr double kLogTwoPi = 1.8378770664093453;
  double result = series / x0 + 0.5 * kLogTwoPi + (x0 - 0.5) * std::log(x0) - x0;
  for (int i = 0; i < shift; ++i) {
    result -= std::log(x0 - 1.0);
    x0 -= 1.0;
  }
  return result;
}

std::vector<double> cumulative_distribution(std::span<const double> p) {
  std::vector<double> cdf(p.size());
  std::partial_sum(p.begin(), p.end(), cdf.begin());
  const double total = cdf.empty() ? 0.0 : cdf.back();
  if (!(total > 0.0)) throw std::invalid_argument("choice: no probability above 0");
  for (double& value : cdf) value /= total;
  return cdf;
}

std::size_t first_above(const std::vector<double>& cdf, double u) {
  return static_cast<std::size_t>(std::upper_bound(cdf.begin(), cdf.end(), u) - cdf.begin());
}

}  // namespace

void NumpyLegacyRandom::restore(const State& state) {
  engine_ = Mt19937(state.engine);
  spare_ = state.spare;
}

std::int64_t NumpyLegacyRandom::randint(std::int64_t low, std::int64_t high) {
  if (low >= high) throw std::invalid_argument("randint: empty range");
  const auto first = static_cast<std::uint64_t>(low);
  return static_cast<std::int64_t>(first + interval(static_cast<std::uint64_t>(high) - 1 - first));
}

double NumpyLegacyRandom::standard_normal() {  // Marsaglia's polar method; the second of the pair comes first
  if (spare_) {
    const double z = *spare_;
    spare_.reset();
    return z;
  }
  double x1, x2, r;
  do {
    x1 = 2.0 * random() - 1.0;
    x2 = 2.0 * random() - 1.0;
    r = x1 * x1 + x2 * x2;
  } while (r >= 1.0 || r == 0.0);
  const double f = std::sqrt(-2.0 * std::log(r) / r);
  spare_ = f * x1;
  return f * x2;
}

double NumpyLegacyRandom::standard_exponential() {
  return -std::log(1.0 - random());
}
double NumpyLegacyRandom::lognormal(double mu, double sigma) {
  return std::exp(normal(mu, sigma));
}
double NumpyLegacyRandom::weibull(double a) {
  return std::pow(standard_exponential(), 1.0 / a);
}
double NumpyLegacyRandom::pareto(double a) {
  return std::exp(standard_exponential() / a) - 1.0;
}

double NumpyLegacyRandom::standard_gamma(double shape) {
  if (shape == 1.0) return standard_exponential();
  if (shape == 0.0) return 0.0;
  if (shape < 1.0) {
    for (;;) {
      const double u = random(), v = standard_exponential();
      if (u <= 1.0 - shape) {
        const double x = std::pow(u, 1.0 / shape);
        if (x <= v) return x;
      } else {
        const double y = -std::log((1.0 - u) / shape);
        const double x = std::pow(1.0 - shape + shape * y, 1.0 / shape);
        if (x <= v + y) return x;
      }
    }
  }
  const double b = shape - 1.0 / 3.0, c = 1.0 / std::sqrt(9.0 * b);  // Marsaglia and Tsang 2000
  for (;;) {
    double x, v;
    do {
      x = standard_normal();
      v = 1.0 + c * x;
    } while (v <= 0.0);
    v = v * v * v;
    const double u = random();
    if (u < 1.0 - 0.0331 * (x * x) * (x * x)) return b * v;
    if (std::log(u) < 0.5 * x * x + b * (1.0 - v + std::log(v))) return b * v;
  }
}

double NumpyLegacyRandom::beta(double a, double b) {
  if (a <= 1.0 && b <= 1.0) {  // Johnk 1964
    for (;;) {
      const double u = random(), v = random();
      const double x = std::pow(u, 1.0 / a), y = std::pow(v, 1.0 / b);
      if (x + y > 0.0 && x + y <= 1.0) return x / (x + y);
    }
  }
  const double x = standard_gamma(a), y = standard_gamma(b);
  return x / (x + y);
}

std::int64_t NumpyLegacyRandom::geometric(double p) {
  if (p < 0.333333333333333333333333)
    return static_cast<std::int64_t>(std::ceil(std::log(1.0 - random()) / std::log(1.0 - p)));
  const double u = random();
  std::int64_t x = 1;
  for (double sum = p, prod = p; u > sum; ++x) {
    prod *= 1.0 - p;
    sum += prod;
  }
  return x;
}

std::int64_t NumpyLegacyRandom::poisson(double mean) {
  if (mean == 0.0) return 0;
  return mean < 10.0 ? poisson_by_product(mean) : poisson_by_rejection(mean);
}

std::int64_t NumpyLegacyRandom::poisson_by_product(double mean) {
  const double limit = std::exp(-mean);
  double product = random();
  std::int64_t x = 0;
  for (; product > limit; ++x) product *= random();
  return x;
}

std::int64_t NumpyLegacyRandom::poisson_by_rejection(double mean) {  // Hoermann 1993, PTRS
  const double root = std::sqrt(mean), log_mean = std::log(mean);
  const double b = 0.931 + 2.53 * root, a = -0.059 + 0.02483 * b;
  const double inverse_alpha = 1.1239 + 1.1328 / (b - 3.4), vr = 0.9277 - 3.6224 / (b - 2.0);
  for (;;) {
    const double u = random() - 0.5, v = random(), us = 0.5 - std::abs(u);
    const double k = std::floor((2.0 * a / us + b) * u + mean + 0.43);
    if (us >= 0.07 && v <= vr) return static_cast<std::int64_t>(k);
    if (k < 0.0 || (us < 0.013 && v > us)) continue;
    if (std::log(v) + std::log(inverse_alpha) - std::log(a / (us * us) + b) <=
        -mean + k * log_mean - log_gamma(k + 1.0))
      return static_cast<std::int64_t>(k);
  }
}

std::vector<std::size_t> NumpyLegacyRandom::permutation(std::size_t n) {
  std::vector<std::size_t> result(n);
  std::iota(result.begin(), result.end(), std::size_t{0});
  shuffle(result);
  return result;
}

std::size_t NumpyLegacyRandom::choice(std::span<const double> p) {
  return first_above(cumulative_distribution(p), random());
}

std::vector<std::size_t> NumpyLegacyRandom::choice_without_replacement(std::size_t n, std::size_t size) {
  if (size > n) throw std::invalid_argument("choice: more than there are");
  std::vector<std::size_t> result = permutation(n);
  result.resize(size);
  return result;
}

std::vector<std::size_t> NumpyLegacyRandom::choice_without_replacement(std::vector<double> p, std::size_t size) {
  if (std::count_if(p.begin(), p.end(), [](double value) { return value > 0.0; }) < static_cast<std::ptrdiff_t>(size))
    throw std::invalid_argument("choice: fewer probabilities above 0 than values wanted");
  std::vector<std::size_t> found;
  while (found.size() < size) {
    std::vector<double> draws(size - found.size());
    for (double& u : draws) u = random();
    for (const std::size_t i : found) p[i] = 0.0;
    const std::vector<double> cdf = cumulative_distribution(p);
    for (const double u : draws) {
      const std::size_t i = first_above(cdf, u);
      if (std::find(found.begin(), found.end(), i) == found.end()) found.push_back(i);
    }
  }
  return found;
}

}  // namespace windrow
