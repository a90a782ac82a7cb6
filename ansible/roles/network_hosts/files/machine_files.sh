#!/bin/bash
# Functions for the scripts that create machines on hosts. Their arguments are
# the command prefix that runs something on the host.
#
# Environment: APPLIANCE, the files of the appliance image; FILES and LIB, the
# scripts; MACHINE_ENVIRONMENT, what lab-machine takes; FRR_CONF.
set -u
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit

programs() { # further files: what the appliance image has besides packages
  mkdir -p usr/local/bin
  cp "$APPLIANCE"/usr/local/bin/* "$@" usr/local/bin/
  chmod 0755 usr/local/bin/*
}

settings() { # role
  mkdir -p etc/sysctl.d
  cp "$FILES/90-metallb-lab.conf" etc/sysctl.d/
  [ "$1" = router ] || return 0
  echo net.ipv4.conf.eth1.rp_filter = 0 >> etc/sysctl.d/90-metallb-lab.conf
  mkdir etc/frr
  printf '%s\n' "$FRR_CONF" > etc/frr/frr.conf
}

checksum() { sha256sum | cut -c1-8; }

files() { find . -type f | sed 's,^\./,,' | LC_ALL=C sort; }

# Records for cleanup.sh the names of files, which come on stdin.
claim() { "$@" tee -a /var/lib/metallb-lab-kit/files > /dev/null; }

send() { # folder there, command prefix
  local folder=$1
  shift
  # shellcheck disable=SC2046 # names without spaces
  tar -c --owner 0 --group 0 $(files) | "$@" tar -x --no-overwrite-dir -C "$folder"
}
