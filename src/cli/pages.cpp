// The pages of `windrow help` that are no command's. Short: the long texts are in docs/.
#include "cli/help.hpp"

namespace windrow::cli {

namespace {

constexpr Page kPages[] = {
    {"sweep-file", "what a sweep file says", R"(A sweep file is YAML:

    name: quickstart                          # names the result file: results/quickstart.h5
    simulator: training                       # windrow list simulators
    config: ../configs/training/osdi20.yaml   # base configuration; looked for beside this file, then in the data folder
    set: {jobs.multi_gpu: true}               # overrides for all points, by dotted path
    axes:                                     # what varies; the sweep is the product of the axes
      policy: [fifo, gandiva]
      arrival_rate: {from: 0.4, to: 5.6, count: 14}
      seed: {from: 0, count: 3}
    zip: [[arrival_rate, window]]             # axes that move together
    skip: ["policy=fifo arrival_rate>3"]      # combinations left out
    output: {tables: [jobs], series: [cluster]}   # what is kept beside the metrics

name, simulator and axes must be there. `windrow init` writes a file to start from, `windrow plan FILE` tells what it
would run, and `windrow describe SIMULATOR` has every key. All mistakes are reported at once, before anything runs.
)"},
    {"axes", "what an axis can be, and how points are chosen",
     R"(Each key of a configuration can be an axis (windrow list axes), by its dotted path. Its values are

    [1, 2, 5]                            a list; {values: [1, 2, 5]} is the same
    {from: 0.4, to: 5.6, count: 14}      14 numbers with equal steps, both ends included
    {from: 0, count: 30}                 30 whole numbers: 0, 1, … 29
    {log_from: 1, log_to: 100, count: 5} 5 numbers with equal ratios, both ends included

The last axis varies fastest. Points that differ by `seed` alone are replicates: `windrow show` gives their mean with a
95 % interval. --only, --where and skip take conditions: AXIS=V1,V2 (any of these), !=, <, <=, >, >=; all that stand in
one text, with spaces between them, must hold.

A point is known by its whole configuration: add a value to an axis, and only the new points run.
)"},
    {"result-file", "what is in a result file, and beside it",
     R"(A sweep has one HDF5 file, which h5dump, h5py, pandas and xarray read:

    /points          one row per point: its axes, its metrics, status, message, and how it was computed
    /tables/NAME     rows per job, request …, as `output` asked for; those of a point are consecutive
    /series/NAME     the same for time series

While a sweep runs, FILE.journal beside it has the results that the file does not have yet; status, show and digest read
both. It is gone once every point has a result: never remove it by hand. FILE.old is what --fresh put aside.
Sum it up: windrow show FILE. Check it: windrow verify FILE. In Python: windrow.open("FILE").
)"},
    {"exit-status", "what the exit status tells a script", R"(    0   all is done: every point has a result
    1   some points failed; they are listed, stay in the file as failed, and the next run tries them again
    2   the input is wrong: nothing was started, nothing was written
    3   stopped early by a signal or a limit: the same command goes on

`windrow status FILE` exits with 0 if the file can be read; with --quiet or --watch with 0, 1 or 3 as above.
)"},
    {"environment", "the environment variables that are read",
     R"(    WINDROW_DATA     folder with configs/ and traces/, instead of share/windrow beside the program
    WINDROW_PYTHON   the Python that `windrow report` starts
    TMPDIR           where a command that reads a running sweep puts a copy of its file; /tmp without it

Under mpirun and srun the number of ranks is theirs to say. The wrapper ./windrow also reads

    WINDROW_BUILD_TYPE   Release unless set
    WINDROW_CMAKE_ARGS   more arguments for CMake: "-DCMAKE_PREFIX_PATH=/opt/openmpi;/opt/hdf5"
    WINDROW_INSTALL=0    installs no packages
)"},
};

}  // namespace

std::span<const Page> pages() {
  return kPages;
}

}  // namespace windrow::cli
