"""Find a lab's networks on this computer, or free ones for it.

There is no state file: the lab's own docker networks have student and slot
as labels.
"""

from __future__ import annotations

import json
import os
import pwd
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from graders.errors import CannotCheck, UsageError, parsing
from graders.plan.plan import DEMO, Plan, make_plan, slots
from graders.plan.ticket import NONCE, installed_nonce
from graders.providers.base import Location
from graders.providers.docker import Docker, docker
from graders.providers.docker_networks import (
    DockerNetwork,
    docker_networks,
    host_routes,
)
from graders.settings import wanted_slot

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from ipaddress import IPv4Network

    from graders.providers.docker_networks import Route

LABEL_STUDENT: Final = "metallb-lab.student"
LABEL_SLOT: Final = "metallb-lab.slot"
# Of the class ticket that the lab was created with.
LABEL_NONCE: Final = "metallb-lab.nonce"
LABEL_ROLE: Final = "metallb-lab.role"
# The number of the account that has created a network.
LABEL_OWNER: Final = "metallb-lab.owner"
KIND_LABEL: Final = "io.x-k8s.kind.cluster"
FALLBACK_LAN: Final = "metallb-lab"


@dataclass(frozen=True)
class UsedSubnet:
    """A network of this computer that the lab must not overlap."""

    network: IPv4Network
    owner: str


def locate(  # noqa: PLR0913 - what accounts and tests vary
    student: str,
    docker: Docker = docker,
    routes: Callable[[], list[Route]] = host_routes,
    *,
    any_owner: bool = False,
    nonce: str | None = None,
) -> Location:
    """Return the plan of the lab that exists, or of the one to create.

    One that exists keeps the nonce it was created with; another one gets
    `nonce`, by default that of the student's class ticket.

    Raises:
        UsageError: the student's name is not allowed, the class ticket is
            damaged, or the lab belongs to another account of this computer,
            unless it may with `any_owner`.
        CannotCheck: docker does not answer, no free network is left, or a
            network of another owner has a name that the lab needs.

    """
    networks = docker_networks(docker)
    return locate_among(
        student, networks, routes, any_owner=any_owner, nonce=nonce
    )


def locate_among(  # noqa: PLR0913 - as above
    student: str,
    networks: Sequence[DockerNetwork],
    routes: Callable[[], list[Route]] = host_routes,
    *,
    any_owner: bool = False,
    nonce: str | None = None,
) -> Location:
    """Return the same, with docker's networks known already.

    Raises:
        KitError: as `locate`.

    """
    ours = [net for net in networks if belongs_to(net, student)]
    if ours:
        nonce = _nonce(ours)
    elif nonce is None:
        nonce = installed_nonce(student)
    first = make_plan(student, nonce=nonce)
    if not any_owner:
        _refuse_other_account(student, ours)
    lan_name = _lan_name(first, networks, ours)
    if ours:
        return _existing(first, ours, lan_name)
    return first_free_plan(
        first, used_subnets(student, networks, routes()), lan_name
    )


def used_subnets(
    student: str, networks: Sequence[DockerNetwork], routes: Sequence[Route]
) -> list[UsedSubnet]:
    """Return what this computer uses, without what this student's lab uses.

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
    first: Plan, used: Sequence[UsedSubnet], lan_name: str | None = None
) -> Location:
    """Return the first choice, or the next one that collides with nothing.

    Raises:
        CannotCheck: every slot collides.

    """
    student, nonce = first.student, first.nonce
    only = wanted_slot()
    possible = slots(student) if only is None else range(only, only + 1)
    wanted = make_plan(student, possible[0], lan_name, nonce)
    for slot in possible:
        plan = make_plan(student, slot, lan_name, nonce)
        if not collision(plan, used):
            moved = plan.lan != wanted.lan
            return Location(
                plan,
                exists=False,
                moved_from=wanted.lan if moved else None,
                moved_because=collision(wanted, used),
            )
    raise CannotCheck(
        f"all {len(possible)} networks that the lab may use are taken,"
        f" {wanted.lan} by {collision(wanted, used)}",
        remedy="remove docker networks you no longer need (`docker network"
        " prune`), or leave the VPN",
    )


def collision(plan: Plan, used: Sequence[UsedSubnet]) -> str:
    """Return what uses a network that the plan needs, or an empty string."""
    for other in used:
        if any(
            other.network.overlaps(ours)
            for ours in (plan.lan, plan.edge, plan.storage)
        ):
            return other.owner
    return ""


def belongs_to(net: DockerNetwork, student: str) -> bool:
    """Tell whether the kit created this network for this student."""
    return net.labels.get(LABEL_STUDENT) == student


def foreign_cluster(plan: Plan, docker: Docker = docker) -> str | None:
    """Return a node of a cluster of our name that is not ours, if any.

    Raises:
        CannotCheck: docker does not answer.

    """
    listed = docker(
        *("ps", "-a", "--format", "{{.Names}}"),
        *("--filter", f"label={KIND_LABEL}={plan.cluster}"),
    ).split()
    if not listed:
        return None
    nodes = docker("inspect", *listed)
    networks = docker_networks(docker)
    with parsing("what docker says of kind's nodes", "see `lab doctor`"):
        return foreign_node(
            plan.student,
            networks,
            dict(zip(listed, json.loads(nodes), strict=True)),
        )


def foreign_node(
    student: str,
    networks: Sequence[DockerNetwork],
    nodes: Mapping[str, dict[str, Any]],
) -> str | None:
    """Return one of the cluster's `nodes` if the cluster is not ours.

    It is ours if one of its nodes is on a network of ours: while addresses
    are being pinned, a node may be on none.
    """
    ours = {net.name for net in networks if belongs_to(net, student)}
    if any(
        ours & set(node["NetworkSettings"]["Networks"])
        for node in nodes.values()
    ):
        return None
    return min(nodes, default=None)


def _refuse_other_account(student: str, ours: Sequence[DockerNetwork]) -> None:
    """Raise UsageError if another account has created the lab.

    Its kubeconfig and its state are in that account's folders.
    """
    own = str(os.getuid())
    others = {net.labels.get(LABEL_OWNER, own) for net in ours} - {own}
    if others:
        name = account_name(others.pop())
        raise UsageError(
            f"the lab of student {student} on this computer belongs to"
            f" account {name}",
            remedy="use another name (STUDENT=name make ...), or have"
            f" {name} run `lab down`",
        )


def account_name(uid: str) -> str:
    """Return the name of an account, or its number if it has none."""
    try:
        return pwd.getpwuid(int(uid)).pw_name
    except (KeyError, ValueError):
        return uid


def running_students(docker: Docker = docker) -> set[str]:
    """Return the students who have running machines on the engine.

    Raises:
        CannotCheck: docker does not answer.

    """
    shown = f'{{{{.Label "{LABEL_STUDENT}"}}}}'
    ours = f"label={LABEL_STUDENT}"
    return set(docker("ps", "--filter", ours, "--format", shown).split())


def _existing(
    first: Plan, ours: Sequence[DockerNetwork], lan_name: str
) -> Location:
    """Return the plan that the labels of the lab's networks name."""
    slot = _slot(first, ours)
    plan = make_plan(first.student, slot, lan_name, first.nonce)
    others = {plan.edge_name: plan.edge, plan.storage_name: plan.storage}
    for net in ours:
        want = others.get(net.name, plan.lan)
        if net.subnets != (want,):
            shown = ", ".join(map(str, net.subnets)) or "no subnet"
            raise CannotCheck(
                f"docker network {net.name} must have {want} for this lab,"
                f" not {shown}",
                remedy="run `lab down`, then `lab up`",
            )
    moved = plan.lan != first.lan
    return Location(plan, exists=True, moved_from=first.lan if moved else None)


def _slot(first: Plan, ours: Sequence[DockerNetwork]) -> int:
    """Return the slot that all networks of the lab agree on."""
    allowed = [str(slot) for slot in slots(first.student)]
    return int(
        _label(ours, LABEL_SLOT, f"0 to {allowed[-1]}", allowed.__contains__)
    )


def _nonce(ours: Sequence[DockerNetwork]) -> str:
    """Return the nonce that the lab was created with, "" without a ticket."""
    return _label(
        ours,
        LABEL_NONCE,
        "16 hexadecimal digits or none",
        lambda label: not label or bool(NONCE.fullmatch(label)),
    )


def _label(
    ours: Sequence[DockerNetwork],
    name: str,
    rule: str,
    allowed: Callable[[str], bool],
) -> str:
    """Return the label that all networks of the lab agree on."""
    labels = {net.labels.get(name, "") for net in ours}
    label = labels.pop()
    if labels or not allowed(label):
        names = ", ".join(net.name for net in ours)
        raise CannotCheck(
            f"docker networks {names} must carry one and the same label"
            f" {name}, {rule}",
            remedy="run `lab down`, then `lab up`",
        )
    return label


def _lan_name(
    first: Plan,
    networks: Sequence[DockerNetwork],
    ours: Sequence[DockerNetwork],
) -> str:
    """Return the LAN's name; networks of other owners are not used."""
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
                remedy=f"remove it (`docker network rm {wanted}`) if it is"
                " yours to remove, or use another --student",
            )
    return name


def plan_from_routes(student: str) -> Location:
    """Return the plan as far as this computer's routes decide it.

    Before an engine runs there are no docker networks.

    Raises:
        CannotCheck: no free network is left.

    """
    first = make_plan(student, nonce=installed_nonce(student))
    return first_free_plan(first, used_subnets(student, [], host_routes()))
