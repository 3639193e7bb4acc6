// How far a sweep is, kept up to date while it runs.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "windrow/store/result_file.hpp"

namespace windrow::store {

/// Statuses and provenance of a result file and its journal. The file is read once; refresh() reads what was added to
/// the journal since, and the file again only where a part of the journal was missed. Changes neither.
class Progress {
 public:
  struct Row {
    sweep::PointStatus status = sweep::PointStatus::pending;
    std::uint32_t worker = 0;  ///< index into workers()
    double wall_s = 0, finished_unix_s = 0;
  };
  struct Worker {
    std::string host;
    std::uint32_t rank = 0;
  };

  /// InputError as of Reader::open.
  static std::unique_ptr<Progress> open(const std::string& path);
  virtual ~Progress() = default;

  /// Takes in what came since the last call.
  virtual void refresh() = 0;
  virtual const std::vector<Row>& rows() const = 0;
  virtual const std::vector<Worker>& workers() const = 0;
  virtual std::string failure(std::uint64_t row) const = 0;  ///< why the point failed; empty if it did not
  /// The file alone: attributes and axes are true, results may be behind.
  virtual const Reader& file() const = 0;
  /// True while a live master holds the lock.
  virtual bool being_written() const = 0;
};

}  // namespace windrow::store
