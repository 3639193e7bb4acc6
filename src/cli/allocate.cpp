// windrow allocate: one allocation of one policy, with its objective: the tool with which one understands a policy.
#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "cli/command.hpp"
#include "cli/table.hpp"
#include "windrow/config/schema.hpp"
#include "windrow/kernel/error.hpp"
#include "windrow/kernel/text.hpp"
#include "windrow/training/instance.hpp"

namespace windrow::cli {

namespace {

using training::Answer;
using training::Instance;
using training::PerType;

training::TrainingConfig read_options(const std::vector<std::string>& sets,
                                      const std::optional<std::string>& tie_break) {
  config::Problems problems;
  config::Tree tree;
  const auto set = [&](const std::string& typed) {
    if (auto assignment = config::parse_set(typed, 0, problems))
      tree.set(assignment->path, std::move(assignment->value), problems);
  };
  for (const std::string& typed : sets) set(typed);
  if (tie_break)
    tree.set("tie_break", config::parse_value(*tie_break, "--tie-break " + *tie_break, 0, problems), problems);
  auto options = config::read<training::TrainingConfig>(tree, problems);
  problems.throw_if_any();
  return options;
}

/// What a job or a pair is called: `3`, `3-7`.
std::string name_of(const Instance& instance, std::size_t first, std::optional<std::size_t> second = std::nullopt) {
  const std::int64_t id = instance.jobs[first].id;
  return second ? fmt::format("{}-{}", id, instance.jobs[*second].id) : std::to_string(id);
}

/// Calls `row(name, share)` for each job, then for each pair with a share, in order of ids.
template <class Row>
void for_each_row(const Instance& instance, const Answer& answer, Row row) {
  for (std::size_t j = 0; j < instance.jobs.size(); ++j) row(name_of(instance, j), answer.allocation[j]);
  std::vector<training::Allocation::Pair> pairs(answer.allocation.pairs().begin(), answer.allocation.pairs().end());
  std::sort(pairs.begin(), pairs.end(),
            [](const auto& a, const auto& b) { return std::pair(a.first, a.second) < std::pair(b.first, b.second); });
  for (const auto& pair : pairs)
    if (pair.share != PerType{}) row(name_of(instance, pair.first, pair.second), pair.share);
}

double share_of(const Instance& instance, const PerType& share, const std::string& type) {
  const auto& names = instance.cluster.type_names;
  const auto at = std::find(names.begin(), names.end(), type);
  return at == names.end() ? 0 : share[static_cast<std::size_t>(at - names.begin())];
}

nlohmann::ordered_json finite(double value) {
  return std::isfinite(value) ? nlohmann::ordered_json(value) : nlohmann::ordered_json(nullptr);
}

void print_json(const Instance& instance, const std::string& policy, const Answer& answer) {
  nlohmann::ordered_json all;
  all["policy"] = policy;
  all["tie_break"] = nullptr;
  all["objective"] = nullptr;
  if (answer.explanation) {
    const training::Explanation& why = *answer.explanation;
    all["tie_break"] = why.tie_break;
    all["objective"] = finite(why.objective);
    all["objective_name"] = why.objective_name;
    all["objective_unit"] = why.objective_unit;
    all["gap"] = finite(why.gap);
    all["rounds"] = why.rounds;
    all["fell_back"] = why.fell_back;
    all["failed"] = why.failed;
    all["deadlines_dropped"] = why.floors_dropped;
  }
  auto& allocation = all["allocation"] = nlohmann::ordered_json::object();
  for_each_row(instance, answer, [&](const std::string& name, const PerType& share) {
    auto& row = allocation[name] = nlohmann::ordered_json::object();
    for (const std::string& type : instance.type_names) row[type] = share_of(instance, share, type);
  });
  const auto by_job = [&](const char* name, const std::vector<double>& values) {
    if (values.empty()) return;
    auto& map = all[name] = nlohmann::ordered_json::object();
    for (std::size_t j = 0; j < instance.jobs.size(); ++j) map[name_of(instance, j)] = finite(values[j]);
  };
  if (answer.explanation) {
    by_job("levels", answer.explanation->levels);
    by_job("discounts", answer.explanation->discounts);
  }
  fmt::print("{}\n", all.dump(1));
}

void print_text(const Instance& instance, const Answer& answer) {
  std::vector<std::string> headings = {"job"};
  for (const std::string& type : instance.type_names) headings.push_back(type);
  const bool levels = answer.explanation && !answer.explanation->levels.empty();
  if (levels) headings.emplace_back("level");
  TextTable table(headings);
  std::size_t rows = 0;
  for_each_row(instance, answer, [&](const std::string& name, const PerType& share) {
    std::vector<std::string> cells = {name};
    for (const std::string& type : instance.type_names)
      cells.push_back(fmt::format("{:.6f}", share_of(instance, share, type)));
    if (levels) cells.push_back(rows < instance.jobs.size() ? short_number(answer.explanation->levels[rows]) : "");
    ++rows;
    table.add(std::move(cells));
  });
  table.print(stdout);
  if (!answer.explanation) return;
  const training::Explanation& why = *answer.explanation;
  std::string value = std::isnan(why.objective) ? "none" : to_text(why.objective);
  if (!std::isnan(why.objective) && why.objective_unit != "1") value += fmt::format(" {}", why.objective_unit);
  fmt::print("{}: {}; relative gap {:.1e}, {}{}{}{}\n", why.objective_name, value, why.gap,
             counted(static_cast<std::uint64_t>(why.rounds), "solver round"),
             why.fell_back ? "; solved as a general linear program" : "",
             why.failed ? "; no solver had an answer: equal shares" : "",
             why.floors_dropped ? "; the deadlines cannot all be met and were given up" : "");
}

}  // namespace

int allocate_command(const Context& context) {
  Flags flags("allocate", {"INSTANCE.json"});
  const config::Schema& schema = context.catalog.find("training")->describe().config;
  flags.value<std::string>("policy", "NAME", "the policy (windrow list policies)")
      .value<std::string>("tie-break", "MODE", "central, lexicographic, vertex, ecos, or auto: what suits the policy")
      .choices("policy", schema.find("policy")->names)
      .choices("tie-break", schema.find("tie_break")->names)
      .list("set", "PATH=VALUE", "sets another option of a policy, as in a configuration: las.threshold_gpu_s=60")
      .flag("json", "prints one JSON object: {\"objective\": …, \"allocation\": {…}, \"levels\": {…}}");
  if (!flags.parse(context.arguments)) return kAllDone;
  const auto policy = flags.get<std::string>("policy");
  const std::string path = flags.argument("INSTANCE.json");
  training::TrainingConfig options;
  Instance instance;
  std::string wrong;  // with any of the three, all at once
  const auto attempt = [&](auto read) {
    try {
      read();
    } catch (const InputError& error) {
      wrong += (wrong.empty() ? "" : "\n") + std::string(error.what());
    }
  };
  attempt([&] {
    if (!policy) throw InputError("--policy: missing: expected the name of a policy (windrow list policies)");
    training::policy_named(*policy, "--policy");
  });
  attempt([&] { options = read_options(flags.list_of("set"), flags.get<std::string>("tie-break")); });
  attempt([&] { instance = training::read_instance(path); });
  if (!wrong.empty()) throw InputError(wrong);
  Answer answer;
  try {
    answer = training::allocate(instance, *policy, options);
  } catch (const PointError& error) {
    tell(fmt::format("failed: {}", error.what()));
    return kSomeFailed;
  } catch (const InputError& error) {
    throw InputError(fmt::format("{}: {}", path, error.what()));
  }
  flags.has("json") ? print_json(instance, *policy, answer) : print_text(instance, answer);
  return kAllDone;
}

}  // namespace windrow::cli
