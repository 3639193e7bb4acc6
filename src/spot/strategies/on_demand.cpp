// The comparison: as many instances as were measured, on demand, which nobody takes away.
#include <algorithm>
#include <cmath>

#include "spot/book.hpp"
#include "spot/model.hpp"
#include "spot/strategy.hpp"
#include "windrow/kernel/error.hpp"
#include "windrow/spot/results.hpp"

namespace windrow::spot {
namespace {

Outcome run(const RunContext& context) {
  const SpotConfig& config = context.config;
  const Model model = model_of(config);
  const Ms step = std::max<Ms>(1, std::llround(model.on_demand_step_s * 1000));
  const Ms begin = std::llround(config.creation_s * 1000) + std::llround(config.rendezvous.global_s * 1000);
  const std::optional<std::int64_t> limit = config.steps        ? config.steps
                                            : config.duration_s ? std::nullopt
                                                                : model.steps;
  constexpr Ms kEndless = Ms{1} << 60;
  const Ms done = limit ? begin + *limit * step : kEndless;
  const Ms end = std::min(done, config.duration_s ? Ms{std::llround(*config.duration_s * 1000)} : kEndless);

  Book book;
  for (int id = 0; id < model.on_demand_instances; ++id) book.add(0, id);
  const Ms ready = std::min(end, Ms{std::llround(config.creation_s * 1000)});
  for (int id = 0; id < model.on_demand_instances; ++id) book.ready(ready, id);
  book.enter(ready, Phase::reconfiguring);
  if (end > begin) {
    for (int id = 0; id < model.on_demand_instances; ++id) book.place(begin, id, true);
    book.enter(begin, Phase::running);
    book.advance(end);
    book.steps_done((end - begin) / step, model.samples_per_step);
  }
  Figures figures;
  book.report(config, model, end, PricePath(0), model.on_demand_instances, figures);
  if (context.sink.wants(results::instances))
    book.list_instances([](InstanceId id) { return fmt::format("ondemand{}", id + 1); }, end, context.sink);
  figures.put_all(context.sink);
  return Outcome::ok;
}

}  // namespace

void add_on_demand(StrategyRegistry& registry) {
  registry.add("on_demand", "instances that nobody takes away, for comparison", "Bamboo (NSDI 2023)", run);
}

}  // namespace windrow::spot
