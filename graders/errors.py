"""Errors and verdicts as exceptions, with the remedy for a person."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, ClassVar, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_SHOWN: Final = 100
# Characters of a line that a person reads, and of what is shown as evidence.
_LONGEST: Final = 2000
_EVIDENCE: Final = 100_000
# What reading a text raises that is not of the form it should be.
MALFORMED: Final = (
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)


class KitError(Exception):
    """Something went wrong that a person can understand from one line.

    Each problem is one line that terminals can show, whatever a machine
    sent; `remedy` says what to do about it. The command line prints
    `str(error)` and ends with `exit_code`.
    """

    exit_code: ClassVar[int] = 3

    def __init__(self, message: str, *more: str, remedy: str = "") -> None:
        """Keep `message`, and `more` of them when there are several."""
        self.problems = [
            printable(one_line(problem, _LONGEST))
            for problem in (message, *more)
        ]
        self.remedy = printable(one_line(remedy))
        super().__init__(message, *more)

    def __str__(self) -> str:
        """Return "message; remedy", or several problems, one a line."""
        if len(self.problems) > 1:
            return "\n".join([*self.problems, self.remedy]).rstrip()
        return "; ".join(filter(None, [self.problems[0], self.remedy]))


class UsageError(KitError):
    """The person at the keyboard, or the author of a lab, can mend it."""

    exit_code = 2


class CannotCheck(KitError):  # noqa: N818 - the name of an outcome
    """The kit or a machine failed, so the student's work is not judged.

    `machine` is the role of the machine that does not answer, or "".
    """

    exit_code = 3

    def __init__(
        self, message: str, *more: str, remedy: str = "", machine: str = ""
    ) -> None:
        """Keep what `KitError` does, and the machine."""
        super().__init__(message, *more, remedy=remedy)
        self.machine = machine


@contextmanager
def parsing(source: str, remedy: str) -> Iterator[None]:
    """Read what a program or machine wrote, in a `with` block or a function.

    It may be cut short, damaged, or from another program of that name.

    Raises:
        CannotCheck: it is not as expected.

    """
    try:
        yield
    except MALFORMED as error:
        what = one_line(f"{type(error).__name__}: {error}", _SHOWN)
        raise CannotCheck(
            f"could not read {source}: {what}", remedy=remedy
        ) from error


@contextmanager
def explaining(
    problem: str, remedy: str = "", kind: type[KitError] = UsageError
) -> Iterator[None]:
    """Turn an OSError of a `with` block into an error of the kit.

    `problem`, such as "could not write FILE", is followed by the cause.

    Raises:
        KitError: it has refused; the error is one of `kind`.

    """
    try:
        yield
    except OSError as error:
        cause = error.strerror or error
        raise kind(f"{problem}: {cause}", remedy=remedy) from error


class CheckFailed(Exception):  # noqa: N818 - the name of an outcome
    """The lab is not as it should be; the student can repair it."""

    def __init__(  # noqa: PLR0913 - the parts that a report shows
        self,
        reason: str,
        *,
        expected: str = "",
        actual: str = "",
        seen_by: str = "",
        evidence: str = "",
    ) -> None:
        """Keep reason and command in one line each, and all bounded."""
        self.reason = one_line(reason, _LONGEST)
        self.expected = _cut(expected, _LONGEST)
        self.actual = _cut(actual, _LONGEST)
        self.seen_by = one_line(seen_by, _LONGEST)
        self.evidence = _cut(evidence, _EVIDENCE)
        super().__init__(self.reason)


def one_line(text: str, limit: int | None = None) -> str:
    """Return `text` on one line, cut to `limit` characters with `...`."""
    line = " ".join(text.split())
    if limit is None or len(line) <= limit:
        return line
    return line[: limit - 3] + "..."


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[:limit]}\n... cut"


def printable(text: str, keep: str = "") -> str:
    """Show what terminals or XML would act upon as Python escapes it.

    The characters of `keep` are left as they are.
    """
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() or char in keep else _escaped(char)
        for char in text
    )


def _escaped(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")
