#!/bin/bash
# Waits for the kind that create_cluster.sh started. If it fails, what explains
# it stays in create-failed.log, and its nodes are removed.
#
# Environment: FOLDER, kind's; KIND; CLUSTER_NAME, KUBECONFIG; NODES, their
# names, the control plane first.
cd "$FOLDER" || exit
while [ ! -e status ] && kill -0 "$(cat pid)" 2> /dev/null; do sleep 0.2; done
status=$(cat status 2> /dev/null)
[ "$status" != 0 ] || exit 0

# What kind, kubelet and the control plane say.
logs() {
  cat create.log
  for node in $NODES; do
    echo "== $node: kubelet"
    docker exec "$node" journalctl --unit kubelet --no-pager --lines 60
  done
  control_plane=${NODES%% *}
  echo "== $control_plane: containers"
  docker exec "$control_plane" crictl ps --all
  for component in etcd kube-apiserver; do
    echo "== $control_plane: $component"
    docker exec "$control_plane" sh -c "tail -n 40 /var/log/pods/kube-system_$component-*/*/*.log"
  done
}

# kind's and kubeadm's own errors, without the stack traces between them.
errors() {
  grep -E '^ERROR: ' create.log | tail -n 1
  grep -E '^error[: ]|^\[[a-z-]+-check\] .*not healthy' create.log | tail -n 2
}

logs > create-failed.log 2>&1
tail -n 300 create-failed.log
explained=$(errors | cut -c 1-300)
echo "${explained:-"kind ended with status ${status:-"unknown, because it was killed"}"}" >&2
echo "more in $FOLDER/create-failed.log" >&2
"$KIND" delete cluster --name "$CLUSTER_NAME" --kubeconfig "$KUBECONFIG" > /dev/null 2>&1
exit 1
