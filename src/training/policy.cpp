#include "windrow/training/policy.hpp"

namespace windrow::training {

#define POLICY(name) void add_##name(PolicyRegistry& registry);
#include "training/policies.hpp"
#undef POLICY

const PolicyRegistry& policies() {
  static const PolicyRegistry registry = [] {
    PolicyRegistry made;
#define POLICY(name) add_##name(made);
#include "training/policies.hpp"
#undef POLICY
    return made;
  }();
  return registry;
}

}  // namespace windrow::training
