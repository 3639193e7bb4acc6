#include <fmt/format.h>
#include <sched.h>

#include <algorithm>
#include <cstdlib>
#include <exception>
#include <thread>

#include "exec/local.hpp"
#include "exec/master.hpp"
#include "exec/mpi.hpp"
#include "exec/protocol.hpp"
#include "exec/sandbox.hpp"
#include "exec/worker.hpp"
#include "exec/zygote.hpp"
#include "windrow/exec/run.hpp"
#include "windrow/kernel/error.hpp"

namespace windrow::exec {

namespace {

int usable_cores() {
  cpu_set_t cores;
  if (::sched_getaffinity(0, sizeof cores, &cores) == 0) return std::max(1, CPU_COUNT(&cores));
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

std::uint64_t count_to_do(const Work& work) {
  std::uint64_t count = 0;
  for (std::uint64_t index = 0; index < work.size(); ++index) count += work.done(index) ? 0 : 1;
  return count;
}

int child_main(const Catalog& catalog, Zygote::Role role, std::vector<Descriptor>& descriptors, void* page) {
  if (role == Zygote::Role::worker) return local_worker_main(catalog, std::move(descriptors[0]));
  return sandbox_main(catalog, std::move(descriptors[0]), std::move(descriptors[1]), *static_cast<SandboxPage*>(page));
}

}  // namespace

struct Launch::State {
  State(int& argc, char**& argv, const Catalog& known)
      : catalog(known), zygote([&known](Zygote::Role role, std::vector<Descriptor>& descriptors, void* page) {
          return child_main(known, role, descriptors, page);
        }) {
    if (MpiWorld::launched()) world.emplace(argc, argv);
  }
  int ranks() const { return world ? world->size() : 1; }

  const Catalog& catalog;
  Zygote zygote;  // forked before MPI starts
  std::optional<MpiWorld> world;
  bool dismissed = false;
};

Launch::Launch(int& argc, char**& argv, const Catalog& catalog) : state_(std::make_unique<State>(argc, argv, catalog)) {
  if (!is_master()) ignore_stop_signals();  // the master alone decides
}

Launch::~Launch() {
  try {
    if (is_master()) dismiss();
  } catch (const std::exception& error) {
    tell(fmt::format("windrow: {}", error.what()));
  }
}

bool Launch::is_master() const {
  return !state_->world || state_->world->rank() == 0;
}

int Launch::ranks() const {
  return state_->ranks();
}

Summary Launch::run(const Simulator& simulator, Work& work, const Options& options) {
  const std::uint64_t to_do = count_to_do(work);
  if (to_do == 0) return {};
  const Setup setup{.simulator = simulator.describe().name,
                    .keep = options.keep,
                    .limits = options.limits,
                    .sandbox = options.sandbox};
  if (ranks() > 1) {
    MpiFleet fleet(*state_->world, setup);
    return run_master(work, options, fleet);
  }
  const int wanted = options.local_workers > 0 ? options.local_workers : usable_cores();
  const std::uint64_t most = to_do + work.reserve();
  LocalFleet fleet(state_->zygote, static_cast<int>(std::min<std::uint64_t>(most, static_cast<std::uint64_t>(wanted))),
                   setup);
  return run_master(work, options, fleet);
}

void Launch::serve() {
  MpiTransport transport(*state_->world);
  try {
    serve_master(transport, state_->zygote, state_->catalog);
  } catch (const std::exception& error) {
    tell(fmt::format("windrow: rank {}: {}", state_->world->rank(), error.what()));
    state_->world->abort(EXIT_FAILURE);  // the others would wait for this rank for ever
  }
}

void Launch::dismiss() {
  if (std::exchange(state_->dismissed, true) || ranks() == 1) return;
  dismiss_ranks(*state_->world);
}

}  // namespace windrow::exec
