"""Run the steps of `lab prove` on a live lab."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from graders.checks.cleanup import clean_session
from graders.checks.session import open_session
from graders.course.templates import names
from graders.course.walkthrough import read_walkthrough
from graders.grading.runner import run_grade
from graders.lifecycle import lifecycle
from graders.lifecycle.shell import PLAIN, shell_argv
from graders.proof.typist import ShellSpec, play

if TYPE_CHECKING:
    from collections.abc import Callable

    from graders.course.lab import Lab
    from graders.grading.result import GradeResult
    from graders.plan.plan import Plan


@dataclass
class LabDriver:
    """Starts, grades, repairs and resets one student's lab.

    `tell` gets the progress of a reset.
    """

    plan: Plan
    tell: Callable[[str], None]
    lab: Lab | None = None
    variant: str = ""

    def start(self, lab: Lab, variant: str) -> None:
        """Start the lab with this fault."""
        self.lab, self.variant = lab, variant
        lifecycle.start(self.plan, lab, variant)

    def reset(self) -> None:
        """Return the lab to its start state, and verify it."""
        assert self.lab  # noqa: S101 - the proof starts before it resets
        lifecycle.reset(self.plan, self.lab, self.tell)

    def grade(self, *, full: bool = False) -> GradeResult:
        """Grade the running lab; with `full`, by disturbing it, too."""
        assert self.lab  # noqa: S101 - as above
        session = open_session(self.plan, self.lab, self.variant)
        with clean_session(session, self.tell):
            result = run_grade(
                self.lab, self.variant, session, attempt=1, full=full
            )
            if result.interrupted:
                raise KeyboardInterrupt
        return result

    def play(self, path: Path) -> None:
        """Type a walkthrough at real shells."""
        play(read_walkthrough(path, names(self.plan)), self.shell)

    def shell(self, place: str) -> ShellSpec:
        """Return the shell for a place that a walkthrough names."""
        vtysh = place == "vtysh"
        machine = "router" if vtysh else place if place != "shell" else None
        argv, env = shell_argv(self.plan, machine)
        if vtysh:
            # FRR's own shell instead of the machine's.
            argv = (*argv[:-1], "vtysh")
        # A shell is killed at any moment, which the user's settings may not
        # bear: pyenv's leave a lock that the next shell waits for.
        return ShellSpec(argv, env | {PLAIN: "1"}, Path.cwd(), vtysh=vtysh)
