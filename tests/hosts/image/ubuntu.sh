#!/bin/sh
# Makes an Ubuntu from packages where no image can be pulled: release, name of
# the image, or "" and the folder in which it is to be left. By root, as
# debootstrap wants it.
set -e
release=$1 image=$2 folder=${3:-$PWD/system}
work=$(mktemp -d "$PWD/ubuntu.XXXXXX")
trap 'rm -rf "$work"' EXIT
# A debootstrap that is older than the release knows how to make one like it.
how=/usr/share/debootstrap/scripts/$release
[ -e "$how" ] || how=/usr/share/debootstrap/scripts/gutsy
make() { # folder, options
  where=$1
  shift
  debootstrap --variant=minbase "$@" "$release" "$where" "" "$how" > "$work/log" 2>&1 \
    || { tail -n 3 "$work/log" >&2; exit 1; }
}
# Debian has no keys of Ubuntu's: these are the ones in the release's own
# package, which never changes (22.04's, 24.04's), and nothing of it runs before
# they have been compared.
make "$work/packages" --no-check-gpg --download-only
packages=$work/packages/var/cache/apt/archives
dpkg-deb --fsys-tarfile "$packages"/ubuntu-keyring_*.deb \
  | tar -xO ./usr/share/keyrings/ubuntu-archive-keyring.gpg > "$work/keys.gpg"
sha256sum "$work/keys.gpg" | grep -q \
  -e ^1a4dd63e5c76728960a2edddae22e2e0fc53df8e8b87806deb971030ac704eb0 \
  -e ^80a36b0a6de2f69f49d2df75ef473ccde121e9e190b9ea01d20a4f63778d5c31 \
  || { echo "expected Ubuntu's keys in ubuntu-keyring, not others" >&2; exit 1; }
make "$folder" --force-check-gpg --keyring="$work/keys.gpg" --cache-dir="$packages"
# Security updates, and what the kit installs, as every Ubuntu has them.
sed -E -i 's/^(deb [^ ]+) ([^ ]+) main$/\1 \2 main universe\n\1 \2-updates main universe\n\1 \2-security main universe/' \
  "$folder/etc/apt/sources.list"
rm -rf "$folder"/var/cache/apt/archives/*.deb "$folder"/var/lib/apt/lists/*
[ -z "$image" ] || {
  tar -C "$folder" -c . | docker import - "$image"
  rm -rf "$folder"
}
