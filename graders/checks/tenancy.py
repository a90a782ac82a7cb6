"""Pools for one namespace: who gets an address, and who is refused."""

from __future__ import annotations

import contextlib
import random
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from graders.checks.check import expect
from graders.checks.objects import (
    clone_service,
    expose_later,
    possible_namespaces,
    request_later,
    temporary_service,
)
from graders.checks.pools import SEE_POOLS, unused_addresses
from graders.checks.services import allocation_decided, expect_vip
from graders.kube.names import METALLB_PATH
from graders.plan.ip_ranges import holds
from graders.polling import until
from graders.probes.refusal import Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from graders.checks.session import Session

Creation: TypeAlias = "AbstractContextManager[str]"
Form: TypeAlias = "Callable[[str], Creation]"

_OWNER: Final = "ingress"
_TENANTS: Final = "tenants"


def expect_pool_restricted(lab: Session, pool: str) -> None:
    """Fail unless `pool` is for Services of namespace ingress only.

    Services of every other namespace, and of a new one, request the pool or
    one of its addresses, when they are created or later. All have the
    gateway's labels: a restriction may use labels, too, but anyone can write
    them. Both MetalLB and the API server may refuse.

    Example:
        expect_pool_restricted(lab, "ingress")

    Raises:
        CheckFailed: another namespace gets a VIP, or ingress gets none.
        CannotCheck: the API server does not answer.

    """
    gateway = lab.cluster.service("gateway", _OWNER) or {"metadata": {}}
    labels = gateway["metadata"].get("labels", {})
    request = partial(temporary_service, lab, labels=labels)
    with possible_namespaces(lab) as strangers:
        # The positive control. The pool has one address left, so this Service
        # is removed before the others request it.
        with request(_OWNER, pool=pool) as name:
            expect_vip(lab, name, _OWNER)
        with contextlib.ExitStack() as stack:
            services = set()
            forms = _forms(lab, pool, request)
            for namespace, form in _requests(lab, forms, strangers):
                # A refusal by quota, policy or webhook is a right answer.
                with contextlib.suppress(Refused):
                    name = stack.enter_context(form(namespace))
                    services.add((namespace, name))
            until("refusal", partial(_decided, lab), services.issubset)
            # A new namespace may be admitted a moment later: once the next
            # Service is served, MetalLB has seen all before it.
            _expect_tenant_served(lab)
            _expect_refused(lab, pool, services)
    _expect_not_assigned(lab, pool)


def expect_no_address(  # noqa: PLR0913 - what a Service may request
    lab: Session,
    namespace: str,
    *,
    pool: str = "",
    address: str = "",
    labels: Mapping[str, str] | None = None,
    exposed: bool = True,
) -> None:
    """Fail if a new Service in `namespace` gets a VIP.

    It may request a pool or an address, and is of type LoadBalancer at once or
    by a change, if it is not `exposed`. A refusal by the API server is a right
    answer, too.

    Example:
        expect_no_address(lab, "shop", pool="ingress-vips")

    Raises:
        CheckFailed: it gets one.
        CannotCheck: the API server does not answer.

    """
    try:
        with temporary_service(
            lab,
            namespace,
            pool=pool,
            address=address,
            labels=labels,
            exposed=exposed,
        ) as name:
            if not exposed:
                expose_later(lab, name, namespace)
            decided = partial(allocation_decided, lab, name, namespace)
            until("refusal", decided, bool)
            vip = lab.cluster.vip(name, namespace)
    except Refused:
        return
    asked = pool or address or "any address"
    expect(
        f"a Service in namespace {namespace} that asks for {asked} to get",
        expected="no VIP",
        actual=vip,
        ok=not vip,
        seen_by=f"{SEE_POOLS} -o yaml",
    )


def active_namespaces(lab: Session, *without: str) -> list[str]:
    """Return the namespaces that are not being deleted, but for some.

    Example:
        for namespace in active_namespaces(lab, "ingress"): ...

    Raises:
        CannotCheck: the API server does not answer.

    """
    return [
        item["metadata"]["name"]
        for item in lab.cluster.items("/api/v1/namespaces")
        if item["metadata"]["name"] not in without
        and item.get("status", {}).get("phase") != "Terminating"
    ]


def _forms(
    lab: Session, pool: str, request: Callable[..., Creation]
) -> list[Form]:
    """Return the forms of a request: for the pool, or for its free address.

    The last one is a change of a Service that has requested nothing.
    """
    ranges = lab.cluster.pools().get(pool, [])
    free = islice(unused_addresses(lab, ranges), 1)
    wishes = [{"pool": pool}, *({"address": str(ip)} for ip in free)]
    return [
        *(partial(request, **wish) for wish in wishes),
        partial(_changed, lab, request, random.choice(wishes)),  # noqa: S311 - no secret
    ]


@contextlib.contextmanager
def _changed(
    lab: Session,
    request: Callable[..., Creation],
    wish: dict[str, str],
    namespace: str,
) -> Iterator[str]:
    """Create a Service that requests nothing, and change that."""
    with request(namespace) as name:
        with contextlib.suppress(Refused):
            request_later(lab, name, namespace, **wish)
        yield name


def _requests(
    lab: Session, forms: Sequence[Form], strangers: Sequence[str]
) -> Iterator[tuple[str, Form]]:
    """Yield namespaces, and how their Services request an address.

    Tenants and the new namespace use all forms, others one at random.
    """
    for namespace in active_namespaces(lab, _OWNER):
        every = namespace in {_TENANTS, *strangers}
        for form in forms if every else [random.choice(forms)]:  # noqa: S311 - no secret
            yield namespace, form


def _decided(lab: Session) -> set[tuple[str, str]]:
    """Return the Services that have a VIP, or were refused one."""
    events = lab.cluster.items(
        "/api/v1/events?fieldSelector=reason=AllocationFailed"
    )
    subjects = [event["involvedObject"] for event in events]
    refused = {(item["namespace"], item["name"]) for item in subjects}
    return refused | {*_vips(lab)}


def _vips(lab: Session) -> dict[tuple[str, str], str]:
    """Return the VIPs of all Services by their namespaces and names."""
    return {
        (meta["namespace"], meta["name"]): str(ingress[0].get("ip", ""))
        for meta, ingress in map(
            _ingress, lab.cluster.items("/api/v1/services")
        )
        if ingress
    }


def _ingress(service: dict[str, Any]) -> tuple[dict[str, Any], list[Any]]:
    status = service.get("status", {}).get("loadBalancer", {})
    return service["metadata"], status.get("ingress") or []


def _expect_tenant_served(lab: Session) -> None:
    """Fail unless a tenant's new Service gets a VIP for applications."""
    with clone_service(lab, "blue", _TENANTS) as clone:
        vip = expect_vip(lab, clone, _TENANTS)
    expect(
        "a tenant's new Service to get a VIP of",
        expected=lab.plan.pool,
        actual=vip,
        ok=holds([lab.plan.pool], vip),
        seen_by=SEE_POOLS,
    )


def _expect_refused(
    lab: Session, pool: str, services: set[tuple[str, str]]
) -> None:
    """Fail if a Service outside namespace ingress has a VIP of the pool."""
    ranges = lab.cluster.pools().get(pool, [])
    vips = {
        item: vip for item, vip in _vips(lab).items() if holds(ranges, vip)
    }
    served = sorted(services & {*vips})
    expect(
        f"Services outside namespace {_OWNER} that ask for pool {pool} to get",
        expected="no VIP",
        actual=[f"{vips[item]} for {item[0]}" for item in served],
        ok=not served,
        seen_by=f"{SEE_POOLS} {pool} -o yaml",
    )


def _expect_not_assigned(lab: Session, pool: str) -> None:
    """Fail if Services that request no pool may get an address of `pool`.

    They do only when other pools are full. Where MetalLB restricts the pool
    to namespaces, or assigns it on request only, it never happens.
    """
    found = lab.cluster.get(f"{METALLB_PATH}/ipaddresspools/{pool}")
    spec = (found or {"spec": {}})["spec"]
    rules = spec.get("serviceAllocation") or {}
    fenced = rules.get("namespaces") or rules.get("namespaceSelectors")
    expect(
        f"pool {pool} to be kept from Services that ask for no pool, by",
        expected="autoAssign: false, or by serviceAllocation",
        actual="neither",
        ok=bool(fenced) or not spec.get("autoAssign", True),
        seen_by=f"{SEE_POOLS} {pool} -o yaml",
    )
