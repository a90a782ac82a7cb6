"""What may go wrong in words: errors that name place, rule and way out."""

from __future__ import annotations

from typing import ClassVar


class KitError(Exception):
    """Something went wrong that a person can understand from one line.

    Each problem is one line; `way_out` says what to do about it. The
    command line prints `str(error)` and ends with `exit_code`.
    """

    exit_code: ClassVar[int] = 3

    def __init__(self, message: str, *more: str, way_out: str = "") -> None:
        """Keep `message`, and `more` of them when there are several."""
        self.problems = [one_line(problem) for problem in (message, *more)]
        self.way_out = one_line(way_out)
        super().__init__(message, *more)

    def __str__(self) -> str:
        """Return "message; way out", or several problems, one a line."""
        if len(self.problems) > 1:
            return "\n".join([*self.problems, self.way_out]).rstrip()
        return "; ".join(filter(None, [self.problems[0], self.way_out]))


class UsageError(KitError):
    """The person at the keyboard, or the author of a lab, can mend it."""

    exit_code = 2


class CannotCheck(KitError):  # noqa: N818 - the name of an outcome
    """The kit or a machine failed, so the student's work is not judged.

    `machine` is the role of the machine that does not answer, or "".
    """

    exit_code = 3

    def __init__(
        self, message: str, *more: str, way_out: str = "", machine: str = ""
    ) -> None:
        """Keep what `KitError` does, and the machine."""
        super().__init__(message, *more, way_out=way_out)
        self.machine = machine


def one_line(text: str, limit: int | None = None) -> str:
    """Return `text` on one line, cut to `limit` characters with `...`."""
    line = " ".join(text.split())
    if limit is None or len(line) <= limit:
        return line
    return line[: limit - 3] + "..."


def printable(text: str) -> str:
    """Show what terminals or XML would act upon as Python escapes it."""
    return "".join(
        char if char.isprintable() else _escaped(char) for char in text
    )


def _escaped(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")
