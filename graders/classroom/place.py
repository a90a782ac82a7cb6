"""Where a stranger's commands are typed: here, or in a sandbox.

Shells on machines of the lab are opened through the kit in both; only the
place `shell` differs.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final, Literal, Protocol, TypeAlias

from graders.lifecycle.processes import MARK, terminate_tagged
from graders.lifecycle.shell import shell_argv
from graders.proof.typist import ShellSpec
from graders.providers import capture
from graders.providers.sandbox import Sandbox
from graders.settings import state_dir

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from graders.plan.plan import Plan
    from graders.providers.capture import Result

PlaceName: TypeAlias = Literal["here", "sandbox"]

_SHELL: Final = "shell"
_PATIENCE_S: Final = 1.0
# Of this process's environment; tokens and agents are none of a stranger's.
_KEPT: Final = frozenset({"LANG", "LC_ALL", "LOGNAME", "PATH", "TZ", "USER"})


class Place(Protocol):
    """A place that is open for one lab."""

    def shell(self, place: str) -> ShellSpec:
        """Return how to open a shell at a place of the lab."""

    def run(self, script: str, seconds: float) -> Result:
        """Run a script where the place `shell` is.

        Raises:
            TooSlow: it takes longer.

        """


@contextmanager
def open_place(
    name: PlaceName, plan: Plan, machine_shell: Callable[[str], ShellSpec]
) -> Iterator[Place]:
    """Open a place; `machine_shell` is for shells on machines of the lab.

    Raises:
        CannotCheck: the sandbox cannot be created.

    """
    if name == "here":
        with TemporaryDirectory(prefix="lab-") as home:
            try:
                yield _Here(plan, machine_shell, Path(home))
            finally:
                end_commands(plan.student)
        return
    with Sandbox(plan) as sandbox:
        yield _Sandboxed(sandbox, machine_shell)
        sandbox.fetch_answers()


def end_commands(student: str) -> None:
    """End what commands that were typed here have left running."""
    terminate_tagged(_tag(student), _PATIENCE_S)


def _tag(student: str) -> str:
    return str(state_dir(student))


@dataclass(frozen=True)
class _Here:
    """A shell of this account, in a home of its own; no more than that."""

    plan: Plan
    machine_shell: Callable[[str], ShellSpec]
    home: Path

    def shell(self, place: str) -> ShellSpec:
        """See Place."""
        if place != _SHELL:
            return self.machine_shell(place)
        argv, environment = shell_argv(self.plan)
        return ShellSpec(argv, self._clean(environment), self.home)

    def run(self, script: str, seconds: float) -> Result:
        """See Place."""
        _, environment = shell_argv(self.plan)
        return capture.run(
            ["bash", "-s"],
            timeout=seconds,
            stdin=f"cd {self.home}\n{script}",
            env=self._clean(environment),
        )

    def _clean(self, environment: Mapping[str, str]) -> dict[str, str]:
        ours = {
            name: value
            for name, value in environment.items()
            if name in _KEPT or os.environ.get(name) != value
        }
        return ours | {
            "HOME": str(self.home),
            "EDITOR": "false",
            MARK: _tag(self.plan.student),
        }


@dataclass(frozen=True)
class _Sandboxed:
    sandbox: Sandbox
    machine_shell: Callable[[str], ShellSpec]

    def shell(self, place: str) -> ShellSpec:
        """See Place."""
        if place != _SHELL:
            return self.machine_shell(place)
        return ShellSpec(self.sandbox.terminal, os.environ, Path.cwd())

    def run(self, script: str, seconds: float) -> Result:
        """See Place."""
        return self.sandbox.run(script, seconds)
