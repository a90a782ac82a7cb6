"""Addresses of pools that Services use without MetalLB."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from graders.checks.check import expect
from graders.kube.names import full_name
from graders.plan.ip_ranges import holds

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from graders.checks.session import Session
    from graders.kube.client import Object


def expect_only_allocated(lab: Session, ranges: Sequence[str]) -> None:
    """Fail if a Service uses addresses of `ranges` without MetalLB.

    Nodes forward what is for an address in `externalIPs`, or in a status that
    a person wrote, to the pods of that Service, whoever has it as a VIP.

    Example:
        expect_only_allocated(lab, [str(lab.plan.bgp_pool)])

    Raises:
        CheckFailed: a Service does.
        CannotCheck: the API server does not answer.

    """
    services = lab.cluster.items("/api/v1/services")
    found = [*_by_field(services, ranges), *_twice(services, ranges)]
    expect(
        "addresses of pools to be used by",
        expected="the one Service that MetalLB has allocated each to",
        actual=found,
        ok=not found,
        seen_by="kubectl get svc -A -o wide; kubectl get svc -A -o yaml"
        " | grep -A 2 externalIPs",
    )


def _by_field(
    services: Sequence[Object], ranges: Sequence[str]
) -> Iterator[str]:
    """Yield the Services with an address in `externalIPs` that is no VIP.

    A Service's own VIP there changes nothing: Gateways write it so.
    """
    for service in services:
        for address in service["spec"].get("externalIPs") or []:
            if address not in _vips(service) and holds(ranges, address):
                yield f"{full_name(service)} by externalIPs ({address})"


def _twice(services: Sequence[Object], ranges: Sequence[str]) -> Iterator[str]:
    """Yield the Services that have the same address, port and protocol."""
    users = defaultdict[str, list[str]](list)
    for service in services:
        for address in _vips(service):
            if holds(ranges, address):
                for port in service["spec"].get("ports") or []:
                    end = f"{port['port']}/{port.get('protocol', 'TCP')}"
                    users[f"{address}, port {end}"].append(full_name(service))
    for end, names in users.items():
        if len(names) > 1:
            yield f"{' and '.join(names)} at once ({end})"


def _vips(service: Object) -> list[str]:
    if service["spec"].get("type") != "LoadBalancer":
        return []
    status = service.get("status", {}).get("loadBalancer") or {}
    return [item.get("ip", "") for item in status.get("ingress") or []]
