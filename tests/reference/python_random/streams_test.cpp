// Every value of tests/data/reference/python_random/streams.tsv (README.md there), and how many words each call took.
#include <gtest/gtest.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>
#include <functional>
#include <map>
#include <numeric>
#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

#include "windrow/kernel/random.hpp"
#include "windrow/kernel/text.hpp"

namespace windrow {
namespace {

/// One number of a result: a real, or an integer of any size (or a letter) as text.
using Value = std::variant<double, std::string>;
using Values = std::vector<Value>;

std::vector<std::string> split(const std::string& text, const std::string& separator) {
  std::vector<std::string> parts;
  std::size_t begin = 0;
  for (std::size_t end; (end = text.find(separator, begin)) != std::string::npos; begin = end + separator.size())
    parts.push_back(text.substr(begin, end - begin));
  parts.push_back(text.substr(begin));
  return parts;
}

std::string decimal(Words words) {
  std::string digits;
  while (std::any_of(words.begin(), words.end(), [](std::uint32_t word) { return word != 0; })) {
    std::uint64_t rest = 0;
    for (std::size_t i = words.size(); i-- > 0;) {
      rest = rest << 32 | words[i];
      words[i] = static_cast<std::uint32_t>(rest / 10);
      rest %= 10;
    }
    digits.insert(digits.begin(), static_cast<char>('0' + rest));
  }
  return digits.empty() ? "0" : digits;
}

template <class Integer>
Value whole(Integer value) {
  return std::to_string(value);
}

Values positions(const std::vector<std::size_t>& drawn) {
  Values values;
  for (const std::size_t i : drawn) values.push_back(whole(i));
  return values;
}

template <class Random>
Values shuffled(Random& random, std::size_t size) {
  std::vector<std::size_t> items(size);
  std::iota(items.begin(), items.end(), std::size_t{0});
  random.shuffle(items);
  return positions(items);
}

/// `name(1, 2.5)` taken apart.
struct Call {
  explicit Call(const std::string& text) : name(text.substr(0, text.find('('))) {
    const std::string inside = text.substr(name.size() + 1, text.rfind(')') - name.size() - 1);
    if (!inside.empty())
      for (const std::string& part : split(inside, ", ")) arguments.push_back(parse_double(part).value_or(NAN));
  }
  double real(std::size_t i) const { return arguments.at(i); }
  std::int64_t integer(std::size_t i) const { return static_cast<std::int64_t>(arguments.at(i)); }
  std::size_t size(std::size_t i) const { return static_cast<std::size_t>(arguments.at(i)); }
  std::size_t count() const { return arguments.size(); }

  std::string name;
  std::vector<double> arguments;
};

template <class Random>
using Draw = std::function<Values(Random&)>;

/// Calls whose arguments are not plain numbers.
const std::map<std::string, Draw<PythonRandom>>& special_python_calls() {
  using R = PythonRandom;
  static const std::vector<int> kInts = {1, 2, 3, 4};
  static const std::vector<double> kReals = {0.1, 0.7, 0.2}, kSums = {5, 5, 9};
  static const std::map<std::string, Draw<R>> kCalls = {
      {"expovariate(1/97)", [](R& r) { return Values{r.expovariate(1.0 / 97.0)}; }},
      {"randint(0, 2**70)",
       [](R& r) {
         return Values{decimal(r.below(Words{1, 0, 64}))};
       }},
      {"choice('abcdefghij')",
       [](R& r) {
         const std::string letters = "abcdefghij";
         return Values{std::string(1, r.choice(letters))};
       }},
      {"choice([7])",
       [](R& r) {
         std::vector<int> seven = {7};
         return Values{whole(r.choice(seven))};
       }},
      {"choices(range(10), k=5)", [](R& r) { return positions(r.choices(10, 5)); }},
      {"choices(range(4), weights=[1, 2, 3, 4], k=5)",
       [](R& r) { return positions(r.choices(std::span<const int>(kInts), 5)); }},
      {"choices(range(3), weights=[0.1, 0.7, 0.2], k=5)",
       [](R& r) { return positions(r.choices(std::span<const double>(kReals), 5)); }},
      {"choices(range(3), cum_weights=[5, 5, 9], k=5)", [](R& r) { return positions(r.choices_cumulative(kSums, 5)); }},
      {"sample([0, 1, 2], counts=[4, 1, 5], k=6)",
       [](R& r) {
         const std::vector<std::uint64_t> counts = {4, 1, 5};
         return positions(r.sample(std::span<const std::uint64_t>(counts), 6));
       }},
      {"mixed: gauss(0, 1), random(), gauss(0, 1), randrange(10)",
       [](R& r) {
         const double first = r.gauss(0, 1), second = r.random(), third = r.gauss(0, 1);
         return Values{first, second, third, whole(r.randrange(10))};
       }},
  };
  return kCalls;
}

Draw<PythonRandom> python_draw(const std::string& text) {
  using R = PythonRandom;
  if (const auto special = special_python_calls().find(text); special != special_python_calls().end())
    return special->second;
  for (const std::string prefix : {"shuffle(list(range(", "sample(range("})
    if (text.starts_with(prefix)) {
      const std::string numbers = text.substr(prefix.size());
      const std::size_t n = std::stoul(numbers);
      if (prefix[1] == 'h') return [n](R& r) { return shuffled(r, n); };
      const std::size_t k = std::stoul(numbers.substr(numbers.find(',') + 2));
      return [n, k](R& r) { return positions(r.sample(n, k)); };
    }
  const Call c(text);
  static const std::map<std::string, std::function<Values(R&, const Call&)>> kMethods = {
      {"random", [](R& r, const Call&) { return Values{r.random()}; }},
      {"getrandbits",
       [](R& r, const Call& a) {
         return Values{a.integer(0) <= 64 ? whole(r.bits(static_cast<int>(a.integer(0))))
                                          : decimal(r.wide_bits(a.size(0)))};
       }},
      {"randrange",
       [](R& r, const Call& a) {
         if (a.count() == 1) return Values{whole(r.randrange(static_cast<std::uint64_t>(a.integer(0))))};
         return Values{whole(r.randrange(a.integer(0), a.integer(1), a.count() > 2 ? a.integer(2) : 1))};
       }},
      {"randint", [](R& r, const Call& a) { return Values{whole(r.randint(a.integer(0), a.integer(1)))}; }},
      {"randbytes",
       [](R& r, const Call& a) {
         Values bytes;
         for (const char byte : r.randbytes(a.size(0))) bytes.push_back(whole(static_cast<unsigned char>(byte)));
         return bytes;
       }},
      {"uniform", [](R& r, const Call& a) { return Values{r.uniform(a.real(0), a.real(1))}; }},
      {"triangular",
       [](R& r, const Call& a) {
         return Values{r.triangular(a.real(0), a.real(1), a.count() > 2 ? std::optional(a.real(2)) : std::nullopt)};
       }},
      {"expovariate", [](R& r, const Call& a) { return Values{r.expovariate(a.real(0))}; }},
      {"gauss", [](R& r, const Call& a) { return Values{r.gauss(a.real(0), a.real(1))}; }},
      {"normalvariate", [](R& r, const Call& a) { return Values{r.normalvariate(a.real(0), a.real(1))}; }},
      {"lognormvariate", [](R& r, const Call& a) { return Values{r.lognormvariate(a.real(0), a.real(1))}; }},
      {"gammavariate", [](R& r, const Call& a) { return Values{r.gammavariate(a.real(0), a.real(1))}; }},
      {"betavariate", [](R& r, const Call& a) { return Values{r.betavariate(a.real(0), a.real(1))}; }},
      {"weibullvariate", [](R& r, const Call& a) { return Values{r.weibullvariate(a.real(0), a.real(1))}; }},
      {"paretovariate", [](R& r, const Call& a) { return Values{r.paretovariate(a.real(0))}; }},
      {"vonmisesvariate", [](R& r, const Call& a) { return Values{r.vonmisesvariate(a.real(0), a.real(1))}; }},
      {"binomialvariate",
       [](R& r, const Call& a) { return Values{whole(r.binomialvariate(a.integer(0), a.real(1)))}; }},
  };
  return [c, method = kMethods.at(c.name)](R& r) { return method(r, c); };
}

template <class DrawOne>
Values repeated(std::size_t count, DrawOne draw) {
  Values values;
  for (std::size_t i = 0; i < count; ++i) values.push_back(draw());
  return values;
}

const std::map<std::string, Draw<NumpyLegacyRandom>>& special_numpy_calls() {
  using R = NumpyLegacyRandom;
  static const std::vector<double> kFour = {0.1, 0.2, 0.3, 0.4}, kSix = {0.1, 0.2, 0.3, 0.2, 0.1, 0.1};
  static const std::map<std::string, Draw<R>> kCalls = {
      {"raw 32 bit", [](R& r) { return Values{whole(r.engine().next())}; }},
      {"randint(0, 10, size=5)", [](R& r) { return repeated(5, [&] { return whole(r.randint(0, 10)); }); }},
      {"normal(0.0, 1.0, size=5)", [](R& r) { return repeated(5, [&] { return Value{r.normal()}; }); }},
      {"choice(10)", [](R& r) { return Values{whole(r.choice(10))}; }},
      {"choice(10, size=4)", [](R& r) { return repeated(4, [&] { return whole(r.choice(10)); }); }},
      {"choice(10, size=4, replace=False)", [](R& r) { return positions(r.choice_without_replacement(10, 4)); }},
      {"choice(4, p=[0.1, 0.2, 0.3, 0.4])", [](R& r) { return Values{whole(r.choice(kFour))}; }},
      {"choice(4, size=6, p=[0.1, 0.2, 0.3, 0.4])",
       [](R& r) { return repeated(6, [&] { return whole(r.choice(kFour)); }); }},
      {"choice(6, size=4, replace=False, p=[0.1, 0.2, 0.3, 0.2, 0.1, 0.1])",
       [](R& r) { return positions(r.choice_without_replacement(kSix, 4)); }},
      {"shuffle(arange(10))", [](R& r) { return shuffled(r, 10); }},
      {"shuffle(arange(70))", [](R& r) { return shuffled(r, 70); }},
      {"shuffle(list(range(10)))", [](R& r) { return shuffled(r, 10); }},
      {"mixed: normal(0, 1), random_sample(), normal(0, 1), randint(11, 32)",
       [](R& r) {
         const double first = r.normal(), second = r.random(), third = r.normal();
         return Values{first, second, third, whole(r.randint(11, 32))};
       }},
  };
  return kCalls;
}

Draw<NumpyLegacyRandom> numpy_draw(const std::string& text) {
  using R = NumpyLegacyRandom;
  if (const auto special = special_numpy_calls().find(text); special != special_numpy_calls().end())
    return special->second;
  const Call c(text);
  static const std::map<std::string, std::function<Values(R&, const Call&)>> kMethods = {
      {"random_sample", [](R& r, const Call&) { return Values{r.random()}; }},
      {"randint", [](R& r, const Call& a) { return Values{whole(r.randint(a.integer(0), a.integer(1)))}; }},
      {"uniform", [](R& r, const Call& a) { return Values{r.uniform(a.real(0), a.real(1))}; }},
      {"normal", [](R& r, const Call& a) { return Values{r.normal(a.real(0), a.real(1))}; }},
      {"exponential", [](R& r, const Call& a) { return Values{r.exponential(a.real(0))}; }},
      {"poisson", [](R& r, const Call& a) { return Values{whole(r.poisson(a.real(0)))}; }},
      {"gamma", [](R& r, const Call& a) { return Values{r.gamma(a.real(0), a.real(1))}; }},
      {"lognormal", [](R& r, const Call& a) { return Values{r.lognormal(a.real(0), a.real(1))}; }},
      {"weibull", [](R& r, const Call& a) { return Values{r.weibull(a.real(0))}; }},
      {"pareto", [](R& r, const Call& a) { return Values{r.pareto(a.real(0))}; }},
      {"beta", [](R& r, const Call& a) { return Values{r.beta(a.real(0), a.real(1))}; }},
      {"geometric", [](R& r, const Call& a) { return Values{whole(r.geometric(a.real(0)))}; }},
      {"permutation", [](R& r, const Call& a) { return positions(r.permutation(a.size(0))); }},
  };
  return [c, method = kMethods.at(c.name)](R& r) { return method(r, c); };
}

PythonRandom python_generator(const std::string& seed, PythonVersion version) {
  if (seed.starts_with("b'")) return PythonRandom(seed.substr(2, seed.size() - 3), version);
  if (seed.starts_with("'")) return PythonRandom(seed.substr(1, seed.size() - 2), version);
  if (seed.find_first_of(".e") != std::string::npos) return PythonRandom(parse_double(seed).value(), version);
  if (const auto small = parse_int64(seed)) return PythonRandom(*small, version);
  return PythonRandom(words_of_decimal(seed.substr(seed.starts_with('-') ? 1 : 0)), version);
}

NumpyLegacyRandom numpy_generator(const std::string& seed) {
  if (!seed.starts_with('[')) return NumpyLegacyRandom(static_cast<std::uint32_t>(std::stoul(seed)));
  std::vector<std::uint32_t> key;
  for (const std::string& word : split(seed.substr(1, seed.size() - 2), " "))
    key.push_back(static_cast<std::uint32_t>(std::stoul(word)));
  return NumpyLegacyRandom(std::span<const std::uint32_t>(key));
}

/// The C library's functions are the same to the last digit on the recorder's platform only.
double tolerance(const std::string& call) {
  for (const char* arithmetic : {"random", "uniform", "triangular", "choice"})
    if (call.starts_with(arithmetic)) return 0.0;
  return 1e-15;
}

/// Compares a result with a literal such as `0.5`, `'c'`, `[1, 2]` or `(0.5, 3)`; gives the number of literals.
void expect_equal(const Values& values, const std::string& literal, double relative, const std::string& what) {
  std::string inside = literal;
  if (inside.starts_with('[') || inside.starts_with('(')) inside = inside.substr(1, inside.size() - 2);
  const std::vector<std::string> expected = inside.empty() ? std::vector<std::string>{} : split(inside, ", ");
  ASSERT_EQ(values.size(), expected.size()) << what;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (const double* real = std::get_if<double>(&values[i])) {
      const double wanted = parse_double(expected[i]).value();
      EXPECT_LE(std::abs(*real - wanted), relative * std::abs(wanted)) << what << ": " << to_text(*real);
    } else {
      std::string text = std::get<std::string>(values[i]);
      if (expected[i].starts_with('\'')) text.insert(0, 1, '\'') += '\'';
      EXPECT_EQ(text, expected[i]) << what;
    }
  }
}

struct Line {
  std::string seed, call;
  std::vector<std::string> values;
  std::string after;
};

/// Gives the number of values compared.
template <class Random, class DrawOf>
std::size_t check(const Line& line, const std::string& source, Random random, DrawOf draw_of) {
  const std::string what = source + " seed " + line.seed + " " + line.call;
  std::string call = line.call;
  if (const std::size_t at = call.find(" no. "); at != std::string::npos) {
    for (unsigned long skip = std::stoul(call.substr(at + 5)); skip > 1; --skip) random.engine().next();
    call.resize(at);
  }
  const Draw<Random> draw = draw_of(call);
  for (std::size_t i = 0; i < line.values.size(); ++i)
    expect_equal(draw(random), line.values[i], tolerance(call), what + " no. " + std::to_string(i));
  if (line.after.empty()) return line.values.size();
  EXPECT_EQ(std::to_string(random.engine().next()), line.after) << what << ": words consumed";
  return line.values.size() + 1;
}

TEST(PythonRandomReference, EveryRecordedDrawAndTheWordsItTook) {
  std::ifstream file(WINDROW_SOURCE_DIR "/tests/data/reference/python_random/streams.tsv");
  std::string text;
  ASSERT_TRUE(std::getline(file, text));
  std::map<std::string, std::size_t> compared;
  while (std::getline(file, text)) {
    const std::vector<std::string> fields = split(text, "\t");
    ASSERT_EQ(fields.size(), 5U) << text;
    const Line line = {fields[1], fields[2], split(fields[3], ";"), fields[4]};
    for (const std::string& source : split(fields[0], ",")) {
      if (source == "numpy") {
        compared[source] += check(line, source, numpy_generator(line.seed), numpy_draw);
      } else {
        const PythonVersion version{std::stoi(source.substr(2))};
        compared[source] += check(line, source, python_generator(line.seed, version), python_draw);
      }
    }
  }
  const std::map<std::string, std::size_t> complete = {
      {"3.6", 1090}, {"3.8", 1090}, {"3.11", 1102}, {"3.13", 1158}, {"numpy", 1231}};
  EXPECT_EQ(compared, complete);
}

}  // namespace
}  // namespace windrow
