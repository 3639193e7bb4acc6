// An M/M/c queue: identical replicas behind one queue of requests. Small, with closed forms: what the engine's own
// tests simulate.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "windrow/simulator/output.hpp"
#include "windrow/simulator/simulator.hpp"

namespace windrow::pool {

struct PoolConfig {
  double arrival_rate_per_s = 8.0, service_mean_s = 0.1;
  double horizon_s = 3600.0, warmup_s = 300.0;
  int replicas = 1;
  std::optional<int> queue_limit;
  std::uint64_t seed = 0;

  template <class Keys>
  void visit(Keys& key) {
    using config::above, config::at_least, config::within;
    key("arrival_rate_per_s", arrival_rate_per_s, above(0), "mean rate of Poisson arrivals");
    key("service_mean_s", service_mean_s, above(0), "mean of the exponential service time of one request");
    key("replicas", replicas, within(1, 1e6), "identical replicas behind the queue");
    key("horizon_s", horizon_s, above(0), "simulated time at which the run ends");
    key("warmup_s", warmup_s, at_least(0), "requests that arrive before this time are not measured");
    key("queue_limit", queue_limit, at_least(0), "more requests waiting than this end the run as saturated");
    key("seed", seed, "root of every random stream of the run");
    key.require("warmup_s", warmup_s < horizon_s, "must be below horizon_s, or nothing is measured");
  }
};

inline const Metric wait_mean{"wait_mean", "s", Better::lower,
                              "mean over measured requests of service start minus arrival"};
inline const Metric wait_p99{"wait_p99", "s", Better::lower, "99 % quantile of the same"};
inline const Metric waiting_share{"waiting_share", "1", Better::lower, "share of measured requests that had to wait"};
inline const Metric utilization{"utilization", "1", Better::higher, "busy replica-seconds over replicas times horizon"};
inline const Metric requests_served{"requests_served", "1", Better::higher, "measured requests whose service began"};
inline const Table requests{"requests",
                            "one row per measured request, in order of service start",
                            {{"request", "1", "number of the request, in order of arrival", ColumnType::integer},
                             {"arrival", "s", "time of arrival"},
                             {"wait", "s", "service start minus arrival"},
                             {"fate", "", "`served` or `waited`", ColumnType::text}}};
inline const Series load{{"load",
                          "state of the queue at 51 moments, equally spaced from 0 to the horizon",
                          {{"time", "s", "simulated time"},
                           {"waiting", "1", "requests in the queue", ColumnType::integer},
                           {"busy", "1", "busy replicas", ColumnType::integer}}}};

class PoolSimulator final : public Simulator {
 public:
  PoolSimulator();
  const Description& describe() const override { return description_; }
  /// Requests of the run.
  double cost_hint(const config::Tree& config) const override;
  Outcome run(const config::Tree& config, ResultSink& sink, const StopToken& stop) const override;

 private:
  Description description_;
};

/// Results by the objects that declare them.
class PoolResults {
 public:
  explicit PoolResults(PointOutput output) : output_(std::move(output)) {}
  double operator[](const Metric& metric) const;
  const PointOutput& output() const { return output_; }

 private:
  PointOutput output_;
};

PoolResults simulate(const PoolConfig& config, Keep keep = {});

}  // namespace windrow::pool
