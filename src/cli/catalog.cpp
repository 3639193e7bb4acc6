#include "cli/catalog.hpp"

#include "windrow/dispatch/dispatch.hpp"
#include "windrow/empty/empty.hpp"
#include "windrow/spot/spot.hpp"
#include "windrow/training/training.hpp"

namespace windrow::cli {

Catalog make_catalog() {
  Catalog catalog;
  catalog.add<training::TrainingSimulator>();
  catalog.add<spot::SpotSimulator>();
  catalog.add<dispatch::DispatchSimulator>();
  catalog.add<empty::EmptySimulator>();
  return catalog;
}

}  // namespace windrow::cli
