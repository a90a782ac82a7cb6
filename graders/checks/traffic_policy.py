"""Where the traffic of lab 4's VIPs goes: by ARP, and by the router's routes.

With `externalTrafficPolicy: Local` both must follow the pod.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from graders.checks.check import expect
from graders.polling import until

if TYPE_CHECKING:
    from collections.abc import Iterable

    from graders.checks.session import Session


def arp_responders(lab: Session, vip: str) -> list[str]:
    """Return who answers ARP for `vip`: nodes by name, others by MAC.

    It is asked twice, or one that is slower would never be heard.
    """
    arp = lab.lan_client.arping(vip)
    return [lab.node_macs.get(mac, f"{mac}, no node") for mac in arp.macs]


def arping_command(vip: str) -> str:
    """Return the command that shows who answers ARP for `vip`."""
    return f"arping -b -c 2 -w 2 -I eth0 {vip} on lan-client"


def expect_arp_from(lab: Session, vip: str, name: str) -> None:
    """Fail unless node `name`, and nobody else, answers ARP for `vip`."""
    names = until("arp", partial(arp_responders, lab, vip), [name].__eq__)
    expect(
        f"ARP for {vip}, whose pod is on {name}, to be answered by",
        expected=name,
        actual=names or "nobody",
        ok=names == [name],
        seen_by=arping_command(vip),
    )


def addresses(lab: Session, names: Iterable[str]) -> set[str]:
    """Return the LAN addresses of nodes, given their names."""
    wanted = set(names)
    nodes = lab.plan.nodes.values()
    return {str(node.lan) for node in nodes if node.name in wanted}


def next_hops(lab: Session, vip: str) -> set[str]:
    """Return the next hops that the router uses for `vip`."""
    route = lab.router.fib(vip)
    if route is None:
        return set()
    if route.protocol != "bgp":
        by = route.protocol or "by hand"
        return {f"{hop} ({by})" for hop in route.next_hops}
    return set(route.next_hops)


def expect_hop(lab: Session, vip: str, name: str) -> None:
    """Fail unless the router sends traffic for `vip` to node `name` alone."""
    wanted = addresses(lab, [name])
    found = until("route", partial(next_hops, lab, vip), wanted.__eq__)
    expect(
        f"the next hops of a VIP whose pod is on {name} to be",
        expected=wanted,
        actual=found or "none",
        seen_by="vtysh -c 'show ip route bgp' on router",
        evidence=lambda: lab.router.vtysh("show ip route bgp").text,
    )
