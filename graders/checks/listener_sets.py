"""Listeners that others add to a Gateway, by ListenerSets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graders.checks.check import expect
from graders.kube.names import GATEWAY_API

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from graders.checks.gateway import Gateway, Object


def listener_sets(gateway: Gateway) -> list[Object]:
    """Return the ListenerSets whose listeners a Gateway has accepted.

    Without leave, which is the default, it accepts none.

    Example:
        names = [item["metadata"]["name"] for item in listener_sets(it)]

    Raises:
        CannotCheck: the API server does not answer.

    """
    if _allowed(gateway).get("from", "None") == "None":
        return []
    return [
        item
        for item in gateway.lab.cluster.items(f"{GATEWAY_API}/listenersets")
        for parent in [item["spec"]["parentRef"]]
        if parent["name"] == gateway.name
        and parent.get("namespace", item["metadata"]["namespace"])
        == gateway.namespace
        and any(
            condition["type"] == "Accepted" and condition["status"] == "True"
            for condition in item.get("status", {}).get("conditions") or []
        )
    ]


def expect_fenced_sets(gateway: Gateway, label: tuple[str, str]) -> None:
    """Fail if ListenerSets let in routes of namespaces without `label`.

    A namespace that may add listeners attaches its own routes to them.

    Example:
        expect_fenced_sets(gateway, ("team", "allowed"))

    Raises:
        CheckFailed: a Gateway or a ListenerSet is open to others.
        CannotCheck: the API server does not answer.

    """
    found = [*_open(gateway, label)]
    expect(
        f"listeners that ListenerSets add to Gateway {gateway.name} to be for",
        expected=f"namespaces with the label {': '.join(label)} alone",
        actual=found,
        ok=not found,
        seen_by=f"kubectl get gateway {gateway.name} -n {gateway.namespace}"
        " -o yaml; kubectl get listenersets -A -o yaml",
    )


def _open(gateway: Gateway, label: tuple[str, str]) -> Iterator[str]:
    """Yield what is open to namespaces without a label."""
    if not _is_fenced(_allowed(gateway), label):
        yield f"others, by allowedListeners of Gateway {gateway.name}"
    for item in listener_sets(gateway):
        meta = item["metadata"]
        for listener in item["spec"].get("listeners") or []:
            rule = (listener.get("allowedRoutes") or {}).get("namespaces")
            if not _is_fenced(rule or {}, label):
                yield (
                    f"others, by listener {listener['name']} of"
                    f" ListenerSet {meta['namespace']}/{meta['name']}"
                )


def _is_fenced(rule: Mapping[str, Any], label: tuple[str, str]) -> bool:
    """Tell whether a rule admits only namespaces with a label.

    `Same` is the Gateway's namespace, or that of a ListenerSet that it has
    admitted.
    """
    kind = rule.get("from", "Same")
    if kind != "Selector":
        return kind in {"None", "Same"}
    key, value = label
    selector = rule.get("selector") or {}
    return (selector.get("matchLabels") or {}).get(key) == value or any(
        part["key"] == key
        and part["operator"] == "In"
        and part["values"] == [value]
        for part in selector.get("matchExpressions") or []
    )


def _allowed(gateway: Gateway) -> Object:
    spec = (gateway.read() or {"spec": {}})["spec"]
    return dict((spec.get("allowedListeners") or {}).get("namespaces") or {})
