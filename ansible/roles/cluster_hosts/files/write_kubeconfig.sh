#!/bin/bash
# Writes the kubeconfig of this computer. The arguments are the command prefix
# that runs something on the control plane.
#
# Environment: FILE; KUBECTL; CLUSTER_NAME, CONTEXT, SERVER, which it names.
set -e
# It is a secret at any moment, also in what an interruption leaves.
umask 077
"$@" cat /etc/kubernetes/admin.conf > "$FILE.new"
config() { "$KUBECTL" --kubeconfig "$FILE.new" config "$@" > /dev/null; }
config rename-context "kubernetes-admin@$CLUSTER_NAME" "$CONTEXT"
config set-cluster "$CLUSTER_NAME" --server "$SERVER"
mv "$FILE.new" "$FILE"
