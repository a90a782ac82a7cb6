"""The kind provider: machines and nodes are containers of this computer."""

from __future__ import annotations

import contextlib
import json
import os
import time
from dataclasses import dataclass
from itertools import chain, repeat
from typing import TYPE_CHECKING, Any, ClassVar, Final

from graders.errors import CannotCheck, UsageError, parsing
from graders.providers.base import MachineStatus, ProviderStatus
from graders.providers.docker import (
    Docker,
    DockerExec,
    EngineDown,
    EngineForbidden,
    docker,
)
from graders.providers.docker_networks import docker_networks
from graders.providers.kind_foreign import (
    foreign_containers,
    foreign_names,
    foreign_volumes,
    list_containers,
    names_obstacle,
    state_volume,
)
from graders.providers.kind_location import (
    foreign_node,
    locate,
    locate_among,
    plan_from_routes,
)
from graders.providers.state_files import LocalFiles
from graders.settings import KIND, state_dir

if TYPE_CHECKING:
    from collections.abc import Sequence

    from graders.plan.plan import Machine, Plan
    from graders.providers.base import Location
    from graders.providers.kind_foreign import ListedContainer

# The freezer fails on a node that starts processes faster than it stops them.
_PAUSE_ATTEMPTS: Final = 3
# A second in which a pause that is under way takes effect.
_PAUSE_LOOKS: Final = 2
_PAUSE_LOOK_S: Final = 0.5

Containers = dict[str, dict[str, Any]]

_of_docker = parsing(
    "what docker says of the lab's containers",
    "does Docker itself answer? see `lab doctor`",
)


@dataclass(frozen=True)
class KindProvider:
    """Machines and nodes in containers of this computer's engine."""

    docker: Docker = docker

    name: ClassVar[str] = KIND
    back_wait: ClassVar[str] = "node-back"
    # A paused node has declared no other one dead, so it is the first to tell
    # them that it is alive.
    rejoin_wait: ClassVar[str] = "rejoin"

    def locate(
        self,
        student: str,
        *,
        nonce: str | None = None,
        any_owner: bool = False,
    ) -> Location:
        """See Provider; a lab of another account counts with `any_owner`."""
        return locate(student, self.docker, any_owner=any_owner, nonce=nonce)

    def expected_plan(self, student: str) -> Plan:
        """See Provider; without docker's answer, by this computer's routes."""
        try:
            return self.locate(student, any_owner=True).plan
        except CannotCheck:
            return plan_from_routes(student).plan

    @_of_docker
    def status(self, student: str) -> ProviderStatus:
        """See Provider; docker is asked for networks and containers once."""
        networks = docker_networks(self.docker)
        location = locate_among(student, networks)
        plan = location.plan
        listed = list_containers(self.docker)
        found, cluster = self._containers(plan, listed)
        foreign = foreign_node(student, networks, cluster)
        names = foreign_containers(plan, listed)
        if plan.machine_name("dhcp") not in found:
            names += foreign_volumes(plan, self.docker)
        return ProviderStatus(
            location,
            _machines(plan, found),
            place=plan.lan_name,
            needs_doctor=not (location.exists and found),
            obstacle=_obstacle(plan, foreign)
            if foreign
            else names_obstacle(plan, names),
        )

    @_of_docker
    def machines(self, plan: Plan) -> dict[str, MachineStatus]:
        """See Provider."""
        found, _ = self._containers(plan, list_containers(self.docker))
        return _machines(plan, found)

    def removal(self, student: str) -> tuple[Plan, list[str]]:
        """See Provider; labels say what is the lab's, so any plan will do.

        Only root removes the lab of another account.
        """
        root = os.getuid() == 0
        try:
            plan = self.locate(student, any_owner=root).plan
        except (EngineDown, EngineForbidden):
            raise
        except CannotCheck:
            plan = plan_from_routes(student).plan
        return plan, [
            f"docker {what} has a name of this lab but not its label; it is"
            " left alone"
            for what in foreign_names(plan, self.docker)
        ]

    def transport(self, plan: Plan, role: str) -> DockerExec:
        """See Provider."""
        return DockerExec(plan.machine_name(role))

    def check_access(self, plan: Plan, role: str) -> None:
        """See Provider; docker itself says what is wrong."""

    @_of_docker
    def node_macs(self, plan: Plan) -> dict[str, str]:
        """See Provider."""
        macs = {}
        for node in self._inspect(plan.node_names()):
            name = node["Name"][1:]
            end = node["NetworkSettings"]["Networks"].get(plan.lan_name)
            if not end:
                raise CannotCheck(
                    f"{name} is not on {plan.lan_name}",
                    remedy="`lab up` mends it",
                )
            macs[end["MacAddress"].lower()] = name
        return macs

    def silence(self, plan: Plan, node: str) -> None:
        """See Provider; pause the container.

        It then sends nothing, not even the end of its connections, so
        neighbours notice by their timers alone.
        """
        del plan
        for _ in range(_PAUSE_ATTEMPTS - 1):
            with contextlib.suppress(CannotCheck):
                self.docker("pause", node)
                return
        self.docker("pause", node)

    @_of_docker
    def resume(self, plan: Plan, node: str) -> bool:
        """See Provider; look again for a pause that was given up by us only.

        An engine that was too slow for its client pauses all the same.
        """
        del plan
        looks = chain([0.0], repeat(_PAUSE_LOOK_S, _PAUSE_LOOKS))
        for seconds in looks:
            time.sleep(seconds)
            (container,) = self._inspect([node])
            if container["State"]["Status"] == "paused":
                self.docker("unpause", node)
                return True
        return False

    def state_files(self, plan: Plan) -> LocalFiles:
        """See Provider; they are on this computer, as the lab is."""
        return LocalFiles(state_dir(plan.student) / "lab")

    def shell_environment(self, plan: Plan) -> dict[str, str]:
        """See Provider; `kind create cluster` uses the lab's LAN."""
        return {"KIND_EXPERIMENTAL_DOCKER_NETWORK": plan.lan_name}

    def extra_vars(self, plan: Plan) -> dict[str, Any]:
        """See Provider; `state_volume` holds the leases of machine dhcp."""
        return {
            "provider": self.name,
            "engine_required": True,
            "own_programs": True,
            "state_volume": state_volume(plan),
            "host_addresses": {},
            "host_exec_prefix": {},
            "parallel_hosts": 0,
        }

    def _containers(
        self, plan: Plan, listed: Sequence[ListedContainer]
    ) -> tuple[Containers, Containers]:
        """Return the lab's containers, and those of a cluster of its name.

        Both are by name; containers that are not there are left out.
        """
        ours = [one for one in listed if one.belongs_to(plan)]
        found = {
            item["Name"][1:]: item
            for item in self._inspect([one.name for one in ours])
        }
        names = (*plan.node_names(), *plan.machine_names())
        nodes = {one.name for one in ours if one.cluster == plan.cluster}
        return (
            {name: found[name] for name in names if name in found},
            {name: item for name, item in found.items() if name in nodes},
        )

    def _inspect(self, names: list[str]) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (
            json.loads(self.docker("inspect", *names)) if names else []
        )
        return found


def _machines(plan: Plan, found: Containers) -> dict[str, MachineStatus]:
    return {
        role: _status(plan, machine, found.get(machine.name))
        for role, machine in (plan.nodes | plan.machines).items()
    }


def _status(
    plan: Plan, machine: Machine, item: dict[str, Any] | None
) -> MachineStatus:
    if item is None:
        return MachineStatus("", "not there", running=False, exists=False)
    state = item["State"]["Status"]
    address = _address(plan, item)
    in_place = address == str(machine.lan or machine.edge)
    started = str(item["State"].get("StartedAt", ""))
    return MachineStatus(
        address,
        state,
        running=state == "running" and in_place,
        # podman writes local time.
        started=started if started.endswith("Z") else "",
    )


def _address(plan: Plan, item: dict[str, Any]) -> str:
    """Return a container's address on the LAN, else on the edge."""
    ends = item["NetworkSettings"]["Networks"]
    end = ends.get(plan.lan_name) or ends.get(plan.edge_name) or {}
    return str(end.get("IPAddress", ""))


def _obstacle(plan: Plan, node: str) -> UsageError:
    return UsageError(
        f"kind cluster {plan.cluster} exists here and is not the kit's"
        f" ({node})",
        remedy=f"delete it (kind delete cluster --name {plan.cluster}), or"
        " use another student name",
    )
