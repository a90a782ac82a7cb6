"""HTTPRoutes at a Gateway: the names that they take, and where they lead."""

from __future__ import annotations

import contextlib
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from graders.checks.check import expect
from graders.checks.listener_sets import listener_sets
from graders.checks.names import new_word, temporary_route
from graders.checks.objects import temporary_namespace
from graders.checks.pools import matching_labels
from graders.kube.names import GATEWAY_API, NAMESPACE_NAME_LABEL
from graders.polling import until
from graders.probes.refusal import Refused

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from graders.checks.gateway import Gateway, Object
    from graders.checks.session import Session

_ROUTES: Final = "httproutes"
_SET: Final = "ListenerSet"
_SERVICE: Final = "Service"
_FILTERS: Final = "/apis/gateway.envoyproxy.io/v1alpha1"
# Paths of routes for any name that are asked for, and values of a label.
_MAX_PATHS: Final = 5
_MAX_VALUES: Final = 3


def attached_routes(gateway: Gateway) -> list[Object]:
    """Return the routes that a Gateway serves by HTTPS.

    Example:
        names = [route["metadata"]["name"] for route in attached_routes(it)]

    Raises:
        CannotCheck: the API server does not answer.

    """
    listeners = (gateway.read() or {"spec": {}})["spec"].get("listeners") or []
    secure = {
        item["name"] for item in listeners if item.get("protocol") == "HTTPS"
    }
    sets = [item["metadata"] for item in listener_sets(gateway)]
    places = {(item["namespace"], item["name"]) for item in sets}
    return [
        route
        for route in gateway.lab.cluster.items(f"{GATEWAY_API}/{_ROUTES}")
        for parent, accepted in [*_parents(gateway, route, places)][:1]
        if accepted
        and (
            parent.get("kind") == _SET
            or parent.get("sectionName", "") in {"", *secure}
        )
    ]


def _parents(
    gateway: Gateway, route: Object, sets: Collection[tuple[str, str]] = ()
) -> Iterator[tuple[Object, bool]]:
    """Yield a route's references to a Gateway, and whether it accepts them.

    Those to one of its ListenerSets, `sets`, count as well. The accepted ones
    come first.
    """
    space = route["metadata"]["namespace"]
    found = [
        (reference, _is_accepted(parent))
        for parent in route.get("status", {}).get("parents") or []
        for reference in [parent["parentRef"]]
        for place in [(reference.get("namespace", space), reference["name"])]
        if (
            place in sets
            if reference.get("kind") == _SET
            else place == (gateway.namespace, gateway.name)
        )
    ]
    yield from sorted(found, key=lambda pair: not pair[1])


def _is_accepted(parent: Mapping[str, Any]) -> bool:
    return any(
        item["type"] == "Accepted" and item["status"] == "True"
        for item in parent.get("conditions") or []
    )


def expect_unattached(
    gateway: Gateway, routes: Sequence[tuple[str, str]], label: str
) -> None:
    """Fail if one of the grader's routes is attached to any listener.

    They are given by namespaces and names; `label` is what the namespaces
    lack.

    Example:
        expect_unattached(gateway, [(namespace, name)], "team: allowed")

    Raises:
        CheckFailed: one is.
        CannotCheck: the API server does not answer.

    """
    states = until(
        "new-route",
        partial(_states, gateway, routes),
        lambda states: all(state is not None for state in states),
    )
    expect(
        f"routes of namespaces without the label {label} to be attached to",
        expected="no listener",
        actual=f"one of Gateway {gateway.name}",
        ok=not any(states),
        seen_by=f"kubectl get gateway {gateway.name}"
        f" -n {gateway.namespace} -o yaml",
    )


def _states(
    gateway: Gateway, routes: Sequence[tuple[str, str]]
) -> list[bool | None]:
    """Return whether each route is accepted, None if it is not decided."""
    return [
        next((accepted for _, accepted in _parents(gateway, route)), None)
        for space, name in routes
        for route in [
            gateway.lab.cluster.get(
                f"{GATEWAY_API}/namespaces/{space}/{_ROUTES}/{name}"
            )
            or {"metadata": {"namespace": space}}
        ]
    ]


def foreign_routes(
    gateway: Gateway,
    stack: contextlib.ExitStack,
    label: tuple[str, str],
    target: str,
) -> list[tuple[str, str]]:
    """Create routes in namespaces that have no right to them.

    One is without `label`, others have it with another value, a new one and
    those that listeners select, or have what else listeners select. Return
    their namespaces and names; one whose creation a rule of the cluster
    refuses is left out. They are for any name, so that no listener's host name
    hides that they are attached.

    Example:
        with contextlib.ExitStack() as stack:
            foreign_routes(gateway, stack, ("team", "allowed"), target)

    Raises:
        CannotCheck: the API server does not answer.

    """
    key, allowed = label
    selectors = _selectors(gateway)
    values = {new_word(), *_selected_values(selectors, key)} - {allowed}
    others = [
        labels
        for labels in matching_labels(selectors)
        if labels.get(key) != allowed and NAMESPACE_NAME_LABEL not in labels
    ][:_MAX_VALUES]
    found = []
    for labels in ({}, *({key: value} for value in sorted(values)), *others):
        with contextlib.suppress(Refused):
            space = stack.enter_context(
                temporary_namespace(gateway.lab, labels)
            )
            route = temporary_route(gateway, space, "", target)
            found.append((space, stack.enter_context(route)))
    return found


def _selectors(gateway: Gateway) -> list[Object]:
    """Return the selectors by which listeners choose namespaces."""
    listeners = (gateway.read() or {"spec": {}})["spec"].get("listeners") or []
    return [
        rule["selector"]
        for item in listeners
        for rule in [(item.get("allowedRoutes") or {}).get("namespaces") or {}]
        if rule.get("selector")
    ]


def _selected_values(selectors: Sequence[Object], key: str) -> list[str]:
    """Return the values of a label that selectors list."""
    found = {
        str(value)
        for selector in selectors
        for part in selector.get("matchExpressions") or []
        if part["key"] == key
        for value in part.get("values") or []
    }
    return sorted(found)[:_MAX_VALUES]


def catch_all_paths(gateway: Gateway) -> list[str]:
    """Return the paths that routes serve for names that no team has.

    Example:
        expect_no_page(gateway, [new_host(lab)], paths=catch_all_paths(it))

    Raises:
        CannotCheck: the API server does not answer.

    """
    unclaimed = f"x.{gateway.lab.plan.domain}"
    paths = {
        path["value"]
        for route in attached_routes(gateway)
        if any(_covers(host, unclaimed) for host in _hosts(route) or [""])
        for rule in route["spec"].get("rules") or []
        for match in rule.get("matches") or []
        for path in [match.get("path") or {}]
        if path.get("type") != "RegularExpression" and "value" in path
    }
    return sorted(paths - {"/"})[:_MAX_PATHS]


def _covers(pattern: str, host: str) -> bool:
    return not pattern or (
        pattern.startswith("*.") and host.endswith(pattern[1:])
    )


def _hosts(route: Object) -> list[str]:
    return list(route["spec"].get("hostnames") or [])


def foreign_claims(gateway: Gateway, team: str) -> list[str]:
    """Return the routes of other namespaces that take a team's name.

    Example:
        expect("...", expected="none", actual=foreign_claims(gateway, "shop"))

    Raises:
        CannotCheck: the API server does not answer.

    """
    name = f"{team}.{gateway.lab.plan.domain}"
    metas = [
        route["metadata"]
        for route in attached_routes(gateway)
        if name in _hosts(route)
    ]
    return sorted(
        f"{meta['namespace']}/{meta['name']}"
        for meta in metas
        if meta["namespace"] != team
    )


def routed(lab: Session, namespace: str) -> dict[str, str]:
    """Return where the routes of a namespace lead, by name and path.

    Example:
        routed(lab, "shop") == {"shop.demo.example/": "front:80"}

    Raises:
        CannotCheck: the API server does not answer.

    """
    return {
        f"{host}{path}": leads
        for item in _routes_of(lab, namespace)
        for host in _hosts(item) or ["any name"]
        for rule in item["spec"].get("rules") or []
        for path in _paths(rule)
        for leads in [_leads(rule)]
    }


def expect_answered_by_pods(lab: Session, namespace: str) -> None:
    """Fail if a team's routes lead to anything but maintained pods.

    Those are the routes of its namespace, and all others for its name. A proxy
    can answer by itself; a pod without a controller, or an EndpointSlice that
    a person wrote, serves until the pod ends.

    Example:
        expect_answered_by_pods(lab, "tickets")

    Raises:
        CheckFailed: a proxy answers, or no controller recreates a pod.
        CannotCheck: the API server does not answer.

    """
    host = f"{namespace}.{lab.plan.domain}"
    rules = [
        (space, rule)
        for item in lab.cluster.items(f"{GATEWAY_API}/{_ROUTES}")
        for space in [item["metadata"]["namespace"]]
        if space == namespace or host in _hosts(item)
        for rule in item["spec"].get("rules") or []
    ]
    direct = sorted(
        name
        for space, name in {*_extensions(rules)}
        if _answers_itself(lab, space, name)
    )
    expect(
        f"requests for {namespace} to be answered by",
        expected="its pods",
        actual=f"a proxy, as HTTPRouteFilter {', '.join(direct)} says",
        ok=not direct,
        seen_by="kubectl get httproutes,httproutefilters -A -o yaml",
    )
    backends = {
        (
            reference.get("namespace", space),
            reference.get("kind", _SERVICE),
            reference["name"],
        )
        for space, rule in rules
        for reference in rule.get("backendRefs") or []
    }
    left = [text for it in sorted(backends) for text in _unmaintained(lab, it)]
    expect(
        f"what no controller maintains behind routes of {namespace} to be",
        expected="none",
        actual=left,
        ok=not left,
        seen_by="kubectl get httproutes -A -o yaml;"
        " kubectl get pods,endpointslices -A -o yaml",
    )


def _extensions(
    rules: Sequence[tuple[str, Mapping[str, Any]]],
) -> Iterator[tuple[str, str]]:
    """Yield the HTTPRouteFilters of rules, by their namespaces and names."""
    for space, rule in rules:
        for item in rule.get("filters") or []:
            reference = item.get("extensionRef") or {}
            if reference.get("kind") == "HTTPRouteFilter":
                yield space, reference["name"]


def _unmaintained(
    lab: Session, backend: tuple[str, str, str]
) -> Iterator[str]:
    """Yield what no controller maintains behind a backend of a route.

    What is no Service, such as a Backend of Envoy Gateway, has addresses that
    a person wrote.
    """
    space, kind, name = backend
    if kind != _SERVICE:
        yield f"{kind} {name}"
        return
    for pod in lab.cluster.orphans(space, name):
        yield f"pod {pod}"
    for item in lab.cluster.foreign_slices(space, name):
        yield f"EndpointSlice {item}"


def _answers_itself(lab: Session, namespace: str, name: str) -> bool:
    path = f"{_FILTERS}/namespaces/{namespace}/httproutefilters/{name}"
    found = lab.cluster.get(path) or {}
    return "directResponse" in found.get("spec", {})


def _routes_of(lab: Session, namespace: str) -> list[Object]:
    space = f"{GATEWAY_API}/namespaces/{namespace}"
    return lab.cluster.items(f"{space}/{_ROUTES}")


def _paths(rule: Mapping[str, Any]) -> list[str]:
    matches = rule.get("matches") or [{}]
    return [_path(match) for match in matches]


def _path(match: Mapping[str, Any]) -> str:
    path = match.get("path") or {}
    kind, value = path.get("type", "PathPrefix"), path.get("value", "/")
    others = sorted(match.keys() - {"path"})
    words = [value, *([kind] if kind != "PathPrefix" else []), *others]
    return " ".join(words)


def _leads(rule: Mapping[str, Any]) -> str:
    """Return the backends of a rule, and whether it does more."""
    backends = [
        "/".join(filter(None, (one.get("namespace"), _backend(one))))
        for one in rule.get("backendRefs") or []
    ]
    filters = [item["type"] for item in rule.get("filters") or []]
    return ", ".join([*backends, *filters]) or "nothing"


def _backend(reference: Mapping[str, Any]) -> str:
    return f"{reference['name']}:{reference.get('port', '?')}"
