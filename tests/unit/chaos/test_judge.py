"""What is right after a mishap, and what is not."""

from __future__ import annotations

from typing import Final

import pytest

from tests.chaos import judge
from tests.chaos.mishap import MISHAPS
from tests.paper_world import ended, graded

QUIET: Final = MISHAPS["ctrl-c"]
FULL: Final = MISHAPS["disk-full"]
DEED: Final = MISHAPS["namespace-deleted"]
TRACE: Final = "Traceback (most recent call last):"


# Where Ctrl-C ends Python before it has begun with the kit.
SITE: Final = f"""Fatal Python error: init_import_site: Failed to import
{TRACE}
  File "<frozen site>", line 616, in <module>
KeyboardInterrupt
"""
ENTRY: Final = f"""{TRACE}
  File "/kit/.venv/bin/lab", line 4, in <module>
    from graders.cli.entry import lab
  File "/kit/graders/cli/entry.py", line 9, in <module>
KeyboardInterrupt
"""


@pytest.mark.parametrize(
    ("code", "err"),
    [
        (0, ""),
        (1, SITE),
        (-2, ENTRY),
        (130, "lab: interrupted; run `lab up` again, it recovers"),
        (-9, ""),
        (3, "lab: no engine answers; start it"),
    ],
)
def test_a_command_may_end_so(code: int, err: str) -> None:
    """Done, interrupted, killed, or with words."""
    assert judge.judge_command(ended("up", code, err=err), QUIET) == []


def test_a_grade_that_leaves_the_full_checks_says_enough() -> None:
    """It ends with 3, and its JSON says that those need `grade --full`."""
    result = graded(web="pass", failover="needs-full")

    assert judge.judge_command(ended("grade", 3, result), QUIET) == []


@pytest.mark.parametrize(
    ("code", "err", "wrong"),
    [
        (None, "", "did not end within"),
        (4, "", "ended with 4"),
        (3, "", "does not say why"),
        (3, "lab: oh no", "names no way out"),
        (1, TRACE, "Traceback"),
        (3, "lab: a fault of the kit itself: see `x`", "a fault of the kit"),
        (-11, "", "ended with -11"),
        (-2, ENTRY.replace("in <module>", "in lab"), "Traceback"),
        (1, ENTRY.replace("KeyboardInterrupt", "OSError: x"), "Traceback"),
    ],
)
def test_a_command_must_not_end_so(
    code: int | None, err: str, wrong: str
) -> None:
    """A hang, no words, no way out, a traceback."""
    found = judge.judge_command(ended("up", code, err=err), QUIET)

    assert len(found) == 1
    assert wrong in found[0]


def test_only_a_mishap_in_its_course_kills_a_command() -> None:
    """Otherwise the kit ended itself."""
    found = judge.judge_command(ended("up", -9), MISHAPS["half-files"])

    assert found == ["`up` ended with -9"]


def test_a_full_disk_must_be_named() -> None:
    """A way out alone is not enough."""
    vague = ended("up", 3, err="lab: could not; run `lab up`")
    clear = ended("up", 3, err="lab: No space left on device; free some ")

    assert "what is wrong" in judge.judge_command(vague, FULL)[0]
    assert judge.judge_command(clear, FULL) == []


def test_a_mishap_must_not_read_as_a_failure() -> None:
    """Unless it is the student's own deed."""
    more = ended("grade", 1, graded(vip="fail", arp="fail"))

    assert judge.judge_meanwhile(more, QUIET, {"vip", "arp"}) == []
    found = judge.judge_meanwhile(more, QUIET, {"vip"})
    assert len(found) == 1
    assert "arp" in found[0]
    assert judge.judge_meanwhile(more, DEED, {"vip"}) == []
    assert judge.judge_meanwhile(ended("up", 1), QUIET, set()) == []
    assert judge.judge_meanwhile(ended("grade", 3), QUIET, set()) == []


def test_the_way_back_must_be_done() -> None:
    """Whatever else it says."""
    assert judge.judge_back(ended("up", 0)) == []
    assert "ended with 3" in judge.judge_back(ended("up", 3, err="x"))[0]
    assert "ended with None" in judge.judge_back(ended("up", None))[0]
    assert "Traceback" in judge.judge_back(ended("up", 0, err=TRACE))[0]


def test_the_verdict_as_shipped() -> None:
    """The fault's check comes first, and all could be checked."""
    right = ended("grade", 1, graded(pods="pass", vip="fail", arp="needs"))
    other = ended("grade", 1, graded(pods="fail", vip="fail"))
    blind = ended("grade", 1, graded(vip="fail", arp="environment"))
    green = ended("grade", 0, graded(vip="pass"))

    assert judge.judge_verdict(right, "vip", solved=False) == []
    assert judge.judge_verdict(right, "vip", solved=False, red={"vip"}) == []
    assert "not pods" in judge.judge_verdict(other, "vip", solved=False)[0]
    assert "not all" in judge.judge_verdict(blind, "vip", solved=False)[0]
    assert "nothing" in judge.judge_verdict(green, "vip", solved=False)[0]


def test_nothing_else_may_fail_than_as_shipped() -> None:
    """The fault hides neither what the mishap nor what the kit has broken."""
    more = ended("grade", 1, graded(vip="fail", leases="fail"))

    found = judge.judge_verdict(more, "vip", solved=False, red={"vip"})

    assert len(found) == 1
    assert "more fails: leases" in found[0]
    both = {"vip", "leases"}
    assert judge.judge_verdict(more, "vip", solved=False, red=both) == []


def test_a_way_back_that_throws_work_away() -> None:
    """Where the mishap has kept it, a reset is no way back."""
    assert judge.loses_work("reset", QUIET)
    assert judge.loses_work("start", QUIET)
    assert not judge.loses_work("up", QUIET)
    assert not judge.loses_work("grade", QUIET)
    assert not judge.loses_work("reset", DEED)


def test_the_verdict_of_a_solved_lab() -> None:
    """What needs --full may be left."""
    green = ended("grade", 3, graded(vip="pass", failover="needs-full"))
    red = ended("grade", 1, graded(vip="fail"))

    assert judge.judge_verdict(green, "vip", solved=True) == []
    assert "must pass" in judge.judge_verdict(red, "vip", solved=True)[0]


def test_no_verdict_is_wrong() -> None:
    """It says why there is none."""
    none = ended("grade", 3, err="grade: no lab is running; run `make lab-1`")

    found = judge.judge_verdict(none, "vip", solved=False)

    assert "no lab is running" in found[0]


@pytest.mark.parametrize(
    ("said", "command"),
    [
        ("lab: interrupted; run `lab reset` again, it recovers", "reset"),
        ("grade: `lab reset` was cut off; `lab start` starts one", "start"),
        ("grade: no lab is running; run `make lab-1`", "start"),
        ("no answer; `lab up` brings the lab's machines back", "up"),
        ("run `lab down`, then `lab up`", "up"),
        ("lab: interrupted; run `lab hint` again, it recovers", ""),
        ("grade: interrupted; run `grade` again, it recovers", "grade"),
        ("free some space", ""),
    ],
)
def test_the_command_that_a_message_names(said: str, command: str) -> None:
    """The one of its way out comes first."""
    assert judge.named(said) == command


@pytest.mark.parametrize(
    ("command", "code", "err", "back"),
    [
        ("up", 0, "", "grade"),
        ("down", 0, "", "start"),
        ("reset", -9, "", "reset"),
        ("start", -9, "", "start"),
        ("hint", -9, "", "grade"),
        ("up", 130, "run `lab up` again", "up"),
        ("status", 3, "`lab up` brings it back", "up"),
    ],
)
def test_the_way_back(command: str, code: int, err: str, back: str) -> None:
    """By the message, or else by the command."""
    assert judge.way_back(ended(command, code, err=err), QUIET) == back


def test_the_way_back_of_a_kind() -> None:
    """It comes before the message's."""
    done = ended("grade", 1, graded(vip="fail"))

    assert judge.way_back(done, QUIET) == "grade"
    assert judge.way_back(done, DEED) == "reset"


def test_a_check_that_could_not_look_names_the_way_back() -> None:
    """Its reason counts, not only what is printed beside the result."""
    blind = ended("grade", 3, graded(vip="environment"))

    assert judge.named(judge.reasons(blind)) == "up"
    assert judge.judge_command(blind, QUIET) == []
