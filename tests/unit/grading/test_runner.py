"""A whole grade of the toy lab, as `grade` runs it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from graders.course.lab import read_lab
from graders.errors import UsageError
from graders.grading.runner import run_grade
from graders.plan.plan import make_plan

if TYPE_CHECKING:
    from graders.grading.result import CheckResult, GradeResult

FOLDER = Path(__file__).parents[2] / "toy"
TOY = read_lab(FOLDER / "lab-9-toy")
HOPS = {"192.0.2.3", "192.0.2.4"}


def _session(*actions: object, **seen: object) -> SimpleNamespace:
    """Return a session in which all is well but for what is given."""
    well = {"hops": HOPS, "page": "hello", "actions": list(actions)}
    return SimpleNamespace(
        plan=make_plan(),
        measurements={},
        outages={},
        require_machines=lambda: None,
        **(well | seen),
    )


def _grade(session: SimpleNamespace, variant: str = "no-pool") -> GradeResult:
    """Grade the toy lab."""
    file = FOLDER / "grader_toy.py"
    return run_grade(TOY, variant, session, 2, grader_file=file)


def _outcomes(result: GradeResult) -> dict[str, str]:
    """Return the outcomes by name."""
    return {check.name: check.outcome for check in result.checks}


def test_a_solved_lab() -> None:
    """All points, exit 0, and no broken layer."""
    result = _grade(_session())

    assert result.solved
    assert result.exit_code == 0
    assert (result.points, result.total) == (75, 75)
    assert result.first_broken_layer is None
    assert (result.lab, result.title) == ("lab-9-toy", "Toy")
    assert (result.student, result.attempt) == ("demo", 2)


def test_a_failure_shows_what_was_expected_and_seen() -> None:
    """What hangs on it cannot be checked; the rest is graded."""
    result = _grade(_session(hops={"192.0.2.3"}))

    route = result.check("route")
    assert result.exit_code == 1
    assert route.expected == "next hops 192.0.2.3, 192.0.2.4"
    assert route.actual == "192.0.2.3"
    assert route.command == "vtysh -c 'show ip route' on router"
    assert route.evidence == "B>* 192.0.2.7/32\n  via 192.0.2.3"
    assert (route.points, route.max_points, route.layer) == (0, 25, "route")
    assert result.check("http").outcome == "cannot-check"
    assert result.check("http").reason == "needs route"
    assert result.check("http").cause == "needs"
    assert result.points == 30
    assert result.first_broken_layer == "route"


def test_what_cannot_be_checked_stops_what_needs_it() -> None:
    """Need is passed on: http needs arp, which needs vip."""
    result = _grade(_session("cannot"))

    assert [check.cause for check in result.checks] == [
        "environment",
        "needs",
        "",
        "needs",
        "",
    ]
    assert _outcomes(result) == {
        "vip": "cannot-check",
        "arp": "cannot-check",
        "route": "pass",
        "http": "cannot-check",
        "reservation": "pass",
    }
    assert result.exit_code == 3
    assert result.first_broken_layer is None


def test_a_check_of_another_variant_does_not_exist() -> None:
    """Neither it nor its points are there."""
    result = _grade(_session(), "no-route")

    assert "reservation" not in _outcomes(result)
    assert result.total == 70


def test_twice_in_a_row_gives_the_same() -> None:
    """Nothing sticks, in the same process too."""
    first = _outcomes(_grade(_session(hops=set())))
    again = _outcomes(_grade(_session(hops=set())))

    assert first == again
    assert _grade(_session()).solved


def test_ctrl_c_ends_it_with_what_was_graded() -> None:
    """The rest says that it was interrupted."""
    result = _grade(_session("pass", KeyboardInterrupt()))

    assert result.exit_code == 3
    assert result.check("vip").outcome == "pass"
    left = [check.reason for check in result.checks[1:]]
    assert left == ["interrupted"] * 4
    assert {check.cause for check in result.checks[1:]} == {"interrupted"}
    assert result.interrupted


def test_results_come_as_they_are_made_and_reach_the_screen(
    capfd: pytest.CaptureFixture[str],
) -> None:
    """What checks print themselves stays off it."""

    def show(check: CheckResult) -> None:
        print(check.name)  # noqa: T201 - that is what is tested

    run_grade(
        TOY,
        "no-pool",
        _session("fail"),
        1,
        on_result=show,
        grader_file=FOLDER / "grader_toy.py",
    )

    out, err = capfd.readouterr()
    assert out.split() == ["vip", "arp", "route", "http", "reservation"]
    assert not err


def test_a_reader_that_went_away_is_told_once() -> None:
    """`grade | head -1` ends in the error of the pipe and no other."""
    told = []

    def show(check: CheckResult) -> None:
        told.append(check.name)
        raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        run_grade(
            TOY,
            "no-pool",
            _session(),
            1,
            on_result=show,
            grader_file=FOLDER / "grader_toy.py",
        )
    assert told == ["vip"]


def test_the_users_own_pytest_settings_do_not_matter(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Neither variables nor a conftest.py beside them are used."""
    monkeypatch.setenv("PYTEST_ADDOPTS", "--no-such-option")
    monkeypatch.setenv("PYTEST_PLUGINS", "no_such_plugin")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "conftest.py").write_text("1 / 0")
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --nope\n")
    file = tmp_path / "grader_copy.py"
    file.write_text((FOLDER / "grader_toy.py").read_text())

    assert run_grade(TOY, "no-pool", _session(), 1, grader_file=file).solved


def test_a_missing_grader_file_judges_nobody() -> None:
    """The lab's own file is looked for when no other is given."""
    result = run_grade(TOY, "no-pool", _session(), 1)

    assert result.exit_code == 3
    assert {check.reason for check in result.checks} == {
        "the kit has no grader file test_lab_9_toy.py"
    }
    assert {check.cause for check in result.checks} == {"kit"}


def test_an_unknown_variant_is_wrong_usage() -> None:
    """The message lists the variants."""
    with pytest.raises(UsageError) as caught:
        _grade(_session(), "tea")

    assert str(caught.value) == (
        "variant of lab-9-toy must be one of no-pool, no-route, not 'tea'"
    )
