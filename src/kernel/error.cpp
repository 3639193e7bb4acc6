#include "windrow/kernel/error.hpp"

namespace windrow::detail {

void check_failed(const char* expression, const char* file, int line, const std::string& message) {
  throw InvariantError(fmt::format("{}:{}: broken invariant `{}`: {}", file, line, expression, message));
}

}  // namespace windrow::detail
