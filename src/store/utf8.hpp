// What is stored as text must be text: HDF5 does not care, but Python stops at the first byte that is no UTF-8.
#pragma once

#include <string>
#include <string_view>

namespace windrow::store {

/// The same text with every byte that is not part of well-formed UTF-8 replaced by `?`, cut at its first zero byte.
std::string clean_utf8(std::string_view text);

}  // namespace windrow::store
