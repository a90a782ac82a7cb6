"""Remove what a killed grading has left in the lab.

A grading removes its objects and resumes isolated nodes, also after Ctrl-C.
One that is killed (kill -9, a power cut) cannot; a file marks a grading that
has started and not ended, and has the paths of what it has created.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from graders.checks.node_failure import resume_nodes
from graders.checks.objects import Journal
from graders.checks.workload import uncordon
from graders.errors import CannotCheck, CheckFailed
from graders.settings import state_dir

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from graders.checks.session import Session


@contextlib.contextmanager
def clean_session(lab: Session) -> Iterator[None]:
    """Remove what a killed grading has left, and mark this one as started."""
    mark = state_dir(lab.plan.student) / "grading"
    if mark.exists():
        remove_leftovers(lab, mark.read_text(encoding="utf-8").splitlines())
    mark.write_text("", encoding="utf-8")
    Journal.file = mark
    try:
        yield
    finally:
        Journal.file = None
        mark.unlink(missing_ok=True)


def remove_leftovers(lab: Session, paths: Iterable[str]) -> None:
    """Resume and uncordon nodes, and remove the objects at `paths`.

    What does not answer or refuses is skipped; the checks report it.
    """
    for restore in (resume_nodes, uncordon):
        with contextlib.suppress(CannotCheck, CheckFailed):
            restore(lab)
    for path in paths:
        with contextlib.suppress(CannotCheck, CheckFailed):
            lab.cluster.ask("DELETE", path)
