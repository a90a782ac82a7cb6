#!/bin/bash
# Puts onto a host what the container of its role has in the appliance image,
# and starts it, after machine_files.sh. What is as it should be stays.
#
# Environment: ROLE, and that of machine_files.sh.
programs && settings "$ROLE" || exit
mkdir -p etc/default etc/systemd/system
cp "$FILES/metallb-lab-machine.service" etc/systemd/system/
printf 'ROLE=%s\n%s\n' "$ROLE" "$MACHINE_ENVIRONMENT" > etc/default/metallb-lab-machine
script=$(cat "$LIB/connection.sh" "$FILES/machine.sh")
# shellcheck disable=SC2046 # names without spaces
made=$({ cat $(files); echo "$script"; } | checksum)
# shellcheck disable=SC2016 # for the host's shell
"$@" sh -c '[ "$(cat /lab/made)" = "$1" ] && systemctl is-active --quiet metallb-lab-machine' \
  - "$made" 2> /dev/null && exit
# It writes these itself.
{ files; printf '%s\n' etc/dnsmasq.conf etc/dnsmasq.lab etc/desk.request etc/frr/daemons \
    etc/systemd/system/metallb-lab-machine.service.d/way.conf; } | claim "$@" || exit
send / "$@" || exit
"$@" sh -s <<< "$script" || exit
"$@" sh -s "$ROLE" "$made" < "$FILES/await_machine.sh" || {
  "$@" journalctl -u metallb-lab-machine -n 5 --no-pager >&2
  exit 1
}
echo '{"changed": "machine"}'
