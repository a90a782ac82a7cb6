"""Hints climb the ladder of what is broken now."""

from __future__ import annotations

from pathlib import Path

import pytest

from graders.course.lab import all_labs, read_lab
from graders.course.templates import names, render
from graders.errors import KitError, UsageError
from graders.grading.hints import Hint, ladder_for, next_hint
from graders.grading.result import CheckResult, GradeResult, Heading, summarise
from graders.plan.plan import make_plan

TOY = read_lab(Path(__file__).parents[2] / "toy" / "lab-9-toy")
PLAN = make_plan().as_vars()
HEADING = Heading(lab=TOY.id, title=TOY.title, student="demo", attempt=1)


def _result(**outcomes: str) -> GradeResult:
    """Return a result with these outcomes."""
    checks = [
        CheckResult.model_validate(
            {
                "name": name,
                "layer": "route",
                "sentence": f"{name} is well",
                "outcome": outcome.replace("_", "-"),
                "points": 0,
                "of": 1,
                "seconds": 0,
                "reason": "" if outcome == "pass" else "no answer",
            }
        )
        for name, outcome in outcomes.items()
    ]
    return summarise(HEADING, checks, 1)


def _hint(result: GradeResult, rung: int = 1) -> Hint:
    """Return the hint for variant no-pool."""
    return next_hint(TOY, "no-pool", result, rung, plan_vars=PLAN)


def test_the_first_failed_check_chooses_the_ladder() -> None:
    """What could not be checked before it does not matter."""
    hint = _hint(_result(arp="cannot_check", route="fail", vip="fail"))

    assert hint == Hint("route", "A router needs a next hop.", 1, 3)


def test_each_rung_gives_away_more() -> None:
    """The last one has the numbers of the student's plan."""
    broken = _result(vip="fail")

    assert [_hint(broken, rung).text for rung in (1, 2, 3)] == [
        "A Service gets its address from a pool.",
        "Which pools are there, and what do they hold?",
        (
            "kubectl get ipaddresspools; it should hold"
            " 172.18.255.200-172.18.255.250"
        ),
    ]


@pytest.mark.parametrize(("asked", "shown"), [(0, 1), (4, 3), (99, 3)])
def test_past_the_end_it_stays_on_the_last_rung(
    asked: int, shown: int
) -> None:
    """The caller may go on counting."""
    assert _hint(_result(vip="fail"), asked).rung == shown


def test_the_variants_own_ladder_comes_before_the_labs() -> None:
    """A lab-level ladder is for checks that a variant says nothing on."""
    own = ["own", "own", "own"]
    variant = TOY.variant("no-pool").model_copy(
        update={"hints": {"route": own}}
    )
    lab = TOY.model_copy(update={"variants": {"no-pool": variant}})

    assert ladder_for(lab, "no-pool", "route") == own
    assert ladder_for(TOY, "no-pool", "route") == TOY.hints["route"]


def test_a_check_without_a_ladder_says_what_is_broken() -> None:
    """A student who broke something else is not left alone."""
    assert _hint(_result(http="fail")) == Hint(
        "http",
        "there is no hint for this; look at the layer route: no answer",
        0,
        0,
    )


def test_what_could_not_be_checked_is_no_ladder() -> None:
    """The fault is the kit's, and no hint for the lab would help."""
    assert _hint(_result(vip="pass", arp="cannot_check")) == Hint(
        "arp",
        "nothing failed, but arp could not be checked: no answer",
        0,
        0,
    )


def test_a_solved_lab_needs_no_hint() -> None:
    """It says so."""
    text = "every check passes: there is no hint to give"

    assert _hint(_result(vip="pass")) == Hint("", text, 0, 0)


def test_a_name_that_the_plan_does_not_have_is_told() -> None:
    """Place, check and rung are in the message."""
    hints = {"route": ["{{ tea }}", "b", "c"]}
    lab = TOY.model_copy(update={"hints": hints})

    with pytest.raises(KitError) as caught:
        next_hint(lab, "no-route", _result(route="fail"), 1, plan_vars=PLAN)

    assert str(caught.value) == (
        "labs/lab-9-toy/lab.yml: hints for route, rung 1, must be a template"
        " of the plan's names: 'tea' is undefined"
    )


def test_an_unknown_variant_is_wrong_usage() -> None:
    """It cannot have hints."""
    with pytest.raises(UsageError):
        next_hint(TOY, "tea", _result(vip="fail"), 1, plan_vars=PLAN)


@pytest.mark.parametrize("student", ["demo", "ann"])
def test_every_hint_of_every_lab_can_be_shown(student: str) -> None:
    """No rung names what the plan does not have."""
    values = names(make_plan(student))

    for lab in all_labs():
        holders = [lab.hints, *(v.hints for v in lab.variants.values())]
        ladders = [one for hints in holders for one in hints.values()]
        for ladder in ladders:
            assert all(render(rung, values) for rung in ladder)
