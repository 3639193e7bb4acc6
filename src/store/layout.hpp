// Which groups, datasets and attributes a result file has (docs/result-file.md), opened as one object.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "store/config_diff.hpp"
#include "store/hdf5.hpp"
#include "windrow/simulator/simulator.hpp"
#include "windrow/store/result_file.hpp"

namespace windrow::store {

constexpr std::uint32_t kSchemaVersion = 1;

/// What the simulator declared of its results, read back from a file: enough to decode results without the simulator.
struct StoredDescription {
  Description description;
  std::deque<std::string> texts;  ///< what the views in the objects below point to
  std::deque<Metric> metrics;
  std::deque<Table> tables;
  std::deque<Series> series;

  std::string_view keep(std::string text) { return texts.emplace_back(std::move(text)); }
};

enum class AxisType { real, integer, boolean, text };
AxisType axis_type(const sweep::AxisValues& values);
/// The narrowest type that holds both.
AxisType common_type(AxisType a, AxisType b);

struct AxisColumn {
  std::string name, help;
  AxisType type = AxisType::real;
  hdf5::Column values;
};

/// A table or a time series.
struct TableColumns {
  std::string name;
  std::string span;  ///< what `first` and `count` are called after
  hdf5::Id group;
  hdf5::Column row;  ///< the dimension
  std::vector<hdf5::Column> columns;
  hdf5::Column first,
      count;  ///< in /points: where the rows of a point begin, and how many; first is -1 where none are kept

  std::uint64_t rows() const { return row.rows(); }
};

/// A result file with all its columns open.
class Layout {
 public:
  /// Makes a file for this sweep, without rows.
  static Layout create(const std::string& path, const PointSource& source);
  /// InputError if it is no HDF5 file, damaged, not one of ours, or of a newer schema.
  static Layout open(const std::string& path, hdf5::Access access);
  /// Writes everything out. Must be the last call on a file that was written to.
  void close();

  std::uint64_t rows() const { return point.rows(); }
  Digest128 rows_digest() const;
  std::vector<Digest128> ids(std::uint64_t first, std::uint64_t count) const;
  std::string config_text(std::uint64_t row) const;
  std::vector<sweep::AxisValue> axis_values(std::size_t which, std::uint64_t first, std::uint64_t count) const;

  /// Appends `count` rows, the i-th for the source's point index_of(i). Afterwards store_rows_digest() is due.
  void append_rows(const PointSource& source, std::uint64_t count,
                   const std::function<std::uint64_t(std::uint64_t)>& index_of);
  void store_rows_digest();
  /// Takes over name and text of the sweep, and makes the axis columns fit its values.
  void adopt(const PointSource& source);
  /// Makes room in a text column for these texts.
  static void widen(hdf5::Column& column, hid_t group, const std::string& name, const hdf5::Column& scale,
                    const std::vector<std::string>& texts);

  Reader::Attributes attributes;
  StoredDescription stored;
  hdf5::Id file, points, configs;
  hdf5::Column point, status, message, point_id, wall_s, cpu_s, rank, host, attempt, completed, config_first,
      config_count, config_texts, config_bytes;
  std::vector<AxisColumn> axes;  ///< in the order of the sweep that made the file
  std::vector<hdf5::Column> metrics;
  std::vector<TableColumns> tables, series;

 private:
  void open_columns();
  std::int64_t checksum_of_texts() const;
  void append_block(const PointSource& source, std::span<const std::uint64_t> indices);

  std::vector<hdf5::Column*> point_columns();

  std::unique_ptr<ConfigDiffer> differ_;
};

/// Column of an axis: its name, unless a result has that name already.
std::string axis_column_name(const std::string& axis, const Description& description);

}  // namespace windrow::store
