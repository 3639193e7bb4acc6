// The wrapper ./windrow against a small project of its own and stand-ins for cmake, dpkg-query, apt-get, sudo and id:
// what it installs, when it builds, what it hands over.
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace {

namespace fs = std::filesystem;

struct Answer {
  int status = -1;
  std::string text;  ///< standard output and error
};

class Wrapper : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "windrow-wrapper-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    root_ = fs::canonical(name);
    project_ = root_ / "a project";  // with a space, as people have them
    for (const char* folder : {"src", "include", "cmake", "tests/python"}) fs::create_directories(project_ / folder);
    fs::copy_file(fs::path(WINDROW_SOURCE_DIR) / "windrow", project_ / "windrow");
    write(project_ / "packages.txt", "# a list\n[run] to run\nalpha\nbeta\n\n[test] to test\ngamma\n");
    write(project_ / "src/main.cpp", "");
    write(project_ / "CMakeLists.txt", "");
    write(root_ / "installed", "alpha\nbeta\ngamma\n");
    command("id", "echo ${TEST_UID:-0}");
    command("sudo", "exit 1");
    command("dpkg-query", "while read -r p; do echo \"installed $p\"; done <\"$TEST_ROOT/installed\"");
    command("apt-get", "printf '%s\\n' \"$@\" | grep -x 'alpha\\|beta\\|gamma' >>\"$TEST_ROOT/installed\"; exit 0");
    command("cmake", R"(
if [[ $1 == --build ]]; then
  sleep "${TEST_BUILD_S:-0}"
  mkdir -p "$2/bin"
  printf '#!/bin/bash\npwd; printf "<%%s>" "$@"; exit 7\n' >"$2/bin/windrow"
  chmod +x "$2/bin/windrow"
else
  grep -q beta "$TEST_ROOT/installed" || { echo 'Could NOT find beta'; exit 1; }
  mkdir -p "$4"; touch "$4/CMakeCache.txt"
fi)");
  }
  void TearDown() override { fs::remove_all(root_); }

  static void write(const fs::path& path, const std::string& text) { std::ofstream(path) << text; }
  static std::string read(const fs::path& path) {
    std::ifstream in(path);
    std::stringstream text;
    text << in.rdbuf();
    return text.str();
  }

  /// A stand-in that notes how it was called.
  void command(const std::string& name, const std::string& body) const {
    const fs::path path = root_ / "bin" / name;
    fs::create_directories(path.parent_path());
    write(path, "#!/bin/bash\necho \"" + name + " $*\" >>\"$TEST_ROOT/calls\"\n" + body + "\n");
    fs::permissions(path, fs::perms::owner_all);
  }

  /// Runs a line of shell, with the stand-ins first on the path.
  Answer shell(const std::string& line) const {
    const std::string whole = "cd '" + root_.string() + "' && export TEST_ROOT='" + root_.string() +
                              "' PATH=\"$PWD/bin:/usr/bin:/bin\" && { " + line + "; } </dev/null 2>&1";
    Answer answer;
    FILE* pipe = popen(whole.c_str(), "r");
    if (pipe == nullptr) return answer;
    std::array<char, 4096> bytes{};
    while (const std::size_t got = fread(bytes.data(), 1, bytes.size(), pipe)) answer.text.append(bytes.data(), got);
    const int status = pclose(pipe);
    answer.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    return answer;
  }
  Answer start(const std::string& arguments) const { return shell("'a project/windrow' " + arguments); }

  /// How often a stand-in was called with words that begin so, since the last time this was asked.
  int calls(const std::string& prefix) const {
    std::istringstream lines(read(root_ / "calls"));
    int count = 0;
    for (std::string line; std::getline(lines, line);) count += line.rfind(prefix, 0) == 0 ? 1 : 0;
    return count;
  }
  void forget_calls() const { fs::remove(root_ / "calls"); }

  fs::path root_, project_;
};

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST_F(Wrapper, BuildsThenHandsOverArgumentsFolderAndExitStatus) {
  const Answer answer = start("run 'my sweep.yaml' --set 'a=b c'");
  EXPECT_EQ(answer.status, 7) << answer.text;
  EXPECT_TRUE(has(answer.text, root_.string() + "\n<run><my sweep.yaml><--set><a=b c>")) << answer.text;
  EXPECT_EQ(calls("cmake -S"), 1);
  EXPECT_EQ(calls("cmake --build"), 1);
  EXPECT_EQ(calls("apt-get"), 0);
}

TEST_F(Wrapper, ASecondStartCallsNothingButTheProgram) {
  start("");
  forget_calls();
  const Answer answer = start("status x.h5");
  EXPECT_EQ(answer.text, root_.string() + "\n<status><x.h5>");
  EXPECT_FALSE(fs::exists(root_ / "calls")) << read(root_ / "calls");
}

TEST_F(Wrapper, WorksThroughASymlinkFromAnotherFolder) {
  fs::create_directory(root_ / "elsewhere");
  fs::create_symlink(project_ / "windrow", root_ / "elsewhere/w");
  const Answer answer = shell("cd elsewhere && ./w list");
  EXPECT_TRUE(has(answer.text, (root_ / "elsewhere").string() + "\n<list>")) << answer.text;
}

TEST_F(Wrapper, BuildsAgainWhenAFileIsChangedAddedOrRemovedButConfiguresOnce) {
  start("");
  for (const char* change :
       {"touch src/main.cpp", "touch include/new.hpp", "rm include/new.hpp", "echo >>CMakeLists.txt"}) {
    forget_calls();
    ASSERT_EQ(shell("cd 'a project' && " + std::string(change)).status, 0);
    start("");
    EXPECT_EQ(calls("cmake --build"), 1) << change;
    EXPECT_EQ(calls("cmake -S"), 0) << change;
  }
}

TEST_F(Wrapper, BuildsAgainAfterACommitBecauseResultsRecordIt) {
  const std::string git = "cd 'a project' && git -c user.name=n -c user.email=e";
  ASSERT_EQ(shell("git init -q 'a project' && " + git + " commit -q --allow-empty -m one").status, 0);
  start("");
  forget_calls();
  ASSERT_EQ(shell(git + " commit -q --allow-empty -m two").status, 0);
  start("");
  EXPECT_EQ(calls("cmake --build"), 1);
}

TEST_F(Wrapper, OtherSettingsConfigureAndBuildAgain) {
  start("");
  forget_calls();
  const Answer answer = shell("WINDROW_BUILD_TYPE=Debug WINDROW_CMAKE_ARGS='-DX=1 -DY=2' 'a project/windrow'");
  EXPECT_EQ(answer.status, 7) << answer.text;
  const std::string made = read(root_ / "calls");
  EXPECT_TRUE(has(made, "-DCMAKE_BUILD_TYPE=Debug")) << made;
  EXPECT_TRUE(has(made, "-DX=1 -DY=2")) << made;
  forget_calls();
  start("");
  EXPECT_TRUE(has(read(root_ / "calls"), "-DCMAKE_BUILD_TYPE=Release"));
}

TEST_F(Wrapper, TwoThatStartAtOnceBuildOnce) {
  start("");
  forget_calls();
  const Answer answer = shell(
      "touch 'a project/src/main.cpp'; export TEST_BUILD_S=1; 'a project/windrow' one & 'a project/windrow' two; wait");
  EXPECT_TRUE(has(answer.text, "<one>")) << answer.text;
  EXPECT_TRUE(has(answer.text, "<two>")) << answer.text;
  EXPECT_EQ(calls("cmake --build"), 1) << answer.text;
}

TEST_F(Wrapper, RootGetsWhatIsMissingForRunningAndNoMore) {
  write(root_ / "installed", "alpha\n");
  const Answer answer = start("");
  EXPECT_EQ(answer.status, 7) << answer.text;
  EXPECT_TRUE(has(answer.text, "installing 1 packages")) << answer.text;
  EXPECT_TRUE(has(read(root_ / "calls"), "install --no-install-recommends beta\n")) << read(root_ / "calls");
}

TEST_F(Wrapper, EmptyPackageListsAreFetchedAndTheInstallTriedAgain) {
  write(root_ / "installed", "alpha\n");
  command("apt-get",
          "[[ $* != *update* ]] || touch \"$TEST_ROOT/lists\"; [[ -f $TEST_ROOT/lists ]] || exit 100; echo beta "
          ">>\"$TEST_ROOT/installed\"");
  const Answer answer = start("");
  EXPECT_EQ(answer.status, 7) << answer.text;
  EXPECT_EQ(calls("apt-get"), 3);
}

TEST_F(Wrapper, AUserWithSudoInstallsByIt) {
  write(root_ / "installed", "alpha\n");
  command("sudo", "[[ $1 == -n ]] || \"$@\"");
  const Answer answer = shell("export TEST_UID=1000; 'a project/windrow'");
  EXPECT_EQ(answer.status, 7) << answer.text;
  EXPECT_EQ(calls("sudo env DEBIAN_FRONTEND=noninteractive apt-get"), 1);
}

TEST_F(Wrapper, WithoutRightsItNamesTheCommandAndTheOtherWays) {
  write(root_ / "installed", "alpha\n");
  const Answer answer = shell("export TEST_UID=1000; 'a project/windrow' run x.yaml");
  EXPECT_EQ(answer.status, 2) << answer.text;
  EXPECT_TRUE(has(answer.text, "apt-get install -y --no-install-recommends beta\n")) << answer.text;
  for (const char* way : {"module load", "spack load", "conda", "CMAKE_PREFIX_PATH"})
    EXPECT_TRUE(has(answer.text, way)) << way;
  EXPECT_EQ(calls("apt-get"), 0);
  EXPECT_EQ(calls("cmake --build"), 0);
}

TEST_F(Wrapper, ItSaysWhyItDoesNotInstallAndWhatIsWanting) {
  write(root_ / "installed", "alpha\n");
  const Answer user = shell("export TEST_UID=1000; 'a project/windrow' list");
  EXPECT_TRUE(has(user.text, "to install them takes root or sudo")) << user.text;
  EXPECT_TRUE(has(user.text, "What is wanting so far: Could NOT find beta\n")) << user.text;
  const Answer forbidden = shell("WINDROW_INSTALL=0 'a project/windrow' list");
  EXPECT_EQ(forbidden.status, 2) << forbidden.text;
  EXPECT_TRUE(has(forbidden.text, "WINDROW_INSTALL=0 forbids to install them")) << forbidden.text;
  EXPECT_FALSE(has(forbidden.text, "root or sudo")) << "root it is";
}

TEST_F(Wrapper, WhereThereIsNoAptGetItDoesNotPretendThatThereIs) {
  write(root_ / "installed", "alpha\n");
  // A path with what the wrapper itself calls, and no package manager.
  fs::remove(root_ / "bin/apt-get");
  const Answer answer = shell(
      "for c in bash env cat mkdir nproc readlink find tail tee flock git touch rm mv grep; do [[ -e bin/$c ]] || ln "
      "-s "
      "\"$(command -v $c)\" bin/$c; done; PATH=\"$PWD/bin\" 'a project/windrow' list");
  EXPECT_EQ(answer.status, 2) << answer.text;
  EXPECT_TRUE(has(answer.text, "there is no apt-get here")) << answer.text;
  EXPECT_TRUE(has(answer.text, "beta\n")) << answer.text;
}

TEST_F(Wrapper, AFolderThatCannotBeWrittenIsSaidToBeThat) {
  write(project_ / "build", "a file, which root cannot write into either");
  const Answer answer = start("list");
  EXPECT_EQ(answer.status, 2) << answer.text;
  EXPECT_TRUE(has(answer.text, "cannot write to " + (project_ / "build").string())) << answer.text;
  EXPECT_TRUE(has(answer.text, "clone Windrow into a folder of your own")) << answer.text;
}

TEST_F(Wrapper, WithoutRightsItGoesOnIfCMakeFindsTheLibrariesElsewhere) {
  write(root_ / "installed", "beta\n");
  const Answer answer = shell("export TEST_UID=1000; 'a project/windrow' list");
  EXPECT_EQ(answer.status, 7) << answer.text;
  EXPECT_EQ(calls("cmake -S"), 1);
}

TEST_F(Wrapper, ABuildThatFailsShowsTheEndOfItsLogAndIsTriedAgain) {
  command(
      "cmake",
      "[[ $1 != --build ]] || { echo 'main.cpp:1: error: no'; exit 1; }; mkdir -p \"$4\"; touch \"$4/CMakeCache.txt\"");
  for (int attempt = 0; attempt < 2; ++attempt) {
    const Answer answer = start("list");
    EXPECT_EQ(answer.status, 2) << answer.text;
    EXPECT_TRUE(has(answer.text, "main.cpp:1: error: no")) << answer.text;
    EXPECT_TRUE(has(answer.text, (project_ / "build/log/build.log").string())) << answer.text;
  }
}

TEST_F(Wrapper, TestInstallsABrowserOnlyWhereThereIsNone) {
  write(project_ / "packages.txt", read(project_ / "packages.txt") + "\n[browser] to look at pages\ndelta\n");
  write(project_ / "build/venv/requirements.txt", "");
  command("chromium", "");
  command("ctest", "echo '100% tests passed, 0 tests failed out of 1'");
  start("test");
  EXPECT_EQ(calls("apt-get"), 0) << read(root_ / "calls");
  EXPECT_EQ(calls("ctest"), 1);
}

TEST_F(Wrapper, TestBuildsAllAndEndsWithTheClosingLinesOfBothSuites) {
  write(project_ / "tests/python/requirements.txt", "pytest==0\n");
  fs::create_directories(project_ / "build/venv/bin");
  write(project_ / "build/venv/requirements.txt", "pytest==0\n");
  command("python", "echo '3 passed in 0.1s'");
  fs::copy_file(root_ / "bin/python", project_ / "build/venv/bin/python");
  command("ctest", "echo '99% tests passed, 1 tests failed out of 100'; exit 8");
  const Answer answer = start("test -R stats");
  EXPECT_EQ(answer.status, 1) << answer.text;
  EXPECT_TRUE(has(answer.text, "\npytest: 3 passed in 0.1s\nctest: 99% tests passed, 1 tests failed out of 100\n"))
      << answer.text;
  const std::string made = read(root_ / "calls");
  EXPECT_TRUE(has(made, "-DWINDROW_TESTS=ON")) << made;
  EXPECT_TRUE(has(made, "-R stats")) << made;
  EXPECT_FALSE(has(made, "--target")) << made;
}

/// The real CMake on the project's own options: a compiler cache is used if it compiles.
TEST_F(Wrapper, ACompilerCacheThatFailsIsNotUsed) {
  fs::remove(root_ / "bin/cmake");
  const fs::path options = fs::path(WINDROW_SOURCE_DIR) / "cmake/WindrowOptions.cmake";
  write(project_ / "CMakeLists.txt", "cmake_minimum_required(VERSION 3.22)\nproject(p LANGUAGES CXX)\ninclude(\"" +
                                         options.string() +
                                         "\")\nmessage(\"launcher <${CMAKE_CXX_COMPILER_LAUNCHER}>\")\n");
  for (const bool works : {true, false}) {
    command("ccache", works ? "exec \"$@\"" : "echo 'cannot write my folder'; exit 1");
    const Answer answer = shell("rm -rf b && cmake -S 'a project' -B b");
    EXPECT_EQ(answer.status, 0) << answer.text;
    const std::string launcher = works ? (root_ / "bin/ccache").string() : "";
    EXPECT_TRUE(has(answer.text, "launcher <" + launcher + ">")) << answer.text;
  }
}

}  // namespace
