#include "support/pool.hpp"

#include <algorithm>
#include <deque>
#include <variant>
#include <vector>

#include "windrow/kernel/error.hpp"
#include "windrow/kernel/events.hpp"
#include "windrow/kernel/random.hpp"
#include "windrow/kernel/stats.hpp"

namespace windrow::pool {
namespace {

struct ServiceEnd {
};  // first in the variant, so first at equal times: the replica is free before a request looks for one
struct Arrival {};
struct Sample {};
using Event = std::variant<ServiceEnd, Arrival, Sample>;

class Pool {
 public:
  Pool(const PoolConfig& config, ResultSink& sink)
      : config_(config),
        sink_(sink),
        arrivals_(Streams(config.seed).stream("arrivals")),
        services_(Streams(config.seed).stream("services")) {}

  Outcome run(const StopToken& stop) {
    schedule_next_arrival();
    if (sink_.wants(load)) schedule_next_sample();
    while (auto next = events_.pop_until(config_.horizon_s)) {
      if (stop.requested()) return Outcome::stopped;
      now_s_ = next->time_s;
      std::visit(overloaded{
                     [this](ServiceEnd) { busy_.add(now_s_, -1); },
                     [this](Arrival) {
                       waiting_.push_back(now_s_);
                       schedule_next_arrival();
                     },
                     [this](Sample) {
                       sink_.add(load, {now_s_, static_cast<std::int64_t>(waiting_.size()), busy_replicas()});
                       schedule_next_sample();
                     },
                 },
                 next->event);
      while (busy_replicas() < config_.replicas && !waiting_.empty()) start_service();
      if (config_.queue_limit && std::cmp_greater(waiting_.size(), *config_.queue_limit))
        return finish(Outcome::saturated);
    }
    now_s_ = config_.horizon_s;
    return finish(Outcome::ok);
  }

 private:
  std::int64_t busy_replicas() const { return static_cast<std::int64_t>(busy_.value()); }
  void schedule_next_arrival() {
    events_.schedule(now_s_ + arrivals_.exponential(1.0 / config_.arrival_rate_per_s), Arrival{});
  }
  void schedule_next_sample() { events_.schedule(config_.horizon_s * ++samples_ / 50, Sample{}); }

  // In order of arrival, so that the n-th request takes equally long whatever the number of replicas.
  void start_service() {
    const double arrival_s = waiting_.front(), wait_s = now_s_ - arrival_s;
    waiting_.pop_front();
    if (arrival_s >= config_.warmup_s) {
      waits_s_.push_back(wait_s);
      sink_.add(requests, {started_, arrival_s, wait_s, std::string_view(wait_s > 0 ? "waited" : "served")});
    }
    ++started_;
    busy_.add(now_s_, 1);
    events_.schedule(now_s_ + services_.exponential(config_.service_mean_s), ServiceEnd{});
  }

  Outcome finish(Outcome outcome) {
    if (outcome == Outcome::saturated)
      sink_.explain(fmt::format("{} requests waiting at {:.0f} s: more than queue_limit", waiting_.size(), now_s_));
    const auto waited = std::count_if(waits_s_.begin(), waits_s_.end(), [](double wait_s) { return wait_s > 0; });
    const auto served = static_cast<double>(waits_s_.size());
    sink_.put(wait_mean, pairwise_mean(waits_s_));
    sink_.put(wait_p99, quantile(waits_s_, 0.99));
    sink_.put(waiting_share, static_cast<double>(waited) / served);
    sink_.put(utilization, busy_.mean_until(now_s_) / config_.replicas);
    sink_.put(requests_served, served);
    return outcome;
  }

  const PoolConfig& config_;
  ResultSink& sink_;
  Stream arrivals_, services_;
  EventQueue<Event> events_;
  double now_s_ = 0;
  int samples_ = -1;
  std::int64_t started_ = 0;
  std::deque<double> waiting_;  ///< times of arrival, in s
  TimeWeighted busy_;
  std::vector<double> waits_s_;
};

Description description() {
  Description d;
  d.name = "pool";
  d.version = 1;
  d.help = "identical replicas behind one queue of requests (M/M/c)";
  d.source = "Erlang 1917";
  d.config = config::Schema::of<PoolConfig>();
  d.metrics = {&wait_mean, &wait_p99, &waiting_share, &utilization, &requests_served};
  d.tables = {&requests};
  d.series = {&load};
  return d;
}

}  // namespace

PoolSimulator::PoolSimulator() : description_(description()) {}

double PoolSimulator::cost_hint(const config::Tree& config) const {
  const auto pool = config::read<PoolConfig>(config);
  return pool.arrival_rate_per_s * pool.horizon_s;
}

Outcome PoolSimulator::run(const config::Tree& config, ResultSink& sink, const StopToken& stop) const {
  const auto pool = config::read<PoolConfig>(config);
  return Pool(pool, sink).run(stop);
}

double PoolResults::operator[](const Metric& metric) const {
  static const Description kDeclared = description();
  const auto at = std::find(kDeclared.metrics.begin(), kDeclared.metrics.end(), &metric);
  WINDROW_CHECK(at != kDeclared.metrics.end(), "pool has no metric {}", metric.name);
  return output_.metrics.at(static_cast<std::size_t>(at - kDeclared.metrics.begin()));
}

PoolResults simulate(const PoolConfig& config, Keep keep) {
  static const PoolSimulator kSimulator;
  return PoolResults(windrow::simulate(kSimulator, config::parse_canonical(config::canonical_text(config)), keep));
}

}  // namespace windrow::pool
