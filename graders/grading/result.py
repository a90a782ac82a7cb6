"""The result of one `grade`, as it is printed, kept and sent as JSON."""

from __future__ import annotations

import json
from importlib import metadata
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from graders.course.lab import LAYERS, Layer
from graders.probes.outage import Outage

Outcome: TypeAlias = Literal["pass", "fail", "cannot-check"]
# Why a check has no verdict: a check that it needs did not pass, it runs with
# --full only, Ctrl-C, no answer from cluster or machine, or a bug of the kit.
Cause: TypeAlias = Literal[
    "", "needs", "needs-full", "interrupted", "environment", "kit"
]

SOLVED: Final = 0
NOT_SOLVED: Final = 1
NOT_CHECKED: Final = 3
# Raised whenever version 1 gets another key.
MINOR_VERSION: Final = 3


def _escaped(char: str) -> str:
    return json.dumps(char)[1:-1]


def _encodable(value: object) -> object:
    """Make half characters, which undecodable output leaves, printable."""
    if not isinstance(value, str):
        return value
    return value.encode("utf-8", "backslashreplace").decode("utf-8")


Text: TypeAlias = Annotated[str, BeforeValidator(_encodable)]

# Published names are aliases, so that a field can be renamed here. Unknown
# keys are ignored, as every reader of the document should: keys may be added.
_DOCUMENT: Final = ConfigDict(
    frozen=True, validate_by_name=True, serialize_by_alias=True
)


class CheckResult(BaseModel):
    """The result of one check.

    `layer` is empty if the grader file could not be read. `reason` is the
    one line to read when the outcome is not `pass`; `expected` and `got`
    are empty when that line is not of the form "expected X, not Y". `cause`
    is empty unless the outcome is `cannot-check`.
    """

    model_config = _DOCUMENT

    name: str
    layer: Layer | Literal[""]
    sentence: Text
    outcome: Outcome
    cause: Cause = ""
    points: int
    max_points: Annotated[int, Field(alias="of")]
    seconds: float
    expected: Text = ""
    actual: Annotated[Text, Field(alias="got")] = ""
    command: Annotated[Text, Field(alias="seen_by")] = ""
    evidence: Text = ""
    reason: Text = ""
    measurements: Annotated[Text, Field(alias="measured")] = ""
    outage: Outage | None = None


class Heading(BaseModel):
    """Lab and student; `attempt` counts from 1."""

    model_config = ConfigDict(frozen=True)

    lab: str
    title: Text
    student: str
    attempt: int


class GradeResult(BaseModel):
    """Version 1 of the document that `grade --json` prints.

    `minor_version` grows when keys are added; without it, it is 0. `hints`
    are those shown since the lab was started, and `gave_up` says that its
    solution was. The fault's variant is not in it: that would give the answer
    away.
    """

    model_config = _DOCUMENT

    version: Literal[1]
    minor_version: int = 0
    kit: str
    lab: str
    title: Text
    student: str
    attempt: int
    hints: int = 0
    gave_up: bool = False
    solved: bool
    points: int
    total: int
    seconds: float
    first_broken_layer: Layer | None
    checks: tuple[CheckResult, ...]

    @property
    def heading(self) -> Heading:
        """Lab, student and attempt."""
        return Heading(
            lab=self.lab,
            title=self.title,
            student=self.student,
            attempt=self.attempt,
        )

    @property
    def exit_code(self) -> int:
        """0 solved, 1 not solved, 3 if nothing failed but not all ran."""
        if self.solved:
            return SOLVED
        return NOT_SOLVED if self.failed else NOT_CHECKED

    @property
    def outcomes(self) -> dict[str, Outcome]:
        """The outcome of each check."""
        return {check.name: check.outcome for check in self.checks}

    @property
    def failed(self) -> list[CheckResult]:
        """The failed checks in their order."""
        return self._with_outcome("fail")

    @property
    def unchecked(self) -> list[CheckResult]:
        """The checks without a verdict, in their order."""
        return self._with_outcome("cannot-check")

    @property
    def deferred(self) -> list[CheckResult]:
        """The checks that only `grade --full` runs, in their order."""
        return self._with_cause("needs-full")

    @property
    def errors(self) -> list[CheckResult]:
        """The checks without a verdict through no other check's failure."""
        return self._with_cause("interrupted", "environment", "kit")

    @property
    def interrupted(self) -> bool:
        """Whether Ctrl-C ended this grade."""
        return bool(self._with_cause("interrupted"))

    @property
    def flawless(self) -> bool:
        """Whether nothing is wrong, as far as this grade looked."""
        return not self.failed and self.unchecked == self.deferred

    @property
    def as_journal_data(self) -> dict[str, Any]:
        """The fields that the journal repeats in its line about a grade."""
        return {
            "attempt": self.attempt,
            "solved": self.solved,
            "points": self.points,
            "total": self.total,
            "first_broken_layer": self.first_broken_layer,
            "failed": [check.name for check in self.failed],
            "hints": self.hints,
        }

    @property
    def summary(self) -> str:
        """What failed, with the first broken layer, and what did not run."""
        if self.flawless:
            return "passes"
        failed = ", ".join(check.name for check in self.failed)
        layer = self.first_broken_layer
        parts = [f"fails on {failed} ({layer})"] if failed else []
        parts += [
            f"could not check {check.name} ({check.reason})"
            for check in self.errors
        ]
        return "; ".join(parts) or "nothing failed"

    def with_help(self, hints: int, *, gave_up: bool) -> GradeResult:
        """Return this result with the help that the student had."""
        return self.model_copy(update={"hints": hints, "gave_up": gave_up})

    def check(self, name: str) -> CheckResult:
        """Return the result of check `name`; KeyError if there is none."""
        return {check.name: check for check in self.checks}[name]

    def to_json(self) -> str:
        """Return the document, indented, with a newline at its end.

        What terminals would act upon is escaped as JSON does it.
        """
        return "".join(
            char if char.isprintable() or char == "\n" else _escaped(char)
            for char in self.model_dump_json(indent=2) + "\n"
        )

    def _with_outcome(self, outcome: Outcome) -> list[CheckResult]:
        return [check for check in self.checks if check.outcome == outcome]

    def _with_cause(self, *causes: Cause) -> list[CheckResult]:
        return [check for check in self.checks if check.cause in causes]


def summarise(
    heading: Heading, checks: list[CheckResult], seconds: float
) -> GradeResult:
    """Return the result of `checks`, which took `seconds` in all."""
    broken = {check.layer for check in checks if check.outcome == "fail"}
    return GradeResult(
        version=1,
        minor_version=MINOR_VERSION,
        kit=metadata.version("metallb-lab-kit"),
        **dict(heading),
        solved=all(check.outcome == "pass" for check in checks),
        points=sum(check.points for check in checks),
        total=sum(check.max_points for check in checks),
        seconds=round(seconds, 3),
        first_broken_layer=next(
            (layer for layer in LAYERS if layer in broken), None
        ),
        checks=tuple(checks),
    )


def schema() -> dict[str, Any]:
    """Return the JSON schema of the document."""
    return GradeResult.model_json_schema(mode="serialization")
