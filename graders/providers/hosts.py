"""Hosts of a lab as they are now: which answer, and whose they are.

All are asked at once, by one command each over the connection that is kept;
what would stop a lab there is preflight's to say.
"""

from __future__ import annotations

from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from graders.errors import CannotCheck, printable
from graders.providers.machine import machine_of

if TYPE_CHECKING:
    from graders.plan.plan import Plan

# An interface that was given another MAC still knows its own.
MARK: Final = "/etc/kubernetes/metallb-lab-kit"
_LOOK: Final = f"""
echo "mark=$(head -n 1 {MARK} 2> /dev/null)"
echo "mac=$(cat /sys/class/net/eth0/address)"
echo "mac=$(ip link show eth0 | sed -n 's/.*permaddr \\([^ ]*\\).*/\\1/p')"
ip -o -4 address show | awk '{{ print "address=" $2 " " $4 }}'
"""
_SECONDS: Final = 10.0


@dataclass(frozen=True)
class HostStatus:
    """What a host says: whose it is, its MAC, addresses by interface."""

    mark: str
    mac: str
    addresses: dict[str, frozenset[str]]


def query_hosts(plan: Plan) -> dict[str, HostStatus | CannotCheck]:
    """Return, by role, what each host says, or why it says nothing.

    Raises:
        UsageError: the inventory is not as it should be.

    """
    roles = [*plan.nodes, *plan.machines]
    with ThreadPoolExecutor(len(roles)) as pool:
        answers = pool.map(lambda role: _ask(plan, role), roles)
        return dict(zip(roles, answers, strict=True))


def belongs_to(plan: Plan, role: str, seen: HostStatus | CannotCheck) -> bool:
    """Tell whether a host answers, is marked, and has its addresses."""
    return (
        isinstance(seen, HostStatus)
        and seen.mark == plan.cluster
        and all(
            address in seen.addresses.get(interface, ())
            for interface, address in plan.interfaces(role).items()
        )
    )


def describe(plan: Plan, role: str, seen: HostStatus | CannotCheck) -> str:
    """Return in a few words how it is with a host."""
    if isinstance(seen, CannotCheck):
        return seen.problems[0].rpartition(f"look from {role}: ")[2]
    if not seen.mark:
        return "answers; no lab of the kit's is there"
    if seen.mark != plan.cluster:
        return f"answers; lab {seen.mark} is there"
    if not belongs_to(plan, role, seen):
        return "answers; not at the addresses of the plan"
    return "running"


def all_ready(plan: Plan) -> bool:
    """Tell it of all hosts; False, rather than an error, for silent ones."""
    return all(
        belongs_to(plan, role, seen)
        for role, seen in query_hosts(plan).items()
    )


def macs_of_nodes(plan: Plan) -> dict[str, str]:
    """Return each node's MAC on the LAN, by MAC.

    Raises:
        CannotCheck: a node does not answer.

    """
    macs = {}
    for role, seen in query_hosts(plan).items():
        if role not in plan.nodes:
            continue
        if isinstance(seen, CannotCheck):
            raise seen
        macs[seen.mac] = plan.nodes[role].name
    return macs


def _ask(plan: Plan, role: str) -> HostStatus | CannotCheck:
    try:
        done = machine_of(plan, role).run("sh", "-c", _LOOK, seconds=_SECONDS)
    except CannotCheck as error:
        return error
    said: dict[str, str] = {"mark": "", "mac": ""}
    addresses = defaultdict(set)
    for line in done.out.splitlines():
        key, _, value = line.partition("=")
        if key == "address":
            interface, _, address = value.partition(" ")
            addresses[interface].add(address)
        elif value:
            said[key] = printable(value.strip())
    return HostStatus(
        said["mark"],
        said["mac"].lower(),
        {name: frozenset(found) for name, found in addresses.items()},
    )
