#!/bin/bash
# Starts kind in the background, with its exit status in a file: machines are
# created at the same time, and waiting for a file takes no processor time.
#
# Environment: FOLDER, kind's; KIND; CLUSTER_NAME, KUBECONFIG; PYTHON.
cd "$FOLDER" || exit
rm -f status
# macOS has no command that starts a session.
# shellcheck disable=SC2016 # for the shell in the background
nohup "$PYTHON" -c 'import os, sys; os.setsid(); os.execvp(sys.argv[1], sys.argv[1:])' \
  sh -c '"$0" create cluster --name "$1" --kubeconfig "$2" > create.log 2>&1; echo $? > status' \
  "$KIND" "$CLUSTER_NAME" "$KUBECONFIG" > /dev/null 2>&1 < /dev/null &
echo $! > pid
