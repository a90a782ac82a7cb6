#!/bin/sh
# Make a Debian image from packages: release, image name. With a folder of
# Dockerfiles, then make what other images take from it, while Go compiles.
# Leaves the exit status in debian.status, for the task that waits.
finish() { echo $? > debian.status.new; mv debian.status.new debian.status; }
trap finish EXIT
set -e
release=$1 image=$2 docker_files=${3:-}
keys=/usr/share/keyrings/debian-archive-keyring.gpg

unpack() {
  rm -rf debian
  debootstrap --force-check-gpg --keyring="$keys" --variant=minbase "$release" debian
  (
    cd debian
    rm -rf var/cache/apt/archives/*.deb var/lib/apt/lists/* \
      usr/share/doc/* usr/share/man/* usr/share/locale/* var/log/*
    tar -c . | docker import - "$image"
  )
  rm -rf debian
}

# Fills the engine's cache of layers: the tasks that build these images find
# their packages installed.
install() {
  DOCKER_BUILDKIT=0 docker build --quiet --network=host \
    --build-arg="BASE=$image" "$@"
}

docker image inspect "$image" > /dev/null 2>&1 || unpack
[ -n "$docker_files" ] || exit 0
install --target=system "$docker_files/node"
install --target=full "$docker_files/tools"
install "$docker_files/appliance"
