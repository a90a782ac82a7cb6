#!/bin/sh
# shellcheck disable=SC2046,SC2086,SC2329 # words are split on purpose; by_$way calls
# Runs as root on a host, after connection.sh: silence eth0 as if its cable was
# pulled, for at most $1 seconds. The kit's SSH continues, so that
# `systemctl stop metallb-lab-silence` can end the silence earlier.
set -u
UNIT=metallb-lab-silence
UNDO=/run/$UNIT
PATH=/usr/sbin:/usr/bin:/sbin:/bin:$PATH

# Where the kit is, and who is asked for the way there on eth0.
set -- "$1" $(connection)
peer=${2:-} port=${5:-}
[ -n "$peer" ] || { echo "no SSH connection to keep" >&2; exit 1; }
hop=$(ip -o route get "$peer" 2> /dev/null | awk '/ dev eth0 / {
  for (at = 1; at < NF; at++) if ($at == "via") { print $(at + 1); exit }
  print $1 }')
[ -n "$hop" ] || peer=

# Dropping outgoing packets needs Linux 5.16 or later.
by_nft() {
  ssh_in='' ssh_out='' ask_in='' ask_out=''
  case $peer in
    '') ;;
    *:*)
      ssh_in="ip6 saddr $peer tcp dport $port accept" ssh_out="ip6 daddr $peer tcp sport $port accept"
      ask_in="meta l4proto icmpv6 accept" ask_out=$ask_in ;;
    *)
      ssh_in="ip saddr $peer tcp dport $port accept" ssh_out="ip daddr $peer tcp sport $port accept"
      ask_in="arp saddr ip $hop accept" ask_out="arp daddr ip $hop accept" ;;
  esac
  echo "nft delete table netdev $UNIT" >> $UNDO
  nft -f - << END
table netdev $UNIT {
  chain in { type filter hook ingress device "eth0" priority -500; policy drop; $ssh_in
    $ask_in
  }
  chain out { type filter hook egress device "eth0" priority -500; policy drop; $ssh_out
    $ask_out
  }
}
END
}

# Older ones have classifiers.
by_tc() {
  tc qdisc show dev eth0 | grep -q '^qdisc clsact ' \
    || { tc qdisc add dev eth0 clsact && echo 'tc qdisc del dev eth0 clsact' >> $UNDO; } \
    || return
  for way in ingress egress; do
    from=src to=dst ask=arp_sip
    [ $way = ingress ] || { from=dst to=src ask=arp_tip; }
    filter="tc filter add dev eth0 $way"
    echo "for pref in 21 22 23; do tc filter del dev eth0 $way pref \$pref; done" >> $UNDO
    case $peer in
      '') ;;
      *:*)
        $filter pref 21 protocol ipv6 flower ip_proto tcp ${from}_ip "$peer" ${to}_port "$port" action pass \
          && $filter pref 22 protocol ipv6 flower ip_proto icmpv6 action pass || return ;;
      *)
        $filter pref 21 protocol ip flower ip_proto tcp ${from}_ip "$peer" ${to}_port "$port" action pass \
          && $filter pref 22 protocol arp flower $ask "$hop" action pass || return ;;
    esac
    $filter pref 23 matchall action drop || return
  done
}

systemctl stop $UNIT 2> /dev/null
: > $UNDO || exit
# The end of the silence is scheduled before it begins.
systemd-run --quiet --collect --unit $UNIT \
  --property "ExecStopPost=-/bin/sh -c 'sh $UNDO; rm -f $UNDO'" sleep "$1" || exit
for way in nft tc; do
  by_$way && echo "silent by $way" && exit
  sh $UNDO > /dev/null 2>&1
  : > $UNDO
done
systemctl stop $UNIT
exit 1
