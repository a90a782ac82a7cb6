#!/bin/bash
# Writes the cluster's entries into the kubeconfig, and leaves others in it.
#
# Environment: KIND; CLUSTER_NAME, KUBECONFIG.
"$KIND" export kubeconfig --name "$CLUSTER_NAME" --kubeconfig "$KUBECONFIG" || exit
echo '{"changed": "kubeconfig", "tell": "the kubeconfig did not lead to the cluster, and was written again"}'
