"""Workloads as they are wanted, without what others have added."""

from __future__ import annotations

from typing import Any

import pytest

from graders.kube.additions import has_additions, without_additions

WANTED: dict[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "DaemonSet",
    "metadata": {"name": "metallb-speaker", "namespace": "metallb-system"},
    "spec": {"template": {"spec": {"containers": [{"name": "speaker"}]}}},
}
RESTARTED = {"kubectl.kubernetes.io/restartedAt": "2026-11-30T22:00:00Z"}
GENERATION = {"deprecated.daemonset.template.generation": "3"}


def _found(manager: str, operation: str, **fields: object) -> dict[str, Any]:
    entry = {
        "manager": manager,
        "operation": operation,
        "fieldsV1": {"f:metadata": {}, **fields},
    }
    meta = {**WANTED["metadata"], "managedFields": [entry]}
    return WANTED | {"metadata": meta}


@pytest.mark.parametrize(
    ("manager", "operation", "fields", "added"),
    [
        ("kubectl", "Apply", {"f:spec": {}}, False),
        ("kube-controller-manager", "Update", {"f:status": {}}, False),
        ("kubectl-patch", "Update", {"f:spec": {}}, True),
        ("kubectl", "Update", {"f:spec": {}}, True),
        ("kubectl-annotate", "Update", {}, False),
    ],
)
def test_who_has_written_a_spec(
    manager: str, operation: str, fields: dict[str, Any], *, added: bool
) -> None:
    """Controllers write a status, and students a spec."""
    assert has_additions(_found(manager, operation, **fields)) == added


def test_webhooks_lose_what_a_person_wrote_and_keep_their_certificate() -> (
    None
):
    """With an object selector they would look at some objects only."""
    name, service = "pools.metallb.io", {"service": {"name": "webhook"}}
    webhooks: dict[str, Any] = {
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": "webhooks"},
        "webhooks": [{"name": name, "clientConfig": service}],
    }
    certified = service | {"caBundle": "Q0E="}
    found = webhooks | {
        "metadata": {"name": "webhooks", "resourceVersion": "8"},
        "webhooks": [
            {"name": "mine", "clientConfig": {"url": "https://here"}},
            {"name": name, "clientConfig": certified, "objectSelector": {}},
        ],
    }

    replacement = without_additions(webhooks, found)

    assert replacement["metadata"]["resourceVersion"] == "8"
    assert replacement["webhooks"] == [
        {"name": name, "clientConfig": certified}
    ]


@pytest.mark.parametrize(
    ("manager", "added"), [("MetalLB", False), ("kubectl-replace", True)]
)
def test_metallb_writes_its_certificate(manager: str, *, added: bool) -> None:
    """That is no addition."""
    found = _found(manager, "Update", **{"f:webhooks": {}})
    found |= {"kind": "ValidatingWebhookConfiguration"}

    assert has_additions(found) == added


def test_other_kinds_are_left_alone() -> None:
    """A Service has fields that the cluster fills in."""
    service = _found("kubectl-patch", "Update", **{"f:spec": {}})

    assert not has_additions(service | {"kind": "Service"})
    assert not has_additions({"kind": "Deployment", "metadata": {}})


def test_an_addition_goes_and_a_restart_stays() -> None:
    """A workload that nobody changed is not rolled out again."""
    template = {
        "metadata": {"annotations": RESTARTED | {"mine": "yes"}},
        "spec": {"affinity": {}, "containers": [{"name": "speaker"}]},
    }
    meta = WANTED["metadata"] | {
        "annotations": GENERATION | {"mine": "yes"},
        "resourceVersion": "7",
    }
    found = {"metadata": meta, "spec": {"template": template}}

    wanted = without_additions(WANTED, found)

    assert wanted["metadata"] == WANTED["metadata"] | {
        "annotations": GENERATION,
        "resourceVersion": "7",
    }
    assert wanted["spec"]["template"] == {
        "metadata": {"annotations": RESTARTED},
        "spec": {"containers": [{"name": "speaker"}]},
    }
