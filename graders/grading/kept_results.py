"""Results of grades that are kept on this computer, one file each."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Final

from graders.files import read_text, write_atomically, write_record
from graders.settings import state_dir

if TYPE_CHECKING:
    from pathlib import Path

    from graders.grading.result import GradeResult

# A result with all its evidence; larger files are not the kit's.
_LIMIT: Final = 4 * 1024 * 1024
# Only the newest results are kept, but none that solved a lab may be lost.
_SOLVED: Final = "solved-"


def keep_result(result: GradeResult) -> None:
    """Keep a result for who wants to report it; a verdict needs no disk."""
    folder, document = _folder(result.student), result.to_json()
    with contextlib.suppress(OSError):
        write_record(folder, "grade.json", document)
        if result.solved:
            file = folder / f"{_SOLVED}{result.lab}.json"
            write_atomically(file, document, mode=0o600)


def solved_labs(student: str) -> set[str]:
    """Return the ids of the labs that a kept result says are solved.

    A damaged file is skipped, and so is one of a later version.
    """
    return {
        lab
        for file in _folder(student).glob("*.json")
        if (lab := _solved_lab(file))
    }


def _solved_lab(file: Path) -> str:
    """Return which lab a result says is solved, or ""."""
    try:
        document = json.loads(read_text(file, _LIMIT))
        solved = document["version"] == 1 and document["solved"] is True
        return str(document["lab"]) if solved else ""
    except (OSError, ValueError, TypeError, LookupError):
        return ""


def _folder(student: str) -> Path:
    return state_dir(student) / "results"
