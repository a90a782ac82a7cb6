#!/bin/sh
# shellcheck disable=SC1091 # a file of the host
# Runs as root on a host and changes nothing: print facts about it that decide
# whether a lab can run there, one key=value a line.
PATH=/usr/sbin:/usr/bin:/sbin:/bin:$PATH
say() { printf '%s=%s\n' "$1" "$2"; }
system() { (. /etc/os-release && printf '%s %s' "$ID" "$VERSION_ID"); }

say uid "$(id -u)"
say arch "$(uname -m)"
say os "$(system 2> /dev/null)"
say hostname "$(uname -n)"
say machine_id "$(cat /etc/machine-id 2> /dev/null)"
say cores "$(nproc)"
say memory_kib "$(awk '/^MemTotal:/ { print $2 }' /proc/meminfo)"
say disk_kib "$(df -Pk /var | awk 'NR == 2 { print $4 }')"
say swap "$(awk 'NR > 1 { print $1 }' /proc/swaps | paste -s -d ' ' -)"
say addresses "$(ip -o -4 address show | awk '{ print $2 "=" $4 }' | paste -s -d ' ' -)"
say macs "$(ip -o link show | grep -o -E '([0-9a-f]{2}:){5}[0-9a-f]{2}' | sort -u | paste -s -d ' ' -)"
say init "$(cat /proc/1/comm)"
# Packages make empty folders there; a cluster has files.
say kubernetes "$(find /etc/kubernetes -type f 2> /dev/null | head -n 1)"
say mark "$(head -n 1 /etc/kubernetes/metallb-lab-kit 2> /dev/null)"
# Other containers would be mixed with those of the cluster.
say containers "$(find /var/lib/containerd /run/containerd -mindepth 1 -maxdepth 1 2> /dev/null | head -n 1)"
# What drops whatever no rule accepts; nothing is asked that would load a table.
drops() {
  nft list chains 2> /dev/null | awk '/^table/ { ip = $2 == "ip" || $2 == "inet" }
    ip && /hook (input|forward) .*policy drop/ { print toupper($4) }'
  ! grep -q -s -x filter /proc/net/ip_tables_names \
    || { iptables-legacy -w -S || iptables -w -S; } 2> /dev/null | sed -n 's/^-P \(INPUT\|FORWARD\) DROP$/\1/p'
  # Its own policies are not visible there.
  ! systemctl is-active --quiet firewalld 2> /dev/null || printf '%s\n' INPUT FORWARD
}
say firewall "$(drops | sort -u | paste -s -d ' ' -)"
if command -v ss > /dev/null; then
  say ports known
  ss -Hlntup | awk '{
    port = $5; sub(/.*:/, "", port)
    who = match($0, /\(\("[^"]*"/) ? substr($0, RSTART + 3, RLENGTH - 4) : ""
    print "listens=" $1 " " port " " who
  }'
fi
say end yes
