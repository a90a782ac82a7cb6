#!/bin/sh
# shellcheck disable=SC2086 # words are split on purpose
# Prepares a host for a lab: records what `lab reset` and `lab down` leave alone
# there, marks it and installs missing packages. Run in a root shell of the host,
# after alone.sh.
#
# Environment: CLUSTER and STUDENT, whose lab it is; PACKAGES; PLACES, what a lab
# creates besides.
set -eu
export DEBIAN_FRONTEND=noninteractive LC_ALL=C
# No service of the host is restarted for a library that was upgraded.
export NEEDRESTART_SUSPEND=1 NEEDRESTART_MODE=l
NOTES=/var/lib/metallb-lab-kit # for cleanup.sh
MADE=/var/lib/lab-made         # for network_state.sh
MARK=/etc/kubernetes/metallb-lab-kit
alone whole
[ ! -e $NOTES/prepared ] || exit 0

installed() { dpkg-query -W -f '${db:Status-Abbrev} ${binary:Package}\n' | sed -n 's/^ii *//p' | sort; }

# A host that cloud-init still sets up is incomplete, and apt is locked there.
await_cloud_init() {
  command -v cloud-init > /dev/null || return 0
  timeout 300 cloud-init status --wait > /dev/null 2>&1 < /dev/null || true
}

record() {
  await_cloud_init
  rm -rf $NOTES $MADE
  mkdir -p $NOTES $MADE
  for place in $PLACES ~root/.history_frr ~root/.kube; do
    [ -e "$place" ] || echo "$place"
  done > $NOTES/places
  installed > $NOTES/packages
  find /sys/class/net -mindepth 1 -printf '%f\n' | grep -v -x -e eth0 -e eth1 -e lo > $MADE/devices || true
  ip -4 -o address show | awk '{ print $4 }' > $MADE/addresses
  ip -4 -o route show | sed 's/ *$//' > $MADE/routes
  : > $NOTES/recorded
}

# apt waits for a lock of packages that another process has, but not for that of
# the lists.
update_lists() {
  for _ in $(seq 60); do
    output=$(apt-get update 2>&1) && return
    echo "$output"
    case $output in *'Could not get lock'*) sleep 5 ;; *) return 1 ;; esac
  done
  return 1
}

install_missing() {
  installed > $NOTES/now
  missing=$(for package in $PACKAGES; do
    grep -q -x -E "$package(:.*)?" $NOTES/now || echo "$package"
  done)
  [ -n "$missing" ] || return 0
  log=$NOTES/apt.log # cleanup.sh reads there which packages came with the lab
  # Existing configuration stays, and no installed package is removed.
  install="apt-get install -y --no-install-recommends --no-remove -o DPkg::Lock::Timeout=300
    -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold"
  # A new host has no lists yet; one that was switched off may have packages that
  # are half installed.
  { $install $missing || { dpkg --force-confdef --force-confold --configure -a; update_lists && $install $missing; }; } \
    >> $log 2>&1 < /dev/null || { tail -n 3 $log >&2; return 1; }
}

# Records on a host without a mark are outdated.
{ [ -e $MARK ] && [ -e $NOTES/recorded ]; } || record
mkdir -p /etc/kubernetes
printf '%s\n%s\n' "$CLUSTER" "student $STUDENT" > $MARK
install_missing
# Only now are there surely the commands for it.
[ -e $MADE/policies ] || {
  nft list tables | sort > $NOTES/tables
  iptables-save > $NOTES/rules
  grep '^-A' $NOTES/rules > $MADE/rules || true
  sed -n '/^\*filter/,/^COMMIT/s/^:\([A-Z]*\) \([A-Z]*\) .*/\1 \2/p' $NOTES/rules > $MADE/policies
}
: > $NOTES/prepared
echo '{"changed": "host"}'
