#!/usr/bin/env bash
# A foreign OPC UA server for the system tests (root needed): open62541-server.c with Debian 13's own library. On an
# older Debian, a Debian 13 tree is unpacked into a folder and the server runs from there.
#
#   open62541.sh build [DIR]        once; about half a minute where the tree is missing
#   open62541.sh serve PORT [DIR]   in the foreground
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
verb=${1:-}
native() { dpkg-query -W -f '${Status}' libopen62541-1.4-dev 2>/dev/null | grep -q 'ok installed'; }

build() {
  local dir=${1:-/var/tmp/penstock-open62541} within=()
  if ! native && [[ $(apt-cache search --names-only '^libopen62541-1.4-dev$' 2>/dev/null) ]]; then
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends libopen62541-1.4-dev gcc libc6-dev >/dev/null
  fi
  if ! native; then
    if [[ ! -e $dir/usr/include/open62541/server.h ]]; then
      command -v debootstrap >/dev/null || apt-get install -y -qq debootstrap >/dev/null
      mirror=$(apt-cache policy | grep -oE 'https?://[^ ]+/debian ' | head -n 1 | tr -d ' ')
      debootstrap --variant=minbase --include=libopen62541-1.4-dev,gcc,libc6-dev trixie "$dir" "$mirror" >"$dir.log" 2>&1 \
        || { tail -n 5 "$dir.log" >&2; exit 1; }
    fi
    within=(chroot "$dir" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin)
  fi
  mkdir -p "$dir/var/tmp/penstock"
  local source=$dir/var/tmp/penstock/server.c program=/var/tmp/penstock/server
  native && { mkdir -p /var/tmp/penstock; source=/var/tmp/penstock/server.c; }
  cmp -s "$here/open62541-server.c" "$source" && [[ -x ${source%.c} ]] && return
  cp "$here/open62541-server.c" "$source"
  "${within[@]}" gcc -O1 -o "$program" "$program.c" -lopen62541
}

serve() {
  local port=$1 dir=${2:-/var/tmp/penstock-open62541}
  if native; then exec /var/tmp/penstock/server "$port"; fi
  exec chroot "$dir" /var/tmp/penstock/server "$port"
}

case $verb in
  build | serve) "$verb" "${@:2}" ;;
  *) sed -n '2,7s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
