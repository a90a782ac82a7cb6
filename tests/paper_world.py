"""A world of chaos on paper: docker and commands answer from tables."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, cast

from graders.grading.result import CheckResult, Heading, summarise
from tests.chaos.world import Ended, Running, World

if TYPE_CHECKING:
    from graders.grading.result import Cause, Outcome

STUDENT: Final = "chaos"
LAB: Final = "lab-1-pending-service"


def graded(**outcomes: str) -> str:
    """Return what `grade --json` prints for outcomes, or causes, by check."""
    checks = []
    for name, word in outcomes.items():
        known = word in {"pass", "fail"}
        checks.append(
            CheckResult(
                name=name,
                layer="allocation",
                sentence="",
                outcome=cast("Outcome", word if known else "cannot-check"),
                cause=cast("Cause", "" if known else word),
                points=0,
                max_points=1,
                seconds=0.1,
                reason=f"{name} did not answer; `lab up` brings it back",
            )
        )
    heading = Heading(lab=LAB, title="", student=STUDENT, attempt=1)
    return summarise(heading, checks, 1.0).to_json()


def ended(
    command: str, code: int | None, out: str = "", err: str = ""
) -> Ended:
    """Return a command that has ended after a second."""
    return Ended(command, code, out, err, 1.0)


@dataclass
class PaperWorld(World):
    """A world whose docker and commands do nothing but note it."""

    calls: list[tuple[str, ...]] = field(default_factory=list)
    typed: list[str] = field(default_factory=list)
    answers: dict[str, Ended] = field(default_factory=dict)
    states: dict[str, str] = field(default_factory=dict)
    """Of containers that do not run."""
    objects: list[str] = field(default_factory=list)
    """Names of objects in the cluster."""

    def docker(self, *argv: str, check: bool = True) -> str:
        """Note it; return words of the usual kind."""
        del check
        self.calls.append(argv)
        if "json" in argv:
            items = [
                {"kind": "Service", "metadata": {"name": name}}
                for name in self.objects
            ]
            return json.dumps({"items": items})
        if "{{.Name}} {{.State.Status}}" in argv:
            return "\n".join(
                f"/{name} {self.states.get(name, 'running')}"
                for name in self.containers()
                if self.states.get(name) != "gone"
            )
        if "crd" in argv:
            return "customresourcedefinition/bgppeers.metallb.io"
        return "ok"

    def run(self, command: str, **more: str) -> Ended:
        """Note it; return the answer for it."""
        del more
        self.typed.append(command)
        return self.answers.get(command, ended(command, 0))

    def begin(self, command: str, **more: str) -> Running:
        """Run `true` in its place."""
        del more
        self.typed.append(command)
        process = subprocess.Popen(["true"], start_new_session=True)
        return Running(command, process, self.folder / "out")

    def shell(self, script: str, name: str, *argv: str) -> str:
        """Note it."""
        self.calls.append((script, name, *argv))
        return ""
