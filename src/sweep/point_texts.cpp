#include "sweep/point_texts.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <functional>

#include "windrow/kernel/error.hpp"
#include "windrow/kernel/text.hpp"

namespace windrow::sweep {

Lines lines_of(std::string_view canonical) {
  Lines lines;
  while (!canonical.empty()) {
    const std::size_t end = canonical.find('\n') + 1;
    WINDROW_CHECK(end != 0, "canonical text ends without a line break");
    const std::string_view line = canonical.substr(0, end);
    lines.emplace_hint(lines.end(), line.substr(0, line.find(':')), line);
    canonical.remove_prefix(end);
  }
  return lines;
}

void append_value(std::string& out, const AxisValues& values, std::size_t which) {
  if (const auto* integers = std::get_if<std::vector<std::int64_t>>(&values.column())) {
    std::array<char, 24> digits{};
    out.append(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), (*integers)[which]).ptr);
  } else {
    out += to_text(values[which]);
  }
}

PointTexts::PointTexts(std::string_view reference, const std::vector<AxisLines>& axes) {
  std::map<std::string, Piece> pieces;
  for (auto& [path, line] : lines_of(reference)) pieces[path] = {line, -1, {}};

  for (std::size_t a = 0; a < axes.size(); ++a) {
    const auto claim = [&](const std::string& path) -> Piece& {
      Piece& piece = pieces[path];
      WINDROW_CHECK(piece.axis < 0, "two axes change {}", path);
      piece = {"", static_cast<std::ptrdiff_t>(a), {}};
      return piece;
    };
    if (!axes[a].path.empty()) {
      claim(axes[a].path).fixed = axes[a].path + ": ";
      continue;
    }
    // The paths whose line is not the same for all values; a line may be absent for some of them.
    std::map<std::string, std::vector<std::string>> changing;
    for (const Lines& lines : axes[a].by_value)
      for (const auto& [path, line] : lines) changing[path];
    for (auto& [path, by_value] : changing)
      for (const Lines& lines : axes[a].by_value) {
        const auto line = lines.find(path);
        by_value.push_back(line != lines.end() ? line->second : "");
      }
    for (auto& [path, by_value] : changing)
      if (std::adjacent_find(by_value.begin(), by_value.end(), std::not_equal_to<>()) != by_value.end())
        claim(path).by_value = std::move(by_value);
  }

  for (auto& [_, piece] : pieces) {
    if (piece.axis < 0 && !pieces_.empty() && pieces_.back().axis < 0)
      pieces_.back().fixed += piece.fixed;
    else
      pieces_.push_back(std::move(piece));
  }
}

std::string PointTexts::text(const Choice& choice, const std::vector<Axis>& axes) const {
  std::string text;
  text.reserve(1024);
  for (const Piece& piece : pieces_) {
    text += piece.fixed;
    if (piece.axis < 0) continue;
    const auto axis = static_cast<std::size_t>(piece.axis);
    if (!piece.by_value.empty()) {
      text += piece.by_value[choice[axis]];
    } else {
      append_value(text, axes[axis].values, choice[axis]);
      text += '\n';
    }
  }
  return text;
}

}  // namespace windrow::sweep
