#include "windrow/spot/config.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "spot/model.hpp"
#include "windrow/kernel/text.hpp"

namespace windrow::spot {

std::vector<std::string> bug_names() {
  std::vector<std::string> names;
  for (int n = 1; n <= 13; ++n) names.push_back(fmt::format("B{}", n));
  for (int n = 1; n <= 12; ++n) names.push_back(fmt::format("N{}", n));
  return names;
}

bool SpotConfig::keeps(std::string_view bug) const {
  if (!bugs) return published();
  return std::find(bugs->begin(), bugs->end(), bug) != bugs->end();
}

bool SpotConfig::has_end() const {
  return model == "own" ? own_model.steps.has_value() : published_steps(model).has_value();
}

bool SpotConfig::depth_is_known() const {
  if (!pipeline_depth || ticks() || model == "own") return true;
  return model_of(*this).find(*pipeline_depth) != nullptr;
}

bool SpotConfig::seed_fits_numpy() const {
  constexpr std::uint64_t kMost = 0xFFFFFFFFU;
  const std::optional<std::uint64_t> number = parse_uint64(seed.digits);
  return number && *number <= kMost;
}

}  // namespace windrow::spot

namespace windrow::config {

using spot::Addition;
using spot::Period;

std::optional<Addition> Format<Addition>::parse(std::string_view text) {
  if (text == "default") return Addition{Addition::Kind::by_hour, 0};
  if (text == "random") return Addition{Addition::Kind::random, 0};
  const std::optional<double> value = parse_double(text);
  if (!value || !(*value >= 0 && *value <= 1)) return std::nullopt;
  return Addition{Addition::Kind::fixed, *value};
}

std::string Format<Addition>::text(const Addition& addition) {
  if (addition.kind == Addition::Kind::by_hour) return "default";
  return addition.kind == Addition::Kind::random ? "random" : to_text(addition.probability);
}

std::optional<Period> Format<Period>::parse(std::string_view text) {
  if (text == "auto") return Period{Period::Kind::automatic, 0};
  if (text == "never") return Period{Period::Kind::never, 0};
  constexpr double kMost = 1e9;
  const std::optional<double> value = parse_double(text);
  if (!value || !(*value > 0 && *value <= kMost)) return std::nullopt;
  return Period{Period::Kind::fixed, *value};
}

std::string Format<Period>::text(const Period& period) {
  if (period.kind == Period::Kind::automatic) return "auto";
  return period.kind == Period::Kind::never ? "never" : to_text(period.seconds);
}

}  // namespace windrow::config
