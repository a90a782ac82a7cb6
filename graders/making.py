"""Objects of the grader's own, which it removes in any case."""

from __future__ import annotations

import contextlib
import secrets
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from graders.session import Session

LABELS: Final = {"app.kubernetes.io/managed-by": "metallb-lab"}


@contextlib.contextmanager
def made(lab: Session, path: str, body: dict[str, Any]) -> Iterator[None]:
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
def service_from(lab: Session, namespace: str, pool: str) -> Iterator[str]:
    """Make a Service before web's pods with an address from `pool`.

    Yields its name; it is removed in any case.

    Raises:
        CannotCheck: the API refuses.

    """
    name = f"grader-{secrets.token_hex(3)}"
    body = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {
            "name": name,
            "labels": LABELS,
            "annotations": {"metallb.io/address-pool": pool},
        },
        "spec": {
            "type": "LoadBalancer",
            "selector": {"app": "web"},
            "ports": [{"port": 80, "targetPort": 8080}],
        },
    }
    with made(lab, f"/api/v1/namespaces/{namespace}/services", body):
        yield name
