"""ReferenceGrants: what of a namespace others may lead to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graders.checks.check import expect
from graders.kube.names import GATEWAY_API

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from graders.checks.gateway import Object
    from graders.checks.session import Session


def expect_narrow_grants(
    lab: Session, owner: str, closed: Collection[str]
) -> None:
    """Fail if a ReferenceGrant opens more than routes need.

    One in namespace `owner` names a Service, and only namespaces whose routes
    lead there; namespaces `closed` have none.

    Example:
        expect_narrow_grants(lab, "tickets", ("shop", "visits"))

    Raises:
        CheckFailed: one opens more.
        CannotCheck: the API server does not answer.

    """
    grants = [
        item
        for item in lab.cluster.items(f"{GATEWAY_API}/referencegrants")
        if item["metadata"]["namespace"] in {owner, *closed}
    ]
    routes = lab.cluster.items(f"{GATEWAY_API}/httproutes") if grants else []
    needed = {pair for item in routes for pair in _led_to(item, owner)}
    found = [
        text
        for item in grants
        for pair, text in _opened(item)
        if item["metadata"]["namespace"] != owner or pair not in needed
    ]
    expect(
        "ReferenceGrants to open",
        expected=f"Services of {owner} by their names, to namespaces whose"
        " routes lead there",
        actual=found,
        ok=not found,
        seen_by="kubectl get referencegrants -A -o yaml",
    )


def _led_to(route: Object, owner: str) -> Iterator[tuple[str, str]]:
    """Yield a route's namespace with each Service of `owner` it leads to."""
    space = route["metadata"]["namespace"]
    for rule in route["spec"].get("rules") or []:
        for reference in _backends(rule):
            if reference.get("namespace", space) == owner:
                yield space, reference["name"]


def _backends(rule: Object) -> Sequence[Object]:
    mirrored = [
        item["requestMirror"]["backendRef"]
        for item in rule.get("filters") or []
        if "requestMirror" in item
    ]
    return [*(rule.get("backendRefs") or []), *mirrored]


def _opened(grant: Object) -> Iterator[tuple[tuple[str, str], str]]:
    """Yield namespaces and the Services that a grant opens to each.

    The second part is the same in words; other kinds are no Services.
    """
    meta, spec = grant["metadata"], grant["spec"]
    for source in spec.get("from") or []:
        for target in spec.get("to") or []:
            kind, name = target["kind"], target.get("name", "")
            is_plain = (source["kind"], kind) == ("HTTPRoute", "Service")
            what = f"{kind} {name}" if name else f"every {kind}"
            who = f"{source['kind']}s of {source['namespace']}"
            yield (
                (source["namespace"], name if is_plain else ""),
                f"{what} of {meta['namespace']} to {who}",
            )
