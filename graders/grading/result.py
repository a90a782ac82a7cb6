"""The result of one `grade`, as it is printed, kept and sent as JSON."""

from __future__ import annotations

from importlib import metadata
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict

from graders.course.lab import LAYERS, Layer

Outcome: TypeAlias = Literal["pass", "fail", "cannot-check"]

SOLVED: Final = 0
NOT_SOLVED: Final = 1
NOT_CHECKED: Final = 3
# Why a check that disturbs the lab was left out.
NEEDS_FULL: Final = "needs grade --full"


def _encodable(value: object) -> object:
    """Make half characters, which undecodable output leaves, printable."""
    if not isinstance(value, str):
        return value
    return value.encode("utf-8", "backslashreplace").decode("utf-8")


Text: TypeAlias = Annotated[str, BeforeValidator(_encodable)]


class CheckResult(BaseModel):
    """What became of one check.

    `layer` is empty if the grader file could not be read. `reason` is the
    one line to read when the outcome is not `pass`; `expected` and `got`
    are empty when that line is not of the form "expected X, not Y".
    `measured` is a figure for whoever wants to know how well it passed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    layer: Layer | Literal[""]
    sentence: Text
    outcome: Outcome
    points: int
    of: int
    seconds: float
    expected: Text = ""
    got: Text = ""
    seen_by: Text = ""
    evidence: Text = ""
    reason: Text = ""
    measured: Text = ""


class Heading(BaseModel):
    """Whose work on which lab; `attempt` counts from 1."""

    model_config = ConfigDict(frozen=True)

    lab: str
    title: Text
    student: str
    attempt: int


class GradeResult(BaseModel):
    """Version 1 of the document that `grade --json` prints.

    The fault's variant is not in it: that would give the answer away.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1]
    kit: str
    lab: str
    title: Text
    student: str
    attempt: int
    solved: bool
    points: int
    total: int
    seconds: float
    first_broken_layer: Layer | None
    checks: tuple[CheckResult, ...]

    @property
    def heading(self) -> Heading:
        """Whose work on which lab it is."""
        return Heading(
            lab=self.lab,
            title=self.title,
            student=self.student,
            attempt=self.attempt,
        )

    @property
    def exit_code(self) -> int:
        """0 solved, 1 not solved, 3 nothing failed but not all was seen."""
        if self.solved:
            return SOLVED
        return NOT_SOLVED if self.failed else NOT_CHECKED

    @property
    def failed(self) -> list[CheckResult]:
        """The failed checks in their order."""
        return self._with("fail")

    @property
    def unchecked(self) -> list[CheckResult]:
        """The checks that could not be made, in their order."""
        return self._with("cannot-check")

    @property
    def deferred(self) -> list[CheckResult]:
        """The checks that only `grade --full` makes, in their order."""
        return [one for one in self.unchecked if one.reason == NEEDS_FULL]

    @property
    def flawless(self) -> bool:
        """Whether nothing is wrong, as far as this grade looked."""
        return not self.failed and self.unchecked == self.deferred

    def check(self, name: str) -> CheckResult:
        """Return the result of check `name`; KeyError if there is none."""
        return {check.name: check for check in self.checks}[name]

    def to_json(self) -> str:
        """Return the document, indented, with a newline at its end."""
        return self.model_dump_json(indent=2) + "\n"

    def _with(self, outcome: Outcome) -> list[CheckResult]:
        return [check for check in self.checks if check.outcome == outcome]


def summarise(
    heading: Heading, checks: list[CheckResult], seconds: float
) -> GradeResult:
    """Return the result of `checks`, which took `seconds` in all."""
    broken = {check.layer for check in checks if check.outcome == "fail"}
    return GradeResult(
        version=1,
        kit=metadata.version("metallb-lab-kit"),
        **dict(heading),
        solved=all(check.outcome == "pass" for check in checks),
        points=sum(check.points for check in checks),
        total=sum(check.of for check in checks),
        seconds=round(seconds, 3),
        first_broken_layer=next((at for at in LAYERS if at in broken), None),
        checks=tuple(checks),
    )


def schema() -> dict[str, Any]:
    """Return the JSON schema of the document."""
    return GradeResult.model_json_schema(mode="serialization")
