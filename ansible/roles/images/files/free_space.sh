#!/bin/sh
# Fail if one of the folders, which need not exist yet, is on a disk with less
# free space than this: GiB, folders. Names the first one.
need=$1
shift
for folder; do
  there=$folder
  until [ -e "$there" ]; do there=$(dirname "$there"); done
  free=$(df -Pk "$there" | awk 'NR == 2 { print $4 }')
  if [ "$free" -lt $((need * 1048576)) ]; then
    echo "$folder has $((free / 1048576)) of $need GiB free"
    exit 1
  fi
done
