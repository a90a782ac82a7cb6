#!/bin/sh
# Routes the edge network through the lab's router. A node that is a container
# does so again whenever it starts; a host has a unit for that already.
#
# Environment: EDGE, ROUTER; ADDRESS, the node's on the LAN.
PROGRAM=/usr/local/bin/lab-node-network
UNIT=/etc/systemd/system/metallb-lab-network.service

program() {
  cat << END
#!/bin/sh
# Gives a node that starts again the network that it had. Docker connects the
# networks of a container in any order, and kind takes the first address for the
# node's.
lan=$ADDRESS
END
  cat << 'END'
dev=$(ip -o -4 address show to "$lan" | awk '{ print $2 }')
[ -n "$dev" ] || exit 1
[ "$dev" = eth0 ] || {
  default=$(ip -4 route show default | sed "s/dev $dev/dev eth0/; s/ linkdown//")
  ip link set eth0 down && ip link set eth0 name other
  ip link set "$dev" down && ip link set "$dev" name eth0
  ip link set other name "$dev" && ip link set "$dev" up
  ip link set eth0 up
  # shellcheck disable=SC2086 # words are split on purpose
  ip -4 route replace $default
}
# Docker writes a line for each network, and the node asks the first.
name=$(hostname)
others=$(grep -v "[[:space:]]$name\$" /etc/hosts)
printf '%s\n%s\t%s\n' "$others" "$lan" "$name" > /etc/hosts
noted=$(cat /kind/old-ipv4)
[ "$noted" = "$lan" ] || {
  sed -i "s/\\b$(echo "$noted" | sed 's/\./\\./g')\\b/$lan/g" \
    $(ls -d /etc/kubernetes/manifests/*.yaml /etc/kubernetes/*.conf /kind/kubeadm.conf /var/lib/kubelet/kubeadm-flags.env 2> /dev/null)
  printf %s "$lan" > /kind/old-ipv4
  [ ! -e /etc/kubernetes/pki/apiserver.crt ] || {
    rm -f /etc/kubernetes/pki/apiserver.crt /etc/kubernetes/pki/apiserver.key
    kubeadm init phase certs apiserver --config /kind/kubeadm.conf
  }
}
END
  echo "ip route replace $EDGE via $ROUTER"
}

unit() {
  cat << END
[Unit]
Description=The network of a node of a MetalLB lab
Before=containerd.service kubelet.service

[Service]
Type=oneshot
ExecStart=$PROGRAM

[Install]
WantedBy=multi-user.target
END
}

[ ! -e /kind/old-ipv4 ] || [ "$(cat $PROGRAM $UNIT 2> /dev/null)" = "$(program; unit)" ] || {
  program > $PROGRAM && unit > $UNIT && chmod 755 $PROGRAM && systemctl enable --quiet metallb-lab-network
}
# A lab may be about another way there.
[ -z "$(ip route show "$EDGE")" ] || exit 0
ip route replace "$EDGE" via "$ROUTER" && echo '{"changed": "edge route"}'
