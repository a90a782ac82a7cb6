"""What ended a check decides its outcome and cause."""

from __future__ import annotations

from pathlib import Path

import pytest

from graders.checks.check import CheckFailed, CheckSpec
from graders.errors import CannotCheck, KitError
from graders.grading.check_run import CheckRun, NotRun, describe

SPEC = CheckSpec("route", name="route", sentence="it has one", max_points=5)


def _raised(error: BaseException) -> BaseException:
    """Return an exception that was raised in this file."""
    with pytest.raises(type(error)) as caught:
        raise error
    return caught.value


@pytest.mark.parametrize(
    ("error", "outcome", "cause", "reason"),
    [
        (CheckFailed("no route"), "fail", "", "no route"),
        (AssertionError("no\npage"), "fail", "", "no"),
        (NotRun("needs", "needs vip"), "cannot-check", "needs", "needs vip"),
        (CannotCheck("no engine"), "cannot-check", "environment", "no engine"),
        (KitError("odd layer"), "cannot-check", "kit", "odd layer"),
    ],
)
def test_outcome(
    error: Exception, outcome: str, cause: str, reason: str
) -> None:
    """Only failures are a student's; a cause says why there is no verdict."""
    run = CheckRun(SPEC)
    run.record(_raised(error), Path(__file__))
    result = run.result()

    assert (result.outcome, result.cause, result.reason) == (
        outcome,
        cause,
        reason,
    )
    assert (result.points, result.max_points) == (0, 5)


def test_assert_elsewhere() -> None:
    """An assert in a library is a fault of the kit."""
    run = CheckRun(SPEC)
    run.record(_raised(AssertionError()), Path("/elsewhere/test_x.py"))

    assert (run.outcome, run.cause) == ("cannot-check", "kit")


def test_first_error_counts() -> None:
    """A failed clean-up does not hide why the check failed."""
    run = CheckRun(SPEC)
    run.record(CheckFailed("no route"))
    run.record(CannotCheck("no engine"))

    assert (run.outcome, run.reason) == ("fail", "no route")


def test_pass() -> None:
    """A check that raises nothing gets its points."""
    result = CheckRun(SPEC, seconds=0.12345).result("0.3 s")

    assert (result.outcome, result.points, result.seconds) == (
        "pass",
        5,
        0.123,
    )
    assert result.measurements == "0.3 s"


def test_describe() -> None:
    """A fault of the kit names the file and line, in one line."""
    text = describe(_raised(KeyError("vip")))

    assert text.startswith("a fault of the kit, not yours: KeyError: 'vip' (")
    assert "test_check_run.py:" in text
