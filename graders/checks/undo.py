"""Changes that a check makes for a moment, and their undoing.

How a change is undone is written down before it is made, in a file that
outlives a killed grade: the next grade undoes what is left.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, ClassVar, Final

from graders.errors import CannotCheck, CheckFailed
from graders.interrupts import uninterrupted
from graders.probes.refusal import Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from graders.checks.session import Session


_UNDONE: Final = "undone "


class Journal:
    """The changes of this grade, in a file; without one nothing is noted."""

    file: ClassVar[Path | None] = None

    @classmethod
    def note(cls, line: str) -> None:
        """Note a change that is about to be made, or that it is undone."""
        if cls.file:
            with cls.file.open("a", encoding="utf-8") as file:
                file.write(f"{line}\n")

    @staticmethod
    def open(lines: Iterable[str]) -> list[str]:
        """Return the changes among `lines` that are not undone."""
        known = [*lines]
        undone = {line for line in known if line.startswith(_UNDONE)}
        return [
            line
            for line in known
            if line not in undone and _UNDONE + line not in undone
        ]


@contextlib.contextmanager
def temporary(
    lab: Session,
    change: Callable[[], object],
    undo: Callable[[Session, str], object],
    what: str,
) -> Iterator[None]:
    """Change the lab for a `with` block, and undo it whatever happens.

    Ctrl-C waits for `change` and `undo`, so that neither overtakes the other.
    `undo` gets `what`, and can be repeated; `graders.checks.cleanup` has to
    know it.

    Example:
        with temporary(lab, partial(_cordon, lab, node), uncordon, node):
            ...

    Raises:
        KitError, CheckFailed: as `change` and `undo`.

    """
    line = f"{undo.__name__} {what}"
    Journal.note(line)
    try:
        with uninterrupted():
            change()
    except Refused:
        Journal.note(_UNDONE + line)
        raise
    except BaseException:
        with contextlib.suppress(CannotCheck, CheckFailed), uninterrupted():
            undo(lab, what)
            Journal.note(_UNDONE + line)
        raise
    try:
        yield
    finally:
        with uninterrupted():
            undo(lab, what)
            Journal.note(_UNDONE + line)
