#include "cli/help.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "windrow/kernel/error.hpp"
#include "windrow/kernel/text.hpp"
#include "windrow_version.hpp"

namespace windrow::cli {

namespace {

std::string first_line(const std::string& text) {
  return text.substr(0, text.find('\n'));
}

std::vector<std::string> topics() {
  std::vector<std::string> names;
  for (const Command& command : commands()) names.push_back(command.name);
  for (const Page& page : pages()) names.emplace_back(page.name);
  return names;
}

/// Text as roff prints it: nothing in it is a request or an escape.
std::string roff(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool begins = i == 0 || text[i - 1] == '\n';
    if (begins && (text[i] == '.' || text[i] == '\'')) out += "\\&";
    if (text[i] == '\\')
      out += "\\e";
    else if (text[i] == '-')
      out += "\\-";
    else
      out += text[i];
  }
  return out;
}

std::string upper(std::string text) {
  for (char& c : text)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return text;
}

void append_command(std::string& page, const Command& command, const Declaration& declaration) {
  page +=
      fmt::format(".SS {}\n.B windrow {}\n{}\n.PP\n", roff(command.name), roff(command.name), roff(command.synopsis));
  for (const std::string& line : split(command.help, '\n')) page += roff(line) + "\n.br\n";
  for (const auto& option : declaration.options) {
    page += fmt::format(".TP\n.B {}{}", option.letter.empty() ? "" : roff(fmt::format("-{}, ", option.letter)),
                        roff(fmt::format("--{}", option.name)));
    if (!option.placeholder.empty()) page += fmt::format("\\fR \\fI{}", roff(option.placeholder));
    page += "\\fR\n" + roff(option.help) + "\n";
  }
}

}  // namespace

void print_usage(std::FILE* out) {
  fmt::print(out, "Windrow {}: parallel sweeps of machine-learning cluster simulators\n\nUsage: windrow COMMAND …\n\n",
             WINDROW_VERSION);
  for (const Command& command : commands())
    fmt::print(out, "  {:<11}{:<38} {}\n", command.name, command.synopsis, first_line(command.help));
  fmt::print(out, "\nPages, by windrow help PAGE:\n\n");
  for (const Page& page : pages()) fmt::print(out, "  {:<11}  {}\n", page.name, page.summary);
  fmt::print(out,
             "\nwindrow COMMAND --help tells more. Exit status: 0 all done, 1 some points failed, 2 wrong input, 3 "
             "stopped early.\n");
}

std::string manual(const Catalog& catalog) {
  std::string page = fmt::format(
      ".\\\" Written by `windrow help --man`.\n.TH WINDROW 1 \"\" \"windrow {}\" \"User Commands\"\n.SH NAME\n"
      "windrow \\- parallel sweeps of machine\\-learning cluster simulators\n.SH SYNOPSIS\n.B windrow\n"
      ".I COMMAND\n\\&...\n.SH COMMANDS\n",
      roff(WINDROW_VERSION));
  for (const Command& command : commands()) append_command(page, command, declaration_of(command, catalog));
  for (const Page& one : pages()) page += fmt::format(".SH {}\n.nf\n{}.fi\n", upper(roff(one.name)), roff(one.text));
  return page;
}

int help_command(const Context& context) {
  Flags flags("help", {"TOPIC?"});
  flags.choices("TOPIC", topics()).flag("man", "prints the manual page: windrow help --man | man -l -");
  if (!flags.parse(context.arguments)) return kAllDone;
  if (flags.has("man")) {
    fmt::print("{}", manual(context.catalog));
    return kAllDone;
  }
  if (!flags.has("TOPIC")) {
    print_usage(stdout);
    return kAllDone;
  }
  const std::string topic = flags.argument("TOPIC");
  const auto page = std::find_if(pages().begin(), pages().end(), [&](const Page& one) { return one.name == topic; });
  if (page != pages().end()) {
    fmt::print("{}: {}\n\n{}", page->name, page->summary, page->text);
    return kAllDone;
  }
  const std::vector<std::string> names = topics();
  if (std::find(names.begin(), names.end(), topic) == names.end())
    throw InputError(fmt::format("windrow help: unknown topic '{}'{} (there are {})", topic, did_you_mean(topic, names),
                                 fmt::join(names, ", ")));
  return command_named(topic).run(Context{context.catalog, {"--help"}});
}

}  // namespace windrow::cli
