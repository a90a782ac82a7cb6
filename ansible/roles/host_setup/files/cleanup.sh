#!/bin/sh
# shellcheck disable=SC2034,SC2086 # variables of network_state.sh; words are split on purpose
# Removes from a host what a lab brought: processes, cluster, network, files and
# packages. Run in a root shell of the host, after alone.sh and network_state.sh;
# it can be repeated if it was interrupted.
#
# Environment: CLUSTER, whose host it must be.
set -u
export DEBIAN_FRONTEND=noninteractive LC_ALL=C NEEDRESTART_SUSPEND=1 NEEDRESTART_MODE=l
NOTES=/var/lib/metallb-lab-kit
MARK=/etc/kubernetes/metallb-lab-kit
INSIDE=/var/lib/metallb-lab-machines
MACHINE=/etc/default/metallb-lab-machine
WAY=/etc/systemd/system/metallb-lab-machine.service.d/way.conf
[ ! -e $LOCK ] || alone whole
# A host without a mark has no lab, and one of another lab stays that lab's.
[ "$(head -n 1 $MARK 2> /dev/null)" = "$CLUSTER" ] || exit 0

kill_all() { # regular expression of the beginning of a command line
  pkill -KILL -f "^$1"
  for _ in $(seq 100); do
    pgrep -f "^$1" > /dev/null || break
    sleep 0.05
  done
}

node() {
  # Of faults.
  for unit in web-address customers-route; do
    systemctl disable --quiet $unit.service
    rm -f /etc/systemd/system/$unit.service
  done
  systemctl disable --quiet --now kubelet
  grep -l -s kubepods /proc/[0-9]*/cgroup | cut -d / -f 3 | xargs -r kill -KILL
  systemctl disable --quiet --now containerd
  kill_all /usr/local/bin/containerd-shim
  awk '$2 ~ "^/(var/lib/kubelet|run/containerd|var/lib/containerd)(/|$)" { print $2 }' /proc/mounts \
    | sort -r | xargs -r -n 1 umount -l
  ip netns list | awk '/^cni-/ { print $1 }' | xargs -r -n 1 ip netns del
}

machine() {
  systemctl disable --quiet --now metallb-lab-machine
  # A reset may have restarted these outside the unit.
  /usr/lib/frr/frrinit.sh stop
  kill_all 'dnsmasq .*--conf-file=/etc/dnsmasq.conf'
  kill_all 'busybox udhcpc .*-s /usr/local/bin/lab-lease'
  kill_all 'busybox httpd -h /srv/desk'
  ip address flush dev eth0 label eth0:lease
  # Of a fault.
  rm -f /etc/sysctl.d/95-routing.conf
}

inside() {
  for folder in "$INSIDE"/*/; do
    role=$(basename "$folder")
    systemctl disable --quiet --now "metallb-lab-machine@$role"
    ip netns del "lab-$role"
  done
  ip netns del lab-edge
  rm -f /run/metallb-lab-machines.lock
  # `ip netns` mounts the folder of names over itself.
  [ -n "$(ls /run/netns)" ] || { umount /run/netns; rmdir /run/netns; }
}

# Deletes what the lab added to the host's network. Default routes come back: the
# next lab needs them to install packages.
network() {
  [ -z "$(ip -o link show type vxlan dev eth1)" ] || ip link del eth1
  ROLE=host KEEP='' EDGE=none ROUTER=none PODS=none
  addresses; neighbours; qdiscs; routes; kernel
  # The client's; a default route of the host may have been replaced by it.
  [ ! -e $MACHINE ] || ip route del default via "$(sed -n 's/^ROUTER_EDGE=//p' $MACHINE)"
  # shellcheck disable=SC1003 # one backslash
  grep '^default ' $MADE/routes | tr -d '\\' | sed -E 's/ (linkdown|dead|nhid [0-9]+)//g' \
    | while read -r route; do ip route replace $route; done
  sed -n 's/^ExecStartPre=.*ip route replace //p' $WAY | while read -r route; do ip route del $route; done
}

filters() {
  nft list tables | sort | comm -13 $NOTES/tables - | while read -r table; do nft delete $table; done
  # Tables that the host had stay, without the cluster's chains.
  for family in iptables ip6tables; do
    $family-save | grep -v -E 'KUBE-|CNI-|KIND-' | $family-restore
  done
  rules
}

# The mark goes last.
files() {
  [ ! -e $NOTES/files ] || (cd / && xargs -d '\n' rm -f < $NOTES/files)
  xargs -d '\n' rm -rf < $NOTES/places
  find /etc/kubernetes -mindepth 1 ! -path $MARK -delete
  systemctl daemon-reload
  systemctl reset-failed
}

purge() {
  apt-get purge -y -o DPkg::Lock::Timeout=300 "$@" && return
  # An interrupted installation may have left some half installed.
  dpkg --force-confdef --force-confold --configure -a
  apt-get purge -y -o DPkg::Lock::Timeout=300 "$@" || dpkg --purge --force-remove-reinstreq "$@"
}

# Removes what the lab's own apt-get installed; other packages may have come
# since. Lines end as a terminal's do where apt gives dpkg one.
packages() {
  [ -e $NOTES/apt.log ] || return 0
  dpkg-query -W -f '${binary:Package}\n' | sort > $NOTES/now
  brought=$(tr -d '\r' < $NOTES/apt.log \
    | sed -n 's/^Selecting previously unselected package \(.*\)\.$/\1/p' \
    | sort -u | comm -23 - $NOTES/packages | comm -12 - $NOTES/now)
  [ -n "$brought" ] || return 0
  purge $brought > $NOTES/purge.log 2>&1 < /dev/null || { tail -n 3 $NOTES/purge.log >&2; return 1; }
}

# If this is interrupted, the host must be prepared again.
rm -f $NOTES/prepared
{
  ! grep -q -s -x usr/local/bin/containerd $NOTES/files || node
  [ ! -e $MACHINE ] || machine
  [ ! -e $INSIDE ] || inside
  [ ! -e $NOTES/recorded ] || {
    network
    [ ! -e $MADE/policies ] || filters
    files
  }
} > /dev/null 2>&1
packages || exit
# Incomplete records are worse than none.
rm -f $NOTES/recorded
rm -rf $MADE $NOTES /etc/kubernetes
echo '{"changed": "host"}'
