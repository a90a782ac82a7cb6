"""What a check gets to look with: the fixture `lab` of a grader file."""

from __future__ import annotations

import contextlib
import secrets
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from graders.checks.objects import LABELS, temporary_object
from graders.errors import CannotCheck
from graders.probes.client import Client
from graders.probes.dhcp import Dhcp
from graders.probes.router import Router
from graders.providers.registry import machine_of, provider
from graders.settings import state_dir

if TYPE_CHECKING:
    from collections.abc import Iterator

    from graders.course.lab import Lab
    from graders.plan.plan import Plan
    from graders.probes.cluster import Cluster
    from graders.providers.machine import Machine

# Of a port of a Service; several ports must have names.
_PORT: Final = ("name", "port", "targetPort", "protocol")
# Of a Service, where it has it: who is to serve it.
_ALSO: Final = frozenset({"loadBalancerClass"})


@dataclass(frozen=True)
class Session:
    """One grading: the plan, the lab, and a view from each place."""

    plan: Plan
    lab: Lab
    variant: str
    cluster: Cluster
    shared: dict[str, Any] = field(default_factory=dict)
    # By a check's name: figures that are told when it passes, too.
    measurements: dict[str, str] = field(default_factory=dict)

    def machine(self, role: str) -> Machine:
        """Return a machine or node of the lab by its role."""
        return machine_of(self.plan, role)

    @cached_property
    def client(self) -> Client:
        """The client outside, behind the router."""
        return Client(self.machine("client"))

    @cached_property
    def lan_client(self) -> Client:
        """The client on the nodes' own segment."""
        return Client(self.machine("lan-client"))

    @cached_property
    def router(self) -> Router:
        """The FRR router between the LAN and the edge."""
        return Router(self.machine("router"))

    @cached_property
    def dhcp(self) -> Dhcp:
        """The DHCP server, asked from the LAN client."""
        return Dhcp(self.machine("dhcp"), self.machine("lan-client"))

    @cached_property
    def node_macs(self) -> dict[str, str]:
        """The name of each node by its MAC on the LAN.

        Raises:
            CannotCheck: a node is gone.

        """
        return provider().node_macs(self.plan)

    @contextlib.contextmanager
    def like(
        self, name: str, source: str, target: str, address: str = ""
    ) -> Iterator[str]:
        """Make a Service like `name` of `source` in namespace `target`.

        It asks for `address`, where one is given. Yields the new Service's
        name; it is removed in any case.

        Raises:
            CannotCheck: there is no such Service, or the API refuses.

        """
        body = _copy(self.cluster.service(name, source), target)
        if address:
            wish = {"metallb.io/loadBalancerIPs": address}
            body["metadata"]["annotations"] |= wish
        path = f"/api/v1/namespaces/{target}/services"
        with temporary_object(self, path, body):
            yield body["metadata"]["name"]


def _copy(service: dict[str, Any] | None, namespace: str) -> dict[str, Any]:
    """Return a new Service of the same kind: ports, selector, pool, class.

    Its labels go along, because pools and advertisements may choose by them.
    """
    if service is None:
        raise CannotCheck("the Service to make another like it is gone")
    kept = {
        key: value
        for key, value in service["metadata"].get("annotations", {}).items()
        if key.endswith("/address-pool")
    }
    ports = [
        {key: value for key, value in port.items() if key in _PORT}
        for port in service["spec"]["ports"]
    ]
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {
            "name": f"grader-{secrets.token_hex(3)}",
            "namespace": namespace,
            "labels": service["metadata"].get("labels", {}) | LABELS,
            "annotations": kept,
        },
        "spec": {
            "type": "LoadBalancer",
            "selector": service["spec"].get("selector", {}),
            "ports": ports,
            **{
                key: service["spec"][key]
                for key in _ALSO & service["spec"].keys()
            },
        },
    }


def open_session(plan: Plan, lab: Lab, variant: str) -> Session:
    """Connect to the student's cluster.

    Raises:
        CannotCheck: the kit's kubeconfig is not there.

    """
    from graders.probes.cluster import Cluster  # noqa: PLC0415 - see ahead

    kubeconfig = state_dir(plan.student) / "kubeconfig"
    return Session(plan, lab, variant, Cluster(kubeconfig, plan.context))
