// From the books of a run to its metrics, tables and series.
#pragma once

#include "training/ledger.hpp"
#include "windrow/simulator/results.hpp"

namespace windrow::training {

/// `outcome` ok or saturated: without a mean where there is none.
void report(const Model& model, Ledger& ledger, bool saturated, ResultSink& sink);

}  // namespace windrow::training
