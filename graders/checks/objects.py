"""Objects of the grader's own, which it removes in any case."""

from __future__ import annotations

import contextlib
import secrets
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from graders.checks.session import Session

LABELS: Final = {"app.kubernetes.io/managed-by": "metallb-lab"}


@contextlib.contextmanager
def temporary_object(
    lab: Session, path: str, body: dict[str, Any]
) -> Iterator[None]:
    """Have an object of the grader's own, and remove it in any case.

    Raises:
        CannotCheck: the API server refuses, or does not answer.

    """
    lab.cluster.ask("POST", path, body)
    try:
        yield
    finally:
        lab.cluster.ask("DELETE", f"{path}/{body['metadata']['name']}")


@contextlib.contextmanager
def namespace(lab: Session) -> Iterator[str]:
    """Make a namespace that nobody knows; what is in it goes with it.

    Yields its name; it is removed in any case, which nobody waits for.

    Raises:
        CannotCheck: the API refuses.

    """
    name = f"grader-{secrets.token_hex(3)}"
    body = {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": name, "labels": LABELS},
    }
    with temporary_object(lab, "/api/v1/namespaces", body):
        yield name


@contextlib.contextmanager
def service_from(
    lab: Session,
    namespace: str,
    pool: str,
    labels: Mapping[str, str] | None = None,
) -> Iterator[str]:
    """Make a Service before web's pods with an address from `pool`.

    It has `labels` besides the grader's own. Yields its name; it is removed
    in any case.

    Raises:
        CannotCheck: the API refuses.

    """
    wish = {"metallb.io/address-pool": pool}
    with _service(lab, namespace, wish, labels) as name:
        yield name


@contextlib.contextmanager
def service_at(lab: Session, namespace: str, address: str) -> Iterator[str]:
    """Make a Service before web's pods that asks for `address`.

    Yields its name; it is removed in any case.

    Raises:
        CannotCheck: the API refuses.

    """
    wish = {"metallb.io/loadBalancerIPs": address}
    with _service(lab, namespace, wish) as name:
        yield name


@contextlib.contextmanager
def _service(
    lab: Session,
    namespace: str,
    wish: dict[str, str],
    labels: Mapping[str, str] | None = None,
) -> Iterator[str]:
    name = f"grader-{secrets.token_hex(3)}"
    body = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {
            "name": name,
            "labels": {**(labels or {}), **LABELS},
            "annotations": wish,
        },
        "spec": {
            "type": "LoadBalancer",
            "selector": {"app": "web"},
            "ports": [{"port": 80, "targetPort": 8080}],
        },
    }
    with temporary_object(
        lab, f"/api/v1/namespaces/{namespace}/services", body
    ):
        yield name
