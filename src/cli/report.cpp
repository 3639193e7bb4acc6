// windrow report: finds a Python that can run the package in analysis/, and becomes it.
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <optional>

#include "cli/command.hpp"
#include "windrow/config/schema.hpp"
#include "windrow/kernel/error.hpp"

namespace windrow::cli {
namespace {

namespace fs = std::filesystem;

// Prints what it lacks, one line. A folder `windrow` in the working directory is a package without a file: not ours.
constexpr const char* kProbe =
    "import importlib.util as util, sys; "
    "needed = ('windrow', 'h5py', 'matplotlib', 'numpy', 'pandas', 'scipy', 'xarray'); "
    "found = [(name, util.find_spec(name)) for name in needed]; "
    "print(*(['Python 3.10'] if sys.version_info < (3, 10) else []), "
    "*[name for name, spec in found if spec is None or spec.origin is None], sep=', ')";

/// A Python, and the folder in which it finds the package; none if it is installed.
struct Python {
  std::string program, package_folder;
};

std::string in_shell(const std::string& word) {
  std::string quoted = "'";
  for (const char c : word) {
    if (c == '\'') quoted += "'\\'";
    quoted += c;
  }
  return quoted += '\'';
}

std::string search_path(const Python& python) {
  const char* own = std::getenv("PYTHONPATH");
  return own != nullptr && *own != '\0' ? fmt::format("{}:{}", python.package_folder, own) : python.package_folder;
}

/// What this Python lacks, in words; nothing if it is complete, no value if it cannot be started.
std::optional<std::string> lacks(const Python& python) {
  std::string line = fmt::format("{} -c {} 2>/dev/null", in_shell(python.program), in_shell(kProbe));
  if (!python.package_folder.empty()) line.insert(0, fmt::format("PYTHONPATH={} ", in_shell(search_path(python))));
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> pipe(::popen(line.c_str(), "r"), ::pclose);
  if (!pipe) return std::nullopt;
  std::string answer;
  std::array<char, 256> bytes{};
  while (const std::size_t got = std::fread(bytes.data(), 1, bytes.size(), pipe.get()))
    answer.append(bytes.data(), got);
  if (!answer.ends_with('\n')) return std::nullopt;
  answer.pop_back();
  return answer;
}

/// The folder analysis/ of the data folder.
std::optional<std::string> package_folder() {
  std::error_code error;
  for (const std::string& folder : config::data_folders())
    if (const fs::path analysis = fs::path(folder) / "analysis"; fs::exists(analysis / "windrow/__init__.py", error))
      return analysis.string();
  return std::nullopt;
}

/// In this order: an installed package wins over the one that came with the program.
std::vector<Python> candidates(const std::optional<std::string>& package) {
  const char* chosen = std::getenv("WINDROW_PYTHON");
  const std::string ours = chosen != nullptr && *chosen != '\0' ? chosen : "python3";
  std::vector<Python> all{{ours, ""}};
  if (!package) return all;
  if (chosen == nullptr || *chosen == '\0')
    all.push_back({(fs::path(*package).parent_path() / "build/venv/bin/python").string(), *package});
  all.push_back({ours, *package});
  return all;
}

Python find_python() {
  const std::optional<std::string> package = package_folder();
  const std::vector<Python> all = candidates(package);
  std::optional<std::string> lacking;
  for (const Python& python : all) {
    lacking = lacks(python);
    if (lacking && lacking->empty()) return python;
  }
  const std::string& program = all.back().program;
  const std::string source = package ? in_shell(*package) : "windrow";
  throw InputError(
      fmt::format("windrow report: the page is drawn by Python, and {}. This installs it:\n\n"
                  "    {} -m pip install {}\n\n"
                  "or, where the system's Python is to stay as it is:\n\n"
                  "    python3 -m venv ~/windrow-python && ~/windrow-python/bin/pip install {}\n"
                  "    WINDROW_PYTHON=~/windrow-python/bin/python windrow report FILE",
                  lacking ? fmt::format("{} lacks: {}", program, *lacking) : fmt::format("there is no {}", program),
                  lacking ? program : "python3", source, source));
}

}  // namespace

int report_command(const Context& context) {
  Flags flags("report", {"FILE"});
  flags.value<std::string>("output,o", "PAGE", "where the page goes; FILE with .html without it")
      .value<std::string>("metric", "M[,M]", "metrics that have figures; without it those that tell most")
      .value<std::string>("x", "AXIS", "the axis that figures are drawn against")
      .value<std::string>("by", "AXIS", "the axis that tells curves apart");
  if (!flags.parse(context.arguments)) return kAllDone;
  const Python python = find_python();
  if (!python.package_folder.empty()) ::setenv("PYTHONPATH", search_path(python).c_str(), 1);
  std::vector<std::string> words{python.program, "-m", "windrow", "report"};
  words.insert(words.end(), context.arguments.begin(), context.arguments.end());
  std::vector<char*> arguments;
  arguments.reserve(words.size() + 1);
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  ::execvp(arguments[0], arguments.data());
  throw InputError(fmt::format("windrow report: cannot start {}: {}", python.program, std::strerror(errno)));
}

}  // namespace windrow::cli
