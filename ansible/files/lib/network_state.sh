#!/bin/sh
# shellcheck disable=SC2034,SC2086 # variables of other scripts; words are split on purpose
# Functions that remove from a node or machine what a lab, a fault or a student
# added to its network: addresses, interfaces, neighbour entries, routes, rules of
# routing and packet filters, qdiscs, settings of the kernel. Each reports what it
# changed.
# graders/state/start_state.py verifies them.
#
# Environment: ROLE; KEEP, addresses with their prefix lengths; EDGE and
# ROUTER, the edge network and the next hop to it.
set -u
MADE=/var/lib/lab-made
PODS=10.244.0.0/16 # kind's own choice

say() { printf '{"machine": "%s", "changed": "%s"}\n' "$ROLE" "$(printf '%s\n' "$*" | sed 's/[\\"]/\\&/g')"; }

# A host has interfaces, addresses, routes and rules besides the lab's, which
# prepare.sh recorded.
own() { [ -e $MADE/"$1" ] && grep -q -x -F -e "$2" $MADE/"$1"; }

addresses() {
  all=$(ip -4 -o address show)
  printf '%s\n' "$all" | while read -r _ dev _ address rest; do
    case "$dev $rest" in veth* | *:lease*) continue ;; esac
    case " 127.0.0.1/8 $KEEP " in *" $address "*) continue ;; esac
    own devices "$dev" || own addresses "$address" && continue
    ip address del "$address" dev "$dev" && say "address $address"
  done
  # Without its first address a machine has no routes either.
  for address in $KEEP; do
    case $all in *" inet $address "*) ;; *) ip address add "$address" brd + dev eth0 && say "address $address" ;; esac
    break
  done
}

# Entries that do not age. The kernel writes those of broadcasts itself.
static_neighbours() {
  ip -4 neighbour show nud all | grep -E 'PERMANENT|NOARP|extern_learn|managed' \
    | grep -v -i -E 'dev (lo|veth[^ ]*) |lladdr (01:00:5e|ff:ff:ff:ff:ff:ff|00:00:00:00:00:00)'
}

neighbours() {
  { static_neighbours; ip -4 neighbour show proxy; } | while read -r address _ dev state; do
    own devices "$dev" && continue
    case $state in proxy*) proxy=proxy ;; *) proxy='' ;; esac
    ip neighbour del $proxy "$address" dev "$dev" && say "neighbour $address"
  done
}

# The kernel's own qdiscs have no number; children go with their parent.
qdiscs() {
  tc qdisc show | while read -r _ kind handle _ dev rest; do
    case "$handle $dev" in '0: '* | *' veth'*) continue ;; esac
    own devices "$dev" && continue
    case "$kind $rest" in
      clsact* | ingress*) parent=$kind ;;
      *' root'*) parent=root ;;
      *) continue ;;
    esac
    tc qdisc del dev "$dev" "$parent" && say "qdisc of $dev"
  done
}

# Interfaces that every network has once the kernel knows their kind.
FALLBACKS='tunl0|gre0|gretap0|erspan0|sit0|ip6tnl0|ip6gre0|ip_vti0|ip6_vti0'
net() { ip -o link show | sed -E 's/^[0-9]+: ([^:@]+)[^<]*<([^>]*)> mtu ([0-9]+) .*link\/[a-z]+ ([^ ]*).*/\1 \3 \4 \2/' | grep -v -E "^(veth|$FALLBACKS )"; }

# Of interfaces that were there first, MTU and MAC; a restart changes the MAC of
# a container's. eth1 comes and goes with a lab's own network.
links() {
  first=$MADE/links.$(cut -d ' ' -f 22 /proc/1/stat)
  [ -e "$first" ] || case $ROLE in router) net ;; *) net | grep -v '^eth1 ' ;; esac > "$first"
  net | while read -r dev mtu mac flags; do
    own devices "$dev" && continue
    before=$(grep "^$dev " "$first") || {
      # Docker may be connecting a lab's own network right now, by any number.
      case $dev in eth[1-9]*) continue ;; esac
      [ -e $MADE/devices ] || { ip link del "$dev" && say "interface $dev"; }
      continue
    }
    [ "$before" = "$dev $mtu $mac $flags" ] && continue
    case ,$flags, in *,UP,*) ;; *) ip link set "$dev" up ;; esac
    case ",$flags, ,${before##* }," in *,NOARP,*' '*,NOARP,*) ;; *,NOARP,*' '*) ip link set "$dev" arp on ;; esac
    before=${before#* }
    [ "${before%% *}" = "$mtu" ] || ip link set "$dev" mtu "${before%% *}"
    before=${before#* }
    [ "${before%% *}" = "$mac" ] || ip link set "$dev" address "${before%% *}"
    say "interface $dev"
  done
}

# Those of pods are the cluster's, and a host has machines of the lab in others.
namespaces() {
  [ ! -e $MADE/devices ] || return 0
  ip netns list | cut -d ' ' -f 1 | grep -v '^cni-' | while read -r name; do
    ip netns del "$name" && say "network namespace $name"
  done
}

xdp() {
  ip -o link show | sed -n -E 's/^[0-9]+: ([^:@]+).* (prog\/)?(xdp[a-z]*)\/.*/\1 \3/p' | while read -r dev way; do
    ip link set dev "$dev" "$way" off && say "program of XDP at $dev"
  done
}

default_routes() { ip -4 -o route show default | sed -E 's/ (linkdown|dead)//g; s/ *$//'; }

# A host's own are its owner's.
defaults() {
  [ ! -e $MADE/devices ] || return 0
  [ -e $MADE/defaults ] || default_routes > $MADE/defaults
  default_routes | grep -v -x -F -f $MADE/defaults | while read -r route; do
    ip -4 route del $route && say "route $route"
  done
  while read -r route; do
    default_routes | grep -q -x -F "$route" || { ip -4 route add $route && say "route $route"; }
  done < $MADE/defaults
}

# FRR's routes have a metric of 20, and are in its own table. What a person adds
# as BGP's would be counted as such.
bgp_routes() {
  known=
  [ "$ROLE" != router ] || known=$(vtysh -c 'show ip route bgp' 2> /dev/null | sed -n 's/^B[^ ]* *\([0-9][^ ]*\) .*/\1/p')
  while read -r dst rest; do
    own routes "$dst ${rest% }" && continue
    case $dst in */*) net=$dst ;; *) net=$dst/32 ;; esac
    metric=$(echo "$rest" | sed -n 's/.* metric \([0-9]*\).*/\1/p')
    [ "$metric" = 20 ] && echo "$known" | grep -q -x -F "$net" && continue
    ip -4 route del $dst proto bgp ${metric:+metric $metric} && say "route $dst"
  done
}

routes() {
  ip nexthop show 2> /dev/null | grep -v -E 'proto (zebra|bgp|static)' | while read -r _ id rest; do
    dev=${rest#*dev }
    own devices "${dev%% *}" || { ip nexthop del id "$id" && say "next hop $id"; }
  done
  all=$(ip -4 -o route show)
  case $all in *'proto bgp'*) printf '%s\n' "$all" | grep 'proto bgp' | bgp_routes ;; esac
  printf '%s\n' "$all" | while read -r dst rest; do
    dev=${rest#*dev }
    own devices "${dev%% *}" || own routes "${dst} ${rest% }" && continue
    case "$dst $rest" in
      ' ' | default* | *"proto kernel"* | *"proto bgp"* | *veth*) continue ;;
      "${PODS%.*.*}".*) continue ;;
      "$EDGE via $ROUTER "*) continue ;;
      blackhole* | unreachable* | prohibit* | throw*) dst="$dst ${rest%% *}" ;;
    esac
    ip route del $dst && say "route $dst"
  done
}

# As `ip rule` reads them: a table of VRFs has another word there, and an
# interface that is gone has a mark.
routing_rules() { ip -4 rule show | tr '\t' ' ' | sed 's/ lookup \[l3mdev-table\]/ l3mdev/; s/ \[detached\]//'; }

# The kernel's own follow from addresses, which are the source there.
other_tables() {
  ip -4 -o route show table all | grep ' table ' \
    | grep -v -E 'veth|(broadcast|local 127.0.0.0/8) .*proto kernel|local ([0-9.]+) .*proto kernel.* src \2( |$)' \
    | sed 's/ *$//'
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
FOREIGN='KUBE-|DOCKER_|CNI-|KIND-|KINDNET'

# Chains that are not the kernel's, each after its table.
chains() {
  printf '%s\n' "$all" | sed -n -E 's/^\*(.*)/\1/p; s/^:([^ ]+) - .*/:\1/p' | grep -v -E "$FOREIGN" \
    | while read -r word; do
      case $word in :*) echo "$table ${word#:}" ;; *) table=$word ;; esac
    done
}

# The line is read as iptables-save wrote it: a shell would expand its comment.
remove_rule() { printf '*%s\n-D %s\nCOMMIT\n' "$1" "${2#-A }" | iptables-restore --wait --noflush; }

rules() {
  all=$(iptables-save 2> /dev/null)
  filter=$(printf "%s\n" "$all" | sed -n '/^\*filter/,/^COMMIT/p')
  printf "%s\n" "$all" | grep -E '^\*|^-A (PREROUTING|INPUT|FORWARD|OUTPUT|POSTROUTING) ' \
    | grep -v -E "$FOREIGN|! -d $PODS -j MASQUERADE" \
    | while read -r rule; do
      case $rule in '*'*) table=${rule#?} && continue ;; esac
      own rules "$rule" && continue
      remove_rule "$table" "$rule" && say "rule $rule"
    done
  [ -e $MADE/chains ] || chains > $MADE/chains
  # Chains that others refer to cannot be deleted.
  for option in F X; do
    chains | grep -v -x -F -f $MADE/chains | while read -r table chain; do
      iptables -w -t "$table" -$option "$chain" && [ $option = X ] && say "chain $chain"
    done
  done
  # A host may have a firewall, which only its owner opens. Without a table all is
  # accepted.
  { grep -s . $MADE/policies || printf '%s ACCEPT\n' INPUT FORWARD OUTPUT; } \
    | while read -r chain policy; do
      case $filter$policy in *":$chain $policy "* | ACCEPT) continue ;; esac
      iptables -w -P "$chain" "$policy"
    done
}

# Rules about ARP, and tables of nft that are not of iptables or the cluster.
other_filters() {
  case $(arptables-nft-save 2> /dev/null) in
    *-A* | *DROP*)
      for option in -F -X '-P INPUT ACCEPT' '-P OUTPUT ACCEPT'; do arptables-nft $option; done
      say "rules about ARP"
      ;;
  esac
  command -v nft > /dev/null || return 0
  [ -e $MADE/tables ] || nft_tables > $MADE/tables
  nft_tables | grep -v -x -F -f $MADE/tables | while read -r table; do
    nft delete $table && say "$table"
  done
}

# Those of iptables and its kin are of these families; a person's table may have
# such a name in another one.
nft_tables() { nft list tables | grep -v -E '^table (ip6?|arp|bridge) (filter|nat|mangle|raw|security)$|kube|kindnet|cni|docker'; }

# Pods' interfaces come and go, and kube-proxy sets route_localnet when it starts.
settings() { grep -r -s -H '' /proc/sys/net/ipv4 | grep -v -E '/veth|/route_localnet:'; }

# An interface that came after the record is to have the defaults: after a reboot
# it is there before they are set.
changed_settings() {
  settings | awk '
    { at = index($0, ":"); file = substr($0, 1, at - 1); value = substr($0, at + 1) }
    NR == FNR { was[file] = value; next }
    !(file in was) { split(file, part, "/"); first = "/proc/sys/net/ipv4/" part[6] "/default/" part[8]
      if (!(first in was)) next
      was[file] = was[first] }
    was[file] != value { print file ":" was[file] }
  ' $MADE/settings -
}

kernel() {
  [ -e $MADE/settings ] || settings > $MADE/settings
  changed_settings | while IFS=: read -r file before; do
    echo "$before" > "$file" && say "setting ${file#/proc/sys/}"
  done
}
