#!/usr/bin/env bash
# A real Slurm of one controller and one node daemon on this machine, for tests: no systemd, nothing outside of one folder.
#   slurm.sh up FOLDER PORT    starts it; clients then find it by SLURM_CONF=FOLDER/slurm.conf
#   slurm.sh down FOLDER       stops what was started, by the pids that were written
set -euo pipefail
folder=$2

up() {
  local port=$1 host key=$folder/munge.key
  host=$(hostname -s)
  mkdir -p "$folder"/{state,spool/n1,log,run,tmp/n1}
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
AuthInfo=socket=$folder/run/munge.sock
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
SlurmdParameters=config_overrides
ReturnToService=2
KillWait=2
AccountingStorageType=accounting_storage/none
NodeName=n1 NodeHostname=$host NodeAddr=127.0.0.1 Port=$((port + 1)) CPUs=4 RealMemory=2000 State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
END
  echo "CgroupPlugin=cgroup/v1" >"$folder/cgroup.conf"
  export SLURM_CONF=$folder/slurm.conf
  slurmctld -c -i
  slurmd -N n1
  for ((i = 0; i < 400; ++i)); do
    [[ $(timeout 2 sinfo -h -t idle -o %D 2>/dev/null) != 1 ]] || return 0
    sleep 0.05
  done
  echo "slurm did not come up:" >&2
  tail -n 5 "$folder"/log/* >&2
  return 1
}

down() {
  local file pid
  for file in "$folder"/run/slurmd.*.pid "$folder/run/slurmctld.pid" "$folder/run/munged.pid"; do
    [[ -f $file ]] || continue
    pid=$(<"$file")
    kill "$pid" 2>/dev/null || continue
    for ((i = 0; i < 200; ++i)); do
      kill -0 "$pid" 2>/dev/null || break
      sleep 0.05
    done
    kill -KILL "$pid" 2>/dev/null || true
  done
}

case $1 in
  up) up "$3" ;;
  down) down ;;
esac
