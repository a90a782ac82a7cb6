#!/bin/sh
# Runs as root in a container of the engine, on the network of the engine's
# machine, and changes nothing there: print facts about its kernel, one
# key=value a line.
PATH=/usr/sbin:/usr/bin:/sbin:/bin
say() { printf '%s=%s\n' "$1" "$2"; }
kib() { awk -v name="$1:" '$1 == name { print $2 }' /proc/meminfo; }

say time "$(date +%s.%N)"
say cores "$(nproc)"
say memory_kib "$(kib MemTotal)"
say available_kib "$(kib MemAvailable)"
say disk_kib "$(df -Pk / | awk 'NR == 2 { print $4 }')"
say max_user_instances "$(cat /proc/sys/fs/inotify/max_user_instances)"
say max_user_watches "$(cat /proc/sys/fs/inotify/max_user_watches)"
# What docker's client puts into each container.
say proxies "$(env | sed -n 's/^\([a-z]*_proxy\|[A-Z]*_PROXY\)=..*/\1/p' | sort | paste -s -d ' ' -)"
# Frames between containers are then seen by the rules for forwarding.
say bridge_filter "$(cat /proc/sys/net/bridge/bridge-nf-call-iptables 2> /dev/null)"
# Nothing is asked that would load a table.
rules() {
  iptables-nft -w -S 2> /dev/null
  ! grep -q -s -x filter /proc/net/ip_tables_names || iptables-legacy -w -S 2> /dev/null
}
say docker_rules "$(rules | grep -c '^-N DOCKER')"
say forward_drops "$(rules | grep -c '^-P FORWARD DROP')"
# `yes`, or the last line of what a command says.
try() {
  answer=$("$@" 2>&1) && answer=yes
  printf '%s\n' "${answer:-failed}" | tail -n 1
}
# The setting is there in a kernel that can. The route is added in a network
# of its own, which ends with the command.
multipath() {
  [ -e /proc/sys/net/ipv4/fib_multipath_hash_policy ] || unshare -n sh -c 'ip link set lo up &&
    ip route add 198.51.100.0/24 nexthop dev lo nexthop dev lo'
}
# Option 14, TCP_MD5SIG: a peer's address, the length of the key, the key.
md5() {
  perl -e 'use Socket;
    socket(my $socket, PF_INET, SOCK_STREAM, 6) or die "$!\n";
    my $peer = pack("S n a4 x120", AF_INET, 179, inet_aton("192.0.2.1"));
    my $key = pack("C C S l a80", 0, 0, 1, 0, "x");
    setsockopt($socket, 6, 14, $peer . $key) or die "$!\n"'
}
say multipath "$(try multipath)"
say md5 "$(try md5)"
say end yes
