// The result file: HDF5 at PATH, and the journal PATH.journal beside it while there is anything that the file does not
// hold yet. The only room that sees HDF5. Schema: docs/result-file.md.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "windrow/kernel/hash.hpp"
#include "windrow/simulator/output.hpp"
#include "windrow/sweep/plan.hpp"
#include "windrow/sweep/record.hpp"

namespace windrow::store {

enum class Existing {
  resume,  ///< go on where it stopped, append rows for new points; refuse a file of another sweep
  fresh,   ///< keep the old file aside as PATH.old (never delete), begin anew
};

/// What a result file needs to know of a sweep. open() makes one of a sweep::Plan.
class PointSource {
 public:
  virtual ~PointSource() = default;
  virtual const std::string& name() const = 0;
  virtual const Description& description() const = 0;
  virtual const std::vector<sweep::Axis>& axes() const = 0;
  virtual std::uint64_t size() const = 0;
  virtual sweep::Point point(std::uint64_t index) const = 0;
  virtual const std::string& sweep_text() const = 0;
  virtual const std::string& base_text() const = 0;
};

/// The master's handle. One per file and machine: a second master is refused by a lock on the journal, with the
/// holder's pid and host.
class ResultFile {
 public:
  /// Opens or creates. Everything is checked before anything is written: a file that is not ours, of another simulator,
  /// or of a sweep whose base configuration differs in keys that are not axes is an InputError that names the first
  /// differing keys; so is a folder that cannot be written, and an HDF5 file that is damaged. A journal left by a crash
  /// is folded first. Rows are matched with the plan's points by id; points without a row get one at the end, in
  /// enumeration order; rows that the plan does not ask for stay. A file of another version of the simulator shares no
  /// point with the plan: it is put aside like with Existing::fresh, with a warning. Missing folders are made.
  static std::unique_ptr<ResultFile> open(const std::string& path, const sweep::Plan& plan, Existing existing);
  /// The same; `source` is not used after the return.
  static std::unique_ptr<ResultFile> open(const std::string& path, const PointSource& source, Existing existing);
  virtual ~ResultFile() = default;

  virtual sweep::PointStatus status(std::uint64_t index) const = 0;  ///< by the plan's index
  virtual std::uint32_t attempts(std::uint64_t index) const = 0;
  /// A metric of each point, by the plan's index, as the file had it when it was opened or last folded; NaN without a
  /// result.
  virtual std::vector<double> metric(std::size_t which) const = 0;
  virtual std::vector<std::string> messages() const = 0;  ///< likewise
  /// Appends to the journal; on return the results survive a SIGKILL, and within about a second a power cut. One write
  /// per call. InputError with path and reason if the disk is full: what was appended before is safe.
  virtual void append(std::span<const sweep::PointRecord> records) = 0;
  /// Starts folding the journal into the file, in a thread of its own, if that is due: the journal has 8 MiB and half
  /// of the file's size, or 3 s and 20 times the duration of the last fold went by. Returns at once. A fold that fails
  /// becomes a warning and is tried again later; the journal keeps everything.
  virtual void maybe_fold() = 0;
  /// Folds everything now. Afterwards the file alone holds all results; the journal is removed if every point is ok,
  /// saturated or skipped.
  virtual void finish() = 0;
  /// What the user should hear of, each once: equal points with unequal results, folds that failed, files put aside.
  virtual std::vector<std::string> take_warnings() = 0;
};

/// Everything a reader needs, scalars only; tables by point on demand. Reads file and journal together, without
/// changing either.
class Reader {
 public:
  /// InputError if the file cannot be opened, is not a Windrow file, or has a newer schema.
  static std::unique_ptr<Reader> open(const std::string& path);
  virtual ~Reader() = default;

  struct MetricInfo {
    std::string name, unit, description;
    Better better;
  };
  struct AxisInfo {
    std::string name, help;
    std::vector<sweep::AxisValue> values;  ///< one per row
  };
  struct TableInfo {
    std::string name, description;
    std::vector<std::string> columns;
  };
  struct Attributes {
    std::string sweep_name, simulator, program_version, git_commit, sweep_text, base_text, created;
    std::uint32_t schema_version = 0, simulator_version = 0;
  };
  virtual const Attributes& attributes() const = 0;
  virtual std::uint64_t rows() const = 0;
  virtual const std::vector<AxisInfo>& axes() const = 0;
  virtual const std::vector<MetricInfo>& metrics() const = 0;
  virtual std::vector<double> metric(std::size_t which) const = 0;  ///< one per row, NaN where there is none
  /// The same for `values.size()` rows from `first` on: for files with more rows than memory should hold.
  virtual void metric(std::size_t which, std::uint64_t first, std::span<double> values) const = 0;
  virtual const std::vector<sweep::PointStatus>& statuses() const = 0;
  virtual std::string message(std::uint64_t row) const = 0;
  virtual std::string config_text(std::uint64_t row) const = 0;  ///< canonical: enough to run the point again
  virtual Digest128 point_id(std::uint64_t row) const = 0;
  virtual sweep::Provenance provenance(std::uint64_t row) const = 0;
  virtual const std::vector<TableInfo>& tables() const = 0;
  virtual const std::vector<TableInfo>& series() const = 0;
  virtual TableData table(std::size_t which, std::uint64_t row) const = 0;
  virtual TableData series_of(std::size_t which, std::uint64_t row) const = 0;
  /// True while a live master holds the lock.
  virtual bool being_written() const = 0;
};

/// Hash of all results (ids, statuses, metrics, tables, series; no provenance), in order of point id: independent of
/// ranks, interruptions, order of completion and of how the sweep grew. Points without a result do not count; of failed
/// ones only that they failed does (their messages may hold addresses). Memory: 32 bytes per row.
Digest128 digest(const Reader& reader);

/// Structure, checksums of every chunk, offsets, completeness, point ids: one line per fault, none if the file is sound
/// and complete. With a description of the file's simulator and version, ids are computed from the configurations anew.
std::vector<std::string> verify(const std::string& path, const Description* description = nullptr);

}  // namespace windrow::store
