"""Layer 2 beside BGP, on what a student's own grades have measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from graders.grading.result import GradeResult
    from graders.probes.outage import Mode

_TITLES: Final[dict[Mode, str]] = {"layer-2": "Layer 2", "bgp": "BGP"}
_LABEL: Final = 40
_COLUMN: Final = 18


@dataclass(frozen=True)
class Measurement:
    """The outage of one mode in one lab, at a time in ISO 8601.

    `rerouted_after` is None if it is not known.
    """

    mode: Mode
    lab: str
    at: str
    requests: int
    lost: int
    longest: float
    rerouted_after: float | None


def measurements(result: GradeResult, at: str) -> list[Measurement]:
    """Return what the checks of a grade that passed have measured."""
    return [
        Measurement(
            outage.mode,
            result.lab,
            at,
            outage.total,
            len(outage.lost),
            round(outage.longest, 2),
            outage.rerouted_after,
        )
        for check in result.checks
        if check.outcome == "pass" and (outage := check.outage)
    ]


def comparison(known: Sequence[Measurement]) -> list[tuple[str, ...]]:
    """Return a table with a heading, empty unless both modes are known."""
    latest = {one.mode: one for one in sorted(known, key=lambda one: one.at)}
    if latest.keys() != _TITLES.keys():
        return []
    both = [latest[mode] for mode in _TITLES]
    return [
        ("", *(f"{_TITLES[one.mode]}, {_lab(one)}" for one in both)),
        ("requests lost", *(f"{one.lost} of {one.requests}" for one in both)),
        (
            "longest time without an answer",
            *(f"{one.longest:.1f} s" for one in both),
        ),
        ("until traffic took another way", *map(_rerouted, both)),
    ]


def comparison_lines(known: Sequence[Measurement]) -> list[str]:
    """Return the table as text, or what is missing, or nothing."""
    if rows := comparison(known):
        return [
            "Layer 2 beside BGP, as you measured them:",
            *(_line(label, *cells).rstrip() for label, *cells in rows),
        ]
    missing = _TITLES.keys() - {one.mode for one in known}
    if not known or not missing:
        return []
    title = _TITLES[missing.pop()]
    return [f"Once grade --full has measured {title}, too, both are compared."]


def _line(label: str, *cells: str) -> str:
    return f"{label:{_LABEL}}" + "".join(f"{one:{_COLUMN}}" for one in cells)


def _lab(one: Measurement) -> str:
    return " ".join(one.lab.split("-")[:2])


def _rerouted(one: Measurement) -> str:
    after = one.rerouted_after
    return "not known" if after is None else f"{after:.1f} s"
