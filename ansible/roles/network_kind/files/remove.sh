#!/bin/bash
# Removes the containers, networks and the volume of one student's lab.
#
# Environment: STUDENT, CLUSTER_NAME, VOLUME; FOLDER, the lab's local files.
# shellcheck disable=SC2086 # words are split on purpose
set -e
mine=label=metallb-lab.student=$STUDENT
networks=$(docker network ls --filter "$mine" --format '{{.Name}}')
# kind's nodes belong to the lab if they are on one of its networks. A node that
# never started is so by the network's name only.
nodes=''
for network in $networks; do
  nodes="$nodes $(docker ps --all --quiet --filter network="$network" \
    --filter label=io.x-k8s.kind.cluster="$CLUSTER_NAME")"
done
nodes=$(printf '%s\n' $nodes | sort -u)
machines=$(docker ps --all --quiet --filter "$mine")
volumes=$(docker volume ls --quiet --filter name="^$VOLUME\$")
[ -z "$nodes$machines" ] || docker rm --force --volumes $nodes $machines
[ -z "$volumes" ] || docker volume rm --force $volumes
[ -z "$networks" ] || docker network rm $networks
rm -rf "${FOLDER:?}/kubeconfig" "$FOLDER/kubeconfig.lock" "$FOLDER/kind" "${FOLDER:?}/bin" "${FOLDER:?}/lab"
[ -z "$nodes$machines$volumes$networks" ] || echo '{"changed": "lab"}'
