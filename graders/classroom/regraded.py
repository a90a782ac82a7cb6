"""The result of a regrade: one JSON document for each submission.

A folder of them is all that a report needs, and what a regrade that was
interrupted goes on from.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, ValidationError

from graders.errors import UsageError, explaining
from graders.files import read_text, write_atomically
from graders.grading.result import GradeResult

if TYPE_CHECKING:
    from pathlib import Path

SUFFIX: Final = ".regrade.json"
# Bytes of a document: evidence of all checks, twice.
_LIMIT: Final = 8_000_000

# `confirmed`: the grade of the repair is what was claimed. `differs`: it is
# not. `refused`: nothing was played, the submission itself is wrong.
# `stopped`: it was played, and left nothing that could be graded. `error`: the
# kit or the machine failed before that; the next regrade tries again.
Status: TypeAlias = Literal[
    "confirmed", "differs", "refused", "stopped", "error"
]

_FIELDS: Final = ConfigDict(frozen=True)


class Score(BaseModel):
    """A grade in short."""

    model_config = _FIELDS

    solved: bool
    points: int
    total: int
    first_broken_layer: str | None
    failed: tuple[str, ...]
    summary: str

    @classmethod
    def of(cls, result: GradeResult) -> Score:
        """Return that of a result."""
        return cls(
            solved=result.solved,
            points=result.points,
            total=result.total,
            first_broken_layer=result.first_broken_layer,
            failed=tuple(check.name for check in result.failed),
            summary=result.summary,
        )


class Form(BaseModel):
    """One way in which a repair was played, and its grade.

    `problem` says why there is none, or why not all was played.
    """

    model_config = _FIELDS

    name: Literal["typed", "differences"]
    commands: int = 0
    failed: int = 0
    problem: str = ""
    notes: tuple[str, ...] = ()
    score: Score | None = None


class Work(BaseModel):
    """What the journal says of a student's work; only the student wrote it.

    `failing` has the seconds for which each check failed, `hints_read` how
    often a hint for each check was read, `tries` what failed first in each
    grade that was not solved.
    """

    model_config = _FIELDS

    attempts: int = 0
    hints: int = 0
    minutes: int = 0
    gave_up: bool = False
    first_broken_layer: str = ""
    failing: dict[str, int] = {}
    hints_read: dict[str, int] = {}
    tries: dict[str, int] = {}


class Regraded(BaseModel):
    """Version 1 of the document.

    With `again`, another submission that ran at the same time may be what
    stopped this one, or the machine that played it was lost.
    """

    model_config = _FIELDS

    version: Literal[1] = 1
    file: str
    sha256: str
    student: str = ""
    lab: str = ""
    fault: str = ""
    kit: str = ""
    place: str = ""
    status: Status
    again: bool = False
    reasons: tuple[str, ...] = ()
    claimed: Score | None = None
    verified: Score | None = None
    forms: tuple[Form, ...] = ()
    work: Work = Work()
    result: GradeResult | None = None
    started: str = ""
    seconds: float = 0

    @property
    def final(self) -> bool:
        """Whether another regrade of the same file would be for nothing."""
        return self.status != "error" and not self.again

    def noting(self, *reasons: str, **changes: object) -> Regraded:
        """Return the document with more reasons and other changes."""
        return self.model_copy(
            update={**changes, "reasons": (*self.reasons, *reasons)}
        )

    def to_json(self) -> str:
        """Return the document, indented, with a newline at its end."""
        return self.model_dump_json(indent=2, by_alias=True) + "\n"


def result_file(folder: Path, submission: Path) -> Path:
    """Return where the result of a submission is."""
    return folder / f"{submission.name.removesuffix('.lab')}{SUFFIX}"


def digest(file: Path) -> str:
    """Return the SHA-256 of a file's contents, "" if it cannot be read."""
    try:
        with file.open("rb") as opened:
            # A submission has a megabyte at most, and this is read of more.
            return sha256(opened.read(_LIMIT)).hexdigest()
    except OSError:
        return ""


def save(file: Path, regraded: Regraded) -> None:
    """Write a result; it is never seen half.

    Raises:
        UsageError: the folder cannot be written.

    """
    with explaining(
        f"could not write {file}", "give --results a folder that you may write"
    ):
        file.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(file, regraded.to_json(), mode=0o600)


def load(file: Path) -> Regraded:
    """Return a result.

    Raises:
        UsageError: the file cannot be read, or is none.

    """
    try:
        return Regraded.model_validate_json(read_text(file, _LIMIT))
    except OSError as error:
        problem = error.strerror or str(error)
    except ValidationError as error:
        problem = f"{error.error_count()} fields are not those of a result"
    except (ValueError, RecursionError) as error:
        problem = str(error)
    raise UsageError(
        f"could not read {file}: {problem}",
        remedy="remove it, and `lab class regrade` writes it again",
    )


def load_final(file: Path, sha: str) -> Regraded | None:
    """Return the final result of these contents, None if there is none."""
    try:
        found = load(file)
    except UsageError:
        return None
    return found if found.final and found.sha256 == sha else None


def load_all(folder: Path) -> list[Regraded]:
    """Return all results of a folder in order of student and lab.

    Raises:
        UsageError: there are none, or one cannot be read.

    """
    found = [load(file) for file in sorted(folder.glob(f"*{SUFFIX}"))]
    if not found:
        raise UsageError(
            f"{folder} has no results (*{SUFFIX})",
            remedy="`lab class regrade FILES --results FOLDER` writes them",
        )
    return sorted(found, key=lambda one: (one.student, one.lab, one.file))
