"""IPAddressPools: ranges, advertisements, and who may use their addresses."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from graders.checks.check import expect
from graders.kube.names import (
    METALLB_NAMESPACE,
    METALLB_PATH,
    NAMESPACE_NAME_LABEL,
)
from graders.plan.ip_ranges import conflicts, covered, holds, outside

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from ipaddress import IPv4Address

    from graders.checks.session import Session

Labels: TypeAlias = dict[str, str]

SEE_POOLS: Final = f"kubectl get ipaddresspools -n {METALLB_NAMESPACE}"


def pool_of(lab: Session, address: str) -> str:
    """Return the name of the pool that contains `address`, "" without one.

    Example:
        pool = pool_of(lab, lab.cluster.vip("web", "lab-1"))

    Raises:
        CannotCheck: the API server does not answer.

    """
    pools = lab.cluster.pools().items()
    return next((name for name, text in pools if holds(text, address)), "")


def unused_addresses(
    lab: Session, ranges: Iterable[str]
) -> Iterator[IPv4Address]:
    """Yield the addresses of `ranges` that no Service has or requests.

    Example:
        address = next(unused_addresses(lab, [lab.plan.pool]))

    Raises:
        CannotCheck: the API server does not answer.

    """
    used = lab.cluster.vips()
    for text in ranges:
        for network in covered(text):
            yield from (ip for ip in network if str(ip) not in used)


def advertised_pools(
    spec: Mapping[str, Any], pools: Iterable[Mapping[str, Any]]
) -> set[str]:
    """Return the names of those of `pools` that an advertisement covers.

    The advertisement names pools, selects them by their labels, or both; if
    it does neither, it covers all of them.

    Example:
        advertised_pools(advertisement["spec"], pools)

    """
    names = spec.get("ipAddressPools") or []
    selectors = spec.get("ipAddressPoolSelectors") or []
    metas = [pool["metadata"] for pool in pools]
    return {
        str(meta["name"])
        for meta in metas
        if not (names or selectors)
        or meta["name"] in names
        or any(selects(item, meta.get("labels", {})) for item in selectors)
    }


def selects(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """Tell whether a label selector of a manifest matches `labels`.

    An empty selector matches everything.
    """
    equal = selector.get("matchLabels") or {}
    expressions = selector.get("matchExpressions") or []
    return equal.items() <= labels.items() and all(
        _matches(expression, labels) for expression in expressions
    )


def matching_labels(selectors: Iterable[Mapping[str, Any]]) -> list[Labels]:
    """Return labels that anyone could write to be selected, a set for each.

    Example:
        for labels in matching_labels(advertisement["serviceSelectors"]): ...

    """
    found = [(selector, _simplest(selector)) for selector in selectors]
    return [labels for selector, labels in found if selects(selector, labels)]


def _simplest(selector: Mapping[str, Any]) -> Labels:
    """Return the labels that a selector asks for, one value of each."""
    labels = dict(selector.get("matchLabels") or {})
    for part in selector.get("matchExpressions") or []:
        if part["operator"] in {"In", "Exists"}:
            labels.setdefault(part["key"], (part.get("values") or [""])[0])
    return labels


def labels_of_pools(lab: Session) -> list[Labels]:
    """Return labels by which pools are for some Services.

    Example:
        labels = labels_of_pools(lab)

    Raises:
        CannotCheck: the API server does not answer.

    """
    specs = [
        pool["spec"].get("serviceAllocation") or {}
        for pool in lab.cluster.items(f"{METALLB_PATH}/ipaddresspools")
    ]
    return matching_labels(
        selector
        for spec in specs
        for selector in spec.get("serviceSelectors") or []
    )


def labels_that_announce(lab: Session, pool: str) -> list[Labels]:
    """Return labels with which a Service of `pool` is announced by ARP.

    An advertisement for all Services is none of them: no label matters there.

    Example:
        labels = labels_that_announce(lab, lab.plan.private_pool_name)

    Raises:
        CannotCheck: the API server does not answer.

    """
    pools = lab.cluster.items(f"{METALLB_PATH}/ipaddresspools")
    advertisements = lab.cluster.items(f"{METALLB_PATH}/l2advertisements")
    return matching_labels(
        selector
        for item in advertisements
        for spec in [item.get("spec") or {}]
        if pool in advertised_pools(spec, pools)
        for selector in spec.get("serviceSelectors") or []
    )


def _matches(expression: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    key, values = expression["key"], expression.get("values") or []
    return {
        "In": labels.get(key) in values,
        "NotIn": labels.get(key) not in values,
        "Exists": key in labels,
        "DoesNotExist": key not in labels,
    }.get(str(expression["operator"]), False)


def expect_no_conflict(lab: Session, ranges: Sequence[str]) -> None:
    """Fail if another owner of the address plan has addresses of `ranges`.

    Example:
        expect_no_conflict(lab, lab.cluster.ranges())

    Raises:
        CheckFailed: a range overlaps with that of a machine, DHCP, nodes.

    """
    owners = conflicts(ranges, lab.plan)
    expect(
        "every pool to be free of",
        expected="addresses that others own",
        actual=f"addresses of {', '.join(owners)}",
        ok=not owners,
        seen_by=SEE_POOLS,
        evidence="\n".join(ranges),
    )


def expect_pools_inside(lab: Session, *limits: str) -> None:
    """Fail if a pool has addresses outside all of the ranges `limits`.

    Example:
        expect_pools_inside(lab, str(lab.plan.service_range))

    Raises:
        CheckFailed: a range reaches beyond the limits.
        CannotCheck: the API server does not answer.

    """
    ranges = lab.cluster.ranges()
    beyond = outside(
        ranges, *(net for text in limits for net in covered(text))
    )
    expect(
        "every pool to be inside",
        expected=" and ".join(limits),
        actual=beyond,
        ok=not beyond,
        seen_by=SEE_POOLS,
        evidence="\n".join(ranges),
    )


def expect_reserved(
    lab: Session, limit: str, namespaces: Sequence[str]
) -> None:
    """Fail if a pool with addresses of `limit` is meant for other namespaces.

    One that it names, and that does not exist yet, could be created by anyone
    later. Labels that it selects, and that no entitled namespace has, are for
    others, too. Whether those that exist get an address is for their Services
    to show.

    Example:
        expect_reserved(lab, lab.plan.pool, ["lab-1", "neighbours"])

    Raises:
        CheckFailed: a pool is for another namespace by its name, or by labels
            that no namespace with a right has.
        CannotCheck: the API server does not answer.

    """
    nets = covered(limit)
    specs = [
        pool["spec"]
        for pool in lab.cluster.items(f"{METALLB_PATH}/ipaddresspools")
        if any(
            one.overlaps(net)
            for text in pool["spec"]["addresses"]
            for one in covered(text)
            for net in nets
        )
    ]
    named = {name for spec in specs for name in named_namespaces(spec)}
    strangers = named - {*namespaces} | _others(lab, specs, namespaces)
    expect(
        f"pools in {limit} to be for namespaces",
        expected=" and ".join(namespaces),
        actual=f"also for {', '.join(sorted(strangers))}",
        ok=not strangers,
        seen_by=f"{SEE_POOLS} -o yaml",
    )


def named_namespaces(spec: Mapping[str, Any]) -> set[str]:
    """Return the namespaces that a pool's spec names, also in selectors.

    Example:
        names = named_namespaces(pool["spec"])

    """
    fence = spec.get("serviceAllocation") or {}
    return {*(fence.get("namespaces") or [])}.union(
        *map(_names, _namespace_selectors(spec))
    )


def _names(selector: Mapping[str, Any]) -> set[str]:
    """Return the namespaces that a selector names."""
    name = (selector.get("matchLabels") or {}).get(NAMESPACE_NAME_LABEL)
    return ({name} if name else set()).union(
        *(
            part["values"]
            for part in selector.get("matchExpressions") or []
            if part["key"] == NAMESPACE_NAME_LABEL and part["operator"] == "In"
        )
    )


def _namespace_selectors(spec: Mapping[str, Any]) -> list[dict[str, Any]]:
    fence = spec.get("serviceAllocation") or {}
    return [*(fence.get("namespaceSelectors") or [])]


def _others(
    lab: Session, specs: Iterable[Mapping[str, Any]], namespaces: Sequence[str]
) -> set[str]:
    """Return in words which selectors choose none of `namespaces`."""
    selectors = [
        selector
        for spec in specs
        for selector in _namespace_selectors(spec)
        if not _names(selector)
    ]
    if not selectors:
        return set()
    known = [_labels_of(lab, name) for name in namespaces]
    return {
        f"those with {_words(_simplest(selector))}"
        for selector in chain(*map(_by_value, selectors))
        if not any(selects(selector, labels) for labels in known)
    }


def _by_value(selector: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield a selector, and narrower ones for each value that it lists."""
    yield {**selector}
    parts = selector.get("matchExpressions") or []
    for place, part in enumerate(parts):
        for value in part["values"] if part["operator"] == "In" else ():
            narrow = {**part, "values": [value]}
            rest = [*parts[:place], narrow, *parts[place + 1 :]]
            yield {**selector, "matchExpressions": rest}


def _labels_of(lab: Session, namespace: str) -> Labels:
    found = lab.cluster.get(f"/api/v1/namespaces/{namespace}") or {}
    labels = found.get("metadata", {}).get("labels") or {}
    return {**labels, NAMESPACE_NAME_LABEL: namespace}


def _words(labels: Labels) -> str:
    return ", ".join(map(": ".join, labels.items())) or "other labels"
