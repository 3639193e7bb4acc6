// Folding: the journal's records into a copy of the result file. No state is kept between folds, so that the master, a
// start after a crash and a reader of a running sweep do the very same.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "store/journal.hpp"
#include "store/layout.hpp"

namespace windrow::store {

struct FoldReport {
  std::uint64_t applied = 0;          ///< rows that were written
  std::uint64_t duplicates = 0;       ///< results for rows that had one
  std::vector<std::string> warnings;  ///< at most some ten
};

/// Writes `target`: `file` with the records of `journal` that end at or before `end`. A row's first complete result (ok
/// or saturated) stays; a failed one is replaced by whatever came later. Folding the same records again changes
/// nothing. On any failure there is no `target`, and InputError says why. Memory: some tens of MiB, whatever the size.
FoldReport fold(const std::string& file, JournalReader& journal, std::uint64_t end, const std::string& target);

}  // namespace windrow::store
