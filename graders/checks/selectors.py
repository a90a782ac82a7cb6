"""Label selectors, as Kubernetes and MetalLB understand them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def selected(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """Say whether `selector` chooses what has `labels`; an empty one does.

    `selector` is as in a manifest: matchLabels and matchExpressions.
    """
    same = selector.get("matchLabels") or {}
    parts = selector.get("matchExpressions") or []
    return same.items() <= labels.items() and all(
        _meets(part, labels) for part in parts
    )


def advertised(
    spec: Mapping[str, Any], pools: Iterable[Mapping[str, Any]]
) -> set[str]:
    """Return the names of those of `pools` that an advertisement covers.

    It names them, or selects them by their labels, or both; one that does
    neither covers them all.
    """
    named = spec.get("ipAddressPools") or []
    selectors = spec.get("ipAddressPoolSelectors") or []
    metas = [pool["metadata"] for pool in pools]
    return {
        str(meta["name"])
        for meta in metas
        if not (named or selectors)
        or meta["name"] in named
        or any(selected(one, meta.get("labels", {})) for one in selectors)
    }


def _meets(part: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """Say whether `labels` meet one of a selector's expressions."""
    key, values = part["key"], part.get("values") or []
    return {
        "In": labels.get(key) in values,
        "NotIn": labels.get(key) not in values,
        "Exists": key in labels,
        "DoesNotExist": key not in labels,
    }.get(str(part["operator"]), False)
