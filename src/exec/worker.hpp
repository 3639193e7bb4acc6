// A worker: takes points from the master, has them run, sends results back. The same for local processes and MPI ranks.
#pragma once

#include "exec/transport.hpp"
#include "exec/zygote.hpp"
#include "windrow/simulator/simulator.hpp"

namespace windrow::exec {

/// Serves until the master says that it is over, or is gone.
void serve_master(Transport& transport, Zygote& zygote, const Catalog& catalog);

}  // namespace windrow::exec
