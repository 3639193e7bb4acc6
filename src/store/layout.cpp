#include "store/layout.hpp"

#include <fcntl.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <chrono>
#include <ctime>
#include <filesystem>
#include <limits>
#include <set>

#include "store/file.hpp"
#include "store/utf8.hpp"
#include "windrow_version.hpp"

namespace windrow::store {
namespace {

using hdf5::Column;
using hdf5::Type;
using Kind = hdf5::Type::Kind;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr std::uint64_t kBlockRows = 8192;
constexpr std::size_t kIdDigits = 32;
constexpr const char* kTextsChecksum = "texts_checksum";
constexpr std::string_view kStatusWords = "pending running ok saturated failed skipped";

std::string utc_now() {
  const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  std::tm parts{};
  gmtime_r(&now, &parts);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday,
                     parts.tm_hour, parts.tm_min, parts.tm_sec);
}

std::string long_name(std::string_view name) {
  std::string words(name);
  std::replace(words.begin(), words.end(), '_', ' ');
  return words;
}

std::string_view to_word(Better better) {
  switch (better) {
    case Better::lower:
      return "lower";
    case Better::higher:
      return "higher";
    case Better::neither:
      break;
  }
  return "neither";
}

std::string_view to_word(ColumnType type) {
  switch (type) {
    case ColumnType::real:
      return "real";
    case ColumnType::integer:
      return "integer";
    case ColumnType::text:
      break;
  }
  return "text";
}

void set_integer(hid_t object, const std::string& name, std::int32_t value) {
  hdf5::set_attribute(object, name, {Kind::i32}, 1, &value);
}
void set_nan_fill(const Column& column) {
  hdf5::set_attribute(column.id(), "_FillValue", {Kind::f64}, 1, &kNaN);
}

void describe(const Column& column, std::string_view unit, std::string_view name, std::string_view description) {
  if (!unit.empty()) hdf5::set_attribute(column.id(), "units", unit);
  hdf5::set_attribute(column.id(), "long_name", long_name(name));
  if (!description.empty()) hdf5::set_attribute(column.id(), "description", description);
}

/// Columns that are rewritten row by row as results come are not compressed: a chunk keeps its size and its place.
/// Those that only ever grow at their end are.
struct Maker {
  hid_t group;
  std::uint64_t chunk_rows;
  const Column* scale;

  Column make(const std::string& name, Type type, bool compressed, const void* fill = nullptr) const {
    Column column = Column::create(group, name, type, 0, {chunk_rows, compressed, fill});
    if (scale != nullptr) hdf5::attach_scale(column, *scale);
    return column;
  }
  Column real(const std::string& name, std::string_view unit, std::string_view description) const {
    Column column = make(name, {Kind::f64}, false, &kNaN);
    set_nan_fill(column);
    describe(column, unit, name, description);
    return column;
  }
};

Type axis_column_type(AxisType type) {
  switch (type) {
    case AxisType::real:
      return {Kind::f64};
    case AxisType::integer:
      return {Kind::i64};
    case AxisType::boolean:
      return {Kind::i8};
    case AxisType::text:
      break;
  }
  return {Kind::varying_text};  // of fixed length they would reach h5netcdf's users as bytes
}

double as_real(const sweep::AxisValue& value) {
  return std::visit(
      [](const auto& v) -> double {
        if constexpr (std::is_same_v<std::decay_t<decltype(v)>, std::string>)
          WINDROW_CHECK(false, "an axis of numbers has the value '{}'", v);
        else
          return static_cast<double>(v);
      },
      value);
}

void write_axis(AxisColumn& axis, std::uint64_t first, const std::vector<sweep::AxisValue>& values) {
  const std::size_t count = values.size();
  switch (axis.type) {
    case AxisType::real: {
      std::vector<double> reals;
      reals.reserve(count);
      for (const auto& value : values) reals.push_back(as_real(value));
      axis.values.write(first, count, reals.data());
      return;
    }
    case AxisType::integer: {
      std::vector<std::int64_t> integers;
      integers.reserve(count);
      for (const auto& value : values) {
        const auto* integer = std::get_if<std::int64_t>(&value);
        WINDROW_CHECK(integer, "axis {} of integers has the value {}", axis.name, sweep::to_text(value));
        integers.push_back(*integer);
      }
      axis.values.write(first, count, integers.data());
      return;
    }
    case AxisType::boolean: {
      std::vector<std::int8_t> booleans;
      booleans.reserve(count);
      for (const auto& value : values) booleans.push_back(static_cast<std::int8_t>(as_real(value) != 0));
      axis.values.write(first, count, booleans.data());
      return;
    }
    case AxisType::text: {
      std::vector<std::string> texts;
      texts.reserve(count);
      for (const auto& value : values) texts.push_back(clean_utf8(sweep::to_text(value)));
      axis.values.write_texts(first, texts);
      return;
    }
  }
}

template <class Declared>
std::vector<std::string> names_of(const std::vector<const Declared*>& declared) {
  std::vector<std::string> names;
  names.reserve(declared.size());
  for (const Declared* one : declared) names.emplace_back(one->name);
  return names;
}

/// What the columns of /points that say where its rows are begin with: its name; of a series whose name a table has,
/// NAME_series.
std::string span_name(const Description& description, const Table& table, bool is_series) {
  const bool taken = is_series && std::any_of(description.tables.begin(), description.tables.end(),
                                              [&](const Table* other) { return other->name == table.name; });
  return std::string(table.name) + (taken ? "_series" : "");
}

void create_table(hid_t parent, const Table& table, const Maker& points, const std::string& span) {
  const hdf5::Id group = hdf5::create_group(parent, std::string(table.name));
  hdf5::set_attribute(group.get(), "description", table.description);
  std::vector<std::string> names, types;
  for (const windrow::Column& column : table.columns) {
    names.emplace_back(column.name);
    types.emplace_back(to_word(column.type));
    WINDROW_CHECK(column.name != "row", "table {} has a column named row, which is its dimension", table.name);
  }
  hdf5::set_attribute(group.get(), "columns", names);
  hdf5::set_attribute(group.get(), "types", types);

  const Maker bare{group.get(), 16384, nullptr};
  const Column row = bare.make("row", {Kind::u8}, true);  // never written: its length is the dimension
  hdf5::make_scale(row, "row");
  hdf5::name_plain_dimension(row, 0);
  const Maker maker{group.get(), 16384, &row};
  for (const windrow::Column& column : table.columns) {
    const Type type = column.type == ColumnType::real      ? Type{Kind::f64}
                      : column.type == ColumnType::integer ? Type{Kind::i64}
                                                           : Type::text(8);
    const Column made =
        maker.make(std::string(column.name), type, true, column.type == ColumnType::real ? &kNaN : nullptr);
    if (column.type == ColumnType::real) set_nan_fill(made);
    describe(made, column.unit, column.name, column.description);
  }

  const std::int64_t none = -1;
  describe(points.make(span + "_first", {Kind::i64}, false, &none), "", span + "_first",
           fmt::format("first row of this point in {}; -1 where none are kept", table.name));
  describe(points.make(span + "_count", {Kind::i64}, false), "", span + "_count",
           fmt::format("rows of this point in {}", table.name));
}

TableColumns open_table(hid_t parent, hid_t points, const Table& table, std::string span) {
  TableColumns opened;
  opened.name = table.name;
  opened.span = std::move(span);
  opened.group = hdf5::open_group(parent, opened.name);
  opened.row = Column::open(opened.group.get(), "row");
  for (const windrow::Column& column : table.columns)
    opened.columns.push_back(Column::open(opened.group.get(), std::string(column.name)));
  opened.first = Column::open(points, opened.span + "_first");
  opened.count = Column::open(points, opened.span + "_count");
  return opened;
}

template <class Declared>
void read_tables(StoredDescription& stored, std::deque<Declared>& into, std::vector<const Declared*>& pointers,
                 hid_t file, const std::string& kind) {
  const hdf5::Id parent = hdf5::open_group(file, kind);
  for (const std::string& name : hdf5::texts_attribute(file, kind)) {
    const hdf5::Id group = hdf5::open_group(parent.get(), name);
    Declared& table = into.emplace_back();
    table.name = stored.keep(name);
    table.description = stored.keep(hdf5::text_attribute(group.get(), "description"));
    const std::vector<std::string> names = hdf5::texts_attribute(group.get(), "columns"),
                                   types = hdf5::texts_attribute(group.get(), "types");
    if (names.size() != types.size())
      throw hdf5::Error(fmt::format("table '{}' has names and types of unequal number", name));
    for (std::size_t i = 0; i < names.size(); ++i) {
      windrow::Column column;
      column.name = stored.keep(names[i]);
      column.type = types[i] == "real"      ? ColumnType::real
                    : types[i] == "integer" ? ColumnType::integer
                                            : ColumnType::text;
      table.columns.push_back(column);
    }
    pointers.push_back(&table);
  }
}

void read_description(StoredDescription& stored, hid_t file, hid_t points) {
  Description& description = stored.description;
  description.name = hdf5::text_attribute(file, "simulator");
  description.version = static_cast<std::uint32_t>(hdf5::integer_attribute(file, "simulator_version"));
  for (const std::string& name : hdf5::texts_attribute(points, "metrics")) {
    const hdf5::Id column(
        hdf5::check(H5Dopen2(points, name.c_str(), H5P_DEFAULT), fmt::format("opening the metric '{}'", name)));
    const std::string better = hdf5::text_attribute(column.get(), "better");
    Metric& metric = stored.metrics.emplace_back();
    metric.name = stored.keep(name);
    metric.unit = stored.keep(hdf5::text_attribute(column.get(), "units"));
    metric.description = stored.keep(hdf5::text_attribute(column.get(), "description"));
    metric.better = better == "lower" ? Better::lower : better == "higher" ? Better::higher : Better::neither;
    description.metrics.push_back(&metric);
  }
  read_tables(stored, stored.tables, description.tables, file, "tables");
  read_tables(stored, stored.series, description.series, file, "series");
}

}  // namespace

AxisType axis_type(const sweep::AxisValues& values) {
  static constexpr AxisType kTypes[] = {AxisType::real, AxisType::integer, AxisType::boolean, AxisType::text};
  return kTypes[values.column().index()];
}

AxisType common_type(AxisType a, AxisType b) {
  if (a == b) return a;
  const bool numbers =
      (a == AxisType::real || a == AxisType::integer) && (b == AxisType::real || b == AxisType::integer);
  return numbers ? AxisType::real : AxisType::text;
}

std::string axis_column_name(const std::string& axis, const Description& description) {
  std::set<std::string, std::less<>> taken{"point", "status", "message", "point_id",  "wall_s",       "cpu_s",
                                           "rank",  "host",   "attempt", "completed", "config_first", "config_count"};
  for (const Metric* metric : description.metrics) taken.emplace(metric->name);
  const auto take_table = [&](const Table& table, bool is_series) {
    const std::string span = span_name(description, table, is_series);
    taken.insert(span + "_first");
    taken.insert(span + "_count");
  };
  for (const Table* table : description.tables) take_table(*table, false);
  for (const Series* series : description.series) take_table(*series, true);
  return taken.contains(axis) ? "config." + axis : axis;
}

Layout Layout::create(const std::string& path, const PointSource& source) {
  const Description& description = source.description();
  Layout made;
  made.file = hdf5::create_file(path);
  const hid_t root = made.file.get();
  hdf5::set_attribute(root, "Conventions", "CF-1.10");
  hdf5::set_attribute(root, "title", fmt::format("Windrow sweep: {}", source.name()));
  hdf5::set_attribute(root, "windrow", "result file");
  set_integer(root, "schema_version", kSchemaVersion);
  hdf5::set_attribute(root, "program_version", WINDROW_VERSION);
  hdf5::set_attribute(root, "git_commit", WINDROW_COMMIT);
  hdf5::set_attribute(root, "simulator", description.name);
  set_integer(root, "simulator_version", static_cast<std::int32_t>(description.version));
  hdf5::set_attribute(root, "sweep_name", source.name());
  hdf5::set_attribute(root, "sweep_file", source.sweep_text());
  hdf5::set_attribute(root, "base_config", source.base_text());
  hdf5::set_attribute(root, "created", utc_now());
  hdf5::set_attribute(root, "rows_digest", Sha512().finish128().hex());
  hdf5::set_attribute(root, "tables", names_of(description.tables));
  hdf5::set_attribute(root, "series", names_of(description.series));

  const hdf5::Id points = hdf5::create_group(root, "points");
  std::vector<std::string> axis_names;
  for (const sweep::Axis& axis : source.axes()) axis_names.push_back(axis.name);
  hdf5::set_attribute(points.get(), "axes", axis_names);
  hdf5::set_attribute(points.get(), "metrics", names_of(description.metrics));

  // Small sweeps make small files, large ones large chunks.
  const std::uint64_t chunk_rows = std::clamp<std::uint64_t>(std::bit_ceil(source.size()), 256, kBlockRows);
  const Column point = Maker{points.get(), chunk_rows, nullptr}.make("point", {Kind::i64}, true);
  hdf5::make_scale(point, "point");
  hdf5::set_attribute(point.id(), "long_name", "row of the point, in the order in which sweeps asked for it");
  const Maker maker{points.get(), chunk_rows, &point};

  for (const sweep::Axis& axis : source.axes()) {
    const AxisType type = axis_type(axis.values);
    const Column column = maker.make(axis_column_name(axis.name, description), axis_column_type(type), true);
    describe(column, "", axis.name, axis.help);
    if (type == AxisType::boolean) hdf5::set_attribute(column.id(), "dtype", "bool");  // as xarray writes them
  }
  for (const Metric* metric : description.metrics) {
    const Column column = maker.real(std::string(metric->name), metric->unit, metric->description);
    if (metric->unit.empty()) hdf5::set_attribute(column.id(), "units", "");
    if (metric->description.empty()) hdf5::set_attribute(column.id(), "description", "");
    hdf5::set_attribute(column.id(), "better", to_word(metric->better));
  }

  const Column status = maker.make("status", {Kind::u8}, false);
  const std::uint8_t flags[] = {0, 1, 2, 3, 4, 5};
  hdf5::set_attribute(status.id(), "flag_values", {Kind::u8}, std::size(flags), flags);
  hdf5::set_attribute(status.id(), "flag_meanings", kStatusWords);
  describe(status, "", "status", "what became of the point");
  describe(maker.make("message", {Kind::varying_text}, false), "", "message",
           "why the point failed or was not asked for, or the criterion of saturation");
  describe(maker.make("point_id", Type::text(kIdDigits), true), "", "point_id",
           "hash of configuration, simulator and its version");
  maker.real("wall_s", "s", "wall-clock time of the attempt that gave the result");
  maker.real("cpu_s", "s", "processor time of that attempt");
  maker.real("completed", "seconds since 1970-01-01 00:00:00", "when that attempt ended");
  const std::int32_t nobody = -1;
  describe(maker.make("rank", {Kind::i32}, false, &nobody), "", "rank", "worker that ran it; -1 if none did");
  describe(maker.make("host", Type::text(16), false), "", "host", "machine of that worker");
  describe(maker.make("attempt", {Kind::u32}, false), "", "attempt",
           "number of the attempt, from 1; 0 if there was none");
  describe(maker.make("config_first", {Kind::i64}, true), "", "config_first",
           "first byte of the point's text in /configs/text");
  describe(maker.make("config_count", {Kind::i64}, true), "", "config_count",
           "bytes of the point's text in /configs/text");

  const hdf5::Id configs = hdf5::create_group(root, "configs");
  hdf5::set_attribute(
      configs.get(), "description",
      "configurations of the points: the lines in which they differ from the attribute base_config of the file");
  const Column byte =
      Maker{configs.get(), 65536, nullptr}.make("byte", {Kind::u8}, true);  // never written, like the `row` of tables
  hdf5::make_scale(byte, "byte");
  hdf5::name_plain_dimension(byte, 0);
  Maker{configs.get(), 65536, &byte}.make("text", {Kind::u8}, true);

  const hdf5::Id tables = hdf5::create_group(root, "tables"), series = hdf5::create_group(root, "series");
  for (const Table* table : description.tables)
    create_table(tables.get(), *table, maker, span_name(description, *table, false));
  for (const Series* one : description.series)
    create_table(series.get(), *one, maker, span_name(description, *one, true));
  made.open_columns();
  return made;
}

Layout Layout::open(const std::string& path, hdf5::Access access) {
  hdf5::lock_library();  // the library must be started before the first call
  const Descriptor readable(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (readable.get() < 0) throw_io_error(path, "read", errno);
  if (std::filesystem::is_directory(path)) throw_io_error(path, "read", EISDIR);
  const htri_t is_hdf5 = H5Fis_hdf5(path.c_str());
  if (is_hdf5 == 0) throw InputError(fmt::format("{}: this is not an HDF5 file; it was not touched", path));
  Layout opened;
  try {
    opened.file = hdf5::open_file(path, access);
  } catch (const hdf5::Error& error) {
    throw InputError(
        fmt::format("{}: cannot be read ({}): the file is damaged or incomplete. It was not touched: put it aside or "
                    "restore a copy of it, "
                    "or start anew with --fresh, which keeps it as {}.old",
                    path, error.what(), path));
  }
  const hid_t root = opened.file.get();
  try {
    if (!hdf5::has_attribute(root, "windrow") || !hdf5::has_attribute(root, "schema_version"))
      throw InputError(fmt::format("{}: this HDF5 file was not made by windrow; it was not touched", path));
    const std::int64_t version = hdf5::integer_attribute(root, "schema_version");
    if (version > kSchemaVersion)
      throw InputError(
          fmt::format("{}: the file has schema version {}, this program knows {} and older ones; use a newer windrow",
                      path, version, kSchemaVersion));
    opened.open_columns();
  } catch (const hdf5::Error& error) {
    throw InputError(fmt::format("{}: damaged: {}. It was not touched", path, error.what()));
  }
  return opened;
}

void Layout::open_columns() {
  const hid_t root = file.get();
  attributes.sweep_name = hdf5::text_attribute(root, "sweep_name");
  attributes.simulator = hdf5::text_attribute(root, "simulator");
  attributes.program_version = hdf5::text_attribute(root, "program_version");
  attributes.git_commit = hdf5::text_attribute(root, "git_commit");
  attributes.sweep_text = hdf5::text_attribute(root, "sweep_file");
  attributes.base_text = hdf5::text_attribute(root, "base_config");
  attributes.created = hdf5::text_attribute(root, "created");
  attributes.schema_version = static_cast<std::uint32_t>(hdf5::integer_attribute(root, "schema_version"));
  attributes.simulator_version = static_cast<std::uint32_t>(hdf5::integer_attribute(root, "simulator_version"));
  differ_ = std::make_unique<ConfigDiffer>(attributes.base_text);

  points = hdf5::open_group(root, "points");
  configs = hdf5::open_group(root, "configs");
  read_description(stored, root, points.get());
  const Description& description = stored.description;
  const auto column = [this](const std::string& name) { return Column::open(points.get(), name); };
  point = column("point");
  status = column("status");
  message = column("message");
  point_id = column("point_id");
  wall_s = column("wall_s");
  cpu_s = column("cpu_s");
  rank = column("rank");
  host = column("host");
  attempt = column("attempt");
  completed = column("completed");
  config_first = column("config_first");
  config_count = column("config_count");
  config_texts = Column::open(configs.get(), "text");
  config_bytes = Column::open(configs.get(), "byte");
  for (const std::string& name : hdf5::texts_attribute(points.get(), "axes")) {
    AxisColumn& axis = axes.emplace_back();
    axis.name = name;
    axis.values = column(axis_column_name(name, description));
    axis.help = hdf5::has_attribute(axis.values.id(), "description")
                    ? hdf5::text_attribute(axis.values.id(), "description")
                    : "";
    const Kind kind = axis.values.type().kind;
    axis.type = kind == Kind::f64   ? AxisType::real
                : kind == Kind::i64 ? AxisType::integer
                : kind == Kind::i8  ? AxisType::boolean
                                    : AxisType::text;
  }
  for (const Metric* metric : description.metrics) metrics.push_back(column(std::string(metric->name)));
  const hdf5::Id table_group = hdf5::open_group(root, "tables"), series_group = hdf5::open_group(root, "series");
  for (const Table* table : description.tables)
    tables.push_back(open_table(table_group.get(), points.get(), *table, span_name(description, *table, false)));
  for (const Series* one : description.series)
    series.push_back(open_table(series_group.get(), points.get(), *one, span_name(description, *one, true)));
  if (hdf5::has_attribute(root, kTextsChecksum) && hdf5::integer_attribute(root, kTextsChecksum) != checksum_of_texts())
    throw hdf5::Error("a name or a text of its description is not what was written");
}

// Unlike numbers, texts of variable length have no checksum of HDF5's: names of columns and of the sweep get one of
// ours.
std::int64_t Layout::checksum_of_texts() const {
  std::uint64_t sum = fnv1a("");
  const auto add = [&](std::string_view text) { sum = fnv1a(text, fnv1a(std::to_string(text.size()), sum)); };
  for (const char* name : {"sweep_name", "simulator", "program_version", "git_commit", "sweep_file", "base_config",
                           "created", "rows_digest"})
    add(hdf5::text_attribute(file.get(), name));
  for (const std::string& text : stored.texts) add(text);
  for (const AxisColumn& axis : axes) {
    add(axis.name);
    add(axis.help);
  }
  return std::bit_cast<std::int64_t>(sum);
}

void Layout::close() {
  const std::int64_t checksum = checksum_of_texts();
  hdf5::set_attribute(file.get(), kTextsChecksum, {Kind::i64}, 1, &checksum);
  hdf5::name_plain_dimension(config_bytes, config_bytes.rows());
  for (const auto* group : {&tables, &series}) {
    for (const TableColumns& table : *group) hdf5::name_plain_dimension(table.row, table.rows());
  }
  hdf5::Id closing = std::move(file);
  *this = Layout();  // every other identifier first, or the library keeps the file open
  hdf5::close_file(std::move(closing));
}

std::vector<Column*> Layout::point_columns() {
  std::vector<Column*> columns{&point, &status, &message, &point_id,  &wall_s,       &cpu_s,
                               &rank,  &host,   &attempt, &completed, &config_first, &config_count};
  for (AxisColumn& axis : axes) columns.push_back(&axis.values);
  for (Column& metric : metrics) columns.push_back(&metric);
  for (auto* group : {&tables, &series}) {
    for (TableColumns& table : *group) columns.insert(columns.end(), {&table.first, &table.count});
  }
  return columns;
}

Digest128 Layout::rows_digest() const {
  try {
    return Digest128::from_hex(hdf5::text_attribute(file.get(), "rows_digest"));
  } catch (const std::invalid_argument&) {
    throw hdf5::Error("the attribute rows_digest is no digest");
  }
}

std::vector<Digest128> Layout::ids(std::uint64_t first, std::uint64_t count) const {
  std::string digits(count * kIdDigits, '\0');
  if (point_id.type() != Type::text(kIdDigits)) throw hdf5::Error("point_id is not a text of 32 digits");
  point_id.read(first, count, digits.data());
  std::vector<Digest128> ids;
  ids.reserve(count);
  for (std::uint64_t i = 0; i < count; ++i) {
    try {
      ids.push_back(Digest128::from_hex(std::string_view(digits).substr(i * kIdDigits, kIdDigits)));
    } catch (const std::invalid_argument&) {
      throw hdf5::Error(fmt::format("row {} has no valid point_id", first + i));
    }
  }
  return ids;
}

void Layout::store_rows_digest() {
  Sha512 hash;
  std::string digits;
  for (std::uint64_t first = 0; first < rows(); first += kBlockRows) {
    const std::uint64_t count = std::min(kBlockRows, rows() - first);
    digits.resize(count * kIdDigits);
    point_id.read(first, count, digits.data());
    hash.update(digits);
  }
  hdf5::set_attribute(file.get(), "rows_digest", hash.finish128().hex());
}

std::string Layout::config_text(std::uint64_t row) const {
  std::int64_t first = 0, count = 0;
  config_first.read(row, 1, &first);
  config_count.read(row, 1, &count);
  if (first < 0 || count < 0) throw hdf5::Error(fmt::format("row {} has no configuration", row));
  std::string diff(static_cast<std::size_t>(count), '\0');
  config_texts.read(static_cast<std::uint64_t>(first), static_cast<std::uint64_t>(count), diff.data());
  return differ_->apply(diff);
}

std::vector<sweep::AxisValue> Layout::axis_values(std::size_t which, std::uint64_t first, std::uint64_t count) const {
  const AxisColumn& axis = axes[which];
  std::vector<sweep::AxisValue> values;
  values.reserve(count);
  const auto read = [&]<class T>(std::vector<T> numbers, auto convert) {
    numbers.resize(count);
    axis.values.read(first, count, numbers.data());
    for (const T number : numbers) values.emplace_back(convert(number));
  };
  switch (axis.type) {
    case AxisType::real:
      read(std::vector<double>(), [](double v) { return v; });
      break;
    case AxisType::integer:
      read(std::vector<std::int64_t>(), [](std::int64_t v) { return v; });
      break;
    case AxisType::boolean:
      read(std::vector<std::int8_t>(), [](std::int8_t v) { return v != 0; });
      break;
    case AxisType::text:
      for (std::string& text : axis.values.read_texts(first, count)) values.emplace_back(std::move(text));
      break;
  }
  return values;
}

void Layout::append_rows(const PointSource& source, std::uint64_t count,
                         const std::function<std::uint64_t(std::uint64_t)>& index_of) {
  const std::uint64_t before = rows();
  for (Column* column : point_columns()) {
    if (column != &point) column->resize(before + count);
  }
  std::vector<std::uint64_t> indices;
  for (std::uint64_t done = 0; done < count; done += kBlockRows) {
    indices.clear();
    for (std::uint64_t i = done; i < std::min(count, done + kBlockRows); ++i) indices.push_back(index_of(i));
    append_block(source, indices);
  }
}

// The other columns have their length already; `point` says how many rows are written.
void Layout::append_block(const PointSource& source, std::span<const std::uint64_t> indices) {
  const std::uint64_t first = rows(), count = indices.size();
  std::vector<std::vector<sweep::AxisValue>> values(axes.size());
  std::vector<std::size_t> order;  // of the source's axes in the file
  for (const AxisColumn& axis : axes) {
    const auto at = std::find_if(source.axes().begin(), source.axes().end(),
                                 [&](const sweep::Axis& a) { return a.name == axis.name; });
    WINDROW_CHECK(at != source.axes().end(), "axis {} of the file is not in the sweep", axis.name);
    order.push_back(static_cast<std::size_t>(at - source.axes().begin()));
  }
  std::string id_digits, text;
  std::vector<std::int64_t> numbers, text_first, text_count;
  const std::uint64_t text_end = config_texts.rows();
  for (std::size_t i = 0; i < count; ++i) {
    sweep::Point one = source.point(indices[i]);
    WINDROW_CHECK(one.axes.size() == source.axes().size(), "point {} has {} axis values", one.index, one.axes.size());
    for (std::size_t a = 0; a < axes.size(); ++a) values[a].push_back(std::move(one.axes[order[a]]));
    const std::string diff = differ_->diff(one.text);
    numbers.push_back(static_cast<std::int64_t>(first + i));
    text_first.push_back(static_cast<std::int64_t>(text_end + text.size()));
    text_count.push_back(static_cast<std::int64_t>(diff.size()));
    text += diff;
    id_digits += one.id.hex();
  }
  config_bytes.resize(text_end + text.size());
  config_texts.resize(text_end + text.size());
  config_texts.write(text_end, text.size(), text.data());
  point.resize(first + count);
  point.write(first, count, numbers.data());
  point_id.write(first, count, id_digits.data());
  config_first.write(first, count, text_first.data());
  config_count.write(first, count, text_count.data());
  for (std::size_t a = 0; a < axes.size(); ++a) write_axis(axes[a], first, values[a]);
}

void Layout::adopt(const PointSource& source) {
  hdf5::set_attribute(file.get(), "sweep_name", source.name());
  hdf5::set_attribute(file.get(), "sweep_file", source.sweep_text());
  for (AxisColumn& axis : axes) {
    const auto at = std::find_if(source.axes().begin(), source.axes().end(),
                                 [&](const sweep::Axis& a) { return a.name == axis.name; });
    WINDROW_CHECK(at != source.axes().end(), "axis {} of the file is not in the sweep", axis.name);
    const AxisType type = common_type(axis.type, axis_type(at->values));
    if (type == axis.type) continue;
    const std::string name = axis_column_name(axis.name, stored.description);
    if (type == AxisType::real) {
      hdf5::change_type(axis.values, points.get(), name, {Kind::f64}, point);
      axis.type = type;
      continue;
    }
    // From numbers or booleans to texts: through a file-sized detour only where a user really mixes them.
    Column texts = Column::create(points.get(), name + " (new)", {Kind::varying_text}, rows(),
                                  {axis.values.chunk_rows(), false, nullptr});
    const std::size_t which = static_cast<std::size_t>(&axis - axes.data());
    for (std::uint64_t first = 0; first < rows(); first += kBlockRows) {
      std::vector<std::string> block;
      for (const sweep::AxisValue& value : axis_values(which, first, std::min(kBlockRows, rows() - first)))
        block.push_back(sweep::to_text(value));
      texts.write_texts(first, block);
    }
    describe(texts, "", axis.name, axis.help);
    hdf5::replace_column(axis.values, std::move(texts), points.get(), name, point);
    axis.type = type;
  }
}

void Layout::widen(Column& column, hid_t group, const std::string& name, const Column& scale,
                   const std::vector<std::string>& texts) {
  std::size_t longest = 0;
  for (const std::string& text : texts) longest = std::max(longest, text.size());
  if (longest > column.type().width) hdf5::change_type(column, group, name, Type::text(std::bit_ceil(longest)), scale);
}

}  // namespace windrow::store
