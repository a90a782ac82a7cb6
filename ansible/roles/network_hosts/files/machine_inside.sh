#!/bin/sh
# Takes away machine $1 of those inside this host: the files of it that come on
# standard input are to be the only ones. What its leases and the lab's state
# are stays. Typed into a shell of root there.
set -eu
HERE=/var/lib/metallb-lab-machines/$1
systemctl daemon-reload
systemctl stop "metallb-lab-machine@$1" 2> /dev/null || true
rm -rf "$HERE/files" "$HERE/scratch" "$HERE/pid" "$HERE/lab/made"
mkdir -p "$HERE/lab" "$HERE/files"
