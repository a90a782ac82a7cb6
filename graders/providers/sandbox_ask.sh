#!/bin/bash
# Runs a command on a machine or node of the lab: on router ip route
# In a sandbox there is no engine, so the kit runs it from outside. Under the name
# of a command of the kit, it runs that.
place=${0##*/}
input=-
if [ "$place" = on ]; then
  place=$1
  if [ $# -lt 2 ]; then
    echo "on: expected a machine and a command: on router ip route" >&2
    exit 2
  fi
  shift
else
  # On a terminal the kit's commands take its place until they end.
  window=
  if [ -t 0 ] && [ -t 1 ]; then window=${LAB_WINDOW-}; fi
  set -- "$window" "$@"
  input=/dev/null
fi
case $place in
*[!a-z0-9-]*)
  echo "on: no machine is called $place" >&2
  exit 2
  ;;
esac
answer=$(mktemp) || exit
trap 'rm -f "$answer"' EXIT
# A command in the background must not read the terminal.
[ ! -t 0 ] || input=/dev/null
curl --silent --show-error --fail --unix-socket /kit/on.sock \
  --header "Arguments: $(printf '%s\0' "$@" | base64 --wrap=0)" \
  --header Expect: --data-binary "@$input" --output "$answer" \
  "http://on/$place" || exit 3
read -r status size < "$answer"
tail --lines=+2 "$answer" | head --bytes="$size"
tail --lines=+2 "$answer" | tail --bytes="+$((size + 1))" >&2
exit "$status"
