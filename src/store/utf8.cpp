#include "store/utf8.hpp"

#include <cstdint>

namespace windrow::store {

std::string clean_utf8(std::string_view text) {
  text = text.substr(0, text.find('\0'));
  std::string clean;
  clean.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const std::size_t length = lead < 0x80                   ? 1
                               : lead >= 0xc2 && lead < 0xe0 ? 2
                               : lead >= 0xe0 && lead < 0xf0 ? 3
                               : lead >= 0xf0 && lead < 0xf5 ? 4
                                                             : 0;
    bool whole = length != 0 && i + length <= text.size();
    std::uint32_t code = length == 1 ? lead : lead & (0x7fU >> length);
    for (std::size_t k = 1; whole && k < length; ++k) {
      const auto next = static_cast<unsigned char>(text[i + k]);
      whole = (next & 0xc0) == 0x80;
      code = code << 6 | (next & 0x3fU);
    }
    // Overlong forms, surrogates and what lies beyond Unicode are not text either.
    if (length == 3 && (code < 0x800 || (code >= 0xd800 && code < 0xe000))) whole = false;
    if (length == 4 && (code < 0x10000 || code > 0x10ffff)) whole = false;
    if (whole) {
      clean.append(text, i, length);
      i += length;
    } else {
      clean += '?';
      ++i;
    }
  }
  return clean;
}

}  // namespace windrow::store
