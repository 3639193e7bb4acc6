#include "spot/pipelines.hpp"

#include <algorithm>
#include <cmath>
#include <variant>

#include "spot/availability.hpp"
#include "spot/book.hpp"
#include "windrow/kernel/error.hpp"
#include "windrow/kernel/events.hpp"
#include "windrow/spot/results.hpp"

namespace windrow::spot {
namespace {

// In order of rank at equal times: the fleet first, then the job.
struct Added {
  InstanceId id;
};
struct Removed {
  InstanceId id;
};
struct Warned {
  InstanceId id;
};
struct Hour {};
struct Ready {
  InstanceId id;
};
/// A rendezvous, a load or a pause for a checkpoint is over. Of an earlier generation: it was broken off.
struct PhaseEnd {
  int generation;
};
struct Written {
  int checkpoint;
};
struct CheckpointDue {
  int generation;
};
struct Poll {};
struct Finished {
  int generation;
};
using Event = std::variant<Added, Removed, Warned, Hour, Ready, PhaseEnd, Written, CheckpointDue, Poll, Finished>;

constexpr std::string_view kEventNames[] = {"ADD",       "REMOVE",          "NOTICE",         "GENERATE", "READY",
                                            "PHASE_END", "CHECKPOINT_DONE", "CHECKPOINT_DUE", "POLL",     "FINISHED"};
constexpr std::string_view kPhaseNames[] = {"waiting",       "reconfiguring", "loading",
                                            "checkpointing", "running",       "slowed"};

Ms ms(double seconds) {
  return std::llround(seconds * 1000);
}

class PipelineJob {
 public:
  PipelineJob(const RunContext& context, const Behaviour& behaviour)
      : context_(context),
        config_(context.config),
        behaviour_(behaviour),
        model_(model_of(config_)),
        availability_(make_availability(config_, spot_share(model_, behaviour.on_demand))),
        log_events_(context.sink.wants(results::events)),
        log_cluster_(context.sink.wants(results::cluster)),
        log_curves_(context.sink.wants(results::instances_series) || context.sink.wants(results::throughput_series) ||
                    context.sink.wants(results::cost_series) || context.sink.wants(results::value_series)),
        global_(ms(config_.rendezvous.global_s)),
        write_(ms(config_.checkpoint.write_s.value_or(60))),
        load_(ms(config_.checkpoint.load_s.value_or(30))),
        notice_(ms(config_.availability.notice_s)),
        price_(config_.price.spot) {
    if (config_.duration_s) duration_ = ms(*config_.duration_s);
    step_limit_ = config_.steps ? config_.steps : duration_ ? std::nullopt : model_.steps;
    if (log_curves_) price_ = PricePath::of(config_, duration_.value_or(90 * 24 * kHour));
  }

  Outcome run() {
    for (InstanceId id = 0; id < behaviour_.on_demand; ++id) schedule(0, Added{id});
    schedule_fleet([this](auto& out) { availability_->start(out); });
    if (availability_->has_hours()) schedule(0, Hour{});
    for (std::int64_t count = 0; !finished_; ++count) {
      constexpr std::int64_t kBetweenLooks = 1024;
      if (count % kBetweenLooks == 0 && context_.stop.requested()) return Outcome::stopped;
      const Ms limit = duration_.value_or(kLongestRun);
      const auto next = events_.pop_until(static_cast<double>(limit));
      if (!next) {
        end_early();
        break;
      }
      now_ = static_cast<Ms>(next->time_s);
      const std::string_view before = kPhaseNames[static_cast<std::size_t>(book_.phase())];
      const InstanceId subject = std::visit([this](const auto& event) { return handle(event); }, next->event);
      if (log_events_) log(next->event, subject, before);
      note();
    }
    report();
    return Outcome::ok;
  }

 private:
  static Model spot_share(Model model, int on_demand) {
    model.capacity = std::max(0, model.capacity - on_demand);
    return model;
  }

  void schedule(Ms time, Event event) { events_.schedule(static_cast<double>(time), event); }

  /// Ids of the availability model come after those on demand.
  template <class Scheduler>
  void schedule_fleet(Scheduler scheduler) {
    fleet_.clear();
    scheduler(fleet_);
    for (const FleetEvent& event : fleet_) {
      const InstanceId id = event.id + behaviour_.on_demand;
      if (event.added) {
        schedule(event.time, Added{id});
      } else {
        schedule(event.time, Removed{id});
        if (notice_ > 0) schedule(std::max(now_, event.time - notice_), Warned{id});
      }
    }
  }

  void end_early() {
    if (!duration_ && !events_.empty())
      throw PointError(fmt::format("after {} simulated days only {} of {} steps were done", kLongestRun / (24 * kHour),
                                   book_.work().steps, step_limit_.value_or(0)));
    if (duration_) now_ = *duration_;
    settle();
  }

  // The fleet

  struct Instance {
    bool alive = false, ready = false;
    int pipeline = -1;  ///< -1: no place
  };
  Instance& at(InstanceId id) { return instances_[static_cast<std::size_t>(id)]; }
  bool is_alive(InstanceId id) const {
    return static_cast<std::size_t>(id) < instances_.size() && instances_[static_cast<std::size_t>(id)].alive;
  }

  InstanceId handle(const Added& event) {
    if (static_cast<std::size_t>(event.id) >= instances_.size())
      instances_.resize(static_cast<std::size_t>(event.id) + 1);
    at(event.id).alive = true;
    book_.add(now_, event.id);
    schedule(now_ + ms(config_.creation_s), Ready{event.id});
    return event.id;
  }

  InstanceId handle(const Ready& event) {
    if (!is_alive(event.id)) return event.id;
    at(event.id).ready = true;
    ++ready_;
    book_.ready(now_, event.id);
    look_for_better();
    return event.id;
  }

  InstanceId handle(const Removed& event) {
    if (!is_alive(event.id)) return event.id;  // its time was up before
    const Instance lost = at(event.id);
    at(event.id) = {};
    if (lost.ready) --ready_;
    book_.remove(now_, event.id);
    if (lost.pipeline >= 0) lose(lost.pipeline);
    return event.id;
  }

  InstanceId handle(const Warned& event) {
    const bool trains = book_.phase() == Phase::running || book_.phase() == Phase::slowed;
    if (behaviour_.saves_on_notice && trains && !writing_ && is_alive(event.id) && at(event.id).pipeline >= 0) {
      settle();
      begin_checkpoint();
    }
    return event.id;
  }

  InstanceId handle(const Hour&) {
    schedule(now_ + kHour, Hour{});
    live_.clear();
    for (std::size_t id = static_cast<std::size_t>(behaviour_.on_demand); id < instances_.size(); ++id)
      if (instances_[id].alive) live_.push_back(static_cast<InstanceId>(id) - behaviour_.on_demand);
    schedule_fleet([this](auto& out) { availability_->hour(now_, live_, out); });
    return -1;
  }

  // Grids

  /// The best grid of that many instances; no pipelines if there are too few.
  Grid best_grid(int instances) const {
    Grid best;
    Ms shortest = 0;
    for (const Model::Depth& depth : model_.depths) {
      if (!behaviour_.any_depth && depth.stages != model_.stages) continue;
      const Grid grid{std::min(instances / depth.stages, model_.most_pipelines(depth.stages)), depth.stages};
      const std::optional<Ms> step = model_.step(grid);
      if (step && (best.pipelines == 0 || *step < shortest)) {
        best = grid;
        shortest = *step;
      }
    }
    return best;
  }

  bool is_better(const Grid& grid) const {
    if (grid.pipelines == 0) return false;
    if (grid_.pipelines == 0) return true;
    if (behaviour_.drops_up_to)  // goes on with what is left until all of it can be made whole
      return grid.pipelines > grid_.pipelines || (broken_ > 0 && grid.pipelines == grid_.pipelines);
    return *model_.step(grid) < *model_.step(grid_);
  }

  /// Somebody became ready, or a poll came round.
  void look_for_better() {
    const Phase phase = book_.phase();
    if (phase == Phase::reconfiguring || phase == Phase::loading || phase == Phase::checkpointing) return;
    if (!is_better(best_grid(ready_))) return;
    if (behaviour_.poll && !polling_) return schedule_poll();
    if (phase == Phase::waiting) return begin_rendezvous(global_, false, "ready");
    settle();
    // Those who come must get the state: by the rendezvous where pipelines copy it, otherwise by loading what was saved
    // on purpose just before.
    if (!behaviour_.drops_up_to) needs_load_ = true;
    begin_rendezvous(model_.local_rendezvous, true, "growth");
  }

  void schedule_poll() {
    if (poll_scheduled_) return;
    poll_scheduled_ = true;
    schedule((now_ / *behaviour_.poll + 1) * *behaviour_.poll, Poll{});
  }

  InstanceId handle(const Poll&) {
    poll_scheduled_ = false;
    polling_ = true;
    if (halted_)
      begin_rendezvous(global_, false, "fatal");
    else
      look_for_better();
    polling_ = false;
    return -1;
  }

  // Losses

  void lose(int pipeline) {
    const Phase phase = book_.phase();
    if (phase == Phase::reconfiguring || phase == Phase::loading) {  // one of those who gathered is gone: once more
      if (!halted_) begin_rendezvous(global_, false, "loss");
      return;
    }
    settle();
    const bool was_whole = missing_[static_cast<std::size_t>(pipeline)]++ == 0;
    if (!behaviour_.drops_up_to) return fail();
    if (!was_whole) return;
    ++broken_;
    if (broken_ == grid_.pipelines) return fail();
    if (1 - share() > *behaviour_.drops_up_to) return begin_rendezvous(model_.local_rendezvous, true, "overload");
    if (phase != Phase::checkpointing) train();
    if (is_better(best_grid(ready_))) look_for_better();
  }

  /// No instance has all of the state: back to the last checkpoint.
  void fail() {
    ++book_.fatal_failures;
    if (writing_) ++book_.checkpoints_lost;
    writing_ = false;
    book_.advance(now_);
    book_.roll_back(saved_);
    into_step_ = 0;
    needs_load_ = true;
    if (!behaviour_.poll) return begin_rendezvous(global_, false, "fatal");
    dissolve();
    book_.enter(now_, Phase::reconfiguring);
    halted_ = true;
    schedule_poll();
  }

  // Rendezvous

  void dissolve() {
    ++generation_;
    for (std::size_t id = 0; id < instances_.size(); ++id)
      if (instances_[id].pipeline >= 0) {
        instances_[id].pipeline = -1;
        book_.place(now_, static_cast<InstanceId>(id), false);
      }
    grid_ = {};
    broken_ = 0;
    into_step_ = 0;
  }

  void begin_rendezvous(Ms length, bool local, std::string_view cause) {
    if (writing_ && book_.phase() == Phase::checkpointing) writing_ = false, ++book_.checkpoints_lost;
    dissolve();
    halted_ = false;
    ++(local ? book_.rendezvous_local : book_.rendezvous_global);
    local_ = local;
    cause_ = cause;
    rendezvous_start_ = now_;
    book_.enter(now_, Phase::reconfiguring);
    // Whoever is ready takes part, and is missed if it leaves before the end.
    for (Instance& instance : instances_)
      if (instance.ready) instance.pipeline = 0;
    schedule(now_ + length, PhaseEnd{generation_});
  }

  InstanceId handle(const PhaseEnd& event) {
    if (event.generation != generation_) return -1;
    switch (book_.phase()) {
      case Phase::reconfiguring:
        form_pipelines();
        break;
      case Phase::checkpointing:
        writing_ = false;
        saved_ = book_.work();
        ++book_.checkpoints_completed;
        last_checkpoint_ = now_;
        train();
        look_for_better();
        break;
      default:
        train();
        look_for_better();
    }
    return -1;
  }

  void form_pipelines() {
    grid_ = best_grid(ready_);
    missing_.assign(static_cast<std::size_t>(grid_.pipelines), 0);
    int placed = 0;
    for (const InstanceId id : in_order_of_places()) {
      const bool has_place = placed < grid_.instances();
      at(id).pipeline = has_place ? placed++ / grid_.stages : -1;
      book_.place(now_, id, has_place);
    }
    if (context_.sink.wants(results::rendezvous))
      context_.sink.add(results::rendezvous,
                        {static_cast<double>(rendezvous_start_) / 1000, static_cast<double>(now_) / 1000,
                         std::string_view(local_ ? "local" : "global"), cause_, std::int64_t{grid_.pipelines},
                         std::int64_t{grid_.stages}});
    ++generation_;
    if (grid_.pipelines == 0) return book_.enter(now_, Phase::waiting);
    if (!needs_load_ || load_ == 0) {
      needs_load_ = false;
      return train();
    }
    needs_load_ = false;
    book_.enter(now_, Phase::loading);
    schedule(now_ + load_, PhaseEnd{generation_});
  }

  /// On demand first, then zone by zone: so as few pipelines as can be share a zone's fate.
  std::vector<InstanceId> in_order_of_places() const {
    std::vector<InstanceId> order;
    for (std::size_t id = 0; id < instances_.size(); ++id)
      if (instances_[id].ready) order.push_back(static_cast<InstanceId>(id));
    const auto zone = [this](InstanceId id) {
      return id < behaviour_.on_demand ? -1 : availability_->zone(id - behaviour_.on_demand);
    };
    if (config_.availability.zones > 1)
      std::stable_sort(order.begin(), order.end(), [&](InstanceId a, InstanceId b) { return zone(a) < zone(b); });
    return order;
  }

  // Training

  /// Share of a step's samples that is computed.
  double share() const {
    return grid_.pipelines == 0 ? 0
                                : static_cast<double>(grid_.pipelines - broken_) / static_cast<double>(grid_.pipelines);
  }

  /// Trains on from now, with the grid as it is.
  void train() {
    ++generation_;
    const Phase phase = broken_ > 0 ? Phase::slowed : Phase::running;
    book_.enter(now_, phase);
    step_ms_ = *model_.step(grid_);
    since_ = now_;
    if (step_limit_)
      schedule(now_ + (*step_limit_ - book_.work().steps) * step_ms_ - into_step_, Finished{generation_});
    schedule_checkpoint();
  }

  /// Books the steps that were completed up to now.
  void settle() {
    book_.advance(now_);
    if (book_.phase() != Phase::running && book_.phase() != Phase::slowed) return;
    const Ms trained = into_step_ + now_ - since_;
    book_.steps_done(trained / step_ms_, model_.samples_per_step * share());
    into_step_ = trained % step_ms_;
    since_ = now_;
  }

  InstanceId handle(const Finished& event) {
    if (event.generation != generation_) return -1;
    settle();
    finished_ = true;
    return -1;
  }

  // Checkpoints

  Ms period() const {
    if (config_.checkpoint.kind() == Period::Kind::fixed) return std::max<Ms>(1, ms(config_.checkpoint.period.seconds));
    // Young and Daly: sqrt(2 write MTBF), with the mean time between failures so far, taken as one if there was none.
    const double mtbf = static_cast<double>(std::max(now_, kHour)) /
                        static_cast<double>(std::max<std::int64_t>(1, book_.fatal_failures));
    return std::max<Ms>(1, std::llround(std::sqrt(2 * static_cast<double>(write_) * mtbf)));
  }

  /// At the end of the first step after the period.
  void schedule_checkpoint() {
    if (config_.checkpoint.kind() == Period::Kind::never || writing_) return;
    const Ms due = std::max(now_, last_checkpoint_ + period());
    const Ms until_due = due - now_ + into_step_;
    const Ms steps = std::max<Ms>(1, (until_due + step_ms_ - 1) / step_ms_);
    schedule(now_ + steps * step_ms_ - into_step_, CheckpointDue{generation_});
  }

  InstanceId handle(const CheckpointDue& event) {
    if (event.generation != generation_ || writing_) return -1;
    settle();
    begin_checkpoint();
    return -1;
  }

  void begin_checkpoint() {
    ++book_.checkpoints_started;
    writing_ = true;
    ++checkpoint_;
    if (config_.checkpoint.async) {
      written_ = book_.work();
      last_checkpoint_ = now_;
      schedule(now_ + write_, Written{checkpoint_});
    } else {
      ++generation_;
      book_.enter(now_, Phase::checkpointing);
      schedule(now_ + write_, PhaseEnd{generation_});
    }
  }

  InstanceId handle(const Written& event) {
    if (!writing_ || event.checkpoint != checkpoint_) return -1;
    writing_ = false;
    saved_ = written_;
    ++book_.checkpoints_completed;
    if (book_.phase() == Phase::running || book_.phase() == Phase::slowed) {
      settle();
      schedule_checkpoint();
    }
    return -1;
  }

  // Logs and the end

  double throughput_now() const {
    const bool trains = book_.phase() == Phase::running || book_.phase() == Phase::slowed;
    return trains ? model_.samples_per_step * share() / (static_cast<double>(step_ms_) / 1000) : 0;
  }

  void note() {
    if (!log_cluster_ && !log_curves_) return;
    const double time_s = static_cast<double>(now_) / 1000;
    if (log_cluster_)
      context_.sink.add(results::cluster,
                        {time_s, std::int64_t{book_.alive()}, std::int64_t{book_.creating()},
                         std::int64_t{book_.standby()}, std::int64_t{book_.active()}, std::int64_t{grid_.pipelines},
                         std::int64_t{grid_.stages}, kPhaseNames[static_cast<std::size_t>(book_.phase())]});
    if (!log_curves_) return;
    const double cost =
        (book_.alive() - behaviour_.on_demand) * price_.at(now_) + behaviour_.on_demand * config_.price.on_demand;
    const std::array<double, 4> values = {static_cast<double>(book_.alive()), throughput_now(), cost,
                                          cost > 0 ? throughput_now() / cost : 0};
    const std::array<const Series*, 4> series = {&results::instances_series, &results::throughput_series,
                                                 &results::cost_series, &results::value_series};
    const double hour = static_cast<double>(now_) / static_cast<double>(kHour);
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (values[i] == curve_[i]) continue;
      if (curve_[i] >= 0) context_.sink.add(*series[i], {time_s, hour, curve_[i]});
      context_.sink.add(*series[i], {time_s, hour, values[i]});
      curve_[i] = values[i];
    }
  }

  void log(const Event& event, InstanceId subject, std::string_view before) {
    constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
    context_.sink.add(results::events,
                      {logged_++, now_, kEventNames[event.index()], std::string_view(subject < 0 ? "" : name(subject)),
                       kNone, before, kPhaseNames[static_cast<std::size_t>(book_.phase())], std::int64_t{book_.alive()},
                       std::int64_t{book_.active()}, std::int64_t{book_.standby()}, std::int64_t{grid_.pipelines},
                       std::int64_t{grid_.stages}, std::int64_t{generation_}, book_.work().steps, book_.fatal_failures,
                       step_ms_ > 0 ? static_cast<double>(step_ms_) : kNone, std::int64_t{broken_ > 0},
                       std::int64_t{book_.phase() == Phase::reconfiguring ? ready_ : 0}, std::int64_t{broken_}});
  }

  std::string name(InstanceId id) const {
    return id < behaviour_.on_demand ? fmt::format("ondemand{}", id + 1)
                                     : availability_->name(id - behaviour_.on_demand);
  }

  void report() {
    Figures figures;
    book_.report(config_, model_, now_, PricePath::of(config_, now_), behaviour_.on_demand, figures);
    if (book_.work().steps == 0) context_.sink.explain("no step was completed");
    if (step_limit_ && book_.work().steps < *step_limit_ && !duration_)
      context_.sink.explain("the trace ended before the last step");
    if (context_.sink.wants(results::instances))
      book_.list_instances([this](InstanceId id) { return name(id); }, now_, context_.sink);
    figures.put_all(context_.sink);
  }

  const RunContext& context_;
  const SpotConfig& config_;
  const Behaviour behaviour_;
  const Model model_;
  const std::unique_ptr<Availability> availability_;
  const bool log_events_, log_cluster_, log_curves_;
  const Ms global_, write_, load_, notice_;
  PricePath price_;
  std::optional<Ms> duration_;
  std::optional<std::int64_t> step_limit_;

  EventQueue<Event> events_;
  std::vector<FleetEvent> fleet_;
  std::vector<InstanceId> live_;
  Ms now_ = 0;
  bool finished_ = false;
  std::vector<Instance> instances_;
  int ready_ = 0;

  Grid grid_;
  std::vector<int> missing_;  ///< lost instances of each pipeline
  int broken_ = 0;            ///< pipelines that miss any
  int generation_ = 0;        ///< of what the job is doing: what was scheduled for an earlier one is void
  bool local_ = false, needs_load_ = false, halted_ = false, polling_ = false, poll_scheduled_ = false;
  std::string_view cause_;
  Ms rendezvous_start_ = 0;

  Ms step_ms_ = 0, since_ = 0, into_step_ = 0;

  bool writing_ = false;
  int checkpoint_ = 0;
  Ms last_checkpoint_ = 0;
  Book::Work saved_, written_;

  Book book_;
  std::array<double, 4> curve_ = {-1, -1, -1, -1};
  std::int64_t logged_ = 0;
};

}  // namespace

Outcome run_pipelines(const RunContext& context, const Behaviour& behaviour) {
  return PipelineJob(context, behaviour).run();
}

}  // namespace windrow::spot
