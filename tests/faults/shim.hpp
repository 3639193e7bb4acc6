// A library that comes before the C library and fails on request: linked to a test program, or put into LD_PRELOAD of
// the program itself. So HDF5 and the standard library meet the same errors as our own code.
#pragma once

extern "C" {

/// From now on the calls that change files under `folder` (open to create, write, sync, cut, copy, rename, mkdir) are
/// counted. Number `at` (from 1; 0: none) fails with `error`; so do all later ones if `forever`, as on a full disk,
/// where the first write that fails takes half of its bytes. An empty folder ends it.
void fault_io(const char* folder, long at, bool forever, int error);
/// How many of these calls there were since.
long fault_io_calls();
}

// The same for a program, by its environment:
//   FAULT_FOLDER, FAULT_AT, FAULT_FOREVER, FAULT_ERROR (a number)   as above
//   FAULT_STRUCK=FILE   is made when the fault strikes
//   FAULT_LOCKS=ERROR   flock and the locks of fcntl fail so
//   FAULT_CLOCK=1       the real-time clock jumps by up to years, to and fro, from one look to the next
//   FAULT_ECHO=FILE     gets a copy of what was written to a journal, after each write has returned
