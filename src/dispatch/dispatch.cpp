#include "windrow/dispatch/dispatch.hpp"

#include <algorithm>
#include <optional>
#include <vector>

#include "windrow/kernel/events.hpp"
#include "windrow/kernel/stats.hpp"
#include "windrow/kernel/streams.hpp"

namespace windrow::dispatch {
namespace {

const Metric throughput{"throughput", "1/s", Better::higher, "points that end in a second"};
const Metric worker_utilization{"worker_utilization", "1", Better::higher,
                                "share of the time in which workers run points"};
const Metric master_utilization{"master_utilization", "1", Better::neither,
                                "share of the time in which the master is busy"};
const Metric wait_mean{"wait_mean", "s", Better::lower, "time that a result waits for the master"};
const Metric makespan{"makespan", "s", Better::lower,
                      "from the first message to the last result that the master has taken"};

/// At the master, or at a worker: what arrives there, or ends.
struct Result {
  std::uint32_t worker;
};
struct Assignment {
  std::uint32_t worker;
};
struct End {
  std::uint32_t worker;
};
using Event = std::variant<End, Assignment, Result>;

class Dispatch {
 public:
  explicit Dispatch(const DispatchConfig& config)
      : config_(config),
        service_s_(1e-6 * (config.message_us + config.point_us)),
        latency_s_(1e-6 * config.latency_us),
        points_(static_cast<std::uint64_t>(config.workers * config.points_per_worker)),
        durations_(Streams(config.seed).stream("durations")),
        workers_(static_cast<std::size_t>(config.workers)) {}

  Outcome run(ResultSink& sink, const StopToken& stop) {
    for (std::int64_t round = 0; round < config_.prefetch; ++round)
      for (std::uint32_t worker = 0; worker < workers_.size(); ++worker) assign(worker, 0);
    constexpr std::uint64_t kEventsBetweenLooks = 4096;
    for (std::uint64_t count = 0; auto next = events_.pop(); ++count) {
      if (count % kEventsBetweenLooks == 0 && stop.requested()) return Outcome::stopped;
      const double now_s = next->time_s;
      std::visit(overloaded{[&](const End& end) { on_end(end.worker, now_s); },
                            [&](const Assignment& assignment) { on_assignment(assignment.worker, now_s); },
                            [&](const Result& result) { on_result(result.worker, now_s); }},
                 next->event);
    }
    const double window_s = window_end_s_ - window_begin_s_;
    const auto measured = static_cast<double>(last_counted() - first_counted());
    sink.put(throughput, measured / window_s);
    sink.put(worker_utilization, running_in_window_ / window_s / static_cast<double>(workers_.size()));
    sink.put(master_utilization, std::min(1.0, master_in_window_s_ / window_s));
    sink.put(wait_mean, waits_.mean());
    sink.put(makespan, master_free_s_);
    return Outcome::ok;
  }

 private:
  struct Worker {
    std::uint32_t waiting = 0;
    bool runs = false;
  };

  std::uint64_t first_counted() const { return points_ / 5; }
  std::uint64_t last_counted() const { return points_ - points_ / 5; }
  bool in_window() const { return ended_ >= first_counted() && ended_ < last_counted(); }

  /// The master is free for this at `now_s` at the earliest; gives the time when it has done it.
  double serve(double now_s) {
    master_free_s_ = std::max(master_free_s_, now_s) + service_s_;
    if (in_window()) master_in_window_s_ += service_s_;
    return master_free_s_;
  }
  void assign(std::uint32_t worker, double now_s) {
    if (assigned_ == points_) return;
    ++assigned_;
    events_.schedule(serve(now_s) + latency_s_, Assignment{worker});
  }
  void on_assignment(std::uint32_t worker, double now_s) {
    ++workers_[worker].waiting;
    if (!workers_[worker].runs) begin(worker, now_s);
  }
  void begin(std::uint32_t worker, double now_s) {
    --workers_[worker].waiting;
    workers_[worker].runs = true;
    running_.add(now_s, 1);
    events_.schedule(now_s + duration_s(), End{worker});
  }
  void on_end(std::uint32_t worker, double now_s) {
    workers_[worker].runs = false;
    running_.add(now_s, -1);
    ++ended_;
    if (ended_ == first_counted()) {
      window_begin_s_ = now_s;
      running_in_window_ = -running_.integral_until(now_s);
    }
    if (ended_ == last_counted()) {
      window_end_s_ = now_s;
      running_in_window_ += running_.integral_until(now_s);
    }
    if (workers_[worker].waiting > 0) begin(worker, now_s);
    events_.schedule(now_s + latency_s_, Result{worker});
  }
  void on_result(std::uint32_t worker, double now_s) {
    if (in_window()) waits_.add(std::max(0.0, master_free_s_ - now_s));
    if (assigned_ < points_)
      assign(worker, now_s);
    else
      serve(now_s);
  }
  double duration_s() {
    if (config_.spread == "constant") return config_.point_s;
    if (config_.spread == "uniform") return durations_.uniform(0.5, 1.5) * config_.point_s;
    return durations_.exponential(config_.point_s);
  }

  const DispatchConfig& config_;
  const double service_s_, latency_s_;
  const std::uint64_t points_;
  Stream durations_;
  std::vector<Worker> workers_;
  EventQueue<Event> events_;
  std::uint64_t assigned_ = 0, ended_ = 0;
  double master_free_s_ = 0, master_in_window_s_ = 0;
  double window_begin_s_ = 0, window_end_s_ = 0, running_in_window_ = 0;
  TimeWeighted running_;  ///< workers that run a point
  Mean waits_;
};

Description description() {
  Description d;
  d.name = "dispatch";
  d.version = 1;
  d.help = "the engine itself: one master that hands points out to many workers";
  d.source = "Windrow";
  d.config = config::Schema::of<DispatchConfig>();
  d.metrics = {&throughput, &worker_utilization, &master_utilization, &wait_mean, &makespan};
  const auto add = [&](const char* name, const char* help) { d.parts.push_back({"spreads", name, help, ""}); };
  add("constant", "all points take the same time");
  add("uniform", "from half to one and a half of the mean");
  add("exponential", "without memory");
  return d;
}

}  // namespace

DispatchSimulator::DispatchSimulator() : description_(description()) {}

double DispatchSimulator::cost_hint(const config::Tree& config) const {
  const DispatchConfig usual;
  return config.number("workers", static_cast<double>(usual.workers)) *
         config.number("points_per_worker", static_cast<double>(usual.points_per_worker));
}

Outcome DispatchSimulator::run(const config::Tree& config, ResultSink& sink, const StopToken& stop) const {
  const auto asked = config::read<DispatchConfig>(config);
  return Dispatch(asked).run(sink, stop);
}

}  // namespace windrow::dispatch
