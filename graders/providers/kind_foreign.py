"""Find containers and volumes of other owners with names that a lab needs.

A container of the lab has the student's label, a node that of its kind
cluster; the volume has the student's label as well. In a lab that an earlier
version of the kit created, only the machine that uses the volume has it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from graders.errors import UsageError
from graders.providers.kind_location import KIND_LABEL, LABEL_STUDENT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from graders.plan.plan import Plan
    from graders.providers.docker import Docker

_CONTAINERS: Final = (
    f'{{{{.Names}}}}\t{{{{.Label "{KIND_LABEL}"}}}}'
    f'\t{{{{.Label "{LABEL_STUDENT}"}}}}'
)
_VOLUMES: Final = f'{{{{.Name}}}}\t{{{{.Label "{LABEL_STUDENT}"}}}}'


@dataclass(frozen=True)
class ListedContainer:
    """A container with the labels that say whose it is."""

    name: str
    cluster: str
    student: str

    def belongs_to(self, plan: Plan) -> bool:
        """Tell whether it is a node or a machine of this lab."""
        return self.cluster == plan.cluster or (
            self.student == plan.student and self.name in plan.machine_names()
        )


def list_containers(docker: Docker) -> list[ListedContainer]:
    """Return all containers of the engine.

    Raises:
        CannotCheck: docker does not answer.

    """
    lines = docker("ps", "--all", "--format", _CONTAINERS).splitlines()
    return [
        ListedContainer(*(*line.split("\t"), "", "")[:3]) for line in lines
    ]


def state_volume(plan: Plan) -> str:
    """Return the name of the volume that holds the leases of machine dhcp."""
    return f"{plan.cluster}-state"


def foreign_containers(
    plan: Plan, listed: Sequence[ListedContainer]
) -> list[str]:
    """Return containers that have a name of the lab and are not the lab's."""
    names = {*plan.node_names(), *plan.machine_names()}
    return [
        f"container {one.name}"
        for one in listed
        if one.name in names and not one.belongs_to(plan)
    ]


def foreign_volumes(plan: Plan, docker: Docker) -> list[str]:
    """Return volumes that have a name of the lab and are not the lab's.

    Raises:
        CannotCheck: docker does not answer.

    """
    name = state_volume(plan)
    lines = docker("volume", "ls", "--format", _VOLUMES).splitlines()
    owners = dict(line.partition("\t")[::2] for line in lines)
    if owners.get(name, plan.student) == plan.student:
        return []
    ours = f"label={LABEL_STUDENT}={plan.student}"
    users = docker(
        *("ps", "--all", "--quiet"),
        *("--filter", f"volume={name}", "--filter", ours),
    )
    return [] if users else [f"volume {name}"]


def foreign_names(plan: Plan, docker: Docker) -> list[str]:
    """Return containers and volumes that `foreign_*` do.

    Raises:
        CannotCheck: docker does not answer.

    """
    return [
        *foreign_containers(plan, list_containers(docker)),
        *foreign_volumes(plan, docker),
    ]


def names_obstacle(plan: Plan, foreign: Sequence[str]) -> UsageError | None:
    """Return the error of a lab whose names others have, if any have."""
    if not foreign:
        return None
    return UsageError(
        *(
            f"docker {what} is not of this lab (no label"
            f" {LABEL_STUDENT}={plan.student}) but has a name that it needs"
            for what in foreign
        ),
        remedy=names_remedy(foreign),
    )


def names_remedy(foreign: Sequence[str]) -> str:
    """Return what a person can do about foreign containers and volumes."""
    commands = ", ".join(
        f"`docker {kind} rm {name}`"
        for kind, name in (what.split() for what in foreign)
    )
    return (
        f"remove what is yours to remove ({commands}), or use another"
        " --student"
    )
