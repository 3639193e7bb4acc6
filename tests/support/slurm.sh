#!/usr/bin/env bash
# A real Slurm of one controller and some node daemons on this machine, for tests: no systemd, nothing outside of one folder.
#   slurm.sh up FOLDER PORT [NODES]   starts it; clients then find it by SLURM_CONF=FOLDER/slurm.conf
#   slurm.sh fail FOLDER NODE         kills a node: its daemon and all that runs there
#   slurm.sh repair FOLDER NODE       starts it again
#   slurm.sh down FOLDER              stops what was started, by the pids that were written
set -euo pipefail
folder=$2

# What a killed step leaves in its folder for PMIx would end the same step of a requeued job.
start_node() {
  rm -rf "$folder/tmp/$1"
  mkdir -p "$folder/spool/$1" "$folder/tmp/$1"
  slurmd -N "$1"
}

# The daemon of a step says by nothing which node it belongs to, but what it has started does.
fail() {
  local node=$1 file pid parent victims=()
  kill -KILL "$(<"$folder/run/slurmd.$node.pid")"
  for file in /proc/[0-9]*/environ; do
    pid=${file//[^0-9]/}
    grep -qzxF "SLURMD_NODENAME=$node" "$file" 2>/dev/null || continue
    grep -qzxF "SLURM_CONF=$folder/slurm.conf" "$file" 2>/dev/null || continue
    victims+=("$pid")
    parent=$(awk '/^PPid/ {print $2}' "/proc/$pid/status" 2>/dev/null) || continue
    [[ $(cat "/proc/$parent/comm" 2>/dev/null) != slurmstepd ]] || victims+=("$parent")
  done
  ((${#victims[@]} == 0)) || kill -KILL "${victims[@]}" 2>/dev/null || true
  SLURM_CONF=$folder/slurm.conf timeout 10 scontrol update nodename="$node" state=down reason=killed
}

repair() {
  export SLURM_CONF=$folder/slurm.conf
  start_node "$1"
  timeout 10 scontrol update nodename="$1" state=resume || true   # it may have come back by itself
}

up() {
  local port=$1 nodes=${2:-1} host key=$folder/munge.key
  host=$(hostname -s)
  mkdir -p "$folder"/{state,spool,log,run,tmp}
  chmod 755 "$folder" "$folder"/*/
  head -c 1024 /dev/urandom >"$key"
  chmod 600 "$key"
  munged --force --key-file="$key" --socket="$folder/run/munge.sock" --pid-file="$folder/run/munged.pid" \
    --log-file="$folder/log/munged.log" --seed-file="$folder/run/munge.seed"
  # linuxproc and task/none need no cgroup controllers; config_overrides lets the node have more processors than the machine.
  cat >"$folder/slurm.conf" <<END
ClusterName=wtest
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$port
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$folder/run/munge.sock,cred_expire=5
CredType=cred/munge
SlurmctldPidFile=$folder/run/slurmctld.pid
SlurmctldLogFile=$folder/log/slurmctld.log
SlurmdPidFile=$folder/run/slurmd.%n.pid
SlurmdLogFile=$folder/log/slurmd.%n.log
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool/%n
TmpFS=$folder/tmp/%n
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
MpiDefault=pmix
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerType=sched/backfill
SchedulerParameters=batch_sched_delay=1,sched_interval=1,bf_interval=1,sched_min_interval=10000
SlurmdParameters=config_overrides
EnforcePartLimits=ALL
ReturnToService=2
KillWait=2
AccountingStorageType=accounting_storage/none
NodeName=n[1-$nodes] NodeHostname=$host NodeAddr=127.0.0.1 Port=[$((port + 1))-$((port + nodes))] CPUs=4 RealMemory=2000 State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
PartitionName=guarded Nodes=ALL MaxTime=10 AllowAccounts=theirs State=UP
END
  echo "CgroupPlugin=cgroup/v1" >"$folder/cgroup.conf"
  export SLURM_CONF=$folder/slurm.conf
  slurmctld -c -i
  for ((n = 1; n <= nodes; ++n)); do start_node "n$n"; done
  for ((i = 0; i < 400; ++i)); do
    [[ $(timeout 2 sinfo -h -p main -t idle -o %D 2>/dev/null) != "$nodes" ]] || return 0
    sleep 0.05
  done
  echo "slurm did not come up:" >&2
  tail -n 5 "$folder"/log/* >&2
  return 1
}

# Daemons that are asked to end take seconds over it, one more than the other; nothing that they would still save is wanted.
down() {
  local file pid pids=()
  for file in "$folder"/run/slurmd.*.pid "$folder/run/slurmctld.pid" "$folder/run/munged.pid"; do
    [[ -f $file ]] && pids+=("$(<"$file")")
  done
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
  for ((i = 0; i < 20; ++i)); do
    kill -0 "${pids[@]}" 2>/dev/null || break
    sleep 0.05
  done
  for pid in "${pids[@]}"; do kill -KILL "$pid" 2>/dev/null || true; done
}

case $1 in
  up) up "$3" "${4:-1}" ;;
  fail) fail "$3" ;;
  repair) repair "$3" ;;
  down) down ;;
esac
