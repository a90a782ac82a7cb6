#!/bin/sh
# shellcheck disable=SC2086 # words are split on purpose
# Gives a host back as it was before a lab took it: what ran is ended, what was
# put there is taken away, what was changed has its old value. Typed into a
# shell of root there, after alone.sh and own.sh; can be interrupted and typed
# again.
#
# Environment: CLUSTER, whose host it must be.
set -u
export DEBIAN_FRONTEND=noninteractive LC_ALL=C NEEDRESTART_SUSPEND=1 NEEDRESTART_MODE=l
OWN=/var/lib/metallb-lab-kit
MADE=/var/lib/lab-made
MARK=/etc/kubernetes/metallb-lab-kit
INSIDE=/var/lib/metallb-lab-machines
MACHINE=/etc/default/metallb-lab-machine
[ ! -e $LOCK ] || alone whole
# A host without a mark is nobody's, and one of another lab stays that lab's.
[ "$(head -n 1 $MARK 2> /dev/null)" = "$CLUSTER" ] || exit 0

end_all() { # processes whose command line begins so
  pkill -KILL -f "^$1"
  for _ in $(seq 100); do
    pgrep -f "^$1" > /dev/null || break
    sleep 0.05
  done
}

node() {
  [ ! -e /usr/bin/kubelet ] || systemctl disable --quiet --now kubelet
  # Pods end at once: all that is in them goes.
  for file in /proc/[0-9]*/cgroup; do
    grep -q kubepods "$file" 2> /dev/null || continue
    pid=${file#/proc/}
    kill -KILL "${pid%/cgroup}" 2> /dev/null
  done
  [ ! -e /usr/local/bin/containerd ] || systemctl disable --quiet --now containerd
  end_all /usr/local/bin/containerd-shim
  awk '$2 ~ "^/(var/lib/kubelet|run/containerd|var/lib/containerd)(/|$)" { print $2 }' /proc/mounts \
    | sort -r | while read -r mount; do umount -l "$mount"; done
  ip netns list | awk '/^cni-/ { print $1 }' | while read -r name; do ip netns del "$name"; done
}

machine() {
  # All that it started ends with the unit, but for what a reset started anew.
  systemctl disable --quiet --now metallb-lab-machine
  case $(sed -n 's/^ROLE=//p' $MACHINE) in
    router) /usr/lib/frr/frrinit.sh stop > /dev/null 2>&1 ;;
    dhcp) end_all 'dnsmasq .*--conf-file=/etc/dnsmasq.conf' ;;
    desk)
      end_all 'busybox udhcpc .*-s /usr/local/bin/lab-lease'
      end_all 'busybox httpd -h /srv/desk'
      ip address flush dev eth0 label eth0:lease ;;
  esac
}

inside() {
  for folder in "$INSIDE"/*/; do
    [ -d "$folder" ] || continue
    role=$(basename "$folder")
    systemctl disable --quiet --now "metallb-lab-machine@$role"
    ip netns del "lab-$role"
  done
  ip netns del lab-edge
  rm -f /run/metallb-lab-machines.lock
  # `ip netns` mounts the folder of names over itself.
  [ -n "$(ls /run/netns)" ] || { umount /run/netns; rmdir /run/netns; }
}

# What is on the lab's own interfaces, and those that came with pods: where
# there were none, they are of somebody's own containers.
links() {
  for dev in /sys/class/net/*; do
    dev=${dev##*/}
    ! grep -q -x -e "$dev" $MADE/devices || continue
    case $dev in
      veth*) [ ! -e /usr/local/bin/containerd ] || ip link del "$dev" ;;
      eth1) ! ip -o link show type vxlan dev eth1 | grep -q . || ip link del eth1 ;;
    esac
  done
  ip -4 -o address show | while read -r _ dev _ address _; do
    grep -q -x -e "$dev" $MADE/devices || grep -q -x -F -e "$address" $MADE/addresses \
      || ip address del "$address" dev "$dev"
  done
}

neighbours() {
  fixed | comm -13 $MADE/neighbours - | while read -r address dev _; do
    ip neighbour del "$address" dev "$dev"
  done
  fixed | comm -23 $MADE/neighbours - | while read -r address dev mac; do
    ip neighbour replace "$address" dev "$dev" lladdr "$mac" nud permanent
  done
}

qdiscs() {
  for dev in eth0 eth1; do
    was=$(cat $MADE/qdisc.$dev)
    [ "$(shaper $dev)" != "$was" ] || continue
    tc qdisc del dev $dev root
    [ -z "$was" ] || tc qdisc add dev $dev root handle $was
  done
}

# Routes as they are given to `ip route`, without what links' states add.
clean() {
  # shellcheck disable=SC1003 # one backslash
  tr -d '\\' | sed -E 's/[[:space:]]+/ /g; s/ (linkdown|dead|offload|rt_offload|trap)\b//g
    s/ nhid [0-9]+//g; s/ $//' | sort
}
now() { ip -4 -o route show | clean; }
# What a route says but for the lab's interfaces.
beside() { echo "$1 " | sed 's/ dev eth[01] / /g'; }

# Others' interfaces had one route of the lab's, the kit's own way back, which
# is in $MADE; and lost none but a default route.
routes() {
  clean < $OWN/routes > $OWN/routes.clean
  clean < $MADE/routes > $MADE/routes.clean
  now | comm -13 $OWN/routes.clean - | while read -r route; do
    case $(beside "$route") in
      *' dev '*) grep -q -x -F -e "$route" $MADE/routes.clean || continue ;;
      *' proto kernel '* | *' proto dhcp '* | *' proto ra '*) continue ;;
    esac
    ip route del $route
  done
  # Some need others: a gateway has to be reached.
  for _ in 1 2 3 4; do
    now | comm -23 $OWN/routes.clean - | while read -r route; do
      case $(beside "$route") in default*) ;; *' dev '*) continue ;; esac
      ip route add $route
    done
  done
}

filters() {
  nft list tables | sort | comm -13 $OWN/tables - | while read -r table; do
    nft delete $table
  done
  # In tables that were there, what kube-proxy and the lab added.
  while read -r _ family name; do
    case $family in ip) restore=iptables ;; ip6) restore=ip6tables ;; *) continue ;; esac
    case $name in filter | nat | mangle | raw) ;; *) continue ;; esac
    $restore-save -t "$name" | grep -v KUBE- | $restore-restore
  done < $OWN/tables
  for table in filter nat mangle raw; do
    nft list table ip $table > /dev/null 2>&1 || continue
    iptables -w -t $table -S | grep '^-A' | while read -r rule; do
      grep -q -x -F -e "$table $rule" $OWN/rules || eval "iptables -w -t $table -D ${rule#-A}"
    done
    sed -n "s/^$table -P //p" $OWN/rules | while read -r policy; do
      iptables -w -t $table -P $policy
    done
  done
}

files() {
  cd /
  [ ! -e $OWN/files ] || xargs -d '\n' rm -f < $OWN/files
  xargs -d '\n' rm -rf < $OWN/places
  rm -f /etc/kubernetes/*.conf
  systemctl daemon-reload
  systemctl reset-failed
}

# Some packages change whose a file is before it is kept.
put_back() {
  cd /
  [ ! -e $OWN/etc.tar ] || while read -r file; do
    [ -e "$file" ] || [ -L "$file" ] || echo "$file"
  done < $OWN/etc > $OWN/gone
  { [ ! -s $OWN/gone ] || tar -x -v -f $OWN/etc.tar -T $OWN/gone
    [ ! -s $OWN/kept.tar ] || tar -x -v -f $OWN/kept.tar; } > $OWN/back
  awk 'NR == FNR { back[$0]; next }
    { path = $0; sub(/^[^ ]+ [^ ]+ [^ ]+ /, "", path); if (path in back) print }' $OWN/back $OWN/modes \
    | while read -r mode user group file; do
      chown "$user:$group" "$file"
      chmod "$mode" "$file"
    done
}

# A package that goes takes its configuration with it, whosever it was.
keep() {
  [ ! -e $OWN/etc.tar ] || return 0
  cd /
  find etc ! -type d | sort | comm -12 - $OWN/present > $OWN/etc
  # 1: a file has changed meanwhile, or cannot be read.
  (umask 077 && tar -c --ignore-failed-read -f $OWN/etc.new -T $OWN/etc) || [ $? = 1 ] || return 1
  mv $OWN/etc.new $OWN/etc.tar
}

purge() {
  apt-get purge -y -o DPkg::Lock::Timeout=300 "$@" && return
  # Those of a run that was cut off may be there by half.
  dpkg --force-confdef --force-confold --configure -a
  apt-get purge -y -o DPkg::Lock::Timeout=300 "$@" || dpkg --purge --force-remove-reinstreq "$@"
}

# Those that the lab's own runs of apt brought: others install some, too.
came() {
  # Where apt gives dpkg a terminal, lines end as a terminal's do.
  tr -d '\r' < $OWN/apt.log \
    | sed -n 's/^Selecting previously unselected package \(.*\)\.$/\1/p' \
    | sort -u | comm -23 - $OWN/packages > $OWN/came
  dpkg-query -W -f '${binary:Package}\n' | sort | comm -12 - $OWN/came
}

packages() {
  [ ! -e $OWN/apt.log ] || keep || return
  # Again, for what an apt that went on without its shell brought meanwhile.
  for _ in 1 2 3; do
    came=$([ ! -e $OWN/apt.log ] || came)
    [ -n "$came" ] || break
    purge $came > $OWN/purge.log 2>&1 < /dev/null || { tail -n 3 $OWN/purge.log >&2; return 1; }
  done
  # Whom they brought they do not always take with them.
  for user in frr dnsmasq tcpdump; do
    grep -q -x $user $OWN/users || userdel $user 2> /dev/null
  done
  # Ubuntu's tcpdump brings one for a kind of network, too.
  for group in frr frrvty dnsmasq tcpdump rdma; do
    grep -q -x $group $OWN/groups || groupdel $group 2> /dev/null
  done
  put_back
  [ ! -s $OWN/frr ] || systemctl enable --quiet --now frr
}

# Folders that are new and empty: files and packages leave some.
folders() {
  find /etc /opt /usr /srv -xdev -type d | sort | comm -13 $OWN/folders - | sort -r \
    | xargs -r -d '\n' rmdir --ignore-fail-on-non-empty
}

kernel() {
  # ip_forward comes first: with it others change.
  { grep ip_forward $OWN/sysctl; grep -v ip_forward $OWN/sysctl; } | sed 's/ = /=/' | while read -r line; do
    [ "$(sysctl -n "${line%%=*}")" = "${line#*=}" ] || sysctl -q -w "$line"
  done
}

# Cut off from here on, the host is not ready for a lab any more.
rm -f $OWN/taken
[ ! -e /usr/local/bin/containerd ] || node > /dev/null 2>&1
[ ! -e /etc/systemd/system/metallb-lab-machine.service ] || machine > /dev/null 2>&1
[ ! -e $INSIDE ] || inside > /dev/null 2>&1
if [ -e $OWN/noted ]; then
  # Rules are noted last, once there are the commands for it.
  { links; neighbours; qdiscs; routes; [ ! -e $OWN/rules ] || filters; files; } > /dev/null 2>&1
  packages || exit
  folders
  kernel
fi
# Half of the notes are worse than none.
rm -f $OWN/noted
rm -rf $MADE $OWN $MARK
rmdir --ignore-fail-on-non-empty /etc/kubernetes
echo '{"changed": "host"}'
