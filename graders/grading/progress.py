"""What a student has done in the labs, in a file that outlives the labs.

`lab progress --json` prints the same document, and the site's lab pages show
it. The file is the student's: one that is damaged is kept under another name,
and one of a later version is left alone.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple, get_args

from graders.errors import MALFORMED, CannotCheck
from graders.files import alone_in, read_text, write_atomically
from graders.grading.comparison import Measurement
from graders.probes.outage import Mode
from graders.settings import progress_file

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from graders.state.lab_state import State

VERSION: Final = 1
# Of a longer time between two commands, no more is counted: a break.
BREAK_S: Final = 30 * 60
# Bytes of a file: some ten thousand runs.
_LIMIT: Final = 4 * 1024 * 1024


class LaterVersion(CannotCheck):
    """A later version of the kit wrote the file."""


@dataclass(frozen=True)
class Run:
    """A lab with one fault, from its start to the next start.

    `variant` is empty until the fault was found or given up: a student reads
    the file. `seconds` leaves out breaks.
    """

    run: str
    lab: str
    variant: str
    started: str
    last: str
    seconds: int
    attempts: int
    hints: int
    solved: bool
    gave_up: bool


class Document(NamedTuple):
    """The whole file; of each mode the last measurement."""

    runs: list[Run]
    measurements: list[Measurement]


class Recorded(NamedTuple):
    """The run as it is now, None if that is not known, and what to say."""

    run: Run | None
    problem: str


def solved_labs(runs: Sequence[Run]) -> set[str]:
    """Return the ids of the labs of which a fault was found and repaired."""
    return {one.lab for one in runs if one.solved}


def to_json(
    student: str,
    runs: Sequence[Run],
    measurements: Sequence[Measurement] = (),
) -> str:
    """Return the document, indented, with a newline at its end."""
    document = {
        "version": VERSION,
        "student": student,
        "runs": [asdict(one) for one in runs],
        "measurements": [asdict(one) for one in measurements],
    }
    return json.dumps(document, indent=2) + "\n"


def read_progress(student: str) -> Document:
    """Return all runs, the oldest first, and what was measured.

    Raises:
        CannotCheck: the file is damaged, of a later version (`LaterVersion`),
            or cannot be read.

    """
    file = progress_file(student)
    try:
        return _document(json.loads(read_text(file, _LIMIT)), file)
    except FileNotFoundError:
        return Document([], [])
    except OSError as error:
        raise CannotCheck(
            f"could not read {file}: {error.strerror}",
            remedy="make it readable for this account",
        ) from error
    except MALFORMED as error:
        raise CannotCheck(
            f"{file} is damaged",
            remedy="the next grade keeps it under another name and begins a"
            " new one",
        ) from error


def record(
    student: str,
    state: State,
    *,
    solved: bool = False,
    measured: Sequence[Measurement] = (),
) -> Recorded:
    """Record how far the running lab is. A verdict never depends on it."""
    file = progress_file(student)
    try:
        # A lab on hosts has another lock.
        with alone_in(file.parent):
            (runs, known), problem = _for_writing(student, file)
            runs = _with(runs, state, datetime.now(UTC), solved=solved)
            last = {one.mode: one for one in (*known, *measured)}
            text = to_json(student, runs, [*last.values()])
            write_atomically(file, text, mode=0o600)
    except LaterVersion as error:
        return Recorded(None, f"progress was not recorded: {error}")
    except OSError as error:
        why = error.strerror or error
        return Recorded(None, f"progress was not recorded in {file}: {why}")
    return Recorded(runs[-1], problem)


def _for_writing(student: str, file: Path) -> tuple[Document, str]:
    """Return the document, an empty one if a damaged file was put aside."""
    try:
        return read_progress(student), ""
    except LaterVersion:
        raise
    except CannotCheck as error:
        if isinstance(error.__cause__, OSError):
            raise error.__cause__ from None
    now = datetime.now(UTC)
    aside = file.with_name(f"{file.name}.damaged-{now:%Y%m%d-%H%M%S-%f}")
    file.replace(aside)
    said = f"progress was damaged; the file is kept as {aside}"
    return Document([], []), said


def _with(
    runs: list[Run], state: State, now: datetime, *, solved: bool
) -> list[Run]:
    """Return the runs with the running one as it is now."""
    text = now.isoformat(timespec="seconds")
    new = Run(state.run, state.lab, "", text, text, 0, 0, 0, False, False)  # noqa: FBT003 - fields
    old = next((one for one in runs if one.run == state.run), new)
    since = (now - datetime.fromisoformat(old.last)).total_seconds()
    known = old.solved or solved or state.gave_up
    # Once a lab is solved, what is done with it is no longer its time.
    spent = 0 if old.solved else int(max(0, min(since, BREAK_S)))
    entry = replace(
        old,
        variant=state.variant if known else "",
        last=text,
        seconds=old.seconds + spent,
        attempts=old.attempts if old.solved else state.attempts,
        hints=old.hints if old.solved else state.hints,
        solved=old.solved or solved,
        gave_up=old.gave_up or (state.gave_up and not old.solved),
    )
    others = [one for one in runs if one.run != state.run]
    return [*others, entry]


def _document(document: Any, file: Path) -> Document:  # noqa: ANN401 - any JSON
    """Return a document; what is malformed raises one of MALFORMED."""
    version = document["version"]
    if type(version) is not int or version < VERSION:
        raise ValueError(version)
    if version > VERSION:
        raise LaterVersion(
            f"{file} is of version {version}, and this kit knows {VERSION}",
            remedy="update the kit; the file was left as it is",
        )
    runs = [Run(**fields) for fields in document["runs"]]
    # A file that was written before there were any has none.
    fields = document.get("measurements", [])
    measured = [Measurement(**one) for one in fields]
    _verify(runs, measured)
    return Document(runs, measured)


def _verify(runs: list[Run], measured: list[Measurement]) -> None:
    """Raise one of MALFORMED unless all values are of their types."""
    entries: list[Run | Measurement] = [*runs, *measured]
    for one in entries:
        for name, value in asdict(one).items():
            if type(value) not in _TYPES.get(name, (str,)):
                raise TypeError(name)
    for time in [one.last for one in runs] + [one.at for one in measured]:
        if datetime.fromisoformat(time).tzinfo is None:
            raise ValueError(time)
    if not {one.mode for one in measured} <= {*get_args(Mode)}:
        raise ValueError(measured)


# The types of fields that are not text.
_TYPES: Final[dict[str, tuple[type, ...]]] = {
    **dict.fromkeys(("seconds", "attempts", "hints"), (int,)),
    **dict.fromkeys(("solved", "gave_up"), (bool,)),
    **dict.fromkeys(("requests", "lost"), (int,)),
    "longest": (float, int),
    "rerouted_after": (float, int, type(None)),
}
