#include "exec/master.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <deque>
#include <stdexcept>
#include <unordered_map>
#include <vector>

#include "exec/clock.hpp"
#include "exec/executor.hpp"
#include "exec/in_flight_file.hpp"
#include "exec/progress.hpp"
#include "exec/protocol.hpp"
#include "exec/sandbox.hpp"
#include "exec/work_queue.hpp"
#include "exec/zygote.hpp"
#include "windrow/kernel/error.hpp"

namespace windrow::exec {

namespace {

// A message should carry that much work, so that its own cost (some 50 µs at both ends together) is small beside it.
constexpr double kBatch_s = 2e-3;
constexpr std::uint64_t kMostPerBatch = InFlightFile::kMostPoints;
constexpr std::size_t kMostBatchBytes = 256 * 1024;
// So much work waits at each worker while the master writes its files.
constexpr double kReserve_s = 50e-3;
constexpr std::size_t kMostPerWorker = 4096;
// No more than this part of what is left goes to one worker, so that all of them end at the same time.
constexpr std::uint64_t kShares = 4;
// A guess from another group's measurements may be too low: a batch of such points is kept that much smaller.
constexpr double kCaution = 4;

constexpr double kHousekeeping_s = 0.1;
constexpr double kStopGrace_s = 2;
constexpr std::size_t kMostRecordsPerAccept = 4096;
constexpr int kMostDeathsInARow = 20;
constexpr std::uint32_t kMostDeaths = 2;  // of its worker, before a point is not tried any more

volatile std::sig_atomic_t stop_signal = 0;  // a signal handler can reach nothing else

/// While it lives, the stop signals set `stop_signal`.
class SignalGuard {
 public:
  SignalGuard() {
    stop_signal = 0;
    struct sigaction action {};
    action.sa_handler = [](int signal) { stop_signal = signal; };  // no SA_RESTART: it should end a wait
    for (std::size_t i = 0; i < stop_signals().size(); ++i) {
      ::sigaction(stop_signals()[i], &action, &before_[i]);
      // nohup: the terminal may go, the sweep stays.
      const bool stays = stop_signals()[i] == SIGHUP && before_[i].sa_handler == SIG_IGN;
      if (stays) ::sigaction(SIGHUP, &before_[i], nullptr);
    }
  }
  ~SignalGuard() {
    for (std::size_t i = 0; i < stop_signals().size(); ++i) ::sigaction(stop_signals()[i], &before_[i], nullptr);
  }
  SignalGuard(const SignalGuard&) = delete;
  SignalGuard& operator=(const SignalGuard&) = delete;

 private:
  std::array<struct sigaction, 8> before_{};
};

class Master {
 public:
  Master(Work& work, const Options& options, Fleet& fleet);
  Summary run();

 private:
  using Item = WorkQueue::Item;
  struct Batch {
    std::deque<Item> points;  ///< not reported yet, in order of execution
    double predicted_s = 0;   ///< of each
  };
  struct WorkerState {
    std::deque<Batch> batches;
    std::size_t points = 0;
    double predicted_s = 0;
    bool alone = false;  ///< runs a suspect: nothing else goes there meanwhile
    bool dropped = false;
  };

  bool finished() const { return queue_.left() == 0 && again_.empty() && suspects_.empty() && in_flight_ == 0; }
  void handle(Fleet::Event event);
  void take_results(int worker, std::string_view message);
  void tick_off(int worker, const sweep::PointRecord& record);
  void on_death(int worker);
  void refill(int worker);
  void assign_suspect(int worker);
  bool assign_batch(int worker, std::uint64_t most);
  bool set_apart(const Item& item);
  void condemn(const Item& item, std::uint32_t deaths, std::uint32_t rank);
  void note_in_flight(int worker);
  void add(AssignMessage& message, std::uint64_t index);
  void send(int worker, AssignMessage& message, Batch batch);
  void accept();
  void take_more();
  void stop();
  bool all_dropped() const;
  std::optional<double> eta_s() const;

  Work& work_;
  Fleet& fleet_;
  WorkQueue queue_;
  const double begin_s_;
  std::vector<WorkerState> workers_;
  std::deque<Item> again_;     ///< were waiting at a worker that died
  std::deque<Item> suspects_;  ///< were in the batch that a dying worker ran: each runs alone, to know whom to blame
  std::unordered_map<std::uint64_t, std::uint32_t> deaths_;  ///< workers that a point saw dying
  std::optional<InFlightFile> in_flight_file_;               ///< under a supervisor
  std::vector<std::uint64_t> noted_;                         ///< scratch
  std::size_t in_flight_ = 0;
  int deaths_in_a_row_ = 0;                  ///< of workers, without a result in between
  std::vector<sweep::PointRecord> records_;  ///< arrived, not accepted yet
  Summary summary_;
  std::uint64_t to_do_;
  Progress progress_;
  bool failure_shown_ = false;
  double stop_deadline_s_ = 0;  ///< above 0: stopping
};

Master::Master(Work& work, const Options& options, Fleet& fleet)
    : work_(work),
      fleet_(fleet),
      queue_(work),
      begin_s_(monotonic_s()),
      workers_(static_cast<std::size_t>(fleet.size())),
      to_do_(queue_.left()),
      progress_(options, work.size() - work.reserve(), work.size() - work.reserve() - queue_.left()) {
  summary_.workers = fleet.size();
  if (!options.supervised) return;
  in_flight_file_.emplace(options.supervised->in_flight_path);
  deaths_.insert(options.supervised->suspects.begin(), options.supervised->suspects.end());
}

Summary Master::run() {
  const SignalGuard guard;
  double next_housekeeping_s = begin_s_ + kHousekeeping_s;
  for (int worker = 0; worker < fleet_.size(); ++worker) refill(worker);
  while (!finished()) {
    if (stop_signal != 0 && stop_deadline_s_ == 0) stop();
    double now_s = monotonic_s();
    if (stop_deadline_s_ > 0 && (all_dropped() || now_s >= stop_deadline_s_)) break;
    auto event = fleet_.next(std::max(0.0, next_housekeeping_s - now_s));
    for (; event; event = records_.size() < kMostRecordsPerAccept ? fleet_.next(0) : std::nullopt)
      handle(std::move(*event));
    accept();  // after the workers got new points: they need not wait for the disk
    now_s = monotonic_s();
    if (now_s >= next_housekeeping_s) {
      work_.housekeeping();
      progress_.update(summary_.ok + summary_.saturated + summary_.failed, summary_.failed, eta_s());
      next_housekeeping_s = monotonic_s() + kHousekeeping_s;
    }
  }
  accept();  // what a stopped run has not asked for is asked for by the next one
  summary_.wall_s = monotonic_s() - begin_s_;
  summary_.left = to_do_ - summary_.ok - summary_.saturated - summary_.failed;
  return summary_;
}

void Master::handle(Fleet::Event event) {
  if (!event.message) {
    on_death(event.worker);
  } else if (const Kind kind = kind_of(*event.message); kind == Kind::dropped) {
    workers_[static_cast<std::size_t>(event.worker)].dropped = true;
  } else {
    WINDROW_CHECK(kind == Kind::results, "worker {} sent a message of kind {}", event.worker, int(kind));
    take_results(event.worker, *event.message);
  }
  if (stop_deadline_s_ == 0) refill(event.worker);
}

void Master::take_results(int worker, std::string_view message) {
  deaths_in_a_row_ = 0;
  summary_.worker_busy_s += ResultsMessage::header(message).busy_s;
  const std::size_t before = records_.size();
  ResultsMessage::read(message, records_);
  for (std::size_t i = before; i < records_.size(); ++i) tick_off(worker, records_[i]);
  note_in_flight(worker);
}

void Master::note_in_flight(int worker) {
  if (!in_flight_file_) return;
  noted_.clear();
  if (const auto& batches = workers_[static_cast<std::size_t>(worker)].batches; !batches.empty())
    for (const Item& item : batches.front().points) noted_.push_back(item.index);
  in_flight_file_->set(fleet_.rank(worker), noted_);
}

void Master::tick_off(int worker, const sweep::PointRecord& record) {
  WorkerState& state = workers_[static_cast<std::size_t>(worker)];
  // Results come in order, but for the one whose sandbox crashed: the search ends at once.
  for (auto batch = state.batches.begin(); batch != state.batches.end(); ++batch) {
    const auto point = std::find_if(batch->points.begin(), batch->points.end(),
                                    [&](const Item& item) { return item.index == record.index; });
    if (point == batch->points.end()) continue;
    queue_.learn(point->group, record.provenance.wall_s);
    state.predicted_s = std::max(0.0, state.predicted_s - batch->predicted_s);
    batch->points.erase(point);
    if (batch->points.empty()) state.batches.erase(batch);
    --state.points;
    --in_flight_;
    state.alone = false;
    if (!deaths_.empty()) deaths_.erase(record.index);
    return;
  }
  WINDROW_CHECK(false, "worker {} reported point {}, which it was not given", worker, record.index);
}

void Master::on_death(int worker) {
  WorkerState lost = std::exchange(workers_[static_cast<std::size_t>(worker)], {});
  if (stop_deadline_s_ > 0) workers_[static_cast<std::size_t>(worker)].dropped = true;
  in_flight_ -= lost.points;
  if (++deaths_in_a_row_ > kMostDeathsInARow)  // not the points' fault, so none of them should be called failed for it
    throw std::runtime_error(
        fmt::format("{} workers died one after the other without a result: is there memory left, "
                    "and room for processes?",
                    kMostDeathsInARow));
  if (lost.batches.empty()) return;
  progress_.note(fmt::format("worker {} died; {} points run again", worker, lost.points));
  for (const Item& item : lost.batches.front().points) {
    const std::uint32_t deaths = ++deaths_[item.index];
    if (!lost.alone || deaths < kMostDeaths)
      suspects_.push_back(item);
    else
      condemn(item, deaths, fleet_.rank(worker));
  }
  lost.batches.pop_front();
  for (const Batch& batch : lost.batches) again_.insert(again_.end(), batch.points.begin(), batch.points.end());
}

void Master::condemn(const Item& item, std::uint32_t deaths, std::uint32_t rank) {
  deaths_.erase(item.index);
  Task task;
  task.index = item.index;
  task.attempt = work_.attempts(item.index) + deaths;
  records_.push_back(failed_record(task, "killed the worker twice", 0, rank));
}

/// Points that an earlier job of the supervisor makes suspect do not go with others.
bool Master::set_apart(const Item& item) {
  if (deaths_.empty()) return false;
  const auto found = deaths_.find(item.index);
  if (found == deaths_.end()) return false;
  if (found->second < kMostDeaths)
    suspects_.push_back(item);
  else
    condemn(item, found->second, sweep::kNoRank);
  return true;
}

void Master::refill(int worker) {
  WorkerState& state = workers_[static_cast<std::size_t>(worker)];
  if (state.alone) return;
  // Ranks die together: only one suspect may run at a time then.
  const auto may_go = [&] {
    return !suspects_.empty() &&
           !(in_flight_file_ &&
             std::any_of(workers_.begin(), workers_.end(), [](const WorkerState& other) { return other.alone; }));
  };
  if (may_go()) {
    if (state.batches.empty()) assign_suspect(worker);
    return;
  }
  while (true) {
    const std::uint64_t left = queue_.left() + again_.size();
    const std::uint64_t share = std::max<std::uint64_t>(1, left / (kShares * workers_.size()));
    const bool two_waiting = state.batches.size() >= 2;
    if (two_waiting &&
        (state.predicted_s >= kReserve_s || state.points >= std::min<std::uint64_t>(kMostPerWorker, share)))
      return;
    if (!assign_batch(worker, std::min(kMostPerBatch, share))) break;
  }
  if (state.batches.empty() && may_go()) assign_suspect(worker);  // all that was left were suspects
}

void Master::assign_suspect(int worker) {
  Batch batch;
  batch.points.push_back(suspects_.front());
  suspects_.pop_front();
  AssignMessage message;
  add(message, batch.points.front().index);
  send(worker, message, std::move(batch));
  workers_[static_cast<std::size_t>(worker)].alone = true;
}

bool Master::assign_batch(int worker, std::uint64_t most) {
  AssignMessage message;
  Batch batch;
  double predicted_s = 0;
  while (message.count() < most && message.bytes() < kMostBatchBytes && (!again_.empty() || queue_.left() > 0)) {
    Item item;
    if (!again_.empty()) {
      item = again_.front();
      again_.pop_front();
    } else {
      item = queue_.take();
      if (set_apart(item)) continue;
    }
    add(message, item.index);
    batch.points.push_back(item);
    const double point_s = queue_.predicted_s(item.group);
    batch.predicted_s += point_s;
    predicted_s += queue_.measured(item.group) ? point_s : kCaution * point_s;
    if (point_s == 0 || predicted_s >= kBatch_s) break;  // nothing is known yet: one at a time
  }
  if (batch.points.empty()) return false;  // nothing is left but suspects, perhaps
  batch.predicted_s /= static_cast<double>(batch.points.size());
  send(worker, message, std::move(batch));
  return true;
}

void Master::add(AssignMessage& message, std::uint64_t index) {
  const auto deaths = deaths_.empty() ? deaths_.end() : deaths_.find(index);
  const std::uint32_t again = deaths == deaths_.end() ? 0 : deaths->second;
  message.add(index, work_.attempts(index) + 1 + again, work_.config_text(index));
}

void Master::send(int worker, AssignMessage& message, Batch batch) {
  WorkerState& state = workers_[static_cast<std::size_t>(worker)];
  state.points += batch.points.size();
  state.predicted_s += batch.predicted_s * static_cast<double>(batch.points.size());
  in_flight_ += batch.points.size();
  state.batches.push_back(std::move(batch));
  if (state.batches.size() == 1) note_in_flight(worker);
  fleet_.send(worker, message.take());
}

void Master::accept() {
  if (records_.empty()) return;
  work_.accept(records_);
  for (const sweep::PointRecord& record : records_) {
    switch (record.status) {
      case sweep::PointStatus::ok:
        ++summary_.ok;
        break;
      case sweep::PointStatus::saturated:
        ++summary_.saturated;
        break;
      default:
        ++summary_.failed;
        break;
    }
    if (record.status == sweep::PointStatus::failed && !std::exchange(failure_shown_, true))
      progress_.note(
          fmt::format("the first failure: {}: {}", work_.label(record.index),
                      record.message.substr(0, std::min(record.message.find(kLastOutput), record.message.find('\n')))));
  }
  records_.clear();
  take_more();
}

void Master::take_more() {
  const std::vector<std::uint64_t> more = work_.take_more();
  if (more.empty()) return;
  queue_.add(work_, more);
  to_do_ += more.size();
  progress_.grow(more.size());
  for (int worker = 0; stop_deadline_s_ == 0 && worker < fleet_.size(); ++worker) refill(worker);
}

void Master::stop() {
  summary_.stopped = true;
  stop_deadline_s_ = monotonic_s() + kStopGrace_s;
  progress_.note("stopping: what is finished is kept");
  for (int worker = 0; worker < fleet_.size(); ++worker) fleet_.drop(worker);
}

bool Master::all_dropped() const {
  return std::all_of(workers_.begin(), workers_.end(), [](const WorkerState& state) { return state.dropped; });
}

std::optional<double> Master::eta_s() const {
  const double elapsed_s = monotonic_s() - begin_s_;
  if (summary_.worker_busy_s <= 0) return std::nullopt;
  double left_s = queue_.left_s();
  for (const WorkerState& state : workers_) left_s += state.predicted_s;
  return left_s * elapsed_s / summary_.worker_busy_s;  // as fast as simulated work was done so far, overheads included
}

}  // namespace

Summary run_master(Work& work, const Options& options, Fleet& fleet) {
  return Master(work, options, fleet).run();
}

}  // namespace windrow::exec
