#!/usr/bin/env bash
# open62541-secure.c, built and run where open62541.sh has put its library.
#
#   open62541-secure.sh build          after `open62541.sh build`; prints the folder for the server's files
#   open62541-secure.sh serve PORT     in the foreground
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
within=() tree=
if ! dpkg-query -W -f '${Status}' libopen62541-1.4-dev 2>/dev/null | grep -q 'ok installed'; then
  tree=/var/tmp/penstock-open62541
  within=(chroot "$tree" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin)
fi
folder=/var/tmp/penstock/secure

case ${1:-} in
  build)
    mkdir -p "$tree$folder"
    if ! cmp -s "$here/open62541-secure.c" "$tree$folder/server.c" || [[ ! -x $tree$folder/server ]]; then
      cp "$here/open62541-secure.c" "$tree$folder/server.c"
      "${within[@]}" gcc -O1 -o "$folder/server" "$folder/server.c" -lopen62541
    fi
    echo "$tree$folder"
    ;;
  serve) exec "${within[@]}" "$folder/server" "$2" "$folder" ;;
  *) sed -n '2,5s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
