"""The file times.yml with the lessons and exams of a class."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import yaml

from graders.classroom.seats.times import PATTERNS, Times, shown
from graders.errors import UsageError, explaining
from graders.files import write_atomically
from graders.yamlfile import line_of, read_model

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from graders.classroom.class_folder import Class

TIMES_FILE: Final = "times.yml"


def times_file(course: Class) -> Path:
    """Return the file of a class's times."""
    return course.folder / TIMES_FILE


def read_times(file: Path) -> Times:
    """Return the times in a file; none if it is not there.

    Raises:
        UsageError: all that is wrong with it, by line.

    """
    if not file.exists():
        return Times()
    times = read_model(file, Times, PATTERNS, TIMES_FILE)
    names = [it.name for it in times.sessions]
    for at, name in enumerate(names):
        if name in names[:at]:
            line = line_of(file, ("sessions", at))
            raise UsageError(f"{file}:{line}: {name!r} must come only once")
    return times


def refusals(file: Path, student: str) -> Callable[[str, str], str]:
    """Return what says why a student may not use a verb on a lab, or "".

    It reads the file each time, which the teacher may have changed; what is
    wrong with it is raised then as `read_times` does.
    """

    def refusal(verb: str, lab: str) -> str:
        now = datetime.now(UTC)
        return read_times(file).refusal(student, verb, lab, now) or ""

    return refusal


def write_times(file: Path, times: Times) -> None:
    """Write the times, in order of their begins.

    Raises:
        UsageError: the folder cannot be written.

    """
    sessions = [
        {
            "name": it.name,
            "kind": it.kind,
            "begin": shown(it.begin),
            "end": shown(it.end),
            "labs": list(it.labs),
        }
        | ({"extensions": dict(it.extensions)} if it.extensions else {})
        for it in sorted(times.sessions, key=lambda it: it.begin)
    ]
    text = "# Lessons and exams; `lab class time` writes this file.\n"
    text += yaml.safe_dump(
        {"sessions": sessions}, sort_keys=False, allow_unicode=True
    )
    with explaining(f"could not write {file}"):
        write_atomically(file, text)
