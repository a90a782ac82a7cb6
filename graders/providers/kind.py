"""Where a lab stands on this host, or could stand.

Nothing is remembered in files: the lab's own docker networks carry the
student and the slot as labels, and tell where it is.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from graders.errors import CannotCheck
from graders.plan.plan import DEMO, Plan, make_plan, slots
from graders.providers.docker import Docker, docker
from graders.providers.docker_networks import (
    DockerNetwork,
    docker_networks,
    host_routes,
)
from graders.providers.environment import inventory

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from ipaddress import IPv4Network

    from graders.providers.docker_networks import Route

LABEL_STUDENT: Final = "metallb-lab.student"
LABEL_SLOT: Final = "metallb-lab.slot"
LABEL_ROLE: Final = "metallb-lab.role"
KIND_LABEL: Final = "io.x-k8s.kind.cluster"
FALLBACK_LAN: Final = "metallb-lab"


@dataclass(frozen=True)
class UsedSubnet:
    """A network of this host that the lab must stay out of."""

    network: IPv4Network
    owner: str


@dataclass(frozen=True)
class Location:
    """A plan and how this host led to it.

    `exists` means that networks of this lab stand already. `moved_from` is
    the first choice of LAN when it is not the plan's, and `moved_because`
    says who has it (only known while the lab is not there yet).
    """

    plan: Plan
    exists: bool
    moved_from: IPv4Network | None = None
    moved_because: str = ""


def locate(
    student: str,
    docker: Docker = docker,
    routes: Callable[[], list[Route]] = host_routes,
) -> Location:
    """Return the plan of the lab that stands, or of the one to be made.

    On hosts it is the first choice: their networks are not the kit's.

    Raises:
        UsageError: the student's name is not allowed, or the inventory is
            not as it should be.
        CannotCheck: docker does not answer, no free network is left, or a
            network that is not the kit's has a name that the lab needs.

    """
    first = make_plan(student)
    if inventory():
        return Location(first, exists=True)
    networks = docker_networks(docker)
    ours = [net for net in networks if belongs_to(net, student)]
    lan_name = _lan_name(first, networks, ours)
    if ours:
        return _standing(first, ours, lan_name)
    return first_free_plan(
        student, used_subnets(student, networks, routes()), lan_name
    )


def used_subnets(
    student: str, networks: Sequence[DockerNetwork], routes: Sequence[Route]
) -> list[UsedSubnet]:
    """Return what this host uses, without what this student's lab uses.

    Docker networks come first, so that a network and not the route to its
    bridge is named as the owner.
    """
    ours = [net for net in networks if belongs_to(net, student)]
    own_bridges = {net.bridge for net in ours}
    by_docker = [
        UsedSubnet(subnet, f"docker network {net.name}")
        for net in networks
        if net not in ours
        for subnet in net.subnets
    ]
    by_route = [
        UsedSubnet(
            route.network, f"route to {route.network} on {route.device}"
        )
        for route in routes
        if route.device not in own_bridges
    ]
    return by_docker + by_route


def first_free_plan(
    student: str, taken: Sequence[UsedSubnet], lan_name: str | None = None
) -> Location:
    """Return the first plan that collides with nothing.

    Raises:
        CannotCheck: every slot collides.

    """
    wanted = make_plan(student, lan_name=lan_name)
    for slot in slots(student):
        plan = make_plan(student, slot, lan_name)
        if not collision(plan, taken):
            moved = plan.lan != wanted.lan
            return Location(
                plan,
                exists=False,
                moved_from=wanted.lan if moved else None,
                moved_because=collision(wanted, taken),
            )
    raise CannotCheck(
        f"all {len(slots(student))} networks that the lab may use are"
        f" taken, {wanted.lan} by {collision(wanted, taken)}",
        way_out="remove docker networks you no longer need (`docker network"
        " prune`), or leave the VPN",
    )


def collision(plan: Plan, taken: Sequence[UsedSubnet]) -> str:
    """Return who has a network that the plan needs, or an empty string."""
    for other in taken:
        if any(
            other.network.overlaps(ours)
            for ours in (plan.lan, plan.edge, plan.storage)
        ):
            return other.owner
    return ""


def belongs_to(net: DockerNetwork, student: str) -> bool:
    """Say whether the kit made this network for this student."""
    return net.labels.get(LABEL_STUDENT) == student


def foreign_cluster(plan: Plan, docker: Docker = docker) -> str | None:
    """Return the name of a node of somebody else's cluster of our name.

    A cluster is ours when one of its nodes is on a network of ours: while
    addresses are being pinned, a node may be on none.
    """
    listed = docker(
        *("ps", "-a", "--format", "{{.Names}}"),
        *("--filter", f"label={KIND_LABEL}={plan.cluster}"),
    ).split()
    if not listed:
        return None
    ours = {
        net.name
        for net in docker_networks(docker)
        if belongs_to(net, plan.student)
    }
    nodes: list[dict[str, Any]] = json.loads(docker("inspect", *listed))
    for node in nodes:
        if ours & set(node["NetworkSettings"]["Networks"]):
            return None
    return min(listed)


def _standing(
    first: Plan, ours: Sequence[DockerNetwork], lan_name: str
) -> Location:
    """Return the plan that the labels of the lab's networks name."""
    plan = make_plan(first.student, _slot(first, ours), lan_name)
    others = {plan.edge_name: plan.edge, plan.storage_name: plan.storage}
    for net in ours:
        want = others.get(net.name, plan.lan)
        if net.subnets != (want,):
            shown = ", ".join(map(str, net.subnets)) or "no subnet"
            raise CannotCheck(
                f"docker network {net.name} must have {want} for this lab,"
                f" not {shown}",
                way_out="run `lab down`, then `lab up`",
            )
    moved = plan.lan != first.lan
    return Location(plan, exists=True, moved_from=first.lan if moved else None)


def _slot(first: Plan, ours: Sequence[DockerNetwork]) -> int:
    """Return the slot that all networks of the lab agree on."""
    labels = {net.labels.get(LABEL_SLOT, "") for net in ours}
    label = labels.pop()
    allowed = {str(slot) for slot in slots(first.student)}
    if labels or label not in allowed:
        found = ", ".join(net.name for net in ours)
        raise CannotCheck(
            f"docker networks {found} must carry one and the same label"
            f" {LABEL_SLOT}, 0 to {len(allowed) - 1}",
            way_out="run `lab down`, then `lab up`",
        )
    return int(label)


def _lan_name(
    first: Plan,
    networks: Sequence[DockerNetwork],
    ours: Sequence[DockerNetwork],
) -> str:
    """Return the LAN's name; somebody else's network is left alone."""
    for net in ours:
        if net.labels.get(LABEL_ROLE) == "lan":
            return net.name
    foreign = {net.name for net in networks if net not in ours}
    name = first.lan_name
    # The module's network `kind` is also what every other kind cluster on
    # this machine uses.
    if first.student == DEMO and name in foreign:
        name = FALLBACK_LAN
    for wanted in (name, first.edge_name, first.storage_name):
        if wanted in foreign:
            raise CannotCheck(
                f"docker network {wanted} is not of this lab (no label"
                f" {LABEL_STUDENT}={first.student}) but has a name that it"
                " needs",
                way_out=f"remove it (`docker network rm {wanted}`) if it is"
                " yours to remove, or use another --student",
            )
    return name


def plan_from_routes(student: str) -> Location:
    """Return the plan as far as the host's routes decide it.

    For the time before any engine runs: there are no docker networks then.
    """
    return first_free_plan(student, used_subnets(student, [], host_routes()))
