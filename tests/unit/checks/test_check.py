"""What grader files import says what they mean."""

from typing import Any

import pytest

from graders.checks.check import (
    VALUE_LIMIT,
    CheckFailed,
    CheckSpec,
    check,
    expect,
    fail,
    format_value,
    get_spec,
)
from graders.course.lab import LAYERS
from graders.errors import KitError


def _nothing() -> None:
    """Stand for a check."""


def test_what_is_as_expected_says_nothing() -> None:
    """Equal values pass, and `ok` decides where it is given."""
    expect("the VIP", expected="192.0.2.7", actual="192.0.2.7")
    expect("the VIP", expected="an address", actual="192.0.2.7", ok=True)


def test_a_failure_reads_expected_not() -> None:
    """The sentence has what, expected and got, in this order."""
    with pytest.raises(CheckFailed) as caught:
        expect(
            "next hops",
            expected=["192.0.2.3", "192.0.2.4"],
            actual={"192.0.2.3"},
            seen_by="vtysh -c 'show ip route'",
            evidence="raw\n  lines\n",
        )

    failed = caught.value
    assert str(failed) == (
        "expected next hops 192.0.2.3, 192.0.2.4, not 192.0.2.3"
    )
    assert failed.expected == "next hops 192.0.2.3, 192.0.2.4"
    assert failed.actual == "192.0.2.3"
    assert failed.seen_by == "vtysh -c 'show ip route'"
    assert failed.evidence == "raw\n  lines\n"


def test_ok_overrules_equal_values() -> None:
    """Equal values fail when `ok` says so."""
    with pytest.raises(CheckFailed):
        expect("the VIP", expected="x", actual="x", ok=False)


def test_values_are_cut_to_one_line() -> None:
    """A page of output does not fill the report's sentence."""
    with pytest.raises(CheckFailed) as caught:
        expect("the page", expected="hello", actual="line\n" * 400)

    assert len(caught.value.actual) == VALUE_LIMIT
    assert "\n" not in caught.value.reason


def test_fail_says_a_fact() -> None:
    """A fact that has no expected value is the reason alone."""
    with pytest.raises(CheckFailed) as caught:
        fail("two machines answer", seen_by="arping", evidence="a\nb")

    assert caught.value.reason == "two machines answer"
    assert (caught.value.expected, caught.value.actual) == ("", "")
    assert (caught.value.seen_by, caught.value.evidence) == ("arping", "a\nb")


def test_evidence_is_got_only_for_a_failure() -> None:
    """A function is called when there is something to show."""
    calls = []

    def evidence() -> str:
        calls.append(1)
        return "raw"

    expect("the VIP", expected=1, actual=1, evidence=evidence)
    assert not calls
    with pytest.raises(CheckFailed) as caught:
        fail("no answer", evidence=evidence)
    assert caught.value.evidence == "raw"


def test_a_failure_stays_one_when_its_evidence_is_not_there() -> None:
    """The fault was seen; only its details were not."""

    def evidence() -> str:
        raise KitError("no cluster")

    with pytest.raises(CheckFailed) as caught:
        expect("the VIP", expected=1, actual=2, evidence=evidence)

    assert caught.value.evidence == "could not be read: no cluster"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "nothing"),
        ("", "nothing"),
        ([], "nothing"),
        (0, "0"),
        ({"b", "a"}, "a, b"),
        (("x", None), "x, nothing"),
        ({"web": ["a", "b"]}, "web a, b"),
    ],
)
def test_values_read_as_words(value: object, shown: str) -> None:
    """Collections read as lists with commas, and sets in order."""
    assert format_value(value) == shown


def test_a_mark_is_kept_on_the_test() -> None:
    """The decorator leaves the function itself alone."""
    marked = check(layer="route", needs=["vip"], variants=("a",))(_nothing)

    assert marked is _nothing
    assert get_spec(marked) == CheckSpec("route", ("vip",), ("a",))


def test_no_mark_is_no_spec() -> None:
    """A plain function is not a check."""
    assert get_spec(lambda: None) is None


def test_an_unknown_layer_is_refused() -> None:
    """The message lists the layers from outside in."""
    layer: Any = "cable"

    with pytest.raises(KitError) as caught:
        check(layer=layer)

    assert str(caught.value) == (
        f"layer must be one of {', '.join(LAYERS)}, not 'cable'"
    )


def test_a_text_where_a_tuple_belongs_is_refused() -> None:
    """`needs="vip"` would otherwise need v, i and p."""
    with pytest.raises(KitError, match="must be tuples"):
        check(layer="route", needs="vip")
