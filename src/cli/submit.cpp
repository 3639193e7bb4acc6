// windrow submit: the batch script of a sweep, made of slurm/sweep.sbatch, and a chain of jobs that run it.
#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "cli/command.hpp"
#include "cli/slurm.hpp"
#include "windrow/config/schema.hpp"
#include "windrow/kernel/error.hpp"
#include "windrow/kernel/text.hpp"
#include "windrow/store/result_file.hpp"
#include "windrow/sweep/plan.hpp"

namespace windrow::cli {

namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kChain = 4, kLongestChain = 1000;
constexpr std::uint64_t kWarning_s = 120, kShortestWarning_s = 10;  // Slurm's clock for this has steps of some seconds
constexpr std::uint64_t kLongestLimit_s = 1'000'000'000;            // so that sums do not overflow
constexpr double kSubmitLimit_s = 120;  // sbatch itself tries again while the controller is busy
constexpr const char* kTemplate = "slurm/sweep.sbatch";

/// One word for a shell and for a #SBATCH line alike.
std::string word(const std::string& text) {
  const auto safe = [](unsigned char c) { return std::isalnum(c) != 0 || std::strchr("_-+=:,./%@", c) != nullptr; };
  if (!text.empty() && std::all_of(text.begin(), text.end(), safe)) return text;
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'') quoted.append("'\\'");  // out of the quotes, a quote, in again
    quoted.push_back(c);
  }
  quoted.push_back('\'');
  return quoted;
}

std::string words(const std::vector<std::string>& all) {
  std::vector<std::string> quoted;
  quoted.reserve(all.size());
  for (const std::string& one : all) quoted.push_back(word(one));
  return fmt::format("{}", fmt::join(quoted, " "));
}

std::string absolute(const std::string& path) {
  return fs::absolute(path).lexically_normal().string();
}

std::optional<std::string> content(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return std::nullopt;
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

void write(const std::string& path, const std::string& text, std::ios::openmode mode = std::ios::trunc) {
  std::ofstream out(path, std::ios::binary | mode);
  out << text;
  out.close();
  if (!out) throw InputError(fmt::format("{}: cannot write: {}", path, std::strerror(errno)));
}

std::string script_template() {
  std::string why;
  const auto path = config::find_file(kTemplate, {}, why);
  const auto text = path ? content(*path) : std::nullopt;
  if (!text) throw InputError(fmt::format("windrow submit: there is no {} (looked for {})", kTemplate, why));
  return *text;
}

/// `@KEY@` becomes the value; a line of which a value is empty, and that is a #SBATCH line, goes.
std::string filled(const std::string& text, const std::map<std::string, std::string>& values) {
  std::string all;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    std::string out;
    bool empty = false;
    for (std::size_t at = 0; at < line.size();) {
      const std::size_t end = line[at] == '@' ? line.find('@', at + 1) : std::string::npos;
      const auto value = end == std::string::npos ? values.end() : values.find(line.substr(at + 1, end - at - 1));
      if (value == values.end()) {
        out += line[at++];
        continue;
      }
      empty |= value->second.empty();
      out += value->second;
      at = end + 1;
    }
    if (!(empty && out.starts_with("#SBATCH"))) all += out + "\n";
  }
  return all;
}

/// What the command line says of the job and of its ranks.
std::string resources(const Flags& flags) {
  std::vector<std::string> all;
  for (const char* name : {"nodes", "ntasks"})
    if (const auto number = flags.count_of(name)) all.push_back(fmt::format("--{}={}", name, *number));
  for (const char* name : {"time", "partition", "account"})
    if (const auto text = flags.get<std::string>(name)) all.push_back(fmt::format("--{}={}", name, *text));
  const std::vector<std::string> more = flags.list_of("sbatch");
  all.insert(all.end(), more.begin(), more.end());
  return words(all);
}

/// Seconds of a time limit as Slurm writes them: M, M:S, H:M:S, D-H, D-H:M, D-H:M:S.
std::optional<std::uint64_t> seconds_of(const std::string& limit) {
  const std::size_t dash = limit.find('-');
  const bool days = dash != std::string::npos;
  std::vector<std::uint64_t> parts;
  for (const std::string& part : split(days ? limit.substr(dash + 1) : limit, ':')) {
    const auto number = parse_uint64(part);
    if (!number || *number > kLongestLimit_s) return std::nullopt;
    parts.push_back(*number);
  }
  const auto whole = days ? parse_uint64(limit.substr(0, dash)) : 0;
  if (!whole || *whole > kLongestLimit_s || parts.empty() || parts.size() > 3) return std::nullopt;
  if (!days && parts.size() < 3) parts.insert(parts.begin(), 0);  // minutes are the first
  parts.resize(3);
  return *whole * 86400 + parts[0] * 3600 + parts[1] * 60 + parts[2];
}

/// How long before its time limit a job is warned: to run the points to their end that are short, and to write.
std::uint64_t warning_s(const Flags& flags) {
  const auto limit_s = seconds_of(flags.get<std::string>("time").value_or(""));
  return limit_s ? std::clamp<std::uint64_t>(*limit_s / 4, kShortestWarning_s, kWarning_s) : kWarning_s;
}

/// The shell sees the number of the shard.
std::string shard_path_in_script(const std::string& result, std::uint64_t shards) {
  const std::string number = "\n", path = shard_path(result, number, shards);  // no path here has a line break
  const std::size_t at = path.find(number);
  return word(path.substr(0, at)) + "\"$SLURM_ARRAY_TASK_ID\"" + word(path.substr(at + number.size()));
}

std::string script(const Flags& flags, const sweep::Plan& plan, const std::string& result) {
  const auto shards = flags.count_of("shards");
  std::vector<std::string> sweep{absolute(flags.argument("SWEEP.yaml"))}, limits;
  for (const char* name : {"set", "only"})
    for (const std::string& value : flags.list_of(name)) sweep.insert(sweep.end(), {fmt::format("--{}", name), value});
  for (const char* name : {"time-limit", "memory-limit"})
    if (const auto value = flags.limit_of(name))
      limits.insert(limits.end(), {fmt::format("--{}", name), fmt::format("{}", *value)});
  std::string log;  // where Slurm puts something in place of what follows a %
  for (const char c : result) log.append(c == '%' ? 2 : 1, c);
  const std::map<std::string, std::string> values{
      {"NAME", word(plan.name())},
      {"FOLDER", word(fs::current_path().string())},
      {"LOG", word(log + ".%j.log")},
      {"RESOURCES", resources(flags)},
      {"WINDROW", word(fs::read_symlink("/proc/self/exe").string())},
      {"ARRAY", shards ? fmt::format("1-{}", *shards) : ""},
      {"RESULT", shards ? shard_path_in_script(result, *shards) : word(result)},
      {"WARNING", std::to_string(warning_s(flags))},
      {"SWEEP", words(sweep) + (shards ? fmt::format(" --shard \"$SLURM_ARRAY_TASK_ID/{}\"", *shards) : "")},
      {"LIMITS", words(limits)},
  };
  for (const auto& [key, value] : values)
    if (std::any_of(value.begin(), value.end(), [](unsigned char c) { return std::iscntrl(c) != 0; }))
      throw InputError("windrow submit: a line break or another control character cannot stand in a batch script");
  return filled(script_template(), values);
}

/// The script in its place, and what is needed to have everything as it was.
class Script {
 public:
  Script(std::string path, const std::string& text) : path_(std::move(path)), before_(content(path_)) {
    fs::path folder = fs::path(path_).parent_path();
    for (; !folder.empty() && !fs::exists(folder); folder = folder.parent_path()) made_.push_back(folder);
    std::error_code error;
    fs::create_directories(fs::path(path_).parent_path(), error);
    if (error)
      throw InputError(
          fmt::format("{}: cannot make this folder: {}", fs::path(path_).parent_path().string(), error.message()));
    write(path_, text);
  }
  void undo() const {
    std::error_code error;
    if (before_) return write(path_, *before_);
    fs::remove(path_, error);
    for (const fs::path& folder : made_) fs::remove(folder, error);
  }

 private:
  std::string path_;
  std::optional<std::string> before_;
  std::vector<fs::path> made_;  // the innermost first
};

/// The job's number; none if sbatch refused it, and has said why.
std::optional<std::string> submit(const std::string& script, const std::string& after) {
  std::vector<std::string> command{"sbatch", "--parsable"};
  if (!after.empty()) command.push_back("--dependency=afterany:" + after);
  command.push_back(script);
  if (!after.empty()) command.emplace_back("continue");
  const auto answer = ask(command, kSubmitLimit_s, false);
  if (!answer || answer->status != 0) return std::nullopt;
  return answer->out.substr(0, answer->out.find_first_of(";\n"));  // ID[;CLUSTER]
}

bool in_search_path(const std::string& program) {
  const char* path = std::getenv("PATH");
  for (const std::string& folder : split(path != nullptr ? path : "", ':'))
    if (::access((fs::path(folder) / program).c_str(), X_OK) == 0) return true;
  return false;
}

}  // namespace

int submit_command(const Context& context) {
  Flags flags("submit", {"SWEEP.yaml"});
  flags.value<std::string>("output,o", "FILE", "the result file; results/NAME.h5 without it")
      .count("nodes", "nodes of a job")
      .count("ntasks", "ranks of a job: one of them hands out the points. Without it Slurm's default, one per node")
      .value<std::string>("time", "HH:MM:SS", "time limit of a job")
      .value<std::string>("partition", "NAME", "where the jobs run")
      .value<std::string>("account", "NAME", "who pays for them")
      .list("sbatch", "OPTION", "any other option of sbatch: --sbatch=--mem-per-cpu=2G")
      .count("shards",
             "an array of N jobs, each with every N-th point and a file of its own, which `windrow merge` joins")
      .count("chain", fmt::format("jobs in all: each goes on where the one before it ended; {} without it", kChain))
      .flag("dry-run", "prints the batch script; writes and submits nothing")
      .list("set", "PATH=VALUE", "overrides a key of the base configuration")
      .list("only", "AXIS=VALUE", "runs only these points: AXIS=V1,V2 or AXIS<V")
      .value<double>("time-limit", "S", "seconds of wall time that a point may take")
      .value<double>("memory-limit", "MIB", "MiB of address space that a worker's sandbox may use");
  if (!flags.parse(context.arguments)) return kAllDone;
  const std::uint64_t chain = flags.count_of("chain").value_or(kChain);
  if (chain > kLongestChain)
    throw InputError(fmt::format("--chain: expected a number of jobs within 1 .. {}, found {}", kLongestChain, chain));
  config::Problems problems;
  std::optional<sweep::Shard> shard;  // the first one: what it may not do none of them may
  if (const auto shards = flags.count_of("shards")) shard = sweep::Shard{1, *shards};
  const sweep::Plan plan = sweep::Plan::load(flags.argument("SWEEP.yaml"), context.catalog,
                                             {flags.list_of("set"), flags.list_of("only"), shard}, problems);
  problems.throw_if_any();
  const std::string shown = result_path(flags, plan.name()), result = absolute(shown);
  const std::string text = script(flags, plan, result);
  if (flags.has("dry-run")) {
    fmt::print("{}", text);
    return kAllDone;
  }
  if (fs::exists(result)) store::Reader::open(result);  // a file that is not ours is refused here, not by the first job
  if (const auto jobs = slurm_jobs(result); jobs && !jobs->empty())
    throw InputError(
        fmt::format("{}: job {} of this sweep is still {}, and two must not write one file: wait for it, or "
                    "`windrow cancel {}`",
                    shown, jobs->front().id, jobs->front().state, shown));

  const std::string script_path = result + ".sbatch";
  const Script kept(script_path, text);
  if (!in_search_path("sbatch")) {
    fmt::print(
        stderr,
        "windrow submit: there is no `sbatch` in PATH: this machine is not part of a Slurm cluster, or a module is "
        "to be loaded.\nThe batch script is written all the same: {}\n",
        script_path);
    return kSomeFailed;
  }
  std::vector<std::string> ids;
  while (ids.size() < chain) {
    const auto id = submit(script_path, ids.empty() ? "" : ids.back());
    if (!id) break;
    ids.push_back(*id);
    write(slurm_jobs_path(result), fmt::format("{} {:%FT%TZ}\n", *id, fmt::gmtime(std::time(nullptr))), std::ios::app);
  }
  if (ids.empty()) {
    kept.undo();
    tell("windrow submit: Slurm took no job; nothing is left behind");
    return kSomeFailed;
  }
  fmt::print(
      "{}: {} submitted: {}\n  batch script  {}\n  progress      windrow status {}\n  an end to it  windrow cancel "
      "{}\n",
      shown, ids.size() == 1 ? "job" : "a chain of jobs", fmt::join(ids, ", "), script_path, shown, shown);
  if (const auto shards = flags.count_of("shards"))
    fmt::print("  when all is done  windrow merge {} -o {}\n", shard_path(shown, "*", *shards), shown);
  if (ids.size() == chain) return kAllDone;
  tell(fmt::format("windrow submit: Slurm took {} of {} jobs; submit again when these have ended", ids.size(), chain));
  return kSomeFailed;
}

}  // namespace windrow::cli
