// Text tables for the terminal, and the same rows as CSV.
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

namespace windrow::cli {

/// Rows of cells under headings; numbers (a cell that starts like one) are right-aligned.
class TextTable {
 public:
  explicit TextTable(std::vector<std::string> headings) : headings_(std::move(headings)) {}
  void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  bool empty() const { return rows_.empty(); }
  /// Columns as wide as their widest cell, counted in code points.
  void print(std::FILE* out, int indent = 0) const;
  std::vector<std::string> lines(int indent = 0) const;
  /// RFC 4180: quotes where a cell needs them.
  void print_csv(std::FILE* out) const;

 private:
  std::vector<std::string> headings_;
  std::vector<std::vector<std::string>> rows_;
};

/// Code points of a text: what it takes of a line.
std::size_t width_of(const std::string& text);

/// A CSV cell with quotes where it needs them.
std::string csv_cell(const std::string& text);

/// Six significant digits, without exponent where it can be avoided: for reading, not for computing.
std::string short_number(double value);

/// `1 point`, `12 points`
std::string counted(std::uint64_t count, std::string_view what);

/// `850 ms`, `12.3 s`, `4 min 05 s`, `3 h 12 min`, `2 d 03 h`.
std::string duration_text(double seconds);

/// `512 B`, `3.4 MB`.
std::string bytes_text(double bytes);

}  // namespace windrow::cli
