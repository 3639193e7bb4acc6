#include "store/hdf5.hpp"

#include <fmt/format.h>
#include <hdf5_hl.h>

#include <algorithm>
#include <cstring>

#include "store/hdf5_disk.hpp"

namespace windrow::store::hdf5 {
namespace {

// The deepest entry of the stack says what really happened. Of a failed system call it has a line full of addresses and
// counts (`file write failed: time = …, errno = 28, error message = 'No space left on device', buf = 0x…`): what failed
// and the reason are enough.
std::string library_message() {
  std::string deepest;
  const auto keep_last = [](unsigned, const H5E_error2_t* error, void* out) -> herr_t {
    if (error->desc != nullptr && *error->desc != '\0') *static_cast<std::string*>(out) = error->desc;
    return 0;
  };
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_DOWNWARD, keep_last, &deepest);
  constexpr std::string_view kReason = "error message = '";
  const std::size_t reason = deepest.find(kReason);
  if (reason == std::string::npos) return deepest;
  const std::size_t begin = reason + kReason.size();
  return deepest.substr(0, deepest.find(": ")) + ": " + deepest.substr(begin, deepest.find('\'', begin) - begin);
}

void start_library() {
  static const bool started = [] {
    H5dont_atexit();  // everything is closed by its owner; a handler that runs after main could only fail unseen
    H5open();
    return true;
  }();
  (void)started;
}

Id space_of(std::uint64_t rows, bool growing) {
  const hsize_t now = rows, most = H5S_UNLIMITED;
  return Id(check(H5Screate_simple(1, &now, growing ? &most : nullptr), "making a data space"));
}

Id variable_text() {
  Id type(check(H5Tcopy(H5T_C_S1), "making a text type"));
  check(H5Tset_size(type.get(), H5T_VARIABLE), "making a text type");
  check(H5Tset_cset(type.get(), H5T_CSET_UTF8), "making a text type");
  return type;
}

// No file locks by HDF5: a file that has its final name never changes, and some parallel file systems have no locks.
Id file_access(Access how) {
  start_library();
  Id access(check(H5Pcreate(H5P_FILE_ACCESS), "making file access properties"));
  check(H5Pset_file_locking(access.get(), false, true), "turning file locks off");
  // In the format of HDF5 1.10 groups, headers and indices of chunks have checksums too. In the oldest, which is the
  // default, a changed bit there gave wrong values without a word, or made the library itself crash.
  check(H5Pset_libver_bounds(access.get(), H5F_LIBVER_V110, H5F_LIBVER_LATEST), "choosing the file format");
  if (how == Access::write) write_through_disk_driver(access.get());
  return access;
}

Type type_of(hid_t dataset) {
  const Id type(check(H5Dget_type(dataset), "reading the type of a dataset"));
  const std::size_t size = H5Tget_size(type.get());
  switch (H5Tget_class(type.get())) {
    case H5T_STRING:
      if (check(H5Tis_variable_str(type.get()), "reading the type of a dataset") > 0) return {Type::Kind::varying_text};
      return Type::text(size);
    case H5T_FLOAT:
      if (size == 8) return {Type::Kind::f64};
      break;
    case H5T_INTEGER: {
      const bool has_sign = H5Tget_sign(type.get()) == H5T_SGN_2;
      if (size == 8 && has_sign) return {Type::Kind::i64};
      if (size == 4) return {has_sign ? Type::Kind::i32 : Type::Kind::u32};
      if (size == 1) return {has_sign ? Type::Kind::i8 : Type::Kind::u8};
      break;
    }
    default:
      break;
  }
  throw Error("a dataset has a type that this program never writes");
}

}  // namespace

std::unique_lock<std::recursive_mutex> lock_library() {
  static std::recursive_mutex mutex;
  std::unique_lock<std::recursive_mutex> lock(mutex);
  start_library();
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);  // where the library was built with threads, each has its own setting
  return lock;
}

template <class Code>
Code check(Code code, std::string_view what) {
  if (code >= 0) return code;
  const std::string message = library_message();
  H5Eclear2(H5E_DEFAULT);
  throw Error(message.empty() ? std::string(what) : fmt::format("{}: {}", what, message));
}
template hid_t check(hid_t, std::string_view);
template int check(int, std::string_view);

std::size_t Type::bytes() const {
  switch (kind) {
    case Kind::f64:
    case Kind::i64:
      return 8;
    case Kind::i32:
    case Kind::u32:
      return 4;
    case Kind::u8:
    case Kind::i8:
      return 1;
    case Kind::text:
      return width;
    case Kind::varying_text:
      return sizeof(char*);
  }
  return 0;
}

Id Type::make() const {
  const auto copy = [](hid_t of) { return Id(check(H5Tcopy(of), "making a type")); };
  switch (kind) {
    case Kind::f64:
      return copy(H5T_IEEE_F64LE);
    case Kind::i64:
      return copy(H5T_STD_I64LE);
    case Kind::i32:
      return copy(H5T_STD_I32LE);
    case Kind::u32:
      return copy(H5T_STD_U32LE);
    case Kind::u8:
      return copy(H5T_STD_U8LE);
    case Kind::i8:
      return copy(H5T_STD_I8LE);
    case Kind::varying_text:
      return variable_text();
    case Kind::text:
      break;
  }
  Id type = copy(H5T_C_S1);
  check(H5Tset_size(type.get(), width), "making a text type");
  check(H5Tset_cset(type.get(), H5T_CSET_UTF8), "making a text type");
  check(H5Tset_strpad(type.get(), H5T_STR_NULLPAD), "making a text type");
  return type;
}

Column Column::create(hid_t parent, const std::string& name, Type type, std::uint64_t rows, const Layout& layout) {
  const Id file_type = type.make(), space = space_of(rows, true);
  const Id properties(check(H5Pcreate(H5P_DATASET_CREATE), "making dataset properties"));
  const hsize_t chunk = layout.chunk_rows;
  check(H5Pset_chunk(properties.get(), 1, &chunk), "setting the chunk size");
  // Filters work on what lies in the chunk; of texts of variable length that is only a reference.
  if (type.kind != Type::Kind::varying_text) {
    if (layout.compressed) {
      check(H5Pset_shuffle(properties.get()), "setting the filters");
      check(H5Pset_deflate(properties.get(), 1), "setting the filters");
    }
    check(H5Pset_fletcher32(properties.get()), "setting the filters");
  }
  if (layout.fill != nullptr)
    check(H5Pset_fill_value(properties.get(), file_type.get(), layout.fill), "setting the fill value");
  const Id dataset(
      check(H5Dcreate2(parent, name.c_str(), file_type.get(), space.get(), H5P_DEFAULT, properties.get(), H5P_DEFAULT),
            fmt::format("making the dataset '{}'", name)));
  return open(parent, name);
}

Column Column::open(hid_t parent, const std::string& name) {
  const std::string what = fmt::format("opening the dataset '{}'", name);
  Column column;
  Id plain(check(H5Dopen2(parent, name.c_str(), H5P_DEFAULT), what));
  column.type_ = type_of(plain.get());
  const Id space(check(H5Dget_space(plain.get()), what));
  if (H5Sget_simple_extent_ndims(space.get()) != 1) throw Error(what + ": it is not one-dimensional");
  hsize_t rows = 0, chunk = 0;
  check(H5Sget_simple_extent_dims(space.get(), &rows, nullptr), what);
  const Id properties(check(H5Dget_create_plist(plain.get()), what));
  if (H5Pget_layout(properties.get()) != H5D_CHUNKED) throw Error(what + ": it is not chunked");
  check(H5Pget_chunk(properties.get(), 1, &chunk), what);
  column.compressed_ = check(H5Pget_nfilters(properties.get()), what) > 1;  // more than the checksum
  // Exactly one chunk is cached: accesses go forward, and fifty columns with the default of 1 MiB would add up.
  const Id access(check(H5Pcreate(H5P_DATASET_ACCESS), what));
  const std::size_t chunk_bytes = chunk * (column.type_.kind == Type::Kind::varying_text ? 16 : column.type_.bytes());
  check(H5Pset_chunk_cache(access.get(), 7, chunk_bytes, 1.0), what);
  plain = Id();
  column.id_ = Id(check(H5Dopen2(parent, name.c_str(), access.get()), what));
  column.memory_type_ = column.type_.make();
  column.rows_ = rows;
  column.chunk_rows_ = chunk;
  return column;
}

void Column::resize(std::uint64_t rows) {
  const hsize_t extent = rows;
  check(H5Dset_extent(id_.get(), &extent), "changing the length of a dataset");
  rows_ = rows;
}

void Column::transfer(hid_t memory_type, std::uint64_t first, std::uint64_t count, void* values, bool writing) const {
  if (count == 0) return;
  if (first + count > rows_ || first + count < first) throw Error("rows outside of a dataset");
  const Id file_space = space_of(rows_, false), memory_space = space_of(count, false);
  const hsize_t start = first, length = count;
  check(H5Sselect_hyperslab(file_space.get(), H5S_SELECT_SET, &start, nullptr, &length, nullptr), "selecting rows");
  if (writing) {
    check(H5Dwrite(id_.get(), memory_type, memory_space.get(), file_space.get(), H5P_DEFAULT, values), "writing");
  } else {
    check(H5Dread(id_.get(), memory_type, memory_space.get(), file_space.get(), H5P_DEFAULT, values), "reading");
  }
}

void Column::write(std::uint64_t first, std::uint64_t count, const void* values) {
  transfer(memory_type_.get(), first, count, const_cast<void*>(values), true);
}

void Column::read(std::uint64_t first, std::uint64_t count, void* values) const {
  transfer(memory_type_.get(), first, count, values, false);
}

void Column::read_as(hid_t memory_type, std::uint64_t first, std::uint64_t count, void* values) const {
  transfer(memory_type, first, count, values, false);
}

void Column::write_texts(std::uint64_t first, const std::vector<std::string>& values) {
  if (type_.kind == Type::Kind::varying_text) {
    std::vector<const char*> pointers;
    pointers.reserve(values.size());
    for (const std::string& value : values) pointers.push_back(value.c_str());
    write(first, values.size(), pointers.data());
    return;
  }
  std::string bytes(values.size() * type_.width, '\0');
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (values[i].size() > type_.width) throw Error("a text is too long for its column");
    std::memcpy(bytes.data() + i * type_.width, values[i].data(), values[i].size());
  }
  write(first, values.size(), bytes.data());
}

std::vector<std::string> Column::read_texts(std::uint64_t first, std::uint64_t count) const {
  std::vector<std::string> texts(count);
  if (type_.kind == Type::Kind::varying_text) {
    std::vector<char*> pointers(count, nullptr);
    read(first, count, pointers.data());
    for (std::size_t i = 0; i < count; ++i) {
      if (pointers[i] != nullptr) texts[i] = pointers[i];
    }
    const Id space = space_of(count, false);
    if (count != 0)
      check(H5Dvlen_reclaim(memory_type_.get(), space.get(), H5P_DEFAULT, pointers.data()), "freeing texts");
    return texts;
  }
  if (type_.kind != Type::Kind::text) throw Error("a dataset does not hold texts");
  std::string bytes(count * type_.width, '\0');
  read(first, count, bytes.data());
  for (std::size_t i = 0; i < count; ++i) {
    const char* at = bytes.data() + i * type_.width;
    texts[i].assign(at, strnlen(at, type_.width));
  }
  return texts;
}

// Splits ascending rows at the borders of chunks: visit(first, last) are positions in `rows`.
template <class Visit>
void Column::each_span(const std::vector<std::uint64_t>& rows, const Visit& visit) const {
  for (std::size_t first = 0; first < rows.size();) {
    std::size_t last = first + 1;
    while (last < rows.size() && rows[last] / chunk_rows_ == rows[first] / chunk_rows_) ++last;
    visit(first, last);
    first = last;
  }
}

void Column::scatter(const std::vector<std::uint64_t>& rows, const void* values) {
  const auto* bytes = static_cast<const char*>(values);
  const std::size_t size = type_.bytes();
  std::vector<char> span;
  each_span(rows, [&](std::size_t first, std::size_t last) {
    const std::uint64_t length = rows[last - 1] - rows[first] + 1;
    if (length == last - first) {
      write(rows[first], length, bytes + first * size);
      return;
    }
    span.resize(length * size);
    read(rows[first], length, span.data());
    for (std::size_t i = first; i < last; ++i)
      std::memcpy(span.data() + (rows[i] - rows[first]) * size, bytes + i * size, size);
    write(rows[first], length, span.data());
  });
}

void Column::scatter_texts(const std::vector<std::uint64_t>& rows, const std::vector<std::string>& values) {
  if (type_.kind == Type::Kind::text) {
    std::string bytes(values.size() * type_.width, '\0');
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (values[i].size() > type_.width) throw Error("a text is too long for its column");
      std::memcpy(bytes.data() + i * type_.width, values[i].data(), values[i].size());
    }
    scatter(rows, bytes.data());
    return;
  }
  // Rewriting neighbours would leave their old texts behind as garbage, so each run of rows is written by itself.
  for (std::size_t first = 0; first < rows.size();) {
    std::size_t last = first + 1;
    while (last < rows.size() && rows[last] == rows[last - 1] + 1) ++last;
    write_texts(rows[first], {values.begin() + static_cast<std::ptrdiff_t>(first),
                              values.begin() + static_cast<std::ptrdiff_t>(last)});
    first = last;
  }
}

void Column::gather(const std::vector<std::uint64_t>& rows, void* values) const {
  auto* bytes = static_cast<char*>(values);
  const std::size_t size = type_.bytes();
  std::vector<char> span;
  each_span(rows, [&](std::size_t first, std::size_t last) {
    const std::uint64_t length = rows[last - 1] - rows[first] + 1;
    span.resize(length * size);
    read(rows[first], length, span.data());
    for (std::size_t i = first; i < last; ++i)
      std::memcpy(bytes + i * size, span.data() + (rows[i] - rows[first]) * size, size);
  });
}

Id create_file(const std::string& path) {
  const Id access = file_access(Access::write);
  const Id creation(check(H5Pcreate(H5P_FILE_CREATE), "making file properties"));
  // Space that a rewritten chunk leaves behind is remembered and used by the next fold; without this the last chunk of
  // every table would be lost space at each fold.
  check(H5Pset_file_space_strategy(creation.get(), H5F_FSPACE_STRATEGY_FSM_AGGR, true, 1),
        "setting the space strategy");
  const hid_t file = H5Fcreate(path.c_str(), H5F_ACC_TRUNC, creation.get(), access.get());
  if (file < 0 && !last_disk_failure().empty()) throw Error(fmt::format("creating the file: {}", last_disk_failure()));
  return Id(check(file, "creating the file"));
}

Id open_file(const std::string& path, Access access) {
  const Id properties = file_access(access);
  const unsigned flags = access == Access::write ? H5F_ACC_RDWR : H5F_ACC_RDONLY;
  return Id(check(H5Fopen(path.c_str(), flags, properties.get()), "opening the file"));
}

void close_file(Id file) {
  const herr_t flushed = H5Fflush(file.get(), H5F_SCOPE_LOCAL);
  const std::string message = flushed < 0 ? library_message() : "";
  const herr_t closed = H5Fclose(file.release());
  if (flushed < 0) throw Error(fmt::format("writing the file: {}", message));
  check(closed, "closing the file");
  if (!last_disk_failure().empty()) throw Error(last_disk_failure());
}

void stop_if_disk_failed(hid_t file) {
  if (const std::string failure = disk_failure(file); !failure.empty()) throw Error(failure);
}

Id create_group(hid_t parent, const std::string& name) {
  return Id(check(H5Gcreate2(parent, name.c_str(), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT),
                  fmt::format("making the group '{}'", name)));
}
Id open_group(hid_t parent, const std::string& name) {
  return Id(check(H5Gopen2(parent, name.c_str(), H5P_DEFAULT), fmt::format("opening the group '{}'", name)));
}
bool exists(hid_t parent, const std::string& name) {
  return check(H5Lexists(parent, name.c_str(), H5P_DEFAULT), fmt::format("looking for '{}'", name)) > 0;
}

namespace {
void write_attribute(hid_t object, const std::string& name, hid_t type, hid_t space, const void* values) {
  const std::string what = fmt::format("writing the attribute '{}'", name);
  if (has_attribute(object, name)) check(H5Adelete(object, name.c_str()), what);
  const Id attribute(check(H5Acreate2(object, name.c_str(), type, space, H5P_DEFAULT, H5P_DEFAULT), what));
  if (values != nullptr) check(H5Awrite(attribute.get(), type, values), what);  // an empty list has nothing to write
}
Id open_attribute(hid_t object, const std::string& name) {
  return Id(check(H5Aopen(object, name.c_str(), H5P_DEFAULT), fmt::format("opening the attribute '{}'", name)));
}
}  // namespace

void set_attribute(hid_t object, const std::string& name, std::string_view text) {
  const Id type = variable_text(), space(check(H5Screate(H5S_SCALAR), "making a data space"));
  const std::string terminated(text);
  const char* pointer = terminated.c_str();
  write_attribute(object, name, type.get(), space.get(), &pointer);
}

void set_attribute(hid_t object, const std::string& name, const std::vector<std::string>& texts) {
  const Id type = variable_text();
  std::vector<const char*> pointers;
  pointers.reserve(texts.size());
  for (const std::string& text : texts) pointers.push_back(text.c_str());
  const Id space =
      texts.empty() ? Id(check(H5Screate(H5S_NULL), "making a data space")) : space_of(texts.size(), false);
  write_attribute(object, name, type.get(), space.get(), pointers.data());
}

void set_attribute(hid_t object, const std::string& name, Type type, std::uint64_t count, const void* values) {
  const Id file_type = type.make();
  const Id space = count == 1 ? Id(check(H5Screate(H5S_SCALAR), "making a data space")) : space_of(count, false);
  write_attribute(object, name, file_type.get(), space.get(), values);
}

bool has_attribute(hid_t object, const std::string& name) {
  return check(H5Aexists(object, name.c_str()), "looking for an attribute") > 0;
}

std::string text_attribute(hid_t object, const std::string& name) {
  const std::vector<std::string> texts = texts_attribute(object, name);
  if (texts.size() != 1) throw Error(fmt::format("the attribute '{}' is not one text", name));
  return texts.front();
}

std::vector<std::string> texts_attribute(hid_t object, const std::string& name) {
  const Id attribute = open_attribute(object, name);
  const Id stored(check(H5Aget_type(attribute.get()), "reading an attribute"));
  if (H5Tget_class(stored.get()) != H5T_STRING || H5Tis_variable_str(stored.get()) <= 0)
    throw Error(fmt::format("the attribute '{}' is not a text", name));
  const Id space(check(H5Aget_space(attribute.get()), "reading an attribute")), type = variable_text();
  if (H5Sget_simple_extent_type(space.get()) == H5S_NULL) return {};
  const hssize_t count = H5Sget_simple_extent_npoints(space.get());
  if (count < 0) throw Error(fmt::format("the attribute '{}' has no length", name));
  std::vector<char*> pointers(static_cast<std::size_t>(count), nullptr);
  check(H5Aread(attribute.get(), type.get(), pointers.data()), fmt::format("reading the attribute '{}'", name));
  std::vector<std::string> texts;
  texts.reserve(pointers.size());
  for (const char* pointer : pointers) texts.emplace_back(pointer == nullptr ? "" : pointer);
  check(H5Dvlen_reclaim(type.get(), space.get(), H5P_DEFAULT, pointers.data()), "freeing texts");
  return texts;
}

std::int64_t integer_attribute(hid_t object, const std::string& name) {
  const Id attribute = open_attribute(object, name);
  const Id stored(check(H5Aget_type(attribute.get()), "reading an attribute"));
  const Id space(check(H5Aget_space(attribute.get()), "reading an attribute"));
  if (H5Tget_class(stored.get()) != H5T_INTEGER || H5Sget_simple_extent_npoints(space.get()) != 1)
    throw Error(fmt::format("the attribute '{}' is not one integer", name));
  std::int64_t value = 0;
  check(H5Aread(attribute.get(), H5T_NATIVE_INT64, &value), fmt::format("reading the attribute '{}'", name));
  return value;
}

namespace {
void copy_attributes(const Column& from, const Column& to) {
  const auto copy = [](hid_t object, const char* name, const H5A_info_t*, void* target) -> herr_t {
    if (std::string_view(name) == "DIMENSION_LIST") return 0;  // the scale is attached anew
    const Id attribute(check(H5Aopen(object, name, H5P_DEFAULT), "copying attributes"));
    const Id type(check(H5Aget_type(attribute.get()), "copying attributes")),
        space(check(H5Aget_space(attribute.get()), "copying attributes"));
    const Id in_memory(check(H5Tget_native_type(type.get(), H5T_DIR_DEFAULT), "copying attributes"));
    const hssize_t count = H5Sget_simple_extent_npoints(space.get());
    std::vector<char> bytes(static_cast<std::size_t>(std::max<hssize_t>(count, 1)) * H5Tget_size(in_memory.get()));
    check(H5Aread(attribute.get(), in_memory.get(), bytes.data()), "copying attributes");
    const Id made(
        check(H5Acreate2(*static_cast<hid_t*>(target), name, type.get(), space.get(), H5P_DEFAULT, H5P_DEFAULT),
              "copying attributes"));
    check(H5Awrite(made.get(), in_memory.get(), bytes.data()), "copying attributes");
    if (H5Tis_variable_str(type.get()) > 0) H5Dvlen_reclaim(in_memory.get(), space.get(), H5P_DEFAULT, bytes.data());
    return 0;
  };
  hid_t target = to.id();
  hsize_t position = 0;
  check(H5Aiterate2(from.id(), H5_INDEX_NAME, H5_ITER_INC, &position, copy, &target), "copying attributes");
}
}  // namespace

void change_type(Column& column, hid_t parent, const std::string& name, Type type, const Column& scale) {
  const std::string temporary = name + " (new)";
  Column wider =
      Column::create(parent, temporary, type, column.rows(), {column.chunk_rows(), column.compressed(), nullptr});
  const bool texts = type.kind == Type::Kind::text || type.kind == Type::Kind::varying_text;
  const Id memory_type = type.make();
  std::vector<char> block(column.chunk_rows() * type.bytes());
  for (std::uint64_t first = 0; first < column.rows(); first += column.chunk_rows()) {
    const std::uint64_t count = std::min(column.chunk_rows(), column.rows() - first);
    if (texts) {
      wider.write_texts(first, column.read_texts(first, count));
    } else {
      column.read_as(memory_type.get(), first, count, block.data());
      wider.write(first, count, block.data());
    }
  }
  copy_attributes(column, wider);
  replace_column(column, std::move(wider), parent, name, scale);
}

void replace_column(Column& column, Column by, hid_t parent, const std::string& name, const Column& scale) {
  detach_scale(column, scale);
  column = Column();
  check(H5Ldelete(parent, name.c_str(), H5P_DEFAULT), "replacing a dataset");
  check(H5Lmove(parent, (name + " (new)").c_str(), parent, name.c_str(), H5P_DEFAULT, H5P_DEFAULT),
        "replacing a dataset");
  attach_scale(by, scale);
  column = std::move(by);
}

void make_scale(const Column& column, const std::string& name) {
  check(H5DSset_scale(column.id(), name.c_str()), "making a dimension scale");
}
void attach_scale(const Column& column, const Column& scale) {
  check(H5DSattach_scale(column.id(), scale.id(), 0), "attaching a dimension scale");
}
void detach_scale(const Column& column, const Column& scale) {
  check(H5DSdetach_scale(column.id(), scale.id(), 0), "detaching a dimension scale");
}

void name_plain_dimension(const Column& column, std::uint64_t length) {
  const std::string name = fmt::format("This is a netCDF dimension but not a netCDF variable.{:10}", length);
  const Id space(check(H5Screate(H5S_SCALAR), "making a data space"));
  Id type(check(H5Tcopy(H5T_C_S1), "making a text type"));
  check(H5Tset_size(type.get(), name.size() + 1), "making a text type");
  write_attribute(column.id(), "NAME", type.get(), space.get(), name.c_str());
}

}  // namespace windrow::store::hdf5
