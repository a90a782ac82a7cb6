#!/bin/sh
# Takes a host for a lab: notes what is its own, so that it can be given back
# as it was, marks it, and installs what is missing. Typed into a shell of root
# there, after alone.sh and own.sh.
#
# Environment: CLUSTER and STUDENT, whose it will be; PACKAGES; PLACES, what a
# lab makes there.
set -eu
export DEBIAN_FRONTEND=noninteractive LC_ALL=C
# Nothing of the host's own is restarted for a library that came.
export NEEDRESTART_SUSPEND=1 NEEDRESTART_MODE=l
OWN=/var/lib/metallb-lab-kit  # what give_back.sh reads
MADE=/var/lib/lab-made        # what restore.sh reads
MARK=/etc/kubernetes/metallb-lab-kit
alone whole
[ ! -e $OWN/taken ] || exit 0

# A pattern of sysctl's: what the lab, kubelet and kube-proxy set.
SET='^(net\.ipv4\.ip_forward|net\.ipv4\.fib_multipath_hash_policy'
SET="$SET|net\.ipv4\.conf\.(all|default|eth0|eth1)\.(rp_filter|arp_ignore|arp_announce|route_localnet)"
SET="$SET|vm\.overcommit_memory|kernel\.panic|kernel\.panic_on_oops|kernel\.keys\.root_max(keys|bytes)"
SET="$SET|net\.netfilter\.nf_conntrack_(max|tcp_.*)) ="

packages() { dpkg-query -W -f '${db:Status-Abbrev} ${binary:Package}\n' | sed -n 's/^ii *//p' | sort; }
rules() {
  for table in filter nat mangle raw; do
    iptables -w -t $table -S 2> /dev/null | sed "s/^/$table /"
  done
}
# What a new host is still being given is its own, and holds apt's locks.
settled() {
  command -v cloud-init > /dev/null || return 0
  timeout 300 cloud-init status --wait > /dev/null 2>&1 < /dev/null || true
}

note() {
  settled
  rm -rf $OWN $MADE
  mkdir -p $OWN
  home=~root
  for place in $PLACES; do
    case $place in '~'/*) place=$home${place#'~'} ;; esac
    [ -e "$place" ] || echo "$place"
  done > $OWN/places
  mkdir -p $MADE
  packages > $OWN/packages
  cut -d: -f1 /etc/passwd | sort > $OWN/users
  cut -d: -f1 /etc/group | sort > $OWN/groups
  ip -4 -o route show > $OWN/routes
  { sysctl -a 2> /dev/null || true; } | grep -E "$SET" > $OWN/sysctl
  systemctl is-enabled frr 2> /dev/null | grep -x enabled > $OWN/frr || true
  find /etc /opt /usr /srv -xdev -type d | sort > $OWN/folders
  (cd / && find etc opt usr/bin usr/local -xdev ! -type d) | sort > $OWN/present
  (cd / && find etc opt usr/bin usr/local -xdev -type f -printf '%m %U %G %p\n') > $OWN/modes
  # Those of the lab's own interfaces and rules are looked at one by one.
  find /sys/class/net -mindepth 1 -printf '%f\n' | grep -v -x -e eth0 -e eth1 -e lo > $MADE/devices || true
  ip -4 -o address show | awk '{ print $4 }' > $MADE/addresses
  ip -4 -o route show | sed 's/ *$//' > $MADE/routes
  fixed > $MADE/neighbours
  for dev in eth0 eth1; do shaper $dev > $MADE/qdisc.$dev; done
  : > $OWN/noted
}

# What others hold the lock of, apt waits for; but not for that of its lists.
lists() {
  for _ in $(seq 60); do
    said=$(apt-get update 2>&1) && return
    echo "$said"
    case $said in *'Could not get lock'*) sleep 5 ;; *) return 1 ;; esac
  done
  return 1
}

install_missing() {
  missing=
  packages > $OWN/now
  for package in $PACKAGES; do
    grep -q -x -E "$package(:.*)?" $OWN/now || missing="$missing $package"
  done
  rm $OWN/now
  [ -n "$missing" ] || return 0
  # A host that was never used has no package lists yet; one that was cut off
  # meanwhile has packages that are half installed.
  # What it brings, give_back.sh reads there: others install things, too.
  log=$OWN/apt.log
  # Configuration that is there stays, nobody is asked about it, and no
  # package of the host's own goes for one of ours.
  install="apt-get install -y --no-install-recommends --no-remove -o DPkg::Lock::Timeout=300
    -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold $missing"
  { $install || { dpkg --force-confdef --force-confold --configure -a; lists && $install; }; } >> $log 2>&1 < /dev/null 9>&- \
    || { tail -n 3 $log >&2; return 1; }
}

# Notes on a host that nobody has are those of an older day.
{ [ -e $MARK ] && [ -e $OWN/noted ]; } || note
mkdir -p /etc/kubernetes
printf '%s\n%s\n' "$CLUSTER" "student $STUDENT" > $MARK
install_missing
# Only now there are surely the commands that tell them.
[ -e $OWN/rules ] || {
  nft list tables | sort > $OWN/tables
  rules > $OWN/rules.new
  sed 's/^[a-z]* //' $OWN/rules.new > $MADE/rules
  sed -n 's/^filter -P //p' $OWN/rules.new > $MADE/policies
  mv $OWN/rules.new $OWN/rules
}
: > $OWN/taken
echo '{"changed": "host"}'
