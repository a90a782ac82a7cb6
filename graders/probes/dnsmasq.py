"""The configuration that the DHCP server, dnsmasq, runs with."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from graders.providers.machine import Machine

# The options of dnsmasq's command line and of all files that it includes, as
# lines of a configuration file. Files that include each other end at some
# depth. The kit's own rule on the command line is left out: it refuses leases
# to what is not the lab's (lab-machine).
_SHOW: Final = r"""
# Of a folder, some endings may be left out, or be the only ones (*.conf).
reads() { # file, endings
  case ${1##*/} in *~ | .* | '#'*'#') return 1 ;; esac
  some=
  set -f
  for end in $(echo "${2-}" | tr ',' ' '); do
    case $end in
      '*'*) some=1; case $1 in *"${end#?}") set +f; return 0 ;; esac ;;
      *) case $1 in *"$end") set +f; return 1 ;; esac ;;
    esac
  done
  set +f
  [ -z "$some" ]
}
ethers() {
  tr '\t' ' ' < /etc/ethers \
    | sed -n -E 's/^ *([0-9A-Fa-f:.-]{11,}) +([^ #]+).*/dhcp-host=\1,\2/p'
}
values() { sed -n "s/^ *$1 *= *\([^, ]*\).*/\1/p" "$2"; }
show() {
  [ -f "$1" ] && [ "$2" -lt 5 ] || return 0
  cat "$1"; echo
  for f in $(values conf-file "$1"); do show "$f" $(($2 + 1)); done
  sed -n "s/ *#.*//; s/^ *conf-dir *= *//p" "$1" \
    | while IFS=, read -r d ends; do
      for f in "$d"/*; do ! reads "$f" "$ends" || show "$f" $(($2 + 1)); done
    done
  ! grep -q '^ *read-ethers' "$1" || ethers
  for d in $(values dhcp-hostsfile "$1") $(values dhcp-hostsdir "$1"); do
    for f in "$d" "$d"/*; do
      [ ! -f "$f" ] || ! reads "$f" || sed '/^ *#/d; s/^/dhcp-host=/' "$f"
    done
  done
}
arguments=$(mktemp)
for pid in $(pgrep -x dnsmasq); do
  tr '\0' '\n' < "/proc/$pid/cmdline" | sed -e '/^-[CFGJ7]$/{N;s/\n//}'
done | sed -n -e '/^--dhcp-ignore=tag:!metallb-lab$/d' \
  -e 's/^--//p' -e 's/^-C/conf-file=/p' -e 's/^-F/dhcp-range=/p' \
  -e 's/^-G/dhcp-host=/p' -e 's/^-J/dhcp-ignore=/p' -e 's/^-7/conf-dir=/p' \
  > "$arguments"
{ show "$arguments" 0; show /etc/dnsmasq.conf 0; } | head -c 1000000
rm "$arguments"
"""
_COMMENT: Final = re.compile(r"(^|\s)#.*")
# Of dhcp-range: it leases no address by itself.
_NO_LEASES: Final = frozenset({"static", "proxy"})


@dataclass(frozen=True)
class DhcpOption:
    """An option about leases, and the addresses that it names."""

    name: str
    fields: tuple[str, ...]

    def __str__(self) -> str:
        """Return the option as a line of the configuration."""
        return f"{self.name}={','.join(self.fields)}"

    @property
    def addresses(self) -> list[IPv4Address]:
        """The first and last address that devices may get by it."""
        named = [*filter(None, map(_address, self.fields))]
        if self.name == "dhcp-host":
            return named
        return [] if _NO_LEASES & {*self.fields} else named[:2]

    @property
    def is_selective(self) -> bool:
        """Some devices are refused a lease that others get."""
        return (
            self.name == "dhcp-ignore"
            or "ignore" in self.fields
            or (
                self.name == "dhcp-range"
                and any(field.startswith("tag:") for field in self.fields)
            )
        )


def dhcp_options(machine: Machine) -> list[DhcpOption]:
    """Return the options about leases that dnsmasq runs, or would start, with.

    Raises:
        CannotCheck: the machine does not answer.

    """
    return [*dict.fromkeys(_parse(machine.run("sh", "-c", _SHOW).out))]


def _parse(output: str) -> Iterator[DhcpOption]:
    for line in output.splitlines():
        # Quotes are for what has commas.
        text = _COMMENT.sub("", line).replace('"', "")
        name, _, value = text.partition("=")
        if name.strip() in {"dhcp-range", "dhcp-host", "dhcp-ignore"}:
            fields = tuple(field.strip() for field in value.split(","))
            yield DhcpOption(name.strip(), fields)


def _address(field: str) -> IPv4Address | None:
    try:
        return IPv4Address(field)
    except AddressValueError:
        return None
