#include "training/estimator.hpp"

#include <algorithm>
#include <cmath>

#include "windrow/kernel/error.hpp"
#include "windrow/kernel/streams.hpp"

namespace windrow::training {
namespace {

constexpr std::size_t kRank = 10;  // as published, and so is the weight of the factors' size
constexpr double kRidge = 0.01;
constexpr int kSweeps = 30;

/// x with (A + kRidge) x = b for a symmetric positive A [n x n], by Cholesky's method in place.
std::vector<double> solve_ridge(std::vector<double> a, std::vector<double> b) {
  const std::size_t n = b.size();
  for (std::size_t j = 0; j < n; ++j) {
    double pivot = a[j * n + j] + kRidge;
    for (std::size_t k = 0; k < j; ++k) pivot -= a[j * n + k] * a[j * n + k];
    a[j * n + j] = std::sqrt(pivot);
    for (std::size_t i = j + 1; i < n; ++i) {
      double sum = a[i * n + j];
      for (std::size_t k = 0; k < j; ++k) sum -= a[i * n + k] * a[j * n + k];
      a[i * n + j] = sum / a[j * n + j];
    }
  }
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t k = 0; k < i; ++k) b[i] -= a[i * n + k] * b[k];
    b[i] /= a[i * n + i];
  }
  for (std::size_t i = n; i-- > 0;) {
    for (std::size_t k = i + 1; k < n; ++k) b[i] -= a[k * n + i] * b[k];
    b[i] /= a[i * n + i];
  }
  return b;
}

/// Regression of `values` on the factors of those for which `use` holds: [count x rank].
template <class Use>
std::vector<double> regress(const std::vector<double>& factors, std::size_t rank, std::size_t count, Use use) {
  std::vector<double> a(rank * rank), b(rank);
  for (std::size_t c = 0; c < count; ++c) {
    const std::pair<bool, double> cell = use(c);
    if (!cell.first) continue;
    const double* const f = &factors[c * rank];
    for (std::size_t i = 0; i < rank; ++i) {
      b[i] += f[i] * cell.second;
      for (std::size_t j = 0; j <= i; ++j) a[i * rank + j] += f[i] * f[j];
    }
  }
  return solve_ridge(std::move(a), std::move(b));
}

}  // namespace

Estimator::Estimator(const Model& model)
    : model_(model),
      types_(model.cluster.types()),
      profiled_(model.config.estimation.profiled),
      random_(model.config.seed + 4) {
  for (std::size_t key = 0; key < model.rates.size(); ++key)
    if (model.rates[key].gpus == 1) by_name_.push_back(static_cast<int>(key));
  std::sort(by_name_.begin(), by_name_.end(),
            [&](int a, int b) { return model.job_type_name(a) < model.job_type_name(b); });
  const std::size_t all = by_name_.size();
  const auto wanted =
      static_cast<std::size_t>(model.config.estimation.reference_models.value_or(static_cast<std::int64_t>(all)));
  WINDROW_CHECK(wanted <= all, "{} references of {} job types", wanted, all);
  std::vector<std::size_t> drawn = random_.sample(all, wanted);
  std::sort(drawn.begin(), drawn.end());
  for (const std::size_t r : drawn) references_.push_back(by_name_[r]);
  for (const int row : references_)
    for (std::size_t w = 0; w < types_; ++w)
      for (const int other : references_) rows_.push_back(normalised(row, other, w));
  if (profiled_ < 1) factorise(model.config.seed);  // otherwise no cell is ever missing
}

float Estimator::normalised(int rate_key, int other, std::size_t type) const {
  const double alone = model_.rates[static_cast<std::size_t>(rate_key)].steps_per_s[type];
  return alone > 0 ? static_cast<float>(model_.packed(rate_key, other, type).first / alone) : 0.0F;
}

/// Probabilistic matrix factorisation of the references' rows by alternating least squares.
void Estimator::factorise(std::uint64_t seed) {
  const std::size_t rows = references_.size();
  rank_ = std::min(kRank, rows);
  Stream stream = Streams(seed).stream("throughput factors");
  factors_.resize(columns() * rank_);
  for (double& factor : factors_) factor = stream.normal(0, 0.5);
  std::vector<double> row_factors(rows * rank_);
  for (int sweep = 0; sweep < kSweeps; ++sweep) {
    for (std::size_t r = 0; r < rows; ++r) {
      const auto found = regress(factors_, rank_, columns(), [&](std::size_t c) {
        return std::pair(true, static_cast<double>(rows_[r * columns() + c]));
      });
      std::copy(found.begin(), found.end(), &row_factors[r * rank_]);
    }
    for (std::size_t c = 0; c < columns(); ++c) {
      const auto found = regress(row_factors, rank_, rows, [&](std::size_t r) {
        return std::pair(true, static_cast<double>(rows_[r * columns() + c]));
      });
      std::copy(found.begin(), found.end(), &factors_[c * rank_]);
    }
  }
}

std::vector<double> Estimator::fold_in(const std::vector<double>& row, const std::vector<char>& profiled) const {
  return regress(factors_, rank_, columns(), [&](std::size_t c) { return std::pair(profiled[c] != 0, row[c]); });
}

int Estimator::match(int rate_key) {
  const std::size_t count = references_.size(), all = by_name_.size();
  std::vector<double> row(columns());
  std::vector<char> profiled(columns());
  for (std::size_t w = 0; w < types_; ++w)
    for (std::size_t r = 0; r < count; ++r) {
      const std::size_t c = w * count + r;
      profiled[c] = random_.random() <= profiled_ ? 1 : 0;
      if (profiled[c] == 0) continue;
      // D7: upstream takes the place of a cell among the references for its place among all job types.
      row[c] =
          model_.upstream ? normalised(rate_key, by_name_[c % all], c / all) : normalised(rate_key, references_[r], w);
    }
  if (std::find(profiled.begin(), profiled.end(), 0) != profiled.end()) {
    const std::vector<double> own = fold_in(row, profiled);
    for (std::size_t c = 0; c < row.size(); ++c) {
      if (profiled[c] != 0) continue;
      double estimate = 0;
      for (std::size_t k = 0; k < rank_; ++k) estimate += own[k] * factors_[c * rank_ + k];
      row[c] = std::clamp(estimate, 0.0, 1.0);
    }
  }
  // The smallest cosine distance; the first of equals. Rows of zeros resemble nobody.
  int best = 0;
  double best_cosine = -1;
  for (std::size_t r = 0; r < count; ++r) {
    double dot = 0, own = 0, other = 0;
    for (std::size_t c = 0; c < row.size(); ++c) {
      const double reference = rows_[r * columns() + c];
      dot += row[c] * reference;
      own += row[c] * row[c];
      other += reference * reference;
    }
    const double cosine = own > 0 && other > 0 ? dot / std::sqrt(own * other) : 0;
    if (cosine > best_cosine) best_cosine = cosine, best = static_cast<int>(r);
  }
  return best;
}

PackedRates::Pair Estimator::operator()(const JobView& first, const JobView& second, std::size_t type) const {
  if (known_.contains(std::minmax(first.id, second.id))) return model_.packed(first.rate_key, second.rate_key, type);
  const std::size_t count = references_.size();
  const auto a = static_cast<std::size_t>(first.reference), b = static_cast<std::size_t>(second.reference);
  return {rows_[a * columns() + type * count + b] * first.steps_per_s[type],
          rows_[b * columns() + type * count + a] * second.steps_per_s[type]};
}

}  // namespace windrow::training
