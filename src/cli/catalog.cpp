#include "cli/catalog.hpp"

#include "windrow/empty/empty.hpp"
#include "windrow/training/training.hpp"

namespace windrow::cli {

Catalog make_catalog() {
  Catalog catalog;
  catalog.add<training::TrainingSimulator>();
  catalog.add<empty::EmptySimulator>();
  return catalog;
}

}  // namespace windrow::cli
