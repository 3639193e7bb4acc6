// windrow report against stand-ins for Python: which one it takes, what it hands over, what it says where there is
// none.
#include <gtest/gtest.h>

#include <filesystem>

#include "support/process.hpp"

namespace windrow {
namespace {

namespace fs = std::filesystem;
using test::Finished;

class Report : public testing::Test {
 protected:
  /// A Python that answers the probe with `lacks`, and tells how it was started for anything else.
  std::string python(const std::string& name, const std::string& lacks) {
    const std::string path = folder_.write(name, "#!/bin/sh\n[ \"$1\" = -c ] && { echo \"" + lacks +
                                                     "\"; exit; }\n"
                                                     "echo " +
                                                     name + " \"$PYTHONPATH\" \"$@\"; exit 7\n");
    fs::permissions(path, fs::perms::owner_all);
    return path;
  }
  /// A data folder with a package; nothing but what it has is found.
  void package() { folder_.write("data/analysis/windrow/__init__.py", ""); }

  Finished report(const std::vector<std::string>& arguments, std::map<std::string, std::string> environment = {}) {
    environment.try_emplace("PATH", folder_.path() + "/bin:/usr/bin:/bin");
    environment.try_emplace("WINDROW_DATA", folder_.file("data"));
    environment.try_emplace("PYTHONPATH", "");
    environment.try_emplace("WINDROW_PYTHON", "");
    std::vector<std::string> words{WINDROW_PROGRAM, "report"};
    words.insert(words.end(), arguments.begin(), arguments.end());
    return test::run(words, folder_.path(), environment);
  }

  test::TemporaryFolder folder_;
};

TEST_F(Report, TakesAnInstalledPackageAndHandsOverArgumentsAndExitStatus) {
  package();
  python("bin/python3", "");
  python("data/build/venv/bin/python", "");
  const Finished finished = report({"my results.h5", "-o", "page.html", "--metric=a,b"});
  EXPECT_EQ(finished.out, "bin/python3  -m windrow report my results.h5 -o page.html --metric=a,b\n");
  EXPECT_EQ(finished.status, 7);
}

TEST_F(Report, ElseTakesThePackageOfTheDataFolderWithThePythonThatTheTestsMade) {
  package();
  python("bin/python3", "windrow, scipy");
  python("data/build/venv/bin/python", "");
  const Finished finished = report({"x.h5"}, {{"PYTHONPATH", "/own"}});
  EXPECT_EQ(finished.out,
            "data/build/venv/bin/python " + folder_.file("data/analysis:/own") + " -m windrow report x.h5\n");
}

TEST_F(Report, ElseWithThePythonOfThePath) {
  package();
  const std::string path = folder_.write("bin/python3",
                                         "#!/bin/sh\n[ \"$1\" = -c ] || { echo \"$PYTHONPATH\" \"$@\"; exit; }\n"
                                         "[ \"$PYTHONPATH\" ] && echo || echo windrow\n");
  fs::permissions(path, fs::perms::owner_all);
  EXPECT_EQ(report({"x.h5"}).out, folder_.file("data/analysis") + " -m windrow report x.h5\n");
}

TEST_F(Report, APythonThatIsNamedIsTheOnlyOne) {
  package();
  python("bin/python3", "");
  python("data/build/venv/bin/python", "");
  const std::string other = python("other python", "");
  EXPECT_EQ(report({"x.h5"}, {{"WINDROW_PYTHON", other}}).out, "other python  -m windrow report x.h5\n");
  const Finished missing = report({"x.h5"}, {{"WINDROW_PYTHON", "/no/python"}});
  EXPECT_EQ(missing.status, 2);
  EXPECT_TRUE(missing.err.starts_with("windrow report: the page is drawn by Python, and there is no /no/python."))
      << missing.err;
}

TEST_F(Report, SaysWhatIsMissingAndWhatInstallsIt) {
  package();
  python("bin/python3", "scipy, xarray");
  const Finished finished = report({"x.h5"});
  const std::string analysis = folder_.file("data/analysis");
  EXPECT_EQ(finished.status, 2);
  EXPECT_EQ(finished.out, "");
  EXPECT_EQ(finished.err,
            "windrow report: the page is drawn by Python, and python3 lacks: scipy, xarray. This installs it:\n\n"
            "    python3 -m pip install '" +
                analysis +
                "'\n\n"
                "or, where the system's Python is to stay as it is:\n\n"
                "    python3 -m venv ~/windrow-python && ~/windrow-python/bin/pip install '" +
                analysis +
                "'\n"
                "    WINDROW_PYTHON=~/windrow-python/bin/python windrow report FILE\n");
}

TEST_F(Report, ItsOwnOptionsAreCheckedBeforePythonIsLookedFor) {
  const Finished unknown = report({"x.h5", "--metrics"});
  EXPECT_EQ(unknown.status, 2);
  EXPECT_EQ(unknown.err,
            "windrow report: unknown option '--metrics'; did you mean '--metric'? (windrow report --help)\n");
  EXPECT_EQ(report({}).status, 2);
}

}  // namespace
}  // namespace windrow
