"""The engine tells pass, fail and cannot check apart, through real pytest."""

from __future__ import annotations

import textwrap
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from graders.course.lab import Lab, read_lab
from graders.errors import CannotCheck
from graders.grading.runner import run_grade
from graders.plan.plan import make_plan

if TYPE_CHECKING:
    from graders.grading.result import GradeResult

TOY = read_lab(Path(__file__).parents[2] / "toy" / "lab-9-toy")
HEAD = """
import pytest
from graders.checks.check import CannotCheck, CheckFailed, check, expect, fail

"""


def _session(stopped: str = "") -> SimpleNamespace:
    """Return a session in which all machines run, or one does not."""

    def require_machines() -> None:
        if stopped:
            raise CannotCheck(stopped, remedy="`lab up` mends it")

    return SimpleNamespace(
        plan=make_plan(),
        measurements={},
        outages={},
        require_machines=require_machines,
    )


def _grade(tmp_path: Path, body: str, **checks: int) -> GradeResult:
    """Grade a file with `body` as a lab with `checks` (vip by default)."""
    file = tmp_path / f"grader_{tmp_path.name}.py"
    file.write_text(HEAD + textwrap.dedent(body))
    fields = dict(TOY) | {"checks": checks or {"vip": 15}}
    lab = Lab.model_construct(**fields)
    session = _session()
    return run_grade(lab, "no-pool", session, 1, grader_file=file)


def _one(tmp_path: Path, line: str) -> tuple[str, str, str]:
    """Return outcome, cause and reason of a check whose body is `line`."""
    body = f'''
    @check(layer="allocation")
    def test_vip(lab):
        """web has a VIP."""
        {line}
    '''
    result = _grade(tmp_path, body).check("vip")
    return result.outcome, result.cause, result.reason


BESIDE = '''
    import threading
    met = threading.Barrier(2)
    made = []

    @check(layer="allocation")
    def test_vip(lab):
        """web has a VIP."""
        met.wait(5)
        made.append("vip")

    @check(layer="neighbour")
    def test_arp(lab):
        """one node answers."""
        met.wait(5)
        made.append("arp")
        assert LINE

    @check(layer="allocation", exclusive=True)
    def test_new_service(lab):
        """another Service gets one."""
        assert len(made) == 2, made
        made.append("new_service")

    @check(layer="route", needs=("arp",))
    def test_route(lab):
        """the router has a route."""
        assert made[2:] == ["new_service"], made
'''


def test_checks_that_look_are_made_beside_each_other(tmp_path: Path) -> None:
    """Two that wait for each other both pass; one that changes waits."""
    points = dict.fromkeys(("vip", "arp", "new_service", "route"), 1)

    result = _grade(tmp_path, BESIDE.replace("LINE", "True"), **points)

    assert [check.outcome for check in result.checks] == ["pass"] * 4
    assert [check.name for check in result.checks] == list(points)


def test_what_a_check_beside_comes_to_is_its_own(tmp_path: Path) -> None:
    """It is said of itself, in its turn, and stops what needs it."""
    points = dict.fromkeys(("vip", "arp", "new_service", "route"), 1)

    result = _grade(tmp_path, BESIDE.replace("LINE", "False, 'two'"), **points)

    outcomes = [check.outcome for check in result.checks]
    assert outcomes == ["pass", "fail", "pass", "cannot-check"]
    assert result.check("arp").reason == "two"


def test_seconds_of_a_check_beside_are_its_own(tmp_path: Path) -> None:
    """Not those for which it was waited for: it may have ended by then."""
    body = '''
    import threading
    import time
    ended = threading.Event()

    @check(layer="allocation")
    def test_vip(lab):
        """web has a VIP."""
        assert ended.wait(5)

    @check(layer="neighbour")
    def test_arp(lab):
        """one node answers."""
        time.sleep(0.3)
        ended.set()
    '''
    result = _grade(tmp_path, body, vip=1, arp=1)

    assert result.check("vip").outcome == "pass"
    assert result.check("arp").seconds >= 0.3


def test_a_check_that_returns_passes(tmp_path: Path) -> None:
    """It gets its points and has no reason."""
    assert _one(tmp_path, "pass") == ("pass", "", "")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("fail('two machines answer')", "two machines answer"),
        ("expect('VIP', expected=1, actual=2)", "expected VIP 1, not 2"),
        ("assert [] == [1]", "assert [] == [1]"),
        ("assert 0, 'no\\n page'", "no"),
        ("raise AssertionError", "an assert does not hold"),
    ],
)
def test_what_the_student_can_repair_fails(
    tmp_path: Path, line: str, reason: str
) -> None:
    """`Failed` and the grader's own asserts are failures, in one line."""
    assert _one(tmp_path, line) == ("fail", "", reason)


@pytest.mark.parametrize(
    ("line", "cause", "reason"),
    [
        (
            "raise CannotCheck('no cluster', remedy='run lab up')",
            "environment",
            "no cluster; run lab up",
        ),
        ("pytest.skip('later')", "kit", "later"),
        (
            "{}['vip']",
            "kit",
            "a fault of the kit, not yours: KeyError: 'vip' ({file}:9)",
        ),
        (
            "raise SystemExit(4)",
            "kit",
            "a fault of the kit, not yours: SystemExit: 4 ({file}:9)",
        ),
        (
            "lab.cluster",
            "kit",
            (
                "a fault of the kit, not yours: AttributeError:"
                " 'types.SimpleNamespace' object has no attribute 'cluster'"
                " ({file}:9)"
            ),
        ),
    ],
)
def test_all_else_is_no_fault_of_the_student(
    tmp_path: Path, line: str, cause: str, reason: str
) -> None:
    """Any other exception is `cannot-check`, with one kind line."""
    file = f"grader_{tmp_path.name}.py"

    assert _one(tmp_path, line) == (
        "cannot-check",
        cause,
        reason.replace("{file}", file),
    )


def test_an_assert_in_a_library_is_no_failure(tmp_path: Path) -> None:
    """Only asserts of grader files judge the lab."""
    line = "__import__('textwrap').indent('x', '', assert_)"
    body = "import unittest\nassert_ = unittest.TestCase().fail\n"

    result = _grade(
        tmp_path,
        body
        + f'''
@check(layer="allocation")
def test_vip(lab):
    """web has a VIP."""
    {line}
''',
    )

    assert result.check("vip").outcome == "cannot-check"


def test_a_fixture_that_breaks_is_a_fault_of_the_kit(tmp_path: Path) -> None:
    """Set-up and clean-up are the kit's, whatever they assert."""
    body = '''
    @pytest.fixture
    def broken():
        raise OSError("no docker")

    @pytest.fixture
    def dirty():
        yield
        raise OSError("could not delete probe")

    @check(layer="allocation")
    def test_vip(lab, broken):
        """web has a VIP."""

    @check(layer="allocation")
    def test_new_service(lab, dirty):
        """another Service gets one."""

    @check(layer="allocation")
    def test_lost(lab, dirty):
        """a third gets one."""
        fail("it is pending")
    '''
    result = _grade(tmp_path, body, vip=1, new_service=2, lost=3)

    assert "OSError: no docker" in result.check("vip").reason
    assert "could not delete probe" in result.check("new_service").reason
    assert result.check("new_service").outcome == "cannot-check"
    assert result.check("lost").reason == "it is pending"


def test_the_sentence_has_the_numbers_of_the_plan(tmp_path: Path) -> None:
    """Names in braces are the plan's; the full stop is left out."""
    body = '''
    @check(layer="allocation")
    def test_vip(lab):
        """web has a VIP from {pool_name} on {machines[router][lan]}.

        This line is for authors.
        """
    '''
    sentence = _grade(tmp_path, body).check("vip").sentence

    assert sentence == "web has a VIP from kind-pool on 172.18.0.2"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("def broken(:", "SyntaxError"),
        ("import no_such_module", "No module named 'no_such_module'"),
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("check(layer='cable')", "layer must be one of allocation"),
        (
            "def test_vip(lab):\n    'x'",
            "test_vip: a check must be marked with @check",
        ),
        (
            "@check(layer='route')\ndef test_tea(lab):\n    'x'",
            "test_tea: lab.yml must give points to check tea",
        ),
        (
            (
                "@check(layer='route', needs=('tea',))\n"
                "def test_vip(lab):\n    'x'"
            ),
            "test_vip: needs must name a check above, not 'tea'",
        ),
        (
            "@check(layer='route')\ndef test_vip(lab):\n    pass",
            "test_vip: a check must have a docstring",
        ),
        (
            "@check(layer='route')\ndef test_vip(lab):\n    '{tea}'",
            "test_vip: the docstring must use names of the plan, not 'tea'",
        ),
        ("", "the grader file has no check vip, which lab.yml names"),
    ],
)
def test_a_broken_grader_file_judges_nobody(
    tmp_path: Path, body: str, reason: str
) -> None:
    """Every check of lab.yml says why it could not be made."""
    result = _grade(tmp_path, body)

    assert result.exit_code == 3
    assert [check.name for check in result.checks] == ["vip"]
    assert reason in result.check("vip").reason
    assert result.check("vip").cause == "kit"
    assert "\n" not in result.check("vip").reason


def test_checks_run_in_the_order_of_the_file(tmp_path: Path) -> None:
    """The order of names in lab.yml does not matter."""
    one = '''
    @check(layer="allocation")
    def test_{}(lab):
        """it is there."""
    '''
    body = "".join(textwrap.dedent(one.format(name)) for name in "bca")

    result = _grade(tmp_path, body, a=1, b=1, c=1)

    assert [check.name for check in result.checks] == ["b", "c", "a"]


@pytest.mark.parametrize("full", [False, True])
def test_what_disturbs_the_lab_is_made_on_demand(
    tmp_path: Path, *, full: bool
) -> None:
    """Without --full it is left out, and nobody calls the lab solved."""
    file = tmp_path / "grader_full.py"
    body = """
    @check(layer="allocation", disruptive=True)
    def test_vip(lab):
        '''web survives.'''
    """
    file.write_text(HEAD + textwrap.dedent(body))
    lab = Lab.model_construct(**(dict(TOY) | {"checks": {"vip": 15}}))
    session = _session()

    result = run_grade(lab, "no-pool", session, 1, full=full, grader_file=file)

    assert result.solved is full
    assert [check.name for check in result.deferred] == (
        [] if full else ["vip"]
    )
    assert result.exit_code == (0 if full else 3)


@pytest.mark.parametrize("passes", [True, False])
def test_a_failure_while_a_machine_has_stopped(
    tmp_path: Path, *, passes: bool
) -> None:
    """It is none: the student has not stopped it. What passed has passed."""
    file = tmp_path / "grader_stopped.py"
    body = f"""
    @check(layer="allocation")
    def test_vip(lab):
        '''web answers.'''
        expect(
            "web to be",
            expected="here",
            actual="gone",
            ok={passes},
            seen_by="curl web",
        )
    """
    file.write_text(HEAD + textwrap.dedent(body))
    lab = Lab.model_construct(**(dict(TOY) | {"checks": {"vip": 15}}))
    session = _session("worker2 does not run: it is paused")

    result = run_grade(lab, "no-pool", session, 1, grader_file=file)

    (check,) = result.checks
    assert result.exit_code == (0 if passes else 3)
    if not passes:
        assert check.cause == "environment"
        assert check.reason.startswith("worker2 does not run: it is paused")
        assert not check.expected + check.actual + check.command


def test_a_figure_is_told_of_a_check_that_passes(tmp_path: Path) -> None:
    """Others have none."""
    body = '''
    from graders.probes.outage import Outage

    @check(layer="allocation")
    def test_vip(lab):
        """web has a VIP."""
        lab.measurements["vip"] = "0.3 s"
        lab.outages["vip"] = Outage("bgp", "http://10.0.0.1/", (0.0,), ())

    @check(layer="neighbour")
    def test_arp(lab):
        """one node answers."""
    '''
    result = _grade(tmp_path, body, vip=5, arp=5)

    assert result.check("vip").measurements == "0.3 s"
    assert not result.check("arp").measurements
    outage = result.check("vip").outage
    assert outage
    assert outage.answered == (0.0,)
    assert result.check("arp").outage is None
