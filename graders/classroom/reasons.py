"""Why a submission is refused, or cannot be verified in full."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from graders.errors import one_line, printable

# Wrong; not verified; worth a look, without an effect on the status.
Kind: TypeAlias = Literal["refused", "warning", "note"]
Status: TypeAlias = Literal["verified", "warning", "refused"]
# What a reason is about.
About: TypeAlias = Literal[
    "form",
    "signature",
    "journal",
    "ticket",
    "numbers",
    "fault",
    "points",
    "double",
    "kit",
]

_LONGEST: Final = 300
_MOST: Final = 12
_ORDER: Final[tuple[Kind, ...]] = ("refused", "warning", "note")


@dataclass(frozen=True)
class Reason:
    """One line about a submission."""

    kind: Kind
    about: About
    text: str

    def __str__(self) -> str:
        """Return the line as terminals show it."""
        return printable(one_line(self.text, _LONGEST))


def refused(about: About, text: str) -> Reason:
    """Return why a submission does not count."""
    return Reason("refused", about, text)


def warning(about: About, text: str) -> Reason:
    """Return what could not be verified."""
    return Reason("warning", about, text)


def note(about: About, text: str) -> Reason:
    """Return what may be by chance."""
    return Reason("note", about, text)


def status_of(reasons: tuple[Reason, ...]) -> Status:
    """Return the worst that reasons say."""
    kinds = {one.kind for one in reasons}
    if "refused" in kinds:
        return "refused"
    return "warning" if "warning" in kinds else "verified"


def bounded(reasons: tuple[Reason, ...]) -> tuple[Reason, ...]:
    """Return the worst reasons first, and of thousands only some."""
    ordered = sorted(reasons, key=lambda one: _ORDER.index(one.kind))
    if len(ordered) <= _MOST:
        return tuple(ordered)
    rest = ordered[_MOST:]
    more = Reason(rest[0].kind, rest[0].about, f"and {len(rest)} more")
    return (*ordered[:_MOST], more)


def shown(value: object) -> str:
    """Return a value of a stranger's as a few words."""
    return one_line(repr(value), 60)
