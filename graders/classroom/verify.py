"""Verify submissions without a network or a lab.

A file that was made to do harm costs its own row only.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

from graders.checks.check import get_spec
from graders.classroom import history, points, submission
from graders.classroom.doubles import Compared, doubles
from graders.classroom.origin import Origin
from graders.classroom.reasons import (
    Reason,
    Status,
    bounded,
    refused,
    shown,
    status_of,
    warning,
)
from graders.classroom.signature import signature
from graders.classroom.zipped import SubmissionError
from graders.course.lab import Lab, load_lab
from graders.errors import UsageError
from graders.grading.check_spec import check_functions, check_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from graders.classroom.class_folder import Class
    from graders.classroom.submission import Submission


@dataclass(frozen=True)
class Row:
    """What was found about one file; `sent` is None if it cannot be read."""

    path: Path
    sent: Submission | None
    reasons: tuple[Reason, ...]

    @property
    def status(self) -> Status:
        """Verified, or what is worst about it."""
        return status_of(self.reasons)


def verify(paths: Sequence[Path], course: Class | None = None) -> list[Row]:
    """Return a row for each file, in their order.

    With `course` tickets are verified, too. Files are compared with one
    another.
    """
    origin = Origin(course)
    rows: list[Row] = []
    places: list[int] = []
    compared: list[Compared] = []
    for path in paths:
        row, key = _row(path, origin)
        if row.sent:
            compared.append(Compared(row.sent, key, row.status == "refused"))
            places.append(len(rows))
        rows.append(row)
    for at, reasons in doubles(compared).items():
        row = rows[places[at]]
        rows[places[at]] = replace(row, reasons=(*row.reasons, *reasons))
    return [replace(row, reasons=bounded(row.reasons)) for row in rows]


def _row(path: Path, origin: Origin) -> tuple[Row, str]:
    """Return a file's row, and the key that has signed it, "" for none."""
    try:
        sent = submission.read(path)
    except SubmissionError as error:
        told = [one.removeprefix(f"{path.name}: ") for one in error.problems]
        found = [refused("form", problem) for problem in told]
        return Row(path, None, tuple(found)), ""
    except Exception as error:  # noqa: BLE001 - the other rows go on
        return Row(path, None, (_fault(error),)), ""
    reasons: list[Reason] = []
    key = ""
    try:
        key, found = signature(sent)
        reasons += found
        for reason in _problems(sent, origin):
            # What is known stays known if a later step fails.
            reasons.append(reason)
    except (ArithmeticError, RecursionError, ValueError) as error:
        what = f"{type(error).__name__}: {error}"
        reasons.append(refused("form", f"a value in it is too large: {what}"))
    except Exception as error:  # noqa: BLE001 - as above
        reasons.append(_fault(error))
    return Row(path, sent, tuple(reasons)), key


def _problems(sent: Submission, origin: Origin) -> Iterator[Reason]:
    yield from points.sums(sent.result)
    yield from history.problems(sent)
    yield from origin.problems(sent)
    try:
        lab = _lab(sent.plan.lab)
    except UsageError:
        yield warning("fault", f"this kit has no lab {shown(sent.plan.lab)}")
        return
    yield from origin.fault(sent, lab)
    others = of_other_faults(lab.id, sent.plan.fault)
    of_lab = points.of_lab(sent.result, lab.checks, others)
    if origin.is_of_this_kit(sent):
        yield from of_lab
    else:
        yield from (replace(one, kind="warning") for one in of_lab)


@lru_cache(maxsize=256)
def of_other_faults(lab: str, fault: str) -> frozenset[str]:
    """Return the checks of a lab that are not about this fault."""
    return frozenset(
        check_name(function.__name__)
        for function in check_functions(_lab(lab).grader_file)
        if (spec := get_spec(function))
        and spec.variants
        and fault not in spec.variants
    )


@lru_cache(maxsize=64)
def _lab(name: str) -> Lab:
    """Return a lab by its whole id."""
    lab = load_lab(name)
    if lab.id != name:
        raise UsageError(f"{name} is not the whole name of a lab")
    return lab


def _fault(error: Exception) -> Reason:
    return warning(
        "form",
        "it could not be verified, which is a fault of the kit:"
        f" {type(error).__name__}: {error}",
    )
