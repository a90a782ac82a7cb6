#!/bin/bash
# Puts a node's files onto a host and starts containerd there. The arguments
# are the command prefix that runs something on the host.
#
# Environment: ARCHIVE, the files; MARK, the file that says that they are there;
# WRITTEN, what is written there besides; LIB and NODE, the scripts; and what
# node.sh takes.
set -eo pipefail
"$@" test -e "$MARK" && exit
# shellcheck disable=SC2086 # names without spaces
{ cat "$ARCHIVE.list" && printf '%s\n' $WRITTEN; } \
  | "$@" tee -a /var/lib/metallb-lab-kit/files > /dev/null # for cleanup.sh
"$@" tar -x -C / < "$ARCHIVE"
cat "$LIB/alone.sh" "$NODE" \
  | "$@" env ADDRESS="$ADDRESS" SHARE="$SHARE" EDGE="$EDGE" ROUTER="$ROUTER" sh -s
"$@" touch "$MARK"
echo '{"changed": "node files"}'
