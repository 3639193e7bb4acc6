#!/usr/bin/env bash
# Points per second and idle workers of the engine, all configurations in one run, several rounds, so that they can be compared.
#   bench/engine.sh [ROUNDS] [POINTS]
set -euo pipefail
cd "$(dirname "$0")/.."
program=${WINDROW_PROGRAM:-build/bin/windrow}
rounds=${1:-3}
points=${2:-200000}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

sweep() { # NAME WORK_S POINTS
  printf 'name: %s\nsimulator: empty\nset: {work_s: %s}\naxes:\n  seed: {from: 0, count: %s}\n' "$1" "$2" "$3" >"$folder/$1.yaml"
}
sweep empty 0 "$points"
sweep ten-ms 0.01 400

mpi() { mpirun --allow-run-as-root --oversubscribe -n "$1" "${@:2}"; }
row() { # LABEL COMMAND...
  local label=$1 line
  shift
  line=$("$@" --fresh -o "$folder/r.h5" 2>/dev/null | grep 'points run in')
  printf '%-36s %s\n' "$label" "$(sed -E 's/.*run in ([^(]*) \(([^;]*); [0-9]+ workers? ([0-9.]+ % busy).*/\2, \3, \1/' <<<"$line")"
}

for ((round = 1; round <= rounds; ++round)); do
  echo "round $round of $rounds"
  row "0 ms, 1 local worker" "$program" run "$folder/empty.yaml" -j 1
  row "0 ms, 2 local workers" "$program" run "$folder/empty.yaml" -j 2
  row "0 ms, 2 ranks" mpi 2 "$program" run "$folder/empty.yaml"
  row "0 ms, 3 ranks" mpi 3 "$program" run "$folder/empty.yaml"
  row "0 ms, 4 ranks" mpi 4 "$program" run "$folder/empty.yaml"
  row "10 ms, 2 local workers" "$program" run "$folder/ten-ms.yaml" -j 2
  row "10 ms, 3 ranks (2 workers)" mpi 3 "$program" run "$folder/ten-ms.yaml"
done
