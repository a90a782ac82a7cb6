#!/bin/sh
# Says what a host has that a lab might leave changed, a line each. Typed into a
# shell of root there, before a lab and after it.
export LC_ALL=C
say() { sed "s/^/$1: /"; }
dpkg-query -W -f '${db:Status-Abbrev} ${Package} ${Version}\n' | say package
cut -d: -f1 /etc/passwd | say user
cut -d: -f1 /etc/group | say group
# What apt, dpkg and systemd note for themselves is no change.
find /etc /lab /opt /root /srv /usr /var/lib -xdev \
  \( -path /var/lib/apt -o -path /var/lib/dpkg -o -path /var/lib/systemd \
  -o -path '*/debconf/*' -o -name '*.pyc' -o -name __pycache__ -o -path /etc/ld.so.cache \) -prune \
  -o -printf '%p %M %l\n' 2> /dev/null | sort | say file
find /etc -xdev -type f ! -name ld.so.cache ! -name '*-' ! -name shadow ! -name gshadow \
  ! -name passwd ! -name group -exec sha256sum {} + | sort -k2 | say text
find /sys/class/net -mindepth 1 -printf '%f\n' | sort | say interface
ip -4 -o address show | sed 's/^[0-9]*: //; s/ *valid_lft.*//' | say address
ip -4 -o route show | sort | say route
ip -4 -o neighbour show nud permanent | say neighbour
for dev in /sys/class/net/eth*; do tc qdisc show dev "${dev##*/}"; done | say qdisc
# Chains without a rule do nothing, and docker's server of names is docker's.
nft list ruleset | grep -v -E 'chain|hook|127\.0\.0\.11 |^[[:space:]]*}?$' \
  | sed 's/counter packets [0-9]* bytes [0-9]* //' | say filter
sysctl -a 2> /dev/null | grep -E '^net\.ipv4\.(ip_forward|fib_multipath_hash_policy)|^net\.ipv4\.conf\.(all|default|eth.)\.(rp_filter|arp_|route_localnet)|^vm\.overcommit_memory|^kernel\.panic|nf_conntrack_(max|tcp_)' | say kernel
systemctl list-unit-files --no-legend | awk '{ print $1, $2 }' | say unit
systemctl --failed --no-legend --plain | awk '{ print $1 }' | say failed
# Listed before the filters run, which would be in the list.
all=$(ps -A -o args=)
printf '%s\n' "$all" | grep -v -E '^(\[|ps -A|sh |sed |sshd)' | sort -u | say process
awk '{ print $2, $3 }' /proc/mounts | sort | say mount
