#define OMPI_SKIP_MPICXX 1  // the C interface alone: the C++ one would want a library of its own
#define MPICH_SKIP_MPICXX 1
#include "exec/mpi.hpp"

#include <fmt/format.h>
#include <mpi.h>

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <stdexcept>

#include "exec/clock.hpp"
#include "exec/local.hpp"
#include "windrow/kernel/error.hpp"

#if defined(__SANITIZE_ADDRESS__)
/// The leak checker asks this at the end. Open MPI never frees some of what it allocates, in threads of its own and in
/// libraries that are unloaded before anybody could name them: ranks are not checked, local runs of the same code are.
extern "C" int __lsan_is_turned_off() {
  int started = 0;
  MPI_Initialized(&started);
  return started;
}
#endif

namespace windrow::exec {

namespace {

constexpr int kTag = 1;
constexpr double kGoodbye_s = 5;

// A waiting rank looks for messages in a tight loop for a moment, then sleeps between looks, ever longer. Two ends that
// both fall asleep at once would cost each message a sleep (measured with Open MPI 4.1 and no work: 11,000 instead of
// 1,000,000 messages/s), but no core may be burnt by a master whose workers are busy.
constexpr int kTightLooks = 200;
constexpr double kShortestSleep_s = 20e-6;
constexpr double kLongestSleep_s = 1e-3;
constexpr double kLongestLazySleep_s = 4e-3;  // of a worker that has points left to run

void check(int code, const char* what) {
  if (code == MPI_SUCCESS) return;
  char text[MPI_MAX_ERROR_STRING] = "";
  int length = 0;
  MPI_Error_string(code, text, &length);
  throw std::runtime_error(fmt::format("{}: {}", what, text));
}

}  // namespace

struct MpiWorld::Sends {
  struct Send {
    MPI_Request request;
    std::string message;
  };
  std::deque<Send> queue;  // a message must not move before it is sent
};

bool MpiWorld::launched() {
  // What Open MPI's mpirun, PMIx (srun --mpi=pmix, prterun) and PMI (MPICH, srun --mpi=pmi2) set for each rank.
  // SLURM_PROCID alone says nothing: a batch script has it too.
  if (const char* size = std::getenv("OMPI_COMM_WORLD_SIZE")) return std::atoi(size) > 1;
  if (const char* size = std::getenv("PMI_SIZE")) return std::atoi(size) > 1;
  return std::getenv("PMIX_RANK") != nullptr || std::getenv("PMI_RANK") != nullptr;
}

MpiWorld::MpiWorld(int& argc, char**& argv) : sends_(std::make_unique<Sends>()) {
  check(MPI_Init(&argc, &argv), "MPI_Init");
  check(MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler");
  check(MPI_Comm_rank(MPI_COMM_WORLD, &rank_), "MPI_Comm_rank");
  check(MPI_Comm_size(MPI_COMM_WORLD, &size_), "MPI_Comm_size");
}

MpiWorld::~MpiWorld() {
  MPI_Finalize();
}

void MpiWorld::abort(int status) const {
  MPI_Abort(MPI_COMM_WORLD, status);
  std::abort();
}

void MpiWorld::send(int to, std::string message) {
  WINDROW_CHECK(message.size() <= std::size_t{std::numeric_limits<int>::max()}, "a message of {} bytes",
                message.size());
  sends_->queue.push_back({MPI_REQUEST_NULL, std::move(message)});
  auto& [request, bytes] = sends_->queue.back();
  check(MPI_Isend(bytes.data(), static_cast<int>(bytes.size()), MPI_BYTE, to, kTag, MPI_COMM_WORLD, &request),
        "MPI_Isend");
}

bool MpiWorld::sent() {
  auto& queue = sends_->queue;
  for (int done = 1; !queue.empty() && done != 0;) {
    check(MPI_Test(&queue.front().request, &done, MPI_STATUS_IGNORE), "MPI_Test");
    if (done != 0) queue.pop_front();
  }
  return queue.empty();
}

bool MpiWorld::message_waits() const {
  int waits = 0;
  check(MPI_Iprobe(MPI_ANY_SOURCE, kTag, MPI_COMM_WORLD, &waits, MPI_STATUS_IGNORE), "MPI_Iprobe");
  return waits != 0;
}

std::optional<std::pair<int, std::string>> MpiWorld::receive() {
  int waits = 0;
  MPI_Status status;
  check(MPI_Iprobe(MPI_ANY_SOURCE, kTag, MPI_COMM_WORLD, &waits, &status), "MPI_Iprobe");
  if (waits == 0) return std::nullopt;
  int count = 0;
  check(MPI_Get_count(&status, MPI_BYTE, &count), "MPI_Get_count");
  std::string message(static_cast<std::size_t>(count), '\0');
  check(MPI_Recv(message.data(), count, MPI_BYTE, status.MPI_SOURCE, kTag, MPI_COMM_WORLD, MPI_STATUS_IGNORE),
        "MPI_Recv");
  return std::pair(status.MPI_SOURCE, std::move(message));
}

std::optional<std::string> MpiTransport::receive() {
  world_.sent();
  auto message = world_.receive();
  if (!message) return std::nullopt;
  return std::move(message->second);
}

void MpiTransport::wait(std::vector<pollfd>& others, double timeout_s, bool urgent) {
  for (int looks = 0; urgent && looks < kTightLooks; ++looks)
    if (world_.message_waits()) return;
  const double deadline_s = monotonic_s() + timeout_s;
  for (double sleep_s = kShortestSleep_s;; sleep_s *= 2) {
    const bool all_sent = world_.sent();
    if (world_.message_waits()) return;
    const double left_s = deadline_s - monotonic_s();
    const double longest_s = urgent || !all_sent ? kLongestSleep_s : kLongestLazySleep_s;
    sleep_s = std::min(sleep_s, longest_s);
    if (left_s <= 0 || wait_for_any(others, std::min(sleep_s, left_s))) return;
  }
}

void MpiTransport::drain() {
  std::vector<pollfd> nothing;
  while (!world_.sent()) wait_for_any(nothing, kShortestSleep_s);
}

MpiFleet::MpiFleet(MpiWorld& world, const Setup& setup) : world_(world) {
  for (int worker = 0; worker < size(); ++worker) {
    Setup own = setup;
    own.rank = rank(worker);
    send(worker, own.message());
  }
}

std::optional<Fleet::Event> MpiFleet::next(double timeout_s) {
  const auto event = [&]() -> std::optional<Event> {
    auto message = world_.receive();
    if (!message) return std::nullopt;
    return Event{message->first - 1, std::move(message->second)};
  };
  world_.sent();
  auto found = event();
  if (found || timeout_s <= 0) return found;
  for (int looks = 0; looks < kTightLooks && !found; ++looks) found = event();
  const double deadline_s = monotonic_s() + timeout_s;
  std::vector<pollfd> nothing;
  for (double sleep_s = kShortestSleep_s; !found; sleep_s = std::min(2 * sleep_s, kLongestSleep_s)) {
    const double left_s = deadline_s - monotonic_s();
    if (left_s <= 0) break;
    wait_for_any(nothing, std::min(sleep_s, left_s));
    world_.sent();
    found = event();
  }
  return found;
}

void dismiss_ranks(MpiWorld& world) {
  for (int rank = 1; rank < world.size(); ++rank) world.send(rank, message_of(Kind::end));
  std::vector<pollfd> nothing;
  const double deadline_s = monotonic_s() + kGoodbye_s;
  for (int present = world.size() - 1; present > 0 || !world.sent();) {
    const auto message = world.receive();
    if (message && kind_of(message->second) == Kind::bye) --present;
    if (!message && monotonic_s() > deadline_s)
      world.abort(EXIT_FAILURE);  // a point without sandbox that does not stop
    if (!message) wait_for_any(nothing, 1e-4);
  }
}

}  // namespace windrow::exec
