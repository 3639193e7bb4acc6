#include "cli/command.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <sstream>

#include "windrow/kernel/error.hpp"
#include "windrow/kernel/text.hpp"

namespace windrow::cli {

namespace po = boost::program_options;

namespace {

std::string plain(const std::string& positional) {
  return positional.back() == '?' ? positional.substr(0, positional.size() - 1) : positional;
}

bool is_optional(const std::string& positional) {
  return positional.back() == '?';
}

std::string without_dashes(const std::string& option) {
  const auto start = option.find_first_not_of('-');
  return start == std::string::npos ? option : option.substr(start, option.find('=', start) - start);
}

}  // namespace

Flags::Flags(std::string command, std::vector<std::string> positional)
    : command_(std::move(command)), positional_(std::move(positional)), options_("Options", 110) {
  flag("help,h", "print this");
}

Flags& Flags::list(const std::string& name, const std::string& placeholder, const std::string& help) {
  options_.add_options()(name.c_str(), po::value<std::vector<std::string>>()->composing()->value_name(placeholder),
                         help.c_str());
  return *this;
}

Flags& Flags::flag(const std::string& name, const std::string& help) {
  options_.add_options()(name.c_str(), help.c_str());
  return *this;
}

bool Flags::parse(const std::vector<std::string>& arguments) {
  po::options_description all;
  all.add(options_);
  po::positional_options_description places;
  for (const auto& name : positional_) {
    all.add_options()(plain(name).c_str(), po::value<std::string>());
    places.add(plain(name).c_str(), 1);
  }
  const std::string hint = fmt::format(" (windrow {} --help)", command_);
  try {
    using Style = po::command_line_style::style_t;
    const int flags =
        (Style::unix_style | Style::allow_long_disguise) & ~Style::allow_guessing & ~Style::allow_long_disguise;
    po::store(po::command_line_parser(arguments).options(all).positional(places).style(flags).run(), map_);
  } catch (const po::unknown_option& error) {
    std::vector<std::string> names;
    for (const auto& option : options_.options()) names.push_back(option->long_name());
    const std::string given = without_dashes(error.get_option_name());
    const std::string near = nearest(given, names);
    throw InputError(fmt::format("windrow {}: unknown option '{}'{}{}", command_, error.get_option_name(),
                                 near.empty() ? "" : fmt::format("; did you mean '--{}'?", near), hint));
  } catch (const po::too_many_positional_options_error&) {
    throw InputError(fmt::format("windrow {}: expected {} argument{}, found more{}", command_, positional_.size(),
                                 positional_.size() == 1 ? "" : "s", hint));
  } catch (const po::multiple_occurrences& error) {
    throw InputError(fmt::format("windrow {}: option '{}' is given more than once", command_, error.get_option_name()));
  } catch (const po::invalid_option_value& error) {
    // Only numbers can be wrong here. The value is told in the text alone: `the argument ('two') for option …`.
    const std::string text = error.what(), option = error.get_option_name();
    const std::size_t first = text.find("('") + 2, last = text.find("')");
    const bool whole = options_.find(without_dashes(option), false).format_parameter() == "N";
    throw InputError(fmt::format("windrow {}: {}: expected a {}number, found '{}'{}", command_, option,
                                 whole ? "whole " : "", text.substr(first, last - first), hint));
  } catch (const po::error& error) {
    throw InputError(fmt::format("windrow {}: {}{}", command_, error.what(), hint));
  }
  if (has("help")) {
    const auto& list = commands();
    const auto self = std::find_if(list.begin(), list.end(), [&](const Command& c) { return c.name == command_; });
    fmt::print("Usage: windrow {} {}\n{}\n\n", self->name, self->synopsis, self->help);
    std::ostringstream text;
    text << options_;
    fmt::print("{}", text.str());
    return false;
  }
  for (const auto& name : positional_)
    if (!is_optional(name) && (!has(name) || argument(name).empty()))
      throw InputError(fmt::format("windrow {}: expected the argument {}{}", command_, name, hint));
  return true;
}

std::optional<std::uint64_t> Flags::count_of(const std::string& name) const {
  const auto number = get<std::int64_t>(name);
  if (!number) return std::nullopt;
  if (*number < 1) throw InputError(fmt::format("--{}: expected a number of at least 1, found {}", name, *number));
  return static_cast<std::uint64_t>(*number);
}

std::vector<std::string> Flags::list_of(const std::string& name) const {
  return get<std::vector<std::string>>(name).value_or(std::vector<std::string>{});
}

std::string result_path(const Flags& flags, const std::string& sweep_name) {
  std::string path = flags.get<std::string>("output").value_or("results/" + sweep_name + ".h5");
  if (path.empty()) throw InputError("--output: expected the name of a file, found nothing");
  return path;
}

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::size_t start = 0;
  while (start <= text.size()) {
    const std::size_t end = std::min(text.find(separator, start), text.size());
    if (end > start) parts.push_back(text.substr(start, end - start));
    start = end + 1;
  }
  return parts;
}

}  // namespace windrow::cli
