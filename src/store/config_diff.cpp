#include "store/config_diff.hpp"

namespace windrow::store {
namespace {
void append_line(std::string& out, std::string_view line) {
  out += line;
  out += '\n';
}
}  // namespace

std::vector<ConfigLine> config_lines(std::string_view text) {
  std::vector<ConfigLine> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    const std::size_t colon = line.find(": ");
    if (colon == line.npos) {
      lines.push_back({line, {}, line});
    } else {
      lines.push_back({line.substr(0, colon), line.substr(colon + 2), line});
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

ConfigDiffer::ConfigDiffer(std::string base) : base_(std::move(base)), lines_(config_lines(base_)) {}

std::string ConfigDiffer::diff(std::string_view text) const {
  std::string out;
  auto base = lines_.begin();
  for (const ConfigLine& line : config_lines(text)) {
    while (base != lines_.end() && base->key < line.key) append_line(out += '-', (base++)->key);
    const bool in_base = base != lines_.end() && base->key == line.key;
    if (!in_base || base->whole != line.whole) append_line(out, line.whole);
    if (in_base) ++base;
  }
  while (base != lines_.end()) append_line(out += '-', (base++)->key);
  if (apply(out) != text) return std::string("=\n").append(text);
  return out;
}

std::string ConfigDiffer::apply(std::string_view diff) const {
  if (diff.starts_with("=\n")) return std::string(diff.substr(2));
  std::string out;
  out.reserve(base_.size() + diff.size());
  auto base = lines_.begin();
  for (const ConfigLine& line : config_lines(diff)) {
    const bool removes = line.whole.starts_with('-');
    const std::string_view key = removes ? line.whole.substr(1) : line.key;
    while (base != lines_.end() && base->key < key) append_line(out, (base++)->whole);
    if (base != lines_.end() && base->key == key) ++base;
    if (!removes) append_line(out, line.whole);
  }
  while (base != lines_.end()) append_line(out, (base++)->whole);
  return out;
}

}  // namespace windrow::store
