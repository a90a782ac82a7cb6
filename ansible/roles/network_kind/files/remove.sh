#!/bin/bash
# Removes the containers, networks and volumes of one student's lab: those with
# its label, and no others of their names.
#
# Environment: STUDENT, CLUSTER_NAME, VOLUME; FOLDER, the lab's local files.
# shellcheck disable=SC2086 # words are split on purpose
set -e
mine=label=metallb-lab.student=$STUDENT
networks=$(docker network ls --filter "$mine" --format '{{.Name}}')
# Nodes that an earlier version of the kit created have no label, but are on the
# lab's networks. One that never started is so by the network's name only.
containers=$({
  docker ps --all --quiet --filter "$mine"
  for network in $networks; do
    docker ps --all --quiet --filter network="$network" \
      --filter label=io.x-k8s.kind.cluster="$CLUSTER_NAME"
  done
} | sort -u)
# The volume of such a lab has no label, either.
volumes=$({
  docker volume ls --quiet --filter "$mine"
  [ -z "$containers" ] || docker inspect --format '{{range .Mounts}}{{println .Name}}{{end}}' $containers \
    | grep -x -F "$VOLUME"
} | sort -u)
[ -z "$containers" ] || docker rm --force --volumes $containers
[ -z "$volumes" ] || docker volume rm --force $volumes
[ -z "$networks" ] || docker network rm $networks
rm -rf "${FOLDER:?}"/kubeconfig* "$FOLDER/kind" "${FOLDER:?}/bin" "${FOLDER:?}/lab"
[ -z "$containers$volumes$networks" ] || echo '{"changed": "lab"}'
