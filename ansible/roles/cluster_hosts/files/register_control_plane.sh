#!/bin/sh
# Has the control plane register with its API server again.
#
# Environment: NAME, the node's; SHARE, where kubeadm's configuration is.
set -e
kubectl="kubectl --kubeconfig /etc/kubernetes/admin.conf"
# With another pods' network, other nodes would have no routes to its pods.
cidr=$(sed -n 's/.*"subnet": *"\([^"]*\)".*/\1/p' /etc/cni/net.d/*.conflist | head -n 1)
[ -z "$cidr" ] || $kubectl create -f - > /dev/null << END || true
{"kind": "Node", "apiVersion": "v1", "metadata": {"name": "$NAME"}, "spec": {"podCIDR": "$cidr", "podCIDRs": ["$cidr"]}}
END
systemctl restart kubelet
tries=60
until $kubectl get node "$NAME" > /dev/null 2>&1; do
  tries=$((tries - 1))
  [ $tries -gt 0 ] || { echo "node $NAME does not register; see journalctl -u kubelet" >&2; exit 1; }
  sleep 1
done
# Its labels and taint are kubeadm's, not the kubelet's.
kubeadm init phase mark-control-plane --config "$SHARE/kubeadm.yml" > /dev/null < /dev/null
echo "{\"changed\": \"node\", \"tell\": \"node $NAME was not registered with the cluster, and is again\"}"
