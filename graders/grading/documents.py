"""Write results to files that a student names, and keep them."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from graders.errors import explaining
from graders.files import write_atomically, write_record
from graders.settings import state_dir

if TYPE_CHECKING:
    from pathlib import Path

    from graders.grading.result import GradeResult


def write_document(path: Path, text: str, option: str) -> None:
    """Write a file as a whole, or into a pipe or device.

    Raises:
        UsageError: it cannot be written; `option` is the one that names it.

    """
    with explaining(
        f"could not write {path}", f"give {option} a file that you may write"
    ):
        if path.exists() and not path.is_file():
            path.write_text(text, encoding="utf-8")
        else:
            write_atomically(path.resolve(), text)


def keep_result(result: GradeResult) -> None:
    """Keep a result for who wants to report it; a verdict needs no disk."""
    folder = state_dir(result.student) / "results"
    with suppress(OSError):
        write_record(folder, "grade.json", result.to_json())
