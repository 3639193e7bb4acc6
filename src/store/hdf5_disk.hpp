// The driver beneath the files that HDF5 writes. The library does not survive a write that fails while it closes
// something: it keeps an identifier whose memory is gone, and crashes over it at the next file. So a write never fails
// for the library here. What failed is kept; the file is worthless then, as a whole, which it may be: whatever is
// written to has a temporary name.
#pragma once

#include <hdf5.h>

#include <string>

namespace windrow::store::hdf5 {

/// For files that are created or opened to be written. Call under lock_library().
void write_through_disk_driver(hid_t access);

/// What kept a write to this open file from the disk, as `file write failed: No space left on device`; empty if nothing
/// did so far.
std::string disk_failure(hid_t file);

/// The same of the file that was closed last, or why the last one was not opened.
const std::string& last_disk_failure();

}  // namespace windrow::store::hdf5
