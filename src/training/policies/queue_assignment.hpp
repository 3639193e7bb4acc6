// Jobs to queues of workers, so that the sum of completion times is least (the assignment problem of AlloX).
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "windrow/training/policy.hpp"

namespace windrow::training {

class QueueAssignment {
 public:
  struct Row {
    PerType processing_s;  ///< on a worker of each type, above 0
    double delay_s;        ///< added to the row's every cost: does not change the optimum, but its rounding
  };
  struct Head {
    std::size_t row;
    std::size_t type;
  };

  /// Who is first in the queue of each of the workers (`workers`: how many of each type), in no particular order.
  /// Running as the k-th from last of a queue costs k times the processing time, plus the delay. Among equal optima it
  /// is the one that scipy's linear_sum_assignment finds with columns (k, worker), k outermost: shortest augmenting
  /// paths (Crouse 2016), row after row. O(m) for m rows and one worker, otherwise up to O(m^3).
  const std::vector<Head>& heads(const std::vector<Row>& rows, const std::vector<int>& workers);

  /// The same without short cuts, each column by itself: O(m^3 n). The oracle of the tests.
  const std::vector<Head>& plain_heads(const std::vector<Row>& rows, const std::vector<int>& workers);

 private:
  void take_in(const std::vector<Row>& rows, const std::vector<int>& workers);
  bool shortest_first_is_unique(double rounding);
  void solve_short_queues();
  std::size_t shortest_path(std::size_t from, double& length);
  std::size_t relax(std::size_t row, double length, double& lowest);
  bool wins_tie(std::size_t column, std::size_t other) const;
  void mark(std::size_t column);
  void solve_all_columns();
  void collect_heads();

  std::size_t level_of(std::size_t column) const { return column / workers_ + 1; }
  std::size_t worker_of(std::size_t column) const { return column % workers_; }
  /// Where the values of a column are: each worker's levels lie one after the other.
  std::size_t slot(std::size_t column) const { return worker_of(column) * rows_->size() + level_of(column) - 1; }
  std::size_t column_at(std::size_t worker, std::size_t level) const { return (level - 1) * workers_ + worker; }

  const std::vector<Row>* rows_ = nullptr;
  std::size_t workers_ = 0;
  std::vector<std::size_t> type_of_worker_;
  std::vector<std::size_t> column_of_row_;
  std::vector<Head> heads_;

  // Queues as they grow: [workers x rows], by slot.
  std::vector<std::size_t> length_;  // of each worker's queue
  std::vector<std::int32_t> row_of_;
  std::vector<double> u_, v_, best_, pred_;  // pred_ has rows, too: one width makes the inner loop twice as fast
  std::vector<double> open_v_, mask_;        // v_ and 0; -infinity for marked columns
  std::vector<double> level_;                // 1, 2, 3 …
  // The list from which upstream takes columns: last first; who is taken is replaced by the list's last. Its order
  // decides ties.
  std::vector<std::uint32_t> list_, place_;
  std::size_t list_size_ = 0;
  std::vector<std::size_t> marked_columns_, marked_rows_;
  std::vector<std::size_t> order_;
};

}  // namespace windrow::training
