#!/bin/bash
# Removes the containers, networks and volumes of one student's lab: those with
# its label, and no others of their names.
#
# Environment: STUDENT, CLUSTER_NAME, VOLUME; FOLDER, the lab's local files.
# shellcheck disable=SC2086 # words are split on purpose
set -e
mine=label=metallb-lab.student=$STUDENT
networks=$(docker network ls --filter "$mine" --format '{{.Name}}')
# A node that never started is on them by their names only.
containers=$(lab_containers '{{.ID}}' $networks)
# The volume of an earlier version of the kit has no label.
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
