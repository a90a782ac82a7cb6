#!/bin/bash
# Raises the kernel's limits on watched files that are lower than three nodes
# need, each with a systemd, a kubelet and a containerd (kind's known issue "too
# many open files"). Reports those that stay too low.
#
# Environment: LIMITS, such as "max_user_instances=512"; FOLDER, where the kernel
# has them; NOTES, the folder in which `lab purge` reads the earlier values.
root=''
[ "$(id -u)" = 0 ] || root='sudo -n'
for limit in $LIMITS; do
  name=${limit%=*} least=${limit#*=}
  value=$(cat "$FOLDER/$name" 2> /dev/null) || continue
  [ "$value" -lt "$least" ] || continue
  # shellcheck disable=SC2016,SC2086 # for root's shell; no word or two
  if $root sh -c 'echo "$1" > "$2"' - "$least" "$FOLDER/$name" 2> /dev/null; then
    mkdir -p "$NOTES"
    echo "fs.inotify.$name $value $least $(cat /proc/sys/kernel/random/boot_id)" >> "$NOTES/settings"
    echo "{\"changed\": \"$name\"}"
  else
    echo "{\"low\": \"fs.inotify.$name\", \"value\": $value, \"least\": $least}"
  fi
done
