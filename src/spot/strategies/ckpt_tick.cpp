// Asynchronous checkpoints and rollback, in ticks: the notebook "Simulation Framework" of the Bamboo project (commit
// c219cb2) and the script that followed it, tick for tick and draw for draw, defects N1 to N12 included where they are
// kept. A tick in which nothing happens costs its draws and a few comparisons.
#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "spot/book.hpp"
#include "spot/figures.hpp"
#include "spot/model.hpp"
#include "spot/python_set.hpp"
#include "spot/strategy.hpp"
#include "windrow/kernel/error.hpp"
#include "windrow/kernel/numpy_random.hpp"
#include "windrow/kernel/python_random.hpp"
#include "windrow/kernel/text.hpp"
#include "windrow/spot/results.hpp"

namespace windrow::spot {
namespace {

/// Whole microseconds, as Python's timedelta has them.
using Us = std::int64_t;
constexpr double kSecond = 1e6;

Us us(double seconds) {
  return std::llrint(seconds * kSecond);  // halves to even
}

struct Row {
  std::int64_t ws;
  Us time;
  bool step;  ///< else reconfig
  std::int64_t id;
};

/// What the published program ends with: a result here, not a failure.
struct UpstreamError {
  std::string text;
};

struct Bugs {
  bool unknown_sizes_fail, maximum_unchecked, losses_add_up, too_many_victims_fail, sticky_pipelines, one_step_per_tick;
  bool late_by_a_tick, loading_is_free, reconfiguration_not_wasted;
  bool spare_must_remain;  ///< case 1a wants more standby instances than it takes (notebook only)

  Bugs(const SpotConfig& config, bool script)
      : unknown_sizes_fail(config.keeps("N1")),
        maximum_unchecked(config.keeps("N3")),
        losses_add_up(!script && config.keeps("N4")),
        too_many_victims_fail(config.keeps("N5")),
        sticky_pipelines(config.keeps("N6")),
        one_step_per_tick(config.keeps("N7")),
        late_by_a_tick(!script && config.keeps("N8")),
        loading_is_free(config.keeps("N9")),
        reconfiguration_not_wasted(config.keeps("N12")),
        spare_must_remain(!script) {}
};

std::string ids_text(const std::vector<int>& ids) {
  std::string text;
  for (const int id : ids) {
    if (!text.empty()) text += ' ';
    text += std::to_string(id);
  }
  return text;
}

class CkptTick {
 public:
  explicit CkptTick(const RunContext& context)
      : context_(context),
        config_(context.config),
        script_(config_.ckpt_tick.variant == "script"),
        bugs_(config_, script_),
        python_order_(config_.ckpt_tick.sampling ? *config_.ckpt_tick.sampling == "set"
                                                 : config_.bugs && config_.keeps("N10")),
        wants_ticks_(context.sink.wants(results::tick_log)),
        numpy_(static_cast<std::uint32_t>(parse_uint64(config_.seed.digits).value_or(0))),
        python_(words_of_decimal(config_.ckpt_tick.python_seed.value_or(config_.seed).digits)),
        active_(python_order_ || wants_ticks_),
        standby_(active_),
        prepping_(active_),
        all_(active_),
        depth_(config_.pipeline_depth.value_or(16)),
        maximum_(config_.max_instances),
        tick_(us(config_.tick_s)),
        length_(us(config_.duration_s.value_or(21300))),
        preparation_(us(config_.preparation_s)),
        write_(us(config_.checkpoint.write_s.value_or(89))),
        reconfiguration_(us(config_.ckpt_tick.reconfiguration_s) +
                         (bugs_.loading_is_free ? 0 : us(config_.checkpoint.load_s.value_or(47)))),
        add_chance_(config_.add.chance_per_min / (60 / config_.tick_s)),
        preempt_chance_(config_.preempt.chance_per_min / (60 / config_.tick_s)),
        big_(config_.add.big_probability.value_or(script_ ? 0.058 : 0.05)) {
    for (const double iteration_s : config_.ckpt_tick.iteration_s) iteration_.push_back(us(iteration_s));
    for (int id = 0; id < config_.start_instances; ++id) {
      active_.insert(id);
      all_.insert(id);
    }
    next_id_ = config_.start_instances;
    rows_.push_back({config_.start_instances, 0, true, 0});
  }

  Outcome run() {
    std::string error;
    try {
      constexpr std::int64_t kBetweenLooks = 4096;
      for (Us time = 0; time < length_; time += tick_) {
        if (ticks_ % kBetweenLooks == 0 && context_.stop.requested()) return Outcome::stopped;
        begin_tick();
        tick(time);
      }
    } catch (const UpstreamError& upstream) {
      error = upstream.text;
    }
    if (!error.empty()) context_.sink.explain(script_ ? fmt::format("stopped: {}", error) : error);
    report();
    return Outcome::ok;
  }

 private:
  // The cluster

  void begin_tick() {
    ++ticks_;
    const auto total = static_cast<std::int64_t>(all_.size());
    most_ = std::max(most_, total);
    least_ = std::min(least_, total);
    last_sizes_ = {static_cast<std::int64_t>(active_.size()), static_cast<std::int64_t>(standby_.size()),
                   static_cast<std::int64_t>(prepping_.size())};
    for (std::size_t i = 0; i < last_sizes_.size(); ++i) size_sums_[i] += last_sizes_[i];
    active_at_.push_back(static_cast<int>(last_sizes_[0]));
    if (wants_ticks_)
      context_.sink.add(results::tick_log, {ticks_ - 1, last_sizes_[0], last_sizes_[1], last_sizes_[2], total,
                                            std::string_view(ids_text(active_.as_python())),
                                            std::string_view(ids_text(standby_.as_python())),
                                            std::string_view(ids_text(prepping_.as_python()))});
  }

  void tick(Us time) {
    std::int64_t added = draw_additions();
    const std::int64_t lost = draw_preemptions();
    const bool lost_active = take_away(lost);
    if (!bugs_.maximum_unchecked)
      added = std::clamp<std::int64_t>(added, 0,
                                       std::max<std::int64_t>(0, maximum_ - static_cast<std::int64_t>(all_.size())));
    finish_preparations(time);
    prepare(added, time);
    train(time, lost_active);
  }

  /// |round(normal)|, halves to even; 0 becomes 1.
  std::int64_t draw_number(double mean, double std, bool& was_zero) {
    const auto number = static_cast<std::int64_t>(std::abs(std::nearbyint(numpy_.normal(mean, std))));
    was_zero = number == 0;
    return was_zero ? 1 : number;
  }

  std::int64_t draw_additions() {
    if (!(numpy_.random() < add_chance_)) return 0;
    constexpr std::int64_t kBigFirst = 11, kBigEnd = 32;
    bool unchecked = false;
    std::int64_t number = 0;
    if (numpy_.random() < big_)
      number = numpy_.randint(kBigFirst, kBigEnd);
    else
      number = draw_number(config_.add.mean, config_.add.std, unchecked);
    const auto total = static_cast<std::int64_t>(all_.size());
    if (bugs_.maximum_unchecked && !unchecked && total + number >= maximum_) number = maximum_ - total;
    return number;
  }

  std::int64_t draw_preemptions() {
    const bool hit = numpy_.random() < preempt_chance_;
    if (!hit || all_.empty()) return 0;
    bool was_zero = false;
    const std::int64_t number = draw_number(config_.preempt.mean, config_.preempt.std, was_zero);
    const auto total = static_cast<std::int64_t>(all_.size());
    return bugs_.too_many_victims_fail ? number : std::min(number, total);
  }

  std::vector<int> sample(const IdSet& from, std::int64_t count) {
    std::vector<int> chosen;
    if (count < 0 || count > static_cast<std::int64_t>(from.size()))
      throw UpstreamError{"ValueError('Sample larger than population or is negative')"};
    const std::vector<int> population = python_order_ ? from.as_python() : from.ascending();
    for (const std::size_t i : python_.sample(population.size(), static_cast<std::size_t>(count)))
      chosen.push_back(population[i]);
    return chosen;
  }

  /// Whether one of those taken away was training.
  bool take_away(std::int64_t number) {
    if (number == 0) return false;
    bool lost_active = false;
    for (const int id : sample(all_, number)) {
      all_.remove(id);
      if (active_.remove(id))
        lost_active = true;
      else if (!standby_.remove(id))
        forget_preparation(id);
      ++preemptions_;
    }
    return lost_active;
  }

  void forget_preparation(int id) {
    prepping_.remove(id);
    std::erase_if(preparations_, [id](const Preparation& one) { return one.id == id; });
  }

  void finish_preparations(Us time) {
    if (preparations_.empty() || time - preparations_.front().start < preparation_) return;
    std::vector<int> done;  // in the order in which upstream goes through the set
    for (const int id : prepping_.as_python()) {
      const auto one =
          std::find_if(preparations_.begin(), preparations_.end(), [id](const auto& p) { return p.id == id; });
      if (time - one->start >= preparation_) done.push_back(id);
    }
    for (const int id : done) {
      forget_preparation(id);
      standby_.insert(id);
    }
  }

  void prepare(std::int64_t number, Us time) {
    for (std::int64_t i = 0; i < number; ++i) {
      prepping_.insert(next_id_);
      all_.insert(next_id_);
      preparations_.push_back({next_id_++, time});
      ++additions_;
    }
  }

  // Training

  bool reached(Us time, Us end) const { return bugs_.late_by_a_tick ? time > end : time >= end; }

  Us iteration_of(std::int64_t ws) const {
    const std::int64_t pipelines = ws / depth_;
    if (ws > 0 && ws % depth_ == 0 && pipelines <= static_cast<std::int64_t>(iteration_.size()))
      return iteration_[static_cast<std::size_t>(pipelines) - 1];
    if (bugs_.unknown_sizes_fail) throw UpstreamError{fmt::format("KeyError({})", ws)};
    return iteration_.back();
  }

  std::int64_t whole_pipelines(std::size_t instances) const {
    return static_cast<std::int64_t>(instances) / depth_ * depth_;
  }

  /// The job's size that the instances are enough for.
  std::int64_t target() const {
    const std::int64_t most = std::min<std::int64_t>(static_cast<std::int64_t>(iteration_.size()) * depth_,
                                                     whole_pipelines(static_cast<std::size_t>(maximum_)));
    return std::min(whole_pipelines(active_.size() + standby_.size()), most);
  }

  void train(Us time, bool lost_active) {
    const bool changes = bugs_.sticky_pipelines ? lost_active || static_cast<std::int64_t>(standby_.size()) >= depth_
                                                : lost_active || target() != size_;
    const Row last = rows_.back();
    if (writing_ && reached(time, write_start_ + write_)) {
      saved_ = writing_step_;
      writing_ = false;
      ++checkpoints_completed_;
    }
    if (last.step)
      end_steps(time, last);
    else
      end_reconfiguration(time, changes);
    if (changes) reconfigure(time, lost_active);
  }

  void end_steps(Us time, const Row& last) {
    if (last.ws == 0 && !bugs_.unknown_sizes_fail) return;  // N1: waiting for instances
    const Us iteration = iteration_of(last.ws);
    for (Us end = last.time + iteration; reached(time, end); end += iteration) {
      if (!writing_) {
        writing_ = true;
        write_start_ = end;
        writing_step_ = step_;  // its row comes back as number saved + 1, without work: what was saved is this step
        ++checkpoints_started_;
      }
      rows_.push_back({last.ws, end, true, ++step_});
      if (bugs_.one_step_per_tick) break;
    }
  }

  void end_reconfiguration(Us time, bool changes) {
    if (!reconfiguring_) return;  // waiting for instances
    if (changes) reconfigured_at_ = bugs_.losses_add_up ? reconfigured_at_ + reconfiguration_ : time + reconfiguration_;
    if (!reached(time, reconfigured_at_)) return;
    reconfiguring_ = false;
    if (active_.empty() && !bugs_.unknown_sizes_fail) return;
    redone_ += std::max<std::int64_t>(step_ - saved_ - 1, 0);
    step_ = saved_ + 1;
    rows_.push_back({static_cast<std::int64_t>(active_.size()), reconfigured_at_, true, step_});
  }

  void reconfigure(Us time, bool lost_active) {
    rows_.push_back({static_cast<std::int64_t>(active_.size()), time, false, reconfigurations_++});
    if (!reconfiguring_) reconfigured_at_ = time + reconfiguration_;
    reconfiguring_ = true;
    if (writing_) ++checkpoints_lost_;
    writing_ = false;
    if (bugs_.sticky_pipelines)
      move_as_published(lost_active);
    else
      move_to(target());
    size_ = static_cast<std::int64_t>(active_.size());
  }

  void move_to(std::int64_t size) {
    const auto there = static_cast<std::int64_t>(active_.size());
    if (there < size) move(standby_, active_, size - there);
    if (there > size) move(active_, standby_, there - size);
  }

  void move_as_published(bool lost_active) {
    const auto standby = static_cast<std::int64_t>(standby_.size());
    const std::int64_t rest = static_cast<std::int64_t>(active_.size()) % depth_;
    if (standby < depth_) {  // hence an active one was lost
      const std::int64_t missing = depth_ - rest;
      if (bugs_.spare_must_remain ? standby > missing : standby >= missing)
        move(standby_, active_, missing);
      else
        move(active_, standby_, rest);
      return;
    }
    move(standby_, active_, whole_pipelines(standby_.size()) - (lost_active ? rest : 0));
    while (lost_active && static_cast<std::int64_t>(standby_.size()) >= depth_) move(standby_, active_, depth_);
  }

  void move(IdSet& from, IdSet& to, std::int64_t count) {
    for (const int id : sample(from, count)) {
      from.remove(id);
      to.insert(id);
    }
  }

  // The end

  struct Range {
    Us begin, end;
  };

  /// From the last step that lasted to the reconfiguration that threw the later ones away.
  std::vector<Range> wasted_ranges() const {
    std::vector<const Row*> steps;
    for (const Row& row : rows_)
      if (row.step) steps.push_back(&row);
    std::vector<Range> ranges;
    std::size_t next = 0;  // of the rows, to find reconfigurations: times ascend
    for (std::size_t i = 1; i < steps.size(); ++i) {
      if (steps[i]->id > steps[i - 1]->id) continue;
      std::size_t kept = i - 1;
      while (kept > 0 && steps[kept]->id >= steps[i]->id) --kept;
      while (next < rows_.size() && (rows_[next].step || rows_[next].time < steps[i - 1]->time)) ++next;
      if (next < rows_.size()) ranges.push_back({steps[kept]->time, rows_[next].time});
    }
    return ranges;
  }

  std::vector<Range> reconfiguration_ranges() const {
    constexpr Us kAtLeast = 10000000;
    std::vector<Range> ranges;
    for (std::size_t i = 0; i + 1 < rows_.size(); ++i)
      if (!rows_[i].step)
        ranges.push_back({rows_[i].time, rows_[i + 1].time + (rows_[i + 1].time == rows_[i].time ? kAtLeast : 0)});
    return ranges;
  }

  /// Marks the ticks within, both ends included.
  void mark(const std::vector<Range>& ranges, std::vector<char>& ticks) const {
    for (const Range& range : ranges) {
      const Us first = (range.begin + tick_ - 1) / tick_, last = std::min(range.end / tick_, ticks_ - 1);
      for (Us tick = first; tick <= last; ++tick) ticks[static_cast<std::size_t>(tick)] = 1;
    }
  }

  void report() {
    namespace r = results;
    if (context_.sink.wants(r::training_events))
      for (const Row& row : rows_)
        context_.sink.add(r::training_events, {row.ws, static_cast<double>(row.time) / kSecond,
                                               std::string_view(row.step ? "step" : "reconfig"), row.id});
    Figures figures;
    const auto count = [&](const Metric& metric, std::int64_t value) { figures[metric] = static_cast<double>(value); };
    report_trace(figures);
    report_time(figures);
    const double seconds = static_cast<double>(ticks_ * tick_) / kSecond, hours = seconds / 3600;
    count(r::ticks, ticks_);
    count(r::max_total, most_);
    count(r::min_total, least_);
    count(r::last_active, last_sizes_[0]);
    count(r::last_standby, last_sizes_[1]);
    count(r::last_prepping, last_sizes_[2]);
    count(r::additions, additions_);
    count(r::preemptions, preemptions_);
    count(r::reconfigurations, reconfigurations_);
    count(r::steps, step_);
    count(r::steps_redone, redone_);
    count(r::checkpoints_started, checkpoints_started_);
    count(r::checkpoints_completed, checkpoints_completed_);
    count(r::checkpoints_lost, checkpoints_lost_);
    constexpr double kBatch = 288;  // of the profiled training
    figures[r::samples] = static_cast<double>(step_) * kBatch;
    figures[r::lost_work] = static_cast<double>(redone_) * kBatch;
    figures[r::end_time] = seconds;
    figures[r::throughput] = figures[r::samples] / seconds;
    const double tick_hours = config_.tick_s / 3600;
    figures[r::instance_hours_active] = static_cast<double>(size_sums_[0]) * tick_hours;
    figures[r::instance_hours_standby] = static_cast<double>(size_sums_[1]) * tick_hours;
    figures[r::instance_hours_creating] = static_cast<double>(size_sums_[2]) * tick_hours;
    const double paid = static_cast<double>(size_sums_[0] + size_sums_[1] + size_sums_[2]) * tick_hours;
    figures[r::instances_mean] = paid / hours;
    count(r::instances_min, least_);
    count(r::instances_max, most_);
    figures[r::cost_total] = paid * config_.price.spot;
    figures[r::cost_per_hour] = figures[r::cost_total] / hours;
    if (paid > 0) {
      figures[r::value] = figures[r::throughput] / figures[r::cost_per_hour];
      figures[r::samples_per_dollar] = figures[r::samples] / figures[r::cost_total];
      figures[r::idle_fraction] = 1 - useful_active_ * tick_hours / paid;
      figures[r::idle_time] = (paid - useful_active_ * tick_hours) * 3600;
    }
    figures.put_all(context_.sink);
  }

  void report_trace(Figures& figures) const {
    namespace r = results;
    std::int64_t most_id = 0, most_ws = 0, reconfigurations = 0;
    double weighted = 0, trained = 0;
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      const Row& row = rows_[i];
      most_ws = std::max(most_ws, row.ws);
      if (row.step)
        most_id = std::max(most_id, row.id);
      else
        ++reconfigurations;
      const double span =
          row.step && row.ws > 0 && i + 1 < rows_.size() ? static_cast<double>(rows_[i + 1].time - row.time) : 0;
      weighted += span * static_cast<double>(row.ws);
      trained += span;
    }
    const auto rows = static_cast<std::int64_t>(rows_.size());
    figures[r::trace_rows] = static_cast<double>(rows);
    figures[r::step_events] = static_cast<double>(rows - 1 - reconfigurations);
    figures[r::reconfig_events] = static_cast<double>(reconfigurations);
    figures[r::max_step_id] = static_cast<double>(most_id);
    figures[r::max_trace_ws] = static_cast<double>(most_ws);
    figures[r::last_event_s] = static_cast<double>(rows_.back().time) / kSecond;
    figures[r::world_size_mean] = trained > 0 ? weighted / trained : 0;
  }

  /// Each tick is waiting, redone, reconfiguring or useful: the first of these that holds.
  void report_time(Figures& figures) {
    namespace r = results;
    const std::vector<Range> wasted = wasted_ranges(), reconfiguring = reconfiguration_ranges();
    std::vector<char> is_wasted(static_cast<std::size_t>(ticks_)), is_reconfiguring(is_wasted);
    mark(wasted, is_wasted);
    mark(reconfiguring, is_reconfiguring);
    std::int64_t wastes = 0, reconfigurations = 0, either = 0, waits = 0, redone = 0, useful = 0;
    for (std::size_t i = 0; i < is_wasted.size(); ++i) {
      const bool is_either = is_wasted[i] != 0 || is_reconfiguring[i] != 0, is_waiting = active_at_[i] == 0;
      wastes += is_wasted[i];
      reconfigurations += is_reconfiguring[i];
      either += is_either ? 1 : 0;
      waits += is_waiting ? 1 : 0;
      redone += is_wasted[i] != 0 && !is_waiting ? 1 : 0;
      if (is_either || is_waiting) continue;
      ++useful;
      useful_active_ += active_at_[i];
    }
    const auto all = static_cast<double>(ticks_);
    figures[r::rollbacks] = static_cast<double>(wasted.size());
    figures[r::reconfig_intervals] = static_cast<double>(reconfiguring.size());
    figures[r::wasted_samples] = static_cast<double>(wastes);
    figures[r::reconfig_samples] = static_cast<double>(reconfigurations);
    figures[r::union_samples] = static_cast<double>(either);
    figures[r::percent_time_wasted_upstream] = static_cast<double>(wastes) / all;
    figures[r::percent_time_wasted_fixed] = static_cast<double>(either) / all;
    figures[r::percent_time_wasted] = static_cast<double>(bugs_.reconfiguration_not_wasted ? wastes : either) / all;
    figures[r::time_useful_fraction] = static_cast<double>(useful) / all;
    figures[r::time_redone_fraction] = static_cast<double>(redone) / all;
    figures[r::time_stopped_fraction] = static_cast<double>(waits) / all;
    figures[r::time_reconfiguring_fraction] = static_cast<double>(ticks_ - useful - redone - waits) / all;
    figures[r::time_slowed_fraction] = 0;
    const double tick_s = config_.tick_s;
    figures[r::time_running] = static_cast<double>(useful + redone) * tick_s;
    figures[r::time_waiting] = static_cast<double>(waits) * tick_s;
    figures[r::time_reconfiguring] = static_cast<double>(ticks_ - useful - redone - waits) * tick_s;
  }

  struct Preparation {
    int id;
    Us start;
  };

  const RunContext& context_;
  const SpotConfig& config_;
  const bool script_;
  const Bugs bugs_;
  const bool python_order_, wants_ticks_;
  NumpyLegacyRandom numpy_;  ///< chances and numbers
  PythonRandom python_;      ///< who
  IdSet active_, standby_, prepping_, all_;
  std::vector<Preparation> preparations_;  ///< in order of their start
  const std::int64_t depth_;
  const std::int64_t maximum_;
  const Us tick_, length_, preparation_, write_, reconfiguration_;
  const double add_chance_, preempt_chance_, big_;
  std::vector<Us> iteration_;
  int next_id_ = 0;

  std::vector<Row> rows_;  ///< the last one is the state of the job
  std::int64_t step_ = 0, saved_ = 0, writing_step_ = 0, reconfigurations_ = 0, size_ = config_.start_instances;
  bool writing_ = false, reconfiguring_ = false;
  Us write_start_ = 0, reconfigured_at_ = 0;

  std::int64_t ticks_ = 0, most_ = 0, least_ = std::numeric_limits<std::int64_t>::max();
  std::array<std::int64_t, 3> last_sizes_{}, size_sums_{};
  std::vector<int> active_at_;  ///< instances that train, at each tick
  std::int64_t additions_ = 0, preemptions_ = 0, redone_ = 0;
  std::int64_t checkpoints_started_ = 0, checkpoints_completed_ = 0, checkpoints_lost_ = 0;
  double useful_active_ = 0;
};

Outcome run(const RunContext& context) {
  return CkptTick(context).run();
}

}  // namespace

void add_ckpt_tick(StrategyRegistry& registry) {
  registry.add("ckpt_tick", "checkpoints and rollback in ticks of 5 s, after the notebook, corrected",
               "Bamboo's notebook (2021), corrected", run);
  registry.add("ckpt_tick_compat", "the published notebook or script, tick for tick", "Bamboo's notebook (2021)", run);
}

}  // namespace windrow::spot
