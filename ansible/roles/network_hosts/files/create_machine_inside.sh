#!/bin/bash
# Creates a machine inside a host that has all of them, and starts it, after
# machine_files.sh. What is as it should be stays.
#
# Environment: ROLE; SHARED, the checksum of what all machines share; and that
# of machine_files.sh.
unit=metallb-lab-machine@$ROLE
settings "$ROLE" || exit
# shellcheck disable=SC2046 # names without spaces
made=$({ echo "$SHARED"; cat $(files); } | checksum)
"$@" systemctl is-active --quiet "$unit" \
  && "$@" lab-on "$ROLE" grep -q -s -x "$made" /lab/made && exit
"$@" sh -s "$ROLE" < "$FILES/machine_inside.sh" || exit
send "/var/lib/metallb-lab-machines/$ROLE/files" "$@" || exit
created() {
  # shellcheck disable=SC2016 # for the host's shell
  "$@" sh -c 'systemctl enable --quiet "$1" && systemctl restart "$1"
    for _ in $(seq 100); do lab-on "$2" true 2> /dev/null && exit; sleep 0.1; done
    exit 1' - "$unit" "$ROLE" \
    && "$@" lab-on "$ROLE" sh -s "$ROLE" "$made" < "$FILES/await_machine.sh"
}
created "$@" || {
  "$@" journalctl -u "$unit" -n 5 --no-pager >&2
  exit 1
}
echo '{"changed": "machine"}'
