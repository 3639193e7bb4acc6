// Help, manual, completion and init: made of declarations, so these tests go through all commands and simulators that
// there are.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <sstream>

#include "support/process.hpp"

namespace windrow {
namespace {

using test::Finished;
using test::TemporaryFolder;

class Help : public testing::Test {
 protected:
  std::string out(std::vector<std::string> arguments) {
    const Finished finished = test::windrow(std::move(arguments), folder_.path());
    EXPECT_EQ(finished.status, 0) << finished.err;
    return finished.out;
  }
  std::string shell(const std::string& script) {
    const Finished finished = test::run({"bash", "-c", script}, folder_.path());
    EXPECT_EQ(finished.status, 0) << finished.err << finished.out;
    EXPECT_EQ(finished.err, "");
    return finished.out;
  }
  /// First words of the indented lines under `heading` in a list.
  static std::vector<std::string> names_under(const std::string& text, const std::string& heading) {
    std::istringstream in(text.substr(text.find(heading)));
    std::vector<std::string> names;
    std::string line;
    std::getline(in, line);
    std::getline(in, line);
    while (std::getline(in, line) && !line.empty()) names.push_back(line.substr(2, line.find(' ', 2) - 2));
    return names;
  }
  /// What bash offers for the last of the words.
  std::string offered(const std::vector<std::string>& words) {
    std::string script = "source <('" WINDROW_PROGRAM "' completion bash)\nCOMP_WORDS=(";
    for (const std::string& word : words) script += "'" + word + "' ";
    script += ")\nCOMP_CWORD=" + std::to_string(words.size() - 1) + "\n_windrow\nprintf '%s ' \"${COMPREPLY[@]}\"";
    std::string text = shell(script);
    return text.erase(text.find_last_not_of(' ') + 1);
  }
  TemporaryFolder folder_;
};

TEST_F(Help, EveryCommandAndPageIsATopic) {
  const std::string usage = out({"help"});
  EXPECT_EQ(usage, out({"--help"}));
  const auto commands = names_under(usage, "Usage: windrow COMMAND"), pages = names_under(usage, "Pages");
  ASSERT_GE(commands.size(), 16U);
  ASSERT_GE(pages.size(), 5U);
  for (const std::string& command : commands) EXPECT_EQ(out({"help", command}), out({command, "--help"}));
  for (const std::string& page : pages) EXPECT_TRUE(out({"help", page}).starts_with(page + ": ")) << page;
}

TEST_F(Help, TheSweepFileOfTheHelpIsAccepted) {
  const std::string page = out({"help", "sweep-file"});
  std::istringstream in(page);
  std::string sweep;
  for (std::string line; std::getline(in, line);) {
    // The base file is where the page says for files in sweeps/.
    if (line.starts_with("    ")) sweep += line.substr(4) + "\n";
  }
  const std::size_t zip = sweep.find("zip:");
  ASSERT_NE(zip, std::string::npos);
  sweep.erase(zip, sweep.find('\n', zip) - zip);  // its axis `window` is not in the example
  sweep.replace(sweep.find("../configs"), 3, "");
  folder_.write("s.yaml", sweep);
  EXPECT_TRUE(out({"plan", "s.yaml", "--no-sample"}).starts_with("sweep quickstart: 63 points"))
      << out({"plan", "s.yaml", "--no-sample"});
}

TEST_F(Help, TheManualHasEveryCommandAndOptionAndIsCleanRoff) {
  const std::string manual = out({"help", "--man"});
  for (const std::string& command : names_under(out({"help"}), "Usage: windrow COMMAND"))
    EXPECT_NE(manual.find("\n.SS " + command + "\n"), std::string::npos) << command;
  EXPECT_NE(manual.find("\n.B \\-o, \\-\\-output\\fR \\fIFILE\\fR\n"), std::string::npos);
  EXPECT_NE(manual.find("\n.SH EXIT\\-STATUS\n"), std::string::npos);
  const std::set<std::string> known{"TH", "SH", "SS", "TP", "PP", "br", "nf", "fi", "B", "I", "\\\""};
  std::set<std::string> requests;
  std::istringstream in(manual);
  for (std::string line; std::getline(in, line);)
    if (line.starts_with(".")) requests.insert(line.substr(1, line.find(' ') - 1));
  for (const std::string& request : requests) EXPECT_TRUE(known.count(request)) << request;
  folder_.write("windrow.1", manual);
  EXPECT_EQ(shell("command -v groff >/dev/null || exit 0; groff -Kutf8 -man -ww -z windrow.1 2>&1"), "");
}

TEST_F(Help, BashCompletesCommandsOptionsFilesAndNames) {
  folder_.write("a.yaml", "");
  folder_.write("b.h5", "");
  folder_.write("with space.h5", "");
  folder_.write("c.txt", "");
  EXPECT_EQ(offered({"windrow", "ini"}), "init");
  EXPECT_EQ(offered({"./windrow", "run", "--fr"}), "--fresh");
  EXPECT_EQ(offered({"windrow", "run", ""}), "a.yaml");
  EXPECT_EQ(offered({"windrow", "run", "--only", "x=1", "--quiet", "a"}), "a.yaml") << "the value is no argument";
  EXPECT_EQ(offered({"windrow", "run", "a.yaml", ""}), "") << "it takes no second file";
  EXPECT_EQ(offered({"windrow", "show", "w"}), "with space.h5");
  EXPECT_EQ(offered({"windrow", "merge", "b.h5", "x.h5", "w"}), "with space.h5") << "it takes any number of files";
  EXPECT_EQ(offered({"windrow", "run", "-o", "b"}), "b.h5");
  EXPECT_EQ(offered({"windrow", "import", "spot-trace", "c"}), "c.txt") << "any file where none fits";
  EXPECT_EQ(offered({"windrow", "run", "--set", ""}), "") << "a value that can be anything";
  EXPECT_EQ(offered({"windrow", "list", "poli"}), "policies");
  EXPECT_EQ(offered({"windrow", "describe", "finish_time_fairness_pa"}), "finish_time_fairness_packed");
  EXPECT_EQ(offered({"windrow", "allocate", "--policy", "isol"}), "isolated");
  EXPECT_EQ(offered({"windrow", "init", "tr"}), "training");
  EXPECT_EQ(offered({"windrow", "help", "exit"}), "exit-status");
}

TEST_F(Help, CompletionHasEveryCommandAndTheShellsTakeIt) {
  const auto commands = names_under(out({"help"}), "Usage: windrow COMMAND");
  std::vector<std::string> offers;
  std::istringstream in(offered({"windrow", ""}));
  for (std::string word; in >> word;) offers.push_back(word);
  for (const std::string& command : commands) {
    EXPECT_EQ(std::count(offers.begin(), offers.end(), command), 1) << command;
    EXPECT_NE(offered({"windrow", command, "--he"}), "") << command;
    for (const char* name : {"zsh", "fish"}) EXPECT_NE(out({"completion", name}).find(command), std::string::npos);
  }
  for (const std::string name : {"bash", "zsh", "fish"}) {
    folder_.write("script", out({"completion", name}));
    shell("command -v " + name + " >/dev/null || exit 0; " + name + " -n script");
  }
}

TEST_F(Help, InstallPutsCompletionAndManualWhereTheyAreLookedFor) {
  const Finished installed =
      test::run({"cmake", "--install", WINDROW_BINARY_DIR, "--prefix", folder_.file("usr")}, folder_.path());
  ASSERT_EQ(installed.status, 0) << installed.err;
  const std::string share = folder_.file("usr/share/");
  EXPECT_EQ(test::read_file(share + "bash-completion/completions/windrow"), out({"completion", "bash"}));
  EXPECT_EQ(test::read_file(share + "zsh/site-functions/_windrow"), out({"completion", "zsh"}));
  EXPECT_EQ(test::read_file(share + "fish/vendor_completions.d/windrow.fish"), out({"completion", "fish"}));
  EXPECT_EQ(test::read_file(share + "man/man1/windrow.1"), out({"help", "--man"}));
  const Finished moved = test::run({folder_.file("usr/bin/windrow"), "init", "training"}, folder_.path());
  EXPECT_EQ(moved.status, 0) << moved.err;
}

TEST_F(Help, InitWritesAFileForEverySimulatorThatRunsAsItIs) {
  const std::string list = out({"list", "simulators"});
  std::istringstream in(list.substr(list.find('\n') + 1));
  int simulators = 0;
  for (std::string line; std::getline(in, line); ++simulators) {
    const std::string name = line.substr(0, line.find(' '));
    EXPECT_NE(out({"init", name}).find("windrow run " + name + ".yaml"), std::string::npos);
    const std::string text = test::read_file(folder_.file(name + ".yaml"));
    EXPECT_TRUE(out({"plan", name + ".yaml", "--no-sample"}).starts_with("sweep " + name + ": "));
    out({"run", name + ".yaml", "--quiet"});
    out({"status", "--quiet", "results/" + name + ".h5"});
    // What stands in the comments is true: all of `set` can be uncommented.
    const std::size_t begin = text.find("# set:\n"), end = text.find("\n\n", begin);
    ASSERT_NE(begin, std::string::npos);
    std::string all = text.substr(0, begin);
    std::istringstream lines(text.substr(begin, end - begin));
    for (std::string one; std::getline(lines, one);) all += one.substr(2) + "\n";
    folder_.write("all.yaml", all);
    out({"plan", "all.yaml", "--no-sample"});
  }
  EXPECT_GE(simulators, 3);
}

TEST_F(Help, InitNamesTheSweepLikeItsFileAndOverwritesNothing) {
  out({"init", "empty", "-o", "my study.yaml"});
  const std::string text = test::read_file(folder_.file("my study.yaml"));
  EXPECT_NE(text.find("\nname: my-study "), std::string::npos) << text;
  EXPECT_EQ(test::windrow({"init", "training", "-o", "my study.yaml"}, folder_.path()).status, 2);
  EXPECT_EQ(test::read_file(folder_.file("my study.yaml")), text);
}

}  // namespace
}  // namespace windrow
