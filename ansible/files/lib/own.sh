#!/bin/sh
# What a host may have of its own on the lab's interfaces: noted when a lab takes
# it, and compared when it is brought back. Typed into a shell of root there,
# before the script that asks.

# Neighbours of the lab's interfaces that somebody wrote down.
fixed() {
  ip -4 neighbour show nud permanent \
    | awk '/ lladdr / && $3 ~ /^eth[01]$/ { print $1, $3, $5 }' | sort
}

# A root qdisc that somebody put there, as `tc` takes it.
shaper() {
  tc qdisc show dev "$1" 2> /dev/null | sed -nE 's/ refcnt [0-9]+//; s/ direct_packets_stat [0-9]+//; s/([0-9])p( |$)/\1\2/g
    s/^qdisc ([^ ]+) ([1-9a-f][0-9a-f]*:) root */\2 \1 /p'
}
