// The three kinds of error (docs/architecture.md, "Errors"): the user's, the point's, ours.
#pragma once

#include <fmt/format.h>

#include <stdexcept>
#include <string>
#include <string_view>

namespace windrow {

/// The input is wrong and the user can mend it: exit status 2, nothing started, nothing written. `what()` is the
/// complete text for the terminal, one problem a line, without type names or stack.
class InputError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// This point cannot finish; its row says `failed` and why, the sweep goes on.
class PointError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A broken invariant: ours to mend. Thrown by WINDROW_CHECK.
class InvariantError : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

/// Writes `text` and the end of a line to the standard error. That nobody reads it any more (a closed terminal, a full
/// disk) is no error: no sweep should end for it.
void tell(std::string_view text) noexcept;

namespace detail {
[[noreturn]] void check_failed(const char* expression, const char* file, int line, const std::string& message);
}  // namespace detail

}  // namespace windrow

/// On in release builds too. The message is a fmt format string with its arguments.
#define WINDROW_CHECK(condition, ...)                                                              \
  do {                                                                                             \
    if (!(condition)) [[unlikely]]                                                                 \
      ::windrow::detail::check_failed(#condition, __FILE__, __LINE__, ::fmt::format(__VA_ARGS__)); \
  } while (false)
