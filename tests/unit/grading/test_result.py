"""The JSON document is stable and says who won."""

import json
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders.errors import printable
from graders.grading.result import (
    CheckResult,
    GradeResult,
    Heading,
    schema,
    summarise,
)

GOLDEN = Path(__file__).parents[2] / "golden"
HEADING = Heading(
    lab="lab-3-bgp-ecmp", title="BGP and ECMP", student="demo", attempt=2
)


def _check(**fields: Any) -> CheckResult:  # noqa: ANN401 - any field
    """Return a passed check with some fields changed."""
    plain = {
        "name": "vip",
        "layer": "allocation",
        "sentence": "web has the VIP 10.0.100.7 from pool bgp-pool",
        "outcome": "pass",
        "points": 10,
        "of": 10,
        "seconds": 0.104,
    }
    return CheckResult.model_validate(plain | fields)


def _sample() -> list[CheckResult]:
    """Return the checks of the example that the design shows."""
    return [
        _check(),
        _check(
            name="announced",
            layer="advertisement",
            sentence="both workers announce 10.0.100.7",
            seconds=0.31,
        ),
        _check(
            name="next_hops",
            layer="route",
            sentence="the router has a next hop for every eligible node",
            outcome="fail",
            points=0,
            of=25,
            seconds=2.0,
            expected="next hops 172.18.1.3, 172.18.1.4",
            got="172.18.1.3",
            seen_by="vtysh -c 'show ip route 10.0.100.7 json' on router",
            evidence="B>* 10.0.100.7/32 [20/0]\n  * via 172.18.1.3, eth0\n",
            reason="expected next hops 172.18.1.3, 172.18.1.4, not 172.18.1.3",
        ),
        _check(
            name="ecmp",
            layer="forwarding",
            sentence="flows from one client reach every eligible node",
            outcome="cannot-check",
            cause="needs",
            points=0,
            of=25,
            seconds=0.0,
            reason="needs route",
        ),
    ]


def test_the_document_is_the_golden_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Names, order and values of the JSON document stay as they are."""
    monkeypatch.setattr(metadata, "version", {"metallb-lab-kit": "1.2.3"}.get)
    document = summarise(HEADING, _sample(), 3.0999).to_json()

    assert document == (GOLDEN / "result.json").read_text()


def test_a_document_of_an_earlier_minor_version_can_be_read() -> None:
    """It has no causes and no minor version."""
    document = json.loads(summarise(HEADING, _sample(), 3.1).to_json())
    del document["minor_version"]
    for check in document["checks"]:
        del check["cause"]
    result = GradeResult.model_validate(document)

    assert (result.version, result.minor_version) == (1, 0)
    assert {check.cause for check in result.checks} == {""}


def test_help_is_in_the_document() -> None:
    """Hints and a solution that was shown are keys."""
    result = summarise(HEADING, _sample(), 3.1)

    document = json.loads(result.with_help(3, gave_up=True).to_json())

    assert (document["hints"], document["gave_up"]) == (3, True)


def test_a_key_of_a_later_minor_version_is_ignored() -> None:
    """So readers need not be updated with the kit."""
    result = summarise(HEADING, _sample(), 3.1)
    document = json.loads(result.to_json()) | {"new": 1}

    assert GradeResult.model_validate(document) == result


@pytest.mark.parametrize(
    ("cause", "lists"),
    [
        ("needs", "unchecked"),
        ("needs-full", "deferred"),
        ("environment", "errors"),
        ("kit", "errors"),
        ("interrupted", "errors interrupted"),
    ],
)
def test_causes(cause: str, lists: str) -> None:
    """What follows from a missing verdict depends on its cause alone."""
    check = _check(outcome="cannot-check", cause=cause, reason="any words")
    result = summarise(HEADING, [_check(), check], 1)

    for name in ("deferred", "errors", "interrupted"):
        assert bool(getattr(result, name)) == (name in lists.split()), name
    assert result.unchecked == [check]
    assert result.flawless == (cause == "needs-full")


def test_the_schema_is_the_golden_one() -> None:
    """Whoever reads results is told by version when they change."""
    text = json.dumps(schema(), indent=2) + "\n"

    assert text == (GOLDEN / "result.schema.json").read_text()


def test_the_document_can_be_read_again() -> None:
    """A document says all that the result knew."""
    result = summarise(HEADING, _sample(), 3.1)

    assert GradeResult.model_validate_json(result.to_json()) == result
    assert result.heading == HEADING


@pytest.mark.parametrize(
    ("outcomes", "code"),
    [
        (["pass", "pass"], 0),
        (["pass", "fail"], 1),
        (["cannot-check", "fail"], 1),
        (["pass", "cannot-check"], 3),
    ],
)
def test_exit_codes(outcomes: list[str], code: int) -> None:
    """A failure outweighs what could not be checked."""
    checks = [_check(outcome=outcome) for outcome in outcomes]

    assert summarise(HEADING, checks, 1).exit_code == code


def test_the_first_broken_layer_is_the_outermost() -> None:
    """It goes by the order of layers and not by that of checks."""
    checks = [
        _check(name="a", outcome="cannot-check"),
        _check(name="b", layer="policy", outcome="fail"),
        _check(name="c", layer="route", outcome="fail"),
    ]

    assert summarise(HEADING, checks, 1).first_broken_layer == "route"
    assert summarise(HEADING, checks[:1], 1).first_broken_layer is None


def test_a_check_is_found_by_name() -> None:
    """A name that is not there is a KeyError."""
    result = summarise(HEADING, _sample(), 1)

    assert result.check("ecmp").max_points == 25
    with pytest.raises(KeyError):
        result.check("tea")


@given(st.text(st.characters(exclude_categories=())))
def test_any_text_goes_through_json(text: str) -> None:
    """Undecodable output of a command does not break the document."""
    result = summarise(HEADING, [_check(evidence=text, reason=text)], 1)

    document = result.to_json()
    assert GradeResult.model_validate_json(document) == result
    assert document.replace("\n", "").isprintable()


@given(st.text(st.characters(exclude_categories=())))
def test_printable_is_printable(text: str) -> None:
    """Nothing is left that a terminal or XML would act upon."""
    assert printable(text).isprintable()
