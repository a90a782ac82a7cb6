#!/bin/bash
# Installs Debian's packages on this computer, as root, and notes for `lab purge`
# what came with them.
#
# Environment: PACKAGES; PLACES, folders that they create; NOTES, the folder of
# the notes.
# shellcheck disable=SC2086 # words are split on purpose
root=''
[ "$(id -u)" = 0 ] || root='sudo -n'
installed() { dpkg-query -W -f '${db:Status-Abbrev} ${binary:Package}\n' | sed -n 's/^ii *//p' | LC_ALL=C sort; }
# That of an installation that was interrupted stays.
mkdir -p "$NOTES"
[ -e "$NOTES/packages.before" ] || {
  for place in $PLACES; do [ -e "$place" ] || echo "$place"; done >> "$NOTES/places"
  installed > "$NOTES/packages.before"
}
# A new machine has no package lists yet, and often installs updates itself. An
# engine of another origin, which does not run, must not be replaced.
install="$root env DEBIAN_FRONTEND=noninteractive apt-get install -y -o DPkg::Lock::Timeout=300 --no-install-recommends --no-remove $PACKAGES"
$install || { $root apt-get update && $install; }
status=$?
installed | LC_ALL=C comm -13 "$NOTES/packages.before" - >> "$NOTES/packages"
rm "$NOTES/packages.before"
exit $status
