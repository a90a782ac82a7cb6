#!/bin/bash
# Removes machines that are to be recreated, and starts all others that are
# paused or stopped. The arguments are the command prefix that runs something
# on the DHCP server.
#
# Environment: REMOVE, the names of those machines; STUDENT, NETWORK, CLUSTER_NAME.
# shellcheck disable=SC2086 # words are split on purpose
set -e
for name in $REMOVE; do
  case $name in
    # The leases are on a volume. Only the desk's stay.
    *-dhcp) "$@" sed -i '/ desk /!d' /lab/dnsmasq.leases || true ;;
  esac
  ours=$(docker ps --all --quiet --filter name="^$name\$" --filter label="metallb-lab.student=$STUDENT")
  [ -z "$ours" ] || docker rm --force $ours > /dev/null
  echo '{"changed": "machine removed"}'
done
all=$(lab_containers '{{.State}} {{.ID}}' "$NETWORK")
for state in paused exited created; do
  names=$(sed -n "s/^$state //p" <<< "$all")
  [ -n "$names" ] || continue
  verb=start
  [ $state != paused ] || verb=unpause
  docker $verb $names
  echo '{"changed": "machine started"}'
done
