#include "windrow/kernel/error.hpp"

#include <cstdio>

namespace windrow {

void tell(std::string_view text) noexcept {
  std::fwrite(text.data(), 1, text.size(), stderr);
  std::fputc('\n', stderr);
}

}  // namespace windrow

namespace windrow::detail {

void check_failed(const char* expression, const char* file, int line, const std::string& message) {
  throw InvariantError(fmt::format("{}:{}: broken invariant `{}`: {}", file, line, expression, message));
}

}  // namespace windrow::detail
