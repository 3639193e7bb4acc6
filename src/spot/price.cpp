#include "spot/price.hpp"

#include <algorithm>
#include <cmath>

#include "spot/availability.hpp"
#include "windrow/kernel/error.hpp"
#include "windrow/kernel/hash.hpp"
#include "windrow/kernel/streams.hpp"
#include "windrow/workload/spot_trace.hpp"

namespace windrow::spot {

PricePath PricePath::of(const SpotConfig& config, Ms end) {
  const PriceConfig& price = config.price;
  if (price.kind == "constant") return PricePath(price.spot);
  PricePath path;
  if (price.kind == "trace") {
    for (const auto& row : workload::read_prices(price.file->path))
      path.steps_.push_back({std::llround(row.time_s * 1000), row.usd_per_h});
    path.steps_.front().time = 0;  // before the first row its price holds
    return path;
  }
  // Ornstein and Uhlenbeck, sampled exactly; the log is centred so that the mean of the price is price.spot.
  constexpr Ms kInterval = 300000;
  Stream random = Streams(fnv1a(config.seed.digits)).stream("price");
  const double keep = std::exp(-static_cast<double>(kInterval) / 1000 / price.reversion_s);
  const double spread = price.volatility * std::sqrt(1 - keep * keep);
  const double centre = std::log(price.spot) - price.volatility * price.volatility / 2;
  double deviation = random.normal(0, price.volatility);
  for (Ms time = 0; time <= end; time += kInterval) {
    path.steps_.push_back({time, std::exp(centre + deviation)});
    deviation = keep * deviation + random.normal(0, spread);
  }
  return path;
}

std::size_t PricePath::index(Ms time) const {
  const auto after =
      std::upper_bound(steps_.begin(), steps_.end(), time, [](Ms t, const Step& step) { return t < step.time; });
  return after == steps_.begin() ? 0 : static_cast<std::size_t>(after - steps_.begin()) - 1;
}

double PricePath::at(Ms time) const {
  return steps_[index(time)].usd_per_h;
}

double PricePath::cost(Ms begin, Ms end) const {
  double usd = 0;
  for (std::size_t i = index(begin); begin < end; ++i) {
    const Ms until = i + 1 < steps_.size() ? std::min(end, steps_[i + 1].time) : end;
    usd += steps_[i].usd_per_h * (static_cast<double>(until - begin) / static_cast<double>(kHour));
    begin = until;
  }
  return usd;
}

}  // namespace windrow::spot
