"""Results in the formats of autograders, by their published rules."""

from __future__ import annotations

import json
from xml.etree import ElementTree as ET

import pytest

from graders.classroom.result_files import (
    classroom50,
    gradescope,
    junit,
    prairielearn,
)
from graders.errors import CannotCheck
from tests.regraded_rows import refused, row

WRONG = row("ada", failed="vip", status="differs")
ERROR = refused("ada", status="error", reasons=("no engine",))


def test_gradescope() -> None:
    """Scores by check add up, and a failure has its reason."""
    found = json.loads(gradescope([row("ada"), WRONG]))

    assert found["score"] == sum(test["score"] for test in found["tests"])
    failed = [test for test in found["tests"] if test["status"] == "failed"]
    assert len(failed) == 1
    assert failed[0]["score"] == 0
    assert "expected <a>, not =b" in failed[0]["output"]
    assert all(
        0 <= test["score"] <= test["max_score"] for test in found["tests"]
    )


def test_gradescope_shows_why_nothing_was_played() -> None:
    """The student reads it, and has no points."""
    found = json.loads(gradescope([refused("ada")]))

    assert found["score"] == 0
    assert "its numbers are not those" in found["output"]


@pytest.mark.parametrize("write", [gradescope, classroom50])
def test_a_fault_of_the_machine_is_no_zero(write: object) -> None:
    """No file is written, so the platform reports an error."""
    with pytest.raises(CannotCheck, match="not been regraded: no engine"):
        write([ERROR])  # type: ignore[operator] # a function


def test_prairielearn() -> None:
    """The score is a share of 1."""
    solved = json.loads(prairielearn([row("ada")]))
    wrong = json.loads(prairielearn([WRONG]))

    assert (solved["gradable"], solved["score"]) == (True, 1.0)
    assert 0 < wrong["score"] < 1
    assert {"name", "points", "max_points"} <= wrong["tests"][0].keys()


@pytest.mark.parametrize("one", [ERROR, refused("ada")])
def test_prairielearn_without_a_grade(one: object) -> None:
    """It costs no attempt, and says why."""
    found = json.loads(prairielearn([one]))  # type: ignore[list-item] # a row

    assert (found["gradable"], found["score"]) == (False, 0.0)
    assert found["format_errors"]


def test_classroom50() -> None:
    """All fields of its contract are there, and sums fit."""
    found = json.loads(
        classroom50(
            [WRONG, refused("ada", lab="2")],
            {"CLASSROOM": "nets", "ASSIGNMENT": "lab-1", "GITHUB_SHA": "1a"},
        )
    )

    assert found["schema"] == "classroom50/result/v1"
    assert (found["classroom"], found["commit"]) == ("nets", "1a")
    assert found["score"] == sum(test["score"] for test in found["tests"])
    assert found["max-score"] == sum(
        test["max-score"] for test in found["tests"]
    )
    for name in ("submission", "release", "review", "datetime"):
        assert found[name]


def test_junit() -> None:
    """One suite for each submission; what was not graded is in it, too."""
    found = ET.fromstring(junit([WRONG, refused(), ERROR]))  # noqa: S314 - ours

    suites = found.findall("testsuite")
    assert [suite.get("name") for suite in suites] == [
        "ada lab-1-pending-service",
        "eve lab-1-pending-service",
        "ada lab-1-pending-service",
    ]
    counts = [(suite.get("failures"), suite.get("errors")) for suite in suites]
    assert counts == [("1", "0"), ("1", "0"), ("0", "1")]
