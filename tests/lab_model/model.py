"""One lab: its objects, and machines that answer as those of a real one."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any

from graders.checks.session import Session
from graders.providers.machine import Output
from tests.fakes import FakeCluster, FakeDocker
from tests.lab_model.commands import answer
from tests.lab_model.controllers import Controllers, vip_of
from tests.lab_model.dhcp import DhcpServer, of_the_site
from tests.lab_model.gateway import EnvoyGateway
from tests.lab_model.router import FakeRouter
from tests.lab_model.webhook import Webhook

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from graders.course.lab import Lab
    from graders.plan.plan import Plan
    from graders.probes.static_entries import Kind


@dataclass
class LabModel:
    """A lab as it should be, until a test changes it.

    `interfaces` are addresses by role and device, also those that a student
    has added; on devices that are `deaf` no ARP is answered for them.
    `permanent` are fixed neighbours by role and address, `tables` more lines
    of a machine's tables by role and kind, as `static_entries` reads them;
    `strangers` are MACs that answer for an address, too. `lost` says of a
    flow whether it gets no answer: given its source, the node that it goes
    through, and its number.
    `seen_as` is what the router makes of a source. `adjust` runs whenever
    the controllers have.
    """

    plan: Plan
    lab: Lab
    variant: str = ""
    interfaces: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    permanent: dict[str, dict[str, str]] = field(default_factory=dict)
    tables: dict[str, dict[Kind, list[str]]] = field(default_factory=dict)
    deaf: set[str] = field(default_factory=set)
    strangers: dict[str, list[str]] = field(default_factory=dict)
    lost: Callable[[str, str, int], bool] = lambda *_: False
    seen_as: Callable[[str], str] = lambda source: source
    adjust: Callable[[], None] = lambda: None
    # Seconds and whether a watched request was answered.
    samples: list[tuple[float, bool]] = field(
        default_factory=lambda: [
            (at / 5, not 20 < at < 51) for at in range(99)
        ]
    )
    # Answers of machines that are otherwise than the model's, by command.
    answers: dict[str, Output] = field(default_factory=dict)
    baseline: dict[str, dict[str, str]] = field(default_factory=dict)
    # Ports that pods see instead of a client's own, one after the other.
    seen_ports: Iterator[str] = field(default_factory=lambda: iter(()))
    # Machines on which no address can be added.
    refuses_addresses: set[str] = field(default_factory=set)
    # Addresses that the client was lent, and those that it gave back.
    taken: set[str] = field(default_factory=set)
    given_back: set[str] = field(default_factory=set)
    # Sockets for DHCP requests, as `ss` shows them, by role.
    sockets: dict[str, str] = field(
        default_factory=lambda: {"dhcp": socket("*")}
    )
    # What `ps` lists, by role.
    processes: dict[str, str] = field(default_factory=dict)
    speaker_port: int = 179
    desk_serves: bool = True
    keeps_connections: bool = True
    balances_requests: bool = False
    # The exit code of `timeout 1`, when a node knocks without a password.
    knock: int = 124
    # Whether speakers reach each other.
    gossips: bool = True
    numbers: Iterator[int] = field(default_factory=lambda: count(1))
    # Whether nodes that are not silent renew their leases.
    renews: bool = True
    renewals: Iterator[int] = field(default_factory=lambda: count(1))

    def __post_init__(self) -> None:
        """Connect the parts."""
        self.lock = threading.RLock()
        self.cluster = FakeCluster(update=self.settle)
        self.controllers = Controllers(self.cluster)
        self.gateways = EnvoyGateway(self.cluster)
        self.cluster.admission = Webhook(self.controllers).refuses
        self.docker = FakeDocker()
        self.router = FakeRouter(self.plan, self.controllers)
        self.dhcp: DhcpServer = of_the_site(self.plan, self.mac("desk"))
        for role in (*self.plan.nodes, *self.plan.machines):
            ends = self.plan.interfaces(role)
            self.interfaces[role] = {
                dev: [address.partition("/")[0]]
                for dev, address in ends.items()
            }
        lease = self.dhcp.leases[self.mac("desk")]
        self.interfaces["desk"]["eth0:lease"] = [lease]
        for role, node in self.plan.nodes.items():
            end = {"MacAddress": self.mac(role).upper()}
            networks = {self.plan.lan_name: end}
            self.docker.containers[node.name] = {
                "NetworkSettings": {"Networks": networks}
            }

    def session(self) -> Session:
        """Return what a check is given."""
        return Session(self.plan, self.lab, self.variant, self.cluster)

    def settle(self) -> None:
        """Bring cluster and network to rest."""
        with self.lock:
            self.controllers.silent |= self.docker.paused
            self.controllers.silent -= (
                self.docker.containers.keys() - self.docker.paused
            )
            self.gateways.write()
            self.controllers.settle()
            self.gateways.report()
            self._renew_leases()
            self.adjust()

    def _renew_leases(self) -> None:
        for lease in self.cluster.all("Lease") if self.renews else []:
            if lease["metadata"]["name"] not in self.docker.paused:
                lease["spec"]["renewTime"] = f"{next(self.renewals):06}"

    # Objects.

    def service(self, name: str) -> Any:  # noqa: ANN401 - JSON
        """Return a Service, to be changed in place."""
        return self.cluster.one("Service", name)

    def one(self, kind: str, name: str = "") -> Any:  # noqa: ANN401 - JSON
        """Return the only object of its kind, or that with this name."""
        if name:
            return self.cluster.one(kind, name)
        (found,) = self.cluster.all(kind)
        return found

    def vip(self, name: str) -> str:
        """Return a Service's VIP."""
        return vip_of(self.service(name))

    def set_vip(self, name: str, *addresses: str) -> None:
        """Write a Service's status, as only a controller should."""
        ingress = [{"ip": address} for address in addresses]
        self.service(name)["status"] = {"loadBalancer": {"ingress": ingress}}

    def ranges(self, *texts: str, pool: str = "") -> None:
        """Give a pool, or the only one, these ranges."""
        self.one("IPAddressPool", pool)["spec"]["addresses"] = [*texts]

    def announcer(self, vip: str) -> str:
        """Return the node that says that it announces a VIP on Layer 2."""
        (node,) = {
            item["status"]["node"]
            for item in self.cluster.all("ServiceL2Status")
            if self.vip(item["status"]["serviceName"]) == vip
        }
        return str(node)

    def cordoned(self) -> set[str]:
        """Return the nodes that take no pods."""
        return {
            node["metadata"]["name"]
            for node in self.cluster.all("Node")
            if node["spec"].get("unschedulable")
        }

    # The network.

    def mac(self, role: str) -> str:
        """Return a machine's MAC on the LAN."""
        roles = [*self.plan.nodes, *self.plan.machines]
        return f"02:42:ac:12:01:{roles.index(role) + 2:02x}"

    def run(self, role: str, argv: tuple[str, ...]) -> Output:
        """Answer a command of a machine."""
        with self.lock:
            self.settle()
            shown = " ".join(argv)
            if f"{role}: {shown}" in self.answers:
                return self.answers[f"{role}: {shown}"]
            found = answer(self, role, argv)
            if isinstance(found, int):
                return Output(shown, found, "", "failed" if found else "")
            return Output(shown, 0, found, "")


def socket(address: str, program: str = "") -> str:
    """Return a socket for DHCP requests as `ss` shows it.

    In a container it does not name the program.
    """
    users = program and f'users:(("{program}",pid=12,fd=4))'
    return f"UNCONN 0      0      {address}:67      0.0.0.0:*    {users}\n"
