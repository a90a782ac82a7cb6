"""The mark of a check, and the sentences of its failure."""

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
    """Do nothing."""


def test_expect_passes() -> None:
    """Equal values pass; with `ok`, only `ok` counts."""
    expect("the VIP", expected="192.0.2.7", actual="192.0.2.7")
    expect("the VIP", expected="an address", actual="192.0.2.7", ok=True)


def test_expect_fails() -> None:
    """The sentence has what, expected and actual, in this order."""
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


def test_ok_overrides_equality() -> None:
    """Equal values fail if `ok` is false."""
    with pytest.raises(CheckFailed):
        expect("the VIP", expected="x", actual="x", ok=False)


def test_long_values() -> None:
    """A page of output is cut to one line."""
    with pytest.raises(CheckFailed) as caught:
        expect("the page", expected="hello", actual="line\n" * 400)

    assert len(caught.value.actual) == VALUE_LIMIT
    assert "\n" not in caught.value.reason


def test_fail() -> None:
    """The reason is kept, without expected and actual values."""
    with pytest.raises(CheckFailed) as caught:
        fail("two machines answer", seen_by="arping", evidence="a\nb")

    assert caught.value.reason == "two machines answer"
    assert (caught.value.expected, caught.value.actual) == ("", "")
    assert (caught.value.seen_by, caught.value.evidence) == ("arping", "a\nb")


def test_lazy_evidence() -> None:
    """A function is called for a failure only."""
    calls = []

    def evidence() -> str:
        calls.append(1)
        return "raw"

    expect("the VIP", expected=1, actual=1, evidence=evidence)
    assert not calls
    with pytest.raises(CheckFailed) as caught:
        fail("no answer", evidence=evidence)
    assert caught.value.evidence == "raw"


def test_unreadable_evidence() -> None:
    """The check fails even if its evidence cannot be read."""

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
def test_format_value(value: object, shown: str) -> None:
    """Collections are lists with commas; sets are sorted."""
    assert format_value(value) == shown


def test_check() -> None:
    """The decorator returns the function itself."""
    marked = check(layer="route", needs=["vip"], variants=("a",))(_nothing)

    assert marked is _nothing
    assert get_spec(marked) == CheckSpec("route", ("vip",), ("a",))


def test_watched() -> None:
    """`lab watch` runs a check, or its look, unless it changes something."""

    def whole() -> None:
        """Do nothing, too."""

    def watched(**declared: Any) -> object:  # noqa: ANN401 - as `check` takes
        spec = get_spec(check(layer="policy", **declared)(whole))
        assert spec
        return spec.watched(whole)

    assert watched() is whole
    assert watched(exclusive=True) is None
    assert watched(disruptive=True) is None
    assert watched(look=_nothing) is _nothing
    assert watched(exclusive=True, look=_nothing) is _nothing


def test_unmarked_function() -> None:
    """A plain function is not a check."""
    assert get_spec(lambda: None) is None


def test_unknown_layer() -> None:
    """The message lists the layers."""
    layer: Any = "cable"

    with pytest.raises(KitError) as caught:
        check(layer=layer)

    assert str(caught.value) == (
        f"layer must be one of {', '.join(LAYERS)}, not 'cable'"
    )


def test_text_for_tuple() -> None:
    """Otherwise `needs="vip"` would need v, i and p."""
    with pytest.raises(KitError, match="must be tuples"):
        check(layer="route", needs="vip")
