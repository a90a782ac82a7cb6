"""How a command gets onto a machine or node of the lab; the only place.

Probes, playbooks and `lab shell` ask here, by the role of a machine, and
never say `docker exec` themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from graders.errors import CannotCheck
from graders.providers.docker import error_from
from graders.providers.environment import inventory

if TYPE_CHECKING:
    import subprocess

    from graders.plan.plan import Plan

# docker's own exit code when the container itself is the trouble.
_DOCKER_FAILED: Final = 125
_DOCKER_SAYS: Final = (
    "Error response from daemon",
    "Error: No such container",
    "OCI runtime exec failed",
    "Cannot connect to the Docker",
)


class Transport(Protocol):
    """A way to one machine."""

    @property
    def prefix(self) -> tuple[str, ...]:
        """What stands before a command: it then runs there.

        Arguments arrive as they were given, standard input is passed on,
        and the exit code is the command's.
        """
        ...

    @property
    def terminal(self) -> tuple[str, ...]:
        """The same for a command that a person types into."""
        ...

    def trouble(
        self, done: subprocess.CompletedProcess[str]
    ) -> CannotCheck | None:
        """Return what kept the command from running there, None if it ran."""
        ...


@dataclass(frozen=True)
class DockerExec:
    """Into a container of this computer's engine."""

    container: str

    @property
    def prefix(self) -> tuple[str, ...]:
        """See Transport."""
        return ("docker", "exec", "-i", self.container)

    @property
    def terminal(self) -> tuple[str, ...]:
        """See Transport."""
        return ("docker", "exec", "-it", self.container)

    def trouble(
        self, done: subprocess.CompletedProcess[str]
    ) -> CannotCheck | None:
        """See Transport; the engine's failure, not that of the command."""
        if not done.returncode:
            return None
        if done.returncode != _DOCKER_FAILED and not done.stderr.startswith(
            _DOCKER_SAYS
        ):
            return None
        cause = error_from(("exec", self.container), done.stderr)
        return CannotCheck(
            cause.problems[0],
            way_out="`lab up` brings the lab's machines back",
        )


def transport(plan: Plan, role: str) -> Transport:
    """Return the way to a machine or node by its role.

    Raises:
        UsageError: labs stand on hosts, and their inventory is wrong.

    """
    if hosts := inventory():
        return hosts.ways[role]
    return DockerExec(plan.machine_name(role))


def exec_prefixes(plan: Plan) -> dict[str, list[str]]:
    """Return, by role, what stands before a command that runs there."""
    return {
        role: list(transport(plan, role).prefix)
        for role in (*plan.nodes, *plan.machines)
    }
