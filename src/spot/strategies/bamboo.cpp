// Redundant computation in pipelines (Bamboo, NSDI 2023): each instance of a pipeline also keeps what its successor
// needs, so that a single loss slows training down and does not stop it. Follows the published simulator
// (project_pactum.simulation, commit 8080929) event for event, defects B1 to B13 included where they are kept: with
// upstream's event queue, in its order of ties, and with its sums in its order.
#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include "spot/availability.hpp"
#include "spot/book.hpp"
#include "spot/figures.hpp"
#include "spot/model.hpp"
#include "spot/python_heap.hpp"
#include "spot/strategy.hpp"
#include "windrow/kernel/error.hpp"
#include "windrow/spot/results.hpp"

namespace windrow::spot {
namespace {

constexpr double kHours = 3600000.0;

/// In order of priority at equal times.
enum class Kind : std::uint8_t { add = 1, remove, generate, ready, global_timeout, local_timeout, step };

std::string_view name_of(Kind kind) {
  constexpr std::array<std::string_view, 8> kNames = {
      "", "ADD", "REMOVE", "GENERATE", "READY", "GLOBAL_TIMEOUT", "LOCAL_TIMEOUT", "STEP"};
  return kNames[static_cast<std::size_t>(kind)];
}

struct Entry {
  std::int64_t key;  ///< time and kind
  std::int32_t id;   ///< of the instance, or the rendezvous
  std::int32_t version;

  Entry(Ms time, Kind kind, std::int32_t subject = 0, std::int32_t grid_version = 0)
      : key(time * 8 + static_cast<std::int64_t>(kind)), id(subject), version(grid_version) {}
  Ms time() const { return key / 8; }
  Kind kind() const { return static_cast<Kind>(key % 8); }
};

enum class State : std::uint8_t { stopped, rendezvous, running };
enum class Cause : std::uint8_t { ready, fatal, overload, growth };

std::string_view name_of(State state) {
  return state == State::stopped ? "STOPPED" : state == State::rendezvous ? "RENDEZVOUS" : "RUNNING";
}
std::string_view name_of(Cause cause) {
  constexpr std::array<std::string_view, 4> kNames = {"ready", "fatal", "overload", "growth"};
  return kNames[static_cast<std::size_t>(cause)];
}

/// A stage of a pipeline.
struct Place {
  int pipeline = 0, stage = 0;
  friend bool operator==(const Place&, const Place&) = default;
};

constexpr std::size_t kMostPlaces = 8;

struct Instance {
  enum class State : std::uint8_t { creating, ready, running, gone };
  State state = State::creating;
  std::uint8_t places = 0;
  std::array<Place, kMostPlaces> place;

  bool holds(const Place& wanted) const {
    return std::find(place.begin(), place.begin() + places, wanted) != place.begin() + places;
  }
};

/// What the published program ends with when one of its defects strikes: a result here, not a failure.
struct UpstreamError {
  std::string text;
};

/// Which defects are kept.
struct Bugs {
  bool stale_timeouts, steps_in_rendezvous, waiting_not_recounted, any_loss_slows, fatal_loses_nothing, no_step_fails;
  bool pipelines_uncapped, end_backwards, late_average, same_ms_fails;

  explicit Bugs(const SpotConfig& config)
      : stale_timeouts(config.keeps("B1")),
        steps_in_rendezvous(config.keeps("B2")),
        waiting_not_recounted(config.keeps("B3")),
        any_loss_slows(config.keeps("B4")),
        fatal_loses_nothing(config.keeps("B5")),
        no_step_fails(config.keeps("B6")),
        pipelines_uncapped(config.keeps("B7")),
        end_backwards(config.keeps("B9")),
        late_average(config.keeps("B10")),
        same_ms_fails(config.keeps("B11")) {}
};

/// A quantity that changes in steps: the published curves of instances and cost. Time 0 is back-dated.
class Curve {
 public:
  struct Change {
    double hour, before;
  };
  bool started() const { return started_; }
  double last() const { return last_; }
  double last_hour() const { return last_hour_; }
  const std::vector<Change>& changes() const { return changes_; }
  void start(double value) {
    started_ = true;
    last_ = value;
  }
  void change(double hour, double value) {
    sum_ += (hour - last_hour_) * last_;
    changes_.push_back({hour, last_});
    last_ = value;
    last_hour_ = hour;
  }
  /// Time integral up to `hour`; where that lies before the last change the published one goes back with the last
  /// value.
  double until(double hour, bool backwards) const {
    if (backwards || hour >= last_hour_) return sum_ + (hour - last_hour_) * last_;
    double sum = 0, at = 0;
    for (const Change& change : changes_) {
      const double end = std::min(change.hour, hour);
      sum += (end - at) * change.before;
      at = end;
      if (change.hour >= hour) break;
    }
    return sum;
  }

 private:
  bool started_ = false;
  double last_ = 0, last_hour_ = 0, sum_ = 0;
  std::vector<Change> changes_;
};

class Bamboo {
 public:
  explicit Bamboo(const RunContext& context)
      : context_(context),
        config_(context.config),
        model_(model_of(config_)),
        bugs_(config_),
        availability_(make_availability(config_, model_)),
        upstream_order_(config_.published()),
        wants_events_(context.sink.wants(results::events)),
        wants_cluster_(context.sink.wants(results::cluster)),
        wants_rendezvous_(context.sink.wants(results::rendezvous)),
        wants_curves_(context.sink.wants(results::instances_series) || context.sink.wants(results::throughput_series) ||
                      context.sink.wants(results::cost_series) || context.sink.wants(results::value_series)),
        skips_(!context.plain && !wants_events_ && !wants_curves_),
        creation_(ms(config_.creation_s)),
        global_(ms(config_.rendezvous.global_s)),
        load_(ms(config_.checkpoint.load_s.value_or(30))),
        write_(ms(config_.checkpoint.write_s.value_or(60))),
        checkpoints_(!bugs_.fatal_loses_nothing && config_.checkpoint.kind() != Period::Kind::never) {
    if (config_.duration_s) duration_ = ms(*config_.duration_s);
    step_limit_ = config_.steps ? config_.steps : duration_ ? std::nullopt : model_.steps;
    if (checkpoints_) checkpoint_due_ = checkpoint_period();
  }

  Outcome run() {
    std::string error;
    try {
      if (!simulate()) return Outcome::stopped;
    } catch (const UpstreamError& upstream) {
      error = upstream.text;
    }
    report(error);
    return Outcome::ok;
  }

 private:
  static Ms ms(double seconds) { return std::llround(seconds * 1000); }
  Instance& at(InstanceId id) { return instances_[static_cast<std::size_t>(id)]; }
  const Instance& at(InstanceId id) const { return instances_[static_cast<std::size_t>(id)]; }
  void push(Ms time, Kind kind, std::int32_t id = 0, std::int32_t version = 0) {
    queue_.push({time, kind, id, version});
  }

  // The loop

  bool simulate() {
    schedule_fleet([this](auto& out) { availability_->start(out); });
    if (availability_->has_hours()) push(0, Kind::generate);
    for (std::int64_t events = 0; !queue_.empty(); ++events) {
      constexpr std::int64_t kBetweenLooks = 1024;
      if (events % kBetweenLooks == 0 && context_.stop.requested()) return false;
      if (skips_ && queue_.front().kind() == Kind::step) skip_steps();
      const Entry entry = queue_.pop();
      if (duration_ && entry.time() > *duration_) {
        end_ = *duration_;
        break;
      }
      if (entry.time() > kLongestRun && !duration_)
        throw PointError(
            fmt::format("after {} simulated days only {} steps were done", kLongestRun / (24 * kHour), steps_));
      now_ = end_ = entry.time();
      const State before = state_;
      handle(entry);
      if (wants_events_) log(entry, before);
      if (step_limit_ && steps_ == *step_limit_) break;
      if (queue_.empty() || queue_.front().time() != now_) note_counts();
    }
    return true;
  }

  void handle(const Entry& entry) {
    switch (entry.kind()) {
      case Kind::add:
        return add(entry.id);
      case Kind::remove:
        return remove(entry.id);
      case Kind::generate:
        return generate();
      case Kind::ready:
        return ready(entry.id);
      case Kind::global_timeout:
      case Kind::local_timeout:
        return timeout(entry);
      case Kind::step:
        return step(entry);
    }
  }

  template <class Scheduler>
  void schedule_fleet(Scheduler scheduler) {
    scheduled_.clear();
    scheduler(scheduled_);
    for (const FleetEvent& event : scheduled_) push(event.time, event.added ? Kind::add : Kind::remove, event.id);
  }

  void generate() {
    push(now_ + kHour, Kind::generate);
    // Among equals the published queue decides who is added first; otherwise it must not matter for the draws.
    fleet_ = live_;
    if (!upstream_order_) std::sort(fleet_.begin(), fleet_.end());
    schedule_fleet([this](auto& out) { availability_->hour(now_, fleet_, out); });
  }

  // Instances

  void add(InstanceId id) {
    if (static_cast<std::size_t>(id) >= instances_.size()) instances_.resize(static_cast<std::size_t>(id) + 1);
    live_.push_back(id);
    book_.add(now_, id);
    push(now_ + creation_, Kind::ready, id);
    note_cluster();
  }

  void ready(InstanceId id) {
    if (at(id).state == Instance::State::gone) return;
    at(id).state = Instance::State::ready;
    book_.ready(now_, id);
    if (state_ == State::stopped)
      start_rendezvous(Kind::global_timeout, Cause::ready);
    else if (state_ == State::rendezvous)
      rendezvous_.push_back(id);
    else
      ++waiting_;
    note_cluster();
  }

  void remove(InstanceId id) {
    if (at(id).state == Instance::State::gone) return;  // its time was up before
    const Instance lost = at(id);
    at(id).state = Instance::State::gone;
    live_.erase(std::find(live_.begin(), live_.end(), id));
    book_.remove(now_, id);
    const bool was_running = lost.state == Instance::State::running;
    if (was_running && !take_over(lost)) return fatal();
    if (!bugs_.waiting_not_recounted && lost.state == Instance::State::ready) waiting_ = ready_count();
    if (!bugs_.fatal_loses_nothing && live_.empty()) roll_back();
    if (state_ == State::running && !fallback_ && (bugs_.any_loss_slows || was_running)) {
      fallback_ = Fallback{steps_, now_};
      fallback_done_ = false;
      step_ms_ = static_cast<Ms>(std::floor(config_.fallback_slowdown * static_cast<double>(step_ms_)));
      book_.enter(now_, Phase::slowed);
    }
    note_cluster();
  }

  int ready_count() const {
    return static_cast<int>(std::count_if(live_.begin(), live_.end(),
                                          [this](InstanceId id) { return at(id).state == Instance::State::ready; }));
  }

  /// Gives the places of a lost instance to the one that keeps a copy of its state: whoever has the stage before, the
  /// last one's for the first. False if nobody can go on for it.
  bool take_over(const Instance& lost) {
    if (lost.places > config_.redundancy) return false;
    if (lost.places == 0) return true;
    Place before = lost.place[0];
    if (before.stage > 0)
      --before.stage;
    else if (stages_ == 0)
      return true;  // after a stale timeout nobody precedes the first stage
    else
      before.stage = stages_ - 1;
    for (const InstanceId id : live_) {
      Instance& holder = at(id);
      if (!holder.holds(before)) continue;
      if (holder.places + lost.places > config_.redundancy + 1) return false;
      for (int i = 0; i < lost.places; ++i) holder.place[holder.places++] = lost.place[static_cast<std::size_t>(i)];
      return true;
    }
    return true;
  }

  void fatal() {
    ++book_.fatal_failures;
    if (!bugs_.fatal_loses_nothing) roll_back();
    start_rendezvous(Kind::global_timeout, Cause::fatal);
    note_cluster();
  }

  // Rendezvous

  void gather() {
    rendezvous_.clear();
    for (const InstanceId id : live_)
      if (at(id).state != Instance::State::creating) rendezvous_.push_back(id);
  }

  Ms length_of(Kind kind) const { return kind == Kind::global_timeout ? global_ : model_.local_rendezvous; }

  void start_rendezvous(Kind kind, Cause cause) {
    const bool loads = cause == Cause::fatal && !bugs_.fatal_loses_nothing;
    ++(kind == Kind::global_timeout ? book_.rendezvous_global : book_.rendezvous_local);
    state_ = State::rendezvous;
    book_.enter(now_, Phase::reconfiguring);
    cause_ = cause;
    rendezvous_start_ = now_;
    loading_ = loads ? load_ : 0;
    gather();
    push(now_ + length_of(kind) + loading_, kind, ++rendezvous_id_);
  }

  void timeout(const Entry& entry) {
    if (state_ != State::rendezvous) ++stale_timeouts_;
    if (!bugs_.stale_timeouts && (state_ != State::rendezvous || entry.id != rendezvous_id_)) return;
    const auto is_gone = [this](InstanceId id) { return at(id).state == Instance::State::gone; };
    if (std::any_of(rendezvous_.begin(), rendezvous_.end(), is_gone)) {
      gather();
      return push(now_ + length_of(entry.kind()), entry.kind(), entry.id);
    }
    assign();
    fallback_.reset();
    ++version_;
    rendezvous_.clear();
    book_.rebook(Phase::reconfiguring, Phase::loading, std::min(loading_, now_ - rendezvous_start_));
    loading_ = 0;
    if (pipelines_ == 0) {
      state_ = State::stopped;
      book_.enter(now_, Phase::waiting);
    } else {
      state_ = State::running;
      const std::optional<Ms> step = model_.step({pipelines_, stages_});
      if (!step) throw UpstreamError{"NotImplementedError()"};
      step_ms_ = *step;
      book_.enter(now_, Phase::running);
      push(now_ + step_ms_, Kind::step, 0, version_);
      if (!run_start_) run_start_ = previous_step_ = now_;
    }
    if (wants_rendezvous_)
      context_.sink.add(results::rendezvous,
                        {static_cast<double>(rendezvous_start_) / 1000, static_cast<double>(now_) / 1000,
                         entry.kind() == Kind::global_timeout ? std::string_view("global") : "local", name_of(cause_),
                         std::int64_t{pipelines_}, std::int64_t{stages_}});
    note_cluster();
  }

  void assign() {
    spread_over_zones();
    const int there = static_cast<int>(rendezvous_.size());
    pipelines_ = stages_ = 0;
    if (there >= model_.stages) {
      stages_ = model_.stages;
      pipelines_ = there / stages_;
      const int most = model_.most_pipelines(stages_);
      if (!bugs_.pipelines_uncapped && pipelines_ > most) {
        pipelines_ = most;
        ++book_.pipelines_capped;
      }
    }
    const int places = pipelines_ * stages_;
    for (int i = 0; i < there; ++i) {
      Instance& instance = at(rendezvous_[static_cast<std::size_t>(i)]);
      const bool placed = i < places;
      instance.state = placed ? Instance::State::running : Instance::State::ready;
      instance.places = placed ? 1 : 0;
      if (placed) instance.place[0] = {i / stages_, i % stages_};
      book_.place(now_, rendezvous_[static_cast<std::size_t>(i)], placed);
    }
    waiting_ = there - places;
  }

  /// Neighbouring stages in different zones, as far as that goes: a loss of a whole zone then takes no two neighbours.
  void spread_over_zones() {
    const int zones = config_.availability.zones;
    if (zones == 1) return;
    std::vector<std::vector<InstanceId>> by_zone(static_cast<std::size_t>(zones));
    for (const InstanceId id : rendezvous_) by_zone[static_cast<std::size_t>(availability_->zone(id))].push_back(id);
    rendezvous_.clear();
    for (std::size_t row = 0, before = 1; before != rendezvous_.size() || row == 0; ++row) {
      before = rendezvous_.size();
      for (const auto& zone : by_zone)
        if (row < zone.size()) rendezvous_.push_back(zone[row]);
    }
  }

  // Steps

  int overloaded() const {
    return static_cast<int>(std::count_if(live_.begin(), live_.end(), [this](InstanceId id) {
      return at(id).state == Instance::State::running && at(id).places > 1;
    }));
  }

  /// Why to form the pipelines anew after a step, if there is a reason.
  std::optional<Cause> reason_to_reconfigure() const {
    const int overload = overloaded();
    if (overload > 0 && waiting_ >= overload) return Cause::overload;
    const int active = pipelines_ * stages_ - overload;
    if (overload > 0 && 2.0 * overload / active > config_.rebalance_threshold) return Cause::overload;
    int possible = (active + waiting_) / model_.stages;
    if (!bugs_.pipelines_uncapped) possible = std::min(possible, model_.most_pipelines(model_.stages));
    return possible > pipelines_ ? std::optional(Cause::growth) : std::nullopt;
  }

  bool first_part_is_due() const { return fallback_ && !fallback_done_ && fallback_->steps == steps_; }

  void step(const Entry& entry) {
    if (entry.version != version_) return;
    if (!bugs_.steps_in_rendezvous && state_ != State::running) return;
    if (first_part_is_due()) {
      const auto rest = static_cast<Ms>(std::floor(0.5 * static_cast<double>(now_ - fallback_->time)));
      push(now_ + rest, Kind::step, 0, entry.version);
      fallback_done_ = true;
      return;
    }
    ++steps_;
    record_step();
    previous_step_ = now_;
    book_.advance(now_);
    book_.steps_done(1, model_.samples_per_step);
    const Ms pause = checkpoints_ ? checkpoint() : 0;
    if (const auto cause = reason_to_reconfigure())
      start_rendezvous(Kind::local_timeout, *cause);
    else
      push(now_ + pause + step_ms_, Kind::step, 0, version_);
  }

  void record_step() {
    const double hour = static_cast<double>(now_) / kHours, before = static_cast<double>(previous_step_) / kHours;
    const double span_ms = static_cast<double>(now_ - previous_step_);
    const double speed = model_.samples_per_step / (span_ms / 1000.0);
    double cost = 0, until = hour, current = cost_.last();
    const auto& changes = cost_.changes();
    for (auto change = changes.rbegin(); change != changes.rend() && change->hour > before; ++change) {
      cost += current * (until - change->hour);
      current = change->before;
      until = change->hour;
    }
    cost += current * (until - before);
    const double average = cost / (span_ms / kHours);
    if (average == 0) throw UpstreamError{"ZeroDivisionError('float division by zero')"};
    const double value = speed / average;
    performance_sum_ += (hour - before) * speed;
    value_sum_ += (hour - before) * value;
    if (!wants_curves_) return;
    add_point(results::throughput_series, previous_step_, before, speed);
    add_point(results::throughput_series, now_, hour, speed);
    add_point(results::value_series, previous_step_, before, value);
    add_point(results::value_series, now_, hour, value);
  }

  /// Does a run of like steps at once, where that leaves the queue, and so the order of later ties, as it would be: the
  /// root is given the time of the next step instead of being popped and pushed for each.
  void skip_steps() {
    const Entry& root = queue_.front();
    if (root.version != version_ || root.time() - previous_step_ != step_ms_ || first_part_is_due()) return;
    if (!bugs_.steps_in_rendezvous && state_ != State::running) return;
    if (!cost_.started() || noted_ != static_cast<int>(live_.size())) return;
    const double before = static_cast<double>(previous_step_) / kHours;
    if (cost_.last_hour() > before || !queue_.replacing_root_moves_nothing() || reason_to_reconfigure()) return;

    const Ms first = root.time();
    constexpr Ms kFar = Ms{1} << 60;
    Ms latest = duration_ ? *duration_ : kFar;  // of the step after those that are done here
    if (const Entry* second = queue_.second()) latest = std::min(latest, second->time() - 1);
    std::int64_t count = (latest - first) / step_ms_;
    if (latest < first) return;
    if (step_limit_) count = std::min(count, *step_limit_ - steps_ - 1);
    if (checkpoints_)
      count = std::min(count, first >= checkpoint_due_ ? 0 : (checkpoint_due_ - 1 - first) / step_ms_ + 1);
    if (count <= 0) return;
    sum_steps(first, count);
    steps_ += count;
    previous_step_ = now_ = end_ = first + (count - 1) * step_ms_;
    book_.advance(now_);
    book_.steps_done(count, model_.samples_per_step);
    queue_.root() = Entry(first + count * step_ms_, Kind::step, 0, version_);
  }

  /// Adds up performance and value of `count` steps that end at `first`, `first` + step_ms_, …: the sums in sequence,
  /// as ever; what is summed, a block at a time, so that its divisions go side by side.
  void sum_steps(Ms first, std::int64_t count) {
    constexpr std::int64_t kBlock = 32;
    const auto span_ms = static_cast<double>(step_ms_);
    const double speed = model_.samples_per_step / (span_ms / 1000.0), span = span_ms / kHours, current = cost_.last();
    std::array<double, kBlock + 1> hour;
    std::array<double, kBlock> value;
    for (std::int64_t done = 0; done < count; done += kBlock) {
      const std::int64_t size = std::min(kBlock, count - done);
      const auto start = static_cast<double>(first + (done - 1) * step_ms_);
      for (std::size_t i = 0; i < hour.size(); ++i)
        hour[i] = (start + static_cast<double>(static_cast<int>(i)) * span_ms) / kHours;
      for (std::size_t i = 0; i < value.size(); ++i) {
        const double width = hour[i + 1] - hour[i];
        value[i] = width * (speed / (current * width / span));
      }
      for (std::int64_t i = 0; i < size; ++i) {
        const auto k = static_cast<std::size_t>(i);
        performance_sum_ += (hour[k + 1] - hour[k]) * speed;
        value_sum_ += value[k];
      }
    }
  }

  // Checkpoints (B5)

  Ms checkpoint_period() const {
    if (config_.checkpoint.kind() == Period::Kind::fixed) return std::max<Ms>(ms(config_.checkpoint.period.seconds), 1);
    // Young and Daly: sqrt(2 write MTBF), of the fatal failures so far, of one if there was none.
    const double mtbf = static_cast<double>(std::max(now_, kHour)) /
                        static_cast<double>(std::max<std::int64_t>(book_.fatal_failures, 1));
    return std::max<Ms>(std::llround(std::sqrt(2 * static_cast<double>(write_) * mtbf)), 1);
  }

  void settle_checkpoint() {
    if (!writing_ || writing_->complete > now_) return;
    saved_ = writing_->work;
    ++book_.checkpoints_completed;
    writing_.reset();
  }

  /// At the end of a step. How long training pauses for it.
  Ms checkpoint() {
    settle_checkpoint();
    if (writing_ || now_ < checkpoint_due_) return 0;
    ++book_.checkpoints_started;
    const Ms pause = config_.checkpoint.async ? 0 : write_;
    writing_ = Writing{now_ + write_, book_.work()};
    checkpoint_due_ = now_ + pause + checkpoint_period();
    return pause;
  }

  void roll_back() {
    book_.advance(now_);
    settle_checkpoint();
    if (writing_) ++book_.checkpoints_lost;
    writing_.reset();
    book_.roll_back(saved_);
    steps_ = saved_.steps;
    fallback_.reset();
    fallback_done_ = false;
    checkpoint_due_ = now_ + checkpoint_period();
  }

  // Curves and logs

  void note_counts() {
    const auto count = static_cast<int>(live_.size());
    const double price = config_.price.spot;
    if (!count_.started()) {
      if (now_ == 0) return;
      count_.start(count);
      cost_.start(count * price);
      noted_ = count;
      if (wants_curves_) add_points(0);
    } else if (count != noted_) {
      const double hour = static_cast<double>(now_) / kHours;
      if (wants_curves_) add_points(now_);
      count_.change(hour, count);
      cost_.change(hour, count * price);
      noted_ = count;
      if (wants_curves_) add_points(now_);
    }
  }

  void add_points(Ms time) {
    curve_time_ = time;
    const double hour = static_cast<double>(time) / kHours;
    add_point(results::instances_series, time, hour, count_.last());
    add_point(results::cost_series, time, hour, cost_.last());
  }

  void add_point(const Series& series, Ms time, double hour, double value) {
    context_.sink.add(series, {static_cast<double>(time) / 1000, hour, value});
  }

  void note_cluster() {
    if (!wants_cluster_) return;
    const std::string_view name = state_ == State::stopped      ? "stopped"
                                  : state_ == State::rendezvous ? "rendezvous"
                                  : fallback_                   ? "slowed"
                                                                : "running";
    context_.sink.add(results::cluster,
                      {static_cast<double>(now_) / 1000, static_cast<std::int64_t>(live_.size()),
                       std::int64_t{book_.creating()}, std::int64_t{book_.standby()}, std::int64_t{book_.active()},
                       std::int64_t{pipelines_}, std::int64_t{stages_}, name});
  }

  void log(const Entry& entry, State before) {
    constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
    const bool named = entry.kind() == Kind::add || entry.kind() == Kind::remove || entry.kind() == Kind::ready;
    const bool is_step = entry.kind() == Kind::step;
    const auto running = std::count_if(live_.begin(), live_.end(),
                                       [this](InstanceId id) { return at(id).state == Instance::State::running; });
    context_.sink.add(
        results::events,
        {events_++, now_, name_of(entry.kind()),
         std::string_view(named ? availability_->name(entry.id) : std::string()),
         is_step ? static_cast<double>(entry.version) : kNone, name_of(before), name_of(state_),
         static_cast<std::int64_t>(live_.size()), static_cast<std::int64_t>(running), std::int64_t{waiting_},
         std::int64_t{pipelines_}, std::int64_t{stages_}, std::int64_t{version_}, steps_, book_.fatal_failures,
         step_ms_ > 0 ? static_cast<double>(step_ms_) : kNone, std::int64_t{fallback_.has_value()},
         static_cast<std::int64_t>(rendezvous_.size()), std::int64_t{overloaded()}});
  }

  // The end

  void report(std::string error) {
    Figures figures;
    figures[results::stale_timeouts] = static_cast<double>(stale_timeouts_);
    const bool no_step = !run_start_ || previous_step_ == *run_start_;
    if (error.empty() && no_step && bugs_.no_step_fails) error = "IndexError('list index out of range')";
    if (error.empty() && bugs_.same_ms_fails && noted_ != static_cast<int>(live_.size())) error = "AssertionError()";
    if (!error.empty()) {
      context_.sink.explain(error);
    } else {
      if (no_step) context_.sink.explain("no step was completed");
      report_averages(figures);
    }
    if (context_.sink.wants(results::instances))
      book_.list_instances([this](InstanceId id) { return availability_->name(id); }, end_, context_.sink);
    figures.put_all(context_.sink);
  }

  void report_averages(Figures& figures) {
    namespace r = results;
    const PricePath price = PricePath::of(config_, end_);
    book_.report(config_, model_, end_, price, 0, figures);
    const bool any = run_start_ && previous_step_ > *run_start_;
    const double last = static_cast<double>(any ? previous_step_ : end_) / kHours;
    const double length = bugs_.late_average && any ? last - static_cast<double>(*run_start_) / kHours : last;
    const auto average = [](double sum, double over) { return over > 0 ? sum / over : 0; };
    figures[r::average_performance] = average(performance_sum_, length);
    figures[r::average_value] = average(value_sum_, length);
    figures[r::average_instances] = average(count_.until(last, bugs_.end_backwards), last);
    figures[r::average_cost] = average(cost_.until(last, bugs_.end_backwards), last);
    if (wants_curves_ && any && (bugs_.end_backwards || last >= count_.last_hour())) {
      // The published curves go back to the last step from a change after it; the column of ascending times does not.
      add_point(results::instances_series, std::max(previous_step_, curve_time_), last, count_.last());
      add_point(results::cost_series, std::max(previous_step_, curve_time_), last, cost_.last());
    }
    if (!price.is_constant()) {  // the published curve knows one price only
      figures[r::average_cost] = figures[r::cost_per_hour];
      figures[r::average_value] = figures[r::value];
    }
    if (config_.published()) {
      figures[r::throughput] = figures[r::average_performance];
      figures[r::value] = figures[r::average_value];
      figures[r::instances_mean] = figures[r::average_instances];
      figures[r::cost_per_hour] = figures[r::average_cost];
    }
    figures[r::preemption_mean] = figures[r::preemption_interval_mean];
    figures[r::preemption_median] = figures[r::preemption_interval_median];
    figures[r::preemption_stdev] = figures[r::preemption_interval_stdev];
    figures[r::num_preemptions] = figures[r::preemptions];
    figures[r::num_fatal_failures] = figures[r::fatal_failures];
    figures[r::num_steps_complete] = static_cast<double>(steps_);
  }

  const RunContext& context_;
  const SpotConfig& config_;
  const Model model_;
  const Bugs bugs_;
  const std::unique_ptr<Availability> availability_;
  const bool upstream_order_, wants_events_, wants_cluster_, wants_rendezvous_, wants_curves_, skips_;
  const Ms creation_, global_, load_, write_;
  const bool checkpoints_;
  std::optional<Ms> duration_;
  std::optional<std::int64_t> step_limit_;

  PythonHeap<Entry> queue_;
  std::vector<FleetEvent> scheduled_;
  std::vector<InstanceId> fleet_;
  Ms now_ = 0, end_ = 0;
  State state_ = State::stopped;
  std::vector<Instance> instances_;
  std::vector<InstanceId> live_;  ///< in order of addition
  int waiting_ = 0, pipelines_ = 0, stages_ = 0;
  std::int32_t version_ = 0, rendezvous_id_ = 0;
  std::int64_t steps_ = 0, stale_timeouts_ = 0, events_ = 0;
  std::vector<InstanceId> rendezvous_;
  Cause cause_ = Cause::ready;
  Ms rendezvous_start_ = 0, loading_ = 0;
  struct Fallback {
    std::int64_t steps;
    Ms time;
  };
  std::optional<Fallback> fallback_;
  bool fallback_done_ = false;
  Ms step_ms_ = 0, previous_step_ = 0;
  std::optional<Ms> run_start_;

  struct Writing {
    Ms complete;
    Book::Work work;
  };
  std::optional<Writing> writing_;
  Book::Work saved_;
  Ms checkpoint_due_ = 0;

  Book book_;
  Curve count_, cost_;
  Ms curve_time_ = 0;  ///< of the last change of these
  int noted_ = 0;
  double performance_sum_ = 0, value_sum_ = 0;
};

Outcome run(const RunContext& context) {
  return Bamboo(context).run();
}

}  // namespace

void add_bamboo(StrategyRegistry& registry) {
  registry.add("redundant", "each instance can go on for the next one in its pipeline (redundant computation)",
               "Bamboo (NSDI 2023), corrected", run);
  registry.add("bamboo_compat", "the published simulator of redundant computation, digit for digit",
               "Bamboo (NSDI 2023), commit 8080929", run);
}

}  // namespace windrow::spot
