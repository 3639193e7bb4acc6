// One result file of several of the same sweep: shards of a job array, parts that ran on different machines.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "windrow/simulator/simulator.hpp"

namespace windrow::store {

struct MergeReport {
  std::uint64_t rows = 0;                 ///< of the new file
  std::uint64_t results = 0, failed = 0;  ///< ok and saturated; failed
  std::uint64_t left = 0;                 ///< pending
  std::vector<std::uint64_t> taken;       ///< by input: the points whose results are its own
};

/// Joins `inputs` in the new file `output`. All must be of one sweep, or of extensions of it; `description` is that of
/// the simulator that made them. What journals hold counts, also of files that are being written. The rows are those of
/// the input that has most of them, in its order; points that it does not have follow. Of a point that several inputs
/// have, a result (ok, saturated) goes before failed, that before pending, that before skipped; results, their tables,
/// series and provenance are copied bit for bit. The digest is that of a sweep which ran all of this at once.
/// InputError, and no file, if `output` exists, if an input is of another sweep, of another version of the simulator or
/// damaged, or if two inputs have results of one point that differ. Inputs stay as they are. Memory: some 80 bytes
/// per row and input.
MergeReport merge(const std::vector<std::string>& inputs, const std::string& output, const Description& description);

}  // namespace windrow::store
