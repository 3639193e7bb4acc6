// Wrong files and flags: exit 2, the message that the table in tests/data/cli/bad_inputs.txt expects to the letter, no
// file made or changed. WINDROW_BLESS=1 rewrites the expected messages; read the difference before you commit it.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "support/process.hpp"

namespace windrow {
namespace {

const char* const kTable = WINDROW_SOURCE_DIR "/tests/data/cli/bad_inputs.txt";

struct Case {
  std::string name, arguments, expected;
  std::vector<std::pair<std::string, std::string>> files;
};

std::vector<Case> read_table() {
  std::vector<Case> cases;
  std::istringstream in(test::read_file(kTable));
  std::string* text = nullptr;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("#### ")) {
      cases.push_back({line.substr(5), {}, {}, {}});
      text = nullptr;
    } else if (line.starts_with("== file ")) {
      text = &cases.back().files.emplace_back(line.substr(8), "").second;
    } else if (line == "== args") {
      text = &cases.back().arguments;
    } else if (line == "== stderr") {
      text = &cases.back().expected;
    } else if (text != nullptr) {
      *text += line + "\n";
    }
  }
  for (Case& c : cases) {
    c.arguments.erase(c.arguments.find_last_not_of('\n') + 1);
    c.expected.erase(c.expected.find_last_not_of('\n') + 1);
  }
  return cases;
}

/// Path and content of everything in a folder but the outputs that the test itself collects.
std::map<std::string, std::string> snapshot(const std::string& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.path().filename().string().starts_with(".output")) continue;
    files[entry.path().string()] = entry.is_regular_file() ? test::read_file(entry.path().string()) : "(folder)";
  }
  return files;
}

/// Folders differ from machine to machine and from run to run.
void replace_all(std::string& text, const std::string& from, const std::string& to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
    text.replace(at, from.size(), to);
}

std::string message_of(const Case& c) {
  const test::TemporaryFolder folder;
  for (const auto& [name, text] : c.files) folder.write(name, text);
  std::vector<std::string> arguments;
  std::istringstream in(c.arguments);
  for (std::string word; in >> word;) arguments.push_back(word);
  const auto before = snapshot(folder.path());
  const test::Finished finished = test::windrow(arguments, folder.path());
  EXPECT_EQ(finished.status, 2) << finished.out;
  EXPECT_EQ(finished.out, "");
  EXPECT_EQ(snapshot(folder.path()), before) << "a wrong input changed a file";
  std::string message = finished.err;
  replace_all(message, folder.path(), "FOLDER");
  replace_all(message, WINDROW_BINARY_DIR, "BUILD");
  replace_all(message, WINDROW_SOURCE_DIR, "SOURCE");
  message.erase(message.find_last_not_of('\n') + 1);
  return message;
}

TEST(BadInput, TheTableIsLongEnough) {
  EXPECT_GE(read_table().size(), 60U);
}

class BadInput : public testing::TestWithParam<Case> {};

TEST_P(BadInput, SaysWhatIsWrongAndChangesNothing) {
  const std::string message = message_of(GetParam());
  EXPECT_NE(message, "");
  if (std::getenv("WINDROW_BLESS") == nullptr) {
    EXPECT_EQ(message, GetParam().expected);
    return;
  }
  std::vector<Case> table = read_table();
  std::ofstream out(kTable);
  for (Case& c : table) {
    if (c.name == GetParam().name) c.expected = message;
    out << "#### " << c.name << '\n';
    for (const auto& [name, text] : c.files) out << "== file " << name << '\n' << text;
    out << "== args\n" << c.arguments << "\n== stderr\n" << c.expected << "\n\n";
  }
}

INSTANTIATE_TEST_SUITE_P(Table, BadInput, testing::ValuesIn(read_table()), [](const auto& test) {
  std::string name;
  for (const char c : test.param.name) name += std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
  return name;
});

}  // namespace
}  // namespace windrow
