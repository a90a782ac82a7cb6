"""The desk: a device that leased its address before the cluster came."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, Final

from graders.checks.check import expect, fail
from graders.polling import until
from graders.probes.client import REQUESTS
from graders.probes.dhcp import mac_of

if TYPE_CHECKING:
    from graders.checks.session import Session
    from graders.probes.dhcp import Dhcp, Lease
    from graders.providers.machine import Machine

TEXT: Final = "label printer"
SEE_LEASES: Final = "cat /lab/dnsmasq.leases on dhcp"
_RENEW: Final = "pkill -USR1 -f 'busybox udhcpc'"
_HELD: Final = ("ip", "-o", "-4", "address", "show", "label", "eth0:lease")


@dataclass(frozen=True)
class Desk:
    """The device and the server that it leases from."""

    machine: Machine
    dhcp: Dhcp

    @cached_property
    def mac(self) -> str:
        """The desk's MAC on the LAN."""
        return mac_of(self.machine)

    def lease(self) -> Lease | None:
        """Return the server's lease of the desk, None without one."""
        found = [one for one in self.dhcp.leases() if one.mac == self.mac]
        return found[-1] if found else None

    def held(self) -> str:
        """Return the address that the desk itself holds by DHCP, or ""."""
        words = self.machine.run(*_HELD).out.split()
        return words[3].partition("/")[0] if "inet" in words else ""

    def both(self) -> tuple[str, str]:
        """Return the address of its lease and the one it holds, or ""."""
        lease = self.lease()
        return lease.address if lease else "", self.held()

    def renew(self, before: int) -> bool:
        """Have it renew; say whether its lease now ends otherwise.

        It ends earlier than `before` where the server leases for a shorter
        time than it did; one without end, 0, never needs to be renewed.
        """
        self.machine.run("sh", "-c", _RENEW)
        lease = self.lease()
        return lease is not None and (not lease.ends or lease.ends != before)


def desk_of(lab: Session) -> Desk:
    """Return the lab's desk."""
    return Desk(lab.machine("desk"), lab.dhcp)


def expect_lease(desk: Desk) -> str:
    """Return the address that the desk holds; fail without a lease."""
    # Told to ask anew it holds none for 3 s, and the table has its lease of
    # before until it takes another: so both are looked at each time.
    leased, held = until(
        "lease", desk.both, lambda both: both[0] and both[0] == both[1]
    )
    if not leased:
        fail(
            "expected the desk to have a lease of the DHCP server, not none",
            seen_by=SEE_LEASES,
        )
    expect(
        "the desk to hold the address of its lease,",
        expected=leased,
        actual=held,
        seen_by=f"{' '.join(_HELD)} on desk",
    )
    return held


def expect_device_answers(lab: Session, desk: Desk, address: str) -> None:
    """Fail unless the desk alone answers for `address`, and serves there."""
    mac = desk.mac
    arp = until(
        "device",
        partial(lab.lan_client.arping, address, REQUESTS),
        lambda arp: arp.macs == (mac,),
    )
    names = {**lab.node_macs, mac: "the desk"}
    expect(
        f"ARP for {address} to be answered by",
        expected="the desk",
        actual=[names.get(found, found) for found in arp.macs] or "nobody",
        ok=arp.macs == (mac,),
        seen_by=f"{arp.command} on lan-client",
        evidence=arp.text,
    )
    answer = lab.lan_client.curl(address)
    expect(
        f"the answer of {address} to lan-client to be",
        expected=repr(TEXT),
        actual=answer.text,
        ok=TEXT in answer.body,
        seen_by=f"{answer.command} on lan-client",
    )


def expect_renewal(desk: Desk) -> None:
    """Fail unless the server renews the desk's lease when it asks."""
    lease = desk.lease()
    before = lease.ends if lease else 0
    renewed = until("lease", partial(desk.renew, before), bool)
    expect(
        "the DHCP server to renew",
        expected="the desk's lease",
        actual="it within 5 s",
        ok=renewed,
        seen_by=f"{_RENEW} on desk, then {SEE_LEASES}",
    )
