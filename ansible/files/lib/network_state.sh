#!/bin/sh
# shellcheck disable=SC2034,SC2086 # variables of other scripts; words are split on purpose
# Functions that remove from a node or machine what a lab, a fault or a student
# added to its network: addresses, neighbour entries, routes, rules of routing and
# of iptables, qdiscs, settings of the kernel. Each reports what it changed.
# graders/state/start_state.py verifies them.
#
# Environment: ROLE; KEEP, addresses with their prefix lengths; EDGE and
# ROUTER, the edge network and the next hop to it.
set -u
MADE=/var/lib/lab-made
PODS=10.244.0.0/16 # kind's own choice

say() { printf '{"machine": "%s", "changed": "%s"}\n' "$ROLE" "$(echo "$*" | sed 's/[\\"]/\\&/g')"; }

# A host has interfaces, addresses, routes and rules besides the lab's, which
# prepare.sh recorded.
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
  ip -4 neighbour show nud permanent | while read -r address _ dev _; do
    own devices "$dev" && continue
    ip neighbour del "$address" dev "$dev" && say "neighbour $address"
  done
}

qdiscs() {
  for dev in eth0 eth1; do
    for parent in root clsact ingress; do
      tc qdisc del dev $dev $parent 2> /dev/null && say "qdisc of $dev"
    done
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
}

routing_rules() { ip -4 rule show | tr '\t' ' '; }

other_tables() {
  ip -4 -o route show table all | grep ' table ' | grep -v -E 'proto (kernel|bgp)|veth' | sed 's/ *$//'
}

# Rules that choose a routing table, and routes of all tables but the main one.
policy_routing() {
  [ -e $MADE/routing_rules ] || { routing_rules > $MADE/routing_rules && other_tables > $MADE/other_tables; }
  routing_rules | grep -v -x -F -f $MADE/routing_rules | while read -r preference rule; do
    ip -4 rule del preference "${preference%:}" $rule && say "routing rule $rule"
  done
  while read -r preference rule; do
    routing_rules | grep -q -x -F "$preference $rule" && continue
    ip -4 rule add preference "${preference%:}" $rule && say "routing rule $rule"
  done < $MADE/routing_rules
  other_tables | grep -v -x -F -f $MADE/other_tables | while read -r route; do
    ip -4 route del $route && say "route $route"
  done
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
  # A host may have a firewall, which only its owner opens. Without a table all is
  # accepted.
  { grep -s . $MADE/policies || printf '%s ACCEPT\n' INPUT FORWARD OUTPUT; } \
    | while read -r chain policy; do
      case $filter$policy in *":$chain $policy "* | ACCEPT) continue ;; esac
      iptables -w -P "$chain" "$policy"
    done
}

kernel() {
  keys="net.ipv4.ip_forward net.ipv4.fib_multipath_hash_policy"
  for name in all default eth0; do
    for key in rp_filter arp_ignore arp_announce; do
      keys="$keys net.ipv4.conf.$name.$key"
    done
  done
  [ -e $MADE/kernel ] || sysctl $keys > $MADE/kernel
  sysctl $keys | diff - $MADE/kernel | sed -n 's/^> //p' | while read -r line; do
    sysctl -q -w "$(echo "$line" | tr -d ' ')" && say "$line"
  done
}
