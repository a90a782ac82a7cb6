"""What a student hands in: result, journal, repair and plan of one run.

Whoever made the file, reading it runs nothing of it. `docs/class.md`
describes the format.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from graders.classroom.envelope import load_json
from graders.classroom.zipped import (
    DIFFERENCES,
    JOURNAL,
    LIMIT,
    MEMBERS,
    PLAN,
    RESULT,
    STATEMENT,
    TYPED,
    SubmissionError,
    pack,
    unpack,
)
from graders.errors import MALFORMED, UsageError, one_line
from graders.files import write_atomically
from graders.grading.result import GradeResult
from graders.plan.networks import check_student
from graders.state import journal, lab_state

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

VERSION: Final = 1

_SHOWN: Final = 200
# Bytes of a fault's name, unpacked.
_LONGEST_NAME: Final = 200
_FIELDS: Final = ConfigDict(frozen=True, strict=True)

_ModelT = TypeVar("_ModelT", bound=BaseModel)
_T = TypeVar("_T")


class ObjectRef(BaseModel):
    """An object of the cluster; `namespace` is empty if it has none."""

    model_config = _FIELDS

    api_version: str = Field(alias="apiVersion")
    kind: str
    namespace: str = ""
    name: str


class ObjectChanges(BaseModel):
    """Documents to apply, and objects to delete."""

    model_config = _FIELDS

    apply: list[dict[str, Any]] = []
    delete: list[ObjectRef] = []


class MachineChanges(BaseModel):
    """The commands that make a machine what it is, for a shell there."""

    model_config = _FIELDS

    typed: list[str] = []


class Differences(BaseModel):
    """What differs from the start state of a lab, to be applied to one."""

    model_config = _FIELDS

    version: Literal[1] = 1
    objects: ObjectChanges = ObjectChanges()
    machines: dict[str, MachineChanges] = {}
    answers: str | None = None

    def to_json(self) -> str:
        """Return the document, indented, with a newline at its end."""
        return self.model_dump_json(indent=2, by_alias=True) + "\n"


class SubmittedPlan(BaseModel):
    """Which lab of which student it is, and with which numbers.

    `variant` is packed, so that a student does not read it at a glance.
    """

    model_config = _FIELDS

    version: Literal[1] = 1
    student: str
    slot: int
    numbers: dict[str, Any]
    kit: str
    recipe: str
    lab: str
    variant: str
    run: str
    ticket: dict[str, Any] | None = None

    @property
    def fault(self) -> str:
        """The variant's name, "" if it is damaged."""
        name = lab_state.unpack(self.variant, _LONGEST_NAME)
        return name if isinstance(name, str) else ""

    def to_json(self) -> str:
        """Return the document, indented, with a newline at its end."""
        return self.model_dump_json(indent=2) + "\n"


@dataclass(frozen=True)
class Submission:
    """The parsed contents of a file.

    `members` are the bytes that the statement is about: all but itself.
    `typed` and `differences` may be empty.
    """

    name: str
    members: Mapping[str, bytes]
    statement: str
    result: GradeResult
    journal: tuple[journal.Entry, ...]
    journal_text: str
    typed: str
    differences: Differences
    plan: SubmittedPlan


def write(path: Path, members: Mapping[str, bytes], statement: str) -> None:
    """Write a submission atomically.

    Raises:
        SubmissionError: it would be too large.
        OSError: it cannot be written.

    """
    everything = {**members, STATEMENT: statement.encode()}
    content = pack(everything)
    sizes = {name: len(it) for name, it in everything.items()}
    sizes["all, packed,"] = len(content)
    problems = [
        f"{name} would have {size // 1000} KB, more than {LIMIT // 1000} KB"
        for name, size in sizes.items()
        if size > LIMIT
    ]
    if problems:
        raise SubmissionError(
            path.name,
            *problems,
            remedy="what was typed can be shortened with `lab submit --edit`",
        )
    write_atomically(path, content, mode=0o600)


def read(path: Path) -> Submission:
    """Read a submission; its signature and digests are not looked at.

    Raises:
        SubmissionError: it cannot be read, or is not of the right form.

    """
    members = unpack(path)
    parts = {name: _Part(name, members.get(name)) for name in MEMBERS}
    plan = parts[PLAN].model(SubmittedPlan)
    result = parts[RESULT].model(GradeResult)
    differences = parts[DIFFERENCES].model(Differences)
    journal_text = parts[JOURNAL].text()
    entries = parts[JOURNAL].parse(lambda: journal.parse(journal_text))
    typed, statement = parts[TYPED].text(), parts[STATEMENT].text()
    if plan:
        parts[PLAN].parse(lambda: check_student(plan.student))
    problems = [line for part in parts.values() for line in part.problems]
    if problems or not (plan and result):
        raise SubmissionError(path.name, *problems)
    del members[STATEMENT]
    return Submission(
        name=path.name,
        members=members,
        statement=statement,
        result=result,
        journal=entries or (),
        journal_text=journal_text,
        typed=typed,
        differences=differences or Differences(),
        plan=plan,
    )


class _Part:
    """A member as it is parsed, None if missing, and what is wrong there."""

    def __init__(self, name: str, content: bytes | None) -> None:
        self.problems: list[str] = []
        self._name = name
        self._content = content

    def text(self) -> str:
        """Return its text, "" if it has none."""
        return self.parse((self._content or b"").decode) or ""

    def model(self, kind: type[_ModelT]) -> _ModelT | None:
        """Return its JSON as a model, None if it is none."""
        if self._content is None:
            return None
        return self.parse(lambda: kind.model_validate(self._document()))

    def parse(self, parser: Callable[[], _T]) -> _T | None:
        """Return what `parser` does, None with a problem if it cannot."""
        try:
            return parser()
        except ValidationError as error:
            for one in error.errors(include_url=False, include_input=False):
                field = ".".join(map(str, one["loc"]))
                self._tell(f"{field}: {one['msg']}")
        except UsageError as error:
            self._tell(error.problems[0])
        except MALFORMED as error:
            self._tell(str(error))
        return None

    def _tell(self, problem: str) -> None:
        self.problems.append(f"{self._name}: {one_line(problem, _SHOWN)}")

    def _document(self) -> dict[str, Any]:
        document = load_json(self._content or b"")
        if not isinstance(document, dict):
            raise TypeError("expected an object")
        version = document.get("version")
        if version != VERSION:
            raise ValueError(
                f"expected version {VERSION}, not {version!r}; another version"
                " of the kit may read it"
            )
        return document
