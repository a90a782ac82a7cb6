"""Where labs run: what the kit needs of each provider.

A lab runs in containers of this computer (`kind`) or on hosts over SSH
(`hosts`). Everything above this package talks to a `Provider` and does not
know which one it is; `graders.providers.registry` chooses it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from graders.errors import CannotCheck

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Mapping
    from ipaddress import IPv4Network

    from graders.errors import KitError
    from graders.plan.plan import Plan


class ProviderDown(CannotCheck):
    """Nothing runs that could have labs; `lab up` may be able to start it."""


class Transport(Protocol):
    """How a command gets onto one machine."""

    @property
    def prefix(self) -> tuple[str, ...]:
        """The words before a command that make it run there.

        Arguments arrive unchanged, standard input is passed on, and the exit
        code is the command's.
        """

    @property
    def terminal(self) -> tuple[str, ...]:
        """The same for an interactive command."""

    def error(
        self, result: subprocess.CompletedProcess[str]
    ) -> CannotCheck | None:
        """Return what kept the command from running there, None if it ran."""


@dataclass(frozen=True)
class Location:
    """A plan, and how the provider came to it.

    `exists` means that networks of this lab exist already. `moved_from` is
    the first choice of LAN if the plan has another one, and `moved_because`
    says what uses it (only known while the lab does not exist yet).
    """

    plan: Plan
    exists: bool
    moved_from: IPv4Network | None = None
    moved_because: str = ""


@dataclass(frozen=True)
class MachineStatus:
    """One machine or node; `running` means at its address and this lab's.

    `started` is when it did, in UTC and ISO 8601, by a clock that nodes
    share; "" if the provider does not know.
    """

    address: str
    state: str
    running: bool
    exists: bool = True
    started: str = ""

    @property
    def displaced(self) -> bool:
        """Whether the machine runs, but not at its address."""
        return self.state == "running" and not self.running


@dataclass(frozen=True)
class ProviderStatus:
    """One look at all that a provider has of a student's lab.

    `place` names it for people. `obstacle` is what forbids to create the lab
    there. With `needs_doctor` the doctor examines the place before anything
    is created.
    """

    location: Location
    machines: Mapping[str, MachineStatus]
    place: str
    needs_doctor: bool
    obstacle: KitError | None = None


class StateFiles(Protocol):
    """Files about the running lab that students do not come across.

    Each method raises CannotCheck where the files are out of reach.
    """

    def read(self, name: str) -> str | None:
        """Return a file's text, None if there is no such file."""

    def write(self, name: str, text: str) -> None:
        """Write a file atomically."""

    def remove(self, name: str) -> None:
        """Remove a file if it is there."""


class Provider(Protocol):
    """Where the machines of a lab are, and what can be done with them."""

    @property
    def name(self) -> str:
        """`kind` or `hosts`."""

    @property
    def back_wait(self) -> str:
        """Name of the wait for a node whose isolation has ended."""

    @property
    def rejoin_wait(self) -> str:
        """Name of the wait for speakers to re-admit such a node."""

    def locate(self, student: str, *, nonce: str | None = None) -> Location:
        """Return the plan of the lab that exists, or of the one to create.

        The latter has `nonce`, by default that of the student's class ticket.

        Raises:
            KitError: the provider does not answer, or has no room.

        """

    def expected_plan(self, student: str) -> Plan:
        """Return the plan as far as it is known without asking the provider.

        Raises:
            KitError: there is no room for the lab.

        """

    def status(self, student: str) -> ProviderStatus:
        """Look at location and machines at once.

        Raises:
            KitError: as `locate`.

        """

    def machines(self, plan: Plan) -> dict[str, MachineStatus]:
        """Return each machine and node by role.

        Raises:
            KitError: the provider does not answer.

        """

    def removal(self, student: str) -> tuple[Plan, list[str]]:
        """Return the plan of the lab to remove, and what will be left alone.

        Raises:
            ProviderDown: there can be no lab.
            KitError: it cannot be removed.

        """

    def transport(self, plan: Plan, role: str) -> Transport:
        """Return how commands get onto a machine or node.

        Raises:
            UsageError: the provider's own settings are wrong.

        """

    def check_access(self, plan: Plan, role: str) -> None:
        """Explain why an interactive command could not run on a machine.

        Raises:
            CannotCheck: it could not.

        """

    def node_macs(self, plan: Plan) -> dict[str, str]:
        """Return the name of each node by its MAC on the LAN.

        Raises:
            CannotCheck: a node does not answer.

        """

    def silence(self, plan: Plan, node: str) -> None:
        """Silence a node as if its cable was pulled.

        Raises:
            CannotCheck: it cannot be silenced.

        """

    def resume(self, plan: Plan, node: str) -> bool:
        """End a node's silence; return False if there was none.

        Raises:
            CannotCheck: the provider does not answer.

        """

    def state_files(self, plan: Plan) -> StateFiles:
        """Return the files in which the running lab is recorded.

        Raises:
            UsageError: the provider's own settings are wrong.

        """

    def shell_environment(self, plan: Plan) -> dict[str, str]:
        """Return the environment that the provider's own tools need."""

    def extra_vars(self, plan: Plan) -> dict[str, Any]:
        """Return the playbooks' variables about the provider.

        Raises:
            UsageError: the provider's own settings are wrong.

        """
