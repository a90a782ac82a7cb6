"""Temporary objects of a check, removed whatever the check comes to."""

from __future__ import annotations

import contextlib
import secrets
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from graders.checks.check import fail
from graders.checks.undo import temporary
from graders.probes.refusal import Refused

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from graders.checks.session import Session

# Names as teams choose them: no rule can single out the grader's objects.
_WORDS: Final = (
    *("accounts", "basket", "carts", "catalog", "checkout", "coupons"),
    *("invoices", "ledger", "mail", "orders", "payments", "profile"),
    *("ratings", "reports", "returns", "stock", "tickets", "tracking"),
)
_ENDINGS: Final = ("a", "api", "dev", "eu", "next", "prod", "test", "v2")
_PORTS: Final = (80, 81, 443, 3000, 5000, 8000, 8080, 8443, 9000)
_POOL: Final = "metallb.io/address-pool"
_ADDRESS: Final = "metallb.io/loadBalancerIPs"
_ALLOCATED_FROM: Final = "metallb.io/ip-allocated-from-pool"
# Several ports of a Service must have names.
_PORT_FIELDS: Final = ("name", "port", "targetPort", "protocol")
# Fields of a Service that decide which controller serves it.
_CONTROLLER_FIELDS: Final = frozenset({"loadBalancerClass"})


_names: Final[set[str]] = set()


def new_name() -> str:
    """Return an unused name for a temporary object."""
    words = [secrets.choice(_WORDS), secrets.choice(_ENDINGS)]
    # Unused, by a number as teams and generators write it.
    number = secrets.choice(
        (secrets.token_hex(2 + secrets.randbelow(3)), secrets.randbelow(10**5))
    )
    secrets.SystemRandom().shuffle(words)
    name = "-".join([*words[: 1 + secrets.randbelow(2)], str(number)])
    _names.add(name)
    return name


def is_temporary(name: str) -> bool:
    """Tell whether this grade has made up an object's name."""
    return name in _names


def remove_object(lab: Session, path: str) -> None:
    """Remove the object at `path`, if it is there.

    Raises:
        Refused: a rule of the cluster forbids it.
        CannotCheck: the API server does not answer.

    """
    lab.cluster.ask("DELETE", path)


@contextlib.contextmanager
def temporary_object(
    lab: Session, path: str, body: dict[str, Any], query: str = ""
) -> Iterator[None]:
    """Create an object in the list at `path`, and remove it at the end.

    `query` says how it is removed, such as `?gracePeriodSeconds=0`.

    Example:
        with temporary_object(lab, "/api/v1/namespaces", body):
            ...

    Raises:
        Refused: a rule of the cluster forbids it.
        CannotCheck: the API server does not answer.

    """
    create = partial(lab.cluster.ask, "POST", path, body)
    named = f"{path}/{body['metadata']['name']}{query}"
    with temporary(lab, create, remove_object, named):
        yield


@contextlib.contextmanager
def temporary_namespace(
    lab: Session, labels: Mapping[str, str] | None = None
) -> Iterator[str]:
    """Create a namespace with a random name, and remove it at the end.

    Its removal, and that of what is in it, is not waited for.

    Example:
        with temporary_namespace(lab) as namespace:
            ...

    Raises:
        CannotCheck: the API server refuses or does not answer.

    """
    name = new_name()
    body = {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": name, "labels": labels or {}},
    }
    with temporary_object(lab, "/api/v1/namespaces", body):
        yield name


@contextlib.contextmanager
def possible_namespaces(lab: Session) -> Iterator[list[str]]:
    """Create a namespace, and yield it in a list; [] if a rule forbids it.

    Example:
        with possible_namespaces(lab) as new:
            for namespace in new: ...

    Raises:
        CannotCheck: the API server does not answer.

    """
    with contextlib.ExitStack() as stack:
        names = []
        with contextlib.suppress(Refused):
            names.append(stack.enter_context(temporary_namespace(lab)))
        yield names


@contextlib.contextmanager
def temporary_service(  # noqa: PLR0913 - what a Service may request
    lab: Session,
    namespace: str,
    *,
    pool: str = "",
    address: str = "",
    spec_address: str = "",
    labels: Mapping[str, str] | None = None,
    exposed: bool = True,
) -> Iterator[str]:
    """Create a Service for web's pods that requests a pool or an address.

    The address is requested by annotation, or in the spec. Unless it is
    `exposed`, it is of type ClusterIP. Yields the name of the Service, which
    is removed at the end.

    Example:
        with temporary_service(lab, "lab-1", pool="blue") as name:
            vip = expect_vip(lab, name, "lab-1")

    Raises:
        CannotCheck: the API server refuses or does not answer.

    """
    body = load_balancer(
        {
            "name": new_name(),
            "namespace": namespace,
            "labels": labels or {},
            "annotations": _wishes(pool, address),
        },
        {
            "selector": {"app": "web"},
            "ports": [{"port": secrets.choice(_PORTS), "targetPort": 8080}],
            **({"loadBalancerIP": spec_address} if spec_address else {}),
            **({} if exposed else {"type": "ClusterIP"}),
        },
    )
    with _created(lab, body) as name:
        yield name


def expose_later(lab: Session, name: str, namespace: str) -> None:
    """Change a temporary Service so that it requests an address.

    Example:
        with temporary_service(lab, "shop", exposed=False) as name:
            expose_later(lab, name, "shop")

    Raises:
        Refused: a rule of the cluster forbids it.
        CannotCheck: the API server does not answer.

    """
    path = f"/api/v1/namespaces/{namespace}/services/{name}"
    lab.cluster.ask("PATCH", path, {"spec": {"type": "LoadBalancer"}})


def request_later(  # noqa: PLR0913 - what a Service may request
    lab: Session,
    name: str,
    namespace: str,
    *,
    pool: str = "",
    address: str = "",
) -> None:
    """Change a temporary Service so that it requests a pool or an address.

    Example:
        with temporary_service(lab, "tenants") as name:
            request_later(lab, name, "tenants", pool="ingress-vips")

    Raises:
        Refused: a rule of the cluster forbids it.
        CannotCheck: the API server does not answer.

    """
    path = f"/api/v1/namespaces/{namespace}/services/{name}"
    change = {"metadata": {"annotations": _wishes(pool, address)}}
    lab.cluster.ask("PATCH", path, change)


def _wishes(pool: str, address: str) -> dict[str, str]:
    """Return the annotations that request a pool or an address."""
    requests = {_POOL: pool, _ADDRESS: address}
    return {key: text for key, text in requests.items() if text}


@contextlib.contextmanager
def clone_service(  # noqa: PLR0913 - what the clone may request
    lab: Session,
    name: str,
    namespace: str,
    address: str = "",
    *,
    classless: bool = False,
) -> Iterator[str]:
    """Create a Service like `name`: its ports, selector, labels, pool, class.

    It requests `address`, if there is one, and no class if it is `classless`.
    Yields the name of the clone, which is removed at the end.

    Example:
        with clone_service(lab, "web", "lab-1") as name:
            expect_http(lab.client, expect_vip(lab, name, "lab-1"), "hello")

    Raises:
        CheckFailed: there is no such Service.
        CannotCheck: the API server does not answer.

    """
    body = _clone(lab.cluster.service(name, namespace), namespace)
    if address:
        body["metadata"]["annotations"] |= {_ADDRESS: address}
    if classless:
        body["spec"].pop("loadBalancerClass", None)
    with _created(lab, body) as clone:
        yield clone


def load_balancer(
    metadata: dict[str, Any], spec: dict[str, Any]
) -> dict[str, Any]:
    """Return a Service of type LoadBalancer."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata,
        "spec": {"type": "LoadBalancer", **spec},
    }


def service_like(
    model: dict[str, Any], name: str, spec: dict[str, Any]
) -> dict[str, Any]:
    """Return a Service with the model's labels, pool and traffic policy."""
    metadata = model["metadata"]
    pool = metadata.get("annotations", {}).get(_ALLOCATED_FROM)
    policy = model["spec"].get("externalTrafficPolicy")
    return load_balancer(
        {
            "name": name,
            "namespace": metadata["namespace"],
            "labels": metadata.get("labels", {}),
            "annotations": {_POOL: pool} if pool else {},
        },
        {"externalTrafficPolicy": policy, **spec},
    )


def _clone(service: dict[str, Any] | None, namespace: str) -> dict[str, Any]:
    """Return a new Service of the same kind.

    Its labels are copied, because pools and advertisements may select them.
    """
    if service is None:
        fail(
            f"expected a Service of namespace {namespace} to be there, not to"
            " be deleted during the check",
            seen_by=f"kubectl get svc -n {namespace}",
        )
    metadata, spec = service["metadata"], service["spec"]
    return load_balancer(
        {
            "name": new_name(),
            "namespace": namespace,
            "labels": metadata.get("labels", {}),
            "annotations": {
                key: text
                for key, text in metadata.get("annotations", {}).items()
                if key.endswith("/address-pool")
            },
        },
        {
            "selector": spec.get("selector", {}),
            "ports": [
                {key: port[key] for key in _PORT_FIELDS if key in port}
                for port in spec["ports"]
            ],
            **{key: spec[key] for key in _CONTROLLER_FIELDS & spec.keys()},
        },
    )


@contextlib.contextmanager
def _created(lab: Session, service: dict[str, Any]) -> Iterator[str]:
    metadata = service["metadata"]
    path = f"/api/v1/namespaces/{metadata['namespace']}/services"
    with temporary_object(lab, path, service):
        yield metadata["name"]
