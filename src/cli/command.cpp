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

constexpr std::string_view kSeveral = "…";

bool are_several(const std::string& positional) {
  return positional.ends_with(kSeveral);
}

std::string plain(const std::string& positional) {
  if (are_several(positional)) return positional.substr(0, positional.size() - kSeveral.size());
  return positional.back() == '?' ? positional.substr(0, positional.size() - 1) : positional;
}

bool is_optional(const std::string& positional) {
  return positional.back() == '?';
}

constexpr std::size_t kFewChoices = 40;  // that a help can list

std::string without_dashes(const std::string& option) {
  const auto start = option.find_first_not_of('-');
  return start == std::string::npos ? option : option.substr(start, option.find('=', start) - start);
}

}  // namespace

const Command& command_named(const std::string& name) {
  std::vector<std::string> names;
  for (const Command& command : commands()) {
    if (command.name == name) return command;
    names.push_back(command.name);
  }
  throw InputError(fmt::format("windrow: unknown command '{}'{} (windrow --help)", name, did_you_mean(name, names)));
}

Declaration declaration_of(const Command& command, const Catalog& catalog) {
  Declaration declaration;
  Context context{catalog, {}};
  context.arguments.declaration = &declaration;
  command.run(context);
  return declaration;
}

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

Flags& Flags::hidden(const std::string& name) {
  hidden_.add_options()(name.c_str(), "");
  return *this;
}

Flags& Flags::choices(const std::string& name, std::vector<std::string> values) {
  choices_[name] = std::move(values);
  return *this;
}

Declaration Flags::declaration() const {
  const auto choices = [&](const std::string& name) {
    const auto found = choices_.find(name);
    return found == choices_.end() ? std::vector<std::string>{} : found->second;
  };
  Declaration all;
  for (const auto& option : options_.options()) {
    const std::string shown = option->canonical_display_name(po::command_line_style::allow_dash_for_short);
    const bool has_value = option->semantic()->max_tokens() > 0;
    all.options.push_back({option->long_name(), shown.size() == 2 ? shown.substr(1) : "",
                           has_value ? option->format_parameter() : "", option->description(),
                           option->semantic()->is_composing(), choices(option->long_name())});
  }
  for (const std::string& name : positional_)
    all.positional.push_back({plain(name), is_optional(name), choices(plain(name)), are_several(name)});
  return all;
}

void Flags::print_help() const {
  const Command& self = command_named(command_);
  fmt::print("Usage: windrow {} {}\n{}\n\n", self.name, self.synopsis, self.help);
  for (const auto& name : positional_)
    if (const auto found = choices_.find(plain(name)); found != choices_.end() && found->second.size() <= kFewChoices)
      fmt::print("{}: {}\n\n", plain(name), fmt::join(found->second, ", "));
  std::ostringstream text;
  text << options_;
  fmt::print("{}", text.str());
}

bool Flags::parse(const Arguments& arguments) {
  if (arguments.declaration != nullptr) {
    *arguments.declaration = declaration();
    return false;
  }
  po::options_description all;
  all.add(options_).add(hidden_);
  po::positional_options_description places;
  for (const auto& name : positional_) {
    if (are_several(name))
      all.add_options()(plain(name).c_str(), po::value<std::vector<std::string>>());
    else
      all.add_options()(plain(name).c_str(), po::value<std::string>());
    places.add(plain(name).c_str(), are_several(name) ? -1 : 1);
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
    throw InputError(
        fmt::format("windrow {}: {}: expected once, found several times{}", command_, error.get_option_name(), hint));
  } catch (const po::invalid_option_value& error) {
    // Only numbers can be wrong here. The value is told in the text alone: `the argument ('two') for option …`.
    const std::string text = error.what(), option = error.get_option_name();
    const std::size_t first = text.find("('") + 2, last = text.find("')");
    const bool whole = options_.find(without_dashes(option), false).format_parameter() == "N";
    throw InputError(fmt::format("windrow {}: {}: expected a {}number, found '{}'{}", command_, option,
                                 whole ? "whole " : "", text.substr(first, last - first), hint));
  } catch (const po::invalid_command_line_syntax& error) {
    const auto* option = options_.find_nothrow(without_dashes(error.get_option_name()), false);
    const bool takes_none = option == nullptr || option->semantic()->max_tokens() == 0;
    throw InputError(fmt::format("windrow {}: {}: expected {}, found {}{}", command_, error.get_option_name(),
                                 takes_none ? "no value" : option->format_parameter(), takes_none ? "one" : "nothing",
                                 hint));
  } catch (const po::error& error) {
    throw InputError(fmt::format("windrow {}: {}{}", command_, error.what(), hint));
  }
  if (has("help")) {
    print_help();
    return false;
  }
  for (const auto& name : positional_)
    if (!is_optional(name) && (!has(plain(name)) || (!are_several(name) && argument(name).empty())))
      throw InputError(fmt::format("windrow {}: expected the argument {}{}", command_, name, hint));
  return true;
}

std::optional<std::uint64_t> Flags::count_of(const std::string& name) const {
  const auto number = get<std::int64_t>(name);
  if (!number) return std::nullopt;
  if (*number < 1) throw InputError(fmt::format("--{}: expected a number of at least 1, found {}", name, *number));
  return static_cast<std::uint64_t>(*number);
}

std::optional<double> Flags::limit_of(const std::string& name) const {
  constexpr double kLargest = 1e9;  // thirty years, a petabyte
  const auto value = get<double>(name);
  if (value && !(*value > 0 && *value <= kLargest))
    throw InputError(fmt::format("--{}: expected a number above 0 and at most {}, found {}", name, kLargest, *value));
  return value;
}

std::vector<std::string> Flags::list_of(const std::string& name) const {
  return get<std::vector<std::string>>(name).value_or(std::vector<std::string>{});
}

std::string result_path(const Flags& flags, const std::string& sweep_name, const std::optional<sweep::Shard>& shard) {
  const auto given = flags.get<std::string>("output");
  if (given && given->empty()) throw InputError("--output: expected the name of a file, found nothing");
  if (given) return *given;
  const std::string path = "results/" + sweep_name + ".h5";
  return shard ? shard_path(path, std::to_string(shard->number), shard->of) : path;
}

std::string shard_path(const std::string& path, const std::string& number, std::uint64_t of) {
  constexpr std::string_view kEnd = ".h5";
  const bool usual = path.ends_with(kEnd);
  return fmt::format("{}.shard-{}-of-{}{}", usual ? path.substr(0, path.size() - kEnd.size()) : path, number, of,
                     usual ? kEnd : "");
}

std::optional<sweep::Shard> shard_of(const Flags& flags) {
  const auto text = flags.get<std::string>("shard");
  if (!text) return std::nullopt;
  const std::size_t slash = text->find('/');
  const std::uint64_t number = parse_uint64(text->substr(0, slash)).value_or(0);
  const std::uint64_t of = slash == std::string::npos ? 0 : parse_uint64(text->substr(slash + 1)).value_or(0);
  if (number < 1 || number > of)
    throw InputError(fmt::format("--shard: expected K/N with K within 1 .. N, found '{}'", *text));
  return sweep::Shard{number, of};
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
