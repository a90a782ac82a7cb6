#!/bin/bash
# Writes the kubeconfig of a cluster that kind is creating as soon as its
# control plane has one, unless kind is done first.
#
# Environment: FOLDER, kind's; KIND; CLUSTER_NAME, KUBECONFIG.
for _ in $(seq 150); do
  [ ! -e "$FOLDER/status" ] || exit 0
  "$KIND" export kubeconfig --name "$CLUSTER_NAME" --kubeconfig "$KUBECONFIG" 2> /dev/null && exit
  sleep 0.2
done
