#!/bin/sh
# Notes which files are going to be put onto a host, and keeps those that were
# there when it was taken. Run by a shell of root there, with the names on its
# standard input, each without its leading slash.
set -eu
export LC_ALL=C
OWN=/var/lib/metallb-lab-kit
cd /
# shellcheck disable=SC2046 # one file or none
sort -u - $([ ! -e $OWN/files ] || echo $OWN/files) > $OWN/files.new
[ -e $OWN/kept.tar ] || {
  comm -12 $OWN/files.new $OWN/present | tar -c -f $OWN/kept.new -T -
  mv $OWN/kept.new $OWN/kept.tar
}
mv $OWN/files.new $OWN/files
