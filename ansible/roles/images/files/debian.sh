#!/bin/sh
# Make a Debian image from packages: release, image name. Leaves the exit
# status in debian.status, for what waits.
finish() { echo $? > debian.status.new; mv debian.status.new debian.status; }
trap finish EXIT
set -e
docker image inspect "$2" > /dev/null 2>&1 && exit 0
rm -rf debian
debootstrap --variant=minbase "$1" debian
(
  cd debian
  rm -rf var/cache/apt/archives/*.deb var/lib/apt/lists/* \
    usr/share/doc/* usr/share/man/* usr/share/locale/* var/log/*
  tar -c . | docker import - "$2"
)
rm -rf debian
