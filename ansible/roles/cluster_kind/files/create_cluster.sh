#!/bin/bash
# Starts kind in the background: machines are created at the same time, and
# waiting for a file takes no processor time. KIND is the wrapper, which writes
# the exit status. The nodes of a failed cluster stay until await_cluster.sh has
# read their logs.
#
# Environment: FOLDER, kind's; KIND; CLUSTER_NAME, KUBECONFIG; PYTHON.
cd "$FOLDER" || exit
rm -f status
# macOS has no command that starts a session.
nohup "$PYTHON" -c 'import os, sys; os.setsid(); os.execvp(sys.argv[1], sys.argv[1:])' \
  "$KIND" create cluster --name "$CLUSTER_NAME" --kubeconfig "$KUBECONFIG" --retain \
  > create.log 2>&1 < /dev/null &
echo $! > pid
