#!/usr/bin/env bash
# A real Slurm for the system tests (root needed): one controller, two nodes and an sshd of its own on this machine,
# on loopback, from Debian's packages, without systemd. Faults can be switched on and off.
#
#   slurm.sh start [DIR] [none|dbd]   installs what is missing; dbd: with accounting (MariaDB and slurmdbd)
#   slurm.sh stop  [DIR]              ends all jobs and daemons
#   slurm.sh env   [DIR]              NAME=value lines for the tests
#   slurm.sh purge [DIR]              stops, and deletes DIR and the account
#   slurm.sh fault WHAT on|off [DIR]  slurmctld (killed), slurmctld-hang (stopped), node:NAME, state-loss, slurmdbd,
#                                     sshd (killed with its sessions), ssh-stall (sessions stopped), hostkey
set -euo pipefail
export PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive
verb=${1:-} what='' mode=''
if [[ $verb == fault ]]; then
  what=$2 mode=$3
  shift 2
fi
dir=${2:-/var/tmp/penstock-slurm} accounting=${3:-none}
user=penstock-slurm ssh_port=26810 ctld_port=26811 dbd_port=26812 sql_port=26813 node_port=26814
nodes=(tn1 tn2)
export SLURM_CONF=$dir/etc/slurm.conf
munge_socket=$dir/run/munge/munge.socket
[[ ! -e $dir/etc/accounting ]] || accounting=$(<"$dir/etc/accounting")

die() { echo "slurm.sh: $*" >&2; exit 1; }

# Waits for a command to succeed: SECONDS COMMAND…
until_true() {
  local tries=$(($1 * 10))
  shift
  until "$@" >/dev/null 2>&1; do
    ((tries-- > 0)) || die "waited in vain for: $*"
    sleep 0.1
  done
}

# The process of a pid file, if it lives and its command line still speaks of it.
pid_of() {
  local pid
  pid=$(cat "$dir/run/$1.pid" 2>/dev/null) && tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -q "${1%%.*}" && echo "$pid"
}
gone() { ! [[ -e /proc/$1 ]] || grep -q '^State:.*[ZX]' "/proc/$1/status" 2>/dev/null; }
end() {
  local pid
  pid=$(pid_of "$1") || return 0
  kill -CONT "$pid" && kill "${2:--TERM}" "$pid"
  (until_true 15 gone "$pid") 2>/dev/null || kill -KILL "$pid"
  rm -f "$dir/run/$1.pid"
}
listens() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

install() {
  local wanted=(munge slurmctld slurmd slurm-client openssh-server procps) missing=() package
  [[ $accounting == none ]] || wanted+=(slurmdbd slurm-wlm-mysql-plugin mariadb-server-core mariadb-client-core)
  for package in "${wanted[@]}"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
  done
  ((${#missing[@]} > 0)) || return 0
  # The packages' own services shall not start.
  local policy=/usr/sbin/policy-rc.d
  [[ -e $policy ]] && policy= || { printf '#!/bin/sh\nexit 101\n' >$policy && chmod 755 $policy; }
  local get=(apt-get install -y -qq --no-install-recommends "${missing[@]}") failed=0
  "${get[@]}" &>/dev/null || { apt-get update -qq && "${get[@]}" >/dev/null; } || failed=1
  [[ -z $policy ]] || rm -f "$policy"
  ((failed == 0)) || die "could not install ${missing[*]}"
}

configure() {
  mkdir -p "$dir"/{etc,log,state,spool,home,munge,run/munge}
  chmod 755 "$dir" "$dir"/*
  echo "$accounting" >"$dir/etc/accounting"
  head -c 128 /dev/urandom >"$dir/munge/key"
  for key in host other client; do ssh-keygen -q -t ed25519 -N '' -C "$key" -f "$dir/etc/$key"; done
  cp "$dir/etc/client.pub" "$dir/etc/authorized_keys"
  cat >"$dir/etc/sshd_config" <<CONF
Port $ssh_port
ListenAddress 127.0.0.1
PidFile $dir/run/sshd.pid
AuthorizedKeysFile $dir/etc/authorized_keys
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
AllowUsers $user
UseDNS no
SetEnv SLURM_CONF=$SLURM_CONF
Subsystem sftp internal-sftp
CONF
  # Where a memory group can be made, the kernel ends a job that takes too much; else Slurm does.
  local memory=linux track=linuxproc task=none over=JobAcctGatherParams=OverMemoryKill probe=/sys/fs/cgroup/memory/probe.$$
  case $(slurmctld -V) in
    *' 2'[012].*) echo CgroupPlugin=cgroup/v1 >"$dir/etc/cgroup.conf" ;;
    *) echo CgroupPlugin=disabled >"$dir/etc/cgroup.conf" ;;
  esac
  if mkdir "$probe" 2>/dev/null && rmdir "$probe" && [[ -d /sys/fs/cgroup/freezer ]]; then
    memory=cgroup track=cgroup task=cgroup over=
    printf '%s\n' CgroupPlugin=cgroup/v1 CgroupMountpoint=/sys/fs/cgroup ConstrainRAMSpace=yes >"$dir/etc/cgroup.conf"
  fi
  echo "$memory" >"$dir/etc/memory"
  local storage=AccountingStorageType=accounting_storage/none
  [[ $accounting == none ]] || storage="AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=127.0.0.1
AccountingStoragePort=$dbd_port
AccountingStoragePass=$munge_socket"
  cat >"$SLURM_CONF" <<CONF
ClusterName=penstock
SlurmctldHost=$(hostname -s)(127.0.0.1)
SlurmctldPort=$ctld_port
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$munge_socket
CredType=cred/munge
StateSaveLocation=$dir/state
SlurmdSpoolDir=$dir/spool/%n
SlurmctldPidFile=$dir/run/slurmctld.pid
SlurmdPidFile=$dir/run/slurmd.%n.pid
SlurmctldLogFile=$dir/log/slurmctld.log
SlurmdLogFile=$dir/log/slurmd.%n.log
ProctrackType=proctrack/$track
TaskPlugin=task/$task
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=2
$over
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SlurmdParameters=config_overrides
SchedulerParameters=sched_min_interval=100000,bf_interval=5,batch_sched_delay=0
MpiDefault=none
MailProg=/bin/true
SwitchType=switch/none
ReturnToService=2
# Faster than a site's: 300, 300, 30, 10 s.
MinJobAge=10
SlurmdTimeout=10
KillWait=2
MessageTimeout=3
$storage
JobCompType=jobcomp/filetxt
JobCompLoc=$dir/log/jobcomp.log
CONF
  local i
  for i in "${!nodes[@]}"; do
    mkdir -p "$dir/spool/${nodes[i]}"
    echo "NodeName=${nodes[i]} NodeHostname=localhost NodeAddr=127.0.0.1 Port=$((node_port + i)) CPUs=8 RealMemory=4000"
  done >>"$SLURM_CONF"
  cat >>"$SLURM_CONF" <<CONF
PartitionName=train Nodes=tn[1-2] Default=YES MaxTime=1:00:00 DefMemPerCPU=100 State=UP
PartitionName=closed Nodes=tn[1-2] MaxTime=10 State=DOWN
CONF
  cat >"$dir/etc/slurmdbd.conf" <<CONF
AuthType=auth/munge
AuthInfo=socket=$munge_socket
DbdHost=localhost
DbdAddr=127.0.0.1
DbdPort=$dbd_port
SlurmUser=root
StorageType=accounting_storage/mysql
StorageHost=127.0.0.1
StoragePort=$sql_port
StorageLoc=slurm
StorageUser=slurm
StoragePass=slurm
LogFile=$dir/log/slurmdbd.log
PidFile=$dir/run/slurmdbd.pid
CONF
  chmod 600 "$dir/etc/slurmdbd.conf"
}

start_munged() {
  ! pid_of munged >/dev/null || return 0
  chown -R munge: "$dir/munge" "$dir/run/munge"
  chmod -R go= "$dir/munge"
  runuser -u munge -- munged --key-file="$dir/munge/key" --socket="$munge_socket" --pid-file="$dir/run/munge/pid" \
    --log-file="$dir/munge/log" --seed-file="$dir/munge/seed" </dev/null &>/dev/null
  ln -sf munge/pid "$dir/run/munged.pid"
}
start_mariadbd() {
  ! pid_of mariadbd >/dev/null || return 0
  local at=(--no-defaults --datadir="$dir/sql" --user=root)
  [[ -d $dir/sql ]] || mariadb-install-db "${at[@]}" --force --auth-root-authentication-method=socket --skip-test-db &>"$dir/log/sql.log"
  setsid mariadbd "${at[@]}" --socket="$dir/run/sql.sock" --bind-address=127.0.0.1 --port=$sql_port --skip-name-resolve \
    --innodb-buffer-pool-size=64M --innodb-lock-wait-timeout=900 --pid-file="$dir/run/mariadbd.pid" </dev/null &>>"$dir/log/sql.log" &
  local sql=(mariadb --no-defaults -S "$dir/run/sql.sock" -e)
  until_true 60 "${sql[@]}" 'select 1'
  "${sql[@]}" "create database if not exists slurm; create user if not exists slurm@127.0.0.1 identified by 'slurm'; grant all on slurm.* to slurm@127.0.0.1"
}
start_slurmdbd() {
  pid_of slurmdbd >/dev/null || slurmdbd </dev/null &>>"$dir/log/slurmdbd.out"
  until_true 60 listens $dbd_port
}
start_slurmctld() {
  local pid
  if pid=$(pid_of slurmctld); then kill -CONT "$pid"; else slurmctld -f "$SLURM_CONF" </dev/null &>>"$dir/log/slurmctld.out"; fi
  until_true 30 scontrol ping
}
start_node() { pid_of "slurmd.$1" >/dev/null || slurmd -f "$SLURM_CONF" -N "$1" </dev/null &>>"$dir/log/slurmd.out"; }
start_sshd() {
  mkdir -p /run/sshd
  pid_of sshd >/dev/null || /usr/sbin/sshd -f "$dir/etc/sshd_config" -E "$dir/log/sshd.log" -h "$dir/etc/${1:-host}"
  until_true 10 listens $ssh_port
}
# The listener and the processes of its sessions, two generations of them.
sshd_family() {
  local pid kids
  pid=$(pid_of sshd) || return 0
  kids=$(pgrep -P "$pid" -d , || true)
  echo "$pid" ${kids//,/ } ${kids:+$(pgrep -P "$kids" || true)}
}
stop_sshd() {
  local family
  family=$(sshd_family)
  [[ -z $family ]] || kill -KILL $family 2>/dev/null || true
  rm -f "$dir/run/sshd.pid"
}

idle() { [[ $(sinfo -h -N -p train -o %T | grep -cE '^(idle|mixed|allocated)$') == "${#nodes[@]}" ]]; }

start() {
  install
  [[ -e $SLURM_CONF ]] || configure
  id "$user" &>/dev/null || useradd --system --no-create-home --home-dir "$dir/home" --shell /bin/bash --password '*' "$user"
  chown "$user:" "$dir/home"
  start_munged
  if [[ $accounting == dbd ]]; then
    start_mariadbd
    start_slurmdbd
  fi
  start_slurmctld
  for node in "${nodes[@]}"; do start_node "$node"; done
  start_sshd
  until_true 40 idle
}

stop() {
  local pid
  if pid=$(pid_of slurmctld); then
    kill -CONT "$pid"
    timeout 20 scancel -u "$user" 2>/dev/null || true
    (until_true 8 sh -c '[ -z "$(squeue -h)" ]') 2>/dev/null || true
  fi
  stop_sshd
  for daemon in slurmctld "${nodes[@]/#/slurmd.}" slurmdbd mariadbd munged; do end "$daemon"; done
}

env() {
  cat <<VARS
host=127.0.0.1
port=$ssh_port
user=$user
key=$dir/etc/client
hostKey=$(ssh-keygen -lf "$dir/etc/host.pub" | cut -d' ' -f2)
home=$dir/home
completed=$dir/log/jobcomp.log
conf=$SLURM_CONF
accounting=$accounting
memory=$(<"$dir/etc/memory")
VARS
}

purge() {
  [[ -e $SLURM_CONF ]] || return 0
  stop
  userdel "$user" 2>/dev/null || true
  rm -rf "$dir"
  for node in "${nodes[@]}"; do find /sys/fs/cgroup/*/"slurm_$node" -depth -type d -exec rmdir {} + 2>/dev/null || true; done
}

fault() {
  case $what:$mode in
    slurmctld:on) end slurmctld ;;
    slurmctld-hang:on) kill -STOP "$(pid_of slurmctld)" ;;
    slurmctld:off | slurmctld-hang:off) start_slurmctld && until_true 40 idle ;;
    node:*:on) end "slurmd.${what#node:}" -KILL ;;
    node:*:off) start_node "${what#node:}" && until_true 40 idle ;;
    state-loss:on)
      end slurmctld
      rm -rf "$dir/state"/*
      start_slurmctld && until_true 40 idle
      ;;
    slurmdbd:on) end slurmdbd ;;
    slurmdbd:off) start_slurmdbd ;;
    sshd:on) stop_sshd ;;
    sshd:off) start_sshd ;;
    ssh-stall:on) kill -STOP $(sshd_family) ;;
    ssh-stall:off) kill -CONT $(sshd_family) ;;
    hostkey:on) stop_sshd && start_sshd other ;;
    hostkey:off) stop_sshd && start_sshd ;;
    *) die "unknown fault '$what $mode'" ;;
  esac
}

case $verb in
  start | stop | env | purge | fault) $verb ;;
  *) sed -n '2,12s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
