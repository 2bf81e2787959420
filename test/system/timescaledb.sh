#!/usr/bin/env bash
# A native TimescaleDB for the system tests (root needed), on 127.0.0.1 only, without passwords.
# Debian packages it (Apache edition): PostgreSQL 17 in Debian 13, 18 in the one after. That Debian is unpacked into a
# folder and the server runs from there.
#
#   timescaledb.sh start [DIR] [PORT] [17|18]   prints the server's address
#   timescaledb.sh stop  [DIR]
set -euo pipefail
verb=${1:-} dir=${2:-/var/tmp/penstock-timescaledb} port=${3:-5598}
kept=$(basename "$(ls -d "$dir"/etc/postgresql/* 2>/dev/null | head -n 1)")
version=${4:-${kept:-17}}
conf=$dir/etc/postgresql/$version/main

in_tree() { chroot "$dir" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 "$@"; }

unpack() {
  command -v debootstrap >/dev/null || apt-get install -y -qq debootstrap >/dev/null
  mirror=$(apt-cache policy | grep -oE 'https?://[^ ]+/debian ' | head -n 1 | tr -d ' ')
  local release=trixie
  [[ $version == 17 ]] || release=forky
  debootstrap --variant=minbase --include="postgresql-$version,postgresql-$version-timescaledb" \
    "$release" "$dir" "$mirror" /usr/share/debootstrap/scripts/sid >"$dir.log" 2>&1 \
    || { tail -n 5 "$dir.log" >&2; exit 1; }
}

start() {
  [[ -e $dir/usr/lib/postgresql/$version/lib/timescaledb.so ]] || unpack
  mountpoint -q "$dir/proc" || mount -t proc proc "$dir/proc"
  mountpoint -q "$dir/dev" || mount --bind /dev "$dir/dev"
  cat >"$conf/conf.d/test.conf" <<CONF
listen_addresses = '127.0.0.1'
port = $port
shared_preload_libraries = 'timescaledb'
timescaledb.telemetry_level = off
max_connections = 200
CONF
  printf 'local all all trust\nhost all all 127.0.0.1/32 trust\n' >"$conf/pg_hba.conf"
  in_tree pg_ctlcluster "$version" main start 2>/dev/null || in_tree pg_ctlcluster "$version" main restart >&2
  echo "postgres://postgres@127.0.0.1:$port/postgres"
}

stop() {
  in_tree pg_ctlcluster "$version" main stop --mode fast || true
  for m in proc dev; do ! mountpoint -q "$dir/$m" || umount "$dir/$m"; done
}

case $verb in
  start | stop) $verb ;;
  *) sed -n '2,8s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
