#!/bin/sh
# Functions that list what a machine or node has besides its network: files, and
# processes that outlive their shell. graders/state/start_state.py compares that,
# and restore.sh restores it.
MADE=/var/lib/lab-made
# Programs of a student's under /usr/local neither list nor restore anything.
PATH=/usr/sbin:/usr/bin:/sbin:/bin:$PATH

# A host's own files are its owner's.
places() {
  if [ -e $MADE/devices ]; then
    echo /etc/frr /etc/sysctl.d /etc/systemd/system /usr/local
  else
    echo /etc /usr/local ~root/.bashrc ~root/.profile ~root/.curlrc \
      /var/lib/kubelet/config.yaml /var/lib/kubelet/kubeadm-flags.env
  fi
}

# Lists files with their modes and contents, but for those that docker and kind write.
# shellcheck disable=SC2046 # places have no spaces
listed() {
  find $(places) -xdev \
    \( -path /etc/ssl -o -path /etc/hosts -o -path /etc/hostname -o -path /etc/resolv.conf \
    -o -path /etc/machine-id -o -path /etc/mtab -o -path /etc/.updated -o -path /etc/dnsmasq.conf -o -path /etc/dnsmasq.lab -o -path /etc/desk.request \) -prune \
    -o \( -type f -o -type l \) -printf '%m %l %p\n' -type f -size -200k -exec cksum {} + 2> /dev/null
}

# Docker, and a node's unit, write the lines of a machine's own name.
own_lines() { grep -e "[[:space:]]$(uname -n)\$" "$1"; }
other_lines() { grep -v -e "[[:space:]]$(uname -n)\$" "$1"; }
hosts_file() {
  [ -e $MADE/devices ] || { other_lines /etc/hosts; own_lines /etc/hosts > /dev/null && echo "its own name"; }
}

units_in() { find "$@" \( -name '*.service' -o -name '*.timer' -o -name '*.path' -o -name '*.socket' \) 2> /dev/null; }

# Lists units that live until the next start of a node, which systemd-run makes, and
# those that came next to the system's own after its files were recorded.
transient_units() {
  [ -e $MADE/devices ] || {
    units_in /run/systemd/transient /run/systemd/system -maxdepth 1 -type f
    units_in /usr/lib/systemd/system -maxdepth 1 -type f -newer $MADE/files.tar ! -name 'kubelet*' ! -name 'containerd*'
  } | sort
}

# The programs by which machines are looked at and restored.
TOOLS='arping awk bash busybox cat cksum cmp cp curl cut dash dhcp_release dnsmasq
  echo env find grep head ip iptables iptables-save lsns mawk mkdir mktemp mv nft
  nsenter pgrep pkill ps readlink rm sed seq sh sleep sort ss sysctl systemctl tar
  tc timeout touch tr udhcpc uniq vtysh xtables-nft-multi'

# Lists them, as they are below a folder.
# shellcheck disable=SC2046,SC2086 # names have no spaces
tools_in() {
  find "$1/usr/bin" "$1/usr/sbin" -maxdepth 1 \
    \( -false $(printf ' -o -name %s' $TOOLS) \) -printf '%m %s %l %p\n' 2> /dev/null \
    | sed "s, $1/, /,"
}

# Other programs of the system are too many to be restored one by one.
programs() {
  [ -e $MADE/devices ] || find /usr/bin /usr/sbin /usr/lib/frr /opt/cni/bin \( -type f -o -type l \) -printf '%m %s %l %p\n' | sort | cksum
}

# Lists processes of at least this age in seconds. A host has its own.
orphans() {
  [ -e $MADE/devices ] || ps -e -o ppid= -o pid= -o etimes= -o args= \
    | awk -v age="$1" '$1 == 1 && $3 >= age { pid = $2; sub(/^ *[0-9]+ +[0-9]+ +[0-9]+ +/, ""); sub(/containerd-shim.*/, "containerd-shim"); print pid, $0 }'
}
