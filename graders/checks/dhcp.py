"""DHCP: the desk's lease, and the range that the server leases."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from functools import cached_property, partial
from ipaddress import IPv4Address
from typing import TYPE_CHECKING, Final

from graders.checks.check import expect, fail
from graders.checks.layer2 import arp_responders
from graders.checks.parallel import outputs_by_machine
from graders.plan.ip_ranges import holds
from graders.polling import until
from graders.probes.client import REQUESTS
from graders.probes.dhcp import ANY_ADDRESS, mac_of
from graders.probes.dnsmasq import dhcp_options
from graders.probes.programs import run_program

if TYPE_CHECKING:
    from collections.abc import Sequence

    from graders.checks.session import Session
    from graders.plan.plan import Plan
    from graders.probes.dhcp import Dhcp, Lease, LeaseAttempts
    from graders.providers.machine import Machine

_PAGE: Final = "label printer"
_DESK: Final = "the desk"
_SEE_LEASES: Final = "cat /lab/dnsmasq.leases on dhcp"
_SEE_RANGES: Final = ("grep", "^dhcp-", "/etc/dnsmasq.conf")
_RENEW: Final = "pkill -USR1 -f 'busybox udhcpc'"
_SHOW_LEASED: Final = (
    *("ip", "-o", "-4", "address", "show"),
    *("label", "eth0:lease"),
)
# How many new devices leave the choice to the server: against a server that
# does not answer, each waits its full time, one after the other.
_ANY_REQUESTS: Final = 2
# How many random addresses are requested inside and outside the range.
_RANDOM_INSIDE: Final = 2
_RANDOM_OUTSIDE: Final = 8
# The two reserved VIPs, and a handful of devices.
_MAX_RESERVATIONS: Final = 8
# Sockets that receive what DHCP clients send, with the processes.
_SERVERS: Final = ("ss", "-Hlnup", "sport = :67")
_SERVER: Final = '"dnsmasq"'
# The column of a socket's own end.
_LOCAL: Final = 3
_SEE_OPTIONS: Final = (
    *("grep", "-rE", "'^ *dhcp-(range|host|ignore)'"),
    "/etc/dnsmasq.conf",
)


@dataclass(frozen=True)
class Desk:
    """A device that leased its address before the cluster was created."""

    machine: Machine
    dhcp: Dhcp

    @cached_property
    def mac(self) -> str:
        """The desk's MAC on the LAN."""
        return mac_of(self.machine)

    def lease(self) -> Lease | None:
        """Return the server's lease of the desk, None without one."""
        leases = [item for item in self.dhcp.leases() if item.mac == self.mac]
        return leases[-1] if leases else None

    def held(self) -> str:
        """Return the leased address on the desk's interface, or ""."""
        text = run_program(self.machine, *_SHOW_LEASED).out
        found = re.search(r"\binet ([0-9.]+)", text)
        return found[1] if found else ""

    def leased_and_held(self) -> tuple[str, str]:
        """Return the address of the lease and the one on the interface."""
        lease = self.lease()
        return lease.address if lease else "", self.held()

    def renew(self, end: int) -> bool:
        """Renew the lease; tell whether it no longer ends at `end`.

        It ends earlier than before if the server's lease time is shorter
        now. A lease without an end (0) never needs to be renewed.
        """
        self.machine.run("sh", "-c", _RENEW)
        lease = self.lease()
        return lease is not None and (not lease.ends or lease.ends != end)


def desk_of(lab: Session) -> Desk:
    """Return the lab's desk.

    Example:
        address = expect_lease(desk_of(lab))

    """
    return Desk(lab.machine("desk"), lab.dhcp)


def expect_lease(desk: Desk) -> str:
    """Fail unless the desk has a lease and its address; return the address.

    Example:
        address = expect_lease(desk_of(lab))

    Raises:
        CheckFailed: there is no lease, or the desk has another address.
        CannotCheck: the desk or the DHCP server does not answer.

    """
    # A desk that restarts has no address for 3 s, and until it has one the
    # table shows its old lease: so both are read each time.
    leased, held = until(
        "lease",
        desk.leased_and_held,
        lambda pair: pair[0] and pair[0] == pair[1],
    )
    if not leased:
        fail(
            "expected the desk to have a lease of the DHCP server, not none",
            seen_by=_SEE_LEASES,
        )
    expect(
        "the desk to hold the address of its lease,",
        expected=leased,
        actual=held,
        seen_by=f"{' '.join(_SHOW_LEASED)} on desk",
    )
    return held


def expect_desk_answers(lab: Session, desk: Desk, address: str) -> None:
    """Fail unless only the desk answers ARP for `address`, and serves HTTP.

    Example:
        expect_desk_answers(lab, desk_of(lab), address)

    Raises:
        CheckFailed: another machine answers, or the page is not the desk's.
        CannotCheck: a machine does not answer, or a node is gone.

    """
    others = {desk.mac: _DESK}
    responders = until(
        "device",
        partial(arp_responders, lab, address, REQUESTS, others),
        lambda responders: responders.names == (_DESK,),
    )
    expect(
        f"ARP for {address} to be answered by",
        expected=_DESK,
        actual=responders.names or "none",
        ok=responders.names == (_DESK,),
        seen_by=responders.seen_by,
        evidence=responders.text,
    )
    answer = lab.lan_client.curl(address)
    expect(
        f"the answer of {address} to lan-client to be",
        expected=repr(_PAGE),
        actual=answer.text,
        ok=_PAGE in answer.body,
        seen_by=f"{answer.command} on lan-client",
    )


def expect_renewal(desk: Desk) -> None:
    """Fail unless the server renews the desk's lease.

    Example:
        expect_renewal(desk_of(lab))

    Raises:
        CheckFailed: it does not.
        CannotCheck: the desk or the DHCP server does not answer.

    """
    lease = desk.lease()
    end = lease.ends if lease else 0
    renewed = until("lease", partial(desk.renew, end), bool)
    expect(
        "the DHCP server to renew",
        expected="the desk's lease",
        actual="it within 5 s",
        ok=renewed,
        seen_by=f"{_RENEW} on desk, then {_SEE_LEASES}",
    )


def requests_inside(lab: Session) -> list[str]:
    """Return addresses of the range that a new device must get on request.

    These are the ends of the range and of its parts around the reserved
    VIPs, and some random ones; none is reserved or leased.
    """
    plan = lab.plan
    ends = (
        *(plan.dhcp_first, plan.ingress_first - 1),
        *(plan.ingress_last + 1, plan.dhcp_last),
    )
    reserved = {str(plan.ingress_first), str(plan.ingress_last)}
    unavailable = reserved | {lease.address for lease in lab.dhcp.leases()}
    numbers = range(int(plan.dhcp_first), int(plan.dhcp_last) + 1)
    rest = sorted({*map(IPv4Address, numbers)} - {*ends})
    available = [ip for ip in rest if str(ip) not in unavailable]
    some = random.sample(available, min(_RANDOM_INSIDE, len(available)))
    return [str(ip) for ip in (*ends, *some) if str(ip) not in unavailable]


def requests_outside(plan: Plan) -> list[str]:
    """Return the addresses next to the range, and random ones of the LAN."""
    first, last = plan.dhcp_first, plan.dhcp_last
    hosts = range(1, plan.lan.num_addresses - 1)
    drawn = [
        plan.lan[index] for index in random.sample(hosts, _RANDOM_OUTSIDE)
    ]
    # A server that leased from these ranges would do most harm.
    ranges = (plan.service_range, plan.node_range)
    drawn += [net[random.choice(range(1, 255))] for net in ranges]  # noqa: S311 - no secret
    outside = [ip for ip in drawn if not first <= ip <= last]
    return [str(ip) for ip in (first - 1, last + 1, *outside)]


def expect_range_leased(lab: Session) -> None:
    """Fail unless new devices get any unused address of the DHCP range.

    What is reserved for another device is not unused.

    Example:
        expect_range_leased(lab)

    Raises:
        CheckFailed: a device gets another address than it requests, or none.
        CannotCheck: the DHCP server or the LAN client does not answer.

    """
    reserved: set[str] = set()

    def request() -> LeaseAttempts:
        wishes = [ip for ip in requests_inside(lab) if ip not in reserved]
        found = lab.dhcp.request_leases(wishes)
        if found.refused:
            reserved.update(_reservations(lab))
        return found

    # The desk may just be leasing one of them; the next try requests others.
    attempts = until(
        "lease",
        request,
        lambda attempts: attempts.leases and not attempts.refused,
    )
    refused = attempts.refused
    expect(
        f"new devices that ask for addresses of {_range(lab.plan)} to be"
        " leased",
        expected="these",
        actual=[f"{ip or 'none'} for {wish}" for wish, ip in refused.items()],
        ok=bool(attempts.leases) and not refused,
        seen_by=f"dhcp-try {' '.join(refused)} on lan-client",
        evidence=lambda: lab.dhcp.server.run(*_SEE_RANGES).text,
    )


def _reservations(lab: Session) -> set[str]:
    """Return the addresses that are reserved for a few devices.

    Many reservations would make the range smaller, so they do not count.
    """
    found = {
        str(address)
        for option in dhcp_options(lab.dhcp.server)
        if option.name == "dhcp-host"
        for address in option.addresses
    }
    return found if len(found) <= _MAX_RESERVATIONS else set()


def expect_only_range_leased(lab: Session) -> None:
    """Fail if a new device gets an address outside the range, or none.

    Only devices that request no address must get one: if several requests
    are refused at a time, the server offers all of them the same address,
    which only the first can accept.

    Example:
        expect_only_range_leased(lab)

    Raises:
        CheckFailed: an address outside the range is leased, or none at all.
        CannotCheck: the DHCP server or the LAN client does not answer.

    """
    wishes = [ANY_ADDRESS] * _ANY_REQUESTS + requests_outside(lab.plan)
    attempts = until(
        "lease",
        partial(lab.dhcp.request_leases, wishes),
        lambda attempts: len(attempts.any_address) == _ANY_REQUESTS,
    )
    first, last = lab.plan.dhcp_first, lab.plan.dhcp_last
    outside = [
        address
        for address in attempts.addresses
        if not first <= IPv4Address(address) <= last
    ]
    expect(
        "new devices, whatever they ask for, to be leased",
        expected=f"addresses of {_range(lab.plan)}",
        actual=outside or "none at all",
        ok=len(attempts.any_address) == _ANY_REQUESTS and not outside,
        seen_by=f"{attempts.command} on lan-client",
        evidence=attempts.text,
    )


def expect_devices_inside(lab: Session) -> None:
    """Fail if a device has a lease outside the DHCP range.

    A reservation may be outside every range of the server, and no new device
    is leased its address.

    Example:
        expect_devices_inside(lab)

    Raises:
        CheckFailed: a device has such a lease.
        CannotCheck: the DHCP server or the LAN client does not answer.

    """
    beyond = [
        lease
        for lease in lab.dhcp.devices()
        if not holds([_range(lab.plan)], lease.address)
    ]
    expect(
        "the leases of all devices to be",
        expected=f"addresses of {_range(lab.plan)}",
        actual=[f"{lease.address} of {lease.host}" for lease in beyond],
        ok=not beyond,
        seen_by=_SEE_LEASES,
    )


def expect_only_range_configured(lab: Session) -> None:
    """Fail if the DHCP server's configuration has other addresses to lease.

    A server with several ranges leases from the second one when the first one
    is full, or to devices with a tag: no request of a new device shows that.

    Example:
        expect_only_range_configured(lab)

    Raises:
        CheckFailed: a range, a reservation or a rule for some devices is not
            as planned.
        CannotCheck: the DHCP server does not answer.

    """
    options = dhcp_options(lab.dhcp.server)
    beyond = [
        option
        for option in options
        if not all(
            holds([_range(lab.plan)], str(address))
            for address in option.addresses
        )
    ]
    expect(
        "the DHCP server's ranges and reservations to have",
        expected=f"addresses of {_range(lab.plan)}",
        actual=[*map(str, beyond)],
        ok=not beyond,
        seen_by=f"{' '.join(_SEE_OPTIONS)} on dhcp",
    )
    selective = [str(item) for item in options if item.is_selective]
    expect(
        "the DHCP server to have rules for",
        expected="all devices alike",
        actual=selective,
        ok=not selective,
        seen_by=f"{' '.join(_SEE_OPTIONS)} on dhcp",
    )


def expect_one_server(lab: Session) -> None:
    """Fail if another process on the LAN serves DHCP.

    Devices take the first offer that they get.

    Example:
        expect_one_server(lab)

    Raises:
        CheckFailed: another machine or process waits for DHCP requests.
        CannotCheck: a machine does not answer.

    """
    machines = {**lab.plan.nodes, **lab.plan.machines}
    on_lan = {role: item.lan for role, item in machines.items() if item.lan}
    outputs = outputs_by_machine(lab, on_lan, *_SERVERS)
    sockets = [
        (role, line.partition("users:")[2])
        for role, text in outputs.items()
        for line in text.splitlines()
        if _serves(line, str(on_lan[role]))
    ]
    if own := next((it for it in sockets if _may_be_dnsmasq(*it)), None):
        sockets.remove(own)
    servers = [
        f"{role} ({process or 'another process'})" for role, process in sockets
    ]
    expect(
        "DHCP requests on the LAN to be served by",
        expected="dnsmasq on dhcp",
        actual=servers,
        ok=not servers,
        seen_by=f"ss -lnup 'sport = :67' on"
        f" {servers[0].split()[0] if servers else 'dhcp'}",
    )


def _may_be_dnsmasq(role: str, process: str) -> bool:
    """Tell whether a socket may be that of the lab's DHCP server.

    In a container, root may not see whose socket it is.
    """
    return role == "dhcp" and (not process or _SERVER in process)


def _serves(line: str, own: str) -> bool:
    """Tell whether a socket, a line of `ss`, receives requests of the LAN."""
    words = line.split()
    local = words[3].rpartition(":")[0] if len(words) > _LOCAL else ""
    address, _, dev = local.partition("%")
    return address in {"0.0.0.0", "*", "[::]", own} and dev in {"", "eth0"}  # noqa: S104 - an address to compare with


def expect_ranges_not_leased(
    lab: Session, ranges: Sequence[str], wishes: Sequence[str]
) -> None:
    """Fail if a device has a lease of `ranges`, or a new one gets any.

    The new devices request the addresses `wishes`. The positive control is
    `expect_only_range_leased`: a device that requests none gets one.

    Example:
        expect_ranges_not_leased(lab, ["192.0.2.8/29"], ["192.0.2.9"])

    Raises:
        CheckFailed: such an address is leased.
        CannotCheck: the DHCP server or the LAN client does not answer.

    """
    attempts = lab.dhcp.request_leases(wishes)
    leased = sorted({ip for ip in attempts.addresses if holds(ranges, ip)})
    expect(
        f"{len(wishes)} new devices that ask for addresses of pools to get",
        expected="none of these",
        actual=leased,
        ok=bool(attempts.leases) and not leased,
        seen_by=f"dhcp-try {' '.join(leased[:3])} on lan-client",
        evidence=lambda: lab.dhcp.server.run(*_SEE_RANGES).text,
    )
    expect_devices_outside(lab, ranges)


def expect_devices_outside(lab: Session, ranges: Sequence[str]) -> None:
    """Fail if a device has a lease of `ranges`.

    Example:
        expect_devices_outside(lab, lab.cluster.ranges())

    Raises:
        CheckFailed: a device has such a lease.
        CannotCheck: the DHCP server or the LAN client does not answer.

    """
    devices = [
        lease for lease in lab.dhcp.devices() if holds(ranges, lease.address)
    ]
    expect(
        "the DHCP server's leases to be outside every pool,",
        expected="all of them",
        actual=[f"{lease.address} of {lease.host}" for lease in devices],
        ok=not devices,
        seen_by=_SEE_LEASES,
    )


def _range(plan: Plan) -> str:
    return f"{plan.dhcp_first}-{plan.dhcp_last}"
