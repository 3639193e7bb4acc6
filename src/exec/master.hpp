// The master: hands out points, takes results in, stops when told to.
#pragma once

#include "exec/transport.hpp"
#include "windrow/exec/run.hpp"

namespace windrow::exec {

/// Runs all points of `work` that are not done on the workers of `fleet`, which know the simulator already. All workers
/// are idle when it returns, but for those that did not obey an order to drop their points in time.
Summary run_master(Work& work, const Options& options, Fleet& fleet);

}  // namespace windrow::exec
