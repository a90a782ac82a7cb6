#!/bin/bash
# Lists the containers of one student's lab. It is joined to other scripts.
#
# Environment: STUDENT, CLUSTER_NAME.

# lab_containers FORMAT NETWORK...: one line each. Nodes that an earlier version
# of the kit created have no label, but are on the lab's networks. Another
# owner's container may be there, too, or have such a name.
lab_containers() {
  local format=$1 network
  shift
  {
    docker ps --all --filter label="metallb-lab.student=$STUDENT" --format "$format"
    for network; do
      docker ps --all --filter network="$network" \
        --filter label=io.x-k8s.kind.cluster="$CLUSTER_NAME" --format "$format"
    done
  } | sort --unique
}
