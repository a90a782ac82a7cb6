#!/bin/sh
# Routes the edge network through the lab's router.
#
# Environment: EDGE, ROUTER.
[ -z "$(ip route show "$EDGE" via "$ROUTER")" ] || exit 0
ip route replace "$EDGE" via "$ROUTER" && echo '{"changed": "edge route"}'
