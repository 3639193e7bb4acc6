// Little-endian byte strings: what travels between processes and into the journal.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>

namespace windrow {

static_assert(std::endian::native == std::endian::little, "byte strings are written as they lie in memory");

/// Appends plain values to a byte string.
class ByteWriter {
 public:
  explicit ByteWriter(std::string& out) : out_(out) {}

  template <class T>
  requires std::is_arithmetic_v<T> || std::is_enum_v<T>
  void put(T value) { out_.append(reinterpret_cast<const char*>(&value), sizeof value); }
  /// Length (32 bits), then the bytes.
  void put(std::string_view text) {
    put(static_cast<std::uint32_t>(text.size()));
    out_.append(text);
  }
  /// Length in elements (32 bits), then the elements.
  template <class T>
  requires std::is_arithmetic_v<T>
  void put(std::span<const T> values) {
    put(static_cast<std::uint32_t>(values.size()));
    if (!values.empty()) out_.append(reinterpret_cast<const char*>(values.data()), values.size_bytes());
  }

 private:
  std::string& out_;
};

/// Reads what ByteWriter wrote. Throws std::out_of_range where the bytes end too early.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : rest_(bytes) {}

  template <class T>
  requires std::is_arithmetic_v<T> || std::is_enum_v<T> T get() {
    T value;
    std::memcpy(&value, take(sizeof value).data(), sizeof value);
    return value;
  }
  std::string_view get_text() { return take(get<std::uint32_t>()); }
  template <class T>
  void get_into(auto& vector) {
    const std::size_t count = get<std::uint32_t>();
    const std::string_view bytes = take(count * sizeof(T));
    vector.resize(count);
    if (count != 0) std::memcpy(vector.data(), bytes.data(), bytes.size());
  }
  std::size_t remaining() const { return rest_.size(); }

 private:
  std::string_view take(std::size_t count) {
    if (count > rest_.size()) throw std::out_of_range("the byte string ends too early");
    const std::string_view head = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return head;
  }
  std::string_view rest_;
};

}  // namespace windrow
