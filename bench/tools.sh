#!/usr/bin/env bash
# Overhead per point of Windrow beside other ways to run many small tasks on this machine, all in one run, in rounds.
#   bench/tools.sh [ROUNDS]        needs: GNU parallel; mpi4py and joblib for PYTHON (default python3); xargs
# Tools that are not there are left out. 2 workers each; points of 0 ms, and of 10 ms of a core.
set -euo pipefail
cd "$(dirname "$0")/.."
program=${WINDROW_PROGRAM:-build/bin/windrow}
python=${PYTHON:-python3}
rounds=${1:-3}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

cat >"$folder/task.c" <<'END'
#include <stdlib.h>
#include <time.h>
int main(int argc, char** argv) {
  const double seconds = argc > 1 ? atof(argv[1]) : 0;
  struct timespec start, now;
  clock_gettime(CLOCK_MONOTONIC, &start);
  do clock_gettime(CLOCK_MONOTONIC, &now);
  while ((double)(now.tv_sec - start.tv_sec) + 1e-9 * (double)(now.tv_nsec - start.tv_nsec) < seconds);
  return 0;
}
END
gcc -O2 -o "$folder/task" "$folder/task.c"
cat >"$folder/tasks.py" <<'END'
import sys, time
def task(seconds):
    start = time.monotonic()
    while time.monotonic() - start < seconds: pass
    return seconds
if __name__ == "__main__":
    kind, count, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
    if kind == "mpi4py":
        from mpi4py.futures import MPIPoolExecutor
        with MPIPoolExecutor(max_workers=2) as pool:
            list(pool.map(task, [0.0] * 100))
            start = time.monotonic()
            list(pool.map(task, [seconds] * count))
            print(time.monotonic() - start)
    else:
        import joblib
        with joblib.Parallel(n_jobs=2) as parallel:
            parallel(joblib.delayed(task)(0.0) for _ in range(100))
            start = time.monotonic()
            parallel(joblib.delayed(task)(seconds) for _ in range(count))
            print(time.monotonic() - start)
END
sweep() { # NAME WORK_S POINTS
  printf 'name: %s\nsimulator: empty\nset: {work_s: %s}\naxes:\n  seed: {from: 0, count: %s}\n' "$1" "$2" "$3" >"$folder/$1.yaml"
}
has() { command -v "$1" >/dev/null; }
wall() { # COMMAND...: its wall time in seconds
  local start=$EPOCHREALTIME
  "$@" >/dev/null 2>&1
  awk -v a="$start" -v b="$EPOCHREALTIME" 'BEGIN {print b - a}'
}
row() { # LABEL POINTS SECONDS_OF_A_POINT WALL_S: what a point costs beside its own work on two workers
  awk -v l="$1" -v n="$2" -v s="$3" -v w="$4" 'BEGIN {printf "%-44s %8d points  %10.1f us overhead per point  %9.0f points/s\n", l, n, 1e6 * (w / n - s / 2), n / w}'
}
mpi=(mpirun --allow-run-as-root --oversubscribe)
for ((round = 1; round <= rounds; ++round)); do
  echo "round $round of $rounds"
  for work in 0 0.01; do
    few=400 many=200000
    [[ $work == 0 ]] || many=2000
    [[ $work == 0 ]] && few=1000
    echo "points of $work s"
    sweep tools "$work" "$many"
    row "windrow, 2 local workers, all of the command" "$many" "$work" "$(wall "$program" run "$folder/tools.yaml" -j 2 --fresh -o "$folder/r.h5" --quiet)"
    row "windrow, mpirun -n 3, all of the command" "$many" "$work" "$(wall "${mpi[@]}" -n 3 "$program" run "$folder/tools.yaml" --fresh -o "$folder/r.h5" --quiet)"
    if "$python" -c 'import mpi4py' 2>/dev/null; then
      row "mpi4py.futures, map alone" "$few" "$work" "$("${mpi[@]}" -n 3 "$python" -m mpi4py.futures "$folder/tasks.py" mpi4py "$few" "$work" 2>/dev/null)"
    fi
    if "$python" -c 'import joblib' 2>/dev/null; then
      row "joblib, map alone" "$few" "$work" "$("$python" "$folder/tasks.py" joblib "$few" "$work" 2>/dev/null)"
    fi
    if has parallel; then row "GNU parallel -j2, a process per point" "$few" "$work" "$(wall bash -c "seq $few | parallel -j2 '$folder/task' $work '#'")"; fi
    row "xargs -P2, a process per point" "$few" "$work" "$(wall bash -c "seq $few | xargs -P2 -I{} '$folder/task' $work")"
  done
done
