#!/bin/sh
# Lets the next start create a machine again. Of its leases, only the desk's
# stay.
#
# Environment: ROLE; INSIDE, the folder of the machines inside this host, if it
# has all of them.
state=${INSIDE:+$INSIDE/$ROLE}/lab
[ -n "$INSIDE" ] || rm -f /etc/dnsmasq.conf /etc/desk.request
rm -f "$state/made"
[ ! -e "$state/dnsmasq.leases" ] || sed -i '/ desk /!d' "$state/dnsmasq.leases"
echo '{"changed": "machine"}'
