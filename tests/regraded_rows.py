"""Results of regrades, made up."""

from __future__ import annotations

from typing import Any

from graders.classroom.regraded import Regraded, Score, Work
from graders.course.lab import load_lab
from graders.grading.result import CheckResult, Heading, summarise


def graded(lab: str = "1", failed: str = "", student: str = "ada") -> Any:  # noqa: ANN401 - a result
    """Return the result of a lab, solved but for one check."""
    known = load_lab(lab)
    checks = [
        CheckResult(
            name=name,
            layer="policy",
            sentence=f"The sentence of {name}.",
            outcome="fail" if name == failed else "pass",
            points=0 if name == failed else points,
            max_points=points,
            seconds=0.1,
            reason="expected <a>, not =b" if name == failed else "",
            command="kubectl get svc" if name == failed else "",
        )
        for name, points in known.checks.items()
    ]
    heading = Heading(
        lab=known.id, title=known.title, student=student, attempt=1
    )
    return summarise(heading, checks, 1.0)


def row(student: str = "ada", lab: str = "1", **more: Any) -> Regraded:  # noqa: ANN401 - fields
    """Return a row, confirmed and solved unless `more` says otherwise."""
    result = graded(lab, more.pop("failed", ""), student)
    score = Score.of(result)
    fields: dict[str, Any] = {
        "file": f"{student}-lab-{lab}.lab",
        "sha256": "0" * 64,
        "student": student,
        "lab": result.lab,
        "fault": next(iter(load_lab(lab).variants)),
        "status": "confirmed",
        "claimed": score,
        "verified": score,
        "result": result,
        "work": Work(attempts=2, hints=1, minutes=25),
    }
    return Regraded(**(fields | more))


def refused(student: str = "eve", **more: Any) -> Regraded:  # noqa: ANN401 - fields
    """Return the row of a submission that was not played."""
    fields: dict[str, Any] = {
        "status": "refused",
        "verified": None,
        "result": None,
        "reasons": ("its numbers are not those of eve",),
    }
    return row(student, **(fields | more))
