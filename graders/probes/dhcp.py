"""The site's DHCP server: its table of leases, and requests for new ones."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from graders.probes.programs import run_program

if TYPE_CHECKING:
    from collections.abc import Sequence

    from graders.providers.machine import Machine

ANY_ADDRESS: Final = "any"
_TABLE: Final = "/lab/dnsmasq.leases"
# dnsmasq's fields: end, MAC, address, host name, client id.
_BYTE: Final = "(?:25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])"
_ADDRESS: Final = rf"{_BYTE}(?:\.{_BYTE}){{3}}"
_LEASE: Final = re.compile(rf"([0-9]{{1,15}}) (\S+) ({_ADDRESS}) (\S+) \S+")
_ATTEMPT: Final = re.compile(
    rf"(?<!\S)(?P<wish>\S+): (?:leased (?P<address>{_ADDRESS}) to"
    r"|no lease for) client (?P<id>\w+)"
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
    """Requests of new clients: for each, its wish and its lease or ""."""

    command: str
    leases: tuple[tuple[str, str], ...]
    text: str

    @property
    def addresses(self) -> list[str]:
        """The addresses that were leased."""
        return [address for _, address in self.leases if address]

    @property
    def any_address(self) -> list[str]:
        """The addresses leased to clients that requested ANY_ADDRESS."""
        return [
            address
            for wish, address in self.leases
            if wish == ANY_ADDRESS and address
        ]

    @property
    def refused(self) -> dict[str, str]:
        """What was leased instead, or "", by the address requested."""
        return {
            wish: address for wish, address in self.leases if address != wish
        }


@dataclass(frozen=True)
class Dhcp:
    """The DHCP server, and a machine of its LAN that requests leases."""

    server: Machine
    requester: Machine

    def leases(self) -> list[Lease]:
        """Return the server's table of leases.

        Raises:
            CannotCheck: the server's machine does not answer.

        """
        lines = self.server.run("cat", _TABLE).out.splitlines()
        rows = filter(None, map(_LEASE.fullmatch, lines))
        return [
            Lease(row[2].lower(), row[3], row[4], int(row[1])) for row in rows
        ]

    def devices(self) -> list[Lease]:
        """Return the leases of devices: all but those of `dhcp-try`.

        A student who types `dhcp-try` on the requester leaves an unused lease
        for two minutes. It has the requester's MAC, which has no other lease.

        Raises:
            CannotCheck: a machine does not answer.

        """
        mac = mac_of(self.requester)
        return [lease for lease in self.leases() if lease.mac != mac]

    def request_leases(self, wishes: Sequence[str]) -> LeaseAttempts:
        """Request each of `wishes` as another new client, in parallel.

        ANY_ADDRESS leaves the choice to the server. The leases are released.

        Raises:
            CannotCheck: a machine does not answer.

        """
        result = run_program(self.requester, "dhcp-try", *wishes)
        rows = [match.groupdict() for match in _ATTEMPT.finditer(result.out)]
        self._release(
            {row["id"]: row["address"] for row in rows if row["address"]}
        )
        leases = tuple((row["wish"], row["address"] or "") for row in rows)
        return LeaseAttempts(result.command, leases, result.text)

    def _release(self, addresses: dict[str, str]) -> None:
        """Release leases by client id, with dnsmasq's own command."""
        mac = mac_of(self.requester)
        script = (
            'for one; do dhcp_release eth0 "${one%/*}" "$0" "${one#*/}"; done'
        )
        ends = [
            f"{address}/{':'.join(re.findall('..', client))}"
            for client, address in addresses.items()
        ]
        if ends:
            self.server.run("sh", "-c", script, mac, *ends)


def mac_of(machine: Machine, dev: str = "eth0") -> str:
    """Return the MAC of a machine's interface.

    Raises:
        CannotCheck: the machine does not answer.

    """
    path = f"/sys/class/net/{dev}/address"
    return machine.run("cat", path).out.strip().lower()
