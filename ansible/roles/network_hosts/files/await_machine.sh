#!/bin/sh
# Waits until machine $1 runs what it is for, and notes it as made by $2. Typed
# into a shell of root there.
set -u
role=$1
runs() {
  case $role in
    router) vtysh -c 'show bgp summary' ;;
    dhcp) pgrep -x dnsmasq ;;
    desk) pgrep -f 'busybox udhcpc' ;;
  esac
}
for _ in $(seq 100); do
  runs > /dev/null 2>&1 && { echo "$2" > /lab/made; exit 0; }
  sleep 0.1
done
exit 1
