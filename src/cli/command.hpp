// A command of the program: its flags by Boost.Program_options, its help, its errors.
#pragma once

#include <boost/program_options.hpp>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "windrow/simulator/simulator.hpp"
#include "windrow/sweep/plan.hpp"

namespace windrow::exec {
class Launch;
}

namespace windrow::cli {

/// Exit statuses: the contract with scripts.
enum Exit : int { kAllDone = 0, kSomeFailed = 1, kBadInput = 2, kStoppedEarly = 3 };

/// What a command takes, as its Flags say it: of this the help, the completion of shells and the manual are made.
struct Declaration {
  struct Option {
    std::string name, letter, placeholder, help;  ///< without dashes; no placeholder: takes no value
    bool repeats = false;
    std::vector<std::string> choices;  ///< all that the value can be; empty if it can be anything
  };
  struct Positional {
    std::string name;
    bool optional = false;
    std::vector<std::string> choices;
    bool several = false;  ///< it can be followed by more of its kind
  };
  std::vector<Option> options;
  std::vector<Positional> positional;
};

/// A command's own arguments, without program and command name.
struct Arguments : std::vector<std::string> {
  using std::vector<std::string>::vector;
  /// Where this is set, the command is not to run: Flags::parse puts here what the command takes, and returns false.
  Declaration* declaration = nullptr;
};

/// What a command is given: the simulators, its arguments, and a launch where it asked for one.
struct Context {
  const Catalog& catalog;
  Arguments arguments;
  exec::Launch* launch = nullptr;
};

struct Command {
  std::string name, synopsis, help;
  int (*run)(const Context&);
  bool launches = false;  ///< runs points in sandboxes or on ranks: a Launch is made before anything else
};

const std::vector<Command>& commands();

/// The command of that name; InputError with the nearest name.
const Command& command_named(const std::string& name);

Declaration declaration_of(const Command& command, const Catalog& catalog);

/// The flags of one command. Adds `--help`, knows nearest names, and turns every complaint into an InputError.
class Flags {
 public:
  /// `positional`: names of the arguments without a flag, in order; one that ends in `?` may be left out, a last one
  /// that ends in `…` be given several times: list_of() has them.
  Flags(std::string command, std::vector<std::string> positional);

  template <class T>
  Flags& value(const std::string& name, const std::string& placeholder, const std::string& help) {
    namespace po = boost::program_options;
    options_.add_options()(name.c_str(), po::value<T>()->value_name(placeholder), help.c_str());
    return *this;
  }
  /// May be given several times.
  Flags& list(const std::string& name, const std::string& placeholder, const std::string& help);
  Flags& flag(const std::string& name, const std::string& help);
  /// For the program itself: told to nobody.
  Flags& hidden(const std::string& name);
  /// A number of things, at least 1.
  Flags& count(const std::string& name, const std::string& help) { return value<std::int64_t>(name, "N", help); }

  /// All that an option or a positional argument can be: for help and completion; the command itself refuses others.
  Flags& choices(const std::string& name, std::vector<std::string> values);

  /// False if `--help` was asked for and printed, or if the declaration was asked for.
  bool parse(const Arguments& arguments);

  bool has(const std::string& name) const { return map_.count(name) != 0; }
  template <class T>
  std::optional<T> get(const std::string& name) const {
    if (!has(name)) return std::nullopt;
    return map_[name].as<T>();
  }
  std::optional<std::uint64_t> count_of(const std::string& name) const;
  std::optional<double> limit_of(const std::string& name) const;  ///< above 0; in s or MiB
  std::vector<std::string> list_of(const std::string& name) const;
  std::string argument(const std::string& name) const { return map_[name].as<std::string>(); }

 private:
  Declaration declaration() const;
  void print_help() const;

  std::string command_;
  std::vector<std::string> positional_;
  std::map<std::string, std::vector<std::string>> choices_;
  boost::program_options::options_description options_, hidden_;
  boost::program_options::variables_map map_;
};

/// Where a sweep's results go: `--output`, else results/NAME.h5; of a shard results/NAME.shard-K-of-N.h5.
std::string result_path(const Flags& flags, const std::string& sweep_name,
                        const std::optional<sweep::Shard>& shard = std::nullopt);

/// `K/N` of --shard; none without the option.
std::optional<sweep::Shard> shard_of(const Flags& flags);
/// The same for a file and for what stands in place of K: `r.h5` → `r.shard-K-of-N.h5`.
std::string shard_path(const std::string& path, const std::string& number, std::uint64_t of);

/// Splits `a,b,c`; empty parts are dropped.
std::vector<std::string> split(const std::string& text, char separator);

}  // namespace windrow::cli
