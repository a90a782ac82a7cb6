#!/bin/bash
# Puts onto a host what all machines inside it share, after machine_files.sh.
#
# Environment: that of machine_files.sh; and MACHINES, for each a line with its
# role and its addresses on LAN and edge, `-` for none.
programs "$FILES/lab-inside" "$FILES/lab-on" || exit
mkdir -p etc/default etc/systemd/system
cp "$FILES/metallb-lab-machine@.service" etc/systemd/system/
while read -r role lan edge; do
  [ -n "$role" ] || continue
  printf 'ROLE=%s\n%s\nLAN_ADDRESS=%s\nEDGE_ADDRESS=%s\n' "$role" "$MACHINE_ENVIRONMENT" "${lan#-}" "${edge#-}" \
    > "etc/default/metallb-lab-machine@$role"
done <<< "$MACHINES"
# shellcheck disable=SC2046 # names without spaces
shared=$({ files; cat $(files); } | checksum)
all=/var/lib/metallb-lab-machines
report() { echo "{\"changed\": $1, \"checksum\": \"$shared\"}"; }
"$@" grep -q -s -x "$shared" $all/made && { report false; exit; }
files | claim "$@" || exit
send / "$@" || exit
# The frr package starts a router on the host itself.
# shellcheck disable=SC2016 # for the host's shell
"$@" sh -c 'systemctl disable --quiet --now frr 2> /dev/null
  systemctl daemon-reload && mkdir -p /lab "$1" && echo "$2" > "$1/made"' - $all "$shared" || exit
report true
