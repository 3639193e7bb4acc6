#include "windrow/training/config.hpp"

#include <fmt/format.h>

#include "windrow/kernel/text.hpp"
#include "windrow/training/policy.hpp"

namespace windrow::training {

std::vector<std::string> policy_names() {
  std::vector<std::string> names;
  for (const PolicyInfo& policy : policies().all()) names.push_back(policy.name);
  return names;
}

bool needs_prices(const std::string& policy) {
  const PolicyInfo* info = policies().find(policy);
  return info != nullptr && info->traits.needs_prices;
}

bool needs_deadlines(const std::string& policy) {
  const PolicyInfo* info = policies().find(policy);
  return info != nullptr && info->traits.needs_deadlines;
}

config::FileRef default_throughputs() {
  constexpr const char* kPath = "configs/training/osdi20_throughputs.csv";
  config::FileRef file{kPath, {}};
  const config::Node node = config::Node::scalar(kPath);
  config::detail::Faults faults;  // a missing file is reported by the key's requirement, if the key is not given
  config::detail::Value<config::FileRef>::read(node, file, config::any(), faults);
  return file;
}

}  // namespace windrow::training

namespace windrow::config {

using training::GpuCounts;

std::optional<GpuCounts> Format<GpuCounts>::parse(std::string_view text) {
  constexpr std::int64_t kMax = 100000;
  GpuCounts counts;
  for (int* const count : {&counts.v100, &counts.p100, &counts.k80}) {
    const bool last = count == &counts.k80;
    const std::size_t end = last ? text.size() : text.find(':');
    if (end == std::string_view::npos) return std::nullopt;
    const auto value = parse_int64(text.substr(0, end));
    if (!value || *value < 0 || *value > kMax) return std::nullopt;
    *count = static_cast<int>(*value);
    if (!last) text.remove_prefix(end + 1);
  }
  return counts;
}

std::string Format<GpuCounts>::text(const GpuCounts& counts) {
  return fmt::format("{}:{}:{}", counts.v100, counts.p100, counts.k80);
}

}  // namespace windrow::config
