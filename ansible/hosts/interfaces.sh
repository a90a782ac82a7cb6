#!/bin/sh
# Has a machine's interfaces go by the names and addresses of the lab's plan, from
# its next start on. For machines whose maker named them otherwise, as Vagrant's
# boxes are; cloud-init does it by itself. As root:
#
#   sh interfaces.sh eth0,02:4d:ac:12:00:02,172.18.0.2/16 [eth1,...]
#
# An interface of the machine's own that has such a name is mgmt0 from then on,
# in the settings of ifupdown, netplan and systemd-networkd, too.
set -eu
export LC_ALL=C
WANTED=/etc/metallb-lab-interfaces
NAMER=/usr/local/sbin/metallb-lab-interfaces
UNIT=/etc/systemd/system/metallb-lab-interfaces.service

form='^eth[0-9],([0-9a-f]{2}:){5}[0-9a-f]{2},([0-9]{1,3}\.){3}[0-9]{1,3}/[0-9]{1,2}$'
problems=$(printf '%s\n' "$@" | grep -v -E "$form") || true
[ $# -gt 0 ] && [ -z "$problems" ] || {
  echo "expected NAME,MAC,ADDRESS/LENGTH of each interface, not ${problems:-nothing}; MACs in small letters" >&2
  exit 2
}

macs() { # interfaces of the machine: name, MAC
  ip -o link show | sed -n 's#^[0-9]*: \([^:@]*\)[:@].* link/ether \([^ ]*\) .*#\1 \2#p'
}

rename_in_settings() { # from, to
  # What waits for the kernel to tell of a name would wait for the old one.
  for file in /etc/network/interfaces /etc/network/interfaces.d/* \
    /etc/netplan/*.yaml /etc/systemd/network/*.network; do
    [ ! -f "$file" ] || sed -i -E "s/\b$1\b/$2/g; s/^(\s*)allow-hotplug $2\b/\1auto $2/" "$file"
  done
}

printf '%s\n' "$@" | tr , ' ' > $WANTED.new
# Those that gave way before, and those that have to now.
[ ! -e $WANTED ] || grep '^mgmt' $WANTED >> $WANTED.new || true
macs | while read -r name mac; do
  grep -q "^$name " $WANTED.new || continue
  ! grep -q " $mac\b" $WANTED.new || continue
  own=mgmt$(grep -c '^mgmt' $WANTED.new || true)
  echo "$own $mac" >> $WANTED.new
  rename_in_settings "$name" "$own"
done
mv $WANTED.new $WANTED

cat > $NAMER << 'END'
#!/bin/sh
# Names the lab's interfaces by their MACs, and gives them their addresses.
export LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin
WANTED=/etc/metallb-lab-interfaces
! command -v udevadm > /dev/null || udevadm settle --timeout 30
has() { # MAC: the name of the interface that has it
  ip -o link show | sed -n "s#^[0-9]*: \([^:@]*\)[:@].* link/ether $1 .*#\1#p" | head -n 1
}
# All give their names up before any gets one: two may have to change places.
while read -r name mac _; do
  now=$(has "$mac")
  [ -n "$now" ] || { echo "no interface has $mac, which is to be $name" >&2; continue; }
  [ "$now" != "$name" ] || continue
  ip link set dev "$now" down
  ip link set dev "$now" name "lab-$name"
done < $WANTED
while read -r name mac address; do
  [ "$(has "$mac")" != "lab-$name" ] || ip link set dev "lab-$name" name "$name"
  [ -n "$address" ] || continue
  ip address replace "$address" dev "$name" && ip link set dev "$name" up
done < $WANTED
END
chmod 0755 $NAMER

cat > $UNIT << END
[Unit]
Description=The names and addresses of a MetalLB lab's interfaces
DefaultDependencies=no
After=systemd-udevd.service systemd-remount-fs.service
Before=network-pre.target
Wants=network-pre.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=$NAMER

[Install]
WantedBy=multi-user.target
END
systemctl daemon-reload
systemctl enable --quiet metallb-lab-interfaces
