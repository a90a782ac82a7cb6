"""The fixture `lab` of a grader file: the lab and views of its machines."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from graders.errors import CannotCheck
from graders.probes.client import Client
from graders.probes.dhcp import Dhcp
from graders.probes.router import Router
from graders.providers.registry import machine_of, provider
from graders.settings import state_dir

if TYPE_CHECKING:
    from graders.course.lab import Lab
    from graders.plan.plan import Plan
    from graders.probes.cluster import Cluster
    from graders.probes.outage import Outage
    from graders.providers.machine import Machine


@dataclass(frozen=True)
class Session:
    """One grading of a lab: its plan, and a view of each machine.

    `shared` has what one check leaves for a later one, `measurements` a line
    and `outages` an outage by a check's name, which are reported whether or
    not the check passes.

    Example:
        vip = lab.cluster.vip("web", "lab-1")
        lab.measurements["failover"] = "no answer for 7 s"

    """

    plan: Plan
    lab: Lab
    variant: str
    cluster: Cluster
    shared: dict[str, Any] = field(default_factory=dict)
    measurements: dict[str, str] = field(default_factory=dict)
    outages: dict[str, Outage] = field(default_factory=dict)

    def machine(self, role: str) -> Machine:
        """Return a machine or node by its role.

        Example:
            lab.machine("desk").run("ip", "route").out

        """
        return machine_of(self.plan, role)

    @cached_property
    def client(self) -> Client:
        """The outside client, behind the router."""
        return Client(self.machine("client"))

    @cached_property
    def lan_client(self) -> Client:
        """The client on the nodes' LAN."""
        return Client(self.machine("lan-client"))

    @cached_property
    def router(self) -> Router:
        """The FRR router between the LAN and the edge network."""
        return Router(self.machine("router"))

    @cached_property
    def dhcp(self) -> Dhcp:
        """The DHCP server, as the LAN client sees it."""
        return Dhcp(self.machine("dhcp"), self.machine("lan-client"))

    @cached_property
    def node_macs(self) -> dict[str, str]:
        """The nodes' names by their MACs on the LAN.

        Raises:
            CannotCheck: a node is gone or not on the LAN.

        """
        return provider().node_macs(self.plan)

    def require_machines(self) -> None:
        """Require that all machines and nodes run.

        Raises:
            CannotCheck: one does not, or the kit cannot look.

        """
        for role, status in provider().machines(self.plan).items():
            if not status.running:
                raise CannotCheck(
                    f"{role} does not run: it is {status.state}",
                    remedy="`lab up` mends it",
                )


def open_session(plan: Plan, lab: Lab, variant: str) -> Session:
    """Open a session with the student's cluster.

    Raises:
        CannotCheck: the kit's kubeconfig is missing.

    """
    from graders.probes.cluster import Cluster  # noqa: PLC0415 - slow; the commands preload it

    kubeconfig = state_dir(plan.student) / "kubeconfig"
    return Session(plan, lab, variant, Cluster(kubeconfig, plan.context))
