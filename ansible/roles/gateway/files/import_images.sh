#!/bin/bash
# Puts both images into a node's containerd, unless they are there. The arguments
# are the command prefix that runs something on the node.
#
# Environment: ARCHIVE, the file with the images; ENGINE_NAMES, their names in it;
# NODE_NAMES, what manifests call them; MARK, a name that only images of this recipe have;
# PROXY, how Envoy Gateway calls Envoy where it is told no other.
set -eo pipefail
# shellcheck disable=SC2206 # names without spaces
names=($NODE_NAMES) local=($ENGINE_NAMES)
there=$("$@" ctr --namespace k8s.io images ls -q)
missing=
for name in "${names[@]}" "$PROXY" "$MARK"; do
  grep -q -x -F -e "$name" <<< "$there" || missing=$name
done
[ -n "$missing" ] || exit 0

# An archive may list more platforms than it has.
platform=linux/$("$@" dpkg --print-architecture)
"$@" ctr --namespace k8s.io images import --platform "$platform" - < "$ARCHIVE" > /dev/null
tag() { echo "ctr --namespace k8s.io images tag --force docker.io/$1 $2"; }
{
  for index in "${!names[@]}"; do
    tag "${local[index]}" "${names[index]}"
    case ${names[index]} in */envoy:*) tag "${local[index]}" "$PROXY" ;; esac
  done
  for name in "${local[@]}"; do
    echo "ctr --namespace k8s.io images rm docker.io/$name"
  done
  # Last, for it says that all is there.
  echo "ctr --namespace k8s.io images tag --force ${names[0]} $MARK"
} | "$@" sh -e > /dev/null
echo '{"changed": "images of Envoy Gateway"}'
