// The HDF5 C library behind a few checked, self-closing types. Every return code is looked at here and nowhere else;
// the library's own printing is off and its error stack becomes the text of an exception.
#pragma once

#include <hdf5.h>

#include <cstdint>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace windrow::store::hdf5 {

/// A call failed; the text says which one and what the library said.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Debian's serial library is not thread-safe: whoever calls it holds this lock. Taken by the public operations of this
/// room (fold, Reader, verify), not by the wrappers below.
std::unique_lock<std::recursive_mutex> lock_library();

/// Throws Error with the library's deepest message if `code` is negative; otherwise passes it on.
template <class Code>
Code check(Code code, std::string_view what);

/// Owns one identifier of any kind.
class Id {
 public:
  Id() = default;
  explicit Id(hid_t id) : id_(id) {}
  Id(Id&& other) noexcept : id_(std::exchange(other.id_, H5I_INVALID_HID)) {}
  Id& operator=(Id&& other) noexcept {
    std::swap(id_, other.id_);
    return *this;
  }
  ~Id() {
    if (id_ >= 0) H5Idec_ref(id_);
  }
  hid_t get() const { return id_; }
  hid_t release() { return std::exchange(id_, H5I_INVALID_HID); }

 private:
  hid_t id_ = H5I_INVALID_HID;
};

/// Type of the elements of a column, in the file and in memory.
struct Type {
  enum class Kind { f64, i64, i32, u32, u8, i8, text, varying_text };
  Kind kind = Kind::f64;
  std::size_t width = 0;  ///< of `text`: bytes, padded with zeros

  static Type text(std::size_t width) { return {Kind::text, width}; }
  std::size_t bytes() const;  ///< of one element in memory (a pointer for varying_text)
  Id make() const;
  friend bool operator==(const Type&, const Type&) = default;
};

/// A 1-D dataset that can grow, cut into chunks that carry a checksum.
class Column {
 public:
  struct Layout {
    std::uint64_t chunk_rows = 4096;
    bool compressed = false;
    const void* fill = nullptr;  ///< one element; zero bytes if null
  };

  Column() = default;
  static Column create(hid_t parent, const std::string& name, Type type, std::uint64_t rows, const Layout& layout);
  static Column open(hid_t parent, const std::string& name);

  const Type& type() const { return type_; }
  std::uint64_t rows() const { return rows_; }
  std::uint64_t chunk_rows() const { return chunk_rows_; }
  bool compressed() const { return compressed_; }
  hid_t id() const { return id_.get(); }

  void resize(std::uint64_t rows);
  /// `values`: `count` elements of type().
  void write(std::uint64_t first, std::uint64_t count, const void* values);
  void read(std::uint64_t first, std::uint64_t count, void* values) const;
  void read_as(hid_t memory_type, std::uint64_t first, std::uint64_t count, void* values) const;
  /// The same for texts of either kind. A text that is longer than the type's width is an Error: widen first.
  void write_texts(std::uint64_t first, const std::vector<std::string>& values);
  std::vector<std::string> read_texts(std::uint64_t first, std::uint64_t count) const;

  /// Values for scattered rows, which ascend: whole spans of chunks are read, changed and written.
  void scatter(const std::vector<std::uint64_t>& rows, const void* values);
  void scatter_texts(const std::vector<std::uint64_t>& rows, const std::vector<std::string>& values);
  void gather(const std::vector<std::uint64_t>& rows, void* values) const;

 private:
  void transfer(hid_t memory_type, std::uint64_t first, std::uint64_t count, void* values, bool writing) const;
  template <class Visit>
  void each_span(const std::vector<std::uint64_t>& rows, const Visit& visit) const;

  Id id_, memory_type_;
  Type type_;
  std::uint64_t rows_ = 0, chunk_rows_ = 1;
  bool compressed_ = false;
};

Id create_file(const std::string& path);
enum class Access { read, write };
Id open_file(const std::string& path, Access access);
/// Flushes and closes. Error if anything that was written to the file did not reach the disk.
void close_file(Id file);
/// The same of a file that is written to, before it is complete: so as not to go on in vain.
void stop_if_disk_failed(hid_t file);

Id create_group(hid_t parent, const std::string& name);
Id open_group(hid_t parent, const std::string& name);
bool exists(hid_t parent, const std::string& name);

/// Attributes. Texts have variable length, so that they may exceed the 64 KiB of an object header.
void set_attribute(hid_t object, const std::string& name, std::string_view text);
void set_attribute(hid_t object, const std::string& name, const std::vector<std::string>& texts);
void set_attribute(hid_t object, const std::string& name, Type type, std::uint64_t count, const void* values);
bool has_attribute(hid_t object, const std::string& name);
std::string text_attribute(hid_t object, const std::string& name);
std::vector<std::string> texts_attribute(hid_t object, const std::string& name);
std::int64_t integer_attribute(hid_t object, const std::string& name);

/// Makes a column that has no fill value of its own anew with another type (numbers to wider numbers, texts to longer
/// ones), with its values and attributes, along `scale`. Texts: of either kind. `column` is the new one afterwards.
void change_type(Column& column, hid_t parent, const std::string& name, Type type, const Column& scale);
/// Puts `by`, which has been made as `NAME (new)`, in the place of `column`.
void replace_column(Column& column, Column by, hid_t parent, const std::string& name, const Column& scale);

/// Dimension scales: what makes h5netcdf and netCDF4 see named dimensions.
void make_scale(const Column& column, const std::string& name);
void attach_scale(const Column& column, const Column& scale);
void detach_scale(const Column& column, const Column& scale);
/// A dimension without coordinate values, as netCDF-4 writes it.
void name_plain_dimension(const Column& column, std::uint64_t length);

}  // namespace windrow::store::hdf5
