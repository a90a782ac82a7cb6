#!/bin/bash
# Creates a machine of the lab as a container, in place of one that is stopped
# or of an older image: nothing that it has is lost. A container of another owner
# keeps its name, and docker says so.
#
# Environment: ROLE, NAME; NETWORK, ADDRESS; IMAGE, LABELS, LIMITS;
# MACHINE_ENVIRONMENT; STUDENT; VOLUME of the DHCP server; EDGE_NETWORK,
# EDGE_ADDRESS, FRR_CONF of the router.
# shellcheck disable=SC2086 # words are split on purpose
set -e
# Files go into the machine with the modes that they have here.
umask 022
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
printf '%s\n' "ROLE=$ROLE" "$MACHINE_ENVIRONMENT" > "$work/environment"
# Otherwise docker sets the proxies of its client's configuration, by which no
# client reaches a VIP. In a file of variables it does not look for them.
proxies=$(printf -- '--env %s= ' http_proxy https_proxy ftp_proxy all_proxy no_proxy \
  HTTP_PROXY HTTPS_PROXY FTP_PROXY ALL_PROXY NO_PROXY)
# FRR looks into network namespaces, and refuses to start without the capability;
# the router's settings of the kernel are files that students write.
options=''
case $ROLE in
  router) options="--cap-add SYS_ADMIN --security-opt systempaths=unconfined" ;;
  dhcp)
    docker volume create $LABELS "$VOLUME" > /dev/null
    options="--volume $VOLUME:/lab"
    ;;
esac
old=$(docker ps --all --quiet --filter name="^$NAME\$" --filter label="metallb-lab.student=$STUDENT")
[ -z "$old" ] || docker rm --force $old > /dev/null
docker create --name "$NAME" --hostname "$ROLE" --network "$NETWORK" --ip "$ADDRESS" \
  --restart unless-stopped $LIMITS $LABELS --label "metallb-lab.role=$ROLE" \
  --cap-add NET_ADMIN --cap-add NET_RAW --security-opt no-new-privileges \
  --sysctl net.ipv4.ip_forward=1 --sysctl net.ipv4.fib_multipath_hash_policy=1 \
  --sysctl net.ipv4.conf.all.rp_filter=0 --sysctl net.ipv4.conf.default.rp_filter=0 \
  --env-file "$work/environment" $proxies $options "$IMAGE" lab-machine > /dev/null
if [ "$ROLE" = router ]; then
  docker network connect --ip "$EDGE_ADDRESS" "$EDGE_NETWORK" "$NAME"
  printf '%s\n' "$FRR_CONF" > "$work/frr.conf"
  docker cp "$work/frr.conf" "$NAME:/etc/frr/frr.conf" > /dev/null
fi
docker start "$NAME" > /dev/null
echo '{"changed": "machine"}'
