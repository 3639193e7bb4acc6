// What ResultFile::open takes beside a sweep: the outside world, for tests to replace.
#pragma once

#include <memory>
#include <string>

#include "store/file.hpp"
#include "windrow/store/result_file.hpp"

namespace windrow::store {

struct Environment {
  FileOpener open_file = posix_file;
  std::uint64_t fold_bytes = std::uint64_t{8} << 20;  ///< a journal of this size and half of the file's is folded
  double fold_interval_s = 3;                         ///< at least this long between folds by time
  double fold_share = 20;                             ///< and this many times the duration of the last one
  double sync_interval_s = 1;
};

std::unique_ptr<ResultFile> open_result_file(const std::string& path, const PointSource& source, Existing existing,
                                             const Environment& environment);

}  // namespace windrow::store
