#include "windrow/kernel/python_random.hpp"

#include <math.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>
#include <stdexcept>
#include <unordered_set>

#include "windrow/kernel/hash.hpp"

namespace windrow {
namespace {

constexpr double kTwoPi = 2.0 * std::numbers::pi;

Words words_of(std::uint64_t n) {
  Words words = {static_cast<std::uint32_t>(n)};
  if (n >> 32 != 0) words.push_back(static_cast<std::uint32_t>(n >> 32));
  return words;
}

Words without_leading_zeros(Words words) {
  while (words.size() > 1 && words.back() == 0) words.pop_back();
  if (words.empty()) words.push_back(0);
  return words;
}

Words words_of_big_endian(std::string_view bytes) {
  Words words((bytes.size() + 3) / 4);
  for (std::size_t i = 0; i < bytes.size(); ++i)
    words[i / 4] |= std::uint32_t{static_cast<unsigned char>(bytes[bytes.size() - 1 - i])} << (8 * (i % 4));
  return without_leading_zeros(std::move(words));
}

/// A text is seeded as the number that its bytes and their SHA-512 spell.
Words words_of_text(std::string_view text) {
  Sha512 hash;
  hash.update(text);
  const auto sum = hash.finish();
  return words_of_big_endian(std::string(text).append(sum.begin(), sum.end()));
}

/// Python's hash of a float: the number modulo the Mersenne prime 2^61 - 1.
std::uint64_t float_hash(double x) {
  if (std::isnan(x)) throw std::invalid_argument("a random stream cannot be seeded with NaN");
  constexpr int kBits = 61;
  constexpr std::uint64_t kPrime = (std::uint64_t{1} << kBits) - 1;
  std::uint64_t hash = 314159;  // of infinity
  if (std::isfinite(x)) {
    int exponent = 0;
    const auto m = static_cast<std::uint64_t>(std::ldexp(std::frexp(std::abs(x), &exponent), 53));
    const int turn = (((exponent - 53) % kBits) + kBits) % kBits;  // times 2^turn is a rotation of the 61 bits
    hash = ((m << turn) & kPrime) | (m >> (kBits - turn));
  }
  if (x < 0) hash = hash == 1 ? 0 - std::uint64_t{2} : 0 - hash;
  return hash;
}

int compare(const Words& a, const Words& b) {
  if (a.size() != b.size()) return a.size() < b.size() ? -1 : 1;
  for (std::size_t i = a.size(); i-- > 0;)
    if (a[i] != b[i]) return a[i] < b[i] ? -1 : 1;
  return 0;
}

double log_gamma(double x) {
  int sign = 0;
  return lgamma_r(x, &sign);  // std::lgamma writes to a global
}

}  // namespace

Words words_of_decimal(std::string_view digits) {
  Words words = {0};
  for (const char digit : digits) {
    if (digit < '0' || digit > '9') continue;
    std::uint64_t carry = static_cast<std::uint64_t>(digit - '0');
    for (std::uint32_t& word : words) {
      carry += std::uint64_t{word} * 10;
      word = static_cast<std::uint32_t>(carry);
      carry >>= 32;
    }
    if (carry != 0) words.push_back(static_cast<std::uint32_t>(carry));
  }
  return words;
}

PythonRandom::PythonRandom(std::uint64_t seed, PythonVersion version) : PythonRandom(words_of(seed), version) {}
PythonRandom::PythonRandom(double seed, PythonVersion version) : PythonRandom(float_hash(seed), version) {}
PythonRandom::PythonRandom(std::string_view seed, PythonVersion version) : PythonRandom(words_of_text(seed), version) {}
PythonRandom::PythonRandom(const Words& seed, PythonVersion version)
    : engine_(std::span<const std::uint32_t>(without_leading_zeros(seed))), version_(version) {}
PythonRandom::PythonRandom(const State& state, PythonVersion version)
    : engine_(state.engine), spare_(state.spare), version_(version) {}

void PythonRandom::restore(const State& state) {
  engine_ = Mt19937(state.engine);
  spare_ = state.spare;
}

std::uint64_t PythonRandom::checked_size(std::uint64_t size) {
  if (size == 0) throw std::invalid_argument("nothing to draw from");
  return size;
}

Words PythonRandom::wide_bits(std::size_t k) {
  Words words((k + 31) / 32);
  for (std::uint32_t& word : words) word = engine_.next();
  if (k % 32 != 0) words.back() >>= 32 - k % 32;
  return words;
}

Words PythonRandom::below(const Words& n) {
  WINDROW_CHECK(!n.empty() && n.back() != 0, "a wide limit is above 0, without leading zero words");
  const std::size_t k = 32 * (n.size() - 1) + static_cast<std::size_t>(std::bit_width(n.back()));
  Words r = without_leading_zeros(wide_bits(k));
  while (compare(r, n) >= 0) r = without_leading_zeros(wide_bits(k));
  return r;
}

std::int64_t PythonRandom::randrange(std::int64_t start, std::int64_t stop, std::int64_t step) {
  if (step == 0) throw std::invalid_argument("randrange: step is 0");
  if (step > 0 ? start >= stop : start <= stop) throw std::invalid_argument("randrange: empty range");
  // In unsigned words, where the width of any range fits.
  const auto first = static_cast<std::uint64_t>(start), last = static_cast<std::uint64_t>(stop);
  const std::uint64_t width = step > 0 ? last - first : first - last, stride = magnitude(step);
  const std::uint64_t count = (width - 1) / stride + 1;
  return static_cast<std::int64_t>(first + static_cast<std::uint64_t>(step) * below(count));
}

std::int64_t PythonRandom::randint(std::int64_t a, std::int64_t b) {
  if (a > b) throw std::invalid_argument("randint: empty range");
  const std::uint64_t count = static_cast<std::uint64_t>(b) - static_cast<std::uint64_t>(a) + 1;
  std::uint64_t drawn;
  if (count != 0) {
    drawn = below(count);
  } else {  // the whole of int64: a count of 2^64
    Words words = below(Words{0, 0, 1});
    words.resize(2);
    drawn = words[0] | std::uint64_t{words[1]} << 32;
  }
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + drawn);
}

std::string PythonRandom::randbytes(std::size_t n) {
  const Words words = wide_bits(8 * n);
  std::string bytes(n, '\0');
  for (std::size_t i = 0; i < n; ++i) bytes[i] = static_cast<char>(words[i / 4] >> (8 * (i % 4)));
  return bytes;
}

std::vector<std::size_t> PythonRandom::sample(std::size_t n, std::size_t k) {
  if (k > n) throw std::invalid_argument("sample: more than there are");
  std::size_t limit = 21;  // size of a small set less that of an empty list, in upstream's measure
  if (k > 5) {
    std::size_t power = 1;
    while (power < 3 * k) power *= 4;
    limit += power;
  }
  std::vector<std::size_t> result;
  result.reserve(k);
  if (n <= limit) {
    std::vector<std::size_t> pool(n);
    std::iota(pool.begin(), pool.end(), std::size_t{0});
    for (std::size_t i = 0; i < k; ++i) {
      const auto j = static_cast<std::size_t>(below(n - i));
      result.push_back(pool[j]);
      pool[j] = pool[n - i - 1];
    }
    return result;
  }
  std::unordered_set<std::size_t> chosen;  // asked only, never iterated
  for (std::size_t i = 0; i < k; ++i) {
    auto j = static_cast<std::size_t>(below(n));
    while (!chosen.insert(j).second) j = static_cast<std::size_t>(below(n));
    result.push_back(j);
  }
  return result;
}

std::vector<std::size_t> PythonRandom::sample(std::span<const std::uint64_t> counts, std::size_t k) {
  std::vector<std::uint64_t> cumulative(counts.size());
  std::partial_sum(counts.begin(), counts.end(), cumulative.begin());
  std::vector<std::size_t> result = sample(cumulative.empty() ? 0 : cumulative.back(), k);
  for (std::size_t& i : result)
    i = static_cast<std::size_t>(std::upper_bound(cumulative.begin(), cumulative.end(), i) - cumulative.begin());
  return result;
}

std::vector<std::size_t> PythonRandom::choices(std::size_t n, std::size_t k) {
  checked_size(n);
  std::vector<std::size_t> result(k);
  for (std::size_t& i : result) i = static_cast<std::size_t>(random() * static_cast<double>(n));
  return result;
}

std::vector<std::size_t> PythonRandom::choices_cumulative(std::span<const double> cumulative, std::size_t k) {
  checked_size(cumulative.size());
  const double total = cumulative.back();
  if (!(total > 0) || !std::isfinite(total))
    throw std::invalid_argument("choices: total weight not finite and above 0");
  std::vector<std::size_t> result(k);
  for (std::size_t& i : result)
    i = static_cast<std::size_t>(std::upper_bound(cumulative.begin(), cumulative.end() - 1, random() * total) -
                                 cumulative.begin());
  return result;
}

double PythonRandom::triangular(double low, double high, std::optional<double> mode) {
  double u = random();
  if (mode && high == low) return low;
  double c = mode ? (*mode - low) / (high - low) : 0.5;
  if (u > c) {
    u = 1.0 - u, c = 1.0 - c;
    std::swap(low, high);
  }
  return low + (high - low) * (version_.minor <= 6 ? std::pow(u * c, 0.5) : std::sqrt(u * c));
}

double PythonRandom::expovariate(double rate) {
  return -std::log(1.0 - random()) / rate;
}

double PythonRandom::gauss(double mu, double sigma) {
  double z;
  if (spare_) {
    z = *spare_;
    spare_.reset();
  } else {
    const double x = random() * kTwoPi;
    const double g = std::sqrt(-2.0 * std::log(1.0 - random()));
    z = std::cos(x) * g;
    spare_ = std::sin(x) * g;
  }
  return mu + z * sigma;
}

double PythonRandom::normalvariate(double mu, double sigma) {
  static const double kRatio = 4 * std::exp(-0.5) / std::sqrt(2.0);  // Kinderman and Monahan 1977
  for (;;) {
    const double u1 = random(), u2 = 1.0 - random();
    const double z = kRatio * (u1 - 0.5) / u2;
    if (z * z / 4.0 <= -std::log(u2)) return mu + z * sigma;
  }
}

double PythonRandom::lognormvariate(double mu, double sigma) {
  return std::exp(normalvariate(mu, sigma));
}

double PythonRandom::gammavariate(double alpha, double beta) {
  if (!(alpha > 0) || !(beta > 0)) throw std::invalid_argument("gammavariate: alpha and beta must be above 0");
  if (alpha > 1.0) return gamma_above_one(alpha) * beta;
  if (alpha < 1.0) return gamma_below_one(alpha) * beta;
  if (version_.minor >= 8) return -std::log(1.0 - random()) * beta;
  double u = random();
  while (u <= 1e-7) u = random();
  return -std::log(u) * beta;
}

double PythonRandom::gamma_above_one(double alpha) {  // Cheng 1977
  static const double kLog4 = std::log(4.0), kMagic = 1.0 + std::log(4.5);
  const double a = std::sqrt(2.0 * alpha - 1.0), b = alpha - kLog4, c = alpha + a;
  for (;;) {
    const double u1 = random();
    if (!(1e-7 < u1 && u1 < 0.9999999)) continue;
    const double u2 = 1.0 - random();
    const double v = std::log(u1 / (1.0 - u1)) / a, x = alpha * std::exp(v);
    const double z = u1 * u1 * u2, r = b + c * v - x;
    if (r + kMagic - 4.5 * z >= 0.0 || r >= std::log(z)) return x;
  }
}

double PythonRandom::gamma_below_one(double alpha) {  // Ahrens and Dieter 1974
  const double b = (std::numbers::e + alpha) / std::numbers::e;
  for (;;) {
    const double p = b * random();
    const double x = p <= 1.0 ? std::pow(p, 1.0 / alpha) : -std::log((b - p) / alpha);
    const double u1 = random();
    if (p > 1.0 ? u1 <= std::pow(x, alpha - 1.0) : u1 <= std::exp(-x)) return x;
  }
}

double PythonRandom::betavariate(double alpha, double beta) {
  const double y = gammavariate(alpha, 1.0);
  return y == 0.0 ? 0.0 : y / (y + gammavariate(beta, 1.0));
}

double PythonRandom::weibullvariate(double alpha, double beta) {
  return alpha * std::pow(-std::log(1.0 - random()), 1.0 / beta);
}

double PythonRandom::paretovariate(double alpha) {
  const double w = 1.0 - random();
  return version_.minor >= 10 ? std::pow(w, -1.0 / alpha) : 1.0 / std::pow(w, 1.0 / alpha);
}

double PythonRandom::vonmisesvariate(double mu, double kappa) {  // Best and Fisher 1979
  if (kappa <= 1e-6) return kTwoPi * random();
  const double s = 0.5 / kappa, r = s + std::sqrt(1.0 + s * s);
  double z, d, u2;
  do {
    z = std::cos(std::numbers::pi * random());
    d = z / (r + z);
    u2 = random();
  } while (!(u2 < 1.0 - d * d || u2 <= (1.0 - d) * std::exp(d)));
  const double q = 1.0 / r, f = (q + z) / (1.0 + q * z);
  const double angle = std::fmod(random() > 0.5 ? mu + std::acos(f) : mu - std::acos(f), kTwoPi);
  return angle < 0 ? angle + kTwoPi : angle;
}

std::int64_t PythonRandom::binomialvariate(std::int64_t n, double p) {
  if (n < 0 || !(p >= 0.0 && p <= 1.0)) throw std::invalid_argument("binomialvariate: expected n >= 0, 0 <= p <= 1");
  if (p == 0.0) return 0;
  if (p == 1.0) return n;
  if (n == 1) return random() < p ? 1 : 0;
  if (p > 0.5) return n - binomialvariate(n, 1.0 - p);
  const auto trials = static_cast<double>(n);
  if (trials * p < 10.0) {  // Devroye 1986, page 525: by gaps between successes
    const double c = std::log2(1.0 - p);
    if (c == 0.0) return 0;
    double y = 0.0;
    for (std::int64_t x = 0;; ++x) {
      y += std::floor(std::log2(random()) / c) + 1.0;
      if (y > trials) return x;
    }
  }
  const double q = std::sqrt(trials * p * (1.0 - p));  // Hoermann 1993, BTRS
  const double b = 1.15 + 2.53 * q, a = -0.0873 + 0.0248 * b + 0.01 * p, c = trials * p + 0.5, w = 0.92 - 4.2 / b;
  for (;;) {
    const double u = random() - 0.5, s = 0.5 - std::abs(u);
    const double k = std::floor((2.0 * a / s + b) * u + c);
    if (k < 0 || k > trials) continue;
    double v = random();
    if (s >= 0.07 && v <= w) return static_cast<std::int64_t>(k);
    const double m = std::floor((trials + 1.0) * p);
    v *= (2.83 + 5.1 / b) * q / (a / (s * s) + b);
    if (std::log(v) <= log_gamma(m + 1.0) + log_gamma(trials - m + 1.0) - log_gamma(k + 1.0) -
                           log_gamma(trials - k + 1.0) + (k - m) * std::log(p / (1.0 - p)))
      return static_cast<std::int64_t>(k);
  }
}

}  // namespace windrow
