// Reading line-oriented input files so that every problem is reported with its line, all at once.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <vector>

namespace windrow::workload {

/// Whole content of a file. Throws InputError naming path and reason.
std::string read_text_file(const std::string& path);

/// Splits at each separator; the empty text has one empty field.
void split(std::string_view text, char separator, std::vector<std::string_view>& fields);

/// Collects `path:line: what`; gives up after a hundred (a file of the wrong kind has one in every line).
class LineProblems {
 public:
  explicit LineProblems(std::string source) : source_(std::move(source)) {}
  template <class... Args>
  void add(int line, fmt::format_string<Args...> format, Args&&... args) {
    add_text(line, fmt::format(format, std::forward<Args>(args)...));
  }
  bool empty() const { return count_ == 0; }
  bool full() const { return count_ >= 100; }
  /// Throws InputError with all of them unless empty.
  void throw_if_any() const;

 private:
  void add_text(int line, const std::string& text);
  std::string source_, text_;
  int count_ = 0;
};

/// Calls `line(number, text)` for each line, without its end (LF or CRLF), until `problems` is full.
template <class Function>
void for_each_line(std::string_view text, const LineProblems& problems, Function line) {
  for (int number = 1; !text.empty() && !problems.full(); ++number) {
    const std::size_t end = text.find('\n');
    std::string_view head = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (head.ends_with('\r')) head.remove_suffix(1);
    line(number, head);
  }
}

}  // namespace windrow::workload
