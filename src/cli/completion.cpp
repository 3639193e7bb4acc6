// windrow completion: scripts for shells, of what the commands declare. They hold every word themselves, so that a key
// press starts no program.
#include <fmt/format.h>

#include <functional>

#include "cli/command.hpp"
#include "windrow/kernel/error.hpp"
#include "windrow/kernel/text.hpp"

namespace windrow::cli {

namespace {

enum class Completes { nothing, files, folders, words };

/// What can stand in one place of a command line.
struct Place {
  Completes what = Completes::nothing;
  std::string suffix;              ///< files: these before others, `.h5`
  std::vector<std::string> words;  ///< words: all of them
};

/// By the placeholder, as it reads in the help: `SWEEP.yaml` is a file of that suffix, `FILE` one of results if there
/// is any.
Place place_of(const std::string& placeholder, const std::vector<std::string>& choices) {
  if (!choices.empty()) return {Completes::words, "", choices};
  if (placeholder == "DIR") return {Completes::folders, "", {}};
  if (placeholder == "FILE") return {Completes::files, ".h5", {}};
  if (placeholder == "PAGE") return {Completes::files, ".html", {}};
  if (const std::size_t dot = placeholder.rfind('.');
      dot != std::string::npos && dot > 0 && dot + 1 < placeholder.size())
    return {Completes::files, placeholder.substr(dot), {}};
  return {};
}

struct Described {
  const Command& command;
  Declaration declaration;
};

std::string first_line(const std::string& text) {
  return text.substr(0, text.find('\n'));
}

/// In single quotes, for bash and zsh.
std::string in_quotes(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

std::vector<std::string> names_of(const Declaration::Option& option) {
  std::vector<std::string> names{fmt::format("--{}", option.name)};
  if (!option.letter.empty()) names.push_back(fmt::format("-{}", option.letter));
  return names;
}

// --- bash

/// One word of shell for a place: `@.h5`, `@` any file, `/` folders, words, or nothing.
std::string bash_place(const Place& place) {
  switch (place.what) {
    case Completes::files:
      return in_quotes(fmt::format("@{}", place.suffix));
    case Completes::folders:
      return "/";
    case Completes::words:
      return in_quotes(fmt::format("{}", fmt::join(place.words, " ")));
    case Completes::nothing:
      break;
  }
  return "''";
}

std::string bash_script(const std::vector<Described>& all) {
  std::string names, cases;
  for (const Described& one : all) {
    names += one.command.name + " ";
    std::string options, valued, values, places;
    for (const auto& option : one.declaration.options)
      for (const std::string& name : names_of(option)) {
        options += name + " ";
        if (option.placeholder.empty()) continue;
        valued += name + " ";
        values += fmt::format(" [{}]={}", name, bash_place(place_of(option.placeholder, option.choices)));
      }
    for (const auto& place : one.declaration.positional)
      places += fmt::format(" {}", bash_place(place_of(place.name, place.choices)));
    const bool several = !one.declaration.positional.empty() && one.declaration.positional.back().several;
    cases += fmt::format("    {})\n      options='{}'\n      values=({})\n      places=({})\n{}      ;;\n",
                         one.command.name, options, values.empty() ? "" : values.substr(1),
                         places.empty() ? "" : places.substr(1), several ? "      several=yes\n" : "");
  }
  return fmt::format(R"(# bash completion of windrow, written by `windrow completion bash`.
_windrow() {{
  local word=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD - 1]}} options='' place='' several='' at=0 i
  local -A values=()
  local -a places=()
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    mapfile -t COMPREPLY < <(compgen -W '{}--help --version' -- "$word")
    return
  fi
  case ${{COMP_WORDS[1]}} in
{}  esac
  for ((i = 2; i < COMP_CWORD; i++)); do
    if [[ -n ${{values[${{COMP_WORDS[i]}}]+value}} ]]; then
      ((++i))
    elif [[ ${{COMP_WORDS[i]}} != -* ]]; then
      ((++at))
    fi
  done
  if [[ -n ${{values[$before]+value}} ]]; then
    place=${{values[$before]}}
  elif [[ $word == -* ]]; then
    place=$options
  else
    [[ -z $several ]] || ((at < ${{#places[@]}})) || ((at = ${{#places[@]}} - 1))
    place=${{places[at]-}}
  fi
  case $place in
    '') ;;
    @*)
      compopt -o filenames 2>/dev/null
      mapfile -t COMPREPLY < <(compgen -f -X "!*${{place#@}}" -- "$word"; compgen -d -- "$word")
      ((${{#COMPREPLY[@]}} > 0)) || mapfile -t COMPREPLY < <(compgen -f -- "$word")
      ;;
    /)
      compopt -o filenames 2>/dev/null
      mapfile -t COMPREPLY < <(compgen -d -- "$word")
      ;;
    *) mapfile -t COMPREPLY < <(compgen -W "$place" -- "$word") ;;
  esac
}}
complete -F _windrow windrow
)",
                     names, cases);
}

// --- zsh

/// `message` and action of a place, as _arguments takes them; their colons and brackets have a meaning there.
std::string zsh_text(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == ':' || c == '[' || c == ']' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

std::string zsh_place(const std::string& name, const Place& place) {
  std::string label = fmt::format(":{}:", zsh_text(name));
  switch (place.what) {
    case Completes::files:
      return label + "_files -g \"*" + place.suffix + "\"";
    case Completes::folders:
      return label + "_files -/";
    case Completes::words:
      return label + fmt::format("({})", fmt::join(place.words, " "));
    case Completes::nothing:
      break;
  }
  return label;
}

std::string zsh_script(const std::vector<Described>& all) {
  std::string names, cases;
  for (const Described& one : all) {
    names += fmt::format("    {}\n",
                         in_quotes(fmt::format("{}:{}", one.command.name, zsh_text(first_line(one.command.help)))));
    cases += fmt::format("    {})\n      _arguments", one.command.name);
    for (const auto& option : one.declaration.options) {
      const std::vector<std::string> spellings = names_of(option);
      for (const std::string& name : spellings) {
        std::string spec = option.repeats ? "*" : fmt::format("({})", fmt::join(spellings, " "));
        spec += fmt::format("{}[{}]", name, zsh_text(option.help));
        if (!option.placeholder.empty())
          spec += zsh_place(option.placeholder, place_of(option.placeholder, option.choices));
        cases += " \\\n        " + in_quotes(spec);
      }
    }
    int at = 0;
    for (const auto& place : one.declaration.positional)
      cases += fmt::format(
          " \\\n        {}",
          in_quotes(fmt::format("{}{}{}", place.several ? "*" : std::to_string(++at), place.optional ? ":" : "",
                                zsh_place(place.name, place_of(place.name, place.choices)))));
    cases += "\n      ;;\n";
  }
  return fmt::format(R"(#compdef windrow
# zsh completion of windrow, written by `windrow completion zsh`.
_windrow() {{
  local -a names
  names=(
{}  )
  if ((CURRENT == 2)); then
    _describe command names
    return
  fi
  local name=$words[2]
  shift words
  ((CURRENT--))
  case $name in
{}  esac
}}
if [[ $funcstack[1] == _windrow ]]; then
  _windrow "$@"
else
  compdef _windrow windrow
fi
)",
                     names, cases);
}

// --- fish

std::string fish_quotes(const std::string& text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out + "'";
}

std::string fish_place(const Place& place) {
  switch (place.what) {
    case Completes::files:
      return fmt::format(" -k -a '(__fish_complete_suffix {})'", place.suffix);
    case Completes::folders:
      return " -a '(__fish_complete_directories)'";
    case Completes::words:
      return fmt::format(" -a {}", fish_quotes(fmt::format("{}", fmt::join(place.words, " "))));
    case Completes::nothing:
      break;
  }
  return "";
}

std::string fish_script(const std::vector<Described>& all) {
  std::string text = "# fish completion of windrow, written by `windrow completion fish`.\ncomplete -c windrow -f\n";
  for (const Described& one : all) {
    text += fmt::format("complete -c windrow -n __fish_use_subcommand -a {} -d {}\n", one.command.name,
                        fish_quotes(first_line(one.command.help)));
    const std::string when = fmt::format("complete -c windrow -n '__fish_seen_subcommand_from {}'", one.command.name);
    for (const auto& option : one.declaration.options)
      text += fmt::format(
          "{} -l {}{}{} -d {}\n", when, option.name, option.letter.empty() ? "" : fmt::format(" -s {}", option.letter),
          option.placeholder.empty() ? ""
                                     : fmt::format(" -x{}", fish_place(place_of(option.placeholder, option.choices))),
          fish_quotes(option.help));
    for (const auto& place : one.declaration.positional)
      if (const std::string what = fish_place(place_of(place.name, place.choices)); !what.empty())
        text += when + what + "\n";
  }
  return text;
}

struct Shell {
  std::string name;
  std::string (*script)(const std::vector<Described>&);
};
const std::vector<Shell>& shells() {
  static const std::vector<Shell> all{{"bash", bash_script}, {"zsh", zsh_script}, {"fish", fish_script}};
  return all;
}

}  // namespace

int completion_command(const Context& context) {
  std::vector<std::string> names;
  for (const Shell& shell : shells()) names.push_back(shell.name);
  Flags flags("completion", {"SHELL"});
  flags.choices("SHELL", names);
  if (!flags.parse(context.arguments)) return kAllDone;
  const std::string name = flags.argument("SHELL");
  for (const Shell& shell : shells()) {
    if (shell.name != name) continue;
    std::vector<Described> all;
    for (const Command& command : commands()) all.push_back({command, declaration_of(command, context.catalog)});
    fmt::print("{}", shell.script(all));
    return kAllDone;
  }
  throw InputError(fmt::format("windrow completion: unknown shell '{}'{} (there are {})", name,
                               did_you_mean(name, names), fmt::join(names, ", ")));
}

}  // namespace windrow::cli
