#!/bin/bash
# Deletes a cluster, and tells why.
#
# Environment: KIND; CLUSTER_NAME, KUBECONFIG; REASON, a clause without quotes.
"$KIND" delete cluster --name "$CLUSTER_NAME" --kubeconfig "$KUBECONFIG" || exit
echo "{\"changed\": \"cluster\", \"tell\": \"deleted cluster $CLUSTER_NAME, to create it again: $REASON\"}"
