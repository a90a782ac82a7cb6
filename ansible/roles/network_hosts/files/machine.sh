#!/bin/sh
# shellcheck disable=SC1091,SC2086 # a file of the host; words are split on purpose
# Starts what a host of the fabric runs, once its files are there. Typed into a
# shell of root there, after connection.sh.
set -eu
. /etc/default/metallb-lab-machine
UNIT=/etc/systemd/system/metallb-lab-machine.service
mkdir -p /lab
# What restore.sh notes of a machine as it was made.
rm -f /lab/made /var/lib/lab-made/settings /var/lib/lab-made/frr.sum /var/lib/lab-made/bgpd /var/lib/lab-made/dhcp
[ "$ROLE" != router ] || systemctl disable --quiet --now frr 2> /dev/null
sysctl -q -p /etc/sysctl.d/90-metallb-lab.conf

# The client's new default route must not take the way back to us.
[ "$ROLE" != client ] || {
  peer=$(connection)
  peer=${peer%% *}
  way=$(ip -4 -o route get "$peer" 2> /dev/null | sed -n 's/.* \(via [^ ]* dev [^ ]*\).*/\1/p')
  case "$way " in
    ' ' | "via $ROUTER_EDGE "*) ;;
    *)
      ip route replace "$peer" $way
      ip -4 -o route show "$peer" | sed 's/ *$//' >> /var/lib/lab-made/routes
      # And again when the host was restarted.
      mkdir -p "$UNIT.d"
      printf '[Service]\nExecStartPre=-/sbin/ip route replace %s %s\n' "$peer" "$way" > "$UNIT.d/way.conf"
      ;;
  esac
}

systemctl daemon-reload
systemctl enable --quiet metallb-lab-machine
systemctl restart metallb-lab-machine
