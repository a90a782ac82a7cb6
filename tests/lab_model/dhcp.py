"""The site's DHCP server and the desk that leases from it."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import IPv4Address
from itertools import count
from typing import TYPE_CHECKING

from graders.probes.dhcp import ANY_ADDRESS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from graders.plan.plan import Plan

_END = 1_800_000_000


@dataclass
class DhcpServer:
    """It leases `ranges` but what is reserved or leased.

    `leases` are addresses by MAC. With `refuses_any` who asks for no address
    gets none; `silent` is a dhcp-try that says nothing.
    """

    plan: Plan
    running: bool = True
    renews: bool = True
    refuses_any: bool = False
    silent: bool = False
    ranges: list[tuple[IPv4Address, IPv4Address]] = field(default_factory=list)
    reserved: set[str] = field(default_factory=set)
    leases: dict[str, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    # More lines of its configuration, which change no answer.
    options: list[str] = field(default_factory=list)
    renewed: int = 0
    _ids: Iterator[int] = field(default_factory=lambda: count(1))

    def table(self) -> str:
        """Return the table of leases as dnsmasq writes it."""
        return "".join(
            f"{_END + self.renewed} {mac} {address}"
            f" {self.names.get(mac, '*')} 01:02\n"
            for mac, address in self.leases.items()
        )

    def config(self) -> str:
        """Return what the grader reads of the configuration."""
        ranges = [f"dhcp-range={low},{high},12h" for low, high in self.ranges]
        hosts = [f"dhcp-host=id:{at},{at}" for at in sorted(self.reserved)]
        return "\n".join(["port=0", *ranges, *hosts, *self.options])

    def renew(self, mac: str) -> None:
        """Renew the lease of `mac`, if the server does."""
        if self.running and self.renews and mac in self.leases:
            self.renewed += 1

    def tries(self, wishes: tuple[str, ...]) -> str:
        """Answer as dhcp-try prints it; what was leased is given back."""
        taken: set[str] = set()
        lines = []
        for wish in wishes:
            number = f"01{next(self._ids):012x}"
            got = self._lease(wish, taken)
            taken.add(got)
            lines.append(
                f"{wish}: leased {got} to client {number}"
                if got
                else f"{wish}: no lease for client {number}"
            )
        return "" if self.silent else "\n".join(lines)

    def _lease(self, wish: str, taken: set[str]) -> str:
        if not self.running or (wish == ANY_ADDRESS and self.refuses_any):
            return ""
        busy = taken | self.reserved | {*self.leases.values()}
        if wish not in busy and self._has(wish):
            return wish
        first, last = self.ranges[0]
        middle = (int(first) + int(last)) // 2
        offers = map(str, map(IPv4Address, range(middle, int(last) + 1)))
        return next((one for one in offers if one not in busy), "")

    def _has(self, wish: str) -> bool:
        """Tell whether an address is in a range; `any` is in none."""
        return wish != ANY_ADDRESS and any(
            first <= IPv4Address(wish) <= last for first, last in self.ranges
        )


def of_the_site(plan: Plan, desk: str) -> DhcpServer:
    """Return the server as the site has it; `desk` is the desk's MAC."""
    return DhcpServer(
        plan,
        ranges=[(plan.dhcp_first, plan.dhcp_last)],
        reserved={str(plan.ingress_first), str(plan.ingress_last)},
        leases={desk: str(plan.desk_lease)},
        names={desk: "desk"},
    )
