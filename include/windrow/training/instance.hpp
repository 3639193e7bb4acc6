// One situation of a training cluster on its own: what a policy is asked, without a simulation around it. The format is
// that of docs/training-simulator.md, "One allocation".
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "windrow/training/config.hpp"
#include "windrow/training/policy.hpp"

namespace windrow::training {

struct Instance {
  Cluster cluster;                      ///< types with GPUs only
  std::vector<std::string> type_names;  ///< all that the file names, alphabetical
  std::vector<JobView> jobs;            ///< ids ascending
  PackedRates packed;
  PerType price_usd_per_h{};
  EntitiesConfig entities;
  bool has_prices = false, has_deadlines = false;
};

/// Reads an instance from a JSON (or YAML) file. Throws InputError with everything that is wrong, by line and column.
Instance read_instance(const std::string& path);

/// Throws InputError, with `where` it stood, for a name that is none.
const PolicyInfo& policy_named(const std::string& name, std::string_view where);

/// The answer of a policy to an instance.
struct Answer {
  Allocation allocation;
  std::optional<Explanation> explanation;  ///< none where nothing is optimised
};

/// `options`: the keys of policies (`tie_break`, `las.threshold_gpu_s` ...); its policy, entities and prices are not
/// looked at. The policy is asked once, without a history. Throws InputError where the policy asks for what the
/// instance does not have, PointError where it cannot decide.
Answer allocate(const Instance& instance, const std::string& policy, TrainingConfig options);

}  // namespace windrow::training
