#!/bin/bash
# Starts nodes that are stopped, and lets paused ones go on. A node takes the
# first of its addresses for its own when it starts, and docker has no order of
# networks: it starts on the LAN alone.
#
# Environment: LAN; STOPPED and RUNNING, the nodes' names.
set -e
start() {
  others=$(docker container inspect --format \
    '{{ range $net, $end := .NetworkSettings.Networks }}{{ $net }} {{ with $end.IPAMConfig }}{{ .IPv4Address }}{{ end }}{{ println }}{{ end }}' \
    "$1" | grep -v -e "^$LAN " -e '^$' || true)
  echo "$others" | while read -r net _; do
    [ -z "$net" ] || docker network disconnect --force "$net" "$1"
  done
  docker start "$1"
  echo "$others" | while read -r net ip; do
    [ -z "$net" ] || docker network connect ${ip:+--ip "$ip"} "$net" "$1"
  done
  echo '{"changed": "node"}'
}
address() { docker container inspect --format "{{ (index .NetworkSettings.Networks \"$LAN\").IPAddress }}" "$1"; }
for name in $STOPPED; do
  state=$(docker container inspect --format '{{ .State.Status }}' "$name")
  if [ "$state" = paused ]; then
    docker unpause "$name"
    echo '{"changed": "node"}'
  else
    start "$name"
  fi
done
for name in $RUNNING; do
  noted=$(docker exec "$name" sh -c 'systemctl start --no-block containerd kubelet; cat /kind/old-ipv4' 2> /dev/null) || continue
  [ "$noted" = "$(address "$name")" ] || { docker stop --time 2 "$name" && start "$name"; }
done
