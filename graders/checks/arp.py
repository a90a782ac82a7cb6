"""Who answers ARP for a VIP, and speakers that have not met.

Those of several nodes that come at once, soon after the ones before them have
left, may hold each other for gone: a third speaker tells one of them that the
other's node has left, which was so a moment ago, and nobody tells the other,
who would object (memberlist keeps for 30 s who has left, and merges it into
what newcomers know). They look for lost ones once a minute (MetalLB,
internal/speakerlist): until then each of them announces, and two answer.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, TypeVar

from graders.checks.check import expect, fail
from graders.checks.services import outputs_by_machine
from graders.polling import until

if TYPE_CHECKING:
    from collections.abc import Callable

    from graders.checks.session import Session

T = TypeVar("T")


def expect_one_node(lab: Session, vip: str, count: int = 2) -> str:
    """Fail unless one MAC answers ARP for `vip`; return whose: a node's."""
    arp = until_converged(
        "arp",
        lambda: lab.lan_client.arping(vip, count),
        lambda arp: len(arp.macs) == 1,
        partial(speakers_diverged, lab, vip),
    )
    seen = f"{arp.command} on lan-client"
    if not arp.macs:
        fail(
            f"expected one answer to ARP for {vip}, not none",
            seen_by=seen,
            evidence=arp.text,
        )
    names = [lab.node_macs.get(mac, f"{mac}, no node") for mac in arp.macs]
    expect(
        f"ARP for {vip} to be answered by",
        expected="one node",
        actual=names,
        ok=len(arp.macs) == 1 and arp.macs[0] in lab.node_macs,
        seen_by=seen,
        evidence=arp.text,
    )
    return names[0]


def expect_not_on_interface(lab: Session, vip: str) -> None:
    """Fail if a node has `vip` on an interface, where somebody put it."""
    look = _carried(vip)
    found = outputs_by_machine(lab, lab.plan.nodes, *look)
    expect(
        f"{vip} to be on the interfaces of",
        expected="no node",
        actual=list(found),
        ok=not found,
        seen_by=f"{' '.join(look)} on {next(iter(found), 'a node')}",
        evidence="\n".join(found.values()),
    )


def until_converged(
    wait: str,
    probe: Callable[[], T],
    ok: Callable[[T], object],
    apart: Callable[[], bool],
) -> T:
    """Do as `until`, and wait for speakers to meet where they are `apart`."""
    value = until(wait, probe, ok)
    return value if ok(value) or not apart() else until("parted", probe, ok)


def speakers_diverged(lab: Session, vip: str) -> bool:
    """Tell whether speakers of several nodes answer for `vip`.

    What they say in their status is nothing to go by, for each replaces what
    the other has said. But who else answers is no node, or has the VIP on an
    interface.
    """
    macs = {*lab.lan_client.arping(vip).macs}
    if len(macs) <= 1 or macs - lab.node_macs.keys():
        return False
    return not outputs_by_machine(lab, lab.plan.nodes, *_carried(vip))


def _carried(vip: str) -> tuple[str, ...]:
    """Return the command that shows which interface has `vip`."""
    return ("ip", "-o", "-4", "address", "show", "to", vip)
