#!/bin/sh
# shellcheck disable=SC2086 # words are split on purpose
# Brings one node or machine back to the state in which it was created. Run in a
# shell there, after network_state.sh and contents.sh. Reports what it changed.
#
# Environment: that of network_state.sh; LAN; DESK_LEASE, the address that the
# desk leases; OWN_PROGRAMS, empty if they are a host's; FRR_CONF of the router,
# in base64.
: "${KEEP:?}"

way_to_edge() {
  case $ROLE in
    router) ;;
    client) ip route replace default via "$ROUTER" ;;
    *)
      [ -n "$(ip route show "$EDGE" via "$ROUTER")" ] \
        || { ip route replace "$EDGE" via "$ROUTER" && say "route $EDGE"; } ;;
  esac
}

# They are copied first, because what would restore them may be missing itself.
# shellcheck disable=SC2046 # names have no spaces
tools() (
  [ -n "${OWN_PROGRAMS-}" ] || return 0
  copies=$MADE/tools
  cd / || return # cp looks for parents here
  [ -e "$copies" ] || {
    rm -rf "$copies.new"
    mkdir -p "$copies.new" \
      && cp -a --parents $(tools_in '' | sed 's,.* /,/,') "$copies.new" \
      && mv "$copies.new" "$copies"
    return 0
  }
  PATH=$copies/usr/bin:$copies/usr/sbin:$PATH
  # Of three lists, what is alone in the first is missing or changed.
  for file in $({ tools_in "$copies"; tools_in ''; tools_in ''; } | sort | uniq -u | sed 's,.* /,/,'); do
    rm -rf "$file"
    cp -a "$copies$file" "$file" && say "program $file"
  done
)

# The router's configuration is restored with its daemons.
files() {
  listed | grep -v ' /etc/frr/frr.conf' > $MADE/files.now
  [ -e $MADE/files ] || {
    mv $MADE/files.now $MADE/files
    sed 's,.* /,/,' $MADE/files | sort -u | tar -c -f $MADE/files.tar -T - 2> /dev/null
    return 0
  }
  cmp -s $MADE/files $MADE/files.now && return
  changed=$(sort $MADE/files $MADE/files.now | uniq -u | sed 's,.* /,/,' | sort -u)
  for file in $changed; do
    rm -f "$file"
    tar -x -f $MADE/files.tar -C / "${file#/}" 2> /dev/null
    say "file $file"
  done
  # Units of others than the kubelet do not concern it.
  case $ROLE$changed in
    control-plane*kube* | worker*kube*) systemctl daemon-reload && systemctl restart kubelet ;;
    control-plane*/systemd/* | worker*/systemd/*) systemctl daemon-reload ;;
  esac
}

hosts() {
  [ -e $MADE/devices ] && return
  [ -e $MADE/hosts ] || cp /etc/hosts $MADE/hosts
  [ "$(other_lines $MADE/hosts)" = "$(other_lines /etc/hosts)" ] && own_lines /etc/hosts > /dev/null \
    && return
  { other_lines $MADE/hosts; own_lines /etc/hosts || own_lines $MADE/hosts; } > $MADE/hosts.now
  # Docker has mounted the file, so that no other one can take its place.
  cat $MADE/hosts.now > /etc/hosts
  say "file /etc/hosts"
}

processes() {
  [ -e $MADE/processes ] || { orphans 0 | cut -d ' ' -f 2- > $MADE/processes; }
  orphans 2 | while read -r pid args; do
    grep -q -x -F -e "$args" $MADE/processes || { kill -KILL "$pid" && say "process $args"; }
  done
}

running() { vtysh -c 'show running-config' 2> /dev/null; }

frr() {
  # A student may have written the configuration to its file. It comes with each
  # reset, because a copy of it here would be the solution.
  echo "${FRR_CONF:?}" | base64 -d > /etc/frr/frr.conf
  chown frr:frr /etc/frr/frr.conf
  chmod 640 /etc/frr/frr.conf
  rm -f /etc/frr/frr.conf.sav
  # Its daemons' options count from their start.
  options=$(pgrep -a -x bgpd)
  [ -e $MADE/frr.sum ] && [ "$(running | cksum)" = "$(cat $MADE/frr.sum)" ] && [ "${options#* }" = "$(cat $MADE/bgpd 2> /dev/null)" ] && return
  /usr/lib/frr/frrinit.sh restart > /dev/null 2>&1
  for _ in $(seq 50); do
    running | grep -q '^router bgp' && break
    sleep 0.1
  done
  [ -e $MADE/frr.sum ] || running | cksum > $MADE/frr.sum
  [ -e $MADE/bgpd ] || pgrep -a -x bgpd | cut -d ' ' -f 2- > $MADE/bgpd
  say "configuration"
}

# A lease of anybody but the desk is forgotten, and so is one of the desk for
# another address: the server would hold it back for half a day.
leases() { awk '{ print $3, $4 }' /lab/dnsmasq.leases 2> /dev/null; }

dhcp() {
  # The template may have been edited, too. Hosts lack its variables.
  [ -z "${DHCP_FIRST-}" ] \
    || { lab-dhcp-config > $MADE/dnsmasq.lab && cp $MADE/dnsmasq.lab /etc/dnsmasq.lab; }
  pid=$(pgrep -r S,R -x dnsmasq) && [ "$pid" = "$(cat $MADE/dhcp 2> /dev/null)" ] \
    && [ -e /lab/dnsmasq.leases ] && cmp -s /etc/dnsmasq.lab /etc/dnsmasq.conf \
    && ! leases | grep -q -v -x "$DESK_LEASE desk" && return
  : > /run/dnsmasq.hold
  pkill -KILL -x dnsmasq
  # One that nobody waits for stays as a zombie.
  for _ in $(seq 100); do
    pgrep -r D,R,S,T -x dnsmasq > /dev/null || break
    sleep 0.05
  done
  cp /etc/dnsmasq.lab /etc/dnsmasq.conf
  mkdir -p /lab
  touch /lab/dnsmasq.leases
  grep " $DESK_LEASE desk " /lab/dnsmasq.leases > /lab/dnsmasq.kept
  mv /lab/dnsmasq.kept /lab/dnsmasq.leases
  rm /run/dnsmasq.hold
  for _ in $(seq 200); do
    pgrep -r R,S -x dnsmasq > $MADE/dhcp && break
    sleep 0.05
  done
  say "leases"
}

leased() { ip -o -4 address show label 'eth0:lease' | awk '{ print $4 }'; }

desk() {
  [ "$(cat /srv/desk/index.html 2> /dev/null)" = "label printer" ] \
    || { mkdir -p /srv/desk && echo "label printer" > /srv/desk/index.html && say "page"; }
  pgrep -f 'busybox httpd' > /dev/null || busybox httpd -h /srv/desk
  # A server that lost its leases learns of this one.
  [ "$(leased)" = "$DESK_LEASE/${LAN#*/}" ] && pgrep -r S,R -f 'busybox udhcpc' > /dev/null \
    && pkill -USR1 -f 'busybox udhcpc' && return
  lab-desk "$DESK_LEASE" && say "lease"
}

# A node that lacks one of them is not seen as lost for 40 s.
services() {
  [ -e $MADE/units ] || transient_units > $MADE/units
  transient_units | grep -v -x -F -f $MADE/units | while read -r unit; do
    systemctl stop "${unit##*/}"
    rm -f "$unit"
    say "unit ${unit##*/}"
  done
  for unit in containerd kubelet; do
    systemctl --quiet is-active $unit || { systemctl start $unit && say "service $unit"; }
  done
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
tools
files
hosts
namespaces
xdp
links
addresses
neighbours
routes
way_to_edge
defaults
policy_routing
rules
other_filters
qdiscs
kernel
case $ROLE in
  router)
    # Flows are spread by ports, too, as when the router was created.
    sysctl -q -w net.ipv4.fib_multipath_hash_policy=1
    frr
    ;;
  dhcp) dhcp ;;
  desk) desk ;;
  control-plane | worker*)
    services
    dials
    ;;
esac
processes
true
