#!/bin/sh
# Prints what `lab down` must leave as it was before a lab, an item a line. Run in
# a root shell of a host.
export LC_ALL=C
say() { sed "s/^/$1: /"; }
dpkg-query -W -f '${db:Status-Abbrev} ${Package} ${Version}\n' | say package
# apt, dpkg and systemd keep records; users that packages created stay.
find /etc /lab /opt /root /srv /usr /var/lib -xdev \
  \( -path /var/lib/apt -o -path /var/lib/dpkg -o -path /var/lib/systemd \
  -o -path '*/debconf/*' -o -name '*.pyc' -o -path '/etc/*-' -o -path /etc/.pwd.lock \) -prune \
  -o ! -type d -printf '%p %l\n' 2> /dev/null | sort | say file
find /sys/class/net -mindepth 1 -printf '%f\n' | sort | say interface
ip -4 -o address show | sed 's/^[0-9]*: //; s/ *valid_lft.*//' | say address
ip -4 -o route show | sort | say route
ip -4 -o neighbour show nud permanent | say neighbour
nft list tables | say table
systemctl list-unit-files --no-legend | awk '{ print $1, $2 }' | say unit
systemctl --failed --no-legend --plain | awk '{ print $1 }' | say failed
# Listed before the filters run, which would be in the list.
all=$(ps -A -o args=)
printf '%s\n' "$all" | grep -v -E '^(\[|ps -A|sh |sed |sshd)' | sort -u | say process
awk '{ print $2, $3 }' /proc/mounts | sort | say mount
