// The one place that names the simulators.
#pragma once

#include "windrow/simulator/simulator.hpp"

namespace windrow::cli {

Catalog make_catalog();

}  // namespace windrow::cli
