// The master problem of solve/prices.cpp: which mixture of columns is worth most within the capacity. Its types + 1
// rows are inverted anew at each pivot: a few dozen multiplications, and no error is carried along.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

namespace windrow::solve {

/// What all rows decide at given prices.
template <std::size_t K>
struct Column {
  double value = 0;              ///< of the objective
  double cost = 0;               ///< of the GPUs used, at `price`
  double theta = 0;              ///< from which, with `price`, the decision is made again
  std::array<double, K> used{};  ///< GPUs
  std::array<double, K> price{};
};

/// maximise sum_j part_j value_j, sum_j part_j used_j <= capacity, sum_j part_j = 1; the first column must be feasible.
template <std::size_t K>
class Master {
 public:
  void begin(const std::vector<double>& capacity) {
    columns_.clear();
    scale_ = value_ = 0;
    for (std::size_t k = 0; k < K; ++k) {
      capacity_[k] = capacity[k];
      basis_[k] = -1 - static_cast<int>(k);  // slack of type k
    }
    basis_[K] = 0;
  }

  void add(const Column<K>& column) {
    columns_.push_back(column);
    scale_ = std::max(scale_, std::abs(column.value));
  }

  /// False if the numbers give out.
  bool solve() {
    for (int pivot = 0; pivot < 500; ++pivot) {
      if (!invert()) return false;
      std::array<double, K + 1> dual{};
      for (std::size_t r = 0; r <= K; ++r) {
        const double worth = basis_[r] < 0 ? 0.0 : columns_[static_cast<std::size_t>(basis_[r])].value;
        for (std::size_t c = 0; c <= K; ++c) dual[c] += worth * inverse_[r][c];
      }
      value_ = dual[K];  // the right side is 1 throughout: usage is counted in parts of the capacity
      for (std::size_t k = 0; k < K; ++k) value_ += dual[k];
      int entering = kNone;
      double most = 1e-13 * std::max(scale_, 1e-300);
      for (std::size_t k = 0; k < K; ++k)
        if (-dual[k] > most) most = -dual[k], entering = -1 - static_cast<int>(k);
      for (std::size_t j = 0; j < columns_.size(); ++j) {
        double reduced = columns_[j].value - dual[K];
        for (std::size_t k = 0; k < K; ++k) reduced -= dual[k] * columns_[j].used[k] / capacity_[k];
        if (reduced > most && !in_basis(static_cast<int>(j))) most = reduced, entering = static_cast<int>(j);
      }
      for (std::size_t k = 0; k < K; ++k) price_[k] = std::max(0.0, dual[k]) / capacity_[k];
      if (entering == kNone) return true;
      const auto direction = times(entry(entering));
      std::size_t leaving = K + 1;
      double step = HUGE_VAL;
      for (std::size_t r = 0; r <= K; ++r) {
        if (direction[r] <= 1e-12) continue;
        const double length = std::max(0.0, part(r)) / direction[r];
        if (length < step) step = length, leaving = r;
      }
      if (leaving == K + 1) return false;
      basis_[leaving] = entering;
    }
    return true;  // degenerate pivots may circle: the mixture is feasible all the same, the gap judges it
  }

  double value() const { return value_; }
  const std::array<double, K>& price() const { return price_; }
  const Column<K>& column(std::size_t j) const { return columns_[j]; }
  /// (column, part) of those with a part.
  std::vector<std::pair<std::size_t, double>> mixture() const {
    std::vector<std::pair<std::size_t, double>> parts;
    for (std::size_t r = 0; r <= K; ++r)
      if (basis_[r] >= 0 && part(r) > 0) parts.emplace_back(static_cast<std::size_t>(basis_[r]), part(r));
    return parts;
  }

 private:
  static constexpr int kNone = -1000;
  using Entry = std::array<double, K + 1>;

  Entry entry(int index) const {
    Entry result{};
    if (index < 0) {
      result[static_cast<std::size_t>(-1 - index)] = 1;
    } else {
      const Column<K>& column = columns_[static_cast<std::size_t>(index)];
      for (std::size_t k = 0; k < K; ++k) result[k] = column.used[k] / capacity_[k];
      result[K] = 1;
    }
    return result;
  }
  bool in_basis(int index) const {
    for (const int held : basis_)
      if (held == index) return true;
    return false;
  }
  Entry times(const Entry& right) const {
    Entry result{};
    for (std::size_t r = 0; r <= K; ++r)
      for (std::size_t c = 0; c <= K; ++c) result[r] += inverse_[r][c] * right[c];
    return result;
  }
  double part(std::size_t r) const {
    double sum = 0;
    for (std::size_t c = 0; c <= K; ++c) sum += inverse_[r][c];
    return sum;
  }
  bool invert() {
    std::array<std::array<double, K + 1>, K + 1> matrix;
    for (std::size_t c = 0; c <= K; ++c) {
      const Entry column = entry(basis_[c]);
      for (std::size_t r = 0; r <= K; ++r) {
        matrix[r][c] = column[r];
        inverse_[r][c] = r == c ? 1 : 0;
      }
    }
    for (std::size_t c = 0; c <= K; ++c) {
      std::size_t pivot = c;
      for (std::size_t r = c + 1; r <= K; ++r)
        if (std::abs(matrix[r][c]) > std::abs(matrix[pivot][c])) pivot = r;
      if (std::abs(matrix[pivot][c]) < 1e-14) return false;
      std::swap(matrix[c], matrix[pivot]);
      std::swap(inverse_[c], inverse_[pivot]);
      const double factor = 1 / matrix[c][c];
      for (std::size_t j = 0; j <= K; ++j) matrix[c][j] *= factor, inverse_[c][j] *= factor;
      for (std::size_t r = 0; r <= K; ++r) {
        if (r == c || matrix[r][c] == 0) continue;
        const double times = matrix[r][c];
        for (std::size_t j = 0; j <= K; ++j) {
          matrix[r][j] -= times * matrix[c][j];
          inverse_[r][j] -= times * inverse_[c][j];
        }
      }
    }
    return true;
  }

  std::array<double, K> capacity_{}, price_{};
  std::array<int, K + 1> basis_{};
  std::array<std::array<double, K + 1>, K + 1> inverse_{};
  std::vector<Column<K>> columns_;
  double scale_ = 0, value_ = 0;
};

}  // namespace windrow::solve
