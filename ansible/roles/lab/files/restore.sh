#!/bin/sh
# shellcheck disable=SC2086 # words are split on purpose
# Brings one node or machine back to what it was made with; typed into a shell
# there, after own.sh. Whatever a fault or a student may have added is taken
# away: addresses, neighbour entries, routes, rules of iptables, qdiscs, settings
# of the kernel, the router's configuration. Says what it changed.
#
# Environment: ROLE; KEEP, addresses with their prefix lengths; EDGE and
# ROUTER, the edge network and the way there; LAN; DESK_LEASE, the address that
# the desk leases.
: "${KEEP:?}"
set -u
say() { printf '{"machine": "%s", "changed": "%s"}\n' "$ROLE" "$(echo "$*" | sed 's/[\\"]/\\&/g')"; }
MADE=/var/lib/lab-made
PODS=10.244.0.0/16 # kind's own choice
# A host has interfaces, addresses, routes and rules of its own, which were
# noted when it was taken.
own() { [ -e $MADE/"$1" ] && grep -q -x -F -e "$2" $MADE/"$1"; }

addresses() {
  ip -4 -o address show | while read -r _ dev _ address rest; do
    case "$dev $rest" in veth* | *:lease*) continue ;; esac
    case " 127.0.0.1/8 $KEEP " in *" $address "*) continue ;; esac
    own devices "$dev" || own addresses "$address" && continue
    ip address del "$address" dev "$dev" && say "address $address"
  done
}

neighbours() {
  ip -4 neighbour show nud permanent | while read -r address _ dev _ mac _; do
    own devices "$dev" || own neighbours "$address $dev $mac" && continue
    ip neighbour del "$address" dev "$dev" && say "neighbour $address"
  done
  [ -e $MADE/neighbours ] || return
  while read -r address dev mac; do
    ip -4 neighbour show dev "$dev" nud permanent | grep -q "^$address lladdr $mac " && continue
    ip neighbour replace "$address" dev "$dev" lladdr "$mac" nud permanent && say "neighbour $address"
  done < $MADE/neighbours
}

qdiscs() {
  for dev in eth0 eth1; do
    was=$(cat $MADE/qdisc.$dev 2> /dev/null)
    [ -n "$was" ] && [ "$(shaper $dev)" = "$was" ] && continue
    tc qdisc del dev $dev root 2> /dev/null && say "qdisc of $dev"
    [ -z "$was" ] || tc qdisc add dev $dev root handle $was
  done
}

routes() {
  ip -4 -o route show | while read -r dst rest; do
    dev=${rest#*dev }
    own devices "${dev%% *}" || own routes "${dst} ${rest% }" && continue
    case "$dst $rest" in
      default* | *"proto kernel"* | *"proto bgp"* | *veth*) continue ;;
      "${PODS%.*.*}".*) continue ;;
      "$EDGE via $ROUTER "*) continue ;;
      blackhole* | unreachable* | prohibit* | throw*) dst="$dst ${rest%% *}" ;;
    esac
    ip route del $dst && say "route $dst"
  done
  case $ROLE in
    router) ;;
    client) ip route replace default via "$ROUTER" ;;
    *)
      [ -n "$(ip route show "$EDGE" via "$ROUTER")" ] \
        || { ip route replace "$EDGE" via "$ROUTER" && say "route $EDGE"; } ;;
  esac
}

# All tables are read at once: each call of iptables takes 10 ms.
rules() {
  all=$(iptables-save 2> /dev/null)
  filter=$(printf "%s\n" "$all" | sed -n '/^\*filter/,/^COMMIT/p')
  printf "%s\n" "$all" | grep -E '^\*|^-A (PREROUTING|INPUT|FORWARD|OUTPUT|POSTROUTING) ' \
    | grep -v -E "KUBE-|DOCKER_|CNI-|KINDNET|! -d $PODS -j MASQUERADE" \
    | while read -r rule; do
      case $rule in '*'*) table=${rule#?} && continue ;; esac
      own rules "$rule" && continue
      eval "iptables -w -t $table -D ${rule#-A}" && say "rule $rule"
    done
  # A host may have a firewall, which is its own to open.
  { grep -s . $MADE/policies || printf '%s ACCEPT\n' INPUT FORWARD OUTPUT; } \
    | while read -r chain policy; do
      case $filter in *":$chain $policy "*) continue ;; esac
      iptables -w -P "$chain" "$policy"
    done
}

kernel() {
  keys="net.ipv4.ip_forward"
  for name in all default eth0; do
    for key in rp_filter arp_ignore arp_announce; do
      keys="$keys net.ipv4.conf.$name.$key"
    done
  done
  [ -e $MADE/kernel ] || sysctl $keys > $MADE/kernel
  sysctl $keys | diff - $MADE/kernel | sed -n 's/^> //p' | while read -r line; do
    sysctl -q -w "$(echo "$line" | tr -d ' ')" && say "$line"
  done
  # Flows are spread by ports, too, as the router's maker set it.
  [ "$ROLE" != router ] || sysctl -q -w net.ipv4.fib_multipath_hash_policy=1
}

running() { vtysh -c 'show running-config' 2> /dev/null; }

frr() {
  # A student may have written the configuration to its file.
  install -o frr -g frr -m 640 /etc/frr/lab.conf /etc/frr/frr.conf
  [ -e $MADE/frr ] && [ "$(running)" = "$(cat $MADE/frr)" ] && return
  /usr/lib/frr/frrinit.sh restart > /dev/null 2>&1
  for _ in $(seq 50); do
    running | grep -q '^router bgp' && break
    sleep 0.1
  done
  [ -e $MADE/frr ] || running > $MADE/frr
  say "configuration"
}

# A lease of anybody but the desk is forgotten, and so is one of the desk for
# another address: the server would hold it back for half a day.
leases() { awk '{ print $3, $4 }' /lab/dnsmasq.leases; }

dhcp() {
  pid=$(pgrep -r S,R -x dnsmasq) && [ "$pid" = "$(cat $MADE/dhcp 2> /dev/null)" ] \
    && cmp -s /etc/dnsmasq.lab /etc/dnsmasq.conf \
    && ! leases | grep -q -v -x "$DESK_LEASE desk" && return
  : > /run/dnsmasq.hold
  pkill -KILL -x dnsmasq
  while pgrep -x dnsmasq > /dev/null; do sleep 0.05; done
  cp /etc/dnsmasq.lab /etc/dnsmasq.conf
  touch /lab/dnsmasq.leases
  grep " $DESK_LEASE desk " /lab/dnsmasq.leases > /lab/dnsmasq.kept
  mv /lab/dnsmasq.kept /lab/dnsmasq.leases
  rm /run/dnsmasq.hold
  until pgrep -x dnsmasq > $MADE/dhcp; do sleep 0.05; done
  say "leases"
}

leased() { ip -o -4 address show label 'eth0:lease' | awk '{ print $4 }'; }

desk() {
  pgrep -f 'busybox httpd' > /dev/null || busybox httpd -h /srv/desk
  [ "$(leased)" = "$DESK_LEASE/${LAN#*/}" ] && pgrep -r S,R -f 'busybox udhcpc' > /dev/null && return
  lab-desk "$DESK_LEASE" && say "lease"
}

# A speaker whose dialling nobody answers holds its lock for 10 s, and takes no
# other configuration meanwhile; it dials again at once before it pauses.
dials() {
  for _ in $(seq 10); do
    ss -H -K -t state syn-sent dst "$LAN" 2> /dev/null | grep -q . || return
    sleep 0.2
  done
}

mkdir -p $MADE
addresses
neighbours
routes
rules
qdiscs
kernel
case $ROLE in
  router) frr ;;
  dhcp) dhcp ;;
  desk) desk ;;
  control-plane | worker*) dials ;;
esac
true
