// Text helpers: numbers to text and back without loss or locale, nearest names for error messages.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace windrow {

/// Shortest decimal that reads back to the same double (`1`, `0.4`, `1e-09`, `nan`, `inf`).
std::string to_text(double value);

/// Correctly rounded; the whole text must be one finite or infinite number. No value for anything else.
/// Accepts a leading '+', leading zeros are decimal (`010` is 10); rejects hexadecimal, spaces and the empty text.
std::optional<double> parse_double(std::string_view text);
std::optional<std::int64_t> parse_int64(std::string_view text);
std::optional<std::uint64_t> parse_uint64(std::string_view text);

/// The candidate with the smallest Damerau-Levenshtein distance, if it is near enough to be a slip of the fingers
/// (at most a third of the letters, at least one, never all); ties go to the earlier candidate. Case is no difference.
/// Empty if none.
std::string nearest(std::string_view name, std::span<const std::string> candidates);

/// `; did you mean 'x'?` or nothing.
std::string did_you_mean(std::string_view name, std::span<const std::string> candidates);
/// The same, or `; expected one of a, b, c` where nothing is near and the candidates are few enough to be read.
std::string did_you_mean_one_of(std::string_view name, std::span<const std::string> candidates);

/// JSON string literal, quotes included. Valid as a YAML double-quoted scalar too. Bytes that are not UTF-8 become
/// U+FFFD.
/// An object, not a function: a call with a std::string would find std::quoted, too, and prefer it.
struct Quoted {
  std::string operator()(std::string_view text) const;
};
inline constexpr Quoted quoted;  // NOLINT(readability-identifier-naming): it is called

}  // namespace windrow
