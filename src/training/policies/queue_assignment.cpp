#include "training/policies/queue_assignment.hpp"

#include <algorithm>
#include <limits>
#include <numeric>

namespace windrow::training {

namespace {
constexpr std::size_t kNone = ~std::size_t{0};
constexpr double kInfinity = std::numeric_limits<double>::infinity();
// Differences above this part of the largest cost are no matter of rounding: it is some thousand units in the last
// place.
constexpr double kBeyondRounding = 1e-12;
}  // namespace

const std::vector<QueueAssignment::Head>& QueueAssignment::heads(const std::vector<Row>& rows,
                                                                 const std::vector<int>& workers) {
  take_in(rows, workers);
  if (rows.empty() || workers_ == 0) return heads_;
  double largest = 0, smallest = kInfinity;
  for (const Row& row : rows) {
    largest = std::max(largest, row.delay_s);
    for (const std::size_t w : type_of_worker_) {
      largest = std::max(largest, row.processing_s[w]);
      smallest = std::min(smallest, row.processing_s[w]);
    }
  }
  const double rounding = kBeyondRounding * largest * static_cast<double>(rows.size() + 1);
  if (smallest <= rounding) {
    solve_all_columns();
    return heads_;
  }
  if (shortest_first_is_unique(rounding)) return heads_;
  solve_short_queues();
  collect_heads();
  return heads_;
}

const std::vector<QueueAssignment::Head>& QueueAssignment::plain_heads(const std::vector<Row>& rows,
                                                                       const std::vector<int>& workers) {
  take_in(rows, workers);
  if (!rows.empty() && workers_ != 0) solve_all_columns();
  return heads_;
}

void QueueAssignment::take_in(const std::vector<Row>& rows, const std::vector<int>& workers) {
  rows_ = &rows;
  heads_.clear();
  type_of_worker_.clear();
  for (std::size_t w = 0; w < workers.size(); ++w)
    type_of_worker_.insert(type_of_worker_.end(), static_cast<std::size_t>(workers[w]), w);
  workers_ = type_of_worker_.size();
  column_of_row_.assign(rows.size(), kNone);
}

/// Workers of one type, with queues of equal length: the shortest jobs come first, in whatever order, unless some are
/// as good as equal.
bool QueueAssignment::shortest_first_is_unique(double rounding) {
  const std::size_t w = type_of_worker_.front(), count = rows_->size();
  if (type_of_worker_.back() != w || count % workers_ != 0) return false;
  order_.resize(count);
  std::iota(order_.begin(), order_.end(), std::size_t{0});
  const auto time_s = [&](std::size_t row) { return (*rows_)[row].processing_s[w]; };
  const auto shorter = [&](std::size_t a, std::size_t b) { return time_s(a) < time_s(b); };
  const auto first_behind = order_.begin() + static_cast<std::ptrdiff_t>(workers_);
  if (count > workers_) {
    std::nth_element(order_.begin(), first_behind, order_.end(), shorter);
    const std::size_t longest = *std::max_element(order_.begin(), first_behind, shorter);
    if (time_s(*first_behind) - time_s(longest) <= rounding) return false;
  }
  for (auto row = order_.begin(); row != first_behind; ++row) heads_.push_back({*row, w});
  return true;
}

// Of each queue only the columns in use and the next one are looked at: a longer queue costs more, whoever is put
// there.

void QueueAssignment::solve_short_queues() {
  const std::size_t rows = rows_->size(), columns = rows * workers_;
  length_.assign(workers_, 0);
  row_of_.assign(columns, -1);
  pred_.resize(columns);
  u_.assign(rows, 0);
  v_.assign(columns, 0);
  open_v_.assign(columns, 0);
  mask_.assign(columns, 0);
  level_.resize(rows);
  for (std::size_t k = 0; k < rows; ++k) level_[k] = static_cast<double>(k + 1);
  best_.resize(columns);
  list_.resize(columns);
  place_.resize(columns);
  for (std::size_t c = 0; c < columns; ++c) {
    list_[c] = static_cast<std::uint32_t>(columns - 1 - c);
    place_[c] = static_cast<std::uint32_t>(columns - 1 - c);
  }
  for (std::size_t row = 0; row < rows; ++row) {
    double length = 0;
    std::size_t column = shortest_path(row, length);
    u_[row] += length;
    for (const std::size_t i : marked_rows_)
      if (i != row) u_[i] += length - best_[slot(column_of_row_[i])];
    for (const std::size_t c : marked_columns_) {
      const std::size_t s = slot(c);
      v_[s] -= length - best_[s];
      open_v_[s] = v_[s];
      mask_[s] = 0;
    }
    length_[worker_of(column)] += 1;
    for (std::size_t i = kNone; i != row;) {
      i = static_cast<std::size_t>(pred_[slot(column)]);
      row_of_[slot(column)] = static_cast<std::int32_t>(i);
      std::swap(column, column_of_row_[i]);
    }
    for (; list_size_ < columns; ++list_size_) {  // puts the list back: its end is still as it was, but for the moved
      const std::size_t c = columns - 1 - list_size_;
      list_[list_size_] = static_cast<std::uint32_t>(c);
      place_[c] = static_cast<std::uint32_t>(list_size_);
    }
    for (const std::size_t c : marked_columns_) {
      const std::size_t k = columns - 1 - c;
      list_[k] = static_cast<std::uint32_t>(c);
      place_[c] = static_cast<std::uint32_t>(k);
    }
  }
}

std::size_t QueueAssignment::shortest_path(std::size_t from, double& length) {
  const std::size_t rows = rows_->size();
  list_size_ = rows * workers_;
  marked_rows_.clear();
  marked_columns_.clear();
  for (std::size_t j = 0; j < workers_; ++j)
    std::fill_n(best_.begin() + static_cast<std::ptrdiff_t>(j * rows), std::min(length_[j] + 1, rows), kInfinity);
  length = 0;
  for (std::size_t row = from;;) {
    marked_rows_.push_back(row);
    const std::size_t column = relax(row, length, length);
    mark(column);
    if (row_of_[slot(column)] < 0) return column;
    row = static_cast<std::size_t>(row_of_[slot(column)]);
  }
}

/// Shortens the ways to all open columns by way of `row`; returns the nearest of them and how far it is.
std::size_t QueueAssignment::relax(std::size_t row, double length, double& lowest_out) {
  const std::size_t rows = rows_->size();
  const Row& r = (*rows_)[row];
  const double u = u_[row], delay_s = r.delay_s;
  double lowest = kInfinity;
  std::size_t nearest = kNone;
  for (std::size_t j = 0; j < workers_; ++j) {
    const double time_s = r.processing_s[type_of_worker_[j]];
    const std::size_t first = j * rows, count = std::min(length_[j] + 1, rows);
    double* const best = &best_[first];
    const double* const v = &open_v_[first];
    const double* const mask = &mask_[first];
    double* const pred = &pred_[first];
    const double base = static_cast<double>(row);
    double shortest = kInfinity;
    for (std::size_t k = 0; k < count; ++k) {
      const double reduced = length + (level_[k] * time_s + delay_s) - u - v[k];  // infinite if the column is marked
      const bool shorter = reduced < best[k];
      pred[k] = shorter ? base : pred[k];
      best[k] = shorter ? reduced : best[k];
      const double open = best[k] - mask[k];
      shortest = open < shortest ? open : shortest;
    }
    if (shortest > lowest) continue;
    if (shortest < lowest) lowest = shortest, nearest = kNone;
    for (std::size_t k = 0; k < count; ++k) {
      if (best[k] != lowest || mask[k] != 0) continue;
      const std::size_t column = column_at(j, k + 1);
      if (nearest == kNone || wins_tie(column, nearest)) nearest = column;
    }
  }
  lowest_out = lowest;
  return nearest;
}

/// Upstream goes through its list and takes the first of the nearest columns, but a free one replaces what came before.
bool QueueAssignment::wins_tie(std::size_t column, std::size_t other) const {
  const bool free = row_of_[slot(column)] < 0, other_free = row_of_[slot(other)] < 0;
  if (free != other_free) return free;
  return free ? place_[column] > place_[other] : place_[column] < place_[other];
}

void QueueAssignment::mark(std::size_t column) {
  marked_columns_.push_back(column);
  open_v_[slot(column)] = mask_[slot(column)] = -kInfinity;  // no way to it is shorter any more
  const std::uint32_t last = list_[--list_size_];
  list_[place_[column]] = last;
  place_[last] = place_[column];
}

void QueueAssignment::collect_heads() {
  for (std::size_t j = 0; j < workers_; ++j)
    if (length_[j] > 0)
      heads_.push_back({static_cast<std::size_t>(row_of_[j * rows_->size() + length_[j] - 1]), type_of_worker_[j]});
}

void QueueAssignment::solve_all_columns() {
  const std::size_t rows = rows_->size(), columns = rows * workers_;
  std::vector<std::size_t> row_of_column(columns, kNone), pred(columns, kNone), remaining;
  std::vector<double> u(rows, 0), v(columns, 0), best;
  std::vector<char> row_marked, column_marked;
  const auto cost = [&](std::size_t row, std::size_t column) {
    const Row& r = (*rows_)[row];
    return static_cast<double>(level_of(column)) * r.processing_s[type_of_worker_[worker_of(column)]] + r.delay_s;
  };
  for (std::size_t from = 0; from < rows; ++from) {
    remaining.resize(columns);
    std::iota(remaining.rbegin(), remaining.rend(), std::size_t{0});
    row_marked.assign(rows, 0);
    column_marked.assign(columns, 0);
    best.assign(columns, kInfinity);
    double length = 0;
    std::size_t end = kNone;
    for (std::size_t row = from; end == kNone;) {
      row_marked[row] = 1;
      double lowest = kInfinity;
      std::size_t index = kNone;
      for (std::size_t k = 0; k < remaining.size(); ++k) {
        const std::size_t c = remaining[k];
        const double reduced = length + cost(row, c) - u[row] - v[c];
        if (reduced < best[c]) pred[c] = row, best[c] = reduced;
        if (best[c] < lowest || (best[c] == lowest && row_of_column[c] == kNone)) lowest = best[c], index = k;
      }
      length = lowest;
      const std::size_t c = remaining[index];
      column_marked[c] = 1;
      remaining[index] = remaining.back();
      remaining.pop_back();
      if (row_of_column[c] == kNone)
        end = c;
      else
        row = row_of_column[c];
    }
    u[from] += length;
    for (std::size_t i = 0; i < rows; ++i)
      if (row_marked[i] && i != from) u[i] += length - best[column_of_row_[i]];
    for (std::size_t c = 0; c < columns; ++c)
      if (column_marked[c]) v[c] -= length - best[c];
    for (std::size_t i = kNone; i != from;) {
      i = pred[end];
      row_of_column[end] = i;
      std::swap(end, column_of_row_[i]);
    }
  }
  for (std::size_t j = 0; j < workers_; ++j) {
    for (std::size_t k = rows; k > 0; --k) {  // the longest place that is taken
      const std::size_t row = row_of_column[column_at(j, k)];
      if (row == kNone) continue;
      heads_.push_back({row, type_of_worker_[j]});
      break;
    }
  }
}

}  // namespace windrow::training
