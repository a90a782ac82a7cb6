"""What the site's DHCP server leases, and to whom."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from graders.providers.machine import Machine

ANY: Final = "any"
_TABLE: Final = "/lab/dnsmasq.leases"
# dnsmasq's own order: end, MAC, address, host name, client id.
_FIELDS: Final = 5
_TRIED: Final = re.compile(
    r"(?P<wish>\S+): (?:leased (?P<got>\S+) to|no lease for)"
    r" client (?P<id>\w+)"
)


@dataclass(frozen=True)
class Lease:
    """A line of the server's table; `ends` is in seconds since 1970."""

    mac: str
    address: str
    host: str
    ends: int


@dataclass(frozen=True)
class LeaseAttempts:
    """What new clients were given: for each, its wish and its lease or ""."""

    command: str
    given: tuple[tuple[str, str], ...]
    text: str

    @property
    def leased(self) -> list[str]:
        """The addresses that were leased to somebody."""
        return [address for _, address in self.given if address]


@dataclass(frozen=True)
class Dhcp:
    """The DHCP server, and a machine of its segment that can ask it."""

    server: Machine
    asker: Machine

    def leases(self) -> list[Lease]:
        """Return the server's table of leases.

        Raises:
            CannotCheck: the server's machine is not there.

        """
        lines = self.server.run("cat", _TABLE).out.splitlines()
        rows = [line.split() for line in lines]
        return [
            Lease(row[1].lower(), row[2], row[3], int(row[0]))
            for row in rows
            if len(row) == _FIELDS and row[0].isdigit()
        ]

    def devices(self) -> list[Lease]:
        """Return the leases of devices: all but those of `dhcp-try`.

        Whoever types that on the asker has a lease for two minutes which
        nothing uses; it is by the asker's MAC, and the asker leases nothing
        else.

        Raises:
            CannotCheck: a machine is not there.

        """
        mac = mac_of(self.asker)
        return [one for one in self.leases() if one.mac != mac]

    def tries(self, wishes: Sequence[str]) -> LeaseAttempts:
        """Ask for each of `wishes` as another new client, all at once.

        ANY leaves the choice to the server. The leases are given back.

        Raises:
            CannotCheck: a machine is not there.

        """
        done = self.asker.run("dhcp-try", *wishes)
        found = [found.groupdict() for found in _TRIED.finditer(done.out)]
        self._give_back({one["id"]: one["got"] for one in found if one["got"]})
        given = tuple((one["wish"], one["got"] or "") for one in found)
        return LeaseAttempts(done.command, given, done.text)

    def _give_back(self, leased: dict[str, str]) -> None:
        """Release leases by client id; the server is told on the spot."""
        mac = mac_of(self.asker)
        script = (
            'for one; do dhcp_release eth0 "${one%/*}" "$0" "${one#*/}"; done'
        )
        ends = [
            f"{address}/{':'.join(re.findall('..', client))}"
            for client, address in leased.items()
        ]
        if ends:
            self.server.run("sh", "-c", script, mac, *ends)


def mac_of(machine: Machine, dev: str = "eth0") -> str:
    """Return the MAC of a machine's interface.

    Raises:
        CannotCheck: the machine is not there.

    """
    path = f"/sys/class/net/{dev}/address"
    return machine.run("cat", path).out.strip().lower()
