#include "windrow/store/merge.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <memory>
#include <unordered_map>

#include "store/fold.hpp"
#include "store/journal.hpp"
#include "store/open_file.hpp"
#include "store/same_sweep.hpp"
#include "windrow/store/result_file.hpp"

namespace windrow::store {
namespace {

using sweep::PointStatus;

constexpr std::size_t kRowsAtATime = 1024;

struct HashOfId {
  std::size_t operator()(const Digest128& id) const { return id.low; }  // a hash already
};

/// Which of two records of a point goes into the joined file: the one of higher value.
int value_of(PointStatus status) {
  switch (status) {
    case PointStatus::ok:
    case PointStatus::saturated:
      return 3;
    case PointStatus::failed:
      return 2;
    case PointStatus::pending:
    case PointStatus::running:
      return 1;
    case PointStatus::skipped:
      break;
  }
  return 0;
}

struct Input {
  std::string path;
  std::unique_ptr<Reader> reader;
};

/// A point of an input.
struct Place {
  std::size_t input;
  std::uint64_t row;
};

std::string label_of(const Reader& reader, std::uint64_t row) {
  std::string label;
  for (const Reader::AxisInfo& axis : reader.axes())
    label += fmt::format("{}{}={}", label.empty() ? "" : " ", axis.name, sweep::to_text(axis.values[row]));
  return label.empty() ? "the point" : label;
}

/// Values of all rows, as narrow as they can be.
sweep::AxisValues column_of(const std::vector<sweep::AxisValue>& values) {
  const auto all_are = [&]<class Value>() {
    return std::all_of(values.begin(), values.end(), [](const auto& v) { return std::holds_alternative<Value>(v); });
  };
  const auto as = [&]<class Value>(const auto& convert) {
    std::vector<Value> column;
    column.reserve(values.size());
    for (const sweep::AxisValue& value : values) column.push_back(std::visit(convert, value));
    return sweep::AxisValues(std::move(column));
  };
  if (all_are.template operator()<std::int64_t>())
    return as.template operator()<std::int64_t>([](const auto& v) {
      if constexpr (std::is_same_v<std::decay_t<decltype(v)>, std::int64_t>)
        return v;
      else
        return std::int64_t{0};
    });
  if (all_are.template operator()<bool>())
    return as.template operator()<bool>([](const auto& v) {
      if constexpr (std::is_same_v<std::decay_t<decltype(v)>, bool>)
        return v;
      else
        return false;
    });
  if (std::none_of(values.begin(), values.end(), [](const auto& v) { return std::holds_alternative<std::string>(v); }))
    return as.template operator()<double>([](const auto& v) {
      if constexpr (std::is_arithmetic_v<std::decay_t<decltype(v)>>)
        return static_cast<double>(v);
      else
        return 0.0;
    });
  std::vector<std::string> texts;
  texts.reserve(values.size());
  for (const sweep::AxisValue& value : values) texts.push_back(sweep::to_text(value));
  return sweep::AxisValues(std::move(texts));
}

/// Without their values.
std::vector<Reader::AxisInfo> names_of_axes(const Input& input) {
  const auto lock = hdf5::lock_library();
  const Layout layout = Layout::open(resolved_path(input.path), hdf5::Access::read);
  std::vector<Reader::AxisInfo> axes;
  for (const AxisColumn& axis : layout.axes) axes.push_back({axis.name, axis.help, {}});
  return axes;
}

/// The points of all inputs: those of the largest one, then what others have beside.
class Union final : public PointSource {
 public:
  Union(const std::vector<Input>& inputs, const Description& description)
      : inputs_(inputs), description_(description), first_(*inputs[0].reader) {
    const auto begins_like_first = [&](const Input& input) {
      for (std::uint64_t row = 0; row < input.reader->rows(); ++row)
        if (input.reader->point_id(row) != first_.point_id(row)) return false;
      return true;
    };
    // The usual case, shards of one sweep, needs no index of ids, and no values of axes.
    for (const Input& input : inputs) aligned_.push_back(begins_like_first(input));
    if (std::find(aligned_.begin(), aligned_.end(), false) != aligned_.end()) number_points();
    for (const Reader::AxisInfo& axis : more_.empty() ? names_of_axes(inputs[0]) : first_.axes()) {
      std::vector<sweep::AxisValue> values = axis.values;
      for (const Place& place : more_) values.push_back(axis_of(place, axis.name));
      axes_.push_back({axis.name, axis.help, column_of(values)});
    }
  }

  std::uint64_t index_of(std::size_t input, std::uint64_t row) const {
    return aligned_[input] ? row : index_.at(inputs_[input].reader->point_id(row));
  }

  const std::string& name() const override { return first_.attributes().sweep_name; }
  const Description& description() const override { return description_; }
  const std::vector<sweep::Axis>& axes() const override { return axes_; }
  std::uint64_t size() const override { return first_.rows() + more_.size(); }
  const std::string& sweep_text() const override { return first_.attributes().sweep_text; }
  const std::string& base_text() const override { return first_.attributes().base_text; }
  sweep::Point point(std::uint64_t index) const override {
    const Place place = index < first_.rows() ? Place{0, index} : more_[index - first_.rows()];
    const Reader& reader = *inputs_[place.input].reader;
    sweep::Point point{index, {}, "", reader.point_id(place.row)};
    if (index < first_.rows()) return point;  // a row of it is there already
    for (const sweep::Axis& axis : axes_) point.axes.push_back(axis.values[index]);
    point.text = reader.config_text(place.row);
    return point;
  }

 private:
  void number_points() {
    for (std::size_t which = 0; which < inputs_.size(); ++which) {
      const Reader& reader = *inputs_[which].reader;
      for (std::uint64_t row = 0; row < reader.rows(); ++row) {
        const std::uint64_t next = which == 0 ? row : size();
        if (index_.try_emplace(reader.point_id(row), next).second && which > 0) more_.push_back({which, row});
      }
    }
  }

  sweep::AxisValue axis_of(const Place& place, const std::string& name) const {
    for (const Reader::AxisInfo& info : inputs_[place.input].reader->axes())
      if (info.name == name) return info.values[place.row];
    return {};  // check_all_of_one_sweep() refuses that file
  }

  const std::vector<Input>& inputs_;
  const Description& description_;
  const Reader& first_;
  std::vector<bool> aligned_;  ///< by input: its rows are the first ones of the first input
  std::vector<Place> more_;
  std::unordered_map<Digest128, std::uint64_t, HashOfId> index_;
  std::vector<sweep::Axis> axes_;
};

PointOutput output_of(const Reader& reader, std::uint64_t row, const std::vector<double>& metrics) {
  PointOutput output;
  output.outcome = reader.statuses()[row] == PointStatus::saturated ? Outcome::saturated : Outcome::ok;
  if (output.outcome != Outcome::ok) output.message = reader.message(row);
  output.metrics = metrics;
  for (std::size_t t = 0; t < reader.tables().size(); ++t) output.tables.push_back(reader.table(t, row));
  for (std::size_t s = 0; s < reader.series().size(); ++s) output.series.push_back(reader.series_of(s, row));
  return output;
}

/// Rows of one input in blocks: its metrics are read that way.
class Metrics {
 public:
  explicit Metrics(const Reader& reader) : reader_(reader) {}
  std::vector<double> of(std::uint64_t row) {
    if (row < first_ || row >= first_ + count_) {
      first_ = row / kRowsAtATime * kRowsAtATime;
      count_ = std::min<std::uint64_t>(kRowsAtATime, reader_.rows() - first_);
      columns_.assign(reader_.metrics().size(), std::vector<double>(count_));
      for (std::size_t m = 0; m < columns_.size(); ++m) reader_.metric(m, first_, columns_[m]);
    }
    std::vector<double> values;
    values.reserve(columns_.size());
    for (const std::vector<double>& column : columns_) values.push_back(column[row - first_]);
    return values;
  }

 private:
  const Reader& reader_;
  std::uint64_t first_ = 0, count_ = 0;
  std::vector<std::vector<double>> columns_;
};

std::vector<Input> open_inputs(const std::vector<std::string>& paths, const Description& description) {
  std::vector<Input> inputs;
  for (const std::string& path : paths) {
    for (const Input& other : inputs)
      if (resolved_path(other.path) == resolved_path(path)) throw InputError(fmt::format("{}: given twice", path));
    Input& input = inputs.emplace_back(Input{path, Reader::open(path)});
    const Reader::Attributes& attributes = input.reader->attributes();
    if (attributes.simulator == description.name && attributes.simulator_version != description.version)
      throw InputError(fmt::format("{}: holds results of {} version {}; this program has version {}", path,
                                   attributes.simulator, attributes.simulator_version, description.version));
  }
  // The largest one first; of equal ones the first that was given.
  std::stable_sort(inputs.begin(), inputs.end(),
                   [](const Input& a, const Input& b) { return a.reader->rows() > b.reader->rows(); });
  return inputs;
}

void check_all_of_one_sweep(const std::vector<Input>& inputs, const PointSource& all) {
  const auto lock = hdf5::lock_library();
  for (const Input& input : inputs) {
    const Layout layout = Layout::open(resolved_path(input.path), hdf5::Access::read);
    if (const std::string reason = other_sweep(layout, all); !reason.empty())
      throw InputError(fmt::format("{}: belongs to another sweep than {}{}", input.path, inputs[0].path, reason));
    if (result_schema(layout.stored.description) != result_schema(all.description()))
      throw InputError(fmt::format("{}: holds other results than {}, under the same version of the simulator",
                                   input.path, inputs[0].path));
  }
}

/// The first input with its journal, as a file of its own.
void copy_first(const Input& input, const std::string& target) {
  const std::string path = resolved_path(input.path);
  const std::unique_ptr<JournalReader> journal = JournalReader::open(path + ".journal");
  const auto lock = hdf5::lock_library();
  const bool fits =
      journal && journal->header() && journal->header()->rows == Layout::open(path, hdf5::Access::read).rows_digest();
  if (fits)
    fold(path, *journal, file_size(journal->descriptor(), path + ".journal"), target);
  else
    copy_file(path, target);
}

}  // namespace

MergeReport merge(const std::vector<std::string>& inputs, const std::string& output, const Description& description) {
  const std::string target = resolved_path(output), temporary = target + ".merging";
  if (file_exists(target))
    throw InputError(fmt::format("{}: this file exists; merge makes a new one and overwrites nothing", output));
  const std::vector<Input> files = open_inputs(inputs, description);
  const Union all(files, description);
  check_all_of_one_sweep(files, all);

  const auto remove_temporary = [&] {
    for (const char* end : {"", ".journal", ".journal.lock", ".tmp"}) ::unlink((temporary + end).c_str());
  };
  remove_temporary();
  MergeReport report;
  report.taken.resize(inputs.size());
  try {
    if (const auto folder = std::filesystem::path(temporary).parent_path(); !folder.empty())
      std::filesystem::create_directories(folder);
    copy_first(files[0], temporary);
    {
      const auto file = ResultFile::open(temporary, all, Existing::resume);
      std::vector<std::size_t> owner(all.size(), 0);  // the input whose record a point has
      std::vector<sweep::PointRecord> records;
      const auto write = [&] {
        file->append(records);
        records.clear();
        file->maybe_fold();
      };
      std::vector<Metrics> metrics;
      metrics.reserve(files.size());
      for (const Input& input : files) metrics.emplace_back(*input.reader);
      std::vector<std::uint64_t> row_of_owner(all.size());
      for (std::uint64_t row = 0; row < files[0].reader->rows(); ++row) row_of_owner[row] = row;
      for (std::size_t which = 1; which < files.size(); ++which) {
        const Reader& reader = *files[which].reader;
        for (std::uint64_t row = 0; row < reader.rows(); ++row) {
          const std::uint64_t index = all.index_of(which, row);
          const PointStatus status = reader.statuses()[row], before = file->status(index);
          if (has_result(status) && has_result(before)) {
            const Reader& other = *files[owner[index]].reader;
            if (encode(output_of(reader, row, metrics[which].of(row))) !=
                encode(output_of(other, row_of_owner[index], metrics[owner[index]].of(row_of_owner[index]))))
              throw InputError(
                  fmt::format("{}: has another result of {} than {}: one of them was not made by this "
                              "simulator, or is damaged; nothing was written",
                              files[which].path, label_of(reader, row), files[owner[index]].path));
            continue;
          }
          if (value_of(status) <= value_of(before)) continue;
          owner[index] = which;
          row_of_owner[index] = row;
          sweep::PointRecord& record = records.emplace_back();
          record.index = index;
          record.status = status;
          if (status != PointStatus::ok) record.message = reader.message(row);
          record.provenance = reader.provenance(row);
          if (has_result(status)) record.output = encode(output_of(reader, row, metrics[which].of(row)));
          if (records.size() >= kRowsAtATime) write();
        }
        write();
      }
      file->finish();
      for (std::uint64_t index = 0; index < all.size(); ++index) {
        const PointStatus status = file->status(index);
        report.results += has_result(status) ? 1 : 0;
        report.failed += status == PointStatus::failed ? 1 : 0;
        report.left += status == PointStatus::pending ? 1 : 0;
        if (!has_result(status)) continue;
        const auto given = std::find(inputs.begin(), inputs.end(), files[owner[index]].path) - inputs.begin();
        ++report.taken[static_cast<std::size_t>(given)];
      }
      report.rows = all.size();
    }
    if (::link(temporary.c_str(), target.c_str()) != 0) {  // unlike a rename it takes the place of nothing
      if (errno == EEXIST)
        throw InputError(fmt::format("{}: this file exists by now; nothing was overwritten", output));
      replace_file(temporary, target);  // a file system without links
    }
  } catch (const std::filesystem::filesystem_error& error) {
    throw InputError(fmt::format("{}: cannot make its folder: {}", output, error.code().message()));
  } catch (const hdf5::Error& error) {
    remove_temporary();
    throw InputError(fmt::format("{}: {}", output, error.what()));
  } catch (...) {
    remove_temporary();
    throw;
  }
  remove_temporary();
  return report;
}

}  // namespace windrow::store
