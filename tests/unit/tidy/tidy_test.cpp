// Keeps docs/architecture.md true: reads its table of rooms, then every #include of src/ and include/, and names the
// file and line where an arrow turns around, where a third-party header is out of its room, or where a model looks at
// the machine. Also: the README's list of pages is what is in docs/.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;

struct Room {
  std::set<std::string> may_use;      ///< itself and, through others, all that these use
  std::set<std::string> third_party;  ///< as the table names them
};
using Rooms = std::map<std::string, Room>;

/// Headers of what the table names; what is for every room is not listed there as one room's.
const std::map<std::string, std::regex> kThirdParty{
    {"fmt", std::regex("fmt/.*")},       {"yaml-cpp", std::regex("yaml-cpp/.*")},
    {"HDF5", std::regex("(hdf5|H5).*")}, {"Open MPI", std::regex("mpi\\.h")},
    {"spdlog", std::regex("spdlog/.*")}, {"Program_options", std::regex("boost/program_options.*")},
    {"Clp", std::regex("coin/.*")},      {"nlohmann-json", std::regex("nlohmann/.*")},
};
const std::regex kSystem("[a-z_0-9]+(\\.h)?|(sys|linux|netinet|arpa|sanitizer)/.*");
/// A model's results depend on simulated time and its own random streams alone. (empty/ is there to burn real time.)
const std::set<std::string> kModels{"solve", "workload", "training", "spot", "dispatch"};
const std::regex kMachine(
    "chrono|ctime|time\\.h|random|thread|mutex|shared_mutex|condition_variable|future|unistd\\.h|pthread\\.h|sys/.*");

std::string read(const fs::path& path) {
  std::ifstream in(path);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

std::string trimmed(std::string text) {
  text.erase(0, text.find_first_not_of(' '));
  return text.erase(text.find_last_not_of(' ') + 1);
}

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, separator);) parts.push_back(trimmed(part));
  return parts;
}

/// The rows `| names | holds | may use | third party |` whose names are in backticks and end in a slash.
Rooms read_rooms(const std::string& markdown) {
  static const std::regex name("`([a-z]+)/`");
  Rooms rooms;
  std::set<std::string> everywhere;
  for (const std::string& line : split(markdown, '\n')) {
    const std::vector<std::string> cells = split(line, '|');
    if (cells.size() < 5 || cells[1].rfind('`', 0) != 0) continue;
    Room room;
    for (const std::string& used : split(cells[3], ',')) {
      if (used == "everything" || used == "the rooms above") {
        for (const auto& [above, _] : rooms) room.may_use.insert(above);
      } else if (used != "–") {
        const auto found = rooms.find(used);
        if (found == rooms.end()) {
          ADD_FAILURE() << "docs/architecture.md: '" << used << "' is not above: " << line;
          continue;
        }
        room.may_use.insert(used);
        room.may_use.insert(found->second.may_use.begin(), found->second.may_use.end());
      }
    }
    for (const std::string& library : split(cells[4], ',')) {
      const std::string bare = trimmed(library.substr(0, library.find('(')));
      if (bare == "–") continue;
      EXPECT_TRUE(kThirdParty.count(bare)) << "docs/architecture.md: unknown library '" << bare << "'";
      (library.find("(everywhere)") == std::string::npos ? room.third_party : everywhere).insert(bare);
    }
    for (std::sregex_iterator it(cells[1].begin(), cells[1].end(), name), end; it != end; ++it) rooms[(*it)[1]] = room;
  }
  for (auto& [_, room] : rooms) {
    room.third_party.insert(everywhere.begin(), everywhere.end());
  }
  return rooms;
}

std::string room_of(const std::string& path) {
  static const std::regex layout("(src|include/windrow)/([a-z]+)/.*");
  std::smatch match;
  return std::regex_match(path, match, layout) ? match[2].str() : "";
}

/// What is wrong with `#include "header"` (or `<header>`) in `room`; empty if nothing.
std::string fault_of_include(const Rooms& rooms, const std::string& room, const std::string& header, bool quoted) {
  const Room& own = rooms.at(room);
  if (header.find("..") != std::string::npos) return "climbs out of its folder";
  if (quoted) {
    const bool is_public = header.rfind("windrow/", 0) == 0;
    const std::string rest = is_public ? header.substr(8) : header;
    const std::size_t slash = rest.find('/');
    if (slash == std::string::npos) return is_public ? "is in no room" : "";  // beside the file, or generated
    const std::string other = rest.substr(0, slash);
    if (other == room) return "";
    if (!rooms.count(other)) return is_public ? "is in no room" : "";
    if (!is_public) return "is private to " + other + "/";
    return own.may_use.count(other) ? "" : room + "/ may not use " + other + "/";
  }
  for (const auto& [library, headers] : kThirdParty)
    if (std::regex_match(header, headers))
      return own.third_party.count(library) ? "" : library + " is not for " + room + "/";
  if (!std::regex_match(header, kSystem)) return "is of no library that docs/architecture.md names";
  if (kModels.count(room) && std::regex_match(header, kMachine))
    return "a model knows no clock, threads or operating system";
  return "";
}

/// One line `path:line: header: what is wrong` per fault.
std::vector<std::string> faults_of_file(const Rooms& rooms, const std::string& path, const std::string& text) {
  static const std::regex include(R"(^\s*#\s*include\s*(["<])([^">]+)[">].*)");
  const std::string room = room_of(path);
  if (!rooms.count(room)) return {path + ":1: '" + room + "/' is not in the table of docs/architecture.md"};
  std::vector<std::string> faults;
  std::istringstream in(text);
  std::smatch match;
  int number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    if (!std::regex_match(line, match, include)) continue;
    const std::string what = fault_of_include(rooms, room, match[2], match[1] == "\"");
    if (!what.empty()) faults.push_back(path + ":" + std::to_string(number) + ": " + match[2].str() + ": " + what);
  }
  return faults;
}

const fs::path kSource = WINDROW_SOURCE_DIR;
Rooms rooms() {
  return read_rooms(read(kSource / "docs/architecture.md"));
}
using Faults = std::vector<std::string>;

TEST(Tidy, ArrowsOfTheSourceTreePointUpTheTableOfRooms) {
  const Rooms table = rooms();
  int files = 0;
  for (const char* top : {"src", "include/windrow"}) {
    for (const auto& entry : fs::recursive_directory_iterator(kSource / top)) {
      if (entry.path().extension() != ".cpp" && entry.path().extension() != ".hpp") continue;
      ++files;
      const std::string path = fs::relative(entry.path(), kSource).generic_string();
      for (const std::string& fault : faults_of_file(table, path, read(entry.path()))) ADD_FAILURE() << fault;
    }
  }
  EXPECT_GE(files, 20) << "was the source tree read at all?";
}

TEST(Tidy, TableOfRoomsIsReadWithWhatItImplies) {
  const Rooms table = rooms();
  ASSERT_GE(table.size(), 10U);
  EXPECT_TRUE(table.at("kernel").may_use.empty());
  EXPECT_EQ(table.at("store").may_use, (std::set<std::string>{"config", "kernel", "simulator", "sweep"}));
  EXPECT_FALSE(table.at("training").may_use.count("empty"));
  EXPECT_FALSE(table.at("empty").may_use.count("training"));
  EXPECT_EQ(table.at("cli").may_use.size(), table.size() - 1);
  EXPECT_EQ(table.at("store").third_party, (std::set<std::string>{"HDF5", "fmt"}));
}

TEST(Tidy, AnArrowThatTurnsAroundIsNamedWithFileAndLine) {
  EXPECT_EQ(
      faults_of_file(rooms(), "src/kernel/text.cpp", "#include <string>\n\n#include \"windrow/config/tree.hpp\"\n"),
      Faults{"src/kernel/text.cpp:3: windrow/config/tree.hpp: kernel/ may not use config/"});
  EXPECT_EQ(faults_of_file(rooms(), "include/windrow/training/a.hpp", "#include \"windrow/empty/empty.hpp\"\n").size(),
            1U);
  EXPECT_EQ(faults_of_file(rooms(), "src/exec/a.cpp", "# include \"windrow/store/result_file.hpp\"\n").size(), 1U);
  EXPECT_EQ(faults_of_file(rooms(), "src/store/a.cpp", "#include \"windrow/kernel/hash.hpp\"\n"), Faults{});
}

TEST(Tidy, AnotherRoomsPrivateHeadersAndUnknownRoomsAreFaults) {
  EXPECT_EQ(faults_of_file(rooms(), "src/cli/a.cpp", "#include \"store/journal.hpp\"\n"),
            Faults{"src/cli/a.cpp:1: store/journal.hpp: is private to store/"});
  EXPECT_EQ(faults_of_file(rooms(), "src/store/a.cpp", "#include \"store/journal.hpp\"\n"), Faults{});
  EXPECT_EQ(faults_of_file(rooms(), "src/store/a.cpp", "#include \"../exec/mpi.hpp\"\n").size(), 1U);
  EXPECT_EQ(faults_of_file(rooms(), "src/attic/a.cpp", "").size(), 1U);
}

TEST(Tidy, ThirdPartyHeadersStayInTheirRoom) {
  EXPECT_EQ(faults_of_file(rooms(), "src/exec/a.cpp", "#include <mpi.h>\n#include <hdf5.h>\n"),
            Faults{"src/exec/a.cpp:2: hdf5.h: HDF5 is not for exec/"});
  EXPECT_EQ(faults_of_file(rooms(), "src/training/a.cpp", "#include <fmt/format.h>\n"), Faults{});
  EXPECT_EQ(faults_of_file(rooms(), "src/kernel/a.cpp", "#include <yaml-cpp/yaml.h>\n").size(), 1U);
  EXPECT_EQ(faults_of_file(rooms(), "src/cli/a.cpp", "#include <boost/filesystem.hpp>\n").size(), 1U);
}

TEST(Tidy, ModelsDoNotLookAtTheMachine) {
  EXPECT_EQ(faults_of_file(rooms(), "src/training/a.cpp", "#include <chrono>\n").size(), 1U);
  EXPECT_EQ(faults_of_file(rooms(), "src/workload/a.cpp", "#include <unistd.h>\n").size(), 1U);
  EXPECT_EQ(faults_of_file(rooms(), "src/exec/a.cpp", "#include <chrono>\n#include <sys/wait.h>\n"), Faults{});
}

TEST(Tidy, TheReadmeNamesEachPageOfTheDocsOnce) {
  static const std::regex item("- \\[(docs/[a-z-]+\\.md)\\]\\(([^)]+)\\).*");
  std::multiset<std::string> named, there;
  std::smatch match;
  for (const std::string& line : split(read(kSource / "README.md"), '\n')) {
    if (!std::regex_match(line, match, item)) continue;
    EXPECT_EQ(match[1], match[2]);
    named.insert(match[2]);
  }
  for (const auto& entry : fs::directory_iterator(kSource / "docs"))
    if (entry.path().extension() == ".md") there.insert("docs/" + entry.path().filename().string());
  EXPECT_EQ(named, there);
}

}  // namespace
