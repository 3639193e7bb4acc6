// One configuration file for one simulation: which simulator it is for, and its canonical text.
#pragma once

#include <string>
#include <vector>

#include "cli/command.hpp"
#include "windrow/config/tree.hpp"

namespace windrow::cli {

struct OneConfig {
  const Simulator* simulator = nullptr;
  std::string text;  ///< canonical
};

/// Reads FILE and `--set`s. The simulator is the one that `--simulator` or the file's key `simulator` names; else the
/// one whose keys fit the file best. Reports everything that is wrong at once (InputError).
OneConfig read_one_config(const Catalog& catalog, const std::string& path, const std::vector<std::string>& sets,
                          const std::string& simulator_name);

}  // namespace windrow::cli
