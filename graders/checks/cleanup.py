"""Undo what an interrupted grade has left in the lab.

A grade undoes its changes, also after Ctrl-C. One that is killed (kill -9, a
power cut) cannot, nor one to which docker or the API server does not answer;
the journal then says what is left.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Final

from graders.checks.node_failure import resume_node
from graders.checks.objects import remove_object
from graders.checks.traffic import remove_addresses
from graders.checks.undo import Journal
from graders.checks.workload import uncordon
from graders.errors import CannotCheck, CheckFailed
from graders.files import write_atomically
from graders.settings import state_dir
from graders.state.lab_state import GRADE_JOURNAL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from graders.checks.session import Session

_UNDO: Final = {
    undo.__name__: undo
    for undo in (resume_node, uncordon, remove_object, remove_addresses)
}


@contextlib.contextmanager
def clean_session(
    lab: Session, tell: Callable[[str], object] = lambda _: None
) -> Iterator[None]:
    """Undo what an earlier grade has left, and note what this one changes.

    The note stays if something is left, whatever the block ends with.
    """
    mark = state_dir(lab.plan.student) / GRADE_JOURNAL
    if mark.exists():
        left = undo_leftovers(lab, _lines(mark), tell)
        write_atomically(mark, "".join(f"{line}\n" for line in left))
    else:
        mark.touch()
    Journal.file = mark
    try:
        yield
    finally:
        Journal.file = None
        if not Journal.open(_lines(mark)):
            mark.unlink(missing_ok=True)


def undo_leftovers(
    lab: Session, lines: Iterable[str], tell: Callable[[str], object]
) -> list[str]:
    """Undo the changes in `lines` of a journal; return what is left.

    What does not answer or refuses is left; the checks report it. Changes of
    nodes come first: a silent node holds up what follows.
    """
    left = []
    changes = [
        line for line in Journal.open(lines) if line.partition(" ")[0] in _UNDO
    ]
    for name, undo in _UNDO.items():
        for line in changes:
            kind, _, what = line.partition(" ")
            if kind != name:
                continue
            try:
                undo(lab, what)
            except (CannotCheck, CheckFailed) as error:
                left.append(line)
                tell(f"an interrupted grade left {what}: {error}")
    if len(changes) > len(left):
        tell("undid what an interrupted grade had left in the lab")
    return left


def _lines(mark: Path) -> list[str]:
    """Return the whole lines of a note, which may be damaged.

    The path of half a line could be that of another object.
    """
    text = mark.read_text("utf-8", "replace") if mark.is_file() else ""
    return text.split("\n")[:-1]
