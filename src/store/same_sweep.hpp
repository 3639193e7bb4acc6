// Whether a file and a sweep, or two files, belong together.
#pragma once

#include <string>

#include "store/layout.hpp"

namespace windrow::store {

/// Why the file is not one of this sweep, or of an extension of it: another simulator, other axes, other values of keys
/// that are no axes (the first few). Begins with `: ` or
/// `; `, to go on after "belongs to another sweep". Empty if it is one.
std::string other_sweep(const Layout& layout, const PointSource& source);

/// Names, order and types of all results, to be compared between a file and a simulator of the same version.
std::string result_schema(const Description& description);

}  // namespace windrow::store
