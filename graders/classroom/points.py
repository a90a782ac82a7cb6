"""Whether a result adds up, and is about the checks of its lab."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from graders.classroom.reasons import refused, shown
from graders.course.lab import LAYERS

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Mapping

    from graders.classroom.reasons import Reason
    from graders.grading.result import CheckResult, GradeResult

_refused: Final = partial(refused, "points")


def sums(result: GradeResult) -> Iterator[Reason]:
    """Yield what in a result contradicts itself."""
    checks = result.checks
    yield from _not(result, "points", sum(check.points for check in checks))
    yield from _not(result, "total", sum(check.max_points for check in checks))
    yield from _not(
        result,
        "solved",
        bool(checks) and all(check.outcome == "pass" for check in checks),
    )
    broken = {check.layer for check in checks if check.outcome == "fail"}
    first = next((layer for layer in LAYERS if layer in broken), None)
    yield from _not(result, "first_broken_layer", first)
    for check in checks:
        yield from _check(check)
    for name in ("attempt", "hints"):
        count, least = getattr(result, name), int(name == "attempt")
        if count < least:
            yield _refused(f"{name} cannot be {count}")


def of_lab(
    result: GradeResult, points: Mapping[str, int], others: Container[str] = ()
) -> Iterator[Reason]:
    """Yield where a result has other checks or points than its lab.

    `others` are checks of other faults, which a grade leaves out.
    """
    names = [check.name for check in result.checks]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield _refused(f"check {shown(name)} is there twice")
    for name in sorted({*names} - {*points}):
        yield _refused(f"the lab has no check {shown(name)}")
    for name in points:
        if name in names and name in others:
            yield _refused(f"check {name} is for another fault")
        elif name not in names and name not in others:
            yield _refused(f"check {name} is missing")
    for check in result.checks:
        most = points.get(check.name, check.max_points)
        if check.max_points != most:
            yield _refused(
                f"check {check.name} gives {most} points, not"
                f" {check.max_points}"
            )


def _check(check: CheckResult) -> Iterator[Reason]:
    """Yield points that an outcome does not give."""
    wanted = check.max_points if check.outcome == "pass" else 0
    if check.points != wanted:
        yield _refused(
            f"check {shown(check.name)}: {check.outcome} gives {wanted}"
            f" points, not {check.points}"
        )
    if bool(check.cause) != (check.outcome == "cannot-check"):
        yield _refused(
            f"check {shown(check.name)}: {check.outcome} cannot have the cause"
            f" {check.cause!r}"
        )


def _not(
    result: GradeResult, field: str, expected: object
) -> Iterator[Reason]:
    actual = getattr(result, field)
    if actual != expected:
        yield _refused(
            f"{field} must be {expected} by its checks, not {shown(actual)}"
        )
