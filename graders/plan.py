"""Every number of a lab, as a pure function of the student's name.

`demo` has the module's own numbers. Another name gives other numbers of the
same shape, the same every time. A slot is the n-th choice of networks, for
hosts on which the first choice is taken; see `graders.hostnet`.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from typing import TYPE_CHECKING, Any, Final

from graders.plan_choice import (
    DEMO,
    Shape,
    check_student,
    fixed_number,
    networks_of,
    shape_of,
    slots,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

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
    """One container of the lab; an address it does not have is None."""

    role: str
    name: str
    lan: IPv4Address | None = None
    edge: IPv4Address | None = None

    def as_vars(self) -> dict[str, str]:
        """Return name and addresses; a missing address has no key."""
        found = {"name": self.name, "lan": self.lan, "edge": self.edge}
        return {key: str(value) for key, value in found.items() if value}


@dataclass(frozen=True)
class Plan:
    """The numbers and names of one student's lab."""

    student: str
    slot: int
    cluster: str
    lan_name: str
    lan: IPv4Network
    edge: IPv4Network
    storage: IPv4Network
    bgp_pool: IPv4Network
    shape: Shape

    pool_name: str = "kind-pool"
    advertisement_name: str = "kind-l2"
    bgp_pool_name: str = "production-services"
    bgp_peer_name: str = "tor-router"
    private_pool_name: str = "kind-private"

    @property
    def context(self) -> str:
        """The context's name in the kit's kubeconfig."""
        return f"kind-{self.cluster}"

    @property
    def edge_name(self) -> str:
        """The docker network between router and outside client."""
        return f"{self.cluster}-edge"

    @property
    def storage_name(self) -> str:
        """The docker network on which lab 2's nodes reach their disks."""
        return f"{self.cluster}-storage"

    @property
    def state_volume(self) -> str:
        """The docker volume that holds /lab on machine dhcp."""
        return f"{self.cluster}-state"

    @property
    def lan_gateway(self) -> IPv4Address:
        """The host's own address on the LAN."""
        return self.lan[1]

    @property
    def edge_gateway(self) -> IPv4Address:
        """The host's own address on the edge."""
        return self.edge[1]

    @property
    def docker_range(self) -> IPv4Network:
        """What docker may hand out by itself on the LAN."""
        return self._third(1)

    @property
    def nodes(self) -> dict[str, Machine]:
        """The cluster's nodes by role."""
        return {
            role: Machine(role, self.docker_name(role), self._lan(1, host))
            for role, host in NODE_HOSTS.items()
        }

    @property
    def machines(self) -> dict[str, Machine]:
        """Everything that is not a node, by role.

        The desk's address here is docker's; it leases another by DHCP.
        """
        roles = dict.fromkeys((*LAN_HOSTS, *EDGE_HOSTS))
        return {role: self._machine(role) for role in roles}

    @property
    def dhcp_first(self) -> IPv4Address:
        """The first address that the DHCP server leases."""
        return self._lan(self.shape.dhcp_third, self.shape.dhcp_host)

    @property
    def dhcp_last(self) -> IPv4Address:
        """The last address that the DHCP server leases."""
        return self.dhcp_first + 99

    @property
    def service_range(self) -> IPv4Network:
        """What the site keeps for Services; a pool grows only in here."""
        return self._third(self.shape.service_third)

    @property
    def pool_first(self) -> IPv4Address:
        """The first address of the pool."""
        return self.service_range[self.shape.pool_host]

    @property
    def pool_last(self) -> IPv4Address:
        """The last address of the pool."""
        return self.pool_first + 50

    @property
    def pool(self) -> str:
        """The pool as MetalLB writes a range."""
        return f"{self.pool_first}-{self.pool_last}"

    @property
    def small_pool_last(self) -> IPv4Address:
        """The last of the two or three first addresses of the pool."""
        return self.pool_first + self.shape.small - 1

    @property
    def small_pool(self) -> str:
        """A range of two or three addresses, soon exhausted."""
        return f"{self.pool_first}-{self.small_pool_last}"

    @property
    def free_first(self) -> IPv4Address:
        """The first address of the service range that no pool has."""
        return self.service_range[1]

    @property
    def free_last(self) -> IPv4Address:
        """The last address before the pool."""
        return self.pool_first - 1

    @property
    def private_pool(self) -> str:
        """A second range of the pool's size, beside the service range."""
        first = self.pool_first - 256
        return f"{first}-{first + 50}"

    @property
    def neighbour_vips(self) -> dict[str, IPv4Address]:
        """The VIPs that other teams' Services hold already."""
        return {
            "billing": self.pool_first + 10,
            "search": self.pool_first + 11,
        }

    @property
    def outside_address(self) -> IPv4Address:
        """An address outside every pool; the DHCP server leases it."""
        return self.dhcp_first + 50

    @property
    def bgp_vip(self) -> IPv4Address:
        """The VIP of the Service that is announced by BGP."""
        return self.bgp_pool[7]

    @property
    def foreign_pool(self) -> IPv4Network:
        """Addresses beside the BGP pool, which no router must accept."""
        return IPv4Network((self.bgp_pool.broadcast_address + 1, 28))

    @property
    def bgp_neighbour_vip(self) -> IPv4Address:
        """The VIP of another team's Service that is announced by BGP."""
        return self.bgp_pool[8]

    @property
    def l2_vip(self) -> IPv4Address:
        """The VIP by which lab 2's customers know web."""
        return self.pool_first + 20

    @property
    def private_vip(self) -> IPv4Address:
        """The address of a Service that nobody outside may reach."""
        return self.pool_first - 256 + 5

    @property
    def storage_addresses(self) -> dict[str, IPv4Address]:
        """Who has which address on the storage network, by role."""
        return {role: self.storage[at] for role, at in STORAGE_HOSTS.items()}

    @property
    def cluster_asn(self) -> int:
        """The AS number of the speakers."""
        return self.shape.cluster_asn

    @property
    def router_asn(self) -> int:
        """The AS number of the router."""
        return self.shape.cluster_asn + 1

    def docker_name(self, role: str) -> str:
        """Return the container's name of a node or machine."""
        return f"{self.cluster}-{role}"

    def node_names(self) -> list[str]:
        """Return the nodes' names, control plane first."""
        return [node.name for node in self.nodes.values()]

    def machine_names(self) -> list[str]:
        """Return the names of all containers that are not nodes."""
        return [machine.name for machine in self.machines.values()]

    def as_vars(self) -> dict[str, Any]:
        """Return everything as plain strings, numbers and dictionaries.

        This is what Ansible, jinja2 and the briefs see; it goes through
        JSON unchanged.
        """
        return {name: _plain(getattr(self, name)) for name in VARS}

    def _third(self, third: int) -> IPv4Network:
        return IPv4Network((self.lan[third * 256], 24))

    def _lan(self, third: int, host: int) -> IPv4Address:
        return self.lan[third * 256 + host]

    def _machine(self, role: str) -> Machine:
        lan, edge = LAN_HOSTS.get(role), EDGE_HOSTS.get(role)
        return Machine(
            role,
            self.docker_name(role),
            self.lan[lan] if lan else None,
            self.edge[edge] if edge else None,
        )


# Every field and property but `shape`, which is how the others are made.
VARS: Final = tuple(
    sorted(
        {name for name in Plan.__dataclass_fields__ if name != "shape"}
        | {
            name
            for name, value in vars(Plan).items()
            if isinstance(value, property)
        }
    )
)


def make_plan(
    student: str = DEMO, slot: int = 0, lan_name: str | None = None
) -> Plan:
    """Return the plan of `student` with its `slot`-th choice of networks.

    `lan_name` replaces the docker network's name (by default `kind` for
    demo, as in the module, and the cluster's name for others).

    Raises:
        UsageError: the name or the slot is not allowed.

    """
    check_student(student)
    demo = student == DEMO
    cluster = "metallb-lab" if demo else f"metallb-lab-{student}"
    lan, edge, storage, bgp_pool = networks_of(student, slot)
    return Plan(
        student=student,
        slot=slot,
        cluster=cluster,
        lan_name=lan_name or ("kind" if demo else cluster),
        lan=lan,
        edge=edge,
        storage=storage,
        bgp_pool=bgp_pool,
        shape=shape_of(student),
    )


def variant_for(plan: Plan, lab_id: str, variants: Sequence[str]) -> str:
    """Return the fault variant that this student gets in this lab.

    It stays the same for ever; demo gets the first.
    """
    if plan.student == DEMO:
        return variants[0]
    return variants[fixed_number(f"{plan.student} {lab_id}") % len(variants)]


def _plain(value: object) -> Any:  # noqa: ANN401 - JSON has many types
    """Turn a value of the plan into what JSON can hold."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, Machine):
        return value.as_vars()
    return value if isinstance(value, int) else str(value)
