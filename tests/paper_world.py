"""A world of chaos on paper: docker and commands answer from tables."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeVar, cast

from graders.grading.result import CheckResult, Heading, summarise
from tests.chaos.world import Ended, Running, World

if TYPE_CHECKING:
    from graders.grading.result import Cause, Outcome

_Item = TypeVar("_Item")
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
    answers: dict[str, Ended | list[Ended]] = field(default_factory=dict)
    """Of a list, one after another; the last one stays."""
    programs: list[str] = field(default_factory=lambda: ["true"])
    """Programs to start in place of commands; the last one stays, too."""
    states: dict[str, str] = field(default_factory=dict)
    """Of containers that do not run."""
    objects: list[str] = field(default_factory=list)
    """Names of objects in the cluster."""

    def docker(self, *argv: str, check: bool = True, given: str = "") -> str:
        """Note it; return words of the usual kind."""
        del check, given
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
        answer = self.answers.get(command, ended(command, 0))
        return _next(answer) if isinstance(answer, list) else answer

    def begin(self, command: str, **more: str) -> Running:
        """Run another program in its place."""
        del more
        self.typed.append(command)
        words = _next(self.programs).split()
        process = subprocess.Popen(words, start_new_session=True)
        if words == ["true"]:
            # However slow this computer is, it has ended by then.
            process.wait()
        return Running(command, process, self.folder / "out")

    def shell(self, script: str, name: str, *argv: str) -> str:
        """Note it."""
        self.calls.append((script, name, *argv))
        return ""


def _next(items: list[_Item]) -> _Item:
    return items.pop(0) if len(items) > 1 else items[0]
