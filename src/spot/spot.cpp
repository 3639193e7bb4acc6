#include "windrow/spot/spot.hpp"

#include "spot/availability.hpp"
#include "spot/figures.hpp"
#include "spot/price.hpp"
#include "spot/strategy.hpp"
#include "windrow/spot/results.hpp"

namespace windrow::spot {

SpotSimulator::SpotSimulator() {
  description_.name = "spot";
  description_.version = 1;
  description_.help = "training of a large model on instances that can be taken away at any time";
  description_.source = "Bamboo (Thorpe et al., NSDI 2023) and its predecessor; own strategies";
  description_.config = config::Schema::of<SpotConfig>();
  description_.metrics = all_metrics();
  description_.tables = {&results::instances, &results::rendezvous, &results::events, &results::training_events,
                         &results::tick_log};
  description_.series = {&results::cluster, &results::instances_series, &results::throughput_series,
                         &results::cost_series, &results::value_series};
  for (const StrategyInfo& one : strategies().all())
    description_.parts.push_back({"strategies", one.name, one.help, one.source});
  for (const AvailabilityInfo& one : availabilities().all())
    description_.parts.push_back({"availability_models", one.name, one.help, one.source});
  for (const std::string& name : model_names())
    description_.parts.push_back({"models", name, name == "own" ? "the keys of own_model" : "a published model",
                                  name == "own" ? "" : "Bamboo (NSDI 2023)"});
}

double SpotSimulator::cost_hint(const config::Tree& config) const {
  const auto keys = config::read<SpotConfig>(config);
  // Events of the fleet per hour, each with some tens of nanoseconds of work; a step costs little, a tick a little
  // more.
  constexpr double kDay = 86400, kPerHour = 40, kPerStep = 0.05;
  const double steps = static_cast<double>(keys.steps.value_or(20000)), end_s = keys.duration_s.value_or(kDay);
  if (keys.ticks()) return end_s / keys.tick_s;
  const double removal = keys.availability.removal_probability.value_or(0.1);
  return steps * kPerStep + end_s / 3600 * kPerHour * (1 + 50 * removal);
}

void SpotSimulator::check(const config::Tree& config) const {
  const auto keys = config::read<SpotConfig>(config);
  const Model model = model_of(keys);
  if (!keys.ticks()) (void)make_availability(keys, model);
  (void)PricePath::of(keys, 0);
}

Outcome SpotSimulator::run(const config::Tree& config, ResultSink& sink, const StopToken& stop) const {
  const auto keys = config::read<SpotConfig>(config);
  return run_strategy({keys, sink, stop});
}

}  // namespace windrow::spot
