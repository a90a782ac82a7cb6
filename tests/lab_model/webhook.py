"""MetalLB's webhook, as its ValidatingWebhookConfiguration has it called."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.fakes import Object
    from tests.lab_model.controllers import Controllers
    from tests.lab_model.model import LabModel

_OPERATIONS = {"POST": "CREATE", "PUT": "UPDATE", "PATCH": "UPDATE"}
KINDS = (
    *("ipaddresspools", "l2advertisements", "bgpadvertisements"),
    *("communities", "bgppeers"),
)


def configuration() -> Object:
    """Return the configuration as the chart has it."""
    service = {"name": "webhook", "namespace": "metallb-system"}
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": "metallb-webhook-configuration"},
        "webhooks": [
            {
                "name": f"{kind}.metallb.io",
                "failurePolicy": "Fail",
                "clientConfig": {"service": service},
                "rules": [
                    {"operations": ["CREATE", "UPDATE"], "resources": [kind]}
                ],
            }
            for kind in KINDS
        ],
    }


def webhook_deleted(model: LabModel) -> None:
    """Delete the configuration: nobody asks MetalLB."""
    model.cluster.remove(model.one("ValidatingWebhookConfiguration"))


def webhook_ignored(model: LabModel) -> None:
    """Accept what MetalLB cannot look at."""
    for webhook in webhooks(model):
        webhook["failurePolicy"] = "Ignore"


def webhook_of_some_objects(model: LabModel) -> None:
    """Leave out the pools that have a label."""
    rule = {"key": "draft", "operator": "DoesNotExist"}
    webhooks(model)[0]["objectSelector"] = {"matchExpressions": [rule]}


def webhook_of_pools(model: LabModel) -> None:
    """Leave out the kinds after pools and advertisements."""
    del webhooks(model)[3:]


def webhooks(model: LabModel) -> list[Object]:
    """Return the webhooks of the only configuration, to be changed."""
    found: list[Object] = model.one("ValidatingWebhookConfiguration")[
        "webhooks"
    ]
    return found


def is_whole(model: LabModel) -> bool:
    """Tell whether MetalLB is asked about each kind, and answers."""
    (found,) = model.cluster.all("ValidatingWebhookConfiguration")
    return (
        found["webhooks"] == configuration()["webhooks"]
        and model.controllers.controller_runs()
    )


@dataclass
class Webhook:
    """Says why a request is refused, "" if it is not."""

    controllers: Controllers

    def refuses(self, verb: str, path: str, body: Object) -> str:
        """Answer as the API server does, which asks MetalLB."""
        bare = path.partition("?")[0]
        plural = bare.split("/")[-2 if verb in {"PUT", "PATCH"} else -1]
        for webhook in self._webhooks(plural, _OPERATIONS.get(verb, "")):
            if not self.controllers.controller_runs():
                if webhook["failurePolicy"] == "Fail":
                    return "failed calling webhook: connection refused"
                continue
            if why := _invalid(body.get("spec", {})):
                return f"admission webhook denied the request: {why}"
        return ""

    def _webhooks(self, plural: str, operation: str) -> list[dict[str, Any]]:
        return [
            webhook
            for item in self.controllers.cluster.all(
                "ValidatingWebhookConfiguration"
            )
            for webhook in item["webhooks"]
            for rule in webhook["rules"]
            if plural in rule["resources"] and operation in rule["operations"]
        ]


def _invalid(spec: dict[str, Any]) -> str:
    """Return what MetalLB would not accept of the specs that are sent."""
    for text in spec.get("addresses", []):
        first, _, last = text.partition("-")
        if last and int(_ip(first)) > int(_ip(last)):
            return f"invalid IP range {text}"
    names = spec.get("ipAddressPools", [])
    if len(names) != len({*names}):
        return "duplicate pools"
    if spec.get("aggregationLength", 32) > 32:
        return "invalid aggregation length"
    named = [one for one in spec.get("communities", []) if "value" in one]
    if any(":" not in one["value"] for one in named):
        return "invalid community"
    if "peerAddress" in spec and "peerASN" not in spec:
        return "missing peer ASN"
    return ""


def _ip(text: str) -> ipaddress.IPv4Address:
    return ipaddress.IPv4Address(text.strip())
