#!/bin/sh
# Makes a host a node that kubeadm can use, once its parts are there: kubelet's
# and containerd's settings, both enabled, containerd running. Typed into a
# shell of root there, after alone.sh.
#
# Environment: ADDRESS of the node on the LAN; SHARE, where the kit's parts are;
# EDGE and ROUTER, the edge network and the way there.
set -eu
alone
mkdir -p /etc/containerd /etc/kubernetes/manifests
# A host's own cgroups: kubelet asks containerd which kind it uses.
systemd=false
[ "$(stat -f -c %T /sys/fs/cgroup)" != cgroup2fs ] || systemd=true
# Where not even root may lower an OOM score, nobody tries (CAP_SYS_RESOURCE).
restrict=true
bounding=$(sed -n 's/^CapBnd:[[:space:]]*//p' /proc/self/status)
[ $((0x$bounding >> 24 & 1)) = 0 ] || restrict=false
sed -e "s/SystemdCgroup = .*/SystemdCgroup = $systemd/" \
  -e "s/restrict_oom_score_adj = .*/restrict_oom_score_adj = $restrict/" \
  -e 's#/etc/containerd/cri-base.json#/etc/containerd/base.json#' \
  "$SHARE/containerd.toml" > /etc/containerd/config.toml
# As for kind: nobody reads these figures.
cat >> /etc/containerd/config.toml << END
[plugins."io.containerd.cri.v1.runtime"]
  stats_collect_period = "1h"
  stats_retention_period = "3h"
END
# No limits but the host's own: a container must not ask for more.
ctr oci spec | jq 'del(.process.rlimits)' > /etc/containerd/base.json

echo "KUBELET_EXTRA_ARGS=--node-ip=$ADDRESS" > /etc/default/kubelet
echo overlay > /etc/modules-load.d/metallb-lab.conf
echo 'net.ipv4.ip_forward = 1' > /etc/sysctl.d/90-metallb-lab.conf
sysctl -q -p /etc/sysctl.d/90-metallb-lab.conf
# When the host starts; a lab may be about that route meanwhile.
cat > /etc/systemd/system/metallb-lab-route.service << END
[Unit]
Description=The way from a node of a MetalLB lab to the edge network
Wants=network-online.target
After=network-online.target
StartLimitIntervalSec=0

[Service]
Type=oneshot
ExecStart=/sbin/ip route replace $EDGE via $ROUTER
# A lab's own network, if one stands that has it.
ExecStartPost=-/bin/sh -c '[ ! -e /var/lib/lab-made/storage.sh ] || sh /var/lib/lab-made/storage.sh'
Restart=on-failure
RestartSec=1

[Install]
WantedBy=multi-user.target
END
systemctl daemon-reload
systemctl enable --quiet containerd kubelet metallb-lab-route
systemctl restart containerd
for _ in $(seq 100); do
  ctr version > /dev/null 2>&1 && exit 0
  sleep 0.1
done
journalctl -u containerd -n 5 --no-pager >&2
exit 1
