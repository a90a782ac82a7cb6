"""Every number of a lab, as a pure function of the student's name and nonce.

`demo` has the module's own numbers. Another name gives other numbers of the
same shape, the same every time; with the nonce of a class ticket, those of
that class. A slot is the n-th choice of networks, for
hosts on which the first choice is taken; see `graders.providers.kind`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from graders.plan.addresses import AddressPlan, app_addresses
from graders.plan.l2_election import ranked
from graders.plan.networks import (
    DEMO,
    check_student,
    networks_for,
    seed_of,
    shape_of,
    slots,
    stable_hash,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from ipaddress import IPv4Address, IPv4Network

__all__ = [
    "DEMO",
    "VARS",
    "Machine",
    "Plan",
    "check_student",
    "make_plan",
    "slots",
    "variant_for",
]

NODE_HOSTS: Final = {"control-plane": 2, "worker": 3, "worker2": 4}
LAN_HOSTS: Final = {"router": 2, "lan-client": 3, "dhcp": 4, "desk": 5}
EDGE_HOSTS: Final = {"router": 2, "client": 10}
STORAGE_HOSTS: Final = {**NODE_HOSTS, "desk": 5}


@dataclass(frozen=True)
class Machine:
    """A node or machine of the lab; an address it does not have is None."""

    role: str
    name: str
    lan: IPv4Address | None = None
    edge: IPv4Address | None = None

    def as_vars(self) -> dict[str, str]:
        """Return name and addresses; a missing address has no key."""
        found = {"name": self.name, "lan": self.lan, "edge": self.edge}
        return {key: str(value) for key, value in found.items() if value}


@dataclass(frozen=True)
class Plan(AddressPlan):
    """The numbers and names of one student's lab.

    `nonce` is that of the class ticket it was made with, or "".
    """

    student: str
    slot: int
    cluster: str
    lan_name: str
    edge: IPv4Network
    storage: IPv4Network

    pool_name: str = "kind-pool"
    advertisement_name: str = "kind-l2"
    bgp_pool_name: str = "production-services"
    bgp_peer_name: str = "tor-router"
    private_pool_name: str = "kind-private"
    app_pool_name: str = "app-services"
    ingress_pool_name: str = "ingress-vips"
    nonce: str = ""

    @property
    def context(self) -> str:
        """The context's name in the kit's kubeconfig."""
        return f"kind-{self.cluster}"

    @property
    def edge_name(self) -> str:
        """The network between router and outside client."""
        return f"{self.cluster}-edge"

    @property
    def storage_name(self) -> str:
        """The network on which lab 2's nodes reach their disks."""
        return f"{self.cluster}-storage"

    @property
    def domain(self) -> str:
        """The DNS domain of lab 6's applications."""
        return f"{self.student}.example"

    @property
    def edge_gateway(self) -> IPv4Address:
        """The host's own address on the edge."""
        return self.edge[1]

    @property
    def nodes(self) -> dict[str, Machine]:
        """The cluster's nodes by role."""
        return {
            role: Machine(role, self.machine_name(role), self._lan(1, host))
            for role, host in NODE_HOSTS.items()
        }

    @property
    def machines(self) -> dict[str, Machine]:
        """Everything that is not a node, by role.

        The desk's address here is the fixed one; it leases another by DHCP.
        """
        roles = dict.fromkeys((*LAN_HOSTS, *EDGE_HOSTS))
        return {role: self._machine(role) for role in roles}

    @property
    def l2_order(self) -> dict[str, dict[str, str]]:
        """Which worker owns `l2_vip` on Layer 2, and which one is next."""
        nodes = {node.name: node for node in self.nodes.values()}
        order = ranked(self.worker_names(), self.l2_vip)
        return {
            place: {
                "hash": digits,
                "role": nodes[name].role,
                **nodes[name].as_vars(),
            }
            for place, (name, digits) in zip(
                ("owner", "spare"), order, strict=True
            )
        }

    @property
    def vips_in_node_range(self) -> dict[str, IPv4Address]:
        """The VIPs of lab 5's applications in a pool in `node_range`."""
        return app_addresses(self.lan[LAN_HOSTS["desk"]])

    @property
    def pool_in_node_range(self) -> str:
        """A range from the desk's fixed address to the end of `node_range`."""
        first = self.vips_in_node_range["shop"]
        return f"{first}-{self.node_range[250]}"

    @property
    def storage_addresses(self) -> dict[str, IPv4Address]:
        """Who has which address on the storage network, by role."""
        return {role: self.storage[at] for role, at in STORAGE_HOSTS.items()}

    def machine_name(self, role: str) -> str:
        """Return the name of a node or machine."""
        return f"{self.cluster}-{role}"

    def interfaces(self, role: str) -> dict[str, str]:
        """Return a machine's or node's addresses by interface.

        Each with its prefix length; storage comes and goes with a lab.
        """
        machine = (self.nodes | self.machines)[role]
        ends = ((machine.lan, self.lan), (machine.edge, self.edge))
        found = [
            f"{address}/{net.prefixlen}" for address, net in ends if address
        ]
        return {f"eth{at}": address for at, address in enumerate(found)}

    def node_names(self) -> list[str]:
        """Return the nodes' names, control plane first."""
        return [node.name for node in self.nodes.values()]

    def worker_names(self) -> list[str]:
        """Return the names of the nodes that may announce a VIP.

        kind leaves the label that keeps load balancers off on its control
        plane.
        """
        return self.node_names()[1:]

    def machine_names(self) -> list[str]:
        """Return the names of all machines that are not nodes."""
        return [machine.name for machine in self.machines.values()]

    def as_vars(self) -> dict[str, Any]:
        """Return everything as plain strings, numbers and dictionaries.

        This is what Ansible, jinja2 and the briefs see; it goes through
        JSON unchanged.
        """
        return {name: _plain(getattr(self, name)) for name in VARS}

    def _machine(self, role: str) -> Machine:
        lan, edge = LAN_HOSTS.get(role), EDGE_HOSTS.get(role)
        return Machine(
            role,
            self.machine_name(role),
            self.lan[lan] if lan else None,
            self.edge[edge] if edge else None,
        )


# Every field and property but those from which the others are made.
_SOURCES: Final = {"shape", "nonce"}
VARS: Final = tuple(
    sorted(
        {*Plan.__dataclass_fields__} - _SOURCES
        | {
            name
            for kind in Plan.__mro__
            for name, value in vars(kind).items()
            if isinstance(value, property)
        }
    )
)


def make_plan(
    student: str = DEMO,
    slot: int = 0,
    lan_name: str | None = None,
    nonce: str = "",
) -> Plan:
    """Return the plan of `student` with its `slot`-th choice of networks.

    `lan_name` replaces the LAN's name (by default `kind` for demo, as in the
    module, and the cluster's name for others). `nonce` is that of a class
    ticket; `graders.plan.ticket` knows which one is installed.

    Raises:
        UsageError: the name or the slot is not allowed.

    """
    seed = seed_of(student, nonce)
    demo = student == DEMO
    cluster = "metallb-lab" if demo else f"metallb-lab-{student}"
    lan, edge, storage, bgp_pool = networks_for(seed, slot)
    return Plan(
        student=student,
        slot=slot,
        cluster=cluster,
        lan_name=lan_name or ("kind" if demo else cluster),
        lan=lan,
        edge=edge,
        storage=storage,
        bgp_pool=bgp_pool,
        shape=shape_of(seed),
        nonce=nonce,
    )


def variant_for(plan: Plan, lab_id: str, variants: Sequence[str]) -> str:
    """Return the fault variant that this student gets in this lab.

    It stays the same for ever, or in a class as long as the ticket's nonce;
    demo gets the first.
    """
    if plan.student == DEMO:
        return variants[0]
    seed = seed_of(plan.student, plan.nonce)
    return variants[stable_hash(f"{seed} {lab_id}") % len(variants)]


def _plain(value: object) -> Any:  # noqa: ANN401 - JSON has many types
    """Turn a value of the plan into what JSON can hold."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, Machine):
        return value.as_vars()
    return value if isinstance(value, int) else str(value)
