// windrow help: the list of commands, pages on what is no command's own matter, and the manual page of all that.
#pragma once

#include <cstdio>
#include <span>
#include <string_view>

#include "cli/command.hpp"

namespace windrow::cli {

/// A page of `windrow help`.
struct Page {
  std::string_view name, summary, text;
};
std::span<const Page> pages();

void print_usage(std::FILE* out);

/// The manual page, for man(1): every command with its options as it declares them, and the pages.
std::string manual(const Catalog& catalog);

}  // namespace windrow::cli
