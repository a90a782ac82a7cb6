"""Results of grades that are kept on this computer, one file each."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from graders.files import write_record
from graders.settings import state_dir

if TYPE_CHECKING:
    from graders.grading.result import GradeResult


def keep_result(result: GradeResult) -> None:
    """Keep a result for who wants to report it; a verdict needs no disk."""
    folder = state_dir(result.student) / "results"
    with contextlib.suppress(OSError):
        write_record(folder, "grade.json", result.to_json())
