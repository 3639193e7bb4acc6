// The simulation loop with exact short cuts: same results as run_plain, bit for bit.
#pragma once

#include "training/ledger.hpp"
#include "windrow/simulator/simulator.hpp"

namespace windrow::training {

Outcome run_fast(const Model& model, Ledger& ledger, const StopToken& stop);

}  // namespace windrow::training
