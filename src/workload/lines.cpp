#include "workload/lines.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "windrow/kernel/error.hpp"

namespace windrow::workload {

std::string read_text_file(const std::string& path) {
  const auto fail = [&](const char* attempt) {
    throw InputError(fmt::format("{}: cannot {}: {}", path, attempt, std::strerror(errno)));
  };
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"), &std::fclose);
  if (!file) fail("read");
  std::string text;
  char buffer[1 << 16];
  while (const std::size_t count = std::fread(buffer, 1, sizeof buffer, file.get())) text.append(buffer, count);
  if (std::ferror(file.get())) fail("read");
  return text;
}

void split(std::string_view text, char separator, std::vector<std::string_view>& fields) {
  fields.clear();
  for (;;) {
    const std::size_t end = text.find(separator);
    fields.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return;
    text.remove_prefix(end + 1);
  }
}

void LineProblems::add_text(int line, const std::string& text) {
  ++count_;
  text_ += fmt::format("{}{}:{}: {}", text_.empty() ? "" : "\n", source_, line, text);
}

void LineProblems::throw_if_any() const {
  if (count_ != 0) throw InputError(text_);
}

}  // namespace windrow::workload
