"""A student's verified results in the formats of autograders.

Gradescope and PrairieLearn read `results.json`, Classroom 50 `result.json`,
and most CI systems JUnit. A submission that the kit itself could not regrade
is never a zero.
"""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final
from xml.etree import ElementTree as ET

from graders.errors import CannotCheck, printable
from graders.grading.junit import to_junit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from graders.classroom.regraded import Regraded
    from graders.grading.result import CheckResult

_NAMES: Final = (
    ("classroom", "CLASSROOM", ""),
    ("assignment", "ASSIGNMENT", ""),
    ("submission", "SUBMISSION_TAG", "GITHUB_REF_NAME"),
    ("commit", "COMMIT_URL", "GITHUB_SHA"),
    ("release", "RELEASE_URL", "GITHUB_REF_NAME"),
    ("review", "REVIEW_URL", "GITHUB_SHA"),
)


def gradescope(rows: Sequence[Regraded]) -> str:
    """Return `results.json` of a student for Gradescope.

    Raises:
        CannotCheck: a submission has not been regraded.

    """
    _expect_regraded(rows)
    return _json(
        {
            "score": sum(_points(row) for row in rows),
            "execution_time": round(sum(row.seconds for row in rows)),
            "output": "\n".join(map(_sentence, rows)),
            "visibility": "visible",
            "tests": [
                {
                    "name": f"{row.lab}: {check.sentence}",
                    "score": check.points,
                    "max_score": check.max_points,
                    "status": "passed"
                    if check.outcome == "pass"
                    else "failed",
                    "output": _explained(check),
                }
                for row, check in _checks(rows)
            ],
        }
    )


def prairielearn(rows: Sequence[Regraded]) -> str:
    """Return `results.json` of a student for PrairieLearn.

    What was refused or not regraded cannot be graded, which costs a student
    no attempt.
    """
    gradable = all(row.status not in {"error", "refused"} for row in rows)
    total = sum(_total(row) for row in rows)
    score = sum(map(_points, rows)) / total if total else 0.0
    return _json(
        {
            "gradable": gradable,
            "score": round(score, 4) if gradable else 0.0,
            "message": " ".join(map(_sentence, rows)),
            "format_errors": [
                reason
                for row in rows
                if row.status in {"error", "refused"}
                for reason in row.reasons
            ],
            "tests": [
                {
                    "name": check.name,
                    "description": f"{row.lab}: {check.sentence}",
                    "points": check.points,
                    "max_points": check.max_points,
                    "message": _explained(check),
                }
                for row, check in _checks(rows)
            ],
        }
    )


def classroom50(
    rows: Sequence[Regraded], environment: Mapping[str, str] = os.environ
) -> str:
    """Return `result.json` of a student for Classroom 50.

    Its runner says in the environment which classroom and assignment it is.

    Raises:
        CannotCheck: a submission has not been regraded.

    """
    _expect_regraded(rows)
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    tests = [
        {
            "test-name": f"{row.lab} {check.name}",
            "passed": check.outcome == "pass",
            "score": check.points,
            "max-score": check.max_points,
        }
        for row, check in _checks(rows)
    ]
    tests += [
        {
            "test-name": row.lab or row.file,
            "passed": False,
            "score": 0,
            "max-score": _total(row),
        }
        for row in rows
        if not row.result
    ]
    names = {
        key: environment.get(name) or environment.get(other, "") or "none"
        for key, name, other in _NAMES
    }
    return _json(
        {
            "schema": "classroom50/result/v1",
            **names,
            "datetime": now,
            "graded_at": now,
            "score": sum(map(_points, rows)),
            "max-score": sum(map(_total, rows)),
            "tests": tests,
        }
    )


def junit(rows: Iterable[Regraded]) -> str:
    """Return all rows as JUnit, one suite for each submission."""
    suites = ET.Element("testsuites")
    suites.extend(map(_suite, rows))
    ET.indent(suites)
    text = ET.tostring(suites, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n'


FORMATS: Final[dict[str, Callable[[Sequence[Regraded]], str]]] = {
    "gradescope": gradescope,
    "prairielearn": prairielearn,
    "classroom50": classroom50,
}


def _suite(row: Regraded) -> ET.Element:
    name = printable(f"{row.student or row.file} {row.lab}".strip())
    if row.result:
        suite = ET.fromstring(to_junit(row.result))  # noqa: S314 - our own text
        suite.set("name", name)
        return suite
    kind = "failure" if row.status in {"refused", "stopped"} else "error"
    counts = {"failures": "0", "errors": "0", "skipped": "0", "tests": "1"}
    counts["failures" if kind == "failure" else "errors"] = "1"
    suite = ET.Element("testsuite", counts | {"name": name})
    case = ET.SubElement(suite, "testcase", classname=name, name=row.status)
    verdict = ET.SubElement(case, kind)
    verdict.set("message", printable("; ".join(row.reasons)))
    return suite


def _checks(
    rows: Iterable[Regraded],
) -> Iterator[tuple[Regraded, CheckResult]]:
    for row in rows:
        for check in row.result.checks if row.result else ():
            yield row, check


def _points(row: Regraded) -> int:
    return row.verified.points if row.verified else 0


def _total(row: Regraded) -> int:
    score = row.verified or row.claimed
    return score.total if score else 0


def _explained(check: CheckResult) -> str:
    if check.outcome == "pass":
        return ""
    seen = f"\nSeen by {check.command}" if check.command else ""
    return printable(f"{check.reason}{seen}", keep="\n")


def _sentence(row: Regraded) -> str:
    if row.verified:
        return (
            f"{row.lab}: {row.verified.points} of {row.verified.total} points"
            " on a fresh lab."
        )
    reasons = "; ".join(row.reasons)
    return printable(f"{row.lab or row.file}: {row.status}: {reasons}.")


def _expect_regraded(rows: Iterable[Regraded]) -> None:
    for row in rows:
        if row.status == "error":
            raise CannotCheck(
                f"{row.file} has not been regraded: {'; '.join(row.reasons)}",
                remedy="run `lab class regrade` again",
            )


def _json(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=2) + "\n"
