#!/usr/bin/env bash
# A real SLURM on this machine: munged, slurmctld and NODES slurmd, to try and test recipes/slurm/.
#
#   bash scripts/slurm_on_one_machine.sh start FOLDER     then: export SLURM_CONF=FOLDER/slurm.conf; sinfo
#   bash scripts/slurm_on_one_machine.sh stop FOLDER      ends its jobs and daemons
#
# NODES (2), and for each of n1, n2, ... CPUS (4), MEMORY (8000, in MB) and GPUS (0), may exceed the machine's.
# Needs root, but neither systemd nor cgroups. Key, socket, state and logs are in FOLDER, and all ports are free ones,
# so another SLURM is not disturbed. Missing packages are installed by apt.
set -euo pipefail

main() {
  [ $# = 2 ] || refuse "usage: slurm_on_one_machine.sh start|stop FOLDER"
  folder=$(realpath -m "$2")
  export SLURM_CONF=$folder/slurm.conf
  case $1 in
    start) start ;;
    stop) stop ;;
    *) refuse "$1: choose start or stop" ;;
  esac
}

start() {
  [ "$(id -u)" = 0 ] || refuse "root is needed: slurmd starts processes in the name of others"
  [ ${#folder} -le 80 ] || refuse "$folder: choose a folder of at most 80 characters; a socket's path must be short"
  ! [ -e "$SLURM_CONF" ] || refuse "$folder holds a SLURM already: stop it, or choose another folder"
  install_missing
  nodes=${NODES:-2}
  mkdir -p "$folder"/{ctld,log,run}
  (umask 077 && head -c 1024 /dev/urandom >"$folder/run/munge.key")
  # --force: accept a folder that others may write to; the key protects only this SLURM
  munged --force --key-file="$folder/run/munge.key" --socket="$folder/run/munge" --pid-file="$folder/run/munged.pid" \
    --log-file="$folder/log/munged.log" --seed-file="$folder/run/munge.seed" 2>"$folder/log/munged.start.log" ||
    failed "munged did not start"
  configuration >"$SLURM_CONF"
  [ "${GPUS:-0}" = 0 ] || promise_gpus
  slurmctld -i || failed "slurmctld did not start"
  for number in $(seq "$nodes"); do
    mkdir -p "$folder/n$number"
    slurmd -N "n$number" || failed "slurmd of n$number did not start"
  done
  for _ in $(seq 150); do
    if [ "$(sinfo -h -N -t idle -o %N 2>/dev/null | sort -u | wc -l)" = "$nodes" ]; then
      sinfo
      echo "export SLURM_CONF=$SLURM_CONF"
      return
    fi
    sleep 0.2
  done
  failed "not all nodes are idle after 30 s"
}

stop() {
  local job pidfile
  [ -e "$SLURM_CONF" ] || refuse "$folder holds no SLURM"
  for job in $(squeue -h -o %A 2>/dev/null | sort -u); do
    scancel "$job" || true
  done
  for _ in $(seq 450); do
    [ -n "$(squeue -h 2>/dev/null)" ] || break
    sleep 0.2
  done
  for pidfile in "$folder"/run/slurmd-*.pid "$folder"/run/slurmctld.pid "$folder"/run/munged.pid; do
    end_process_of "$pidfile"
  done
  mv "$SLURM_CONF" "$SLURM_CONF.stopped"
}

promise_gpus() { # names only: SLURM just needs a file for each
  local last=$((GPUS - 1))
  for number in $(seq 0 $last); do
    touch "$folder/run/gpu$number"
  done
  echo "Name=gpu File=$folder/run/gpu[0-$last]" >"$folder/gres.conf"
}

end_process_of() { # file with a process id; waits for the end
  local pid
  [ -f "$1" ] || return 0
  pid=$(cat "$1")
  # the number may belong to another process by now
  grep -qsE '^(slurmd|slurmctld|munged)$' "/proc/$pid/comm" || return 0
  kill "$pid"
  for _ in $(seq 100); do
    [ -d "/proc/$pid" ] || return 0
    sleep 0.1
  done
  kill -KILL "$pid"
}

install_missing() {
  local missing=""
  for tool in munged slurmctld slurmd srun; do
    command -v "$tool" >/dev/null || missing+=" $tool"
  done
  [ -n "$missing" ] || return 0
  command -v apt-get >/dev/null || refuse "missing:$missing; install SLURM and munge by this system's package manager"
  echo "installing slurm-wlm and munge (missing:$missing)"
  {
    apt-get update
    DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends slurm-wlm munge
  } >"$folder.apt.log" 2>&1 || {
    tail -n 15 "$folder.apt.log" >&2
    refuse "apt-get could not install slurm-wlm and munge; the end of $folder.apt.log is above"
  }
  rm -f "$folder.apt.log"
}

configuration() {
  local host ports
  host=$(hostname -s)
  mapfile -t ports < <(free_ports $((nodes + 1)))
  cat <<CONFIGURATION
ClusterName=one-machine
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=${ports[0]}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
# A requeued job waits until its credentials have expired, two minutes otherwise.
AuthInfo=socket=$folder/run/munge,cred_expire=5
CredType=cred/munge
StateSaveLocation=$folder/ctld
SlurmdSpoolDir=$folder/%n
SlurmctldPidFile=$folder/run/slurmctld.pid
SlurmdPidFile=$folder/run/slurmd-%n.pid
SlurmctldLogFile=$folder/log/slurmctld.log
SlurmdLogFile=$folder/log/slurmd-%n.log
# Features that need cgroups, systemd or a database are off.
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/none
MpiDefault=none
SwitchType=switch/none
# Several jobs share a node.
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
# The nodes promise more than the machine has.
SlurmdParameters=config_overrides
ReturnToService=2
SchedulerParameters=batch_sched_delay=0,sched_interval=1
InactiveLimit=0
KillWait=30
MinJobAge=3600
CONFIGURATION
  [ "${GPUS:-0}" = 0 ] || echo "GresTypes=gpu"
  for number in $(seq "$nodes"); do
    echo "NodeName=n$number NodeHostname=$host NodeAddr=127.0.0.1 Port=${ports[$number]} CPUs=${CPUS:-4} RealMemory=${MEMORY:-8000} ${GPUS:+Gres=gpu:$GPUS} State=UNKNOWN"
  done
  echo "PartitionName=all Nodes=n[1-$nodes] Default=YES MaxTime=INFINITE State=UP"
}

free_ports() { # count
  python3 - "$1" <<'PYTHON'
import socket
import sys

sockets = [socket.socket() for _ in range(int(sys.argv[1]))]
for one in sockets:
    one.bind(("127.0.0.1", 0))
print(*(one.getsockname()[1] for one in sockets), sep="\n")
PYTHON
}

refuse() {
  echo "slurm_on_one_machine.sh: $*" >&2
  exit 2
}

failed() {
  tail -n 15 "$folder"/log/* >&2 || true
  echo "slurm_on_one_machine.sh: $*; the ends of its logs are above" >&2
  stop
  exit 1
}

main "$@"
