// A reader of the HDF5 file alone.
#pragma once

#include <memory>
#include <string>

#include "windrow/store/result_file.hpp"

namespace windrow::store {

struct FoldedFile {
  std::unique_ptr<Reader> reader;
  Digest128 rows;  ///< its `rows_digest`, as the journal names it
};
FoldedFile open_folded(const std::string& path);

}  // namespace windrow::store
